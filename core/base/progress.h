// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QString>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace lynceus {

/// Shared flag by which one thread asks another to stop. Copies share the flag; thread-safe.
class CancelToken
{
public:
    CancelToken();
    void cancel() noexcept { m_flag->store(true); }
    bool isCancelled() const noexcept { return m_flag->load(); }
    void throwIfCancelled() const; ///< throws Cancelled

private:
    std::shared_ptr<std::atomic<bool>> m_flag;
};

/// One report of a long task.
struct Progress
{
    double fraction = 0.0; ///< 0..1; negative when unknown
    QString what;          ///< short, translated: "step 812 of 1900"
    std::optional<double> secondsLeft;
};

using ProgressSink = std::function<void(const Progress&)>;

/// What every long function in core takes: how to stop it and where to report. Default: never stops, reports nowhere.
/// The sink is called on the thread that does the work.
struct TaskContext
{
    CancelToken cancel;
    ProgressSink progress;

    void report(double fraction, const QString& what, std::optional<double> secondsLeft = {}) const
    {
        if (progress)
            progress({fraction, what, secondsLeft});
    }
};

/// Estimates the time left from the share of work done; smooth, and silent until it knows something.
class TimeLeft
{
public:
    TimeLeft();
    /// `fraction` of the work is done now. Returns seconds left, or nothing during the first second.
    std::optional<double> update(double fraction);
    double elapsedSeconds() const;

private:
    std::chrono::steady_clock::time_point m_start;
};

/// Milliseconds since construction or the last restart.
class Stopwatch
{
public:
    Stopwatch()
        : m_start(std::chrono::steady_clock::now())
    {
    }
    double ms() const
    {
        return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - m_start).count();
    }
    double restart()
    {
        const double elapsed = ms();
        m_start = std::chrono::steady_clock::now();
        return elapsed;
    }

private:
    std::chrono::steady_clock::time_point m_start;
};

/// "12 min", "1 h 05 min", "8 s"; translated.
QString durationText(double seconds);

} // namespace lynceus
