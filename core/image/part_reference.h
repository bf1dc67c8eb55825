// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <opencv2/core/mat.hpp>
#include <opencv2/core/types.hpp>

#include <vector>

namespace lynceus {

/// Where a part lies. Upright coordinates have the reference's centre as origin and source pixels (of a part of scale
/// 1) as unit; a point u lies at `at` + `scale` R(`angle`) u of the source, in OpenCV's pixel coordinates (the first
/// pixel's centre is 0).
struct Similarity
{
    double angle = 0.0; ///< radians, from x towards y
    double scale = 1.0;
    cv::Point2d at;
    bool mirrored = false; ///< u.y changes sign first

    cv::Point2d apply(const cv::Point2d& upright) const;
};

/// Half-size copies of a work picture's grey values, so that they can be read at any scale without aliasing.
struct GreyPyramid
{
    std::vector<cv::Mat> levels; ///< CV_32F; pixel i of level k lies at pixel 2^k i of level 0
    int factor = 1;              ///< source pixels to a pixel of level 0
};

GreyPyramid makeGreyPyramid(const cv::Mat& grey, int factor);

/// How a good part looks when it is upright, small, with a weight for each pixel; other pictures are registered to it.
/// Immutable after construction, thread-safe.
class PartReference
{
public:
    static constexpr int kSide = 192; ///< longest side, pixels

    /// What may change while a pose is refined.
    struct Freedom
    {
        bool angle = true;
        bool scale = false;
    };

    struct Fit
    {
        Similarity pose;
        double likeness = -1.0; ///< weighted correlation with the reference, -1..1
    };

    PartReference() = default;
    /// `picture`: CV_8UC2, grey values and weights. `resolution`: its pixels to a source pixel of a part of scale 1.
    PartReference(const cv::Mat& picture, double resolution);

    const cv::Mat& picture() const { return m_picture; }
    double resolution() const { return m_resolution; }

    /// A posed part on `size` pixels around the origin of upright coordinates, CV_32F, 0 outside of the source.
    static cv::Mat sample(const GreyPyramid& grey, const Similarity& pose, cv::Size size, double resolution);
    /// How well a part's details fit the reference's when it is turned about the centre of `pose`.
    struct Turn
    {
        double angle = 0.0;  ///< radians, to be added to the pose's
        double match = 0.0;  ///< correlation of what differs along circles, -1..1
        double margin = 0.0; ///< by how much the next best turn, at least ten degrees away, matches worse
    };
    Turn bestTurn(const GreyPyramid& grey, const Similarity& pose) const;
    /// Coarse registration from a pose that is right to some percent of the part's size.
    Fit refineCoarsely(const GreyPyramid& grey, const Similarity& start, Freedom freedom) const;
    /// Refines what refineCoarsely() found to a small part of a pixel.
    Fit refine(const GreyPyramid& grey, const Similarity& start, Freedom freedom) const;

private:
    struct Level
    {
        double resolution = 0.0;
        cv::Point2d centre;
        cv::Mat grey;          ///< CV_32F, weighted mean 0 and deviation 1
        cv::Mat weight;        ///< CV_32F, sum 1
        cv::Mat slopes;        ///< CV_32FC4, weighted derivatives by angle, scale, x and y
        cv::Matx44d curvature; ///< their products, summed
    };

    cv::Mat ringSpectra(const cv::Mat& upright) const;
    static Level makeLevel(const cv::Mat& grey, const cv::Mat& weight, double resolution);
    static Fit refine(const Level& level, const GreyPyramid& grey, const Similarity& start, Freedom freedom, int steps);

    cv::Mat m_picture;
    double m_resolution = 0.0;
    std::vector<Level> m_levels; ///< finest first
    cv::Mat m_ringX;             ///< where bestTurn() reads the finest level: a row for each circle
    cv::Mat m_ringY;
    std::vector<double> m_gains; ///< of the harmonics over the angle
    cv::Mat m_rings;             ///< the reference's spectra along them
};

} // namespace lynceus
