// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/jobs/job.h"

#include <QtCore/QObject>

#include <functional>
#include <memory>
#include <vector>

namespace lynceus {

/// Owns the worker threads. Each lane is one long-lived thread with a queue: jobs of a lane run one after the other,
/// lanes run beside each other. Lives on the main thread; signals come there.
class JobRunner : public QObject
{
    Q_OBJECT

public:
    enum class Lane { Training, Inspection, Files };

    explicit JobRunner(QObject* parent = nullptr);
    ~JobRunner() override; ///< cancels everything and waits for it

    /// Takes the job and returns its id at once.
    quint64 start(Lane lane, std::unique_ptr<Job> job);
    /// The same for a function; `title` as Job::title.
    quint64 start(Lane lane, const QString& title, std::function<void(const TaskContext&)> work);

    void cancel(quint64 id);
    void cancelAll();
    /// Queued and running jobs, oldest first.
    std::vector<JobStatus> active() const;
    bool isIdle() const;

Q_SIGNALS:
    void changed(const lynceus::JobStatus& status); ///< started, progressed (at most 20 times a second) or ended
    void ended(const lynceus::JobStatus& status);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace lynceus
