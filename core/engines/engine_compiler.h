// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/engines/gate_image.h"
#include "core/engines/gate_report.h"

#include <QtCore/QString>

#include <opencv2/core/types.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace lynceus {

class GateSubject;

// How a model is compiled; no torch types here, so pages and commands may use it.

struct CompileRequest
{
    double searchSeconds = 40.0; ///< for int8, when it does not pass at once: which layers have to stay as they are
    int images = 48;             ///< good images that are compared, each once as it is and once with a simulated defect
    std::optional<Engine> engine; ///< what Auto is to be for this model; none: what it was, at first the fastest
    QString cacheFolder;          ///< see CompileOptions
};

/// What a method compiles with. All pictures of one form.
struct CompileImages
{
    std::vector<GateImage> calibration; ///< for int8, some ten or more
    std::vector<GateImage> compared;    ///< by the parity gate
};

/// As many of `wanted` images of that size as `pixels` allow, but some.
std::size_t affordableImages(std::size_t wanted, std::size_t pixels, const cv::Size& size);

/// Compiles a model for OpenVINO's engines on this machine and lets each run the images beside LibTorch; the parity
/// gate's reports and the networks go into engineFile(modelFile). An engine that does not pass is kept with its report,
/// and nobody uses it. Throws Error (no OpenVINO, file not writable), Cancelled; the file that was there stays then.
std::vector<GateReport> compileEngines(GateSubject& subject, const QString& modelFile, const CompileImages& images,
                                       const CompileRequest& request = {}, const TaskContext& context = {});

} // namespace lynceus
