// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/network.h"

#include "core/memseg/memory_bank.h"

#include <torch/torch.h>

#include <algorithm>

namespace lynceus {

namespace {

torch::nn::Conv2d conv3x3(int in, int out)
{
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).padding(1));
}

torch::nn::Conv2d conv1x1(int in, int out)
{
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 1));
}

/// Upsampling and a bare convolution: keys 1.weight, 1.bias.
torch::nn::Sequential upConv(int in, int out)
{
    return torch::nn::Sequential(torch::nn::Functional(upsample2), conv3x3(in, out));
}

/// A Conv layer of the paper: two blocks, keys 0.0, 0.1, 1.0, 1.1.
torch::nn::Sequential convLayer(int in, int out)
{
    return torch::nn::Sequential(ConvBlock(in, out), ConvBlock(out, out));
}

/// The options of a width are those of 64 in proportion.
int scaled(int channels, int width)
{
    return channels * width / 64;
}

} // namespace

CoordAttImpl::CoordAttImpl(int channels)
{
    const int hidden = std::max(8, channels / 32);
    conv1 = register_module("conv1", conv1x1(channels, hidden));
    bn1 = register_module("bn1", torch::nn::BatchNorm2d(hidden));
    conv_h = register_module("conv_h", conv1x1(hidden, channels));
    conv_w = register_module("conv_w", conv1x1(hidden, channels));
}

torch::Tensor CoordAttImpl::forward(const torch::Tensor& x)
{
    const auto alongHeight = x.mean({3}, true);                // N x C x H x 1
    const auto alongWidth = x.mean({2}, true).transpose(2, 3); // N x C x W x 1
    auto y = conv1(torch::cat({alongHeight, alongWidth}, 2));
    if (!bn1.is_empty())
        y = bn1(y);
    y = torch::hardswish(y);
    const auto parts = y.split_with_sizes({x.size(2), x.size(3)}, 2);
    const auto attentionHeight = torch::sigmoid(conv_h(parts[0]));
    const auto attentionWidth = torch::sigmoid(conv_w(parts[1].transpose(2, 3)));
    return x * attentionWidth * attentionHeight;
}

void CoordAttImpl::foldBatchNorm()
{
    lynceus::foldBatchNorm(*conv1, *bn1);
    bn1 = nullptr;
    unregister_module("bn1");
}

MsffBlockImpl::MsffBlockImpl(int channels)
{
    conv1 = register_module("conv1", conv3x3(channels, channels));
    attn = register_module("attn", CoordAtt(channels));
    conv2 = register_module(
        "conv2", torch::nn::Sequential(conv3x3(channels, channels / 2), conv3x3(channels / 2, channels / 2)));
}

torch::Tensor MsffBlockImpl::forward(const torch::Tensor& ci)
{
    return conv2->forward(conv1(ci) * attn(ci));
}

MsffImpl::MsffImpl(int width)
{
    blk1 = register_module("blk1", MsffBlock(2 * width));
    blk2 = register_module("blk2", MsffBlock(4 * width));
    blk3 = register_module("blk3", MsffBlock(8 * width));
    upconv32 = register_module("upconv32", upConv(4 * width, 2 * width));
    upconv21 = register_module("upconv21", upConv(2 * width, width));
}

std::array<torch::Tensor, 3> MsffImpl::forward(const std::array<torch::Tensor, 3>& ci)
{
    std::array<torch::Tensor, 3> difference;
    for (std::size_t level = 0; level < 3; ++level)
        difference[level] = ci[level].chunk(2, 1)[1];
    const auto m = spatialAttention(difference);

    const auto f3 = blk3(ci[2]);
    const auto f2 = blk2(ci[1]) + upconv32->forward(f3);
    const auto f1 = blk1(ci[0]) + upconv21->forward(f2);
    return {f1 * m[0], f2 * m[1], f3 * m[2]};
}

ConvBlockImpl::ConvBlockImpl(int inChannels, int outChannels, const std::string& convName, const std::string& bnName)
    : m_bnName(bnName)
{
    conv = register_module(convName, conv3x3(inChannels, outChannels));
    bn = register_module(bnName, torch::nn::BatchNorm2d(outChannels));
}

torch::Tensor ConvBlockImpl::forward(const torch::Tensor& x)
{
    auto y = conv(x);
    if (!bn.is_empty())
        y = bn(y);
    return y.relu_();
}

void ConvBlockImpl::foldBatchNorm()
{
    lynceus::foldBatchNorm(*conv, *bn);
    bn = nullptr;
    unregister_module(m_bnName);
}

UpConvBlockImpl::UpConvBlockImpl(int inChannels, int outChannels)
{
    blk = register_module("blk", ConvBlock(inChannels, outChannels, "1", "2"));
}

torch::Tensor UpConvBlockImpl::forward(const torch::Tensor& x)
{
    return blk(upsample2(x));
}

MemSegDecoderImpl::MemSegDecoderImpl(bool full, int width)
    : m_full(full)
{
    const int c0 = scaled(48, width);
    const int c1 = width;
    const int c2 = 2 * width;
    const int c3 = 4 * width;
    const int c4 = 8 * width;

    conv = register_module("conv", conv3x3(c1, c0));
    // Behind a concatenation there are two parts of the same width; the Conv layers of "full" halve them again.
    const int parts = full ? 1 : 2;
    upconv3 = register_module("upconv3", UpConvBlock(c4, c3));
    upconv2 = register_module("upconv2", UpConvBlock(parts * c3, c2));
    upconv1 = register_module("upconv1", UpConvBlock(parts * c2, c1));
    upconv0 = register_module("upconv0", UpConvBlock(parts * c1, c0));
    upconv2mask = register_module("upconv2mask", UpConvBlock(parts * c0, c0));
    if (full) {
        conv3 = register_module("conv3", convLayer(2 * c3, c3));
        conv2 = register_module("conv2", convLayer(2 * c2, c2));
        conv1 = register_module("conv1", convLayer(2 * c1, c1));
        conv0 = register_module("conv0", convLayer(2 * c0, c0));
        final_block = register_module("final_block", ConvBlock(c0, c0));
    }
    final_conv = register_module("final_conv", conv3x3(c0, 2));
}

torch::Tensor MemSegDecoderImpl::forward(const torch::Tensor& f4, const torch::Tensor& f0,
                                         const std::array<torch::Tensor, 3>& g)
{
    auto x = torch::cat({upconv3(f4), g[2]}, 1);
    if (m_full)
        x = conv3->forward(x);
    x = torch::cat({upconv2(x), g[1]}, 1);
    if (m_full)
        x = conv2->forward(x);
    x = torch::cat({upconv1(x), g[0]}, 1);
    if (m_full)
        x = conv1->forward(x);
    x = torch::cat({upconv0(x), conv(f0)}, 1);
    if (m_full)
        x = conv0->forward(x);
    x = upconv2mask(x);
    if (m_full)
        x = final_block->forward(x);
    return final_conv(x);
}

MemSegNetworkImpl::MemSegNetworkImpl(bool fullDecoder, int width)
{
    feature_extractor = register_module("feature_extractor", ResNet18(width));
    msff = register_module("msff", Msff(width));
    decoder = register_module("decoder", MemSegDecoder(fullDecoder, width));
}

std::array<torch::Tensor, 5> MemSegNetworkImpl::encode(const torch::Tensor& x)
{
    return feature_extractor->features(x);
}

torch::Tensor MemSegNetworkImpl::decode(const std::array<torch::Tensor, 5>& features,
                                        const std::array<torch::Tensor, 3>& difference)
{
    std::array<torch::Tensor, 3> ci;
    for (std::size_t level = 0; level < 3; ++level)
        ci[level] = torch::cat({features[level + 1], difference[level]}, 1);
    return decoder(features[4], features[0], msff(ci));
}

void MemSegNetworkImpl::freezeEncoder()
{
    m_frozen = true;
    for (auto& module : frozenParts()) {
        module->eval();
        for (auto& parameter : module->parameters()) {
            parameter.set_requires_grad(false);
            parameter.mutable_grad().reset(); // an optimiser moves a frozen parameter while it has a gradient
        }
    }
}

void MemSegNetworkImpl::train(bool on)
{
    Module::train(on);
    if (m_frozen) {
        for (auto& module : frozenParts())
            module->eval();
    }
}

std::vector<std::shared_ptr<torch::nn::Module>> MemSegNetworkImpl::frozenParts() const
{
    const auto& net = *feature_extractor;
    return {net.conv1.ptr(), net.bn1.ptr(), net.layer1.ptr(), net.layer2.ptr(), net.layer3.ptr()};
}

void foldBatchNorms(MemSegNetworkImpl& network)
{
    network.feature_extractor->foldBatchNorms();
    for (const auto& module : network.modules()) {
        if (auto* block = module->as<ConvBlockImpl>())
            block->foldBatchNorm();
        else if (auto* attention = module->as<CoordAttImpl>())
            attention->foldBatchNorm();
    }
}

void layOutChannelsLast(torch::nn::Module& module)
{
    for (torch::Tensor& parameter : module.parameters()) {
        if (parameter.dim() == 4)
            parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
    }
}

} // namespace lynceus
