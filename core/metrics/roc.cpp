// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/metrics/roc.h"

#include "core/base/error.h"
#include "core/metrics/pixel_scores.h"
#include "core/metrics/ranking.h"

#include <QtCore/QCoreApplication>

#include <cstdint>
#include <limits>

namespace lynceus {

namespace {

void requireBothClasses(std::size_t defective, std::size_t good, const QString& of)
{
    if (defective == 0 || good == 0)
        throw Error(ErrorKind::Input, QCoreApplication::translate(
                                          "core", "The ROC of %1 needs good and defective ones; there are %2 good "
                                                  "and %3 defective.")
                                          .arg(of)
                                          .arg(good)
                                          .arg(defective));
}

} // namespace

RocCurve rocCurve(const std::vector<double>& scores, const std::vector<bool>& labels)
{
    const Ranking ranking = rank(scores, labels);
    requireBothClasses(ranking.defective, ranking.good, QCoreApplication::translate("core", "images"));
    RocCurve curve{{std::numeric_limits<double>::infinity()}, {0.0}, {0.0}};
    for (const RankStep& step : ranking.steps) {
        curve.threshold.push_back(step.score);
        curve.fpr.push_back(double(step.falsePositive) / double(ranking.good));
        curve.tpr.push_back(double(step.truePositive) / double(ranking.defective));
    }
    return curve;
}

double auroc(const std::vector<double>& scores, const std::vector<bool>& labels)
{
    const Ranking ranking = rank(scores, labels);
    requireBothClasses(ranking.defective, ranking.good, QCoreApplication::translate("core", "images"));
    // Counted in whole pairs, twice, so that ties (half a pair) stay exact.
    std::uint64_t twice = 0;
    std::size_t fp = 0;
    std::size_t tp = 0;
    for (const RankStep& step : ranking.steps) {
        twice += std::uint64_t(step.falsePositive - fp) * (step.truePositive + tp);
        fp = step.falsePositive;
        tp = step.truePositive;
    }
    return double(twice) / 2.0 / double(ranking.good) / double(ranking.defective);
}

double pixelAuroc(const std::vector<cv::Mat>& maps, const std::vector<cv::Mat>& masks)
{
    const PixelScores scores = sortPixelScores(maps, masks);
    requireBothClasses(scores.defective.size(), scores.good.size(), QCoreApplication::translate("core", "pixels"));
    std::uint64_t twice = 0;
    std::size_t good = 0;
    for (std::size_t defective = 0; defective < scores.defective.size();) {
        const std::uint32_t key = PixelScores::key(scores.defective[defective]);
        while (good < scores.good.size() && scores.good[good] < key)
            ++good;
        std::size_t tiedGood = good;
        while (tiedGood < scores.good.size() && scores.good[tiedGood] == key)
            ++tiedGood;
        std::size_t next = defective;
        while (next < scores.defective.size() && PixelScores::key(scores.defective[next]) == key)
            ++next;
        const std::uint64_t beaten = scores.good.size() - tiedGood;
        twice += std::uint64_t(next - defective) * (2 * beaten + (tiedGood - good));
        defective = next;
    }
    return double(twice) / 2.0 / double(scores.good.size()) / double(scores.defective.size());
}

double averagePrecision(const std::vector<double>& scores, const std::vector<bool>& labels)
{
    const Ranking ranking = rank(scores, labels);
    if (ranking.defective == 0)
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "Average precision needs at least one defective image."));
    double sum = 0.0;
    std::size_t tp = 0;
    for (const RankStep& step : ranking.steps) {
        sum +=
            double(step.truePositive - tp) * double(step.truePositive) / double(step.truePositive + step.falsePositive);
        tp = step.truePositive;
    }
    return sum / double(ranking.defective);
}

} // namespace lynceus
