// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/data/demo_part.h"

#include <opencv2/core.hpp>

#include <algorithm>
#include <cmath>

namespace lynceus {

namespace demo {

namespace {

constexpr double kPi = 3.14159265358979323846;

double latticeValue(std::int64_t x, std::int64_t y, std::uint64_t seed)
{
    Random random(seed ^ (std::uint64_t(x) * 0x9E3779B97F4A7C15u) ^ (std::uint64_t(y) * 0xC2B2AE3D27D4EB4Fu));
    return random.uniform(-1.0, 1.0);
}

} // namespace

cv::Point2d boltCentre(int bolt)
{
    const double angle = 2.0 * kPi * bolt / kBolts;
    return {kBoltCircle * std::cos(angle), kBoltCircle * std::sin(angle)};
}

cv::Point2d pinCentre()
{
    // Halfway between two bolts.
    const double angle = kPi / kBolts;
    return {kBoltCircle * std::cos(angle), kBoltCircle * std::sin(angle)};
}

const std::array<Hole, 3>& bracketHoles()
{
    static const std::array<Hole, 3> holes{{{{-0.28, 0.0}, 0.062}, {{0.315, 0.0}, 0.040}, {{0.02, -0.030}, 0.016}}};
    return holes;
}

double outline(DemoShape shape, const cv::Point2d& at)
{
    if (shape == DemoShape::Flange)
        return length(at) - kOuterRadius;
    const cv::Point2d head = bracketHoles()[0].centre;
    const cv::Point2d tail = bracketHoles()[1].centre;
    const auto bar = [&](const cv::Point2d& from, const cv::Point2d& to, double start, double end) {
        const cv::Point2d along = to - from;
        const double t = std::clamp((at - from).dot(along) / along.dot(along), 0.0, 1.0);
        return length(at - from - along * t) - (start + (end - start) * t);
    };
    return std::min({length(at - head) - kHeadRadius, length(at - tail) - kTailRadius, bar(head, tail, 0.100, 0.075),
                     bar({0.10, 0.0}, {0.13, 0.09}, kLugRadius, kLugRadius)});
}

cv::Point2d outlineNormal(DemoShape shape, const cv::Point2d& at)
{
    constexpr double kStep = 1e-4;
    const cv::Point2d slope(outline(shape, at + cv::Point2d(kStep, 0.0)) - outline(shape, at - cv::Point2d(kStep, 0.0)),
                            outline(shape, at + cv::Point2d(0.0, kStep)) -
                                outline(shape, at - cv::Point2d(0.0, kStep)));
    return slope * (1.0 / std::max(length(slope), 1e-9));
}

double length(const cv::Point2d& v)
{
    return std::sqrt(v.x * v.x + v.y * v.y);
}

double smoothStep(double low, double high, double value)
{
    const double t = std::clamp((value - low) / (high - low), 0.0, 1.0);
    return t * t * (3.0 - 2.0 * t);
}

double smoothNoise(double x, double y, std::uint64_t seed)
{
    const double left = std::floor(x);
    const double top = std::floor(y);
    const double u = smoothStep(0.0, 1.0, x - left);
    const double v = smoothStep(0.0, 1.0, y - top);
    const auto i = std::int64_t(left);
    const auto j = std::int64_t(top);
    const double upper = latticeValue(i, j, seed) * (1.0 - u) + latticeValue(i + 1, j, seed) * u;
    const double lower = latticeValue(i, j + 1, seed) * (1.0 - u) + latticeValue(i + 1, j + 1, seed) * u;
    return upper * (1.0 - v) + lower * v;
}

} // namespace demo

namespace {

using namespace demo;

constexpr double kDegree = kPi / 180.0;
/// Of a part that does not fill the picture.
constexpr double kSmallScale = 0.55;
constexpr double kHubBrush = 24.0 * kDegree;
constexpr double kKeywayWidth = 0.036;
constexpr double kKeywayEnd = 0.120;
/// Streaks are this fine, so that a picture has the same structure at every size.
constexpr double kStreaksPerWidth = 420.0;

struct Groove
{
    double radius;
    double halfWidth;
    double depth;
};
constexpr std::array<Groove, 3> kGrooves{{{0.222, 0.0060, 0.0045}, {0.241, 0.0030, 0.0016}, {0.386, 0.0030, 0.0016}}};

double dot(const cv::Vec3d& a, const cv::Vec3d& b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

cv::Vec3d normalized(const cv::Vec3d& v)
{
    return v * (1.0 / std::sqrt(dot(v, v)));
}

double power8(double value)
{
    const double two = value * value;
    const double four = two * two;
    return four * four;
}

double power24(double value)
{
    const double eight = power8(value);
    return eight * eight * eight;
}

/// Camera response: light 0..1.5 to grey value, with a soft shoulder so that highlights keep structure.
double response(double light)
{
    constexpr int kSteps = 4096;
    constexpr double kMost = 2.0;
    static const std::vector<float> table = [] {
        std::vector<float> values(kSteps + 1);
        for (int i = 0; i <= kSteps; ++i)
            values[std::size_t(i)] = float(255.0 * std::sqrt(1.0 - std::exp(-1.45 * kMost * i / kSteps)));
        return values;
    }();
    const double step = std::clamp(light / kMost, 0.0, 1.0) * (kSteps - 1);
    const auto i = std::size_t(step);
    return table[i] + (step - double(i)) * double(table[i + 1] - table[i]);
}

} // namespace

DemoPart::Grid::Grid(int columns, int rows, Random random)
    : m_columns(columns)
    , m_rows(rows)
    , m_values(std::size_t(columns) * std::size_t(rows))
{
    for (float& value : m_values)
        value = float(random.uniform() + random.uniform() + random.uniform() - 1.5);
}

double DemoPart::Grid::at(double column, double row) const
{
    // The offset makes the truncation a floor, which costs less than std::floor here.
    constexpr int kOffset = 1 << 16;
    const int left = int(column + kOffset) - kOffset;
    const int top = int(row + kOffset) - kOffset;
    const int x0 = left & (m_columns - 1);
    const int x1 = (left + 1) & (m_columns - 1);
    const float* upper = &m_values[std::size_t((top & (m_rows - 1)) * m_columns)];
    const float* lower = &m_values[std::size_t(((top + 1) & (m_rows - 1)) * m_columns)];
    const double u = column - left;
    const double v = row - top;
    return (double(upper[x0]) * (1.0 - u) + double(upper[x1]) * u) * (1.0 - v) +
           (double(lower[x0]) * (1.0 - u) + double(lower[x1]) * u) * v;
}

DemoPart::DemoPart(int size, const Random& random, DemoShape shape, DemoPose layout)
    : m_size(size)
    , m_shape(shape)
    , m_scale(layout == DemoPose::Filling ? 1.0 : kSmallScale)
    , m_pixel(1.0 / (size * m_scale))
    , m_random(random)
    , m_longStreaks(16, 256, random.fork(1))
    , m_shortStreaks(128, 256, random.fork(2))
    , m_hubStreaks(8, 256, random.fork(3))
    , m_matFine(256, 256, random.fork(4))
    , m_matCoarse(16, 16, random.fork(5))
{
    Random pose = random.fork(6);
    m_angle = pose.uniform(-1.0, 1.0) * kDegree;
    m_shift = {pose.uniform(-0.008, 0.008), pose.uniform(-0.008, 0.008)};
    if (layout == DemoPose::Free) {
        Random free = random.fork(8);
        m_angle = free.uniform(-kPi, kPi);
        const double room = 0.5 - kSmallScale * kOuterRadius - 0.02;
        m_shift = {free.uniform(-room, room), free.uniform(-room, room)};
    }
    m_cos = std::cos(m_angle);
    m_sin = std::sin(m_angle);
    m_exposure = pose.uniform(0.94, 1.06);

    const double azimuth = (-128.0 + pose.uniform(-7.0, 7.0)) * kDegree;
    m_gradient = {-0.10 * std::cos(azimuth) + pose.uniform(-0.05, 0.05),
                  -0.10 * std::sin(azimuth) + pose.uniform(-0.05, 0.05)};
    m_gradient = -m_gradient;
    m_shadow = cv::Point2d(-0.016 * std::cos(azimuth), -0.016 * std::sin(azimuth)) * m_scale;
    m_lights = {makeLight(azimuth - m_angle, 50.0 * kDegree, {0.93, 0.98, 1.02}),
                makeLight(azimuth + 1.2 - m_angle, 58.0 * kDegree, cv::Vec3d(1.02, 0.97, 0.92) * 0.34),
                makeLight(azimuth + 2.9 - m_angle, 42.0 * kDegree, cv::Vec3d(1.06, 0.98, 0.90) * 0.30)};
}

DemoPart::Light DemoPart::makeLight(double azimuth, double elevation, const cv::Vec3d& color)
{
    const cv::Vec3d direction(std::cos(azimuth) * std::cos(elevation), std::sin(azimuth) * std::cos(elevation),
                              std::sin(elevation));
    return {direction, normalized(direction + cv::Vec3d(0.0, 0.0, 1.0)), color};
}

/// 1 where a signed distance is inside, 0 outside, with an edge one pixel wide.
double DemoPart::inside(double distance) const
{
    return std::clamp(0.5 - distance / m_pixel, 0.0, 1.0);
}

double DemoPart::band(double value, double low, double high) const
{
    return inside(low - value) * inside(value - high);
}

cv::Point2d DemoPart::toPart(const cv::Point2d& picture) const
{
    const cv::Point2d moved = (picture - m_shift) * (1.0 / m_scale);
    return {m_cos * moved.x + m_sin * moved.y, -m_sin * moved.x + m_cos * moved.y};
}

/// An edge of metal: a chamfer outside `distance` 0, an opening inside.
void DemoPart::open(double distance, double depth, const cv::Point2d& outwards, DemoSurface& surface) const
{
    const double chamfer = band(distance, 0.0, kHoleChamfer);
    surface.slope = surface.slope * (1.0 - chamfer) + outwards * (0.95 * chamfer);
    surface.streak *= 1.0 - chamfer;
    surface.gloss *= 1.0 - 0.5 * chamfer;
    const double opening = inside(distance);
    if (opening <= surface.opening)
        return;
    surface.opening = opening;
    const cv::Vec3d& key = m_lights[0].direction;
    const double facing = -(outwards.x * key[0] + outwards.y * key[1]);
    surface.wall = smoothStep(-depth, 0.0, distance) * (0.015 + 0.22 * std::max(facing, 0.0));
}

void DemoPart::addHole(const cv::Point2d& at, const cv::Point2d& centre, double radius, DemoSurface& surface) const
{
    const cv::Point2d from = at - centre;
    const double distance = length(from);
    if (distance < radius + kHoleChamfer + m_pixel)
        open(distance - radius, 0.35 * radius, from * (1.0 / std::max(distance, 1e-9)), surface);
}

void DemoPart::addBore(const cv::Point2d& at, DemoSurface& surface) const
{
    const double radius = length(at);
    if (radius > kKeywayEnd + 0.02)
        return;
    const double round = radius - kBoreRadius;
    const double side = std::abs(at.x) - 0.5 * kKeywayWidth;
    const double end = std::max(at.y, -kKeywayEnd - at.y);
    const double keyway = std::max(side, end);
    if (round < keyway)
        open(round, 0.014, at * (1.0 / std::max(radius, 1e-9)), surface);
    else if (side > end)
        open(keyway, 0.005, {at.x > 0.0 ? 1.0 : -1.0, 0.0}, surface);
    else
        open(keyway, 0.005, {0.0, -1.0}, surface);
}

DemoSurface DemoPart::surfaceAt(const cv::Point2d& at, int missingHole) const
{
    return m_shape == DemoShape::Flange ? flangeAt(at, missingHole) : bracketAt(at, missingHole);
}

DemoSurface DemoPart::bracketAt(const cv::Point2d& at, int missingHole) const
{
    DemoSurface surface;
    surface.streak = m_hubStreaks.at(at.x * 11.0, at.y * kStreaksPerWidth);
    surface.albedo = 0.36;
    surface.gloss = 0.45;
    const double chamfer = band(outline(m_shape, at), -kChamfer, 0.0);
    if (chamfer > 0.0) {
        surface.slope = outlineNormal(m_shape, at) * (-1.1 * chamfer);
        surface.streak *= 1.0 - 0.7 * chamfer;
    }
    // A groove milled along the bar, off its middle.
    const double groove = std::max(std::abs(at.y - 0.030) / 0.010, std::abs(at.x + 0.02) / 0.09);
    if (groove < 1.0) {
        surface.light *= 1.0 - 0.35 * smoothStep(0.0, 0.4, 1.0 - groove);
        surface.albedo *= 0.8;
    }
    for (std::size_t i = 0; i < bracketHoles().size(); ++i) {
        if (int(i) != missingHole)
            addHole(at, bracketHoles()[i].centre, bracketHoles()[i].radius, surface);
    }
    return surface;
}

DemoSurface DemoPart::flangeAt(const cv::Point2d& at, int missingBolt) const
{
    DemoSurface surface;
    const double radius = std::max(length(at), 1e-9);
    const cv::Point2d outwards = at * (1.0 / radius);
    const double turn = std::atan2(at.y, at.x) / (2.0 * kPi) + 0.5;

    double slope =
        -1.1 * band(radius, kOuterRadius - kChamfer, kOuterRadius) - 1.2 * band(radius, kHubRadius, kHubFoot);
    const bool isHub = radius < 0.5 * (kHubRadius + kHubFoot);
    if (isHub) {
        surface.brush = {std::cos(kHubBrush), std::sin(kHubBrush)};
        const double along = at.x * surface.brush.x + at.y * surface.brush.y;
        const double across = at.y * surface.brush.x - at.x * surface.brush.y;
        surface.streak = m_hubStreaks.at(along * 11.0, across * kStreaksPerWidth);
        surface.albedo = 0.36;
        surface.gloss = 0.45;
    } else {
        surface.brush = {-outwards.y, outwards.x};
        const double row = radius * kStreaksPerWidth;
        surface.streak = 0.6 * m_longStreaks.at(turn * 16.0, row) + 0.5 * m_shortStreaks.at(turn * 128.0, row);
        surface.albedo = 0.24;
        surface.gloss = 0.90;
        surface.light = 1.0 - 0.45 * std::exp(-std::max(radius - kHubFoot, 0.0) / 0.009);
    }
    for (const Groove& groove : kGrooves) {
        const double t = (radius - groove.radius) / groove.halfWidth;
        if (std::abs(t) < 1.0) {
            slope += groove.depth * kPi / (2.0 * groove.halfWidth) * std::sin(kPi * t);
            surface.light *= 1.0 - 0.28 * (1.0 + std::cos(kPi * t));
        }
    }
    surface.slope = outwards * slope;
    surface.streak *= 1.0 - 0.7 * std::min(std::abs(slope), 1.0);

    if (std::abs(radius - kBoltCircle) < kBoltRadius + 0.02) {
        const int bolt = int(std::lround((turn - 0.5) * kBolts) + kBolts) % kBolts;
        if (bolt != missingBolt)
            addHole(at, boltCentre(bolt), kBoltRadius, surface);
        const cv::Point2d pin = pinCentre();
        addHole(at, pin, kPinRadius, surface);
        addHole(at, -pin, kPinRadius, surface);
    }
    addBore(at, surface);
    return surface;
}

/// Brushed metal shines across its tool marks, whatever way it faces; that gives a turned face its fans of light.
cv::Vec3d DemoPart::metal(const DemoSurface& surface) const
{
    const cv::Vec3d normal = normalized({-surface.slope.x, -surface.slope.y, 1.0});
    const double climb = surface.brush.x * surface.slope.x + surface.brush.y * surface.slope.y;
    const cv::Vec3d brush = normalized({surface.brush.x, surface.brush.y, climb});
    cv::Vec3d sum(0.10, 0.10, 0.10);
    sum *= surface.albedo * (1.0 + 0.06 * surface.streak);
    for (const Light& light : m_lights) {
        const double facing = dot(normal, light.direction);
        if (facing <= 0.0)
            continue;
        const double along = dot(brush, light.half);
        const double fan = power24(1.0 - 2.1 * along * along) * facing;
        const double mirror = power24(std::max(dot(normal, light.half), 0.0));
        const double diffuse = 0.55 * facing * surface.albedo * (1.0 + 0.12 * surface.streak);
        sum += light.color * (diffuse + surface.gloss * ((0.66 + 0.24 * surface.streak) * fan + 0.34 * mirror));
    }
    for (int c = 0; c < 3; ++c)
        sum[c] *= surface.tint[c] * surface.light;
    return sum;
}

/// The dark rubber mat under the part, with the part's shadow.
cv::Vec3d DemoPart::matAt(const cv::Point2d& picture) const
{
    const double grain = m_matFine.at(picture.x * 301.0, picture.y * 301.0);
    const double cloud = m_matCoarse.at(picture.x * 13.0, picture.y * 13.0);
    const double fromShadow = outline(m_shape, toPart(picture - m_shadow));
    const double lit = 0.30 + 0.70 * smoothStep(-0.012, 0.022, fromShadow);
    return cv::Vec3d(0.0215, 0.0185, 0.0165) * ((1.0 + 0.30 * grain + 0.16 * cloud) * lit);
}

cv::Rect DemoPart::areaOf(const DemoFlaw& flaw) const
{
    const double radius = flaw.radius * m_scale;
    const cv::Point2d at = flaw.centre * m_scale;
    const cv::Point2d middle(m_cos * at.x - m_sin * at.y + m_shift.x, m_sin * at.x + m_cos * at.y + m_shift.y);
    const int x = int(std::floor((middle.x - radius + 0.5) * m_size)) - 1;
    const int y = int(std::floor((middle.y - radius + 0.5) * m_size)) - 1;
    const int side = int(std::ceil(2.0 * radius * m_size)) + 3;
    return cv::Rect(x, y, side, side) & cv::Rect(0, 0, m_size, m_size);
}

cv::Mat DemoPart::render(const cv::Rect& area, const DemoFlaw* flaw) const
{
    const double step = 1.0 / m_size;
    cv::Mat result(area.size(), CV_32FC3);
    for (int y = 0; y < area.height; ++y) {
        auto* out = result.ptr<cv::Vec3f>(y);
        for (int x = 0; x < area.width; ++x) {
            const cv::Point2d picture((area.x + x + 0.5) * step - 0.5, (area.y + y + 0.5) * step - 0.5);
            const cv::Point2d at = toPart(picture);
            const double cover = inside(outline(m_shape, at));
            const double light = m_exposure * (1.0 + m_gradient.x * picture.x + m_gradient.y * picture.y);
            DemoSurface surface;
            if (cover > 0.0 || flaw)
                surface = surfaceAt(at, flaw ? flaw->missingHole : -1);
            if (flaw)
                flaw->apply(at, surface);
            const double metalShare = cover * (1.0 - surface.opening);
            cv::Vec3d seen;
            if (metalShare < 1.0) {
                const cv::Vec3d mat = matAt(picture);
                const double wall = surface.wall;
                seen = mat * (1.0 - cover) + (mat * 0.45 + cv::Vec3d(wall, wall, wall)) * (cover * surface.opening);
            }
            if (metalShare > 0.0)
                seen += metal(surface) * metalShare;
            seen = seen * (1.0 - surface.covered) + surface.cover * surface.covered;
            for (int c = 0; c < 3; ++c)
                out[x][c] = float(response(seen[c] * light));
        }
    }
    return result;
}

cv::Mat DemoPart::expose(const cv::Mat& picture) const
{
    Random noise = m_random.fork(7);
    // The sum of a number's four quarters is close to normal; this scale makes the standard deviation 1.
    const auto draw = [&noise] {
        const std::uint64_t bits = noise.next();
        const auto sum = double((bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48));
        return (sum / 65535.0 - 2.0) * 1.7320508;
    };
    cv::Mat result(picture.size(), CV_8UC3);
    for (int y = 0; y < picture.rows; ++y) {
        const auto* in = picture.ptr<cv::Vec3f>(y);
        auto* out = result.ptr<cv::Vec3b>(y);
        for (int x = 0; x < picture.cols; ++x) {
            const double grey = 1.3 * draw();
            for (int c = 0; c < 3; ++c)
                out[x][c] = uchar(std::clamp(std::floor(double(in[x][c]) + grey + 0.7 * draw() + 0.5), 0.0, 255.0));
        }
    }
    return result;
}

} // namespace lynceus
