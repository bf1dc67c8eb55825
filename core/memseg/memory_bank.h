// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/memseg/options.h"

#include <torch/types.h>

#include <array>

namespace lynceus {

/// Features of good images to compare with (methods.md 1.2, Memory module): three levels, N x C_l x H_l x W_l, kept
/// channels-last as the network's features are. On the CPU they are kept in half precision where that loses nothing, as
/// in every trained model: an inspection reads them all, and memory is what it waits for.
class MemoryBank
{
public:
    /// Winner and difference for a batch.
    struct Match
    {
        torch::Tensor scores; ///< B x N selection scores; exact where a sample wins or might have won
        torch::Tensor index;  ///< B, int64: the lowest score, the first among equals
        std::array<torch::Tensor, 3> difference; ///< DI* of each level, B x C_l x H_l x W_l
    };

    MemoryBank() = default;
    /// `difference`: "squared" or "abs"; `selection`: "mean" or "sum". Throws Error(Model) on levels that do not go
    /// together.
    MemoryBank(const std::array<torch::Tensor, 3>& levels, const QString& difference, const QString& selection);

    std::int64_t size() const; ///< N, 0 when empty
    const std::array<torch::Tensor, 3>& levels() const { return m_levels; }
    /// A copy on another device.
    MemoryBank to(const torch::Device& device) const;
    /// Shapes of `features` must be those of the bank; throws Error(Model) otherwise.
    Match match(const std::array<torch::Tensor, 3>& features) const;

private:
    torch::Tensor measure(torch::Tensor difference) const;
    double weight(std::size_t level) const;
    double exactScore(const std::array<torch::Tensor, 3>& features, std::int64_t sample) const;
    torch::Tensor scoresOf(const std::array<torch::Tensor, 3>& features) const;

    std::array<torch::Tensor, 3> m_levels;
    std::array<torch::Tensor, 3> m_squaredNorms; ///< N for each level, float64, on the CPU
    bool m_absolute = false;
    bool m_sum = false;
};

/// Bilinear to twice the size, align_corners true: MemSeg's upsampling everywhere (methods.md 1.5, trap 9).
torch::Tensor upsample2(const torch::Tensor& x);

/// M1, M2, M3 (methods.md, Spatial attention maps) from the differences; B x 1 x H_l x W_l.
std::array<torch::Tensor, 3> spatialAttention(const std::array<torch::Tensor, 3>& difference);

} // namespace lynceus
