// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/nn/engine.h"
#include "core/nn/graph_translator.h"
#include "core/nn/quantisation.h"

#include <QtCore/QJsonObject>
#include <QtCore/QString>

#include <opencv2/core/mat.hpp>

#include <cstdint>
#include <vector>

namespace lynceus {

/// Blobs of colour, for networks with random weights to look at: CV_32FC3, RGB, 0..255.
cv::Mat benchPicture(cv::Size size, std::uint64_t index);

/// A network by itself.
struct NetworkBench
{
    QString name;
    cv::Size size;
    TensorFunction network; ///< as translate() takes it
    NamedTensors inputs;    ///< four dimensions; they are laid out channels-last
    Int8Options int8;       ///< calibration inputs: as many names as `inputs`
};

/// Gives it such pictures as "image", `imagenet` normalised, to run and to calibrate with.
void usePictures(NetworkBench& bench);

/// Keys as `lynceus-cli bench` prints them: name, width, height, threads, runs, peak_memory_mb, cpu, engines (see
/// benchEngines) with `error` more: the largest difference of an output to LibTorch's over LibTorch's largest value.
QJsonObject benchNetwork(const NetworkBench& bench, const std::vector<Engine>& engines, int runs,
                         const TaskContext& context = {});

} // namespace lynceus
