// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/network.h"

#include "core/memseg/memory_bank.h"
#include "core/memseg/tiles.h"
#include "core/nn/batch_norm.h"
#include "core/nn/device.h"
#include "core/nn/layers.h"
#include "core/nn/torch.h"

#include <algorithm>
#include <cstdint>
#include <optional>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr std::int64_t kManyValues = 3 * 640 * 640; ///< of an image

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
    if (bn1.is_empty())
        return;
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

MsffImpl::MsffImpl(const std::array<int, 3>& channels)
{
    blk1 = register_module("blk1", MsffBlock(2 * channels[0]));
    blk2 = register_module("blk2", MsffBlock(2 * channels[1]));
    blk3 = register_module("blk3", MsffBlock(2 * channels[2]));
    upconv32 = register_module("upconv32", upConv(channels[2], channels[1]));
    upconv21 = register_module("upconv21", upConv(channels[1], channels[0]));
}

std::array<torch::Tensor, 3> MsffImpl::forward(const std::array<torch::Tensor, 3>& ci, bool logAttention)
{
    std::array<torch::Tensor, 3> difference;
    for (std::size_t level = 0; level < 3; ++level)
        difference[level] = ci[level].chunk(2, 1)[1];
    auto m = spatialAttention(difference);
    if (logAttention) {
        for (auto& map : m)
            map = map.log1p();
    }

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
    return bn.is_empty() ? conv(x).relu_() : batchNormRelu(*bn, conv(x));
}

void ConvBlockImpl::foldBatchNorm()
{
    if (bn.is_empty())
        return;
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

LightDecoderImpl::LightDecoderImpl(int f0Channels, const std::array<int, 3>& channels)
{
    constexpr std::array<int, 4> kWidths{48, 32, 24, 16};
    block3 = register_module("block3", ConvBlock(channels[2], kWidths[0]));
    block2 = register_module("block2", ConvBlock(kWidths[0] + channels[1], kWidths[1]));
    block1 = register_module("block1", ConvBlock(kWidths[1] + channels[0], kWidths[2]));
    reduce = register_module("reduce", conv3x3(f0Channels, kWidths[3]));
    block0 = register_module("block0", ConvBlock(kWidths[2] + kWidths[3], kWidths[3]));
    final_block = register_module("final_block", ConvBlock(kWidths[3], kWidths[3]));
    final_conv = register_module("final_conv", conv3x3(kWidths[3], 2));
}

torch::Tensor LightDecoderImpl::forward(const torch::Tensor& f0, const std::array<torch::Tensor, 3>& g)
{
    auto x = block3(g[2]);
    x = block2(torch::cat({upsample2(x), g[1]}, 1));
    x = block1(torch::cat({upsample2(x), g[0]}, 1));
    x = block0(torch::cat({upsample2(x), reduce(f0)}, 1));
    return upsample2(final_conv(final_block(x)));
}

MemSegNetworkImpl::MemSegNetworkImpl(bool fullDecoder, int width)
{
    resnet = register_module("feature_extractor", ResNet18(width));
    msff = register_module("msff", Msff(std::array<int, 3>{width, 2 * width, 4 * width}));
    decoder = register_module("decoder", MemSegDecoder(fullDecoder, width));
}

MemSegNetworkImpl::MemSegNetworkImpl(const MemSegOptions& options)
{
    int f0Channels = options.width;
    std::array<int, 3> channels{options.width, 2 * options.width, 4 * options.width};
    if (options.backbone == "mobilenetv2"_L1) {
        const auto& all = MobileNetV2Impl::kLevelChannels;
        f0Channels = all[0];
        channels = {all[1], all[2], all[3]};
        mobilenet = register_module("feature_extractor", MobileNetV2());
    } else {
        resnet = register_module("feature_extractor", ResNet18(options.width));
        if (!options.usesLayer4())
            resnet->dropLayer4();
    }
    if (options.decoder == "none"_L1)
        return;
    msff = register_module("msff", Msff(channels));
    if (options.decoder == "light"_L1) {
        light_decoder = register_module("decoder", LightDecoder(f0Channels, channels));
        difference_scale = register_buffer("difference_scale", torch::ones({3}));
    } else {
        decoder = register_module("decoder", MemSegDecoder(options.decoder == "full"_L1, options.width));
    }
}

std::array<torch::Tensor, 5> MemSegNetworkImpl::encode(const torch::Tensor& x)
{
    if (!decoder.is_empty())
        return resnet->features(x);
    const auto levels = [this](const torch::Tensor& image) {
        return mobilenet.is_empty() ? resnet->stemToLayer3(image) : mobilenet->levels(image);
    };
    std::optional<KeepFreedMemory> keepFreedMemory; // else half of the time goes into getting it from the system
    if (x.numel() > kManyValues)
        keepFreedMemory.emplace();
    const Tiling tiling(cv::Size(int(x.size(3)), int(x.size(2))));
    if (tiling.isWhole()) {
        const auto [f0, f1, f2, f3] = levels(x);
        return {f0, f1, f2, f3, {}};
    }
    const auto joined = tiling.encode(x, [&](const torch::Tensor& tile) -> std::vector<torch::Tensor> {
        const auto [f0, f1, f2, f3] = levels(tile);
        return {hasDecoder() ? f0 : torch::Tensor(), f1, f2, f3};
    });
    return {joined[0], joined[1], joined[2], joined[3], {}};
}

torch::Tensor MemSegNetworkImpl::decode(const std::array<torch::Tensor, 5>& features,
                                        const std::array<torch::Tensor, 3>& difference)
{
    std::array<torch::Tensor, 3> ci;
    for (std::size_t level = 0; level < 3; ++level) {
        const auto& given = difference[level];
        const auto scaled = light_decoder.is_empty() ? given : given * difference_scale[std::int64_t(level)];
        ci[level] = torch::cat({features[level + 1], scaled}, 1);
    }
    if (!light_decoder.is_empty())
        return light_decoder(features[0], msff->forward(ci, true));
    return decoder(features[4], features[0], msff->forward(ci));
}

void MemSegNetworkImpl::setDifferenceScale(const std::array<double, 3>& means)
{
    if (light_decoder.is_empty())
        return;
    const torch::NoGradGuard noGrad;
    for (std::size_t level = 0; level < 3; ++level)
        difference_scale[std::int64_t(level)] = 1.0 / std::max(means[level], 1e-12);
}

std::shared_ptr<torch::nn::Module> MemSegNetworkImpl::encoder() const
{
    return mobilenet.is_empty() ? std::static_pointer_cast<torch::nn::Module>(resnet.ptr()) : mobilenet.ptr();
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
    if (!mobilenet.is_empty())
        return {mobilenet.ptr()};
    const auto& net = *resnet;
    return {net.conv1.ptr(), net.bn1.ptr(), net.layer1.ptr(), net.layer2.ptr(), net.layer3.ptr()};
}

void foldBatchNorms(MemSegNetworkImpl& network)
{
    if (!network.resnet.is_empty())
        network.resnet->foldBatchNorms();
    for (const auto& module : network.modules()) {
        if (auto* block = module->as<ConvBlockImpl>())
            block->foldBatchNorm();
        else if (auto* attention = module->as<CoordAttImpl>())
            attention->foldBatchNorm();
    }
}

} // namespace lynceus
