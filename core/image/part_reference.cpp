// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/part_reference.h"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace lynceus {

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr int kLevels = 3;
constexpr int kCoarseSteps = 10;
constexpr int kFineSteps = 6;
constexpr int kAngles = 512;
constexpr int kRings = 32;
/// Turns that are this near are the same one.
constexpr int kSameTurn = kAngles / 36;
/// Slower changes along a circle are mostly light, which does not turn with the part; they count less.
constexpr int kSlow = 6;
/// Harmonics of more than this many times the mean power are damped.
constexpr double kStrong = 20.0;

/// The pixel of `grey`'s level `level` that a source point lies at.
cv::Point2d toLevel(const GreyPyramid& grey, std::size_t level, const cv::Point2d& source)
{
    const double shift = 0.5 * (grey.factor - 1);
    const double step = grey.factor * double(1 << level);
    return {(source.x - shift) / step, (source.y - shift) / step};
}

/// The level of `grey` to read when neighbouring samples lie `step` source pixels apart.
std::size_t levelFor(const GreyPyramid& grey, double step)
{
    std::size_t level = 0;
    while (level + 1 < grey.levels.size() && step / grey.factor > 1.5 * double(1 << level))
        ++level;
    return level;
}

double weightedMean(const cv::Mat& image, const cv::Mat& weight)
{
    return image.dot(weight);
}

} // namespace

cv::Point2d Similarity::apply(const cv::Point2d& upright) const
{
    const double y = mirrored ? -upright.y : upright.y;
    const double c = scale * std::cos(angle);
    const double s = scale * std::sin(angle);
    return {at.x + c * upright.x - s * y, at.y + s * upright.x + c * y};
}

GreyPyramid makeGreyPyramid(const cv::Mat& grey, int factor)
{
    constexpr int kSmallest = 24;
    GreyPyramid pyramid{{grey}, factor};
    while (pyramid.levels.size() < 4 &&
           std::min(pyramid.levels.back().cols, pyramid.levels.back().rows) >= 2 * kSmallest) {
        cv::Mat half;
        cv::pyrDown(pyramid.levels.back(), half, cv::Size(), cv::BORDER_REPLICATE);
        pyramid.levels.push_back(half);
    }
    return pyramid;
}

PartReference::PartReference(const cv::Mat& picture, double resolution)
    : m_picture(picture.clone())
    , m_resolution(resolution)
{
    cv::Mat channels[2];
    cv::split(picture, channels);
    cv::Mat grey;
    cv::Mat weight;
    channels[0].convertTo(grey, CV_32F);
    channels[1].convertTo(weight, CV_32F);
    for (int i = 0; i < kLevels; ++i) {
        const double share = 1.0 / double(1 << i);
        const cv::Size size(std::max(8, int(std::lround(picture.cols * share))),
                            std::max(8, int(std::lround(picture.rows * share))));
        cv::Mat smallGrey;
        cv::Mat smallWeight;
        cv::resize(grey, smallGrey, size, 0, 0, cv::INTER_AREA);
        cv::resize(weight, smallWeight, size, 0, 0, cv::INTER_AREA);
        m_levels.push_back(makeLevel(smallGrey, smallWeight, resolution * share));
    }
    const Level& finest = m_levels.front();
    const double outer = 0.5 * std::max(picture.cols, picture.rows);
    m_ringX.create(kRings, kAngles, CV_32F);
    m_ringY.create(kRings, kAngles, CV_32F);
    for (int ring = 0; ring < kRings; ++ring) {
        const double radius = outer * (ring + 1.0) / kRings;
        for (int i = 0; i < kAngles; ++i) {
            const double angle = 2.0 * kPi * i / kAngles;
            m_ringX.at<float>(ring, i) = float(finest.centre.x + radius * std::cos(angle));
            m_ringY.at<float>(ring, i) = float(finest.centre.y + radius * std::sin(angle));
        }
    }
    // A repeated pattern, such as a circle of holes, must not drown the one hole that tells the turns apart: strong
    // harmonics are damped.
    m_gains.assign(kAngles / 2 + 1, 1.0);
    m_rings = ringSpectra(finest.grey);
    std::vector<double> powers;
    for (int k = 0; k <= kAngles / 2; ++k)
        powers.push_back(std::pow(cv::norm(m_rings.col(k)), 2.0));
    double mean = 0.0;
    for (int k = kSlow; k <= kAngles / 2; ++k)
        mean += powers[std::size_t(k)] / (kAngles / 2 + 1 - kSlow);
    for (int k = 0; k <= kAngles / 2; ++k) {
        const double slow = std::min(1.0, double(k) / kSlow);
        m_gains[std::size_t(k)] = slow * slow / std::sqrt(powers[std::size_t(k)] + kStrong * mean + 1e-12);
    }
    m_rings = ringSpectra(finest.grey);
}

/// Spectra over the angle; circles count by their length, and only those that meet the part.
cv::Mat PartReference::ringSpectra(const cv::Mat& upright) const
{
    cv::Mat rings;
    cv::remap(upright, rings, m_ringX, m_ringY, cv::INTER_LINEAR, cv::BORDER_CONSTANT);
    cv::Mat weights;
    cv::remap(m_levels.front().weight, weights, m_ringX, m_ringY, cv::INTER_NEAREST, cv::BORDER_CONSTANT);
    cv::Mat spectra;
    cv::dft(rings, spectra, cv::DFT_ROWS | cv::DFT_COMPLEX_OUTPUT);
    for (int ring = 0; ring < kRings; ++ring) {
        const bool meetsPart = cv::countNonZero(weights.row(ring)) > 0;
        spectra.row(ring) *= meetsPart ? std::sqrt(ring + 1.0) : 0.0;
    }
    for (int k = 0; k < kAngles; ++k)
        spectra.col(k) *= m_gains[std::size_t(std::min(k, kAngles - k))];
    return spectra;
}

PartReference::Level PartReference::makeLevel(const cv::Mat& grey, const cv::Mat& weight, double resolution)
{
    Level level;
    level.resolution = resolution;
    level.centre = {0.5 * (grey.cols - 1), 0.5 * (grey.rows - 1)};
    level.weight = weight / std::max(cv::sum(weight)[0], 1e-9);
    level.grey = grey - weightedMean(grey, level.weight);
    const double variance = level.grey.mul(level.grey).dot(level.weight);
    level.grey /= std::sqrt(std::max(variance, 1e-12));

    cv::Mat across;
    cv::Mat down;
    cv::Scharr(level.grey, across, CV_32F, 1, 0, 1.0 / 32.0);
    cv::Scharr(level.grey, down, CV_32F, 0, 1, 1.0 / 32.0);
    level.slopes.create(grey.size(), CV_32FC4);
    level.curvature = cv::Matx44d::zeros();
    for (int y = 0; y < grey.rows; ++y) {
        const auto* gx = across.ptr<float>(y);
        const auto* gy = down.ptr<float>(y);
        const auto* w = level.weight.ptr<float>(y);
        auto* slopes = level.slopes.ptr<cv::Vec4f>(y);
        const auto dy = float(y - level.centre.y);
        for (int x = 0; x < grey.cols; ++x) {
            const auto dx = float(x - level.centre.x);
            const cv::Vec4f slope(gy[x] * dx - gx[x] * dy, gx[x] * dx + gy[x] * dy, gx[x], gy[x]);
            for (int i = 0; i < 4; ++i) {
                for (int j = 0; j < 4; ++j)
                    level.curvature(i, j) += double(w[x]) * double(slope[i]) * double(slope[j]);
            }
            slopes[x] = slope * w[x];
        }
    }
    return level;
}

cv::Mat PartReference::sample(const GreyPyramid& grey, const Similarity& pose, cv::Size size, double resolution)
{
    const std::size_t from = levelFor(grey, pose.scale / resolution);
    const auto place = [&](double x, double y) {
        const cv::Point2d upright((x - 0.5 * (size.width - 1)) / resolution,
                                  (y - 0.5 * (size.height - 1)) / resolution);
        return toLevel(grey, from, pose.apply(upright));
    };
    const cv::Point2d origin = place(0.0, 0.0);
    const cv::Point2d right = place(1.0, 0.0) - origin;
    const cv::Point2d down = place(0.0, 1.0) - origin;
    const cv::Matx23d map(right.x, down.x, origin.x, right.y, down.y, origin.y);
    cv::Mat result;
    cv::warpAffine(grey.levels[from], result, map, size, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP, cv::BORDER_CONSTANT);
    return result;
}

PartReference::Turn PartReference::bestTurn(const GreyPyramid& grey, const Similarity& pose) const
{
    const cv::Mat rings = ringSpectra(sample(grey, pose, m_levels.front().grey.size(), m_resolution));
    cv::Mat products;
    cv::mulSpectrums(rings, m_rings, products, cv::DFT_ROWS, true);
    cv::Mat sum;
    cv::reduce(products, sum, 0, cv::REDUCE_SUM);
    cv::Mat correlation;
    cv::dft(sum, correlation, cv::DFT_INVERSE | cv::DFT_REAL_OUTPUT);
    correlation /= std::max(cv::norm(rings) * cv::norm(m_rings), 1e-9);

    Turn result;
    cv::Point at;
    cv::minMaxLoc(correlation, nullptr, &result.match, nullptr, &at);
    const auto value = [&](int i) { return double(correlation.at<float>((at.x + i + kAngles) % kAngles)); };
    const double bend = value(-1) - 2.0 * value(0) + value(1);
    const double peak = bend < 0.0 ? 0.5 * (value(-1) - value(1)) / bend : 0.0;
    result.angle = std::remainder(2.0 * kPi * (at.x + peak) / kAngles, 2.0 * kPi) * (pose.mirrored ? -1.0 : 1.0);
    double next = -1.0;
    for (int i = kSameTurn; i <= kAngles - kSameTurn; ++i)
        next = std::max(next, value(i));
    result.margin = std::max(result.match - next, 0.0);
    return result;
}

PartReference::Fit PartReference::refine(const Level& level, const GreyPyramid& grey, const Similarity& start,
                                         Freedom freedom, int steps)
{
    // Inverse compositional Gauss-Newton (Baker and Matthews 2004) on grey values that are normalised in each step.
    constexpr double kSettled = 0.01;
    cv::Matx44d curvature = level.curvature;
    const auto freeze = [&](int parameter) {
        for (int i = 0; i < 4; ++i) {
            curvature(i, parameter) = 0.0;
            curvature(parameter, i) = 0.0;
        }
        curvature(parameter, parameter) = 1.0;
    };
    if (!freedom.angle)
        freeze(0);
    if (!freedom.scale)
        freeze(1);
    for (int i = 0; i < 4; ++i)
        curvature(i, i) += 1e-9 + 1e-6 * curvature(i, i);
    const cv::Matx44d inverse = curvature.inv(cv::DECOMP_CHOLESKY);
    const double reach = 0.5 * std::max(level.grey.cols, level.grey.rows);

    Fit best{start, -1.0};
    Similarity pose = start;
    for (int step = 0; step <= steps; ++step) {
        cv::Mat patch = sample(grey, pose, level.grey.size(), level.resolution);
        patch -= weightedMean(patch, level.weight);
        const double variance = patch.mul(patch).dot(level.weight);
        if (variance < 1e-6)
            break;
        const double deviation = std::sqrt(variance);
        const double likeness = patch.mul(level.grey).dot(level.weight) / deviation;
        if (likeness > best.likeness)
            best = {pose, likeness};
        if (step == steps)
            break;
        // The gain is the one that fits best, so that glints and shadows of this picture do not drive the pose.
        patch = patch * (likeness / deviation) - level.grey * (likeness * likeness);
        cv::Vec4d sum;
        for (int y = 0; y < patch.rows; ++y) {
            const auto* error = patch.ptr<float>(y);
            const auto* slopes = level.slopes.ptr<cv::Vec4f>(y);
            cv::Vec4f row(0.0F, 0.0F, 0.0F, 0.0F);
            for (int x = 0; x < patch.cols; ++x)
                row += slopes[x] * error[x];
            sum += row;
        }
        if (!freedom.angle)
            sum[0] = 0.0;
        if (!freedom.scale)
            sum[1] = 0.0;
        const cv::Vec4d change = inverse * sum * (1.0 / std::max(likeness * likeness, 0.05));
        const double turn = std::clamp(change[0], -0.1, 0.1);
        const double growth = std::clamp(change[1], -0.05, 0.05);
        cv::Point2d shift(change[2], change[3]);
        const double most = 0.08 * 2.0 * reach;
        const double length = std::hypot(shift.x, shift.y);
        if (length > most)
            shift *= most / length;
        pose.angle += pose.mirrored ? turn : -turn;
        pose.scale /= 1.0 + growth;
        Similarity linear = pose;
        linear.at = {0.0, 0.0};
        pose.at -= linear.apply(shift * (1.0 / level.resolution));
        if (std::max({std::abs(turn) * reach, std::abs(growth) * reach, length}) < kSettled)
            steps = step + 1;
    }
    return best;
}

PartReference::Fit PartReference::refineCoarsely(const GreyPyramid& grey, const Similarity& start,
                                                 Freedom freedom) const
{
    return refine(m_levels.back(), grey, start, freedom, kCoarseSteps);
}

PartReference::Fit PartReference::refine(const GreyPyramid& grey, const Similarity& start, Freedom freedom) const
{
    Fit fit{start, -1.0};
    for (std::size_t level = m_levels.size() - 1; level-- > 0;)
        fit = refine(m_levels[level], grey, fit.pose, freedom, kFineSteps);
    return fit;
}

} // namespace lynceus
