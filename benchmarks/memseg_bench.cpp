// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Latency of MemSeg as sessions run it against the same network as a frozen TorchScript graph of the same LibTorch,
// with the memory compared as the paper writes it. Runs alternate, so that a busy machine slows both. memseg_bench
// [--runs N] [--threads N] [--set key=value ...] prints one JSON document.

#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/memseg/bench.h"
#include "core/memseg/inference.h"
#include "core/memseg/model.h"
#include "core/nn/device.h"
#include "core/nn/engine_bench.h"

#include <QtCore/QCommandLineParser>
#include <QtCore/QCoreApplication>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/script.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

constexpr int kWarmUps = 4;

/// Image to map, with the differences to all samples as the paper writes them.
torch::Tensor mapAsWritten(MemSegNetwork network, const std::array<torch::Tensor, 3>& memory,
                           const torch::Tensor& image)
{
    const auto features = network->encode(image);
    torch::Tensor scores;
    std::array<torch::Tensor, 3> differences;
    for (std::size_t level = 0; level < 3; ++level) {
        differences[level] = (memory[level] - features[level + 1]).square();
        const auto score = differences[level].mean({1, 2, 3});
        scores = scores.defined() ? scores + score : score;
    }
    const auto index = scores.argmin(0, true);
    for (auto& difference : differences)
        difference = difference.index_select(0, index);
    return torch::softmax(network->decode(features, differences), 1).select(1, 1);
}

/// `optimized`: with the fusions and weight layouts of optimize_for_inference on top.
torch::jit::Module script(MemSegNetwork network, const std::array<torch::Tensor, 3>& memory, const torch::Tensor& image,
                          bool optimized)
{
    torch::jit::Module module("memseg");
    const auto traced = torch::jit::tracer::trace(
        {image},
        [&](torch::jit::Stack inputs) {
            return torch::jit::Stack{mapAsWritten(network, memory, inputs[0].toTensor())};
        },
        [](const torch::autograd::Variable&) { return std::string(); }, true, true, &module);
    const auto graph = traced.first->graph;
    module.type()->addMethod(module._ivalue()->compilation_unit()->create_function("forward", graph));
    module.eval();
    auto frozen = torch::jit::freeze(module);
    return optimized ? torch::jit::optimize_for_inference(frozen) : frozen;
}

struct Engine
{
    QString name;
    std::function<torch::Tensor(const torch::Tensor&)> run;
    std::vector<double> milliseconds;
    double largestDifference = 0.0; ///< of its map to the first engine's
};

QJsonObject compareEngines(const MemSegOptions& options, int runs)
{
    const torch::NoGradGuard noGrad;
    const MemSegModel model = untrainedMemSegModel(options);
    const auto image = torch::randn({1, 3, options.preprocessing.height, options.preprocessing.width});
    // Traced before MemSegInference takes the network over; plain layout, as a script is usually made.
    std::array<torch::Tensor, 3> memory;
    for (std::size_t level = 0; level < 3; ++level)
        memory[level] = model.bank.levels()[level].contiguous();
    auto frozen = script(model.network, memory, image, false);
    auto optimized = script(model.network, memory, image, true);
    MemSegInference inference(model);

    std::vector<Engine> engines;
    const auto ours = [&](const torch::Tensor& x) {
        const cv::Mat map = inference.run(x).map;
        return torch::from_blob(map.data, {map.rows, map.cols}).clone();
    };
    engines.push_back({u"libtorch"_s, ours, {}, 0.0});
    engines.push_back(
        {u"torchscript frozen"_s, [&](const torch::Tensor& x) { return frozen.forward({x}).toTensor()[0]; }, {}, 0.0});
    engines.push_back({u"torchscript optimized"_s,
                       [&](const torch::Tensor& x) { return optimized.forward({x}).toTensor()[0]; },
                       {},
                       0.0});
    for (int run = -kWarmUps; run < runs; ++run) {
        torch::Tensor first;
        for (Engine& engine : engines) {
            const Stopwatch watch;
            const auto map = engine.run(image);
            if (run >= 0)
                engine.milliseconds.push_back(watch.ms());
            if (!first.defined())
                first = map;
            engine.largestDifference = (map - first).abs().max().item<double>();
        }
    }

    QJsonArray list;
    const double reference = latencyJson(engines.front().milliseconds)[u"p50"_s].toDouble();
    for (const Engine& engine : engines) {
        const QJsonObject latency = latencyJson(engine.milliseconds);
        const double p50 = latency[u"p50"_s].toDouble();
        list.append(QJsonObject{{u"engine"_s, engine.name},
                                {u"latency_ms"_s, latency},
                                {u"fps"_s, 1000.0 / p50},
                                {u"ratio"_s, p50 / reference},
                                {u"max_difference"_s, engine.largestDifference}});
    }
    QJsonObject json = benchMemSeg({options.preprocessing.width, options.preprocessing.height}, runs, options);
    json[u"engines"_s] = list;
    return json;
}

} // namespace

int main(int argc, char** argv)
{
    prepareProcess(argv);
    const QCoreApplication app(argc, argv);
    QCommandLineParser parser;
    parser.addHelpOption();
    const QCommandLineOption runsOption(u"runs"_s, u"timed runs of each engine"_s, u"N"_s, u"30"_s);
    const QCommandLineOption threadsOption(u"threads"_s, u"0: one for each physical core"_s, u"N"_s, u"0"_s);
    const QCommandLineOption setOption(u"set"_s, u"an option of MemSeg"_s, u"key=value"_s);
    parser.addOptions({runsOption, threadsOption, setOption});
    parser.process(app);
    try {
        MemSegOptions options = MemSegOptions::paper();
        for (const QString& pair : parser.values(setOption))
            options.set(pair.section(u'=', 0, 0), pair.section(u'=', 1));
        setThreads(parser.value(threadsOption).toInt());
        const QJsonObject json = compareEngines(options, std::max(1, parser.value(runsOption).toInt()));
        std::fputs(QJsonDocument(json).toJson().constData(), stdout);
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
