// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/u2net/network.h"

#include "core/base/error.h"
#include "core/nn/batch_norm.h"
#include "core/nn/layers.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <string>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

struct Channels
{
    int mid;
    int out;
};

// u2net's; the outer stages come first.
constexpr std::array<Channels, 6> kEncoder{{{32, 64}, {32, 128}, {64, 256}, {128, 512}, {256, 512}, {256, 512}}};
constexpr std::array<Channels, 5> kDecoder{{{16, 64}, {32, 64}, {64, 128}, {128, 256}, {256, 512}}};
constexpr std::array<int, 6> kDepths{7, 6, 5, 4, 4, 4};
constexpr std::size_t kFirstDilated = 4; ///< stages too small to be pooled further

Channels channelsOf(const QString& variant, const Channels& full)
{
    if (variant == "u2netp"_L1)
        return {16, 64};
    return variant == "u2net-half"_L1 ? Channels{full.mid / 2, full.out / 2} : full;
}

Rsu stageOf(std::size_t index, int inChannels, const Channels& channels)
{
    return Rsu(kDepths[index], index >= kFirstDilated, inChannels, channels.mid, channels.out);
}

torch::Tensor pooled(const torch::Tensor& x)
{
    return torch::max_pool2d(x, 2, 2, 0, 1, /*ceil_mode=*/true);
}

/// `x` at the sides of `other`.
torch::Tensor enlarged(const torch::Tensor& x, const torch::Tensor& other)
{
    if (x.size(2) == other.size(2) && x.size(3) == other.size(3))
        return x;
    return torch::upsample_bilinear2d(x, {other.size(2), other.size(3)}, /*align_corners=*/false);
}

/// The way up of a U-Net: what came from below first.
torch::Tensor joined(const torch::Tensor& below, const torch::Tensor& level)
{
    return torch::cat({enlarged(below, level), level}, 1);
}

} // namespace

RebnConvImpl::RebnConvImpl(int inChannels, int outChannels, int dilation)
{
    conv_s1 = register_module(
        "conv_s1",
        torch::nn::Conv2d(torch::nn::Conv2dOptions(inChannels, outChannels, 3).padding(dilation).dilation(dilation)));
    bn_s1 = register_module("bn_s1", torch::nn::BatchNorm2d(outChannels));
}

torch::Tensor RebnConvImpl::forward(const torch::Tensor& x)
{
    return bn_s1.is_empty() ? conv_s1(x).relu_() : batchNormRelu(*bn_s1, conv_s1(x));
}

void RebnConvImpl::foldBatchNorm()
{
    if (bn_s1.is_empty())
        return;
    lynceus::foldBatchNorm(*conv_s1, *bn_s1);
    bn_s1 = nullptr;
    unregister_module("bn_s1");
}

RsuImpl::RsuImpl(int depth, bool dilated, int inChannels, int midChannels, int outChannels)
    : rebnconv_d(std::size_t(depth - 1), RebnConv(nullptr))
    , m_dilated(dilated)
{
    rebnconvin = register_module("rebnconvin", RebnConv(inChannels, outChannels, 1));
    for (int level = 1; level <= depth; ++level) {
        const int dilation = dilated ? 1 << (level - 1) : level == depth ? 2 : 1;
        rebnconv.push_back(register_module("rebnconv" + std::to_string(level),
                                           RebnConv(level == 1 ? outChannels : midChannels, midChannels, dilation)));
    }
    for (int level = depth - 1; level >= 1; --level) {
        const int dilation = dilated ? 1 << (level - 1) : 1;
        rebnconv_d[std::size_t(level - 1)] =
            register_module("rebnconv" + std::to_string(level) + 'd',
                            RebnConv(2 * midChannels, level == 1 ? outChannels : midChannels, dilation));
    }
}

torch::Tensor RsuImpl::forward(const torch::Tensor& x)
{
    const torch::Tensor first = rebnconvin(x);
    std::vector<torch::Tensor> levels{rebnconv[0](first)};
    for (std::size_t level = 1; level < rebnconv.size(); ++level) {
        // The deepest level has the sides of its neighbour.
        const bool pools = !m_dilated && level + 1 < rebnconv.size();
        levels.push_back(rebnconv[level](pools ? pooled(levels.back()) : levels.back()));
    }
    torch::Tensor y = levels.back();
    for (std::size_t level = rebnconv_d.size(); level-- > 0;)
        y = rebnconv_d[level](joined(y, levels[level]));
    return y + first;
}

U2NetImpl::U2NetImpl(const QString& variant, int outChannels)
    : stage_d(kDecoder.size(), Rsu(nullptr))
{
    if (!u2netVariants().contains(variant)) {
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "There is no U2Net \"%1\".").arg(variant),
                    QCoreApplication::translate("core", "Choose one of %1.").arg(u2netVariants().join(u", "_s)));
    }
    if (outChannels < 1) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "A U2Net cannot have %1 output channels.").arg(outChannels),
                    QCoreApplication::translate("core", "Give it 1 for a mask, or the number of classes."));
    }
    std::vector<int> channels{3};
    for (std::size_t level = 0; level < kEncoder.size(); ++level) {
        const Channels own = channelsOf(variant, kEncoder[level]);
        stage.push_back(register_module("stage" + std::to_string(level + 1), stageOf(level, channels.back(), own)));
        channels.push_back(own.out);
    }
    channels.erase(channels.begin());
    for (std::size_t level = kDecoder.size(); level-- > 0;) {
        const Channels own = channelsOf(variant, kDecoder[level]);
        stage_d[level] = register_module("stage" + std::to_string(level + 1) + 'd',
                                         stageOf(level, channels[level + 1] + channels[level], own));
        channels[level] = own.out;
    }
    for (std::size_t level = 0; level < channels.size(); ++level) {
        side.push_back(
            register_module("side" + std::to_string(level + 1),
                            torch::nn::Conv2d(torch::nn::Conv2dOptions(channels[level], outChannels, 3).padding(1))));
    }
    const int sides = int(side.size()) * outChannels;
    outconv = register_module("outconv", torch::nn::Conv2d(torch::nn::Conv2dOptions(sides, outChannels, 1)));
}

std::array<torch::Tensor, 6> U2NetImpl::features(const torch::Tensor& x)
{
    if (std::min(x.size(2), x.size(3)) < kMinimumSide) {
        throw Error(
            ErrorKind::Input,
            QCoreApplication::translate("core", "An image %1 pixels wide and %2 high is too small for U2Net.")
                .arg(x.size(3))
                .arg(x.size(2)),
            QCoreApplication::translate("core", "Enlarge it to %1 pixels each way at least.").arg(kMinimumSide));
    }
    std::array<torch::Tensor, 6> levels;
    for (std::size_t level = 0; level < levels.size(); ++level)
        levels[level] = stage[level](level == 0 ? x : pooled(levels[level - 1]));
    for (std::size_t level = stage_d.size(); level-- > 0;)
        levels[level] = stage_d[level](joined(levels[level + 1], levels[level]));
    return levels;
}

std::array<torch::Tensor, 7> U2NetImpl::forward(const torch::Tensor& x)
{
    const auto levels = features(x);
    std::array<torch::Tensor, 7> logits;
    for (std::size_t level = 0; level < levels.size(); ++level)
        logits[level + 1] = enlarged(side[level](levels[level]), x);
    logits[0] = outconv(torch::cat(std::vector<torch::Tensor>(logits.begin() + 1, logits.end()), 1));
    return logits;
}

void U2NetImpl::foldBatchNorms()
{
    for (const auto& module : modules()) {
        if (auto* layer = module->as<RebnConvImpl>())
            layer->foldBatchNorm();
    }
}

const QStringList& u2netVariants()
{
    static const QStringList kVariants{u"u2net"_s, u"u2netp"_s, u"u2net-half"_s};
    return kVariants;
}

void initialise(U2NetImpl& net, std::uint64_t seed)
{
    const torch::NoGradGuard noGrad;
    const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    for (const auto& module : net.modules()) {
        if (auto* layer = module->as<RebnConvImpl>()) {
            torch::Tensor& weight = layer->conv_s1->weight;
            const double fanOut = double(weight.numel() / weight.size(1));
            weight.normal_(0.0, std::sqrt(2.0 / fanOut), generator);
            layer->conv_s1->bias.zero_();
            layer->bn_s1->reset_parameters();
        }
    }
    std::vector<torch::nn::Conv2d> toLogits = net.side;
    toLogits.push_back(net.outconv);
    for (auto& conv : toLogits) {
        const double bound = 1.0 / std::sqrt(double(conv->weight.numel() / conv->weight.size(0)));
        conv->weight.uniform_(-bound, bound, generator);
        conv->bias.uniform_(-bound, bound, generator);
    }
}

} // namespace lynceus
