// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QJsonObject>
#include <QtCore/QString>

#include <cstddef>
#include <vector>

namespace lynceus {

/// The share of good parts that a model rejects unless told otherwise. On every set that was measured the sum of
/// overkill and escapes is lowest between two and five in a hundred, and a hundred good images are enough to know it
/// (docs/memseg.md, Thresholds).
inline constexpr double kDefaultOverkill = 0.03;
/// The share of good parts that lie in the review band or above it, where there is one.
inline constexpr double kReviewShare = 0.08;

/// Limits from the scores of good images alone.
struct GoodCalibration
{
    double threshold = 0.0;  ///< at or above: NG
    double review = 0.0;     ///< the same for kReviewShare of good parts; never above `threshold`
    double overkill = 0.0;   ///< the share asked for
    double expected = 0.0;   ///< the share of good parts to expect at or above `threshold`: "about 2 %"
    double upperBound = 0.0; ///< "at most this overkill on parts like these" at `confidence`, exact binomial
    double confidence = 0.95;
    int images = 0;   ///< all of them
    int rejected = 0; ///< of these: at or above `threshold`
    /// False when there are too few images for the share asked for: then only the highest score can be the limit, and
    /// `expected` is one in images + 1.
    bool supported = false;
    /// Indices of scores far from all others (and of those that are no number), highest first. Where they are as many as
    /// may be rejected, the others alone set the limits: at their highest, and with twice as many at the share asked
    /// for. The promise counts odd ones as good parts that are rejected.
    std::vector<std::size_t> odd;

    /// As a model's info and reports hold it: kind "good", images, overkill, expected, upper_bound, confidence,
    /// supported, rejected.
    QJsonObject toJson() const;
};

/// What such a calibration promises, for a person: "about 2 % of good parts are rejected, at most 4.6 % (95 %
/// confidence, 209 good images)", and what to do where there were too few images. Empty for other kinds of calibration.
QString overkillPromise(const QJsonObject& calibration);

/// Takes over from the calibration that `calibration` replaces what stays true of the model: good_scores, odd.
void keepGoodScores(QJsonObject& calibration, const QJsonObject& before);

/// The threshold above which the share `overkill` of good parts lies: the order statistic of the scores at
/// (n + 1) (1 - overkill), interpolated, and at most just above the highest, for what no good image showed can't be
/// known. The scores must be of images that the model was not made from, or left-out ones. Needs at least one finite
/// score; throws Error(Input) otherwise. Never the lowest score, whatever the input.
GoodCalibration thresholdFromGood(const std::vector<double>& goodScores, double overkill = kDefaultOverkill,
                                  double confidence = 0.95);

/// A threshold from costs, when defective images exist too.
struct CostCalibration
{
    double threshold = 0.0;
    double expectedCost = 0.0; ///< for one part
    double overkill = 0.0;
    double escape = 0.0;
};

/// Smallest expected cost for one part: (1-p) * overkill * costOverkill + p * escape * costEscape with `p` the share of
/// defective parts on the line. Between equally good thresholds the middle of the widest gap is taken.
CostCalibration thresholdFromCosts(const std::vector<double>& goodScores, const std::vector<double>& defectiveScores,
                                   double costOverkill, double costEscape, double defectiveShare);

/// Exact (Clopper-Pearson) one-sided upper bound of a rate after `events` in `trials`; 1 when there were no trials.
/// With 0 events in 60 trials at 0.95: 0.0487.
double rateUpperBound(int events, int trials, double confidence = 0.95);

/// The value below which the share `q` (0..1) of `values` lies, linear interpolation; throws Error(Input) when empty.
double quantile(std::vector<double> values, double q);

} // namespace lynceus
