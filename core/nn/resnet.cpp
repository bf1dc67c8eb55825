// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/resnet.h"

#include "core/base/error.h"
#include "core/nn/layers.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace lynceus {

namespace {

namespace F = torch::nn::functional;

torch::nn::Conv2d convolution(int in, int out, int kernel, int stride)
{
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

torch::nn::Sequential makeLayer(int in, int channels, int stride)
{
    return torch::nn::Sequential(BasicBlock(in, channels, stride), BasicBlock(channels, channels, 1));
}

/// A folded batch norm is gone.
torch::Tensor normalised(torch::nn::BatchNorm2d& bn, const torch::Tensor& x)
{
    return bn.is_empty() ? x : bn(x);
}

} // namespace

BasicBlockImpl::BasicBlockImpl(int inChannels, int channels, int stride)
{
    conv1 = register_module("conv1", convolution(inChannels, channels, 3, stride));
    bn1 = register_module("bn1", torch::nn::BatchNorm2d(channels));
    conv2 = register_module("conv2", convolution(channels, channels, 3, 1));
    bn2 = register_module("bn2", torch::nn::BatchNorm2d(channels));
    if (stride != 1 || inChannels != channels) {
        downsample = register_module("downsample", torch::nn::Sequential(convolution(inChannels, channels, 1, stride),
                                                                         torch::nn::BatchNorm2d(channels)));
    }
}

torch::Tensor BasicBlockImpl::forward(const torch::Tensor& x)
{
    const torch::Tensor inner = normalised(bn1, conv1(x)).relu_();
    torch::Tensor out = normalised(bn2, conv2(inner));
    out += downsample.is_empty() ? x : downsample->forward(x);
    return out.relu_();
}

void BasicBlockImpl::foldBatchNorms()
{
    foldBatchNorm(*conv1, *bn1);
    foldBatchNorm(*conv2, *bn2);
    bn1 = nullptr;
    bn2 = nullptr;
    unregister_module("bn1");
    unregister_module("bn2");
    if (!downsample.is_empty()) {
        const auto projection = downsample->ptr<torch::nn::Conv2dImpl>(0);
        foldBatchNorm(*projection, *downsample->ptr(1)->as<torch::nn::BatchNorm2dImpl>());
        downsample = replace_module("downsample", torch::nn::Sequential(torch::nn::Conv2d(projection)));
    }
}

ResNet18Impl::ResNet18Impl(int width, int classes)
{
    conv1 = register_module("conv1",
                            torch::nn::Conv2d(torch::nn::Conv2dOptions(3, width, 7).stride(2).padding(3).bias(false)));
    bn1 = register_module("bn1", torch::nn::BatchNorm2d(width));
    layer1 = register_module("layer1", makeLayer(width, width, 1));
    layer2 = register_module("layer2", makeLayer(width, 2 * width, 2));
    layer3 = register_module("layer3", makeLayer(2 * width, 4 * width, 2));
    layer4 = register_module("layer4", makeLayer(4 * width, 8 * width, 2));
    if (classes > 0)
        fc = register_module("fc", torch::nn::Linear(8 * width, classes));
}

std::array<torch::Tensor, 4> ResNet18Impl::stemToLayer3(const torch::Tensor& x)
{
    const torch::Tensor f0 = normalised(bn1, conv1(x)).relu_();
    const torch::Tensor pooled = F::max_pool2d(f0, F::MaxPool2dFuncOptions(3).stride(2).padding(1));
    const torch::Tensor f1 = layer1->forward(pooled);
    const torch::Tensor f2 = layer2->forward(f1);
    const torch::Tensor f3 = layer3->forward(f2);
    return {f0, f1, f2, f3};
}

std::array<torch::Tensor, 5> ResNet18Impl::features(const torch::Tensor& x)
{
    const auto [f0, f1, f2, f3] = stemToLayer3(x);
    return {f0, f1, f2, f3, layer4->forward(f3)};
}

torch::Tensor ResNet18Impl::forward(const torch::Tensor& x)
{
    if (fc.is_empty())
        throw Error(ErrorKind::Internal, QCoreApplication::translate("core", "This ResNet-18 has no classifier."));
    return fc(features(x)[4].mean({2, 3}));
}

void ResNet18Impl::dropLayer4()
{
    layer4 = nullptr;
    unregister_module("layer4");
}

void ResNet18Impl::foldBatchNorms()
{
    if (bn1.is_empty())
        return;
    foldBatchNorm(*conv1, *bn1);
    bn1 = nullptr;
    unregister_module("bn1");
    for (auto& layer : {layer1, layer2, layer3, layer4}) {
        if (layer.is_empty())
            continue;
        for (const auto& block : layer->children())
            block->as<BasicBlockImpl>()->foldBatchNorms();
    }
}

void initialise(ResNet18Impl& net, std::uint64_t seed)
{
    const torch::NoGradGuard noGrad;
    const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    for (const auto& module : net.modules()) {
        if (auto* conv = module->as<torch::nn::Conv2dImpl>()) {
            const double fanOut = double(conv->weight.numel() / conv->weight.size(1));
            conv->weight.normal_(0.0, std::sqrt(2.0 / fanOut), generator);
        } else if (auto* bn = module->as<torch::nn::BatchNorm2dImpl>()) {
            bn->reset_parameters();
        } else if (auto* linear = module->as<torch::nn::LinearImpl>()) {
            const double bound = 1.0 / std::sqrt(double(linear->weight.size(1)));
            linear->weight.uniform_(-bound, bound, generator);
            linear->bias.uniform_(-bound, bound, generator);
        }
    }
}

} // namespace lynceus
