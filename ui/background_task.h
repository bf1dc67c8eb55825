// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/jobs/job_runner.h"

#include <QtCore/QObject>
#include <QtCore/QString>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace lynceus {

/// Runs `work(const TaskContext&)` on a lane's thread and hands its value to `done` on the UI thread, unless `context`
/// is gone by then. When the work fails or is cancelled `done` is not called: failures are shown by the main window,
/// which hears of them from the job runner.
template <typename Work, typename Done>
quint64 runInBackground(JobRunner& jobs, JobRunner::Lane lane, const QString& title, QObject* context, Work work,
                        Done done)
{
    using Result = std::invoke_result_t<Work, const TaskContext&>;
    const auto result = std::make_shared<std::optional<Result>>();
    const quint64 id = jobs.start(lane, title, [result, work = std::move(work)](const TaskContext& task) mutable {
        result->emplace(work(task));
    });
    auto* watcher = new QObject(context);
    QObject::connect(&jobs, &JobRunner::ended, watcher,
                     [watcher, id, result, done = std::move(done)](const JobStatus& job) {
                         if (job.id != id)
                             return;
                         watcher->deleteLater();
                         if (job.state == JobStatus::State::Finished)
                             done(std::move(**result));
                     });
    return id;
}

} // namespace lynceus
