// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/data/anomaly_folder.h"
#include "core/memseg/options.h"
#include "core/training/training_control.h"
#include "core/training/training_observer.h"

#include <QtCore/QString>

namespace lynceus {

/// Learns MemSeg from the folder's good training images and writes the model file (methods.md 1.3, 1.4): splits off the
/// held-out images by seed, reads and prepares the images, builds the memory bank, trains on simulated defects within
/// steps or minutes, calibrates the thresholds on the held-out good images alone, writes `modelFile` atomically.
/// Defective images of the folder are never used. `encoderFile`: resolved weights file, empty for a random encoder.
/// When the loss is no
/// longer a number, the state of the last validation becomes the model and the outcome's warning says what to change.
/// Throws Error (too few images, unreadable image with its name, NaN loss before there is such a state, disk full),
/// Cancelled. Nothing is written
/// when it throws. Deterministic for one seed and thread count with `steps`.
/// `checkpointFile`: everything that is needed to go on, written at least every two minutes; a training that is given
/// a file that exists goes on from it, to the same result as if it had never stopped (Error(Model) when it belongs to
/// other options, data, textures or
/// encoder, whose contents count). The caller removes it. Empty: none is kept. `run`: what the model names as the run
/// that it came from.
TrainingOutcome trainMemSeg(const AnomalyFolder& folder, const MemSegOptions& options, const QString& encoderFile,
                            const QString& modelFile, const TaskContext& context = {},
                            const TrainingObserver& observer = {}, const TrainingControl& control = {},
                            const QString& checkpointFile = {}, qint64 run = 0);

} // namespace lynceus
