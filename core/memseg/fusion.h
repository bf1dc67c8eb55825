// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QJsonObject>

#include <opencv2/core/mat.hpp>

#include <vector>

namespace lynceus {

/// What the two branches say of one image, CV_32F at network size; one of them may be empty.
struct BranchMaps
{
    cv::Mat logit;    ///< MemSeg's defect logit less its good logit
    cv::Mat distance; ///< to the nearest good place, blurred
};

/// How MemSeg's logit and the nearest-good distance become one map on the fixed scale. Both are standardised over good
/// pixels that no branch has learnt from: z = weight * max(z_logit, -1) + (1 - weight) * z_distance. The scale is
/// 1/2 + 1/2 * u / (1 + |u|) with u = (z - centre) / spread, which never saturates, so no two scores tie by rounding.
/// NaN in either map stays NaN.
struct Fusion
{
    double weight = 0.0; ///< of MemSeg's logit, 0..1
    double logitMean = 0.0;
    double logitDeviation = 1.0;
    double distanceMean = 0.0;
    double distanceDeviation = 1.0;
    double centre = 0.0; ///< z that is 1/2 on the scale: the height of the peaks of good images
    double spread = 1.0;

    /// z, on no scale yet.
    cv::Mat join(const BranchMaps& maps) const;
    /// 0..1.
    cv::Mat map(const BranchMaps& maps) const;

    QJsonObject toJson() const;
    static Fusion fromJson(const QJsonObject& json); ///< throws Error(Format) naming the key, also on absurd values

    /// Standardises over the good images' pixels and sets the scale by their peaks. The weight stays.
    void calibrate(const std::vector<BranchMaps>& good);
};

} // namespace lynceus
