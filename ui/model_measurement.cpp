// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/model_measurement.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/image/image_io.h"
#include "core/memseg/session.h"
#include "ui/display_image.h"

#include <algorithm>

namespace lynceus {

namespace {

constexpr std::size_t kWorst = 12;
constexpr int kThumbnail = 128;

} // namespace

std::vector<WorstImage> worstImages(const EvaluationReport& report, bool defective, std::size_t count)
{
    std::vector<WorstImage> images;
    for (std::size_t i = 0; i < report.scores.size(); ++i) {
        if (report.labels[i] == defective)
            images.push_back({report.paths[qsizetype(i)], report.scores[i], defective, {}});
    }
    std::stable_sort(images.begin(), images.end(), [defective](const WorstImage& a, const WorstImage& b) {
        return defective ? a.score < b.score : a.score > b.score;
    });
    images.resize(std::min(images.size(), count));
    return images;
}

ModelMeasurement measureModel(const QString& modelFile, const SessionOptions& options, const QString& folder,
                              const TaskContext& context)
{
    const AnomalyFolder images = AnomalyFolder::open(folder, AnomalyFolder::Purpose::Inspection, context.cancel);
    SessionOptions own = options;
    own.cancel = context.cancel;
    const auto session = MemSegSession::load(modelFile, own);
    ModelMeasurement measured;
    measured.report = evaluate(*session, images, context);
    const std::vector<bool>& labels = measured.report.labels;
    if (std::find(labels.begin(), labels.end(), true) != labels.end() &&
        std::find(labels.begin(), labels.end(), false) != labels.end())
        measured.roc = rocCurve(measured.report.scores, labels);
    measured.good = worstImages(measured.report, false, kWorst);
    measured.defective = worstImages(measured.report, true, kWorst);
    for (std::vector<WorstImage>* list : {&measured.good, &measured.defective}) {
        for (WorstImage& image : *list) {
            context.cancel.throwIfCancelled();
            try {
                image.thumbnail = toQImage(readThumbnail(image.path, kThumbnail));
            } catch (const Error& error) {
                qCWarning(logUi) << "No thumbnail:" << error.text();
            }
        }
    }
    return measured;
}

} // namespace lynceus
