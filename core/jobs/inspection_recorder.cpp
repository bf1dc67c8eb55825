// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/jobs/inspection_recorder.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/storage/database.h"

#include <QtCore/QCoreApplication>

#include <chrono>
#include <iterator>
#include <optional>
#include <utility>

namespace lynceus {

namespace {

constexpr std::chrono::seconds kRetry{5};

} // namespace

InspectionRecorder::InspectionRecorder(const Database& database, InspectionRecord record,
                                       std::function<void(const State&)> changed)
    : m_database(database)
    , m_record(std::move(record))
    , m_changed(std::move(changed))
    , m_thread([this] { work(); })
{
}

InspectionRecorder::~InspectionRecorder()
{
    {
        const std::lock_guard lock(m_mutex);
        m_isStopping = true;
    }
    m_wake.notify_all();
    m_thread.join();
}

void InspectionRecorder::add(ResultRecord result)
{
    result.result.map.release();
    {
        const std::lock_guard lock(m_mutex);
        m_waiting.push_back(std::move(result));
        ++m_state.pending;
    }
    m_wake.notify_all();
}

InspectionRecorder::State InspectionRecorder::state() const
{
    const std::lock_guard lock(m_mutex);
    return m_state;
}

InspectionRecorder::State InspectionRecorder::finish()
{
    std::unique_lock lock(m_mutex);
    m_isEnding = true;
    const int number = ++m_asked;
    m_wake.notify_all();
    m_wake.wait(lock, [&] { return m_answered >= number; });
    return m_state;
}

void InspectionRecorder::work()
{
    std::unique_lock lock(m_mutex);
    while (!m_isStopping || !m_waiting.empty()) {
        const auto isAsked = [&] { return m_isStopping || m_asked > m_answered; };
        if (m_state.problem.isEmpty())
            m_wake.wait(lock, [&] { return isAsked() || !m_waiting.empty(); });
        else
            m_wake.wait_for(lock, kRetry, isAsked);
        const int asked = m_asked;
        const bool isLast = m_isStopping;
        if (!m_waiting.empty() || asked > m_answered)
            tryToStore(lock);
        m_answered = asked;
        m_wake.notify_all();
        if (isLast)
            break;
    }
    lock.unlock();
    m_database.closeThreadConnection();
}

void InspectionRecorder::tryToStore(std::unique_lock<std::mutex>& lock)
{
    std::vector<ResultRecord> batch = std::exchange(m_waiting, {});
    State state = m_state;
    const bool isEnding = m_isEnding;
    lock.unlock();

    std::optional<Error> problem;
    try {
        InspectionStore store(m_database);
        if (state.inspection == 0)
            state.inspection = store.begin(m_record);
        if (!batch.empty())
            store.add(state.inspection, batch);
        state.stored += batch.size();
        batch.clear();
        if (isEnding && !state.isFinished)
            store.finish(state.inspection);
        state.isFinished = isEnding;
    } catch (...) {
        problem = currentError(QCoreApplication::translate("core", "storing results"));
        if (state.problem.isEmpty()) // each try anew would flood the log
            qCWarning(logStorage).noquote() << "Results wait in memory:" << problem->text();
    }
    if (!problem && !state.problem.isEmpty())
        qCInfo(logStorage) << "Results are stored again";
    state.problem = problem ? problem->message() : QString();
    state.remedy = problem ? problem->remedy() : QString();

    lock.lock();
    batch.insert(batch.end(), std::make_move_iterator(m_waiting.begin()), std::make_move_iterator(m_waiting.end()));
    m_waiting = std::move(batch);
    state.pending = m_waiting.size();
    m_state = state;
    if (!m_changed)
        return;
    lock.unlock();
    m_changed(state);
    lock.lock();
}

} // namespace lynceus
