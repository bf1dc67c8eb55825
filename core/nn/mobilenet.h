// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/torch.h"

#include <array>
#include <cstdint>

namespace lynceus {

/// MobileNetV2's inverted residual: 1x1 expansion, 3x3 depthwise, 1x1 projection; a shortcut where shapes allow one.
/// Convolutions with bias and no batch norm.
class InvertedResidualImpl : public torch::nn::Module
{
public:
    InvertedResidualImpl(int inChannels, int outChannels, int stride, int expansion);
    torch::Tensor forward(const torch::Tensor& x);
    /// What the block adds to its shortcut; the output where it has none.
    torch::Tensor residual(const torch::Tensor& x);
    bool hasShortcut() const { return m_shortcut; }

    torch::nn::ModuleList conv{nullptr};

private:
    int m_stride;
    bool m_expands;
    bool m_shortcut;
};
TORCH_MODULE(InvertedResidual);

/// MobileNetV2 1.0 up to the last block of stride 16, with torchvision's keys less the batch norms (they are folded).
/// Pads as TensorFlow does ("SAME"), so a value of the level with stride s at (i, j) is centred on pixel
/// (s i + s - 1, s j + s - 1); ResNet-18's is centred on (s i, s j).
class MobileNetV2Impl : public torch::nn::Module
{
public:
    static constexpr int kBlocks = 14;                        ///< features.0 to features.13
    static constexpr std::array<int, 4> kLevels{1, 3, 6, 13}; ///< the blocks that end the strides 2, 4, 8, 16
    static constexpr std::array<int, 4> kLevelChannels{16, 24, 32, 96};

    MobileNetV2Impl();

    /// The levels of strides 2, 4, 8, 16 for images N x 3 x H x W, `imagenet` normalised, sides multiples of 16.
    std::array<torch::Tensor, 4> levels(const torch::Tensor& x);
    /// The stem (features.0) on such images.
    torch::Tensor stem(const torch::Tensor& x);
    /// features.`index`, 1 to 13.
    InvertedResidualImpl& block(int index);

    torch::nn::ModuleList features{nullptr};
};
TORCH_MODULE(MobileNetV2);

/// Normal weights scaled by the fan in, zero biases, from `seed` alone.
void initialise(MobileNetV2Impl& net, std::uint64_t seed);

} // namespace lynceus
