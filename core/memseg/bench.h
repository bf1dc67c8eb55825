// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/memseg/options.h"
#include "core/nn/engine.h"

#include <QtCore/QJsonObject>

#include <opencv2/core/types.hpp>

#include <vector>

namespace lynceus {

/// Times the network path of MemSegSession::inspect with random weights and a full memory, on the threads set in
/// nn/device. Keys as `lynceus-cli bench` prints them (name, architecture, width, height, memory_images, threads, runs,
/// peak_memory_mb, cpu, engines as benchEngines() gives them) and `stage_ms`: LibTorch's medians of encode, match,
/// decode and distance, and of load (a PNG) and prepare (its resize), which are not part of the latency. Int8 is
/// calibrated with pictures of the demo product. A model that turns parts upright has a stage `align` too, on a picture
/// of its mean good part. Throws as benchEngines().
QJsonObject benchMemSeg(cv::Size size, int runs, const MemSegOptions& options = {},
                        const std::vector<Engine>& engines = {}, const TaskContext& context = {});
/// The same for a trained model, with the networks it was compiled to where there are any.
QJsonObject benchModel(const QString& modelFile, int runs, const std::vector<Engine>& engines = {},
                       const TaskContext& context = {});

/// Times a training step (batch and input of `options`) as trainMemSeg does it, on pictures of the demo product,
/// against two plain steps of the same LibTorch: channels-last, stem and layer1 to layer3 frozen, LibTorch's batch
/// norms, the batch ready beforehand. One of the method's reference (ResNet-18, decoder "lite"; `eager_ms_per_step`,
/// `speedup`), one of the same network as `options` (`same_network_eager_ms_per_step`, `same_network_speedup`). They
/// take turns. `peak_memory_mb` is the training's own. Other keys: name, width, height, batch, threads, turns, cpu,
/// architecture.
QJsonObject benchMemSegTraining(cv::Size size, int turns, const MemSegOptions& options, const QString& encoderFile,
                                const TaskContext& context = {});

} // namespace lynceus
