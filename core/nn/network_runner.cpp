// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/network_runner.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>

namespace lynceus {

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
