// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/jobs/evaluation.h"
#include "core/metrics/roc.h"

#include <QtGui/QImage>

#include <optional>
#include <vector>

namespace lynceus {

struct SessionOptions;

/// A labelled image that a model judges badly.
struct WorstImage
{
    QString path;
    double score = 0.0;
    bool defective = false;
    QImage thumbnail; ///< null when it can't be read any more
};

/// What a model makes of the labelled images of a folder.
struct ModelMeasurement
{
    EvaluationReport report;
    std::optional<RocCurve> roc;       ///< needs images of both kinds
    std::vector<WorstImage> good;      ///< good ones with the highest scores, highest first
    std::vector<WorstImage> defective; ///< defective ones with the lowest scores, lowest first
};

/// The images of `report` that are judged worst, at most `count`; without thumbnails.
std::vector<WorstImage> worstImages(const EvaluationReport& report, bool defective, std::size_t count);

/// Evaluates a MemSeg model. Slow: for a worker thread. Throws Error, Cancelled.
ModelMeasurement measureModel(const QString& modelFile, const SessionOptions& options, const QString& folder,
                              const TaskContext& context);

} // namespace lynceus
