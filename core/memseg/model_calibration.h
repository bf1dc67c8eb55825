// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/data/anomaly_folder.h"
#include "core/memseg/model.h"
#include "core/memseg/validation_set.h"

#include <QtCore/QHash>
#include <QtCore/QStringList>

#include <functional>
#include <vector>

namespace lynceus {

/// What a finished network is measured with.
struct CalibrationData
{
    const std::vector<Sample>& good;             ///< all good images, for the thresholds
    const QHash<QString, std::size_t>& inBranch; ///< index in the nearest-good branch, by path
    const std::vector<Sample>& heldOut;          ///< those that the decoder did not learn from
    const ValidationSet& joining;                ///< weighs the branches
    const ValidationSet& validation;             ///< for the figures of the model file
};

/// What a calibration has to say beside the model.
struct CalibrationFindings
{
    QStringList unreadable; ///< paths of good images that can't be read any more; left out
    QStringList odd;        ///< names of good images that lie far from all others, the furthest first
};

/// How well model.nearest tells the set's good images from its defects, each as if the branch had never seen it: the
/// mean of image and pixel AUROC. To choose between branches. The network as it is in training.
double branchQuality(const MemSegModel& model, const ValidationSet& set, const QHash<QString, std::size_t>& inBranch);

/// Makes a trained model one that judges: weighs its branches and sets the scale of the map (when it has the
/// nearest-good branch), then sets thresholds, calibration and metrics of model.info. Every good image is scored
/// through the whole chain, as the file of the model will judge it (folded batch norms, half precision), but as if the
/// branch had never seen it; scores of those that the decoder has learnt from are raised by what it flatters them.
/// Without the branch, only held-out images set the thresholds. One limit serves score and pixel: a part that is NG
/// then has a region. Where simulated defects pass, a band for review lies below it. `throwIfStopped` is called before
/// each image. When no good image can be read any more, Error names the first. Throws Error(File) when there is no room
/// for a temporary file beside `modelFile`.
CalibrationFindings calibrateModel(MemSegModel& model, const CalibrationData& data, const QString& modelFile,
                                   const std::function<void()>& throwIfStopped);

} // namespace lynceus
