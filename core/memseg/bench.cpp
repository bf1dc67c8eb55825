// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/bench.h"

#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/data/anomaly_folder.h"
#include "core/data/demo_product.h"
#include "core/image/image_io.h"
#include "core/image/part_aligner.h"
#include "core/engines/engine_file.h"
#include "core/engines/network_set.h"
#include "core/memseg/gate_subject.h"
#include "core/memseg/inference.h"
#include "core/memseg/model.h"
#include "core/memseg/trainer.h"
#include "core/memseg/training_setup.h"
#include "core/nn/device.h"
#include "core/nn/engine_bench.h"
#include "core/nn/layers.h"
#include "core/nn/losses.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QFileInfo>
#include <QtCore/QJsonArray>
#include <QtCore/QTemporaryDir>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <future>
#include <memory>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kSourceSide = 1024;
constexpr std::uint64_t kCalibrationImages = 16;
constexpr int kTrainedSteps = 12; ///< of a real training in each turn

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
std::vector<NamedTensors> calibrationImages(const Preprocessing& preprocessing)
{
    std::vector<NamedTensors> images;
    for (std::uint64_t index = 0; index < kCalibrationImages; ++index)
        images.push_back({{"image", imageToTensor(prepare(renderDemoPart({}, index).image, preprocessing))}});
    return images;
}

/// What the engines of a benchmark run.
struct BenchNetworks
{
    const MemSegModel& model;
    NetworkIrs plain = {}; ///< made when it is first needed
    NetworkIrs int8 = {};

    std::unique_ptr<MemSegInference> inference(Engine engine)
    {
        if (engine == Engine::LibTorch)
            return std::make_unique<MemSegInference>(model);
        return std::make_unique<MemSegInference>(model, compileNetworks(networks(engine), engine));
    }

    const NetworkIrs& networks(Engine engine)
    {
        MemSegGateSubject subject(model);
        if (engine == Engine::OpenVinoInt8) {
            if (int8.empty())
                int8 = quantiseNetworks(subject.networks(calibrationImages(model.options.preprocessing)));
            return int8;
        }
        if (plain.empty())
            plain = translateNetworks(subject.networks({}));
        return plain;
    }
};

/// An inspection of one picture over and over.
class BenchInspection final : public BenchInference
{
public:
    BenchInspection(std::unique_ptr<MemSegInference> inference, const torch::Tensor& input)
        : m_inference(std::move(inference))
        , m_input(input)
    {
    }

    QJsonObject run() override
    {
        const auto output = m_inference->run(m_input);
        return {{u"encode"_s, output.encodeMs},
                {u"match"_s, output.matchMs},
                {u"decode"_s, output.decodeMs},
                {u"distance"_s, output.distanceMs}};
    }

private:
    std::unique_ptr<MemSegInference> m_inference;
    torch::Tensor m_input;
};

QJsonObject benchNetworks(BenchNetworks& networks, int runs, const std::vector<Engine>& engines,
                          const TaskContext& context)
{
    const Preprocessing& how = networks.model.options.preprocessing;
    const QTemporaryDir folder;
    const QString file = folder.filePath(u"picture.png"_s);
    writePng(file, samplePicture());
    Preprocessing asItLies = how; // no part of the product is in the picture
    asItLies.part = nullptr;
    const cv::Mat part = how.part ? how.part->example() : cv::Mat();
    const auto input = imageToTensor(prepare(readImage(file), asItLies));

    std::vector<double> load, aligned, prepared;
    EngineBench bench;
    bench.prepare = [&](Engine engine) { networks.networks(engine); };
    bench.load = [&](Engine engine) { return std::make_unique<BenchInspection>(networks.inference(engine), input); };
    bench.beforeTurn = [&](bool counts) {
        Stopwatch watch;
        const cv::Mat picture = readImage(file);
        const double loadMs = watch.restart();
        imageToTensor(prepare(picture, asItLies));
        if (!counts)
            return;
        load.push_back(loadMs);
        prepared.push_back(watch.ms());
        if (!how.part)
            return;
        const PreparedImage upright = prepareImage(part, how);
        if (upright.problem.isEmpty())
            aligned.push_back(upright.alignMs);
    };
    const QJsonArray rows = benchEngines(bench, engines, runs, context);

    QJsonObject stages = rows.first()[u"stage_ms"_s].toObject();
    stages.insert(u"load"_s, median(load));
    stages.insert(u"prepare"_s, median(prepared));
    if (!aligned.empty())
        stages.insert(u"align"_s, median(aligned));
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

QJsonObject benchMemSeg(cv::Size size, int runs, const MemSegOptions& options, const std::vector<Engine>& engines,
                        const TaskContext& context)
{
    MemSegOptions sized = options;
    sized.preprocessing.width = size.width;
    sized.preprocessing.height = size.height;
    const MemSegModel model = untrainedMemSegModel(sized);
    BenchNetworks networks{model};
    return benchNetworks(networks, runs, engines, context);
}

QJsonObject benchModel(const QString& modelFile, int runs, const std::vector<Engine>& engines,
                       const TaskContext& context)
{
    const MemSegModel model = loadMemSegModel(modelFile);
    BenchNetworks networks{model};
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
