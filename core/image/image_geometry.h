// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <opencv2/core/mat.hpp>
#include <opencv2/core/matx.hpp>

namespace lynceus {

struct Preprocessing;

/// Where a network's map lies on the source image. A small value: a result carries it beside its map, so that the map
/// stays at network size, whatever the sensor, until somebody shows or exports it.
class ImageGeometry
{
public:
    /// The map lies pixel on pixel on its source.
    ImageGeometry() = default;
    /// The source was resized, and the network saw a part of that. `source`: pixels, not empty.
    ImageGeometry(cv::Size source, const Preprocessing& how);
    /// The network, `size` pixels, saw a part that was turned upright and cut out. `toNetwork`: source pixels to
    /// network pixels, in OpenCV's coordinates (the centre of the first pixel is 0).
    ImageGeometry(cv::Size source, cv::Size size, const cv::Matx23d& toNetwork);

    const cv::Size& source() const { return m_source; }   ///< empty: as large as the map
    const cv::Size& resized() const { return m_resized; } ///< the whole source at the network's resolution
    const cv::Rect& crop() const { return m_crop; }       ///< of that: what the network sees

    /// `map` (CV_32F, network size) over the whole source, drawn with `size` pixels: bilinear (align_corners = false),
    /// 0 where the network did not look. Throws Error(Internal) when the map is not the network's.
    cv::Mat mapAt(const cv::Mat& map, cv::Size size) const;
    /// What mapAt() at source size has at `pixel`, which lies in the source; without drawing the rest.
    float valueAt(const cv::Mat& map, cv::Point pixel) const;

private:
    void check(const cv::Mat& map) const;
    /// From pixels of the source drawn with `size` pixels to those of the network, where the part was turned.
    cv::Matx23d networkFrom(cv::Size size) const;

    cv::Size m_source;
    cv::Size m_resized;
    cv::Rect m_crop;
    bool m_isTurned = false;
    cv::Matx23d m_toNetwork;
};

} // namespace lynceus
