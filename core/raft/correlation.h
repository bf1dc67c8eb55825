// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace lynceus {

/// How alike each pixel of one feature map is to each of another, on four scales (methods.md 3.2, Correlation).
///
/// Normally all products are computed at once (the volume) and looked up afterwards. Where the volume would be too
/// large, each lookup computes what it needs instead: slower, the same values to rounding. Both pool the second
/// features, not the volume, because inner product and pooling commute.
class Correlation
{
public:
    static constexpr int kLevels = 4;
    /// Largest volume in bytes, all levels and images of a batch together. 512 x 640 takes 133 MiB, 1080 x 1920 5.3
    /// GiB.
    static constexpr std::int64_t kVolumeLimit = std::int64_t(1) << 30;

    /// `features1` and `features2`: N x D x h x w with h, w >= 16, else the coarsest level is a single pixel wide.
    /// `radius`: of the window that lookup() reads.
    Correlation(const torch::Tensor& features1, const torch::Tensor& features2, int radius,
                std::int64_t volumeLimit = kVolumeLimit);

    /// What all levels of h x w pixels take, in bytes.
    static std::int64_t volumeBytes(std::int64_t images, std::int64_t height, std::int64_t width);
    bool hasVolume() const { return m_hasVolume; }
    /// N h w x 1 x h / 2^level x w / 2^level; only where hasVolume().
    const torch::Tensor& volume(int level) const { return m_levels[std::size_t(level)].values; }

    /// `coordinates`: N x 2 x h x w, where each pixel of the first features is looked for in the second, x before y, in
    /// pixels of level 0. Gives N x 4(2r+1)^2 x h x w, channels-last in memory: level by level the square window around
    /// the coordinates, the offset in x varying slowest; bilinear, 0 outside. No gradients reach the coordinates when
    /// they are detached.
    torch::Tensor lookup(const torch::Tensor& coordinates) const;

private:
    struct Level
    {
        torch::Tensor values; ///< the volume, or the pooled second features
        torch::Tensor scale;  ///< coordinates times this,
        torch::Tensor window; ///< plus this, are what grid_sample reads at: -1 to 1 from the first pixel to the last
    };
    torch::Tensor fromVolume(const Level& level, const torch::Tensor& grid) const;
    torch::Tensor onDemand(const Level& level, const torch::Tensor& grid) const;

    bool m_hasVolume;
    torch::Tensor m_features1; ///< divided by the root of D
    std::vector<Level> m_levels;
};

} // namespace lynceus
