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

/// Times RAFT ("raft-small" or "raft-large") with random weights from two images to the flow after 12 updates. Keys as
/// benchNetwork() has them. Throws Error(Input) on another variant and on sides that are no multiples of 8 or below
/// 128.
QJsonObject benchRaft(const QString& variant, cv::Size size, const std::vector<Engine>& engines, int runs,
                      const TaskContext& context = {});

} // namespace lynceus
