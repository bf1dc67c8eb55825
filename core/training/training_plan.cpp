// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/training/training_plan.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace lynceus {

namespace {

/// A budget too small for anything still trains this long, so that there is a network to look at.
constexpr int kLeastSteps = 10;

} // namespace

TrainingPlan::TrainingPlan(Schedule schedule, double highestRate, int steps, double minutes, int mostSteps)
    : m_schedule(std::move(schedule))
    , m_highest(highestRate)
    , m_steps(steps)
    , m_minutes(minutes)
    , m_mostSteps(mostSteps)
{
}

void TrainingPlan::fit(int step, double secondsPerStep, double secondsLeft)
{
    const double more = std::max(0.0, std::floor(secondsLeft / secondsPerStep));
    const double planned = std::max(double(std::max(step, kLeastSteps)), step + more);
    m_steps = int(std::min(planned, double(m_mostSteps)));
}

} // namespace lynceus
