// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/jobs/job.h"
#include "core/memseg/options.h"
#include "core/memseg/trainer.h"

#include <functional>

namespace lynceus {

class Database;

/// Trains MemSeg on a folder, keeps the run with its curves in the database and leaves a model file.
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
    };

    /// Callbacks of `observer` and `finished` come from the worker thread.
    TrainingJob(const Database& database, Request request, TrainingObserver observer = {},
                std::function<void(const TrainingOutcome&)> finished = {});

    QString title() const override;
    void run(const TaskContext& context) override;

private:
    const Database& m_database;
    Request m_request;
    TrainingObserver m_observer;
    std::function<void(const TrainingOutcome&)> m_finished;
};

} // namespace lynceus
