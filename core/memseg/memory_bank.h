// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/memseg/options.h"

#include <torch/types.h>

#include <array>
#include <vector>

namespace lynceus {

/// Features of good images to compare with (methods.md 1.2, Memory module): three levels, N x C_l x H_l x W_l float32.
class MemoryBank
{
public:
    /// Winner and difference for a batch.
    struct Match
    {
        torch::Tensor scores;                 ///< B x N selection scores, from the fast path
        torch::Tensor index;                  ///< B, int64: the exact winner
        std::array<torch::Tensor, 3> difference; ///< DI* of each level, B x C_l x H_l x W_l, exact
    };

    MemoryBank() = default;
    /// `difference`: "squared" or "abs"; `selection`: "mean" or "sum".
    MemoryBank(std::array<torch::Tensor, 3> levels, QString difference, QString selection);

    std::int64_t size() const;                ///< N
    const std::array<torch::Tensor, 3>& levels() const { return m_levels; }
    /// Shapes of `features` must be those of the bank; throws Error(Model) otherwise.
    Match match(const std::array<torch::Tensor, 3>& features) const;

private:
    torch::Tensor scoresOf(const std::array<torch::Tensor, 3>& features) const;

    std::array<torch::Tensor, 3> m_levels;
    std::array<torch::Tensor, 3> m_squaredNorms; ///< N for each level
    bool m_absolute = false;
    bool m_sum = false;
};

/// M1, M2, M3 (methods.md, Spatial attention maps) from the differences; B x 1 x H_l x W_l.
std::array<torch::Tensor, 3> spatialAttention(const std::array<torch::Tensor, 3>& difference);

} // namespace lynceus
