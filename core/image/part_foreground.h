// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/image/preprocessing.h"

#include <opencv2/core/mat.hpp>
#include <opencv2/core/types.hpp>

namespace lynceus {

/// How a part is told from the ground it lies on.
enum class ForegroundRule {
    Contrast, ///< what differs from the ground's colour by more than Otsu's threshold
    Outline   ///< what stronger edges than the ground's enclose, where the part is partly of the ground's colour
};

/// A picture shrunk by a whole factor to about 384 pixels (256 to 576) on its longer side, or smaller, and seen against
/// its ground: a plane of light, fitted to the picture's border, is taken off.
struct WorkPicture
{
    cv::Mat grey;           ///< CV_32F, about 0 on the ground, in 8-bit grey values
    cv::Mat distance;       ///< CV_8U, distance to the ground's colour over all channels
    int factor = 1;         ///< source pixels to one pixel
    double noise = 0.0;     ///< median distance to the ground in the border
    double roughness = 0.0; ///< upper quartile of the border's gradient, grey values a pixel
};

/// `window16` maps 16-bit sources; the source has one of the types that prepare() takes.
WorkPicture makeWorkPicture(const cv::Mat& source, const IntensityWindow& window16);

/// What the ground of a product looks like at most: foreground has to stand out from it.
struct GroundNoise
{
    double noise = 0.0;
    double roughness = 0.0;
};

/// The largest thing on the ground, holes filled, in pixels of the work picture.
struct Foreground
{
    cv::Mat mask;               ///< CV_8U 0/255; empty when there is none
    double area = 0.0;          ///< 0: nothing stands out
    double secondArea = 0.0;    ///< of the next largest thing
    bool touchesBorder = false; ///< the largest one does
    cv::Point2d centre;         ///< centroid
    double axis = 0.0;          ///< radians from x towards y, of the longer principal axis
    double elongation = 1.0;    ///< ratio of the principal axes' lengths, 1 and more
    double unexplained = 0.0;   ///< area outside of it that differs from the ground
};

Foreground findForeground(const WorkPicture& picture, const GroundNoise& ground, ForegroundRule rule);

} // namespace lynceus
