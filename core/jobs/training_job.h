// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/jobs/job.h"
#include "core/memseg/options.h"
#include "core/memseg/trainer.h"

#include <functional>

namespace lynceus {

class Database;
class RunLock;
class RunStore;

/// Trains MemSeg on a folder, keeps the run with its curves, events and pictures in the database and leaves a model
/// file. Beside that lies `<model>.checkpoint` meanwhile; it stays when the training fails or its process is killed, so
/// that the run can be continued, and goes when the training ends well or is cancelled (unless its control says to keep
/// it: then the run counts as interrupted). Throws Error(Input) when another training is at work on the model file.
class TrainingJob final : public Job
{
public:
    struct Request
    {
        QString folder;
        MemSegOptions options;
        QString encoderFile; ///< resolved; empty for a random encoder
        QString modelFile;
        QString name; ///< of the run; empty: made from folder and time
        TrainingControl control;
        /// Compile the model at the end for OpenVINO's engines, where there are any (memseg/compile); what
        /// goes wrong then is a warning.
        bool compileEngines = false;
        QString cacheFolder; ///< for that; see CompileOptions
        /// Continue this run instead: all of the above but the control comes from its record. Throws Error(Input) when
        /// it ended by itself, or when its folder or checkpoint is gone.
        qint64 resumeRun = 0;
    };

    /// Callbacks of `observer` and `finished` come from the worker thread. Besides the trainer's own events the
    /// observer hears "started", with the run's id as its detail.
    TrainingJob(const Database& database, Request request, TrainingObserver observer = {},
                std::function<void(const TrainingOutcome&)> finished = {});

    QString title() const override;
    void run(const TaskContext& context) override;

private:
    void takeFromRun(const RunStore& runs);
    void compile(TrainingOutcome& outcome, const AnomalyFolder& folder, const TaskContext& context) const;
    qint64 begin(RunStore& runs, const RunLock& lock, const QString& folder, const QString& checkpoint) const;
    void train(RunStore& runs, qint64 runId, const AnomalyFolder& folder, const QString& checkpoint,
               const TaskContext& context);

    const Database& m_database;
    Request m_request;
    TrainingObserver m_observer;
    std::function<void(const TrainingOutcome&)> m_finished;
};

} // namespace lynceus
