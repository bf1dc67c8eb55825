// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <torch/types.h>

namespace lynceus {

/// Focal loss on softmax probabilities as in MemSeg's reference (methods.md 1.3, Losses): one-hot target clamped to
/// [smooth, 1 - smooth], -(1 - p_t)^gamma * log(p_t + 1e-5), summed over both classes, mean over pixels.
/// `logits` N x 2 x H x W, `target` N x H x W of 0 and 1. smooth = 0 gives the paper's form.
torch::Tensor softmaxFocalLoss(const torch::Tensor& logits, const torch::Tensor& target, double gamma = 4.0,
                               double smooth = 1e-5);

/// Mean absolute difference of the defect probability (channel 1) and the target.
torch::Tensor defectL1Loss(const torch::Tensor& logits, const torch::Tensor& target);

/// 0.6 * L1 + 0.4 * focal.
torch::Tensor memSegLoss(const torch::Tensor& logits, const torch::Tensor& target, double gamma = 4.0);

} // namespace lynceus
