// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <vector>

namespace lynceus {

/// Counts of what lies at or above one score.
struct RankStep
{
    double score = 0.0;
    std::size_t truePositive = 0;
    std::size_t falsePositive = 0;
};

/// Labelled scores swept from the largest to the smallest, one step for each distinct score: what every threshold
/// metric is made from.
struct Ranking
{
    std::vector<RankStep> steps;
    std::size_t defective = 0;
    std::size_t good = 0;
};

/// Throws Error(Input) when the sizes differ, nothing is given, or a score is not a number.
Ranking rank(const std::vector<double>& scores, const std::vector<bool>& labels);

} // namespace lynceus
