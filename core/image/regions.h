// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <opencv2/core/mat.hpp>
#include <opencv2/core/types.hpp>

#include <vector>

namespace lynceus {

/// One connected part of a map above the pixel threshold, in pixels of the map.
struct Region
{
    cv::Rect box;
    double area = 0.0;              ///< pixels
    float peak = 0.0F;              ///< largest map value inside
    cv::Point peakAt;               ///< where that is
    std::vector<cv::Point> contour; ///< outer outline, closed
};

/// 8-connected components of `map >= threshold` (CV_32F) with at least `minArea` pixels, largest peak first.
/// At most `limit` regions are returned, so that a noisy map can't fill memory.
std::vector<Region> findRegions(const cv::Mat& map, double threshold, double minArea, std::size_t limit = 200);

/// Regions of a map with `from` pixels, in pixels of an image with `to`, which it covers.
void scaleRegions(std::vector<Region>& regions, cv::Size from, cv::Size to);

} // namespace lynceus
