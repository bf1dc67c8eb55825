// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/network_runner.h"

#include <memory>

namespace ov {
class Model;
}

namespace lynceus {

/// Runs `network` once on `examples` (float32, on the CPU), writes down which operators LibTorch executes and makes the
/// same graph of OpenVINO operators: inputs and outputs under the network's names, in NCHW, for the examples' shapes
/// alone. Weights become constants, so they must not require gradients; batch norms must be in eval mode and are folded
/// into the convolutions before them. What does not depend on tensors (loops, sizes) is fixed as it was in this run.
/// Operators are called after LibTorch's with a number: "convolution_0", "relu_1". An operator or argument that has no
/// translation throws Error(Internal) naming it and its inputs' shapes.
std::shared_ptr<ov::Model> translate(const TensorFunction& network, const NamedTensors& examples);

} // namespace lynceus
