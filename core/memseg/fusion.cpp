// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/fusion.h"

#include "core/image/json_fields.h"

#include <opencv2/core.hpp>

#include <algorithm>
#include <cmath>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr double kLogitFloor = -1.0; ///< how sure MemSeg is that a place is good says little
constexpr double kLeastSpread = 1.0; ///< in deviations of good pixels
// What calibrate() can come to; beyond it no defect would reach a threshold, or every good place would.
constexpr double kLeastDeviation = 1e-6;
constexpr double kMost = 1e4;

/// Mean and standard deviation over all pixels of the maps that `of` picks; 0 and 1 when there are none.
template <class Of>
void standardise(const std::vector<BranchMaps>& good, const Of& of, double& mean, double& deviation)
{
    double sum = 0.0;
    double squares = 0.0;
    double count = 0.0;
    for (const BranchMaps& maps : good) {
        const cv::Mat& map = of(maps);
        if (map.empty())
            continue;
        sum += cv::sum(map)[0];
        squares += map.dot(map);
        count += double(map.total());
    }
    mean = count > 0.0 ? sum / count : 0.0;
    const double variance = count > 0.0 ? squares / count - mean * mean : 1.0;
    deviation = variance > kLeastDeviation * kLeastDeviation ? std::sqrt(variance) : 1.0;
}

} // namespace

cv::Mat Fusion::join(const BranchMaps& maps) const
{
    cv::Mat z;
    if (!maps.distance.empty())
        z = (maps.distance - distanceMean) * ((1.0 - weight) / distanceDeviation);
    if (!maps.logit.empty() && weight > 0.0) {
        cv::Mat logit = (maps.logit - logitMean) / logitDeviation;
        logit.setTo(kLogitFloor, logit < kLogitFloor); // cv::max would make a good place of NaN
        logit *= weight;
        z = z.empty() ? logit : cv::Mat(z + logit);
    }
    return z;
}

cv::Mat Fusion::map(const BranchMaps& maps) const
{
    const cv::Mat u = (join(maps) - centre) / spread;
    return 0.5 + 0.5 * (u / (1.0 + cv::abs(u)));
}

void Fusion::calibrate(const std::vector<BranchMaps>& good)
{
    standardise(
        good, [](const BranchMaps& maps) -> const cv::Mat& { return maps.logit; }, logitMean, logitDeviation);
    standardise(
        good, [](const BranchMaps& maps) -> const cv::Mat& { return maps.distance; }, distanceMean, distanceDeviation);
    double sum = 0.0;
    for (const BranchMaps& maps : good) {
        double peak = 0.0;
        cv::minMaxLoc(join(maps), nullptr, &peak);
        sum += peak;
    }
    centre = good.empty() ? 0.0 : sum / double(good.size());
    spread = std::max(kLeastSpread, std::abs(centre));
}

QJsonObject Fusion::toJson() const
{
    return {{u"weight"_s, weight},
            {u"logit_mean"_s, logitMean},
            {u"logit_deviation"_s, logitDeviation},
            {u"distance_mean"_s, distanceMean},
            {u"distance_deviation"_s, distanceDeviation},
            {u"centre"_s, centre},
            {u"spread"_s, spread}};
}

Fusion Fusion::fromJson(const QJsonObject& json)
{
    Fusion fusion;
    fusion.weight = jsonNumber(json, u"weight"_s, 0.0, 1.0);
    fusion.logitMean = jsonNumber(json, u"logit_mean"_s, -kMost, kMost);
    fusion.logitDeviation = jsonNumber(json, u"logit_deviation"_s, kLeastDeviation, kMost);
    fusion.distanceMean = jsonNumber(json, u"distance_mean"_s, -kMost, kMost);
    fusion.distanceDeviation = jsonNumber(json, u"distance_deviation"_s, kLeastDeviation, kMost);
    fusion.centre = jsonNumber(json, u"centre"_s, -kMost, kMost);
    fusion.spread = jsonNumber(json, u"spread"_s, kLeastSpread, kMost);
    return fusion;
}

} // namespace lynceus
