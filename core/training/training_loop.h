// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/nn/state_dict.h"
#include "core/training/training_control.h"
#include "core/training/training_observer.h"
#include "core/training/training_plan.h"

#include <QtCore/QString>

#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <optional>

namespace lynceus {

/// What a method brings to the training loop.
class TrainingTask
{
public:
    virtual ~TrainingTask() = default;

    virtual torch::nn::Module& network() = 0; ///< that learns; all its weights go into a checkpoint
    virtual torch::optim::Optimizer& optimizer() = 0;

    /// Before the first step of this run; a checkpoint had done `step` of them.
    virtual void begin(int step) = 0;
    /// Gets what step number `step`, from 0, learns from. An Error leaves a checkpoint: who mends it goes on from here.
    virtual void fetch(int step) = 0;
    /// Learns from it: sets gradients, takes the optimizer's step, whose rates are set. `share` of the plan that is
    /// done, 0..1. Returns the loss; a step whose loss is no number must leave the weights alone.
    virtual double learn(int step, double share) = 0;
    /// How good the network is after `step` steps, the more the better; none when it gives no numbers any more.
    virtual std::optional<double> validate(int step) = 0;
    /// A checkpoint was due: for who keeps something of their own.
    virtual void keep() {}

    /// Seconds that the training will take after its last step and validation, by those of a validation.
    virtual double secondsAfterwards(double /*secondsPerValidation*/) const { return 0.0; }
    virtual QString progressText() const { return {}; } ///< what else is to be said of a step
    virtual QString divergedRemedy() const = 0;         ///< a sentence
};

/// Learns step by step: pause, cancel, finishing early, checkpoints, curves, validations and the best state,
/// divergence, and the time budget of the plan. What it does to the weights depends on the task alone, so that a
/// training that was interrupted and goes on from its checkpoint ends with the same weights as one that never stopped,
/// where its steps don't depend on time. On one thread, that of the training; the control may be used from others.
class TrainingLoop
{
public:
    struct Options
    {
        QString checkpointFile; ///< everything needed to go on, at least every two minutes; empty: none is kept
        QString fingerprint;    ///< see TrainingCheckpoint
        int validations = 0; ///< spread over the plan, beside those before the first step and after the last; 0: none
        double from = 0.0;   ///< where the progress stands before the first step
        double to = 1.0;     ///< and after the last
    };

    /// Its time counts from now on.
    TrainingLoop(const TaskContext& context, const TrainingObserver& observer, const TrainingControl& control);

    /// Goes on from the checkpoint where there is one. A network that gives no numbers any more ends it: with a warning
    /// where there is a best state, else with Error(Input) and the task's remedy. Throws Error(Model) when the
    /// checkpoint is another training's, Cancelled.
    void run(TrainingTask& task, TrainingPlan plan, const Options& options);

    // After it:
    int steps() const { return m_done; }
    double secondsPerStep() const { return m_secondsPerStep; }
    const StateDict& best() const { return m_best; } ///< weights that validated best, copies

    /// Seconds spent without those of pauses, with those before the checkpoint.
    double elapsedSeconds() const { return m_secondsBefore + m_clock.ms() / 1000.0 - m_secondsPaused; }

    /// For the person who trains: into the log, the run's record and warnings().
    void warn(const QString& text);
    const QString& warnings() const { return m_warnings; } ///< a line each
    void tell(const QString& name, int step, double value) const;
    void tellEvent(const QString& kind, const QString& detail = {}) const;

private:
    void goOnFromCheckpoint();
    void keepCheckpoint();
    void waitWhilePaused();
    void fetch();
    bool validateAndKeepBest();
    void stopDiverged();
    double progress() const;
    double secondsForSteps() const;

    TaskContext m_context;
    TrainingObserver m_observer;
    TrainingControl m_control;
    Stopwatch m_clock;
    QString m_warnings;

    // While it runs:
    TrainingTask* m_task = nullptr;
    TrainingPlan* m_plan = nullptr;
    Options m_options;
    int m_done = 0;         ///< steps
    double m_lossSum = 0.0; ///< of the curve's next point
    StateDict m_best;
    double m_bestQuality = -1.0;
    int m_validatedAt = -1;
    Stopwatch m_sinceCheckpoint;
    double m_secondsBefore = 0.0; ///< by the training that this one goes on with
    double m_secondsPaused = 0.0;
    double m_secondsPerStep = 0.0;
    double m_secondsPerValidation = 0.0;
    bool m_saidNoCheckpoint = false;
};

} // namespace lynceus
