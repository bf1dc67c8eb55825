// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/graph_translator.h"

#include <torch/csrc/jit/ir/ir.h>

#include <memory>
#include <string>
#include <vector>

namespace lynceus::graph {

/// What LibTorch executes when `network` runs on `examples`, with the weights as constants and batch norms folded.
/// Inputs in the examples' order, outputs in that of `outputNames`, which is filled. Throws Error(Internal) on values
/// that were written past LibTorch's operators.
std::shared_ptr<torch::jit::Graph> trace(const TensorFunction& network, const NamedTensors& examples,
                                         std::vector<std::string>& outputNames);

/// Of an operator, without "aten::", the _ in front and that of operators that work in place.
std::string operatorName(const torch::jit::Node& node);
/// Memory without values: only its shape is used.
bool isEmptyTensor(const torch::jit::Node& node);

} // namespace lynceus::graph
