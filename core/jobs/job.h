// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"

#include <QtCore/QMetaType>
#include <QtCore/QString>

namespace lynceus {

/// A piece of work for a worker thread: plain C++ that knows no thread. Copy the inputs in before starting; hand
/// results out as finished values (through a callback or signal of your own that crosses threads queued).
class Job
{
public:
    virtual ~Job() = default;
    virtual QString title() const = 0; ///< translated: "Training bottle"
    /// Throws Error or Cancelled; anything else is turned into an Error by the runner.
    virtual void run(const TaskContext& context) = 0;
};

/// What a reader may know about a job at one moment.
struct JobStatus
{
    enum class State { Queued, Running, Finished, Cancelled, Failed };

    quint64 id = 0;
    QString title;
    State state = State::Queued;
    Progress progress;
    QString error;  ///< message, when failed
    QString remedy; ///< what to do about it, when failed

    bool ended() const { return state != State::Queued && state != State::Running; }
};

} // namespace lynceus

Q_DECLARE_METATYPE(lynceus::JobStatus)
