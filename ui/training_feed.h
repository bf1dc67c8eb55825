// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/training/training_observer.h"
#include "core/storage/run_store.h"

#include <QtGui/QImage>

#include <memory>
#include <mutex>
#include <vector>

namespace lynceus {

/// Carries what a training tells from its thread to the window: the worker adds, the UI thread takes what has gathered
/// whenever the job runner reports progress. However fast the worker is, the window is not flooded.
class TrainingFeed
{
public:
    struct News
    {
        std::vector<MetricPoint> points;
        std::vector<QImage> samples; ///< simulated defects; empty: none came since the last time
        std::vector<QImage> maps;    ///< heat maps of the fixed samples; empty likewise

        QString warning; ///< what the user should know about the model

        bool isEmpty() const { return points.empty() && samples.empty() && maps.empty() && warning.isEmpty(); }
        /// Points are appended, pictures replaced by newer ones.
        void add(const News& newer);
    };

    /// Callbacks that fill `feed`; for the worker thread. They keep it alive.
    static TrainingObserver observer(const std::shared_ptr<TrainingFeed>& feed);

    News take();

private:
    std::mutex m_mutex;
    News m_news;
};

} // namespace lynceus
