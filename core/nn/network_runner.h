// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <torch/types.h>

#include <string>
#include <utility>
#include <vector>

namespace lynceus {

/// Tensors under the names that the method gives them.
using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

/// The seam between a session and the network it runs: tensors in, tensors out. LibTorch stands behind it today; a
/// compiled engine can stand there without the session noticing. One owner at a time.
class NetworkRunner
{
public:
    virtual ~NetworkRunner() = default;
    virtual NamedTensors run(const NamedTensors& inputs) = 0;
    virtual std::string engine() const = 0; ///< "libtorch"
};

/// The entry called `name`; throws Error(Internal) when there is none.
const torch::Tensor& tensorOf(const NamedTensors& tensors, const std::string& name);

} // namespace lynceus
