// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"

#include <condition_variable>
#include <memory>
#include <mutex>

namespace lynceus {

/// What one thread asks of a training that runs on another. Copies share the state; thread-safe.
class TrainingControl
{
public:
    TrainingControl();

    void pause(); ///< after the step at work
    void resume();
    bool isPaused() const;
    /// Stop learning and keep the best network so far: the training calibrates, writes its model and ends well.
    void finish();
    bool isFinishing() const;
    /// A cancelled training leaves a checkpoint of where it stands, so that it can be continued; when it has learnt all
    /// that it is to learn, it ends well instead. One that has not begun to learn has nothing to keep.
    void keepWhenCancelled();
    bool isKeptWhenCancelled() const;

    /// Blocks while paused and not finishing; throws Cancelled. Returns the seconds that it waited.
    double waitWhilePaused(const CancelToken& cancel) const;

private:
    struct State
    {
        std::mutex mutex;
        std::condition_variable changed;
        bool paused = false;
        bool finishing = false;
        bool kept = false;
    };
    std::shared_ptr<State> m_state;
};

} // namespace lynceus
