// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QString>

#include <opencv2/core/types.hpp>

#include <optional>

namespace lynceus {

// How large a network's input has to be for the defects that must be found, and what an input of a size shows of a
// picture. Where parts are cut out upright, the picture is the upright part. Measured in docs/memseg.md, Small defects.

/// A defect that spans this many pixels of the network's input is found nine times of ten; at half as many, half of
/// them pass.
inline constexpr double kSeenPixels = 10.0;
/// Pixels of the largest input that is chosen, that of a 5-megapixel camera.
inline constexpr double kMostInputPixels = 2560.0 * 2048.0;

/// A length as people give it: "12", "12 px" or "0.3 mm".
struct Length
{
    double value = 0.0; ///< above 0
    bool isMillimetres = false;

    /// Nothing when the text is no such length.
    static std::optional<Length> fromText(const QString& text);
    QString text() const; ///< "12 px", "0.3 mm"
    /// In pixels; 0 for millimetres without a scale.
    double pixels(double pixelsPerMm) const { return isMillimetres ? value * pixelsPerMm : value; }
};

/// Side of a square of the area that an input has where nobody says how small defects are: 384 where the picture has the
/// pixels for it, else 256, and what a picture twice as long as wide needs for a short side of 256, up to 512. Of an
/// upright part all pixels count.
double automaticSide(const cv::Size& picture, bool isUprightPart);
/// The same where defects of `smallest` pixels must be found: as fine as that needs, never finer than the picture or
/// larger than kMostInputPixels, never smaller than without.
double sideForDefects(const cv::Size& picture, bool isUprightPart, double smallest);

/// The input of that area and proportions; sides are multiples of 32 up to 4096.
cv::Size inputOf(double side, double widthToHeight);

/// What an input shows of a picture. Sizes in pixels.
struct Sight
{
    cv::Size picture;
    cv::Size input;           ///< that the whole picture is resized to
    double smallest = 0.0;    ///< defect that must be found; 0: nobody said
    double pixelsPerMm = 0.0; ///< of the picture; 0: not known

    /// The smallest defect, in pixels of the picture, that spans kSeenPixels of the input.
    double seen() const;
    /// The picture has far more pixels than the input, and nobody said whether they matter.
    bool isCoarse() const;
    /// The smallest defect that must be found is too small for this input.
    bool isTooCoarse() const;
    /// What can be seen, one sentence; empty when the input is about as fine as the picture and nobody asked for more.
    QString text() const;
    /// What would help; empty when nothing has to.
    QString advice() const;
};

} // namespace lynceus
