// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/torch.h"

namespace lynceus {

/// Brings the weights of all convolutions into the layout that oneDNN's convolutions read fastest here; inputs should
/// be channels-last as well.
void layOutChannelsLast(torch::nn::Module& module);

/// Changes weight and bias of `conv` so that it does what `bn` in eval mode did after it; `bn` is to be left out then.
void foldBatchNorm(torch::nn::Conv2dImpl& conv, const torch::nn::BatchNorm2dImpl& bn);

/// Eval mode, and no parameter asks for gradients.
void prepareForInference(torch::nn::Module& module);

} // namespace lynceus
