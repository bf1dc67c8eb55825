// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/data/anomaly_folder.h"
#include "core/memseg/options.h"

#include <cstdint>
#include <vector>

namespace lynceus {

/// What each good image is used for.
struct GoodSplit
{
    std::vector<Sample> memory;   ///< features to compare with
    std::vector<Sample> training; ///< shares images with `memory` when there are many (methods.md 1.5, trap 11)
    std::vector<Sample> heldOut;  ///< validation and calibration; never seen by the network before

    /// Each image once, in order of name.
    std::vector<Sample> all() const;
};

/// Good images below this cannot be split.
inline constexpr int kLeastGoodImages = 4;
/// From this many good images on (without the held-out ones) those in the memory are trained on too.
inline constexpr int kImagesToShareMemory = 60;

/// Those of `good` that options.exclude does not name. Throws Error(Input) for a name that is not among them.
std::vector<Sample> withoutExcluded(const std::vector<Sample>& good, const MemSegOptions& options);

/// Splits what withoutExcluded() leaves by options.seed. Below kImagesToShareMemory the memory takes at most half of
/// the images, so that training sees images that differ from all of it. Throws Error(Input) when there are too few.
GoodSplit splitGoodImages(const std::vector<Sample>& good, const MemSegOptions& options);

/// How many steps there will be and how fast each one learns; re-planned while it runs when there is a time budget.
class TrainingPlan
{
public:
    explicit TrainingPlan(const MemSegOptions& options);

    int steps() const { return m_steps; }
    bool hasBudget() const { return m_fitsBudget; }
    double learningRate(int step) const;
    double highestRate() const { return m_highest; }
    /// After `step` steps that took `secondsPerStep` each: as many more as `secondsLeft` allows, never more than the
    /// options ask for.
    void fit(int step, double secondsPerStep, double secondsLeft);
    /// Goes on with a plan made before.
    void setSteps(int steps) { m_steps = steps; }
    /// How many of `parts` equal parts are finished after `done` steps.
    int partsDone(int done, int parts) const { return int(std::int64_t(done) * parts / m_steps); }

private:
    int m_steps = 0;
    int m_mostSteps = 0;
    bool m_fitsBudget = false;
    bool m_paper = false;
    double m_highest = 0.0;
};

} // namespace lynceus
