// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/nn/engine.h"

#include <QtCore/QJsonObject>
#include <QtCore/QString>

#include <opencv2/core/types.hpp>

#include <vector>

namespace lynceus {

/// "resnet18" or "mobilenetv2": the levels of the encoder, with random weights. Throws Error(Input) on a size that is
/// not made of multiples of 32.
QJsonObject benchEncoder(const QString& name, cv::Size size, const std::vector<Engine>& engines, int runs,
                         const TaskContext& context = {});

} // namespace lynceus
