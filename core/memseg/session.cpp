// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/session.h"

#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/engines/engine_choice.h"
#include "core/memseg/gate_subject.h"
#include "core/memseg/inference.h"
#include "core/memseg/model.h"
#include "core/nn/tensor_image.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <utility>

namespace lynceus {

struct MemSegSession::Private
{
    QString file;
    QString hash;
    ModelInfo info;
    Thresholds thresholds;
    MemSegInference inference;
    QString engineNote;
    int threads = 0;

    MemSegInference::Output run(const PreparedImage& prepared, StageTimes& times);
};

MemSegInference::Output MemSegSession::Private::run(const PreparedImage& prepared, StageTimes& times)
{
    const ThreadShare share(threads);
    Stopwatch watch;
    const auto input = imageToTensor(prepared.image);
    times.prepare += watch.restart();
    auto output = inference.run(input);
    times.infer = watch.restart();
    return output;
}

MemSegSession::MemSegSession(std::unique_ptr<Private> data)
    : d(std::move(data))
{
}

MemSegSession::~MemSegSession() = default;

std::unique_ptr<MemSegSession> MemSegSession::load(const QString& modelFile, const SessionOptions& options)
{
    try {
        const ThreadShare share(options.threads);
        const MemSegModel model = loadMemSegModel(modelFile);
        MemSegGateSubject subject(model);
        EngineChoice choice = chooseEngine(subject, modelFile, options);
        auto inference = choice.networks.empty() ? MemSegInference(model, options.device)
                                                 : MemSegInference(model, std::move(choice.networks));
        return std::unique_ptr<MemSegSession>(new MemSegSession(
            std::unique_ptr<Private>(new Private{modelFile, model.hash, model.info, model.info.thresholds,
                                                 std::move(inference), choice.note, options.threads})));
    } catch (...) {
        throw currentError(QCoreApplication::translate("core", "loading %1").arg(modelFile));
    }
}

AnomalyResult MemSegSession::inspect(const cv::Mat& image)
{
    try {
        AnomalyResult result;
        Stopwatch watch;
        const PreparedImage prepared = prepareImage(image, d->info.preprocessing);
        result.times.align = prepared.alignMs;
        result.times.prepare = std::max(0.0, watch.restart() - prepared.alignMs);
        result.geometry = prepared.geometry;
        result.problem = prepared.problem;
        if (prepared.problem.isEmpty()) {
            const auto output = d->run(prepared, result.times);
            watch.restart();
            result.nearestGood = output.nearest;
            result.score = imageScore(output.map);
            result.map = output.map;
        } else {
            result.score = 1.0;
            result.map = cv::Mat::zeros(d->info.preprocessing.height, d->info.preprocessing.width, CV_32F);
        }
        rejudge(result, d->thresholds);
        result.times.post = watch.ms();
        return result;
    } catch (...) {
        throw currentError(QCoreApplication::translate("core", "inspecting an image"));
    }
}

cv::Mat MemSegSession::mapAtNetworkSize(const cv::Mat& image)
{
    try {
        StageTimes times;
        const PreparedImage prepared = prepareImage(image, d->info.preprocessing);
        if (!prepared.problem.isEmpty())
            throw Error(ErrorKind::Input, prepared.problem);
        return d->run(prepared, times).map;
    } catch (...) {
        throw currentError(QCoreApplication::translate("core", "inspecting an image"));
    }
}

Engine MemSegSession::engine() const
{
    return d->inference.engine();
}

const QString& MemSegSession::engineNote() const
{
    return d->engineNote;
}

const ModelInfo& MemSegSession::info() const
{
    return d->info;
}

const QString& MemSegSession::modelFile() const
{
    return d->file;
}

const QString& MemSegSession::modelHash() const
{
    return d->hash;
}

const Thresholds& MemSegSession::thresholds() const
{
    return d->thresholds;
}

void MemSegSession::setThresholds(const Thresholds& thresholds)
{
    d->thresholds = thresholds;
}

} // namespace lynceus
