// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/jobs/inspection_service.h"

#include "core/base/error.h"
#include "core/base/log.h"

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

/// Inspects an image, read before or not, and judges it by `limits`. Throws nothing: what goes wrong is its error.
InspectedImage judged(std::size_t index, const QString& path, std::optional<LoadedImage> loaded,
                      AnomalyInspector& inspector, const std::optional<Thresholds>& limits)
{
    InspectedImage inspected;
    try {
        if (!loaded)
            loaded = loadImage(path, true);
        inspected = inspectLoaded(index, path, std::move(*loaded), inspector);
        inspected.image.release();
        if (limits && inspected.error.isEmpty())
            rejudge(inspected.result, *limits);
        return inspected;
    } catch (const Cancelled&) {
        inspected.error = QCoreApplication::translate("core", "Inspecting %1 was cancelled.").arg(path);
    } catch (...) {
        inspected.error = currentError(QCoreApplication::translate("core", "inspecting %1").arg(path)).text();
    }
    inspected.index = index;
    inspected.path = path;
    inspected.result = {};
    return inspected;
}

} // namespace

// All threads share one state under one mutex. The loader decodes what the first inspector is to have next into
// `loaded`; that inspector takes from there. Each of the crew reads its images itself. None holds the mutex while it
// works; a generation number, raised by every new list or model, tells afterwards whether the work is still wanted.
struct InspectionService::Private
{
    enum class State : char { Open, InWork, Done };

    Private(InspectionService* service, std::size_t bytes)
        : q(service)
        , prefetchBytes(bytes)
    {
    }

    void load();
    void inspect();
    void inspectInCrew(std::size_t number);

    std::optional<std::size_t> nextToLoad() const;
    bool isAwaited(std::size_t index) const;
    std::vector<std::size_t> wanted() const;
    std::optional<std::size_t> nextToInspect() const;
    std::optional<std::size_t> nextForCrew() const;
    std::vector<std::size_t> nextInBackground(std::size_t count) const;
    bool inCrew(std::size_t number) const { return running && ready && number < crew; }
    bool crewIsComplete() const { return crew > 0 && crewMade == crew; }
    void supersede();
    void dropUnwanted();

    void makeInspector(std::unique_lock<std::mutex>& lock, std::unique_ptr<AnomalyInspector>& inspector);
    void makeOneOfCrew(std::unique_lock<std::mutex>& lock, std::unique_ptr<AnomalyInspector>& inspector);
    void inspectOne(std::unique_lock<std::mutex>& lock, AnomalyInspector& inspector, std::size_t index, bool withMap);
    void tellProgress();
    void tellEnd();
    void post(const quint64& counter, std::function<void()> deliver);

    InspectionService* q;
    const std::size_t prefetchBytes;
    mutable std::mutex mutex;
    std::condition_variable changed;

    bool stopping = false;
    quint64 generation = 0;      ///< of results: raised by every new list and every new model
    quint64 model = 0;           ///< raised by every new model
    InspectorFactory newFactory; ///< asked for, not yet built
    bool haveInspector = false;  ///< built, or about to be
    bool ready = false;          ///< built
    std::optional<Thresholds> thresholds;

    InspectorFactory crewFactory;
    std::size_t crewSize = 0; ///< of a run that is long enough
    std::size_t crew = 0;     ///< of this run; 0: the first inspector does it
    std::size_t crewMade = 0; ///< of them, by `model`
    bool makingCrew = false;  ///< one of them is being made

    std::vector<QString> paths;
    std::vector<State> states;
    std::size_t doneCount = 0;
    std::size_t cursor = 0;      ///< nothing before it is open
    std::size_t doneAtStart = 0; ///< of the background run, for the time left
    TimeLeft timeLeft;
    bool running = false;
    bool unfinished = false; ///< a background run was started and has not told that it is over
    std::optional<std::size_t> focus;
    bool focusPending = false;
    bool focusInWork = false;

    std::map<std::size_t, LoadedImage> loaded;
    std::size_t loadedBytes = 0;

    std::thread loader;
    std::thread worker;
    std::vector<std::thread> crewThreads; ///< started when a run first needs them; main thread
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
        if (newFactory) {
            makeInspector(lock, inspector);
        } else {
            focusInWork = std::exchange(focusPending, false);
            inspectOne(lock, *inspector, *next, focusInWork);
            focusInWork = false;
        }
        changed.notify_all();
    }
}

void InspectionService::Private::inspectInCrew(std::size_t number)
{
    std::unique_ptr<AnomalyInspector> inspector;
    quint64 madeBy = 0;
    std::unique_lock lock(mutex);
    for (;;) {
        std::optional<std::size_t> next;
        const auto leaves = [&] { return !inCrew(number) || madeBy != model; };
        changed.wait(lock, [&] {
            return stopping || (inspector ? leaves() || (next = nextForCrew()) : inCrew(number) && !makingCrew);
        });
        if (stopping)
            return;
        if (!inspector) {
            madeBy = model;
            makeOneOfCrew(lock, inspector);
        } else if (leaves()) {
            crewMade -= madeBy == model ? 1 : 0;
            lock.unlock();
            inspector.reset();
            lock.lock();
        } else {
            inspectOne(lock, *inspector, *next, false);
        }
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
    ready = inspector != nullptr;
    if (ready) {
        post(model, [this] { Q_EMIT q->modelReady(); });
    } else {
        haveInspector = false;
        running = false;
        focusPending = false;
        if (!message.isEmpty())
            post(model, [this, message, remedy] { Q_EMIT q->modelFailed(message, remedy); });
    }
}

void InspectionService::Private::makeOneOfCrew(std::unique_lock<std::mutex>& lock,
                                               std::unique_ptr<AnomalyInspector>& inspector)
{
    const InspectorFactory factory = crewFactory;
    const quint64 started = model;
    makingCrew = true; // one after the other: all of them would read and compile the same files
    lock.unlock();
    QString failure;
    try {
        inspector = factory();
    } catch (const Cancelled&) {
        failure = QCoreApplication::translate("core", "Loading the model was cancelled.");
    } catch (...) {
        failure = currentError(QCoreApplication::translate("core", "loading the model")).text();
    }
    lock.lock();
    makingCrew = false;
    if (started != model)
        return; // the thread sees that, too, and lets it go
    if (inspector) {
        ++crewMade;
    } else {
        crew = 0;
        qCWarning(logJobs).noquote() << "The background run goes on with one inspector." << failure;
    }
}

void InspectionService::Private::inspectOne(std::unique_lock<std::mutex>& lock, AnomalyInspector& inspector,
                                            std::size_t index, bool withMap)
{
    const quint64 started = generation;
    const QString path = paths[index];
    if (states[index] == State::Open)
        states[index] = State::InWork;
    while (cursor < states.size() && states[cursor] != State::Open)
        ++cursor;
    std::optional<LoadedImage> image;
    if (const auto found = loaded.find(index); found != loaded.end())
        image = found->second; // a header copy: the pixels are shared and only read; a neighbour may be wanted again
    const std::optional<Thresholds> limits = thresholds;
    lock.unlock();

    InspectedImage inspected = judged(index, path, std::move(image), inspector, limits);
    if (!withMap)
        inspected.result.map.release();

    lock.lock();
    if (started != generation)
        return;
    const bool known = states[index] == State::Done;
    if (known && !withMap)
        return; // it came into focus meanwhile, and that result is the one with a map
    if (!known) {
        states[index] = State::Done;
        ++doneCount;
    }
    dropUnwanted();

    const bool wasRunning = running;
    running = running && doneCount < states.size();
    post(generation, [this, inspected = std::move(inspected)] { Q_EMIT q->inspected(inspected); });
    if (wasRunning)
        tellProgress();
    tellEnd();
}

void InspectionService::Private::tellEnd()
{
    if (doneCount < states.size() || !std::exchange(unfinished, false))
        return;
    running = false;
    post(generation, [this] { Q_EMIT q->finished(); });
}

void InspectionService::Private::tellProgress()
{
    const int total = int(states.size());
    const int count = int(doneCount);
    const double fraction = double(doneCount - doneAtStart) / double(states.size() - doneAtStart);
    const double secondsLeft = timeLeft.update(fraction).value_or(-1.0);
    post(generation, [this, count, total, secondsLeft] { Q_EMIT q->progressed(count, total, secondsLeft); });
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
    for (std::size_t i = cursor; running && i < states.size() && next.size() < count; ++i) {
        if (states[i] == State::Open)
            next.push_back(i);
    }
    return next;
}

/// What should lie decoded in memory for the first inspector, most urgent first.
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
    if (crewIsComplete())
        return indices;
    for (const std::size_t index : nextInBackground(kBackgroundAhead))
        indices.push_back(index);
    return indices;
}

std::optional<std::size_t> InspectionService::Private::nextToLoad() const
{
    if (!haveInspector)
        return {};
    for (const std::size_t index : wanted()) {
        if (loaded.count(index) == 0 && (loadedBytes < prefetchBytes || isAwaited(index)))
            return index;
    }
    return {};
}

/// Whether the first inspector has nothing to do before this one is loaded. Memory is no reason to leave it out: the
/// image in focus and its neighbours may fill that alone, and they stay.
bool InspectionService::Private::isAwaited(std::size_t index) const
{
    if (focusPending)
        return focus == index;
    if (crewIsComplete())
        return false;
    const std::vector<std::size_t> next = nextInBackground(kBackgroundAhead);
    return !next.empty() && next.front() == index &&
           std::none_of(next.begin(), next.end(), [this](std::size_t one) { return loaded.count(one) != 0; });
}

std::optional<std::size_t> InspectionService::Private::nextToInspect() const
{
    if (focusPending) // nothing else may delay it, even while it is still being read
        return loaded.count(*focus) != 0 ? focus : std::nullopt;
    if (crewIsComplete())
        return {};
    for (const std::size_t index : nextInBackground(kBackgroundAhead)) {
        if (loaded.count(index) != 0)
            return index;
    }
    return {};
}

std::optional<std::size_t> InspectionService::Private::nextForCrew() const
{
    if (focusPending || focusInWork) // that one gets the processor
        return {};
    const std::vector<std::size_t> next = nextInBackground(1);
    return next.empty() ? std::nullopt : std::optional(next.front());
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
    unfinished = false;
    states.assign(paths.size(), State::Open);
    doneCount = 0;
    cursor = 0;
}

InspectionService::InspectionService(QObject* parent, std::size_t prefetchBytes)
    : QObject(parent)
    , d(std::make_unique<Private>(this, prefetchBytes))
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
    for (std::thread& thread : d->crewThreads)
        thread.join();
}

void InspectionService::setInspector(InspectorFactory factory, InspectorFactory crewFactory, int crew)
{
    const std::lock_guard lock(d->mutex);
    ++d->model;
    d->supersede();
    d->haveInspector = true;
    d->ready = false;
    d->newFactory = std::move(factory);
    d->crewFactory = std::move(crewFactory);
    d->crewSize = d->crewFactory && crew > 1 ? std::size_t(crew) : 0;
    d->crewMade = 0;
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

void InspectionService::setDone(const std::vector<std::size_t>& indices)
{
    const std::lock_guard lock(d->mutex);
    for (const std::size_t index : indices) {
        if (index < d->states.size() && d->states[index] == Private::State::Open) {
            d->states[index] = Private::State::Done;
            ++d->doneCount;
        }
    }
    d->dropUnwanted();
    d->tellEnd();
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
    if (d->doneCount == d->states.size()) {
        d->post(d->generation, [this] { Q_EMIT finished(); });
        return;
    }
    d->running = true;
    d->unfinished = true;
    d->doneAtStart = d->doneCount;
    d->timeLeft = TimeLeft();
    const bool isLong = d->states.size() - d->doneCount >= kImagesAnInspector * d->crewSize;
    d->crew = isLong ? d->crewSize : 0;
    while (d->crewThreads.size() < d->crew)
        d->crewThreads.emplace_back([this, number = d->crewThreads.size()] { d->inspectInCrew(number); });
    d->changed.notify_all();
}

void InspectionService::pause()
{
    const std::lock_guard lock(d->mutex);
    d->running = false;
    d->changed.notify_all(); // the crew goes
}

bool InspectionService::isRunning() const
{
    const std::lock_guard lock(d->mutex);
    return d->running;
}

} // namespace lynceus
