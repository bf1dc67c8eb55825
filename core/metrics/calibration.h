// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <vector>

namespace lynceus {

/// A threshold from good images alone.
struct GoodCalibration
{
    double threshold = 0.0;  ///< a little above the quantile, never below any tolerated good score
    double overkill = 0.0;   ///< the rate asked for
    double upperBound = 0.0; ///< "at most this overkill on parts like these" at `confidence`, exact binomial
    double confidence = 0.95;
    int images = 0;
    /// True when there are too few images to support the asked rate at the confidence. Then as many of them are
    /// tolerated above the threshold as the rate itself says (one of 150 at 0.01, none of 42), and it lies above the
    /// others by a margin taken from the spread of the upper scores.
    bool extrapolated = false;
};

/// Threshold so that at most the share `overkill` of good parts is rejected. Needs at least one finite score; throws
/// Error(Input) otherwise. Never the lowest score, whatever the input: at least (1 - overkill) of the given images
/// pass.
GoodCalibration thresholdFromGood(std::vector<double> goodScores, double overkill = 0.01, double confidence = 0.95);

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
