// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/anomaly_result.h"

#include "core/base/error.h"
#include "core/image/json_fields.h"

#include <QtCore/QCoreApplication>

#include <opencv2/core.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr double kMostRegionPixels = 8.0 * 1024 * 1024;

/// Not more than kMostRegionPixels, in the same proportions.
cv::Size sizeForRegions(cv::Size source)
{
    const double pixels = double(source.width) * source.height;
    if (pixels <= kMostRegionPixels)
        return source;
    const double scale = std::sqrt(kMostRegionPixels / pixels);
    return {std::max(1, int(source.width * scale)), std::max(1, int(source.height * scale))};
}

/// Minus infinity when there is no number in it.
float peakOf(const cv::Mat& map)
{
    float peak = -std::numeric_limits<float>::infinity();
    for (int y = 0; y < map.rows; ++y) {
        const float* row = map.ptr<float>(y);
        for (int x = 0; x < map.cols; ++x)
            peak = row[x] > peak ? row[x] : peak;
    }
    return peak;
}

std::vector<Region> largest(std::vector<Region> regions)
{
    const auto found = std::max_element(regions.begin(), regions.end(),
                                        [](const Region& a, const Region& b) { return a.area < b.area; });
    return found == regions.end() ? std::vector<Region>() : std::vector<Region>{*found};
}

} // namespace

QString verdictName(Verdict verdict)
{
    switch (verdict) {
    case Verdict::Ok:
        return u"OK"_s;
    case Verdict::Review:
        return u"Review"_s;
    case Verdict::Ng:
        break;
    }
    return u"NG"_s;
}

Verdict verdictFromName(const QString& name)
{
    for (const Verdict verdict : {Verdict::Ok, Verdict::Review, Verdict::Ng}) {
        if (name == verdictName(verdict))
            return verdict;
    }
    throw Error(ErrorKind::Format,
                QCoreApplication::translate("core", "\"%1\" is not a verdict; OK, Review and NG are.").arg(name));
}

QJsonObject Thresholds::toJson() const
{
    return {{u"score"_s, score}, {u"review"_s, review}, {u"pixel"_s, pixel}, {u"min_region_area"_s, minRegionArea}};
}

Thresholds Thresholds::fromJson(const QJsonObject& json)
{
    Thresholds result;
    result.score = jsonNumber(json, u"score"_s, 0.0, 1.0);
    result.review = jsonNumber(json, u"review"_s, 0.0, 1.0);
    result.pixel = jsonNumber(json, u"pixel"_s, 0.0, 1.0);
    result.minRegionArea = jsonNumber(json, u"min_region_area"_s);
    if (result.review > result.score) {
        throw Error(ErrorKind::Format,
                    QCoreApplication::translate("core", "The review threshold %1 is above the NG threshold %2.")
                        .arg(result.review)
                        .arg(result.score));
    }
    if (result.minRegionArea < 0.0) {
        throw Error(ErrorKind::Format,
                    QCoreApplication::translate("core", "The smallest region area is %1; it can't be negative.")
                        .arg(result.minRegionArea));
    }
    return result;
}

bool Thresholds::operator==(const Thresholds& other) const
{
    return score == other.score && review == other.review && pixel == other.pixel &&
           minRegionArea == other.minRegionArea;
}

Thresholds withScore(const Thresholds& thresholds, double score)
{
    Thresholds moved = thresholds;
    moved.score = score;
    moved.review = std::min(score, std::max(0.0, score - (thresholds.score - thresholds.review)));
    const double pixel = thresholds.score > 0.0 ? thresholds.pixel * (score / thresholds.score) : score;
    moved.pixel = std::min(score, pixel);
    return moved;
}

Verdict judge(double score, const Thresholds& thresholds)
{
    if (!(score < thresholds.score))
        return Verdict::Ng;
    return score < thresholds.review ? Verdict::Ok : Verdict::Review;
}

double imageScore(const cv::Mat& map)
{
    if (map.empty())
        return std::numeric_limits<double>::quiet_NaN();
    if (map.type() != CV_32FC1)
        throw Error(ErrorKind::Internal, QCoreApplication::translate("core", "A map of another type was given."));
    std::vector<float> values;
    values.reserve(map.total());
    for (int y = 0; y < map.rows; ++y)
        values.insert(values.end(), map.ptr<float>(y), map.ptr<float>(y) + map.cols);
    // NaN has no place in an order, and a map with one must not pass as good.
    if (std::any_of(values.begin(), values.end(), [](float value) { return std::isnan(value); }))
        return std::numeric_limits<double>::quiet_NaN();

    const std::size_t count = std::min(std::size_t(kScorePixels), values.size());
    const auto end = values.begin() + std::ptrdiff_t(count);
    std::nth_element(values.begin(), end - 1, values.end(), std::greater<>());
    return std::accumulate(values.begin(), end, 0.0) / double(count);
}

cv::Size AnomalyResult::sourceSize() const
{
    return geometry.source().empty() ? map.size() : geometry.source();
}

cv::Mat AnomalyResult::mapAt(cv::Size size) const
{
    cv::Mat result = geometry.mapAt(map, size);
    // A resize may overshoot by rounding; the scale of maps is fixed.
    cv::min(result, 1.0, result);
    cv::max(result, 0.0, result);
    return result;
}

double regionLimit(const AnomalyResult& result, const cv::Mat& map)
{
    if (result.verdict == Verdict::Ok)
        return std::numeric_limits<double>::infinity();
    const Thresholds& thresholds = result.thresholds;
    const float peak = peakOf(map);
    double limit = thresholds.pixel;
    if (result.verdict == Verdict::Review)
        limit = std::min(limit, thresholds.review);
    else if (peak < float(limit))
        limit = std::min(limit, thresholds.score);
    return std::min(limit, double(peak));
}

void rejudge(AnomalyResult& result, const Thresholds& thresholds)
{
    result.thresholds = thresholds;
    result.verdict = judge(result.score, thresholds);
    if (!result.problem.isEmpty())
        result.verdict = Verdict::Ng;
    const bool hasRegions = result.verdict != Verdict::Ok && result.problem.isEmpty();
    if (!hasRegions)
        result.regions.clear();
    if (!hasRegions || result.map.empty())
        return;
    const cv::Size source = result.sourceSize();
    const cv::Size size = sizeForRegions(source);
    const double pixelArea = (double(source.width) / size.width) * (double(source.height) / size.height);
    const cv::Mat map = result.mapAt(size);
    const double limit = regionLimit(result, map);
    result.regions = findRegions(map, limit, thresholds.minRegionArea / pixelArea);
    if (result.regions.empty())
        result.regions = largest(findRegions(map, limit, 0.0));
    if (size != source)
        scaleRegions(result.regions, size, source);
}

} // namespace lynceus
