// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/session.h"

#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/memseg/engine_choice.h"
#include "core/memseg/model.h"
#include "core/nn/tensor_image.h"

#include <QtCore/QCoreApplication>

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

    MemSegInference::Output run(const cv::Mat& image, StageTimes& times);
};

MemSegInference::Output MemSegSession::Private::run(const cv::Mat& image, StageTimes& times)
{
    const ThreadShare share(threads);
    Stopwatch watch;
    const auto input = imageToTensor(prepare(image, info.preprocessing));
    times.prepare = watch.restart();
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
        EngineChoice choice = chooseEngine(model, modelFile, options);
        return std::unique_ptr<MemSegSession>(new MemSegSession(
            std::unique_ptr<Private>(new Private{modelFile, model.hash, model.info, model.info.thresholds,
                                                 std::move(*choice.inference), choice.note, options.threads})));
    } catch (...) {
        throw currentError(QCoreApplication::translate("core", "loading %1").arg(modelFile));
    }
}

AnomalyResult MemSegSession::inspect(const cv::Mat& image)
{
    try {
        AnomalyResult result;
        const auto output = d->run(image, result.times);
        Stopwatch watch;
        result.nearestGood = output.nearest;
        result.score = imageScore(output.map);
        result.map = output.map;
        result.geometry = ImageGeometry(image.size(), d->info.preprocessing);
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
        return d->run(image, times).map;
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
