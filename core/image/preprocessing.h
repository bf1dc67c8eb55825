// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/image/image_geometry.h"

#include <QtCore/QJsonObject>
#include <QtCore/QString>

#include <opencv2/core/mat.hpp>

#include <memory>

namespace lynceus {

class PartAligner;

/// Which raw values map to 0 and 255. Part of the preprocessing and stored with the model, so that a 12- or 16-bit
/// camera is mapped the same way for training and for every later image (never stretched per image).
struct IntensityWindow
{
    double low = 0.0;
    double high = 255.0;

    /// The full range of the Mat's depth: 0..255 or 0..65535.
    static IntensityWindow fullRange(int cvDepth);
    bool operator==(const IntensityWindow& other) const { return low == other.low && high == other.high; }
};

/// How a source image becomes the input of a network. ImageGeometry is how a map finds its way back.
struct Preprocessing
{
    int width = 256; ///< network input, pixels, multiple of 32
    int height = 256;
    /// 0: resize straight to width x height (no edge of a part is lost). Else resize to this many pixels square and cut
    /// the centre width x height out (the reference implementation: 288, crop 256). The map is 0 outside the crop.
    int resizeTo = 0;
    /// Applied to 16-bit sources; 8-bit sources always map 0..255 to 0..255.
    IntensityWindow window16{0.0, 65535.0};
    /// Finds the part, turns it upright and cuts it out before it is resized; null: the picture is taken as it lies.
    std::shared_ptr<const PartAligner> part;

    void validate() const; ///< throws Error(Input)
    QJsonObject toJson() const;
    static Preprocessing fromJson(const QJsonObject& json); ///< throws Error(Format) on missing or absurd values
};

/// Throws Error(Input) unless a source is CV_8U or CV_16U with 1, 3 (BGR) or 4 (BGRA) channels and has pixels.
void checkImage(const cv::Mat& source);

/// Source (CV_8U or CV_16U; 1, 3 BGR or 4 BGRA channels) to network input: height x width, CV_32FC3, RGB, 0..255, not
/// rounded, not yet normalised. Grey is copied to three channels, alpha is dropped. Shrinks by area averaging, enlarges
/// bilinearly. Throws Error(Input) on empty or otherwise typed Mats.
/// Where the part is to be found and can't be, Error(Input) says why.
cv::Mat prepare(const cv::Mat& source, const Preprocessing& how);

/// The same for who has to know where the part lay.
struct PreparedImage
{
    cv::Mat image;          ///< as prepare() gives it; empty when there is a problem
    ImageGeometry geometry; ///< where the network's map lies on the source
    QString problem;        ///< why no part was found as it should be; empty: it was
    double alignMs = 0.0;   ///< of the time it took: to find the part, turn it upright and cut it out
};
PreparedImage prepareImage(const cv::Mat& source, const Preprocessing& how);

/// A source-size mask (CV_8U 0/255) at network size, nearest neighbour, still 0/255.
cv::Mat prepareMask(const cv::Mat& mask, const Preprocessing& how);

/// For showing: 8-bit BGR of any readable image; 16-bit through `window`.
cv::Mat toDisplay(const cv::Mat& source, const IntensityWindow& window = {0.0, 65535.0});

} // namespace lynceus
