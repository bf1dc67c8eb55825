// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/data/anomaly_folder.h"
#include "core/memseg/model.h"
#include "core/memseg/validation_set.h"

#include <functional>
#include <vector>

namespace lynceus {

/// What a finished network is measured with; none of it was learnt from.
struct CalibrationData
{
    const std::vector<Sample>& heldOut; ///< good images, for the thresholds
    const ValidationSet& joining;       ///< weighs the branches
    const ValidationSet& validation;    ///< for the figures of the model file
};

/// Makes a trained model one that judges: weighs its branches and sets the scale of the map (when it has the
/// nearest-good branch), then sets thresholds, calibration and metrics of model.info. All on the model as users will
/// load it: from a file, here a temporary one beside `modelFile`, with folded batch norms and maps in source pixels.
/// `throwIfStopped` is called before each image. Held-out images that can't be read any more are left out and their
/// paths returned; without any left, Error names the first. Throws Error(File) when there is no room for the file.
QStringList calibrateModel(MemSegModel& model, const CalibrationData& data, const QString& modelFile,
                           const std::function<void()>& throwIfStopped);

} // namespace lynceus
