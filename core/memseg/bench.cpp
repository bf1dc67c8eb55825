// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/bench.h"

#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/image/image_io.h"
#include "core/memseg/inference.h"
#include "core/memseg/model.h"
#include "core/nn/device.h"
#include "core/nn/tensor_image.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QJsonArray>
#include <QtCore/QTemporaryDir>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kWarmUps = 3;
constexpr int kSourceSide = 1024;

/// Nearest-rank quantile of sorted values.
double quantile(const std::vector<double>& sorted, double share)
{
    const auto rank = std::size_t(std::ceil(share * double(sorted.size())));
    return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return quantile(values, 0.5);
}

/// A smooth colour picture, so that its PNG is neither trivial nor pure noise.
cv::Mat samplePicture()
{
    cv::Mat picture(kSourceSide, kSourceSide, CV_8UC3);
    cv::RNG random(1);
    random.fill(picture, cv::RNG::UNIFORM, 0, 256);
    cv::GaussianBlur(picture, picture, {}, 4.0);
    return picture;
}

} // namespace

QJsonObject latencyJson(std::vector<double> milliseconds)
{
    std::sort(milliseconds.begin(), milliseconds.end());
    return {{u"p50"_s, quantile(milliseconds, 0.5)},
            {u"p95"_s, quantile(milliseconds, 0.95)},
            {u"p99"_s, quantile(milliseconds, 0.99)},
            {u"min"_s, milliseconds.front()}};
}

QJsonObject benchMemSeg(cv::Size size, int runs, const MemSegOptions& options)
{
    if (runs < 1) {
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "%1 runs cannot be timed.").arg(runs),
                    QCoreApplication::translate("core", "Ask for at least 1 run."));
    }
    MemSegOptions sized = options;
    sized.preprocessing.width = size.width;
    sized.preprocessing.height = size.height;
    const QTemporaryDir folder;
    const QString file = folder.filePath(u"picture.png"_s);
    writePng(file, samplePicture());
    const MemSegModel model = untrainedMemSegModel(sized);
    MemSegInference inference(model);

    std::vector<double> load, prepared, encode, match, decode, distance, total;
    for (int run = -kWarmUps; run < runs; ++run) {
        Stopwatch watch;
        const cv::Mat picture = readImage(file);
        const double loadMs = watch.restart();
        const auto input = imageToTensor(prepare(picture, sized.preprocessing));
        const double prepareMs = watch.restart();
        const auto output = inference.run(input);
        const double totalMs = watch.ms();
        if (run < 0)
            continue;
        load.push_back(loadMs);
        prepared.push_back(prepareMs);
        encode.push_back(output.encodeMs);
        match.push_back(output.matchMs);
        decode.push_back(output.decodeMs);
        distance.push_back(output.distanceMs);
        total.push_back(totalMs);
    }

    const QJsonObject engine{{u"engine"_s, u"libtorch"_s},
                             {u"latency_ms"_s, latencyJson(total)},
                             {u"fps"_s, 1000.0 / median(total)},
                             {u"ratio"_s, 1.0}};
    const QJsonObject stages{{u"load"_s, median(load)},     {u"prepare"_s, median(prepared)},
                             {u"encode"_s, median(encode)}, {u"match"_s, median(match)},
                             {u"decode"_s, median(decode)}, {u"distance"_s, median(distance)}};
    return {{u"name"_s, u"memseg"_s},
            {u"architecture"_s, sized.architecture()},
            {u"width"_s, size.width},
            {u"height"_s, size.height},
            {u"memory_images"_s, sized.memoryImages},
            {u"threads"_s, threads()},
            {u"runs"_s, runs},
            {u"peak_memory_mb"_s, peakMemoryMb()},
            {u"cpu"_s, machineDescription()},
            {u"engines"_s, QJsonArray{engine}},
            {u"stage_ms"_s, stages}};
}

} // namespace lynceus
