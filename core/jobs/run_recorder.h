// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/training/training_observer.h"
#include "core/storage/run_store.h"

#include <functional>
#include <vector>

namespace lynceus {

/// Keeps what a training tells in its run, and passes it on. Curves are written in batches: one transaction a few
/// seconds, not one a step. A database that is locked or full does not stop the training: the log says so, the curve
/// waits for the next try, and pictures of the meantime are dropped. Training thread only.
class RunRecorder
{
public:
    RunRecorder(const Database& database, qint64 runId, TrainingObserver next);

    TrainingObserver observer(); ///< lives no longer than this
    void flush();                ///< writes what waits; throws Error(Storage)

private:
    void addMetric(const QString& name, int step, double value);
    void addDefects(const std::vector<cv::Mat>& pictures);
    void setMaps(const std::vector<cv::Mat>& pictures);
    void addEvent(const QString& kind, const QString& detail);
    bool write(const std::function<void()>& statements);

    struct Event
    {
        QString kind;
        QString detail;
    };

    RunStore m_runs;
    qint64 m_runId;
    TrainingObserver m_next;
    int m_step = 0;
    std::vector<MetricPoint> m_points;
    std::vector<Event> m_events;
    std::vector<QByteArray> m_defects;
    Stopwatch m_sinceFlush;
    Stopwatch m_sinceFailure;
    bool m_failed = false; ///< the last try
};

} // namespace lynceus
