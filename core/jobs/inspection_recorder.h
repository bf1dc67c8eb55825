// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/storage/inspection_store.h"

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace lynceus {

/// Stores the results of one inspection as they come: for window, command line and live.
///
/// Results are written by a thread of its own. It takes all that wait in one transaction, so that one is on disk
/// moments after add(), and many at once cost little more than one: who is killed loses the picture in hand.
///
/// Trouble with the database (locked, disk full, gone) never loses a result and never stops who judges: what could not
/// be written stays in memory, in order, and is tried again every few seconds, by finish(), and once more by the
/// destructor. Maps of results are not kept.
class InspectionRecorder
{
public:
    /// What is stored by now.
    struct State
    {
        qint64 inspection = 0;   ///< the row in the database; 0: none yet
        std::size_t stored = 0;  ///< results that are on disk
        std::size_t pending = 0; ///< results that are not
        bool isFinished = false; ///< all are stored, and the inspection is marked as finished
        QString problem;         ///< why the last try failed, translated; empty: it did not
        QString remedy;
    };

    /// `changed` is called on the writing thread after each try; it may not call the recorder. The row is made with
    /// the first result (or by finish()), so that a run that is given up at once leaves none. Throws nothing.
    InspectionRecorder(const Database& database, InspectionRecord record,
                       std::function<void(const State&)> changed = {});
    /// Stores what waits, or gives it up after one try (which takes as long as the database makes it wait: 10 s when
    /// it is locked). Without finish() before, the inspection stays unfinished.
    ~InspectionRecorder();
    InspectionRecorder(const InspectionRecorder&) = delete;
    InspectionRecorder& operator=(const InspectionRecorder&) = delete;

    /// Any thread; never waits for the database, never throws. Not after finish().
    void add(ResultRecord result);
    State state() const; ///< any thread; does not wait

    /// No more results come: one more try, which it waits for (so not on the window's thread). When the state it
    /// returns is not finished, `problem` says why, and it may be called again. Any thread, one at a time.
    State finish();

private:
    void work();
    void tryToStore(std::unique_lock<std::mutex>& lock);

    const Database& m_database;
    const InspectionRecord m_record;
    const std::function<void(const State&)> m_changed;
    mutable std::mutex m_mutex;
    std::condition_variable m_wake;
    std::vector<ResultRecord> m_waiting;
    State m_state; ///< `pending` counts those that are being written too
    bool m_isEnding = false;
    bool m_isStopping = false;
    int m_asked = 0;    ///< how often finish() was called
    int m_answered = 0; ///< how many of them have had their try
    std::thread m_thread;
};

} // namespace lynceus
