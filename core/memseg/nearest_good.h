// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/state_dict.h"

#include <torch/types.h>

#include <array>
#include <cstdint>
#include <vector>

namespace lynceus {

/// The nearest-good branch: how far each place of a part is from the nearest similar place on good parts, in features
/// of the frozen encoder alone. Needs no training, so a product is usable seconds after its good images were read.
///
/// A key describes a cell of stride 8: the features of strides 8 and 16 there, each channel standardised over the good
/// images. Keys of good images lie in a grid of buckets over the part; a cell is compared with the keys of its own
/// bucket and the eight around it. A grid as fine as the cells compares position by position; one bucket compares with
/// everything, for parts that lie at any angle and textures without a place.
class NearestGood
{
public:
    struct Options
    {
        int gridRows = 0; ///< 0: as many as there are rows of cells
        int gridColumns = 0;
        std::int64_t mostKeys = 80'000; ///< beyond this, keys of each bucket are thinned out evenly
        std::uint64_t seed = 1;
    };

    NearestGood() = default;
    /// Levels of strides 8 and 16 of good images, 1 x C x H x W each; sizes may differ between images.
    NearestGood(const std::vector<std::array<torch::Tensor, 2>>& good, const Options& options);

    bool isEmpty() const { return size() == 0; }
    /// Distances H x W (cells of stride 8), on the CPU, not negative.
    torch::Tensor distances(const std::array<torch::Tensor, 2>& levels) const;

    std::int64_t size() const { return m_keys.defined() ? m_keys.size(0) : 0; }
    /// What a model file holds: keys (N x C), begin (first key of each bucket, and N), grid (rows, columns), mean and
    /// scale (C).
    StateDict state() const;
    /// Throws Error(Model) naming `source` when the tensors do not go together.
    static NearestGood fromState(const StateDict& state, const QString& source);

private:
    torch::Tensor keysOf(const std::array<torch::Tensor, 2>& levels) const;

    torch::Tensor m_keys;              ///< N x C, ordered by bucket, row by row
    torch::Tensor m_norms;             ///< N, half of the squared norms
    torch::Tensor m_mean;              ///< C
    torch::Tensor m_scale;             ///< C, one over the standard deviation
    std::vector<std::int64_t> m_begin; ///< first key of each bucket, and N at the end
    int m_rows = 0;
    int m_columns = 0;
};

} // namespace lynceus
