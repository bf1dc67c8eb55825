// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/jobs/inspection_service.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QMetaObject>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace lynceus {

namespace {

/// Decoded images of the background run that wait for the network.
constexpr std::size_t kBackgroundAhead = 2;

} // namespace

// Two threads share one state under one mutex. The loader decodes what is wanted next into `loaded`; the inspector
// takes from there. Neither holds the mutex while it works; a generation number, raised by every new list or model,
// tells afterwards whether the work is still wanted.
struct InspectionService::Private
{
    explicit Private(InspectionService* service)
        : q(service)
    {
    }

    void load();
    void inspect();

    std::optional<std::size_t> nextToLoad() const;
    std::vector<std::size_t> wanted() const;
    std::optional<std::size_t> nextToInspect() const;
    std::vector<std::size_t> nextInBackground(std::size_t count) const;
    void supersede();
    void keep(std::size_t index);
    void dropUnwanted();

    void makeInspector(std::unique_lock<std::mutex>& lock, std::unique_ptr<AnomalyInspector>& inspector);
    void inspectOne(std::unique_lock<std::mutex>& lock, AnomalyInspector& inspector, std::size_t index);
    void post(const quint64& counter, std::function<void()> deliver);

    InspectionService* q;
    mutable std::mutex mutex;
    std::condition_variable changed;

    bool stopping = false;
    quint64 generation = 0;      ///< of results: raised by every new list and every new model
    quint64 model = 0;           ///< raised by every new model
    InspectorFactory newFactory; ///< asked for, not yet built
    bool haveInspector = false;  ///< built, or about to be
    std::optional<Thresholds> thresholds;

    std::vector<QString> paths;
    std::vector<char> done; ///< has a result
    std::size_t doneCount = 0;
    std::size_t cursor = 0;      ///< everything before it is done
    std::size_t doneAtStart = 0; ///< of the background run, for the time left
    TimeLeft timeLeft;
    bool running = false;
    std::optional<std::size_t> focus;
    bool focusPending = false;

    std::map<std::size_t, LoadedImage> loaded;
    std::size_t loadedBytes = 0;

    std::thread loader;
    std::thread worker;
};

void InspectionService::Private::load()
{
    std::unique_lock lock(mutex);
    for (;;) {
        std::optional<std::size_t> next;
        changed.wait(lock, [&] { return stopping || (next = nextToLoad()); });
        if (stopping)
            return;
        const QString path = paths[*next];
        const quint64 started = generation;
        lock.unlock();
        LoadedImage image = loadImage(path, true);
        lock.lock();
        if (started == generation) {
            loadedBytes += image.bytes();
            loaded.emplace(*next, std::move(image));
            dropUnwanted();
        }
        changed.notify_all();
    }
}

void InspectionService::Private::inspect()
{
    std::unique_ptr<AnomalyInspector> inspector;
    std::unique_lock lock(mutex);
    for (;;) {
        std::optional<std::size_t> next;
        changed.wait(lock, [&] { return stopping || newFactory || (inspector && (next = nextToInspect())); });
        if (stopping)
            return;
        if (newFactory)
            makeInspector(lock, inspector);
        else
            inspectOne(lock, *inspector, *next);
        changed.notify_all();
    }
}

void InspectionService::Private::makeInspector(std::unique_lock<std::mutex>& lock,
                                               std::unique_ptr<AnomalyInspector>& inspector)
{
    const InspectorFactory factory = std::exchange(newFactory, nullptr);
    lock.unlock();
    inspector.reset(); // two models need not fit into memory at once
    QString message;
    QString remedy;
    try {
        inspector = factory();
    } catch (const Cancelled&) {
        message = QCoreApplication::translate("core", "Loading the model was cancelled.");
    } catch (...) {
        const Error error = currentError(QCoreApplication::translate("core", "loading the model"));
        message = error.message();
        remedy = error.remedy();
    }
    lock.lock();
    if (newFactory)
        return; // another model was asked for meanwhile; nobody waits for this one
    if (inspector) {
        post(model, [this] { Q_EMIT q->modelReady(); });
    } else {
        haveInspector = false;
        running = false;
        focusPending = false;
        if (!message.isEmpty())
            post(model, [this, message, remedy] { Q_EMIT q->modelFailed(message, remedy); });
    }
}

void InspectionService::Private::inspectOne(std::unique_lock<std::mutex>& lock, AnomalyInspector& inspector,
                                            std::size_t index)
{
    const quint64 started = generation;
    const QString path = paths[index];
    const bool withMap = focusPending && focus == index;
    if (withMap)
        focusPending = false;
    // A header copy: the pixels are shared and only read, and a neighbour may be wanted again.
    LoadedImage image = loaded.at(index);
    const std::optional<Thresholds> limits = thresholds;
    lock.unlock();

    InspectedImage inspected = inspectLoaded(index, path, std::move(image), inspector);
    inspected.image.release();
    if (limits && inspected.error.isEmpty())
        rejudge(inspected.result, *limits);
    if (!withMap)
        inspected.result.map.release();

    lock.lock();
    if (started != generation)
        return;
    if (!done[index]) {
        done[index] = 1;
        ++doneCount;
    }
    while (cursor < done.size() && done[cursor])
        ++cursor;
    dropUnwanted();

    const bool complete = doneCount == done.size();
    const bool wasRunning = running;
    running = running && !complete;
    post(generation, [this, inspected = std::move(inspected)] { Q_EMIT q->inspected(inspected); });
    if (!wasRunning)
        return;
    const int total = int(done.size());
    const int count = int(doneCount);
    const double fraction = double(doneCount - doneAtStart) / double(done.size() - doneAtStart);
    const double secondsLeft = timeLeft.update(fraction).value_or(-1.0);
    post(generation, [this, count, total, secondsLeft] { Q_EMIT q->progressed(count, total, secondsLeft); });
    if (complete)
        post(generation, [this] { Q_EMIT q->finished(); });
}

/// Runs `deliver` on the main thread, unless `counter` (generation or model) was raised before it got there.
void InspectionService::Private::post(const quint64& counter, std::function<void()> deliver)
{
    QMetaObject::invokeMethod(
        q,
        [this, &counter, posted = counter, deliver = std::move(deliver)] {
            {
                const std::lock_guard lock(mutex);
                if (counter != posted)
                    return;
            }
            deliver();
        },
        Qt::QueuedConnection);
}

std::vector<std::size_t> InspectionService::Private::nextInBackground(std::size_t count) const
{
    std::vector<std::size_t> next;
    for (std::size_t i = cursor; running && i < done.size() && next.size() < count; ++i) {
        if (!done[i])
            next.push_back(i);
    }
    return next;
}

/// What should lie decoded in memory, most urgent first.
std::vector<std::size_t> InspectionService::Private::wanted() const
{
    std::vector<std::size_t> indices;
    if (focus) {
        indices.push_back(*focus);
        if (*focus + 1 < paths.size())
            indices.push_back(*focus + 1);
        if (*focus > 0)
            indices.push_back(*focus - 1);
    }
    for (const std::size_t index : nextInBackground(kBackgroundAhead))
        indices.push_back(index);
    return indices;
}

std::optional<std::size_t> InspectionService::Private::nextToLoad() const
{
    if (!haveInspector)
        return {};
    for (const std::size_t index : wanted()) {
        if (loaded.count(index) != 0)
            continue;
        const bool urgent = focusPending && focus == index;
        if (urgent || loadedBytes < kPrefetchBytes)
            return index;
    }
    return {};
}

std::optional<std::size_t> InspectionService::Private::nextToInspect() const
{
    if (focusPending) // nothing else may delay it, even while it is still being read
        return loaded.count(*focus) != 0 ? focus : std::nullopt;
    for (const std::size_t index : nextInBackground(kBackgroundAhead)) {
        if (loaded.count(index) != 0)
            return index;
    }
    return {};
}

void InspectionService::Private::dropUnwanted()
{
    const std::vector<std::size_t> indices = wanted();
    for (auto it = loaded.begin(); it != loaded.end();) {
        if (std::find(indices.begin(), indices.end(), it->first) != indices.end()) {
            ++it;
        } else {
            loadedBytes -= it->second.bytes();
            it = loaded.erase(it);
        }
    }
}

/// Everything queued, in work or on its way to the main thread is now stale.
void InspectionService::Private::supersede()
{
    ++generation;
    running = false;
    done.assign(paths.size(), 0);
    doneCount = 0;
    cursor = 0;
}

InspectionService::InspectionService(QObject* parent)
    : QObject(parent)
    , d(std::make_unique<Private>(this))
{
    qRegisterMetaType<InspectedImage>();
    d->loader = std::thread([this] { d->load(); });
    d->worker = std::thread([this] { d->inspect(); });
}

InspectionService::~InspectionService()
{
    {
        const std::lock_guard lock(d->mutex);
        d->stopping = true;
    }
    d->changed.notify_all();
    d->loader.join();
    d->worker.join();
}

void InspectionService::setInspector(InspectorFactory factory)
{
    const std::lock_guard lock(d->mutex);
    ++d->model;
    d->supersede();
    d->haveInspector = true;
    d->newFactory = std::move(factory);
    d->thresholds.reset();
    d->focusPending = d->focus.has_value();
    d->changed.notify_all();
}

void InspectionService::setImages(std::vector<QString> paths)
{
    const std::lock_guard lock(d->mutex);
    d->paths = std::move(paths);
    d->supersede();
    d->focus.reset();
    d->focusPending = false;
    d->loaded.clear();
    d->loadedBytes = 0;
    d->changed.notify_all();
}

void InspectionService::setThresholds(const Thresholds& thresholds)
{
    const std::lock_guard lock(d->mutex);
    d->thresholds = thresholds;
}

void InspectionService::focus(std::size_t index)
{
    const std::lock_guard lock(d->mutex);
    if (index >= d->paths.size())
        return;
    d->focus = index;
    d->focusPending = true;
    d->changed.notify_all();
}

void InspectionService::start()
{
    const std::lock_guard lock(d->mutex);
    if (d->running || !d->haveInspector)
        return;
    if (d->doneCount == d->done.size()) {
        d->post(d->generation, [this] { Q_EMIT finished(); });
        return;
    }
    d->running = true;
    d->doneAtStart = d->doneCount;
    d->timeLeft = TimeLeft();
    d->changed.notify_all();
}

void InspectionService::pause()
{
    const std::lock_guard lock(d->mutex);
    d->running = false;
}

bool InspectionService::isRunning() const
{
    const std::lock_guard lock(d->mutex);
    return d->running;
}

} // namespace lynceus
