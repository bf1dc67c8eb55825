// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/image/anomaly_result.h"
#include "core/memseg/gate_report.h"
#include "core/memseg/inference.h"

#include <QtCore/QString>

#include <memory>
#include <vector>

namespace lynceus {

/// An image that engines are compared on.
struct GateImage
{
    QString name;
    cv::Mat picture;   ///< CV_8UC3 RGB at network size, as prepare() gives it
    bool good = false; ///< it shows a good part, as it is
};

/// The networks' input of such an image, 1 x 3 x H x W.
torch::Tensor gateInput(const GateImage& image);

struct GateEngine
{
    Engine engine;
    std::unique_ptr<MemSegInference> inference;
};

/// All `engines` judge all images at network size, taking turns with `reference`; one report for each engine, in order.
/// An engine that throws has it as its failure; the others go on.
std::vector<GateReport> compareEngines(MemSegInference& reference, const std::vector<GateEngine>& engines,
                                       const std::vector<GateImage>& images, const Thresholds& thresholds,
                                       const TaskContext& context = {});

} // namespace lynceus
