// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/random.h"

#include <opencv2/core/mat.hpp>
#include <opencv2/core/types.hpp>

#include <array>
#include <functional>
#include <vector>

namespace lynceus {

/// What is drawn.
enum class DemoShape {
    Flange, ///< turned, with a hub, round but for its holes
    Bracket ///< long, with an eye at each end and a lug on one side
};

/// How the part lies.
enum class DemoPose {
    Filling, ///< it fills the picture, in one pose give or take a degree and some pixels
    Fixed,   ///< smaller, in one pose as above
    Free     ///< as small, at any angle and place
};

/// Measures of the demo parts. The width of a picture that a part fills is 1, the part's centre is the origin, y points
/// down. Those without a name of a shape are the flange's or of both.
namespace demo {
inline constexpr double kOuterRadius = 0.415;
inline constexpr double kChamfer = 0.012;
inline constexpr double kHubRadius = 0.165;
inline constexpr double kHubFoot = 0.177;
inline constexpr double kBoreRadius = 0.088;
inline constexpr double kBoltCircle = 0.322;
inline constexpr double kBoltRadius = 0.029;
inline constexpr double kPinRadius = 0.011;
inline constexpr double kHoleChamfer = 0.008;
inline constexpr int kBolts = 6;

struct Hole
{
    cv::Point2d centre;
    double radius;
};
/// The bracket's head, tail and lug with the radii of their outlines, and its holes.
inline constexpr double kHeadRadius = 0.135;
inline constexpr double kTailRadius = 0.100;
inline constexpr double kLugRadius = 0.045;
const std::array<Hole, 3>& bracketHoles();
/// Signed distance to the part's outline, below 0 inside.
double outline(DemoShape shape, const cv::Point2d& at);
/// Unit vector away from the outline.
cv::Point2d outlineNormal(DemoShape shape, const cv::Point2d& at);

cv::Point2d boltCentre(int bolt);
/// Of one of the two pin holes; the other lies opposite.
cv::Point2d pinCentre();
double length(const cv::Point2d& v);
/// 0 below `low`, 1 above `high`, smooth between.
double smoothStep(double low, double high, double value);
/// Smooth noise in -1..1 with features of size 1.
double smoothNoise(double x, double y, std::uint64_t seed);
} // namespace demo

/// What lies under one point of the picture, before light falls on it.
struct DemoSurface
{
    cv::Point2d slope;           ///< dz/dx, dz/dy
    cv::Point2d brush{1.0, 0.0}; ///< direction of the tool marks
    double streak = 0.0;         ///< tool marks, about -1..1
    double albedo = 0.5;
    double gloss = 0.5;
    double light = 1.0;            ///< share of the light that arrives
    double opening = 0.0;          ///< 1: no metal here, one sees through
    double wall = 0.0;             ///< light on the wall of a hole
    cv::Vec3d tint{1.0, 1.0, 1.0}; ///< BGR
    cv::Vec3d cover;               ///< BGR of something lying on top, lit like the mat
    double covered = 0.0;          ///< 1: it hides the part
};

/// A defect as a change of the surface.
struct DemoFlaw
{
    std::function<void(const cv::Point2d& at, DemoSurface& surface)> apply;
    cv::Point2d centre; ///< of a circle that holds all of it
    double radius = 0.0;
    int missingHole = -1; ///< a bolt's or the bracket's hole that was not drilled
};

/// One part as it lies under the camera: pose, light and texture drawn from a random stream.
class DemoPart
{
public:
    DemoPart(int size, const Random& random, DemoShape shape, DemoPose pose);

    /// Radians from x towards y.
    double angle() const { return m_angle; }
    /// Of the part, in pixels of the picture; the first pixel's centre is 0.
    cv::Point2d centre() const { return (m_shift + cv::Point2d(0.5, 0.5)) * m_size - cv::Point2d(0.5, 0.5); }
    /// Share of the picture's width that a part which fills it would have.
    double scale() const { return m_scale; }

    /// Pixels that a flaw may touch.
    cv::Rect areaOf(const DemoFlaw& flaw) const;
    /// CV_32FC3 BGR in 0..255 without the camera's noise; the whole picture or a part of it.
    cv::Mat render(const cv::Rect& area, const DemoFlaw* flaw) const;
    /// Adds the camera's noise, which depends on the pixel only, and rounds to CV_8UC3.
    cv::Mat expose(const cv::Mat& picture) const;

private:
    struct Light
    {
        cv::Vec3d direction;
        cv::Vec3d half; ///< between the light and the camera
        cv::Vec3d color;
    };

    /// Random numbers on a grid, read with linear interpolation; both axes wrap around. Sides are powers of two.
    class Grid
    {
    public:
        Grid(int columns, int rows, Random random);
        double at(double column, double row) const;

    private:
        int m_columns;
        int m_rows;
        std::vector<float> m_values;
    };

    static Light makeLight(double azimuth, double elevation, const cv::Vec3d& color);

    DemoSurface surfaceAt(const cv::Point2d& at, int missingHole) const;
    DemoSurface flangeAt(const cv::Point2d& at, int missingBolt) const;
    DemoSurface bracketAt(const cv::Point2d& at, int missingHole) const;
    void addHole(const cv::Point2d& at, const cv::Point2d& centre, double radius, DemoSurface& surface) const;
    void addBore(const cv::Point2d& at, DemoSurface& surface) const;
    void open(double distance, double depth, const cv::Point2d& outwards, DemoSurface& surface) const;
    cv::Vec3d matAt(const cv::Point2d& picture) const;
    cv::Vec3d metal(const DemoSurface& surface) const;
    double inside(double distance) const;
    double band(double value, double low, double high) const;
    cv::Point2d toPart(const cv::Point2d& picture) const;

    int m_size;
    DemoShape m_shape;
    double m_scale;
    double m_pixel; ///< in the part's measures
    Random m_random;
    cv::Point2d m_shift;
    double m_angle = 0.0;
    double m_cos = 1.0;
    double m_sin = 0.0;
    double m_exposure = 1.0;
    cv::Point2d m_gradient;        ///< of the light across the picture
    cv::Point2d m_shadow;          ///< where the part's shadow falls
    std::array<Light, 3> m_lights; ///< directions in the part's frame
    Grid m_longStreaks;
    Grid m_shortStreaks;
    Grid m_hubStreaks;
    Grid m_matFine;
    Grid m_matCoarse;
};

} // namespace lynceus
