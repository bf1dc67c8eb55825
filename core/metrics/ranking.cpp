// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/metrics/ranking.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lynceus {

Ranking rank(const std::vector<double>& scores, const std::vector<bool>& labels)
{
    if (scores.size() != labels.size())
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "There are %1 scores but %2 labels.")
                                          .arg(scores.size())
                                          .arg(labels.size()));
    if (scores.empty())
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "There are no scores to evaluate."));
    const auto nan = std::find_if(scores.begin(), scores.end(), [](double score) { return std::isnan(score); });
    if (nan != scores.end())
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "Score %1 is not a number.")
                                          .arg(std::distance(scores.begin(), nan) + 1));

    std::vector<std::size_t> order(scores.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::sort(order.begin(), order.end(), [&scores](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });

    Ranking ranking;
    for (const std::size_t i : order) {
        if (ranking.steps.empty() || ranking.steps.back().score != scores[i])
            ranking.steps.push_back({scores[i], ranking.defective, ranking.good});
        (labels[i] ? ranking.defective : ranking.good) += 1;
        ranking.steps.back().truePositive = ranking.defective;
        ranking.steps.back().falsePositive = ranking.good;
    }
    return ranking;
}

} // namespace lynceus
