// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <climits>
#include <cstdint>
#include <functional>

namespace lynceus {

/// How many steps there will be and how fast each one learns; re-planned while it runs when there is a time budget.
class TrainingPlan
{
public:
    /// The learning rate of step number `step`, from 0, of `steps`.
    using Schedule = std::function<double(int step, int steps)>;

    /// `highestRate` of the schedule. `minutes`: the budget, of which there is none at 0; `steps` are then what the
    /// schedule is planned for until the pace is known, and never more than `mostSteps`.
    TrainingPlan(Schedule schedule, double highestRate, int steps, double minutes = 0.0, int mostSteps = INT_MAX);

    int steps() const { return m_steps; }
    bool hasBudget() const { return m_minutes > 0.0; }
    double minutes() const { return m_minutes; }
    double learningRate(int step) const { return m_schedule(step, m_steps); }
    double highestRate() const { return m_highest; }
    /// After `step` steps that took `secondsPerStep` each: as many more as `secondsLeft` allows.
    void fit(int step, double secondsPerStep, double secondsLeft);
    /// Goes on with a plan made before.
    void setSteps(int steps) { m_steps = steps; }
    /// How many of `parts` equal parts are finished after `done` steps.
    int partsDone(int done, int parts) const { return int(std::int64_t(done) * parts / m_steps); }

private:
    Schedule m_schedule;
    double m_highest;
    int m_steps;
    double m_minutes;
    int m_mostSteps;
};

} // namespace lynceus
