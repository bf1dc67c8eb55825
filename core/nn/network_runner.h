// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <torch/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lynceus {

/// Tensors under the names that the method gives them.
using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

/// The seam between a session and the network it runs: tensors in, tensors out, computed by LibTorch or by a compiled
/// engine without the session noticing. One owner at a time.
class NetworkRunner
{
public:
    virtual ~NetworkRunner() = default;
    virtual NamedTensors run(const NamedTensors& inputs) = 0;
    virtual std::string engine() const = 0; ///< "libtorch"
};

/// A network as a function of named tensors.
using TensorFunction = std::function<NamedTensors(const NamedTensors&)>;

/// Such a function as it is, in LibTorch, without gradients and on the threads of nn/device.
class TorchRunner final : public NetworkRunner
{
public:
    explicit TorchRunner(TensorFunction network);
    NamedTensors run(const NamedTensors& inputs) override;
    std::string engine() const override;

private:
    TensorFunction m_network;
};

/// A method's networks under the names that it gives them.
using NetworkRunners = std::map<std::string, std::unique_ptr<NetworkRunner>>;

/// The entry called `name`; throws Error(Internal) when there is none.
const torch::Tensor& tensorOf(const NamedTensors& tensors, const std::string& name);

} // namespace lynceus
