// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/data/anomaly_folder.h"
#include "core/memseg/options.h"
#include "core/training/training_plan.h"

#include <vector>

namespace lynceus {

/// What each good image is used for.
struct GoodSplit
{
    std::vector<Sample> memory;   ///< features to compare with
    std::vector<Sample> training; ///< shares images with `memory` when there are many (methods.md 1.5, trap 11)
    std::vector<Sample> heldOut;  ///< validation and calibration; never seen by the network before

    /// Each image once, in order of name.
    std::vector<Sample> all() const;
};

/// Good images below this cannot be split.
inline constexpr int kLeastGoodImages = 4;
/// From this many good images on (without the held-out ones) those in the memory are trained on too.
inline constexpr int kImagesToShareMemory = 60;

/// Those of `good` that options.exclude does not name. Throws Error(Input) for a name that is not among them.
std::vector<Sample> withoutExcluded(const std::vector<Sample>& good, const MemSegOptions& options);

/// Splits what withoutExcluded() leaves by options.seed. Below kImagesToShareMemory the memory takes at most half of
/// the images, so that training sees images that differ from all of it. Throws Error(Input) when there are too few.
GoodSplit splitGoodImages(const std::vector<Sample>& good, const MemSegOptions& options);

/// Steps, rates (methods.md 1.3, Optimiser) and budget that `options` ask for.
TrainingPlan trainingPlan(const MemSegOptions& options);

} // namespace lynceus
