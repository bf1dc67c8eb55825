// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/raft/network.h"

#include "core/base/error.h"
#include "core/nn/layers.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>

#include <torch/nn/functional/fold.h>
#include <torch/nn/functional/instancenorm.h>
#include <torch/nn/modules/activation.h>

#include <array>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

namespace F = torch::nn::functional;

constexpr int kFactor = 8; ///< between image and feature map
constexpr int kLeastSide = 128;

int hiddenChannels(bool large)
{
    return large ? 128 : 96;
}

int contextChannels(bool large)
{
    return large ? 128 : 64;
}

int motionChannels(bool large)
{
    return large ? 128 : 82;
}

torch::nn::Conv2d convolution(int in, int out, int kernel, int stride = 1)
{
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2));
}

/// The size stays.
torch::Tensor convolved(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias = {})
{
    return torch::conv2d(x, weight, bias, 1, {weight.size(2) / 2, weight.size(3) / 2});
}

QString sizeText(const torch::Tensor& image)
{
    return QString::fromStdString(c10::str(image.sizes()));
}

void checkImages(const torch::Tensor& image1, const torch::Tensor& image2)
{
    if (image1.dim() != 4 || image1.size(1) != 3 || image1.sizes() != image2.sizes()) {
        throw Error(
            ErrorKind::Input,
            QCoreApplication::translate("core", "Optical flow needs two colour images of one size, not %1 and %2.")
                .arg(sizeText(image1), sizeText(image2)),
            QCoreApplication::translate("core", "Give it N x 3 x H x W twice."));
    }
    const std::int64_t height = image1.size(2);
    const std::int64_t width = image1.size(3);
    if (height % kFactor != 0 || width % kFactor != 0 || height < kLeastSide || width < kLeastSide) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "Optical flow needs images whose sides are multiples of %1 and "
                                                        "at least %2 pixels; these have %3 x %4.")
                        .arg(kFactor)
                        .arg(kLeastSide)
                        .arg(width)
                        .arg(height),
                    QCoreApplication::translate("core", "Enlarge the images or pad them."));
    }
}

void checkIterations(int iterations)
{
    if (iterations < 1) {
        throw Error(
            ErrorKind::Input,
            QCoreApplication::translate("core", "Optical flow in %1 iterations is not possible.").arg(iterations),
            QCoreApplication::translate("core", "Choose at least 1; 6 to 12 are usual on a line."));
    }
}

void checkInitialFlow(const torch::Tensor& flow, const torch::Tensor& features)
{
    if (flow.dim() != 4 || flow.size(0) != features.size(0) || flow.size(1) != 2 || flow.size(2) != features.size(2) ||
        flow.size(3) != features.size(3)) {
        throw Error(
            ErrorKind::Input,
            QCoreApplication::translate("core", "Optical flow at %1 cannot start from a flow at %2.")
                .arg(sizeText(features), sizeText(flow)),
            QCoreApplication::translate("core", "Give it the coarse flow of images of the same size, or none."));
    }
}

bool isLarge(const QString& variant)
{
    if (variant != "raft-large"_L1 && variant != "raft-small"_L1) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "There is no RAFT network \"%1\".").arg(variant),
                    QCoreApplication::translate("core", "Choose raft-large or raft-small."));
    }
    return variant == "raft-large"_L1;
}

} // namespace

RaftConvImpl::RaftConvImpl(int inChannels, int outChannels, int kernel, int stride, RaftNorm norm, bool relu)
    : m_norm(norm)
    , m_relu(relu)
{
    conv = register_module("0", convolution(inChannels, outChannels, kernel, stride));
    if (norm == RaftNorm::Batch)
        bn = register_module("1", torch::nn::BatchNorm2d(outChannels));
}

torch::Tensor RaftConvImpl::forward(const torch::Tensor& x)
{
    torch::Tensor y = conv(x);
    if (m_norm == RaftNorm::Instance) {
        // Gives a view; writing into one makes the tracer warn.
        y = F::instance_norm(y);
        return m_relu ? y.relu() : y;
    }
    if (!bn.is_empty())
        y = bn(y);
    return m_relu ? y.relu_() : y;
}

void RaftConvImpl::foldBatchNorm()
{
    if (bn.is_empty())
        return;
    lynceus::foldBatchNorm(*conv, *bn);
    bn = nullptr;
    unregister_module("1");
}

RaftResidualBlockImpl::RaftResidualBlockImpl(int inChannels, int outChannels, int stride, RaftNorm norm,
                                             bool bottleneck)
{
    const int inner = bottleneck ? outChannels / 4 : outChannels;
    const auto add = [&](const char* name, int in, int out, int kernel, int step, bool relu = true) {
        return register_module(name, RaftConv(in, out, kernel, step, norm, relu));
    };
    if (bottleneck) {
        convnormrelu1 = add("convnormrelu1", inChannels, inner, 1, 1);
        convnormrelu2 = add("convnormrelu2", inner, inner, 3, stride);
        convnormrelu3 = add("convnormrelu3", inner, outChannels, 1, 1);
    } else {
        convnormrelu1 = add("convnormrelu1", inChannels, outChannels, 3, stride);
        convnormrelu2 = add("convnormrelu2", outChannels, outChannels, 3, 1);
    }
    if (stride != 1)
        downsample = add("downsample", inChannels, outChannels, 1, stride, false);
}

torch::Tensor RaftResidualBlockImpl::forward(const torch::Tensor& x)
{
    torch::Tensor y = convnormrelu2(convnormrelu1(x));
    if (!convnormrelu3.is_empty())
        y = convnormrelu3(y);
    return (y + (downsample.is_empty() ? x : downsample(x))).relu_();
}

RaftEncoderImpl::RaftEncoderImpl(bool large, int outChannels, RaftNorm norm)
{
    const std::array<int, 3> widths = large ? std::array<int, 3>{64, 96, 128} : std::array<int, 3>{32, 64, 96};
    const auto layer = [&](int in, int out, int stride) {
        return torch::nn::Sequential(RaftResidualBlock(in, out, stride, norm, !large),
                                     RaftResidualBlock(out, out, 1, norm, !large));
    };
    convnormrelu = register_module("convnormrelu", RaftConv(3, widths[0], 7, 2, norm));
    layer1 = register_module("layer1", layer(widths[0], widths[0], 1));
    layer2 = register_module("layer2", layer(widths[0], widths[1], 2));
    layer3 = register_module("layer3", layer(widths[1], widths[2], 2));
    conv = register_module("conv", convolution(widths[2], outChannels, 1));
}

torch::Tensor RaftEncoderImpl::forward(const torch::Tensor& image)
{
    return conv(layer3->forward(layer2->forward(layer1->forward(convnormrelu(image)))));
}

RaftMotionEncoderImpl::RaftMotionEncoderImpl(bool large)
{
    const int correlations = Correlation::kLevels * (large ? 81 : 49);
    const int fromCorrelations = large ? 192 : 96;
    const int fromFlow = large ? 64 : 32;
    convcorr1 = register_module("convcorr1", RaftConv(correlations, large ? 256 : fromCorrelations, 1));
    if (large)
        convcorr2 = register_module("convcorr2", RaftConv(256, fromCorrelations, 3));
    convflow1 = register_module("convflow1", RaftConv(2, 2 * fromFlow, 7));
    convflow2 = register_module("convflow2", RaftConv(2 * fromFlow, fromFlow, 3));
    conv = register_module("conv", RaftConv(fromCorrelations + fromFlow, motionChannels(large) - 2, 3));
}

torch::Tensor RaftMotionEncoderImpl::forward(const torch::Tensor& correlations, const torch::Tensor& flow)
{
    torch::Tensor c = convcorr1(correlations);
    if (!convcorr2.is_empty())
        c = convcorr2(c);
    return torch::cat({conv(torch::cat({c, convflow2(convflow1(flow))}, 1)), flow}, 1);
}

RaftGruImpl::RaftGruImpl(int hidden, int context, int motion, int kernelHeight, int kernelWidth)
{
    const auto gate = [&] {
        return torch::nn::Conv2d(
            torch::nn::Conv2dOptions(hidden + context + motion, hidden, {kernelHeight, kernelWidth})
                .padding({kernelHeight / 2, kernelWidth / 2}));
    };
    convz = register_module("convz", gate());
    convr = register_module("convr", gate());
    convq = register_module("convq", gate());
}

RaftGruImpl::Gates RaftGruImpl::gates(const torch::Tensor& context)
{
    const std::int64_t hidden = convz->weight.size(0);
    const std::int64_t contextEnd = hidden + context.size(1);
    const auto weight = torch::cat({convz->weight, convr->weight, convq->weight});
    const auto bias = torch::cat({convz->bias, convr->bias, convq->bias});
    const auto ofHidden = weight.slice(1, 0, hidden);
    return {ofHidden.slice(0, 0, 2 * hidden).contiguous(), ofHidden.slice(0, 2 * hidden).contiguous(),
            weight.slice(1, contextEnd).contiguous(), convolved(context, weight.slice(1, hidden, contextEnd), bias)};
}

torch::Tensor RaftGruImpl::forward(const torch::Tensor& hidden, const torch::Tensor& motion, const Gates& gates)
{
    const std::int64_t channels = hidden.size(1);
    const auto input = (convolved(motion, gates.motion) + gates.context).split_with_sizes({2 * channels, channels}, 1);
    const auto zr = (convolved(hidden, gates.hiddenZr) + input[0]).sigmoid_().chunk(2, 1);
    const auto q = (convolved(zr[1] * hidden, gates.hiddenQ) + input[1]).tanh_();
    return torch::lerp(hidden, q, zr[0]);
}

RaftUpdateBlockImpl::RaftUpdateBlockImpl(bool large)
{
    const int hidden = hiddenChannels(large);
    const auto gru = [&](int kernelHeight, int kernelWidth) {
        return RaftGru(hidden, contextChannels(large), motionChannels(large), kernelHeight, kernelWidth);
    };
    motion_encoder = register_module("motion_encoder", RaftMotionEncoder(large));
    grus = large ? std::vector<RaftGru>{gru(1, 5), gru(5, 1)} : std::vector<RaftGru>{gru(3, 3)};
    const auto recurrent = register_module("recurrent_block", torch::nn::ModuleDict());
    for (std::size_t i = 0; i < grus.size(); ++i)
        recurrent->register_module("convgru" + std::to_string(i + 1), grus[i]);
    flow_head =
        register_module("flow_head", torch::nn::Sequential({{"conv1", convolution(hidden, large ? 256 : 128, 3)},
                                                            {"relu", torch::nn::ReLU(true)},
                                                            {"conv2", convolution(large ? 256 : 128, 2, 3)}}));
}

std::vector<RaftGruImpl::Gates> RaftUpdateBlockImpl::gates(const torch::Tensor& context)
{
    std::vector<RaftGruImpl::Gates> all;
    for (RaftGru& gru : grus)
        all.push_back(gru->gates(context));
    return all;
}

std::pair<torch::Tensor, torch::Tensor> RaftUpdateBlockImpl::forward(torch::Tensor hidden,
                                                                     const std::vector<RaftGruImpl::Gates>& gates,
                                                                     const torch::Tensor& correlations,
                                                                     const torch::Tensor& flow)
{
    const auto motion = motion_encoder(correlations, flow);
    for (std::size_t i = 0; i < grus.size(); ++i)
        hidden = grus[i](hidden, motion, gates[i]);
    return {hidden, flow_head->forward(hidden)};
}

RaftImpl::RaftImpl(const QString& variant)
    : m_large(isLarge(variant))
{
    feature_encoder = register_module("feature_encoder", RaftEncoder(m_large, m_large ? 256 : 128, RaftNorm::Instance));
    context_encoder =
        register_module("context_encoder", RaftEncoder(m_large, hiddenChannels(m_large) + contextChannels(m_large),
                                                       m_large ? RaftNorm::Batch : RaftNorm::None));
    update_block = register_module("update_block", RaftUpdateBlock(m_large));
    if (m_large) {
        mask_predictor = register_module("mask_predictor", torch::nn::Sequential({{"convrelu", RaftConv(128, 256, 3)},
                                                                                  {"conv", convolution(256, 576, 1)}}));
    }
}

RaftOutput RaftImpl::forward(const torch::Tensor& image1, const torch::Tensor& image2, int iterations, RaftFlows wanted,
                             const torch::Tensor& initialFlow)
{
    checkImages(image1, image2);
    checkIterations(iterations);
    const auto features = feature_encoder(torch::cat({image1, image2})).chunk(2);
    const Correlation correlation(features[0], features[1], radius());
    const auto context =
        context_encoder(image1).split_with_sizes({hiddenChannels(m_large), contextChannels(m_large)}, 1);
    torch::Tensor hidden = context[0].tanh();
    const auto gates = update_block->gates(context[1].relu());

    const auto options = features[0].options().requires_grad(false);
    const auto grid = pixelGrid(features[0].size(2), features[0].size(3), options);
    torch::Tensor flow = initialFlow;
    if (flow.defined())
        checkInitialFlow(flow, features[0]);
    else
        flow = torch::zeros({image1.size(0), 2, grid.size(2), grid.size(3)}, options);

    RaftOutput output;
    for (int i = 0; i < iterations; ++i) {
        flow = flow.detach(); // an iteration learns from its own change, not from those before
        const auto [next, change] = update_block(hidden, gates, correlation.lookup(grid + flow), flow);
        hidden = next;
        flow = flow + change;
        if (wanted == RaftFlows::Every || i == iterations - 1)
            output.flows.push_back(enlarged(flow, hidden));
    }
    output.coarse = flow;
    return output;
}

torch::Tensor RaftImpl::enlarged(const torch::Tensor& flow, const torch::Tensor& hidden)
{
    // The quarter evens out how fast mask and flow learn, as the reference has it.
    return m_large ? upsampleFlow(flow, 0.25 * mask_predictor->forward(hidden)) : upsampleFlow(flow);
}

void RaftImpl::foldBatchNorms()
{
    for (const auto& module : modules()) {
        if (auto* conv = module->as<RaftConvImpl>())
            conv->foldBatchNorm();
    }
}

torch::Tensor pixelGrid(std::int64_t height, std::int64_t width, const torch::TensorOptions& options)
{
    const auto x = torch::arange(width, options).view({1, width}).expand({height, width});
    const auto y = torch::arange(height, options).view({height, 1}).expand({height, width});
    return torch::stack({x, y}).unsqueeze(0);
}

torch::Tensor upsampleFlow(const torch::Tensor& flow)
{
    return kFactor * torch::upsample_bilinear2d(flow, {kFactor * flow.size(2), kFactor * flow.size(3)}, true);
}

torch::Tensor upsampleFlow(const torch::Tensor& flow, const torch::Tensor& mask)
{
    const std::int64_t images = flow.size(0);
    const std::int64_t inner = kFactor * kFactor;
    const auto neighbours =
        F::unfold(kFactor * flow, F::UnfoldFuncOptions(3).padding(1)).view({images, 2, 9, 1, -1}); // last: h w
    const auto weights = torch::softmax(mask.flatten(2).view({images, 1, 9, inner, -1}), 2);
    const auto fine = (weights * neighbours).sum(2).view({images, 2 * inner, flow.size(2), flow.size(3)});
    return torch::pixel_shuffle(fine, kFactor);
}

} // namespace lynceus
