// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/network_runner.h"

#include "core/base/error.h"
#include "core/nn/device.h"
#include "core/nn/engine.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>

#include <utility>

namespace lynceus {

TorchRunner::TorchRunner(TensorFunction network)
    : m_network(std::move(network))
{
}

NamedTensors TorchRunner::run(const NamedTensors& inputs)
{
    useChosenThreads();
    const c10::InferenceMode inferenceMode;
    return m_network(inputs);
}

std::string TorchRunner::engine() const
{
    return engineName(Engine::LibTorch).toStdString();
}

const torch::Tensor& tensorOf(const NamedTensors& tensors, const std::string& name)
{
    for (const auto& [key, tensor] : tensors) {
        if (key == name)
            return tensor;
    }
    throw Error(
        ErrorKind::Internal,
        QCoreApplication::translate("core", "The network has no tensor \"%1\".").arg(QString::fromStdString(name)));
}

} // namespace lynceus
