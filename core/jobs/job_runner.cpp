// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/jobs/job_runner.h"

#include "core/base/error.h"
#include "core/base/log.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QMetaObject>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace lynceus {

namespace {

constexpr std::chrono::milliseconds kReportEvery{50};
constexpr std::size_t kLanes = 3;

class FunctionJob final : public Job
{
public:
    FunctionJob(QString title, std::function<void(const TaskContext&)> work)
        : m_title(std::move(title))
        , m_work(std::move(work))
    {
    }
    QString title() const override { return m_title; }
    void run(const TaskContext& context) override { m_work(context); }

private:
    QString m_title;
    std::function<void(const TaskContext&)> m_work;
};

/// A job with what is known about it. `job` belongs to the worker, `status` to the runner's mutex.
struct Task
{
    JobStatus status;
    CancelToken cancel;
    std::unique_ptr<Job> job;
};

struct Worker
{
    std::thread thread;
    std::deque<std::shared_ptr<Task>> queue;
};

} // namespace

struct JobRunner::Private
{
    explicit Private(JobRunner* runner)
        : q(runner)
    {
    }

    void work(Worker& worker);
    void runTask(Task& task);
    void setState(Task& task, JobStatus::State state, const QString& error = {}, const QString& remedy = {});
    void announce(const JobStatus& status);
    void forgetEnded(const JobStatus& status);

    JobRunner* q;
    mutable std::mutex mutex;
    std::condition_variable wake;
    bool stopping = false;
    quint64 lastId = 0;
    std::array<Worker, kLanes> workers;
    std::vector<std::shared_ptr<Task>> tasks; ///< oldest first; until their end has been signalled
};

void JobRunner::Private::work(Worker& worker)
{
    for (;;) {
        std::shared_ptr<Task> task;
        {
            std::unique_lock lock(mutex);
            wake.wait(lock, [&] { return stopping || !worker.queue.empty(); });
            if (stopping)
                return;
            task = worker.queue.front();
            worker.queue.pop_front();
        }
        runTask(*task);
    }
}

void JobRunner::Private::runTask(Task& task)
{
    setState(task, JobStatus::State::Running);
    auto lastReport = std::chrono::steady_clock::now() - kReportEvery;
    const auto sink = [&](const Progress& progress) {
        const auto now = std::chrono::steady_clock::now();
        const std::lock_guard lock(mutex);
        task.status.progress = progress;
        if (now - lastReport < kReportEvery)
            return;
        lastReport = now;
        announce(task.status);
    };

    JobStatus::State state = JobStatus::State::Finished;
    QString message;
    QString remedy;
    try {
        task.cancel.throwIfCancelled();
        try {
            task.job->run({task.cancel, sink});
        } catch (...) {
            const Error error = currentError(task.status.title);
            qCWarning(logJobs) << "Job failed:" << error.text();
            state = JobStatus::State::Failed;
            message = error.message();
            remedy = error.remedy();
        }
    } catch (const Cancelled&) {
        state = JobStatus::State::Cancelled;
    }
    task.job.reset(); // what the job holds is let go of before anybody hears of its end
    setState(task, state, message, remedy);
}

void JobRunner::Private::setState(Task& task, JobStatus::State state, const QString& error, const QString& remedy)
{
    const std::lock_guard lock(mutex);
    task.status.state = state;
    task.status.error = error;
    task.status.remedy = remedy;
    if (state == JobStatus::State::Finished)
        task.status.progress = {1.0, task.status.progress.what, {}};
    announce(task.status);
}

/// Tells the main thread. Called with the mutex held, so that statuses arrive in the order in which they came about.
void JobRunner::Private::announce(const JobStatus& status)
{
    QMetaObject::invokeMethod(
        q,
        [this, status] {
            forgetEnded(status);
            Q_EMIT q->changed(status);
            if (status.ended())
                Q_EMIT q->ended(status);
        },
        Qt::QueuedConnection);
}

void JobRunner::Private::forgetEnded(const JobStatus& status)
{
    const std::lock_guard lock(mutex);
    if (!status.ended())
        return;
    const auto isIt = [&status](const auto& task) { return task->status.id == status.id; };
    tasks.erase(std::remove_if(tasks.begin(), tasks.end(), isIt), tasks.end());
}

JobRunner::JobRunner(QObject* parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this))
{
    qRegisterMetaType<JobStatus>();
}

JobRunner::~JobRunner()
{
    {
        const std::lock_guard lock(d->mutex);
        d->stopping = true;
        for (const auto& task : d->tasks)
            task->cancel.cancel();
    }
    d->wake.notify_all();
    for (Worker& worker : d->workers) {
        if (worker.thread.joinable())
            worker.thread.join();
    }
}

quint64 JobRunner::start(Lane lane, std::unique_ptr<Job> job)
{
    auto task = std::make_shared<Task>();
    task->status.title = job->title();
    task->job = std::move(job);
    quint64 id = 0;
    {
        const std::lock_guard lock(d->mutex);
        id = ++d->lastId;
        task->status.id = id;
        d->announce(task->status);
        d->tasks.push_back(task);
        Worker& worker = d->workers[std::size_t(lane)];
        worker.queue.push_back(std::move(task));
        if (!worker.thread.joinable())
            worker.thread = std::thread([this, &worker] { d->work(worker); });
    }
    d->wake.notify_all();
    return id;
}

quint64 JobRunner::start(Lane lane, const QString& title, std::function<void(const TaskContext&)> work)
{
    return start(lane, std::make_unique<FunctionJob>(title, std::move(work)));
}

void JobRunner::cancel(quint64 id)
{
    std::shared_ptr<Task> dropped;
    {
        const std::lock_guard lock(d->mutex);
        for (const auto& task : d->tasks) {
            if (task->status.id == id)
                task->cancel.cancel();
        }
        // A job that still waits ends at once instead of when its turn comes.
        for (Worker& worker : d->workers) {
            const auto found = std::find_if(worker.queue.begin(), worker.queue.end(),
                                            [id](const auto& task) { return task->status.id == id; });
            if (found != worker.queue.end()) {
                dropped = *found;
                worker.queue.erase(found);
                break;
            }
        }
    }
    if (dropped) {
        dropped->job.reset();
        d->setState(*dropped, JobStatus::State::Cancelled);
    }
}

void JobRunner::cancelAll()
{
    for (const JobStatus& status : active())
        cancel(status.id);
}

std::vector<JobStatus> JobRunner::active() const
{
    const std::lock_guard lock(d->mutex);
    std::vector<JobStatus> result;
    for (const auto& task : d->tasks) {
        if (!task->status.ended())
            result.push_back(task->status);
    }
    return result;
}

bool JobRunner::isIdle() const
{
    const std::lock_guard lock(d->mutex);
    return d->tasks.empty();
}

} // namespace lynceus
