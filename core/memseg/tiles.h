// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/network_runner.h"

#include <opencv2/core/types.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace lynceus {

struct MemSegOptions;

/// How the encoder sees an input: whole, or in tiles of one size that overlap by what its features of strides up to 16
/// see of their surroundings, so that the joined features are those of the whole input (to rounding). Memory then
/// depends on the tile alone, and a compiled encoder has the tile's shape.
class Tiling
{
public:
    /// Sides of the input: multiples of 16. `whole`: however large it is.
    explicit Tiling(cv::Size input, bool whole = false);

    bool isWhole() const { return m_tile == m_input; }
    cv::Size tile() const { return m_tile; }
    /// Each tile's place in the input.
    std::vector<cv::Rect> places() const;
    /// That tile of `image` (N x C x H x W), channels-last.
    static torch::Tensor cut(const torch::Tensor& image, const cv::Rect& place);
    /// `encode` gives the levels of a tile, N x C x H x W each, at strides that divide 16; the result has them of the
    /// whole `image`. Levels that are undefined stay so.
    std::vector<torch::Tensor>
    encode(const torch::Tensor& image,
           const std::function<std::vector<torch::Tensor>(const torch::Tensor& tile)>& encode) const;

private:
    cv::Size m_input;
    cv::Size m_tile;
    cv::Size m_count; ///< tiles beside each other
};

/// As the encoder of a model sees its input; decoders that read stride 32 see it whole.
Tiling tilingOf(const MemSegOptions& options);

/// An encoder of the tile's shape ("image" to "f0".."f4") as one of the whole input.
std::unique_ptr<NetworkRunner> inTiles(std::unique_ptr<NetworkRunner> encoder, const Tiling& tiling);

} // namespace lynceus
