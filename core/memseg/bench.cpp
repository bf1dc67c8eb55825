// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/bench.h"

#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/data/anomaly_folder.h"
#include "core/data/demo_product.h"
#include "core/image/image_io.h"
#include "core/memseg/compilation.h"
#include "core/memseg/engine_compiler.h"
#include "core/memseg/engine_set.h"
#include "core/memseg/inference.h"
#include "core/memseg/model.h"
#include "core/memseg/trainer.h"
#include "core/memseg/training_setup.h"
#include "core/nn/device.h"
#include "core/nn/losses.h"
#include "core/nn/tensor_image.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QFileInfo>
#include <QtCore/QJsonArray>
#include <QtCore/QTemporaryDir>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <memory>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kWarmUps = 3;
constexpr int kSourceSide = 1024;
constexpr std::uint64_t kCalibrationImages = 16;
constexpr int kThroughputTurns = 3;
constexpr double kLatencyShare = 0.6; ///< of the progress
constexpr int kTrainedSteps = 12;     ///< of a real training in each turn

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

/// Good parts of the demo product as the network sees them.
std::vector<torch::Tensor> calibrationImages(const Preprocessing& preprocessing)
{
    std::vector<torch::Tensor> images;
    for (std::uint64_t index = 0; index < kCalibrationImages; ++index)
        images.push_back(imageToTensor(prepare(renderDemoPart({}, index).image, preprocessing)));
    return images;
}

/// What the engines of a benchmark run.
struct BenchNetworks
{
    const MemSegModel& model;
    MemSegIr plain; ///< made when it is first needed
    MemSegIr int8;

    std::unique_ptr<MemSegInference> inference(Engine engine)
    {
        if (engine == Engine::LibTorch)
            return std::make_unique<MemSegInference>(model);
        return std::make_unique<MemSegInference>(model, compileMemSeg(ir(engine), engine));
    }

    const MemSegIr& ir(Engine engine)
    {
        if (engine == Engine::OpenVinoInt8) {
            if (int8.isEmpty())
                int8 = quantiseMemSeg(model, calibrationImages(model.options.preprocessing));
            return int8;
        }
        if (plain.isEmpty())
            plain = translateMemSeg(model);
        return plain;
    }
};

/// One engine's inference and its times, milliseconds.
class TimedEngine
{
public:
    TimedEngine(BenchNetworks& networks, Engine engine, const torch::Tensor& input)
    {
        if (engine != Engine::LibTorch)
            networks.ir(engine);
        Stopwatch watch;
        m_inference = networks.inference(engine);
        m_loadMs = watch.restart();
        m_inference->run(input);
        m_firstMs = watch.ms();
        for (int i = 0; i < threads(); ++i)
            m_streams.push_back(std::make_unique<Stream>(networks, engine));
    }

    void run(const torch::Tensor& input, bool counts)
    {
        const Stopwatch watch;
        const auto output = m_inference->run(input);
        const double totalMs = watch.ms();
        if (!counts)
            return;
        total.push_back(totalMs);
        m_encode.push_back(output.encodeMs);
        m_match.push_back(output.matchMs);
        m_decode.push_back(output.decodeMs);
        m_distance.push_back(output.distanceMs);
    }

    /// One thread, then all of them, `runs` images each.
    void runStreams(const torch::Tensor& input, int runs)
    {
        const auto fps = [&](std::size_t count) {
            const Stopwatch watch;
            for (std::size_t i = 0; i < count; ++i)
                m_streams[i]->start(input, runs);
            for (std::size_t i = 0; i < count; ++i)
                m_streams[i]->wait();
            return 1000.0 * double(count) * runs / watch.ms();
        };
        m_oneThread.push_back(fps(1));
        m_allThreads.push_back(fps(m_streams.size()));
    }

    QJsonObject json(double referenceMs) const
    {
        const double own = median(total);
        const double one = median(m_oneThread);
        const double all = median(m_allThreads);
        return {{u"engine"_s, engineName(m_inference->engine())},
                {u"latency_ms"_s, latencyJson(total)},
                {u"fps"_s, 1000.0 / own},
                {u"ratio"_s, referenceMs / own},
                {u"load_ms"_s, m_loadMs},
                {u"first_ms"_s, m_firstMs},
                {u"throughput"_s, QJsonObject{{u"one_thread"_s, one},
                                              {u"streams"_s, int(m_streams.size())},
                                              {u"fps"_s, all},
                                              {u"ratio"_s, all / one}}},
                {u"stage_ms"_s, QJsonObject{{u"encode"_s, median(m_encode)},
                                            {u"match"_s, median(m_match)},
                                            {u"decode"_s, median(m_decode)},
                                            {u"distance"_s, median(m_distance)}}}};
    }

    std::vector<double> total;

private:
    /// An inference that keeps to one thread, its own.
    class Stream
    {
    public:
        Stream(BenchNetworks& networks, Engine engine)
        {
            const ThreadShare one(1);
            m_inference = networks.inference(engine);
        }
        void start(const torch::Tensor& input, int runs)
        {
            m_running = std::async(std::launch::async, [this, input, runs] {
                const ThreadShare one(1);
                for (int i = 0; i < runs; ++i)
                    m_inference->run(input);
            });
        }
        void wait() { m_running.get(); }

    private:
        std::unique_ptr<MemSegInference> m_inference;
        std::future<void> m_running;
    };

    std::unique_ptr<MemSegInference> m_inference;
    std::vector<std::unique_ptr<Stream>> m_streams;
    double m_loadMs = 0.0;
    double m_firstMs = 0.0;
    std::vector<double> m_encode;
    std::vector<double> m_match;
    std::vector<double> m_decode;
    std::vector<double> m_distance;
    std::vector<double> m_oneThread; ///< images a second
    std::vector<double> m_allThreads;
};

QJsonObject benchNetworks(BenchNetworks& networks, int runs, const std::vector<Engine>& engines,
                          const TaskContext& context)
{
    if (runs < 1) {
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "%1 runs cannot be timed.").arg(runs),
                    QCoreApplication::translate("core", "Ask for at least 1 run."));
    }
    const Preprocessing& how = networks.model.options.preprocessing;
    const QTemporaryDir folder;
    const QString file = folder.filePath(u"picture.png"_s);
    writePng(file, samplePicture());
    const auto firstInput = imageToTensor(prepare(readImage(file), how));
    std::vector<std::unique_ptr<TimedEngine>> timed;
    timed.push_back(std::make_unique<TimedEngine>(networks, Engine::LibTorch, firstInput));
    for (const Engine engine : engines) {
        context.cancel.throwIfCancelled();
        if (engine == Engine::LibTorch)
            continue;
        requireEngine(engine);
        context.report(0.0, QCoreApplication::translate("core", "compiling for %1").arg(engineName(engine)));
        timed.push_back(std::make_unique<TimedEngine>(networks, engine, firstInput));
    }

    std::vector<double> load, prepared;
    for (int run = -kWarmUps; run < runs; ++run) {
        context.cancel.throwIfCancelled();
        context.report(kLatencyShare * double(run + kWarmUps) / (runs + kWarmUps),
                       QCoreApplication::translate("core", "timing"));
        Stopwatch watch;
        const cv::Mat picture = readImage(file);
        const double loadMs = watch.restart();
        const auto input = imageToTensor(prepare(picture, how));
        const double prepareMs = watch.restart();
        for (const auto& engine : timed)
            engine->run(input, run >= 0);
        if (run < 0)
            continue;
        load.push_back(loadMs);
        prepared.push_back(prepareMs);
    }
    for (int turn = 0; turn < kThroughputTurns; ++turn) {
        for (const auto& engine : timed) {
            context.cancel.throwIfCancelled();
            context.report(kLatencyShare + (1.0 - kLatencyShare) * turn / kThroughputTurns,
                           QCoreApplication::translate("core", "throughput"));
            engine->runStreams(firstInput, std::max(1, runs / kThroughputTurns));
        }
    }

    const double reference = median(timed.front()->total);
    QJsonArray rows;
    for (const auto& engine : timed)
        rows.append(engine->json(reference));
    QJsonObject stages = rows.first()[u"stage_ms"_s].toObject();
    stages.insert(u"load"_s, median(load));
    stages.insert(u"prepare"_s, median(prepared));
    return {{u"name"_s, u"memseg"_s},
            {u"architecture"_s, networks.model.options.architecture()},
            {u"width"_s, how.width},
            {u"height"_s, how.height},
            {u"memory_images"_s, networks.model.options.memoryImages},
            {u"threads"_s, threads()},
            {u"runs"_s, runs},
            {u"peak_memory_mb"_s, peakMemoryMb()},
            {u"cpu"_s, machineDescription()},
            {u"engines"_s, rows},
            {u"stage_ms"_s, stages}};
}

/// A plain step of `options`' network, channels-last and with a batch that is ready.
class EagerTraining
{
public:
    explicit EagerTraining(const MemSegOptions& options)
        : m_model(untrainedMemSegModel(options))
    {
        torch::manual_seed(options.seed);
        layOutChannelsLast(*m_model.network);
        for (auto& parameter : m_model.network->parameters())
            parameter.set_requires_grad(true);
        m_model.network->freezeEncoder();
        m_model.network->train();
        for (const auto& module : m_model.network->modules()) {
            // Without a momentum LibTorch averages over all batches, at the same cost; batchNormRelu leaves that to it.
            if (auto* norm = module->as<torch::nn::BatchNorm2dImpl>())
                norm->options.momentum(c10::nullopt);
        }
        m_optimizer = makeOptimizer(trainableOf(*m_model.network), false);
        for (auto& group : m_optimizer->param_groups())
            group.options().set_lr(1e-4);
        const auto& input = options.preprocessing;
        m_images =
            torch::randn({options.batch, 3, input.height, input.width}).contiguous(torch::MemoryFormat::ChannelsLast);
        m_masks = (torch::rand({options.batch, input.height, input.width}) > 0.95).to(torch::kFloat);
    }

    double stepSeconds()
    {
        const Stopwatch clock;
        m_optimizer->zero_grad();
        const auto features = m_model.network->encode(m_images);
        MemoryBank::Match match;
        {
            const torch::NoGradGuard noGrad;
            match = m_model.bank.match({features[1], features[2], features[3]});
        }
        memSegLoss(m_model.network->decode(features, match.difference), m_masks).backward();
        m_optimizer->step();
        return clock.ms() / 1000.0;
    }

private:
    MemSegModel m_model;
    std::unique_ptr<torch::optim::Optimizer> m_optimizer;
    torch::Tensor m_images;
    torch::Tensor m_masks;
};

} // namespace

QJsonObject latencyJson(std::vector<double> milliseconds)
{
    std::sort(milliseconds.begin(), milliseconds.end());
    return {{u"p50"_s, quantile(milliseconds, 0.5)},
            {u"p95"_s, quantile(milliseconds, 0.95)},
            {u"p99"_s, quantile(milliseconds, 0.99)},
            {u"min"_s, milliseconds.front()}};
}

QJsonObject benchMemSeg(cv::Size size, int runs, const MemSegOptions& options, const std::vector<Engine>& engines,
                        const TaskContext& context)
{
    MemSegOptions sized = options;
    sized.preprocessing.width = size.width;
    sized.preprocessing.height = size.height;
    const MemSegModel model = untrainedMemSegModel(sized);
    BenchNetworks networks{model, {}, {}};
    return benchNetworks(networks, runs, engines, context);
}

QJsonObject benchModel(const QString& modelFile, int runs, const std::vector<Engine>& engines,
                       const TaskContext& context)
{
    const MemSegModel model = loadMemSegModel(modelFile);
    BenchNetworks networks{model, {}, {}};
    if (QFileInfo::exists(engineFile(modelFile))) {
        EngineSet set = loadEngineSet(engineFile(modelFile));
        networks.plain = std::move(set.plain);
        networks.int8 = std::move(set.int8);
    }
    return benchNetworks(networks, runs, engines, context);
}

QJsonObject benchMemSegTraining(cv::Size size, int turns, const MemSegOptions& options, const QString& encoderFile,
                                const TaskContext& context)
{
    if (options.decoder == "none"_L1) {
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "With decoder none there are no steps."),
                    QCoreApplication::translate("core", "Use decoder light, lite or full."));
    }
    MemSegOptions own = options;
    own.preprocessing.width = size.width;
    own.preprocessing.height = size.height;
    own.autoSize = false;
    own.keepAspect = false;
    own.minutes = 0.0;
    own.steps = kTrainedSteps;
    own.nearestGood = false; // it takes no part in a step
    own.validate();
    MemSegOptions reference = own;
    reference.backbone = u"resnet18"_s;
    reference.decoder = u"lite"_s;
    reference.width = 64;
    reference.validate();

    const QTemporaryDir folder;
    DemoOptions product;
    product.trainGood = 16;
    product.testGood = 0;
    product.testDefective = 0;
    writeDemoProduct(folder.filePath(u"data"_s), product, context);
    const auto data = AnomalyFolder::open(folder.filePath(u"data"_s), AnomalyFolder::Purpose::Training);
    const QString modelFile = folder.filePath(u"model.safetensors"_s);
    const TaskContext silent{context.cancel, {}};

    const auto train = [&] { return trainMemSeg(data, own, encoderFile, modelFile, silent).secondsPerStep; };

    std::vector<double> trained, plain, same;
    resetPeakMemory();
    trained.push_back(train());
    const double memory = peakMemoryMb();
    EagerTraining plainTraining(reference);
    EagerTraining sameTraining(own);
    plainTraining.stepSeconds();
    sameTraining.stepSeconds();
    for (int turn = 0; turn < turns; ++turn) {
        context.cancel.throwIfCancelled();
        context.report(double(turn) / turns,
                       QCoreApplication::translate("core", "turn %1 of %2").arg(turn + 1).arg(turns));
        plain.push_back(plainTraining.stepSeconds());
        same.push_back(sameTraining.stepSeconds());
        trained.push_back(train());
    }
    const double step = 1000.0 * median(trained);
    const double eager = 1000.0 * median(plain);
    const double sameEager = 1000.0 * median(same);
    return {{u"name"_s, u"memseg-train"_s},
            {u"architecture"_s, own.architecture()},
            {u"width"_s, size.width},
            {u"height"_s, size.height},
            {u"batch"_s, own.batch},
            {u"threads"_s, threads()},
            {u"turns"_s, turns},
            {u"ms_per_step"_s, step},
            {u"eager_ms_per_step"_s, eager},
            {u"speedup"_s, eager / step},
            {u"same_network_eager_ms_per_step"_s, sameEager},
            {u"same_network_speedup"_s, sameEager / step},
            {u"peak_memory_mb"_s, memory},
            {u"cpu"_s, machineDescription()}};
}

} // namespace lynceus
