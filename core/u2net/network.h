// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/torch.h"

#include <QtCore/QStringList>

#include <array>
#include <cstdint>
#include <vector>

namespace lynceus {

/// REBNCONV (methods.md 2.2): 3x3 convolution, dilated and padded alike, batch norm, ReLU; keeps the sides.
class RebnConvImpl : public torch::nn::Module
{
public:
    RebnConvImpl(int inChannels, int outChannels, int dilation);
    torch::Tensor forward(const torch::Tensor& x);
    void foldBatchNorm();

    torch::nn::Conv2d conv_s1{nullptr};
    torch::nn::BatchNorm2d bn_s1{nullptr};
};
TORCH_MODULE(RebnConv);

/// Residual U-block (methods.md 2.2), a small U-Net plus its own first layer; keeps the sides, whatever they are. RSU-L
/// pools between its `depth` = L levels; the dilated RSU-4F, `depth` 4, has dilations 1, 2, 4, 8 in place of pools.
class RsuImpl : public torch::nn::Module
{
public:
    RsuImpl(int depth, bool dilated, int inChannels, int midChannels, int outChannels);
    /// N x in x H x W to N x out x H x W.
    torch::Tensor forward(const torch::Tensor& x);

    RebnConv rebnconvin{nullptr};
    std::vector<RebnConv> rebnconv;   ///< rebnconv1 .. rebnconvL
    std::vector<RebnConv> rebnconv_d; ///< rebnconv1d .. rebnconv{L-1}d

private:
    bool m_dilated;
};
TORCH_MODULE(Rsu);

/// U2-Net (arXiv 2005.09007, methods.md 2.2) with the reference's keys. Gives logits where the reference gives
/// sigmoids.
class U2NetImpl : public torch::nn::Module
{
public:
    static constexpr int kMinimumSide = 32; ///< of images, pixels; the deepest stage has one value for 32

    /// `variant`: one of u2netVariants(). `outChannels`: K, 1 for a sigmoid, the number of classes for a softmax.
    /// Throws Error(Input) on another variant or K.
    explicit U2NetImpl(const QString& variant, int outChannels = 1);

    /// The outputs of stage1d .. stage5d and stage6, which side1 .. side6 turn into logits: strides 1, 2, 4, 8, 16, 32,
    /// rounded up at every pool. Throws Error(Input) on images smaller than kMinimumSide.
    std::array<torch::Tensor, 6> features(const torch::Tensor& x);
    /// Images N x 3 x H x W, `imagenet` normalised, of any sides from kMinimumSide, to the logits d0 .. d6, each
    /// N x K x H x W. d0 fuses the others, so it costs as much alone. Throws as features() does.
    std::array<torch::Tensor, 7> forward(const torch::Tensor& x);
    /// For inference only: every batch norm goes into the convolution before it and leaves the module. Call it on the
    /// final device; the keys are no longer the reference's. Folding again does nothing.
    void foldBatchNorms();

    std::vector<Rsu> stage;              ///< stage1 .. stage6
    std::vector<Rsu> stage_d;            ///< stage1d .. stage5d
    std::vector<torch::nn::Conv2d> side; ///< side1 .. side6
    torch::nn::Conv2d outconv{nullptr};
};
TORCH_MODULE(U2Net);

/// "u2net" (44.0 million parameters), "u2netp" (1.1 million) and "u2net-half" (11.0 million, half of u2net's channels).
const QStringList& u2netVariants();

/// Weights from `seed` alone (methods.md 2.3): Kaiming normal by the fan out and biases of 0 in front of ReLUs. The
/// layers that give logits start as LibTorch's do, uniform by the fan in: their fan out is K or 9 K, so small that the
/// first loss would be seven times that of logits of 0.
void initialise(U2NetImpl& net, std::uint64_t seed);

} // namespace lynceus
