// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/data/demo_flaws.h"

#include <algorithm>
#include <cmath>
#include <iterator>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

using namespace demo;

constexpr double kTurn = 6.28318530717958647692;

cv::Point2d direction(double angle)
{
    return {std::cos(angle), std::sin(angle)};
}

/// Distance to the edge of the nearest bolt or pin hole.
double toNearestHole(const cv::Point2d& at)
{
    const double toPin = std::min(demo::length(at - pinCentre()), demo::length(at + pinCentre()));
    double nearest = toPin - kPinRadius;
    for (int bolt = 0; bolt < kBolts; ++bolt)
        nearest = std::min(nearest, demo::length(at - boltCentre(bolt)) - kBoltRadius);
    return nearest;
}

/// A place on the flange between the hub and the rim, or anywhere on the bracket; `margin` keeps a defect off the edges
/// and the holes.
cv::Point2d placeOnFace(DemoShape shape, Random& random, double margin)
{
    while (shape == DemoShape::Bracket) {
        const cv::Point2d at(random.uniform(-kOuterRadius, kOuterRadius), random.uniform(-kHeadRadius, kHeadRadius));
        double toHole = 1.0;
        for (const demo::Hole& hole : bracketHoles())
            toHole = std::min(toHole, demo::length(at - hole.centre) - hole.radius);
        if (outline(shape, at) < -kChamfer - margin && toHole > kHoleChamfer + margin)
            return at;
    }
    for (;;) {
        const double radius = random.uniform(kHubFoot + margin, kOuterRadius - kChamfer - margin);
        const cv::Point2d at = direction(random.uniform(0.0, kTurn)) * radius;
        if (toNearestHole(at) > kHoleChamfer + margin)
            return at;
    }
}

/// A place on the outline with the direction that points outwards there.
std::pair<cv::Point2d, cv::Point2d> placeOnRim(DemoShape shape, Random& random)
{
    if (shape == DemoShape::Flange) {
        const cv::Point2d outwards = direction(random.uniform(0.0, kTurn));
        return {outwards * kOuterRadius, outwards};
    }
    // Down on the outline from one side; the distance never leads past it.
    cv::Point2d at(random.uniform(-0.38, 0.38), 0.4);
    const double side = random.chance(0.5) ? 1.0 : -1.0;
    for (int step = 0; step < 200; ++step)
        at.y -= outline(shape, {at.x, side * at.y});
    at.y *= side;
    return {at, outlineNormal(shape, at)};
}

/// A smooth curve as a line of points, with the distance to its nearest one.
class Curve
{
public:
    struct Nearest
    {
        double distance = 1e9;
        double along = 0.0;   ///< 0..1
        cv::Point2d sideways; ///< unit vector away from the curve
    };

    /// Starts at `start`, leaves towards `angle` and turns on its way by up to `bend`, a little to and fro.
    Curve(const cv::Point2d& start, double angle, double length, double bend, Random& random)
    {
        const double wave = random.uniform(-bend, bend);
        const double phase = random.uniform(0.0, kTurn);
        const double drift = random.uniform(-bend, bend);
        cv::Point2d at = start;
        for (int i = 0; i <= kSteps; ++i) {
            m_points.push_back(at);
            const double t = double(i) / kSteps;
            at += direction(angle + drift * t + wave * std::sin(phase + 4.0 * t)) * (length / kSteps);
        }
    }

    Nearest nearest(const cv::Point2d& at) const
    {
        Nearest best;
        for (int i = 0; i < kSteps; ++i) {
            const cv::Point2d a = m_points[std::size_t(i)];
            const cv::Point2d step = m_points[std::size_t(i) + 1] - a;
            const cv::Point2d from = at - a;
            const double t = std::clamp(from.dot(step) / step.dot(step), 0.0, 1.0);
            const cv::Point2d away = from - step * t;
            const double distance = demo::length(away);
            if (distance < best.distance) {
                best.distance = distance;
                best.along = (i + t) / kSteps;
                best.sideways = away * (1.0 / std::max(distance, 1e-9));
            }
        }
        return best;
    }

    cv::Point2d middle() const { return m_points[kSteps / 2]; }

    /// Of a circle around the middle that holds the curve.
    double radius() const
    {
        double farthest = 0.0;
        for (const cv::Point2d& point : m_points)
            farthest = std::max(farthest, demo::length(point - middle()));
        return farthest;
    }

private:
    static constexpr int kSteps = 28;
    std::vector<cv::Point2d> m_points;
};

/// 1 along a curve, falling to 0 at both ends.
double taper(double along, double share)
{
    return smoothStep(0.0, share, along) * smoothStep(0.0, share, 1.0 - along);
}

/// A spot with an uneven outline: below 0 inside, about 1 at twice its radius.
class Blob
{
public:
    Blob(const cv::Point2d& centre, double radius, double unevenness, Random& random)
        : m_centre(centre)
        , m_radius(radius)
        , m_unevenness(unevenness)
        , m_stretch(random.uniform(0.7, 1.3))
        , m_axis(direction(random.uniform(0.0, kTurn)))
        , m_seed(random.next())
    {
    }

    double depth(const cv::Point2d& at) const
    {
        const cv::Point2d from = (at - m_centre) * (1.0 / m_radius);
        const double along = from.dot(m_axis) * m_stretch;
        const double across = from.cross(m_axis) / m_stretch;
        const double noise = 0.65 * smoothNoise(from.x * 1.6, from.y * 1.6, m_seed) +
                             0.35 * smoothNoise(from.x * 4.5, from.y * 4.5, m_seed + 1);
        return std::sqrt(along * along + across * across) + m_unevenness * noise - 1.0;
    }

    double reach() const { return m_radius * (1.0 + m_unevenness) * 1.5; }

private:
    cv::Point2d m_centre;
    double m_radius;
    double m_unevenness;
    double m_stretch;
    cv::Point2d m_axis;
    std::uint64_t m_seed;
};

/// A furrow with a thrown-up edge; its walls catch the light.
DemoFlaw scratch(DemoShape shape, Random& random)
{
    const bool onHub = shape == DemoShape::Flange && random.chance(0.2);
    const cv::Point2d start = onHub ? direction(random.uniform(0.0, kTurn)) * 0.125 : placeOnFace(shape, random, 0.02);
    // Across the tool marks: along them a scratch would be one more of them.
    const double outwards = shape == DemoShape::Flange ? std::atan2(start.y, start.x) : 0.25 * kTurn;
    const double angle = outwards + (random.chance(0.5) ? 0.0 : 0.5 * kTurn) + random.uniform(-1.0, 1.0);
    const double length = onHub ? random.uniform(0.04, 0.10) : random.uniform(0.07, 0.22);
    const Curve curve(start, angle, length, 0.5, random);
    const double width = random.uniform(0.0032, 0.0062);
    const double strength = random.uniform(0.6, 1.0);

    DemoFlaw flaw;
    flaw.centre = curve.middle();
    flaw.radius = curve.radius() + 3.0 * width;
    flaw.apply = [=](const cv::Point2d& at, DemoSurface& surface) {
        const Curve::Nearest nearest = curve.nearest(at);
        const double t = nearest.distance / width;
        if (t > 2.0)
            return;
        const double depth = strength * taper(nearest.along, 0.15);
        const double wall = std::sin(0.5 * kTurn * t) * (t < 1.0 ? 1.0 : 0.5);
        surface.slope += nearest.sideways * (1.3 * depth * wall);
        const double floor = depth * (1.0 - smoothStep(0.2, 1.1, t));
        surface.gloss *= 1.0 - 0.75 * floor;
        surface.albedo *= 1.0 - 0.45 * floor;
        surface.streak *= 1.0 - floor;
    };
    return flaw;
}

/// A blow without lost metal: only the slope changes.
DemoFlaw dent(DemoShape shape, Random& random)
{
    const double radius = random.uniform(0.016, 0.034);
    const cv::Point2d centre = placeOnFace(shape, random, radius + 0.01);
    const double steepness = random.uniform(0.45, 0.9);
    const double stretch = random.uniform(1.0, 1.6);
    const cv::Point2d axis = direction(random.uniform(0.0, kTurn));

    DemoFlaw flaw;
    flaw.centre = centre;
    flaw.radius = 2.6 * radius * stretch;
    flaw.apply = [=](const cv::Point2d& at, DemoSurface& surface) {
        const cv::Point2d from = (at - centre) * (1.0 / radius);
        const double along = from.dot(axis) / stretch;
        const double across = from.cross(axis);
        const double bowl = std::exp(-1.2 * (along * along + across * across));
        surface.slope += (axis * (along / stretch) + cv::Point2d(axis.y, -axis.x) * across) * (2.2 * steepness * bowl);
        surface.light *= 1.0 - 0.12 * bowl;
    };
    return flaw;
}

/// A film of oil: darker, browner and duller, with a rim where it dried.
DemoFlaw stain(DemoShape shape, Random& random)
{
    const double radius = random.uniform(0.024, 0.055);
    const cv::Point2d centre = placeOnFace(shape, random, 0.02);
    const Blob blob(centre, radius, 0.45, random);
    const double strength = random.uniform(0.45, 0.9);

    DemoFlaw flaw;
    flaw.centre = centre;
    flaw.radius = blob.reach();
    flaw.apply = [=](const cv::Point2d& at, DemoSurface& surface) {
        const double depth = blob.depth(at);
        const double film = strength * (1.0 - smoothStep(-0.12, 0.06, depth));
        const double rim = strength * std::exp(-std::pow((depth + 0.08) / 0.07, 2.0));
        surface.albedo *= 1.0 - 0.35 * film - 0.25 * rim;
        surface.gloss *= 1.0 - 0.50 * film - 0.20 * rim;
        for (int c = 0; c < 3; ++c)
            surface.tint[c] *= 1.0 - film * (c == 0 ? 0.38 : c == 1 ? 0.17 : 0.04);
    };
    return flaw;
}

/// A piece broken off the rim, with a rough, dull face of fracture.
DemoFlaw chip(DemoShape shape, Random& random)
{
    const auto [rim, outwards] = placeOnRim(shape, random);
    const double radius = random.uniform(0.018, 0.040);
    const cv::Point2d centre = rim + outwards * (0.15 * radius);
    const Blob gap(centre, radius, 0.40, random);
    const std::uint64_t seed = random.next();

    DemoFlaw flaw;
    flaw.centre = centre;
    flaw.radius = gap.reach();
    flaw.apply = [=](const cv::Point2d& at, DemoSurface& surface) {
        const double depth = gap.depth(at);
        const double broken = 1.0 - smoothStep(-0.05, 0.05, depth);
        if (broken <= 0.0)
            return;
        const double x = at.x * 180.0;
        const double y = at.y * 180.0;
        const cv::Point2d rough(smoothNoise(x, y, seed), smoothNoise(x, y, seed + 1));
        surface.slope = surface.slope * (1.0 - broken) + (outwards * -0.9 + rough * 0.8) * broken;
        surface.albedo *= 1.0 - 0.25 * broken;
        surface.gloss *= 1.0 - 0.85 * broken;
        surface.streak *= 1.0 - broken;
        surface.opening = std::max(surface.opening, 1.0 - smoothStep(-0.34, -0.26, depth));
    };
    return flaw;
}

/// A bolt hole that was never drilled; a centre mark may be there.
DemoFlaw missingHole(DemoShape shape, Random& random)
{
    const bool isFlange = shape == DemoShape::Flange;
    const int index = int(random.index(isFlange ? kBolts : bracketHoles().size()));
    const bool isMarked = random.chance(0.5);
    const demo::Hole hole = isFlange ? demo::Hole{boltCentre(index), kBoltRadius} : bracketHoles()[std::size_t(index)];
    const cv::Point2d centre = hole.centre;

    DemoFlaw flaw;
    flaw.centre = centre;
    flaw.radius = hole.radius + 2.0 * kHoleChamfer;
    flaw.missingHole = index;
    flaw.apply = [=](const cv::Point2d& at, DemoSurface& surface) {
        const cv::Point2d from = (at - centre) * (1.0 / 0.0055);
        const double bowl = isMarked ? std::exp(-from.dot(from)) : 0.0;
        surface.slope += from * (2.0 * bowl);
        surface.light *= 1.0 - 0.5 * bowl;
    };
    return flaw;
}

/// A curl of metal left standing on the edge of a hole, partly over it.
DemoFlaw burr(DemoShape shape, Random& random)
{
    const bool isFlange = shape == DemoShape::Flange;
    const bool onBore = isFlange ? random.chance(0.25) : random.chance(0.5);
    const cv::Point2d hole = !isFlange ? bracketHoles()[onBore ? 0 : 1].centre
                             : onBore  ? cv::Point2d(0.0, 0.0)
                                       : boltCentre(int(random.index(kBolts)));
    const double radius = !isFlange ? bracketHoles()[onBore ? 0 : 1].radius : onBore ? kBoreRadius : kBoltRadius;
    // The keyway has no round edge that a burr could sit on.
    const double middle = onBore ? random.uniform(0.0, 0.5 * kTurn) : random.uniform(0.0, kTurn);
    const double halfArc = onBore ? random.uniform(0.15, 0.35) : random.uniform(0.45, 1.1);
    const double width = random.uniform(0.0110, 0.0180);
    const std::uint64_t seed = random.next();

    DemoFlaw flaw;
    flaw.centre = hole + direction(middle) * radius;
    flaw.radius = halfArc * radius + 3.0 * width;
    flaw.apply = [=](const cv::Point2d& at, DemoSurface& surface) {
        const cv::Point2d from = at - hole;
        const double angle = std::remainder(std::atan2(from.y, from.x) - middle, kTurn);
        const double arc = std::abs(angle) / halfArc;
        if (arc >= 1.0)
            return;
        const double ragged = smoothNoise(angle * radius * 260.0, 0.0, seed);
        const double reach = width * (1.0 - arc * arc * arc) * (0.65 + 0.45 * ragged);
        const double offset = demo::length(from) - radius;
        const double lip = 1.0 - smoothStep(0.7, 1.0, std::abs(offset + 0.25 * width) / std::max(reach, 1e-6));
        if (lip <= 0.0)
            return;
        const cv::Point2d outwards = from * (1.0 / std::max(demo::length(from), 1e-9));
        const double fold = smoothNoise(at.x * 330.0, at.y * 330.0, seed + 1);
        surface.opening *= 1.0 - lip;
        surface.slope =
            surface.slope * (1.0 - lip) + (outwards * (-0.5 * offset / width) + direction(4.0 * fold) * 0.45) * lip;
        surface.albedo += (0.36 - surface.albedo) * lip;
        surface.gloss += (1.1 - surface.gloss) * lip;
        surface.light += (1.0 - surface.light) * lip;
        surface.streak *= 1.0 - lip;
    };
    return flaw;
}

/// A fibre lying on the part with its shadow beside it.
DemoFlaw fibre(DemoShape shape, Random& random)
{
    const cv::Point2d start = placeOnFace(shape, random, 0.03);
    const Curve curve(start, random.uniform(0.0, kTurn), random.uniform(0.07, 0.20), 2.4, random);
    const double width = random.uniform(0.0024, 0.0042);
    const std::array<cv::Vec3d, 4> colors{
        {{0.50, 0.24, 0.09}, {0.025, 0.025, 0.03}, {0.06, 0.07, 0.36}, {0.05, 0.20, 0.06}}};
    const cv::Vec3d color = colors[random.index(colors.size())];
    const double opacity = random.uniform(0.55, 0.95);
    const cv::Point2d shadow(0.0022, 0.0030);

    DemoFlaw flaw;
    flaw.centre = curve.middle();
    flaw.radius = curve.radius() + 6.0 * width;
    flaw.apply = [=](const cv::Point2d& at, DemoSurface& surface) {
        const double dark = 1.0 - smoothStep(0.5, 2.2, curve.nearest(at - shadow).distance / width);
        surface.light *= 1.0 - 0.40 * dark;
        const double t = curve.nearest(at).distance / width;
        surface.covered = opacity * (1.0 - smoothStep(0.7, 1.3, t));
        surface.cover = color * (1.15 - 0.4 * t);
    };
    return flaw;
}

/// Chatter: the tool swung and left waves across its marks in one place.
DemoFlaw chatter(DemoShape, Random& random)
{
    const double halfWidth = random.uniform(0.020, 0.038);
    const double radius = random.uniform(0.265, 0.365);
    const double middle = random.uniform(0.0, kTurn);
    const double halfArc = random.uniform(0.14, 0.34);
    const double waves = kTurn / random.uniform(0.0085, 0.013);
    const double slant = random.uniform(-0.6, 0.6);
    const double strength = random.uniform(0.22, 0.42);

    DemoFlaw flaw;
    flaw.centre = direction(middle) * radius;
    flaw.radius = halfArc * (radius + halfWidth) + halfWidth;
    flaw.apply = [=](const cv::Point2d& at, DemoSurface& surface) {
        const double distance = demo::length(at);
        const double angle = std::remainder(std::atan2(at.y, at.x) - middle, kTurn);
        const double across = (distance - radius) / halfWidth;
        const double patch =
            (1.0 - smoothStep(0.45, 1.0, std::abs(across))) * (1.0 - smoothStep(0.5, 1.0, std::abs(angle) / halfArc));
        if (patch <= 0.0)
            return;
        const double wave = std::sin(waves * (angle * radius + slant * (distance - radius)));
        const cv::Point2d around(-at.y / distance, at.x / distance);
        surface.slope += around * (strength * patch * wave);
        surface.light *= 1.0 - 0.10 * patch * (1.0 + wave);
    };
    return flaw;
}

struct Kind
{
    QString name;
    DemoFlaw (*make)(DemoShape, Random&);
};

const std::vector<Kind>& kinds()
{
    static const std::vector<Kind> all{
        {u"scratch"_s, scratch},          {u"dent"_s, dent}, {u"stain"_s, stain}, {u"chip"_s, chip},
        {u"missing_hole"_s, missingHole}, {u"burr"_s, burr}, {u"fibre"_s, fibre}, {u"chatter"_s, chatter}};
    return all;
}

} // namespace

const QStringList& demoFlawKinds(DemoShape shape)
{
    const auto namesFor = [](DemoShape of) {
        QStringList result;
        for (const Kind& kind : kinds()) {
            // Chatter comes from turning.
            if (of == DemoShape::Flange || kind.make != chatter)
                result += kind.name;
        }
        return result;
    };
    static const QStringList flange = namesFor(DemoShape::Flange);
    static const QStringList bracket = namesFor(DemoShape::Bracket);
    return shape == DemoShape::Flange ? flange : bracket;
}

DemoFlaw makeDemoFlaw(const QString& kind, DemoShape shape, Random& random)
{
    return kinds().at(std::size_t(demoFlawKinds(DemoShape::Flange).indexOf(kind))).make(shape, random);
}

} // namespace lynceus
