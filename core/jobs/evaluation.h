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

/// Figures of one type of defect.
struct DefectFigures
{
    QString name;
    int images = 0;      ///< readable ones
    double auroc = 0.0;  ///< of the image scores, against all good images; NaN without any
    double escape = 0.0; ///< at the model's threshold
};

/// Figures of a model on labelled images. Absent ones (no defective image, no mask) are NaN and null in JSON.
struct EvaluationReport
{
    QString method = QStringLiteral("memseg");
    int images = 0;
    int failed = 0; ///< unreadable
    double imageAuroc = 0.0;
    double pixelAuroc = 0.0;
    double aupro = 0.0;     ///< to a false-positive rate of 0.3
    double threshold = 0.0; ///< overkill to balancedError and perDefect hold for it
    double overkill = 0.0;
    double escape = 0.0;
    double f1 = 0.0;
    double balancedError = 0.0;             ///< mean of overkill and escape
    double bestBalancedError = 0.0;         ///< the smallest that any threshold reaches on these images
    double bestThreshold = 0.0;             ///< the largest one that does
    std::vector<DefectFigures> perDefect;   ///< by name
    double p50 = 0.0, p95 = 0.0, p99 = 0.0; ///< latency of inspect(), milliseconds
    std::vector<double> scores;             ///< of the readable images, in order
    std::vector<bool> labels;
    QStringList defects;         ///< type of the same images' defects; empty: good
    QStringList paths;           ///< absolute, of the same images
    bool learntFromGood = false; ///< the folder keeps no good images apart from those that trainings learn from
    QStringList problems;        ///< what is not in the figures, by name with the reason

    /// Another threshold for the same scores.
    void judgeAt(double newThreshold);

    /// Keys of cli.md: method images image_auroc pixel_auroc aupro threshold overkill escape balanced_error
    /// best_balanced_error best_threshold per_defect{name{images,auroc,escape}} f1 latency_ms{p50,p95,p99}.
    QJsonObject toJson() const;
};

/// Inspects the labelled images of the folder's test part. Maps and masks are compared at the size `evaluationSize`
/// (longer side, pixels), as published figures do, and kept at that size only. Bad images are counted, not fatal; a
/// defective image without a usable mask counts for the image figures alone. Throws Error(Input) when nothing can be
/// evaluated at all, Cancelled.
EvaluationReport evaluate(AnomalyInspector& inspector, const AnomalyFolder& folder, const TaskContext& context = {},
                          int evaluationSize = 256);

} // namespace lynceus
