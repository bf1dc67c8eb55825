// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/random.h"
#include "core/memseg/memory_bank.h"
#include "core/memseg/network.h"
#include "core/memseg/training_batches.h"

#include <opencv2/core/types.hpp>
#include <torch/types.h>

#include <vector>

namespace lynceus {

/// A window of each image of a batch, so that the decoder learns where there is something to learn. All of one size,
/// about half of each side, at multiples of 32 pixels, so that it cuts every level of features at whole cells: around a
/// pixel of the defect where there is one, anywhere else. `masks`: B x H x W.
std::vector<cv::Rect> chooseWindows(const torch::Tensor& masks, Random& random);

/// Whether step number `step` of a training with the option `windows` learns from them: each fourth sees whole images,
/// as the network will when it inspects.
bool learnsFromWindows(int step);

/// The loss of a batch, from whole images when `windows` is empty. The frozen encoder and the memory record no
/// gradients.
torch::Tensor batchLoss(MemSegNetworkImpl& network, const MemoryBank& bank, const TrainingBatch& batch,
                        const std::vector<cv::Rect>& windows);

/// The windows of `images` (B x C x h x w) that are `stride` pixels of the network's input a cell, channels-last.
torch::Tensor cutWindows(const torch::Tensor& images, const std::vector<cv::Rect>& windows, int stride);

} // namespace lynceus
