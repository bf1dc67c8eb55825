// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/jobs/inspection_pipeline.h"

#include "core/base/error.h"
#include "core/image/image_io.h"
#include "core/jobs/bounded_queue.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QCryptographicHash>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace lynceus {

namespace {

/// Results of several threads, taken in order. A thread that is too far ahead waits.
class OrderedResults
{
public:
    OrderedResults(std::size_t count, std::size_t ahead)
        : m_count(count)
        , m_ahead(ahead)
    {
    }

    /// The next image to work on; nothing when all are given out or nobody wants them any more.
    std::optional<std::size_t> next()
    {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [&] { return m_stopped || m_next >= m_count || m_next < m_taken + m_ahead; });
        if (m_stopped || m_next >= m_count)
            return {};
        return m_next++;
    }

    void put(InspectedImage image)
    {
        const std::lock_guard lock(m_mutex);
        const std::size_t index = image.index;
        m_ready.emplace(index, std::move(image));
        m_changed.notify_all();
    }

    void fail(std::exception_ptr failure)
    {
        const std::lock_guard lock(m_mutex);
        m_failure = std::move(failure);
        m_changed.notify_all();
    }

    InspectedImage take()
    {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [&] { return m_failure || m_ready.count(m_taken) != 0; });
        if (m_failure)
            std::rethrow_exception(m_failure);
        InspectedImage image = std::move(m_ready.at(m_taken));
        m_ready.erase(m_taken++);
        m_changed.notify_all();
        return image;
    }

    void stop()
    {
        const std::lock_guard lock(m_mutex);
        m_stopped = true;
        m_changed.notify_all();
    }

private:
    const std::size_t m_count;
    const std::size_t m_ahead;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::map<std::size_t, InspectedImage> m_ready;
    std::size_t m_next = 0;
    std::size_t m_taken = 0;
    bool m_stopped = false;
    std::exception_ptr m_failure;
};

/// Says how far a batch is.
class BatchProgress
{
public:
    BatchProgress(const TaskContext& context, std::size_t count)
        : m_context(context)
        , m_count(count)
    {
    }

    void finished(std::size_t index)
    {
        const double fraction = double(index + 1) / double(m_count);
        m_context.report(fraction, QCoreApplication::translate("core", "image %1 of %2").arg(index + 1).arg(m_count),
                         m_timeLeft.update(fraction));
    }

private:
    const TaskContext& m_context;
    std::size_t m_count;
    TimeLeft m_timeLeft;
};

} // namespace

LoadedImage loadImage(const QString& path, bool withHash)
{
    LoadedImage loaded;
    QByteArray file;
    const Stopwatch watch;
    try {
        file = readImageFile(path);
        loaded.image = decodeImage(file, path);
        loaded.warning = imageWarning(file);
    } catch (...) {
        loaded.error = currentError(QCoreApplication::translate("core", "reading %1").arg(path)).text();
    }
    loaded.ms = watch.ms();
    if (withHash && loaded.error.isEmpty())
        loaded.hash = QString::fromLatin1(QCryptographicHash::hash(file, QCryptographicHash::Sha256).toHex());
    return loaded;
}

InspectedImage inspectLoaded(std::size_t index, const QString& path, LoadedImage&& loaded, AnomalyInspector& inspector)
{
    InspectedImage inspected;
    inspected.index = index;
    inspected.path = path;
    inspected.error = loaded.error;
    inspected.warning = std::move(loaded.warning);
    if (inspected.error.isEmpty()) {
        try {
            inspected.result = inspector.inspect(loaded.image);
            const QString& problem = inspected.result.problem;
            if (!problem.isEmpty())
                inspected.warning += inspected.warning.isEmpty() ? problem : u' ' + problem;
        } catch (...) {
            inspected.error = currentError(QCoreApplication::translate("core", "inspecting %1").arg(path)).text();
        }
    }
    inspected.result.times.load = loaded.ms;
    inspected.hash = std::move(loaded.hash);
    inspected.image = std::move(loaded.image);
    return inspected;
}

void inspectImages(const std::vector<QString>& paths, AnomalyInspector& inspector,
                   const std::function<void(InspectedImage&&)>& done, const TaskContext& context, int ahead)
{
    BoundedQueue<LoadedImage> queue(std::size_t(std::max(ahead, 1)), kPrefetchBytes);
    std::thread loader([&] {
        for (const QString& path : paths) {
            LoadedImage loaded = loadImage(path, true);
            const std::size_t bytes = loaded.bytes();
            if (!queue.push(std::move(loaded), bytes))
                return;
        }
    });
    struct Join
    {
        BoundedQueue<LoadedImage>& queue;
        std::thread& loader;
        ~Join()
        {
            queue.close();
            loader.join();
        }
    } join{queue, loader};

    BatchProgress progress(context, paths.size());
    for (std::size_t i = 0; i < paths.size(); ++i) {
        context.cancel.throwIfCancelled();
        std::optional<LoadedImage> loaded = queue.pop();
        done(inspectLoaded(i, paths[i], std::move(*loaded), inspector));
        progress.finished(i);
    }
}

void inspectImages(const std::vector<QString>& paths, const std::vector<AnomalyInspector*>& inspectors,
                   const std::function<void(InspectedImage&&)>& done, const TaskContext& context)
{
    if (inspectors.size() == 1) {
        inspectImages(paths, *inspectors.front(), done, context);
        return;
    }
    OrderedResults results(paths.size(), 2 * inspectors.size());
    const auto work = [&](AnomalyInspector& inspector) {
        try {
            while (const std::optional<std::size_t> index = results.next())
                results.put(inspectLoaded(*index, paths[*index], loadImage(paths[*index], true), inspector));
        } catch (...) {
            results.fail(std::current_exception());
        }
    };
    struct Threads
    {
        OrderedResults& results;
        std::vector<std::thread> all;
        ~Threads()
        {
            results.stop();
            for (std::thread& one : all)
                one.join();
        }
    } threads{results, {}};
    for (AnomalyInspector* inspector : inspectors)
        threads.all.emplace_back(work, std::ref(*inspector));

    BatchProgress progress(context, paths.size());
    for (std::size_t i = 0; i < paths.size(); ++i) {
        context.cancel.throwIfCancelled();
        done(results.take());
        progress.finished(i);
    }
}

} // namespace lynceus
