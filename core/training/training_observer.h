// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/weights/model_file.h"

#include <QtCore/QString>

#include <opencv2/core/mat.hpp>

#include <functional>
#include <vector>

namespace lynceus {

/// What a training tells while it runs. All calls come from the training thread.
struct TrainingObserver
{
    /// Curves: "loss" and "learning_rate" every few steps, the method's own ("validation_auroc") now and then.
    std::function<void(const QString& name, int step, double value)> metric;
    /// What is learnt from as the network sees it (MemSeg: simulated defects): BGR 8-bit picture and mask side by side,
    /// a few at the start.
    std::function<void(const std::vector<cv::Mat>& pictures)> samples;
    /// What the network makes of a few fixed held-out images at each validation: BGR 8-bit, the image and its heat map
    /// on the fixed scale side by side.
    std::function<void(const std::vector<cv::Mat>& pictures)> maps;
    /// Something that belongs into the run's record: "paused", "resumed", "finishing", "checkpoint", "warning",
    /// with a detail.
    std::function<void(const QString& kind, const QString& detail)> event;
};

/// What a training leaves.
struct TrainingOutcome
{
    QString modelFile;
    ModelInfo info;
    int steps = 0;
    double seconds = 0.0;
    double secondsPerStep = 0.0;
    QString warning; ///< what the user should know about a model that came out all the same; with the remedy
};

} // namespace lynceus
