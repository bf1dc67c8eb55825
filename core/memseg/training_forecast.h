// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/data/anomaly_folder.h"
#include "core/image/input_size.h"
#include "core/memseg/options.h"

#include <QtCore/QString>

namespace lynceus {

/// What a training will take on this machine.
struct TrainingForecast
{
    int width = 0; ///< of the network's input, after keep_aspect
    int height = 0;
    Sight sight;                 ///< what that shows; of whole pictures, also where parts will be cut out
    int images = 0;              ///< good images that will be used
    double secondsPerStep = 0.0; ///< 0 without a decoder: then nothing is trained
    int steps = 0;               ///< as many as the options ask for and the minutes allow
    double seconds = 0.0;        ///< from start to finished model
    double memoryMb = 0.0;       ///< the program's memory at its peak
};

/// Measures a few seconds on this machine: reads some of the folder's good images, runs two steps of the network that
/// `options` describe, and works out the rest. Nothing is written. `encoderFile` as for trainMemSeg. Throws Error (too
/// few images, unreadable image), Cancelled.
TrainingForecast forecastTraining(const AnomalyFolder& folder, const MemSegOptions& options, const QString& encoderFile,
                                  const TaskContext& context = {});

} // namespace lynceus
