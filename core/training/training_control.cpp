// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/training/training_control.h"

#include <chrono>

namespace lynceus {

namespace {

constexpr std::chrono::milliseconds kCancelPoll{100}; ///< a cancel token cannot wake anybody

} // namespace

TrainingControl::TrainingControl()
    : m_state(std::make_shared<State>())
{
}

void TrainingControl::pause()
{
    const std::lock_guard lock(m_state->mutex);
    m_state->paused = true;
}

void TrainingControl::resume()
{
    {
        const std::lock_guard lock(m_state->mutex);
        m_state->paused = false;
    }
    m_state->changed.notify_all();
}

bool TrainingControl::isPaused() const
{
    const std::lock_guard lock(m_state->mutex);
    return m_state->paused && !m_state->finishing;
}

void TrainingControl::finish()
{
    {
        const std::lock_guard lock(m_state->mutex);
        m_state->finishing = true;
    }
    m_state->changed.notify_all();
}

bool TrainingControl::isFinishing() const
{
    const std::lock_guard lock(m_state->mutex);
    return m_state->finishing;
}

void TrainingControl::keepWhenCancelled()
{
    const std::lock_guard lock(m_state->mutex);
    m_state->kept = true;
}

bool TrainingControl::isKeptWhenCancelled() const
{
    const std::lock_guard lock(m_state->mutex);
    return m_state->kept;
}

double TrainingControl::waitWhilePaused(const CancelToken& cancel) const
{
    const Stopwatch clock;
    std::unique_lock lock(m_state->mutex);
    while (m_state->paused && !m_state->finishing) {
        cancel.throwIfCancelled();
        m_state->changed.wait_for(lock, kCancelPoll);
    }
    cancel.throwIfCancelled();
    return clock.ms() / 1000.0;
}

} // namespace lynceus
