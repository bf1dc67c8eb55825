// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/nn/engine.h"
#include "core/nn/graph_translator.h"
#include "core/nn/quantisation.h"

#include <QtCore/QJsonObject>
#include <QtCore/QString>

#include <opencv2/core/types.hpp>

#include <vector>

namespace lynceus {

/// A network by itself.
struct NetworkBench
{
    QString name;
    cv::Size size;
    TensorFunction network; ///< as translate() takes it
    NamedTensors inputs;    ///< four dimensions; they are laid out channels-last
    Int8Options int8;       ///< calibration inputs: as many names as `inputs`
};

/// Keys as `lynceus-cli bench` prints them: name, width, height, threads, runs, peak_memory_mb, cpu, engines (see
/// benchEngines) with `error` more: the largest difference of an output to LibTorch's over LibTorch's largest value.
QJsonObject benchNetwork(const NetworkBench& bench, const std::vector<Engine>& engines, int runs,
                         const TaskContext& context = {});

} // namespace lynceus
