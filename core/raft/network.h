// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/torch.h"
#include "core/raft/correlation.h"

#include <QtCore/QString>

#include <utility>
#include <vector>

namespace lynceus {

/// How RAFT's encoders normalise: Instance has no weights, Batch can be folded.
enum class RaftNorm { None, Instance, Batch };

/// Convolution, norm, ReLU (torchvision Conv2dNormActivation).
class RaftConvImpl : public torch::nn::Module
{
public:
    RaftConvImpl(int inChannels, int outChannels, int kernel, int stride = 1, RaftNorm norm = RaftNorm::None,
                 bool relu = true);
    torch::Tensor forward(const torch::Tensor& x);
    void foldBatchNorm();

    torch::nn::Conv2d conv{nullptr};    ///< registered as 0
    torch::nn::BatchNorm2d bn{nullptr}; ///< registered as 1

private:
    RaftNorm m_norm;
    bool m_relu;
};
TORCH_MODULE(RaftConv);

/// Two 3x3 convolutions, or for the small network 1x1, 3x3 and 1x1, and a shortcut; ReLU before the sum, too.
class RaftResidualBlockImpl : public torch::nn::Module
{
public:
    RaftResidualBlockImpl(int inChannels, int outChannels, int stride, RaftNorm norm, bool bottleneck);
    torch::Tensor forward(const torch::Tensor& x);

    RaftConv convnormrelu1{nullptr};
    RaftConv convnormrelu2{nullptr};
    RaftConv convnormrelu3{nullptr}; ///< of bottlenecks only
    RaftConv downsample{nullptr};    ///< where the stride is not 1
};
TORCH_MODULE(RaftResidualBlock);

/// Features at 1/8 (methods.md 3.2, Encoders): N x 3 x H x W to N x outChannels x H/8 x W/8.
class RaftEncoderImpl : public torch::nn::Module
{
public:
    RaftEncoderImpl(bool large, int outChannels, RaftNorm norm);
    torch::Tensor forward(const torch::Tensor& image);

    RaftConv convnormrelu{nullptr};
    torch::nn::Sequential layer1{nullptr};
    torch::nn::Sequential layer2{nullptr};
    torch::nn::Sequential layer3{nullptr};
    torch::nn::Conv2d conv{nullptr};
};
TORCH_MODULE(RaftEncoder);

/// Correlations and the flow they were looked up at, 128 (large) or 82 channels.
class RaftMotionEncoderImpl : public torch::nn::Module
{
public:
    explicit RaftMotionEncoderImpl(bool large);
    torch::Tensor forward(const torch::Tensor& correlations, const torch::Tensor& flow);

    RaftConv convcorr1{nullptr};
    RaftConv convcorr2{nullptr}; ///< large only
    RaftConv convflow1{nullptr};
    RaftConv convflow2{nullptr};
    RaftConv conv{nullptr};
};
TORCH_MODULE(RaftMotionEncoder);

/// Convolutional GRU whose input is context and motion (methods.md 3.2, Update block). What the context contributes is
/// the same in every iteration, so it is computed once.
class RaftGruImpl : public torch::nn::Module
{
public:
    /// The weights of z, r and q, by what they are multiplied with: joining hidden state and motion would make their
    /// convolutions share one range in int8, and the hidden state is much smaller.
    struct Gates
    {
        torch::Tensor hiddenZr; ///< z before r
        torch::Tensor hiddenQ;
        torch::Tensor motion;  ///< z, r, q
        torch::Tensor context; ///< not weights but what they give: z, r, q, biases included
    };

    RaftGruImpl(int hidden, int context, int motion, int kernelHeight, int kernelWidth);
    Gates gates(const torch::Tensor& context);
    /// The next hidden state; |hidden| <= 1 stays so.
    torch::Tensor forward(const torch::Tensor& hidden, const torch::Tensor& motion, const Gates& gates);

    torch::nn::Conv2d convz{nullptr};
    torch::nn::Conv2d convr{nullptr};
    torch::nn::Conv2d convq{nullptr};
};
TORCH_MODULE(RaftGru);

class RaftUpdateBlockImpl : public torch::nn::Module
{
public:
    explicit RaftUpdateBlockImpl(bool large);
    /// Of each GRU, for all iterations of an image pair.
    std::vector<RaftGruImpl::Gates> gates(const torch::Tensor& context);
    /// The next hidden state and by how much the flow changes.
    std::pair<torch::Tensor, torch::Tensor> forward(torch::Tensor hidden, const std::vector<RaftGruImpl::Gates>& gates,
                                                    const torch::Tensor& correlations, const torch::Tensor& flow);

    RaftMotionEncoder motion_encoder{nullptr};
    std::vector<RaftGru> grus; ///< registered as recurrent_block.convgru1 and, large only, convgru2
    torch::nn::Sequential flow_head{nullptr};
};
TORCH_MODULE(RaftUpdateBlock);

/// Which flows forward() enlarges: every iteration's for training, else only the last one's.
enum class RaftFlows { Every, Last };

struct RaftOutput
{
    std::vector<torch::Tensor> flows; ///< N x 2 x H x W in pixels, the last one is the result
    torch::Tensor coarse;             ///< the last one at 1/8 in its own pixels, to start the next image pair with
};

/// Optical flow (RAFT, arXiv 2003.12039; methods.md 3) with torchvision's keys. Pixel (x, y) of image 1 is found at
/// (x + u, y + v) in image 2; u is channel 0. Instance norms look at the whole image, so tiles give other flows.
class RaftImpl : public torch::nn::Module
{
public:
    /// "raft-large" or "raft-small"; throws Error(Input) on another variant.
    explicit RaftImpl(const QString& variant);

    /// Images N x 3 x H x W, RGB from -1 to 1. `initialFlow`: N x 2 x H/8 x W/8, RaftOutput::coarse of the pair before.
    /// Throws Error(Input) unless both images are equally large, with sides that are multiples of 8 and at least 128,
    /// and `iterations` is at least 1.
    RaftOutput forward(const torch::Tensor& image1, const torch::Tensor& image2, int iterations,
                       RaftFlows wanted = RaftFlows::Every, const torch::Tensor& initialFlow = {});
    /// For inference only: batch norms of the large context encoder go into the convolutions before them. Call it on
    /// the final device; the keys are no longer torchvision's. Folding again does nothing.
    void foldBatchNorms();
    /// Of the window that correlations are looked up in.
    int radius() const { return m_large ? 4 : 3; }

    RaftEncoder feature_encoder{nullptr};
    RaftEncoder context_encoder{nullptr};
    RaftUpdateBlock update_block{nullptr};
    torch::nn::Sequential mask_predictor{nullptr}; ///< large only

private:
    torch::Tensor enlarged(const torch::Tensor& flow, const torch::Tensor& hidden);

    bool m_large;
};
TORCH_MODULE(Raft);

/// Where pixels are: 1 x 2 x height x width, x before y.
torch::Tensor pixelGrid(std::int64_t height, std::int64_t width, const torch::TensorOptions& options);

/// Flows N x 2 x h x w to N x 2 x 8h x 8w, values times 8: bilinear,
torch::Tensor upsampleFlow(const torch::Tensor& flow);
/// or as convex combinations of the 3x3 neighbours, zeros outside. `mask`: logits N x 576 x h x w, neighbours slowest,
/// then rows, then columns within an enlarged pixel.
torch::Tensor upsampleFlow(const torch::Tensor& flow, const torch::Tensor& mask);

} // namespace lynceus
