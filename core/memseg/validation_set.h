// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/random.h"
#include "core/memseg/defect_simulator.h"
#include "core/memseg/training_batches.h"

#include <opencv2/core/mat.hpp>

#include <vector>

namespace lynceus {

/// Held-out good images, and the same with simulated defects.
struct ValidationSet
{
    std::vector<cv::Mat> images; ///< as PreparedImages::at gives them
    std::vector<cv::Mat> masks;
    std::vector<bool> defective;
};

/// Up to sixteen of the held-out images, each followed by its defective copy. Throws Error(Input) when no simulated
/// defect fits on the part.
ValidationSet makeValidationSet(const PreparedImages& heldOut, const DefectSimulator& simulator, const Random& seed);

} // namespace lynceus
