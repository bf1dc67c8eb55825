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

/// Times a U2-Net ("u2net", "u2netp" or "u2net-half") with random weights from the image to d0. Keys as benchNetwork()
/// has them. Throws Error(Input) on another variant and on sides below 32.
QJsonObject benchU2Net(const QString& variant, cv::Size size, const std::vector<Engine>& engines, int runs,
                       const TaskContext& context = {});

} // namespace lynceus
