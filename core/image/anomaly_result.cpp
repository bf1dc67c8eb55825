// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/anomaly_result.h"

#include "core/base/error.h"
#include "core/image/json_fields.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

using namespace Qt::StringLiterals;

namespace lynceus {

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

void rejudge(AnomalyResult& result, const Thresholds& thresholds)
{
    result.thresholds = thresholds;
    result.verdict = judge(result.score, thresholds);
    if (!result.map.empty())
        result.regions = findRegions(result.map, thresholds.pixel, thresholds.minRegionArea);
}

} // namespace lynceus
