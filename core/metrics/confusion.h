// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <vector>

namespace lynceus {

/// Counts at one threshold; a score >= threshold is judged defective.
struct Confusion
{
    int truePositive = 0;  ///< defective, rejected
    int falsePositive = 0; ///< good, rejected: overkill
    int trueNegative = 0;  ///< good, passed
    int falseNegative = 0; ///< defective, passed: escape

    double overkill() const; ///< false positives / good; 0 when there are none
    double escape() const;   ///< false negatives / defective; 0 when there are none
    double precision() const;
    double recall() const;
    double f1() const;
    double balancedError() const; ///< mean of overkill and escape
};

Confusion confusionAt(double threshold, const std::vector<double>& scores, const std::vector<bool>& labels);

/// The threshold with the largest F1 and that F1; on ties the largest threshold.
struct BestF1
{
    double threshold = 0.0;
    double f1 = 0.0;
};
BestF1 bestF1(const std::vector<double>& scores, const std::vector<bool>& labels);

/// The threshold with the smallest balanced error and that error; on ties the largest threshold. Good and defective
/// images are needed, else throws Error(Input).
struct BestBalancedError
{
    double threshold = 0.0;
    double error = 0.0;
};
BestBalancedError bestBalancedError(const std::vector<double>& scores, const std::vector<bool>& labels);

} // namespace lynceus
