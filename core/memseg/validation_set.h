// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/random.h"
#include "core/memseg/defect_simulator.h"
#include "core/training/prepared_images.h"

#include <opencv2/core/mat.hpp>

#include <vector>

namespace lynceus {

/// Held-out good images, and the same with simulated defects.
struct ValidationSet
{
    std::vector<cv::Mat> images; ///< CV_8UC3 RGB
    std::vector<cv::Mat> masks;
    std::vector<bool> defective;
    std::vector<QString> sources; ///< path of the good image that each is, or was made from

    /// CV_32FC3 RGB, as PreparedImages::at gives it.
    cv::Mat image(std::size_t index) const;
};

/// A good image with a defect of a kind that DefectSimulator does not make: a piece that is out of place, out of focus,
/// dented or darkened, inside an angular or round outline. Who chooses by these does not choose what has learnt the
/// simulator by heart. The mask is all 0 when none can be seen on this part. `options`: foreground and minPixels.
SimulatedDefect heldBackDefect(const cv::Mat& good, const SimulatorOptions& options, Random& random);

/// Up to sixteen of the held-out images (of large ones down to six), each followed by `copies` copies with a held-back
/// defect. Throws Error(Input) when no such defect fits on the part.
ValidationSet makeValidationSet(const PreparedImages& heldOut, const SimulatorOptions& options, const Random& seed,
                                int copies = 1);

} // namespace lynceus
