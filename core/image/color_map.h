// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <opencv2/core/mat.hpp>

namespace lynceus {

/// Colours of heat maps. Both rise in lightness from dark to bright, so they read in grey too.
enum class ColorMap {
    Inferno, ///< the default
    Cividis  ///< for colour-blind eyes
};

/// Colour (BGR) of `value`; values are clamped to 0..1. The scale is fixed: 0 and 1 mean the same in every picture.
cv::Vec3b colorAt(double value, ColorMap colors);

/// CV_32F map with values 0..1 to CV_8UC3 BGR on the fixed scale. NaN is drawn as 0.
cv::Mat colorize(const cv::Mat& map, ColorMap colors);

/// `image` (8-bit BGR, same size as `map`) under its heat map: where the map is 0 the image is untouched, the colour's
/// weight rises with the map up to `opacity` (0..1).
cv::Mat heatOverlay(const cv::Mat& image, const cv::Mat& map, ColorMap colors, double opacity);

/// The legend as a vertical bar, 1 at the top, `width` x `height` pixels, 8-bit BGR, with a line at `threshold`.
cv::Mat legend(int width, int height, double threshold, ColorMap colors);

} // namespace lynceus
