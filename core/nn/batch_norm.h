// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/torch.h"

namespace lynceus {

/// relu(norm(x)) for N x C x H x W. In training on the CPU with `x` in channels-last memory this is one pass over the
/// data forwards and two backwards, many times as fast as LibTorch 1.13's batch norm there, and it keeps one tensor
/// instead of two; else it is LibTorch's own. Running statistics are updated as LibTorch does.
torch::Tensor batchNormRelu(torch::nn::BatchNorm2dImpl& norm, const torch::Tensor& x);

} // namespace lynceus
