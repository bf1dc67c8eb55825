// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/data/anomaly_folder.h"
#include "core/image/anomaly_result.h"

#include <QtCore/QJsonObject>
#include <QtCore/QStringList>

#include <vector>

namespace lynceus {

/// Figures of a model on labelled images. Absent ones (no defective image, no mask) are NaN and null in JSON.
struct EvaluationReport
{
    QString method = QStringLiteral("memseg");
    int images = 0;
    int failed = 0; ///< unreadable
    double imageAuroc = 0.0;
    double pixelAuroc = 0.0;
    double aupro = 0.0; ///< to a false-positive rate of 0.3
    double threshold = 0.0;
    double overkill = 0.0;
    double escape = 0.0;
    double f1 = 0.0;
    double p50 = 0.0, p95 = 0.0, p99 = 0.0; ///< latency of inspect(), milliseconds
    std::vector<double> scores;             ///< of the readable images, in order
    std::vector<bool> labels;
    QStringList paths;    ///< absolute, of the same images
    QStringList problems; ///< unreadable images and unusable masks, each by name with the reason

    /// Keys of cli.md: method images image_auroc pixel_auroc aupro threshold overkill escape f1
    /// latency_ms{p50,p95,p99}.
    QJsonObject toJson() const;
};

/// Inspects the labelled images of the folder's test part. Maps and masks are compared at the size `evaluationSize`
/// (longer side, pixels), as published figures do, and kept at that size only. Bad images are counted, not fatal; a
/// defective image without a usable mask counts for the image figures alone. Throws Error(Input) when nothing can be
/// evaluated at all, Cancelled.
EvaluationReport evaluate(AnomalyInspector& inspector, const AnomalyFolder& folder, const TaskContext& context = {},
                          int evaluationSize = 256);

} // namespace lynceus
