// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/random.h"
#include "core/memseg/defect_simulator.h"
#include "core/training/batch_feeder.h"
#include "core/training/prepared_images.h"

#include <opencv2/core/mat.hpp>

#include <torch/types.h>

#include <cstdint>
#include <vector>

namespace lynceus {

struct TrainingBatch
{
    torch::Tensor images;          ///< B x 3 x H x W, normalised: first half good, second half with simulated defects
    torch::Tensor masks;           ///< B x H x W, 0 and 1
    std::vector<cv::Mat> pictures; ///< of the first batches, to show: BGR 8-bit and mask side by side
};

/// Makes batches of good images and simulated defects, for a BatchFeeder. What a batch holds depends on its number and
/// the seed alone, not on timing. `images` and `simulator` must outlive it.
class DefectBatches
{
public:
    DefectBatches(const PreparedImages& images, const DefectSimulator& simulator, int batch, std::uint64_t seed);

    /// `number` may not go back.
    TrainingBatch operator()(std::uint64_t number);

private:
    std::size_t nextImage();

    const PreparedImages& m_images;
    const DefectSimulator& m_simulator;
    int m_batch;
    Random m_seed;
    Random m_shuffling;
    std::uint64_t m_taken = 0;        ///< images of all batches before
    std::vector<std::size_t> m_order; ///< indices of this round that are still to come, last first
};

} // namespace lynceus
