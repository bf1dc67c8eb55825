// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/mobilenet.h"

#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/nn/functional/padding.h>
#include <torch/nn/modules/activation.h>

#include <cmath>

namespace lynceus {

namespace {

namespace F = torch::nn::functional;

struct Stage
{
    int expansion;
    int channels;
    int blocks;
    int stride;
};
constexpr Stage kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}};
constexpr int kStemChannels = 32;

torch::nn::Conv2d conv3x3(int in, int out, int stride, int groups)
{
    // Stride 2 is padded by hand: 0 before and 1 after, which the layer itself cannot.
    return torch::nn::Conv2d(
        torch::nn::Conv2dOptions(in, out, 3).stride(stride).padding(stride == 1 ? 1 : 0).groups(groups));
}

torch::nn::Conv2d conv1x1(int in, int out)
{
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 1));
}

torch::Tensor padded(const torch::Tensor& x, int stride)
{
    return stride == 1 ? x : F::pad(x, F::PadFuncOptions({0, 1, 0, 1}));
}

/// Convolution and ReLU6 (torchvision's Conv2dNormActivation, so the convolution's key ends in .0).
torch::nn::Sequential activated(const torch::nn::Conv2d& conv)
{
    return torch::nn::Sequential(conv, torch::nn::ReLU6());
}

} // namespace

InvertedResidualImpl::InvertedResidualImpl(int inChannels, int outChannels, int stride, int expansion)
    : m_stride(stride)
    , m_expands(expansion > 1)
    , m_shortcut(stride == 1 && inChannels == outChannels)
{
    const int hidden = inChannels * expansion;
    torch::nn::ModuleList layers;
    if (m_expands)
        layers->push_back(activated(conv1x1(inChannels, hidden)));
    layers->push_back(activated(conv3x3(hidden, hidden, stride, hidden)));
    layers->push_back(conv1x1(hidden, outChannels));
    conv = register_module("conv", layers);
}

torch::Tensor InvertedResidualImpl::residual(const torch::Tensor& x)
{
    const std::size_t depthwise = m_expands ? 1 : 0;
    torch::Tensor y = m_expands ? conv->ptr(0)->as<torch::nn::SequentialImpl>()->forward(x) : x;
    y = conv->ptr(depthwise)->as<torch::nn::SequentialImpl>()->forward(padded(y, m_stride));
    return conv->ptr(depthwise + 1)->as<torch::nn::Conv2dImpl>()->forward(y);
}

torch::Tensor InvertedResidualImpl::forward(const torch::Tensor& x)
{
    return m_shortcut ? x + residual(x) : residual(x);
}

MobileNetV2Impl::MobileNetV2Impl()
{
    torch::nn::ModuleList blocks;
    blocks->push_back(activated(conv3x3(3, kStemChannels, 2, 1)));
    int channels = kStemChannels;
    for (const Stage& stage : kStages) {
        for (int i = 0; i < stage.blocks; ++i) {
            blocks->push_back(InvertedResidual(channels, stage.channels, i == 0 ? stage.stride : 1, stage.expansion));
            channels = stage.channels;
        }
    }
    features = register_module("features", blocks);
}

torch::Tensor MobileNetV2Impl::stem(const torch::Tensor& x)
{
    return features->ptr(0)->as<torch::nn::SequentialImpl>()->forward(padded(toSignedUnit(x), 2));
}

InvertedResidualImpl& MobileNetV2Impl::block(int index)
{
    return *features->ptr(std::size_t(index))->as<InvertedResidualImpl>();
}

std::array<torch::Tensor, 4> MobileNetV2Impl::levels(const torch::Tensor& x)
{
    std::array<torch::Tensor, 4> result;
    torch::Tensor y = stem(x);
    std::size_t level = 0;
    for (int i = 1; i < kBlocks; ++i) {
        y = block(i).forward(y);
        if (i == kLevels[level])
            result[level++] = y;
    }
    return result;
}

void initialise(MobileNetV2Impl& net, std::uint64_t seed)
{
    const torch::NoGradGuard noGrad;
    const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    for (const auto& module : net.modules()) {
        if (auto* conv = module->as<torch::nn::Conv2dImpl>()) {
            const double fanIn = double(conv->weight.numel() / conv->weight.size(0));
            conv->weight.normal_(0.0, std::sqrt(2.0 / fanIn), generator);
            conv->bias.zero_();
        }
    }
}

} // namespace lynceus
