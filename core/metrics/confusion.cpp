// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/metrics/confusion.h"

#include "core/base/error.h"
#include "core/metrics/ranking.h"

#include <QtCore/QCoreApplication>

namespace lynceus {

namespace {

double ratio(int part, int whole)
{
    return whole == 0 ? 0.0 : double(part) / whole;
}

} // namespace

double Confusion::overkill() const
{
    return ratio(falsePositive, falsePositive + trueNegative);
}

double Confusion::escape() const
{
    return ratio(falseNegative, falseNegative + truePositive);
}

double Confusion::precision() const
{
    return ratio(truePositive, truePositive + falsePositive);
}

double Confusion::recall() const
{
    return ratio(truePositive, truePositive + falseNegative);
}

double Confusion::f1() const
{
    return ratio(2 * truePositive, 2 * truePositive + falsePositive + falseNegative);
}

double Confusion::balancedError() const
{
    return (overkill() + escape()) / 2.0;
}

Confusion confusionAt(double threshold, const std::vector<double>& scores, const std::vector<bool>& labels)
{
    if (scores.size() != labels.size())
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "There are %1 scores but %2 labels.")
                                          .arg(scores.size())
                                          .arg(labels.size()));
    Confusion counts;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const bool rejected = !(scores[i] < threshold); // a score that is not a number is rejected, as judge() does
        if (labels[i])
            ++(rejected ? counts.truePositive : counts.falseNegative);
        else
            ++(rejected ? counts.falsePositive : counts.trueNegative);
    }
    return counts;
}

BestF1 bestF1(const std::vector<double>& scores, const std::vector<bool>& labels)
{
    const Ranking ranking = rank(scores, labels);
    if (ranking.defective == 0)
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "F1 needs at least one defective image."));
    BestF1 best{ranking.steps.front().score, 0.0};
    for (const RankStep& step : ranking.steps) {
        // 2 TP / (2 TP + FP + FN), with FN = defective - TP
        const double f1 =
            2.0 * double(step.truePositive) / double(step.truePositive + step.falsePositive + ranking.defective);
        if (f1 > best.f1)
            best = {step.score, f1};
    }
    return best;
}

BestBalancedError bestBalancedError(const std::vector<double>& scores, const std::vector<bool>& labels)
{
    const Ranking ranking = rank(scores, labels);
    if (ranking.defective == 0 || ranking.good == 0)
        throw Error(ErrorKind::Input, QCoreApplication::translate(
                                          "core", "A balanced error needs good and defective images; there are %1 good "
                                                  "and %2 defective.")
                                          .arg(ranking.good)
                                          .arg(ranking.defective));
    // Passing everything is as bad as rejecting everything, the last step: half.
    BestBalancedError best{ranking.steps.front().score, 1.0};
    for (const RankStep& step : ranking.steps) {
        const double overkill = double(step.falsePositive) / double(ranking.good);
        const double escape = double(ranking.defective - step.truePositive) / double(ranking.defective);
        const double error = (overkill + escape) / 2.0;
        if (error < best.error)
            best = {step.score, error};
    }
    return best;
}

} // namespace lynceus
