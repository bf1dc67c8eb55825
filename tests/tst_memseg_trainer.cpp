// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/trainer.h"

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/data/demo_product.h"
#include "core/image/image_io.h"
#include "core/image/part_aligner.h"
#include "core/memseg/bench.h"
#include "core/training/checkpoint.h"
#include "core/memseg/defect_simulator.h"
#include "core/memseg/session.h"
#include "core/memseg/training_batches.h"
#include "core/memseg/training_plan.h"
#include "core/memseg/training_setup.h"
#include "core/memseg/validation_set.h"
#include "core/nn/device.h"
#include "core/nn/resnet.h"
#include "core/nn/state_dict.h"
#include "core/nn/torch.h"
#include "core/weights/safetensors.h"
#include "tests/support/test_images.h"

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

constexpr int kImages = 24;
constexpr int kSteps = 300;

/// A plain texture: grain under slightly uneven light, each image its own.
cv::Mat texture(int number)
{
    Random random(std::uint64_t(number) + 1);
    cv::Mat_<float> grain(64, 64);
    for (float& value : grain)
        value = float(random.normal());
    cv::GaussianBlur(grain, grain, cv::Size(), 0.8);
    const double light = random.uniform(-0.15, 0.15);
    cv::Mat_<cv::Vec3b> image(64, 64);
    for (int y = 0; y < 64; ++y) {
        for (int x = 0; x < 64; ++x) {
            const double value = 120.0 + light * (x - 32) + 16.0 * grain(y, x);
            image(y, x) = {cv::saturate_cast<uchar>(value * 0.9), cv::saturate_cast<uchar>(value),
                           cv::saturate_cast<uchar>(value * 1.05)};
        }
    }
    return std::move(image);
}

MemSegOptions smallOptions(int steps)
{
    MemSegOptions options = MemSegOptions::paper();
    options.width = 16;
    options.decoder = u"lite"_s;
    options.memoryImages = 6;
    options.autoSize = false;
    options.preprocessing.width = 64;
    options.preprocessing.height = 64;
    options.steps = steps;
    options.threads = 1; // so small a network gains nothing from more, and loses where other tests run
    options.simulator.foreground.mode = ForegroundOptions::Mode::Off;
    options.simulator.opacityLow = 0.5;
    return options;
}

std::vector<Sample> namedSamples(int count)
{
    std::vector<Sample> samples(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
        samples[std::size_t(i)].name = u"%1.png"_s.arg(i);
    return samples;
}

std::set<QString> namesOf(const std::vector<Sample>& samples)
{
    std::set<QString> names;
    for (const Sample& sample : samples)
        names.insert(sample.name);
    return names;
}

int shared(const std::vector<Sample>& a, const std::vector<Sample>& b)
{
    const std::set<QString> names = namesOf(b);
    return int(std::count_if(a.begin(), a.end(), [&](const Sample& s) { return names.count(s.name) != 0; }));
}

bool sameBytes(const TensorView& a, const TensorView& b)
{
    return a.shape == b.shape && a.bytes == b.bytes && std::memcmp(a.data, b.data, a.bytes) == 0;
}

bool isFrozen(const std::string& name)
{
    for (const char* part : {"conv1.", "bn1.", "layer1.", "layer2.", "layer3."}) {
        if (name.rfind(std::string("feature_extractor.") + part, 0) == 0)
            return true;
    }
    return name.rfind("memory.", 0) == 0;
}

} // namespace

class TestMemSegTrainer : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void splitKeepsHeldOutApart();
    void fewImagesAreNotSharedWithTheMemory();
    void planFollowsTheProfiles();
    void planFitsTheBudget();
    void lossHalves();
    void mapShowsSimulatedDefects();
    void goodImagesPass();
    void modelIsComplete();
    void frozenPartsStayBitIdentical();
    void sameSeedSameWeights();
    void aStoppedTrainingGoesOnToTheSameWeights();
    void checkpointsOfOtherTrainingsAreRefused();
    void checkpointsOfOtherFilesAreRefused();
    void checkpointThatIsNoNumberIsRefused();
    void threadsStayAsChosen();
    void finishingKeepsTheBestSoFar();
    void theBranchNeedsNoTraining();
    void longPartsKeepTheirAspect();
    void copiesAreLeftOut();
    void partsThatLieFreelyAreTurnedUpright();
    void backgroundIsIgnoredOnDemand();
    void cancelLeavesWhatWasThere();
    void budgetIsKept();
    void encoderFileIsUsed();
    void tooFewImages();
    void unreadableImageIsNamed();
    void imagesDeletedMeanwhile();
    void imagesBeyondTheCacheAreMissed();
    void trainingOutlivesItsCheckpoints();
    void inputFollowsTheImages_data();
    void inputFollowsTheImages();
    void inputFollowsTheSmallestDefect_data();
    void inputFollowsTheSmallestDefect();
    void smallestDefectBeyondThePicturesIsRefused();
    void unwritableModelFileIsFoundFirst();
    void divergenceIsAnError();
    void divergenceKeepsTheBestState();
    void excludedImagesAreLeftOut();
    void heldBackDefectsAreSeen();
    void partWithoutRoomForDefectsIsAnError();

private:
    void trainAndStop(const MemSegOptions& options, const QString& model, const QString& checkpoint,
                      const QString& encoder = {}) const;
    QString pathOf(const QString& name) const { return m_folder.filePath(name); }
    TrainingOutcome train(int steps, const QString& name, std::uint64_t seed = 1) const;

    QTemporaryDir m_folder{QDir::tempPath() + u"/lynceus-Prüfstück-XXXXXX"_s};
    AnomalyFolder m_images;
    TrainingOutcome m_trained;
    std::vector<double> m_losses;
    std::vector<cv::Mat> m_samples;
    std::vector<double> m_validation;
};

TrainingOutcome TestMemSegTrainer::train(int steps, const QString& name, std::uint64_t seed) const
{
    MemSegOptions options = smallOptions(steps);
    options.batch = 4;
    options.seed = seed;
    return trainMemSeg(m_images, options, {}, pathOf(name));
}

/// Killed while it pauses after step 10: only what lies on the disk is left.
void TestMemSegTrainer::trainAndStop(const MemSegOptions& options, const QString& model, const QString& checkpoint,
                                     const QString& encoder) const
{
    TrainingControl control;
    TaskContext context;
    TrainingObserver observer;
    observer.metric = [&](const QString&, int step, double) {
        if (step == 10)
            control.pause();
    };
    observer.event = [&](const QString& kind, const QString&) {
        if (kind == u"paused"_s)
            context.cancel.cancel();
    };
    trainMemSeg(m_images, options, encoder, model, context, observer, control, checkpoint);
}

void TestMemSegTrainer::initTestCase()
{
    const QString good = pathOf(u"Gehäuse/good"_s);
    QVERIFY(QDir().mkpath(good));
    for (int i = 0; i < kImages; ++i)
        writePng(good + u"/%1.png"_s.arg(i), texture(i));
    m_images = AnomalyFolder::open(pathOf(u"Gehäuse"_s), AnomalyFolder::Purpose::Training);
    QCOMPARE(m_images.train.size(), std::size_t(kImages));

    TrainingObserver observer;
    observer.metric = [this](const QString& name, int, double value) {
        if (name == u"loss"_s)
            m_losses.push_back(value);
        if (name == u"validation_auroc"_s)
            m_validation.push_back(value);
    };
    observer.samples = [this](const std::vector<cv::Mat>& pictures) {
        m_samples.insert(m_samples.end(), pictures.begin(), pictures.end());
    };
    m_trained = trainMemSeg(m_images, smallOptions(kSteps), {}, pathOf(u"Modell ä.safetensors"_s), {}, observer);
}

void TestMemSegTrainer::splitKeepsHeldOutApart()
{
    MemSegOptions options;
    const GoodSplit split = splitGoodImages(namedSamples(100), options);
    QCOMPARE(split.heldOut.size(), std::size_t(20));
    QCOMPARE(split.memory.size(), std::size_t(30));
    QCOMPARE(split.training.size(), std::size_t(80));
    QCOMPARE(shared(split.heldOut, split.training), 0);
    QCOMPARE(shared(split.heldOut, split.memory), 0);
    QCOMPARE(split.all().size(), std::size_t(100));

    QCOMPARE(namesOf(splitGoodImages(namedSamples(100), options).heldOut), namesOf(split.heldOut));
    options.seed = 2;
    QVERIFY(namesOf(splitGoodImages(namedSamples(100), options).heldOut) != namesOf(split.heldOut));
}

void TestMemSegTrainer::fewImagesAreNotSharedWithTheMemory()
{
    const MemSegOptions options;
    for (int count : {4, 5, 10, 40, 70}) {
        const GoodSplit split = splitGoodImages(namedSamples(count), options);
        QVERIFY(split.heldOut.size() >= 2);
        QVERIFY(!split.memory.empty());
        QVERIFY(!split.training.empty());
        QCOMPARE(shared(split.memory, split.training), 0);
        QCOMPARE(split.all().size(), std::size_t(count));
    }
    QVERIFY_THROWS_EXCEPTION(Error, splitGoodImages(namedSamples(3), options));
}

void TestMemSegTrainer::planFollowsTheProfiles()
{
    MemSegOptions options;
    QCOMPARE(trainingPlan(options).steps(), 500); // of the light decoder, however long it may take
    options.minutes = 600.0;
    TrainingPlan light = trainingPlan(options);
    light.fit(10, 0.1, 10'000.0);
    QCOMPARE(light.steps(), 500);
    options.minutes = 0.0;
    options.backbone = u"resnet18"_s;
    options.decoder = u"lite"_s;
    const TrainingPlan reference = trainingPlan(options);
    QCOMPARE(reference.steps(), 5000);
    QCOMPARE(reference.learningRate(0), 1e-4);
    QCOMPARE(reference.learningRate(500), 3e-3);
    QVERIFY(std::abs(reference.learningRate(4999) - 1e-4) < 1e-8);

    options.profile = u"paper"_s;
    const TrainingPlan paper = trainingPlan(options);
    QCOMPARE(paper.steps(), 2700);
    QCOMPARE(paper.learningRate(0), 0.04);
    QVERIFY(paper.learningRate(2699) < 1e-6);

    options.steps = 90;
    options.learningRate = 0.2;
    const TrainingPlan own = trainingPlan(options);
    QCOMPARE(own.steps(), 90);
    QCOMPARE(own.learningRate(0), 0.2);
    QCOMPARE(own.partsDone(11, 8), 0);
    QCOMPARE(own.partsDone(12, 8), 1);
    QCOMPARE(own.partsDone(90, 8), 8);
}

void TestMemSegTrainer::planFitsTheBudget()
{
    MemSegOptions options;
    options.minutes = 1.0;
    TrainingPlan plan = trainingPlan(options);
    QVERIFY(plan.hasBudget());
    plan.fit(10, 0.5, 50.0);
    QCOMPARE(plan.steps(), 110);
    plan.fit(60, 1.0, 20.0);
    QCOMPARE(plan.steps(), 80);
    QVERIFY(plan.learningRate(79) < 2e-4); // the cosine ends with the budget
    plan.fit(70, 1.0, -5.0);
    QCOMPARE(plan.steps(), 70);

    options.steps = 100;
    TrainingPlan limited = trainingPlan(options);
    limited.fit(10, 0.01, 50.0);
    QCOMPARE(limited.steps(), 100);
}

void TestMemSegTrainer::lossHalves()
{
    QCOMPARE(m_trained.steps, kSteps);
    QCOMPARE(m_losses.size(), std::size_t(kSteps / 5));
    const double start = m_losses.front();
    // Within the first 200 steps.
    double end = 0.0;
    for (std::size_t i = 35; i < 40; ++i)
        end += m_losses[i] / 5.0;
    QVERIFY2(end < start / 2.0, qPrintable(u"%1 to %2"_s.arg(start).arg(end)));
    QCOMPARE(m_validation.size(), std::size_t(9));
    QVERIFY2(m_validation.back() > 0.75, qPrintable(QString::number(m_validation.back())));
    QVERIFY(!m_samples.empty());
    QCOMPARE(m_samples.front().type(), CV_8UC3);
    QCOMPARE(m_samples.front().size(), cv::Size(128, 64));
}

void TestMemSegTrainer::mapShowsSimulatedDefects()
{
    const auto session = MemSegSession::load(m_trained.modelFile);
    const DefectSimulator simulator(smallOptions(1).simulator);
    double inside = 0.0;
    double outside = 0.0;
    constexpr int kDefects = 20;
    for (int i = 0; i < kDefects; ++i) {
        cv::Mat good;
        cv::cvtColor(texture(1000 + i), good, cv::COLOR_BGR2RGB);
        good.convertTo(good, CV_32F);
        Random random(std::uint64_t(i) + 77);
        const SimulatedDefect defect = simulator.simulate(good, random);
        cv::Mat picture;
        defect.image.convertTo(picture, CV_8U);
        cv::cvtColor(picture, picture, cv::COLOR_RGB2BGR);
        const cv::Mat map = session->mapAtNetworkSize(picture);
        inside += cv::mean(map, defect.mask)[0] / kDefects;
        outside += cv::mean(map, ~defect.mask)[0] / kDefects;
    }
    // The best state is the one that shows other kinds of defects best.
    QVERIFY2(inside > 4.0 * outside, qPrintable(u"%1 inside, %2 outside"_s.arg(inside).arg(outside)));
}

void TestMemSegTrainer::goodImagesPass()
{
    const auto session = MemSegSession::load(m_trained.modelFile);
    for (const Sample& sample : splitGoodImages(m_images.train, smallOptions(kSteps)).heldOut) {
        const AnomalyResult result = session->inspect(readImage(sample.path));
        QCOMPARE(result.verdict, Verdict::Ok);
        QVERIFY(result.regions.empty());
    }
}

void TestMemSegTrainer::modelIsComplete()
{
    const ModelInfo info = readModelInfo(m_trained.modelFile, u"memseg"_s);
    QCOMPARE(info.architecture, smallOptions(kSteps).architecture());
    QCOMPARE(MemSegOptions::fromJson(info.options).toJson(), smallOptions(kSteps).toJson());
    QCOMPARE(info.preprocessing.width, 64);
    QCOMPARE(info.dataHash.size(), 64);
    QVERIFY(info.created.isValid());
    QVERIFY(!info.programVersion.isEmpty());
    QCOMPARE(info.calibration[u"kind"_s].toString(), u"good"_s);
    QCOMPARE(info.calibration[u"images"_s].toInt(), 5);
    for (const char16_t* key : {u"image_auroc", u"pixel_auroc", u"aupro", u"threshold", u"overkill", u"escape", u"f1",
                                u"images", u"defective"})
        QVERIFY2(info.metrics[QStringView(key)].isDouble(), qPrintable(QString::fromUtf16(key)));
    QVERIFY(info.thresholds.score > 0.0 && info.thresholds.score <= 1.0);
    QVERIFY(info.thresholds.pixel > 0.0 && info.thresholds.pixel <= 1.0);
    QCOMPARE(info.thresholds.review, info.thresholds.score);

    const SafetensorsFile file(m_trained.modelFile);
    QCOMPARE(file.view("memory.level0").shape, (std::vector<std::int64_t>{6, 16, 16, 16}));
    QCOMPARE(file.view("memory.level2").shape, (std::vector<std::int64_t>{6, 64, 4, 4}));
}

void TestMemSegTrainer::frozenPartsStayBitIdentical()
{
    const SafetensorsFile early(train(1, u"eins.safetensors"_s).modelFile);
    const SafetensorsFile late(m_trained.modelFile); // the same seed and images
    int frozen = 0;
    int moved = 0;
    for (const std::string& name : early.names()) {
        const bool same = sameBytes(early.view(name), late.view(name));
        if (isFrozen(name)) {
            QVERIFY2(same, name.c_str());
            ++frozen;
        } else {
            moved += same ? 0 : 1;
        }
    }
    QVERIFY(frozen > 60);
    QVERIFY(moved > 60);
}

void TestMemSegTrainer::sameSeedSameWeights()
{
    const SafetensorsFile first(train(10, u"a.safetensors"_s).modelFile);
    const SafetensorsFile second(train(10, u"b.safetensors"_s).modelFile);
    const SafetensorsFile other(train(10, u"c.safetensors"_s, 2).modelFile);
    QCOMPARE(second.names(), first.names());
    for (const std::string& name : first.names())
        QVERIFY2(sameBytes(first.view(name), second.view(name)), name.c_str());
    QVERIFY(!sameBytes(first.view("decoder.final_conv.weight"), other.view("decoder.final_conv.weight")));
    QVERIFY(!sameBytes(first.view("feature_extractor.conv1.weight"), other.view("feature_extractor.conv1.weight")));
}

void TestMemSegTrainer::aStoppedTrainingGoesOnToTheSameWeights()
{
    MemSegOptions options = smallOptions(16);
    options.batch = 4;
    const SafetensorsFile whole(trainMemSeg(m_images, options, {}, pathOf(u"ganz.safetensors"_s)).modelFile);

    const QString checkpoint = pathOf(u"geteilt.checkpoint"_s);
    const QString model = pathOf(u"geteilt.safetensors"_s);
    QVERIFY_THROWS_EXCEPTION(Cancelled, trainAndStop(options, model, checkpoint));
    QVERIFY(QFileInfo::exists(checkpoint));
    QVERIFY(!QFileInfo::exists(model));

    int firstStep = -1;
    TrainingObserver second;
    second.metric = [&](const QString& name, int step, double) {
        if (firstStep < 0 && name == u"loss"_s)
            firstStep = step;
    };
    const TrainingOutcome outcome = trainMemSeg(m_images, options, {}, model, {}, second, {}, checkpoint);
    QCOMPARE(outcome.steps, 16);
    QCOMPARE(firstStep, 15);
    const SafetensorsFile resumed(model);
    QCOMPARE(resumed.names(), whole.names());
    for (const std::string& name : whole.names()) {
        const auto difference = (readTensor(resumed, name) - readTensor(whole, name)).to(torch::kDouble).abs();
        QVERIFY2(difference.numel() == 0 || difference.max().item<double>() <= 1e-4, name.c_str());
    }
}

void TestMemSegTrainer::checkpointsOfOtherTrainingsAreRefused()
{
    MemSegOptions options = smallOptions(4);
    options.batch = 4;
    const QString checkpoint = pathOf(u"geteilt.checkpoint"_s);
    QVERIFY(QFileInfo::exists(checkpoint)); // of the test before, with 16 steps
    const auto goOn = [&] {
        trainMemSeg(m_images, options, {}, pathOf(u"anders.safetensors"_s), {}, {}, {}, checkpoint);
    };
    QVERIFY_THROWS_EXCEPTION(Error, goOn());
    QFile file(checkpoint);
    QVERIFY(file.resize(file.size() / 2));
    options.steps = 16;
    QVERIFY_THROWS_EXCEPTION(Error, goOn());
    QVERIFY(!QFileInfo::exists(pathOf(u"anders.safetensors"_s)));
}

void TestMemSegTrainer::checkpointsOfOtherFilesAreRefused()
{
    const QString encoder = pathOf(u"eigener.safetensors"_s);
    const auto writeEncoder = [&](std::uint64_t seed) {
        ResNet18 network(16);
        initialise(*network, seed);
        std::vector<torch::Tensor> storage;
        writeSafetensors(encoder, viewsOf(stateDict(*network), storage));
    };
    MemSegOptions options = smallOptions(16);
    options.batch = 4;
    options.simulator.textureFolder = pathOf(u"Texturen"_s);
    QVERIFY(QDir().mkpath(options.simulator.textureFolder));
    const QString picture = options.simulator.textureFolder + u"/a.png"_s;
    writePng(picture, texture(50));
    writeEncoder(5);
    const QString checkpoint = pathOf(u"Dateien.checkpoint"_s);
    const QString model = pathOf(u"Dateien.safetensors"_s);
    QVERIFY_THROWS_EXCEPTION(Cancelled, trainAndStop(options, model, checkpoint, encoder));
    const auto refusal = [&] {
        try {
            trainMemSeg(m_images, options, encoder, model, {}, {}, {}, checkpoint);
        } catch (const Error& error) {
            return error.message();
        }
        return QString();
    };
    writeEncoder(6);
    QVERIFY(refusal().contains(checkpoint));
    writeEncoder(5);
    writePng(picture, texture(51));
    QVERIFY(refusal().contains(checkpoint));
    writePng(picture, texture(50));
    QCOMPARE(refusal(), QString());
}

void TestMemSegTrainer::checkpointThatIsNoNumberIsRefused()
{
    MemSegOptions options = smallOptions(16);
    options.batch = 4;
    const QString path = pathOf(u"keine Zahl.checkpoint"_s);
    const QString model = pathOf(u"keine Zahl.safetensors"_s);
    QVERIFY_THROWS_EXCEPTION(Cancelled, trainAndStop(options, model, path));
    const QJsonObject head =
        QJsonDocument::fromJson(SafetensorsFile(path).metadata().value(u"lynceus_checkpoint"_s).toUtf8()).object();
    TrainingCheckpoint checkpoint = readCheckpoint(path, head[u"fingerprint"_s].toString());
    checkpoint.best.at("decoder.final_conv.weight").view(-1)[3] = std::nan("");
    writeCheckpoint(path, checkpoint);
    try {
        trainMemSeg(m_images, options, {}, model, {}, {}, {}, path);
        QFAIL("went on from a best state that is no number");
    } catch (const Error& error) {
        QVERIFY2(error.message().contains(path) && error.message().contains(u"final_conv"_s),
                 qPrintable(error.message()));
    }
    QVERIFY(!QFile::exists(model));
}

void TestMemSegTrainer::threadsStayAsChosen()
{
    const int before = threads();
    setThreads(3);
    MemSegOptions options = smallOptions(1);
    options.threads = 1;
    int during = 0;
    TrainingObserver observer;
    observer.metric = [&](const QString&, int, double) { during = threads(); };
    const QString model = pathOf(u"Fäden.safetensors"_s);
    trainMemSeg(m_images, options, {}, model, {}, observer, {}, {}, 42);
    QCOMPARE(readModelInfo(model).trainingRun, 42);
    QCOMPARE(during, 1);
    QCOMPARE(threads(), 3);
    setThreads(before);
}

void TestMemSegTrainer::finishingKeepsTheBestSoFar()
{
    MemSegOptions options = smallOptions(100'000);
    options.batch = 4;
    TrainingControl control;
    TrainingObserver observer;
    observer.metric = [&](const QString& name, int step, double) {
        if (name == u"loss"_s && step >= 5)
            control.finish();
    };
    const TrainingOutcome outcome =
        trainMemSeg(m_images, options, {}, pathOf(u"kurz.safetensors"_s), {}, observer, control);
    QCOMPARE(outcome.steps, 5);
    QVERIFY(MemSegSession::load(outcome.modelFile) != nullptr);
}

void TestMemSegTrainer::theBranchNeedsNoTraining()
{
    MemSegOptions options;
    options.encoder = u"auto"_s;
    options.decoder = u"none"_s;
    options.autoSize = false;
    options.preprocessing.width = 64;
    options.preprocessing.height = 64;
    options.threads = 1;
    const QString encoder = QStringLiteral(LYNCEUS_SOURCE_DIR "/models/encoder_mobilenetv2.safetensors");
    const TrainingOutcome outcome = trainMemSeg(m_images, options, encoder, pathOf(u"sofort.safetensors"_s));
    QCOMPARE(outcome.steps, 0);
    const auto session = MemSegSession::load(outcome.modelFile);
    const cv::Mat good = texture(kImages + 1);
    cv::Mat bad = good.clone();
    cv::circle(bad, {bad.cols / 3, bad.rows / 2}, bad.rows / 8, cv::Scalar(20, 20, 230), cv::FILLED);
    const AnomalyResult goodResult = session->inspect(good);
    const AnomalyResult badResult = session->inspect(bad);
    QVERIFY(badResult.score > goodResult.score);
    QCOMPARE(badResult.verdict, Verdict::Ng);
    cv::Point peak;
    cv::minMaxLoc(badResult.sourceMap(), nullptr, nullptr, nullptr, &peak);
    QVERIFY(cv::norm(peak - cv::Point(bad.cols / 3, bad.rows / 2)) < bad.rows / 4.0);
}

void TestMemSegTrainer::longPartsKeepTheirAspect()
{
    const QString good = pathOf(u"Leiste/good"_s);
    QVERIFY(QDir().mkpath(good));
    for (int i = 0; i < 6; ++i) {
        cv::Mat strip;
        cv::resize(texture(i), strip, cv::Size(400, 100));
        writePng(good + u"/%1.png"_s.arg(i), strip);
    }
    MemSegOptions options;
    options.decoder = u"none"_s;
    options.autoSize = false;
    options.preprocessing.width = 128;
    options.preprocessing.height = 128;
    options.threads = 1;
    const AnomalyFolder folder = AnomalyFolder::open(pathOf(u"Leiste"_s), AnomalyFolder::Purpose::Training);
    const ModelInfo info = trainMemSeg(folder, options, {}, pathOf(u"leiste.safetensors"_s)).info;
    QCOMPARE(info.preprocessing.width, 256);
    QCOMPARE(info.preprocessing.height, 64);
    const auto session = MemSegSession::load(pathOf(u"leiste.safetensors"_s));
    const AnomalyResult result = session->inspect(readImage(good + u"/0.png"_s));
    QCOMPARE(result.map.size(), cv::Size(256, 64));
    QCOMPARE(result.sourceMap().size(), cv::Size(400, 100));
}

void TestMemSegTrainer::copiesAreLeftOut()
{
    const QString good = pathOf(u"Kopien/good"_s);
    QVERIFY(QDir().mkpath(good));
    for (int i = 0; i < 12; ++i)
        writePng(good + u"/%1.png"_s.arg(i), texture(i % 3));
    MemSegOptions options = smallOptions(1);
    options.nearestGood = true;
    options.backbone = u"mobilenetv2"_s;
    options.decoder = u"none"_s;
    const auto train = [&] {
        const AnomalyFolder folder = AnomalyFolder::open(pathOf(u"Kopien"_s), AnomalyFolder::Purpose::Training);
        return trainMemSeg(folder, options, {}, pathOf(u"kopien.safetensors"_s));
    };
    const auto error = test::errorOf(train);
    QVERIFY(error && error->message().contains(u"3 of the 12"_s));
    for (int i = 12; i < 16; ++i)
        writePng(good + u"/%1.png"_s.arg(i), texture(i));
    const TrainingOutcome outcome = train();
    QVERIFY2(outcome.warning.contains(u"9 of the 16"_s), qPrintable(outcome.warning));
    QCOMPARE(outcome.info.calibration[u"images"_s].toInt(), 7);
}

void TestMemSegTrainer::partsThatLieFreelyAreTurnedUpright()
{
    const QString good = pathOf(u"Winkel/good"_s);
    QVERIFY(QDir().mkpath(good));
    DemoOptions demo;
    demo.size = 320;
    demo.shape = DemoShape::Bracket;
    demo.pose = DemoPose::Free;
    constexpr int kParts = 24;
    for (int i = 0; i < kParts; ++i)
        writePng(good + u"/%1.png"_s.arg(i, 2, 10, QLatin1Char('0')), renderDemoPart(demo, std::uint64_t(i)).image);
    const cv::Mat empty(320, 320, CV_8UC3, cv::Scalar(90, 95, 92));
    writePng(good + u"/leer.png"_s, empty);

    MemSegOptions options;
    options.decoder = u"none"_s;
    options.threads = 1;
    const QString encoder = QStringLiteral(LYNCEUS_SOURCE_DIR "/models/encoder_mobilenetv2.safetensors");
    const AnomalyFolder folder = AnomalyFolder::open(pathOf(u"Winkel"_s), AnomalyFolder::Purpose::Training);
    const TrainingOutcome outcome = trainMemSeg(folder, options, encoder, pathOf(u"winkel.safetensors"_s));
    QVERIFY2(outcome.warning.contains(u"leer.png"_s), qPrintable(outcome.warning));
    QCOMPARE(outcome.info.calibration[u"images"_s].toInt(), kParts + 1); // it counts as a good part that is rejected
    QVERIFY(outcome.info.preprocessing.width > outcome.info.preprocessing.height);

    const auto session = MemSegSession::load(pathOf(u"winkel.safetensors"_s));
    QVERIFY(session->info().preprocessing.part);
    for (int i = 0; i < 4; ++i) {
        const DemoImage part = renderDemoPart(demo, std::uint64_t(100 + i));
        const AnomalyResult untouched = session->inspect(part.image);
        QVERIFY(untouched.problem.isEmpty());
        QVERIFY(untouched.times.align > 0.0 && untouched.times.prepare > 0.0);
        const cv::Point at(int(std::lround(part.centre.x)), int(std::lround(part.centre.y)));
        cv::Mat spoilt = part.image.clone();
        cv::circle(spoilt, at, 9, cv::Scalar(20, 20, 200), cv::FILLED);
        const AnomalyResult result = session->inspect(spoilt);
        QCOMPARE(result.verdict, Verdict::Ng);
        // Shown where it is in the picture as it was taken.
        cv::Point peak;
        cv::minMaxLoc(result.sourceMap(), nullptr, nullptr, nullptr, &peak);
        QVERIFY2(cv::norm(peak - at) < 16.0, qPrintable(u"%1 %2"_s.arg(peak.x - at.x).arg(peak.y - at.y)));
        QVERIFY(result.regions.front().box.contains(at));
    }

    cv::Mat two;
    cv::hconcat(renderDemoPart(demo, 200).image, renderDemoPart(demo, 201).image, two);
    for (const cv::Mat& bad : {empty, two}) {
        const AnomalyResult result = session->inspect(bad);
        QVERIFY(!result.problem.isEmpty());
        QVERIFY(result.times.align > 0.0);
        QCOMPARE(result.verdict, Verdict::Ng);
        QCOMPARE(result.score, 1.0);
        QVERIFY(result.regions.empty());
        AnomalyResult again = result;
        rejudge(again, {1.0, 1.0, 1.0, 16.0}); // no threshold makes it a good part
        QCOMPARE(again.verdict, Verdict::Ng);
    }

    const PartAligner& aligner = *session->info().preprocessing.part;
    QCOMPARE(aligner.align(aligner.example()).status, PartStatus::Found);
    const QJsonObject bench = benchModel(session->modelFile(), 1, {Engine::LibTorch});
    QVERIFY(bench[u"stage_ms"_s][u"align"_s].toDouble() > 0.0);

    // Pictures that are all part have nothing to turn.
    MemSegOptions forced = smallOptions(1);
    forced.align = u"on"_s;
    const auto error = test::errorOf([&] { trainMemSeg(m_images, forced, {}, pathOf(u"kein_teil.safetensors"_s)); });
    QVERIFY(error && !error->remedy().isEmpty());
}

void TestMemSegTrainer::backgroundIsIgnoredOnDemand()
{
    // A bright ring on a dark ground, a little elsewhere on each image.
    const auto part = [](int number) {
        cv::Mat image(64, 64, CV_8UC3, cv::Scalar::all(15));
        const cv::Point centre(32 + number % 3 - 1, 32);
        cv::circle(image, centre, 20, cv::Scalar(200, 190, 195), cv::FILLED);
        cv::circle(image, centre, 8, cv::Scalar::all(20), cv::FILLED);
        image.at<cv::Vec3b>(0, number) = cv::Vec3b::all(16); // no two are copies
        return image;
    };
    const QString good = pathOf(u"Ring/good"_s);
    QVERIFY(QDir().mkpath(good));
    for (int i = 0; i < 12; ++i)
        writePng(good + u"/%1.png"_s.arg(i), part(i));
    MemSegOptions options;
    options.decoder = u"none"_s;
    options.ignoreBackground = true;
    options.set(u"input_width"_s, u"64"_s);
    options.set(u"input_height"_s, u"64"_s);
    options.threads = 1;
    const AnomalyFolder folder = AnomalyFolder::open(pathOf(u"Ring"_s), AnomalyFolder::Purpose::Training);
    const QString encoder = QStringLiteral(LYNCEUS_SOURCE_DIR "/models/encoder_mobilenetv2.safetensors");
    const QString model = pathOf(u"ring.safetensors"_s);
    trainMemSeg(folder, options, encoder, model);
    const auto session = MemSegSession::load(model);

    const double usual = session->inspect(part(1)).score;
    cv::Mat dirty = part(1);
    cv::circle(dirty, {4, 60}, 3, cv::Scalar::all(255), cv::FILLED);
    const AnomalyResult beside = session->inspect(dirty);
    QCOMPARE(beside.sourceMap().at<float>(60, 4), 0.0F);
    cv::Mat broken = part(1);
    cv::circle(broken, {46, 32}, 4, cv::Scalar::all(15), cv::FILLED); // looks like background, is where the part was
    QVERIFY(session->inspect(broken).score > std::max(beside.score, usual));
    cv::Mat filled = part(1);
    cv::circle(filled, {32, 32}, 4, cv::Scalar::all(255), cv::FILLED); // in the hole
    QVERIFY(session->inspect(filled).sourceMap().at<float>(32, 32) > 0.0F);
}

void TestMemSegTrainer::cancelLeavesWhatWasThere()
{
    const QString folder = pathOf(u"abgebrochen"_s);
    QVERIFY(QDir().mkpath(folder));
    const QString model = folder + u"/modell.safetensors"_s;
    QFile before(model);
    QVERIFY(before.open(QIODevice::WriteOnly));
    before.write("before");
    before.close();

    TaskContext context;
    TrainingObserver observer;
    int steps = 0;
    observer.metric = [&](const QString& name, int step, double) {
        if (name == u"loss"_s) {
            steps = step;
            context.cancel.cancel();
        }
    };
    QVERIFY_THROWS_EXCEPTION(Cancelled, trainMemSeg(m_images, smallOptions(1000), {}, model, context, observer));
    QCOMPARE(steps, 5);
    QCOMPARE(QDir(folder).entryList(QDir::Files | QDir::Hidden), QStringList{u"modell.safetensors"_s});
    QVERIFY(before.open(QIODevice::ReadOnly));
    QCOMPARE(before.readAll(), QByteArray("before"));
}

void TestMemSegTrainer::budgetIsKept()
{
    MemSegOptions options = smallOptions(0);
    options.minutes = 0.1;
    std::vector<double> fractions;
    TaskContext context;
    context.progress = [&](const Progress& progress) { fractions.push_back(progress.fraction); };
    const TrainingOutcome outcome = trainMemSeg(m_images, options, {}, pathOf(u"budget.safetensors"_s), context);
    QVERIFY2(outcome.steps >= 10, qPrintable(QString::number(outcome.steps)));
    // Generous, because other tests may run beside this one.
    QVERIFY2(outcome.seconds < 18.0, qPrintable(QString::number(outcome.seconds)));
    QVERIFY(outcome.secondsPerStep > 0.0);
    QCOMPARE(fractions.back(), 1.0);
}

void TestMemSegTrainer::encoderFileIsUsed()
{
    ResNet18 encoder(16, 10); // with the classifier that public files have
    initialise(*encoder, 5);
    std::vector<torch::Tensor> storage;
    const QString file = pathOf(u"encoder.safetensors"_s);
    const StateDict state = stateDict(*encoder);
    writeSafetensors(file, viewsOf(state, storage));

    MemSegOptions options = smallOptions(1);
    options.encoder = file;
    const SafetensorsFile model(trainMemSeg(m_images, options, file, pathOf(u"e.safetensors"_s)).modelFile);
    const torch::Tensor stored = readTensor(model, "feature_extractor.layer2.0.conv1.weight");
    QVERIFY(torch::allclose(stored, state.at("layer2.0.conv1.weight"), 1e-3, 1e-5));

    options.width = 32;
    try {
        trainMemSeg(m_images, options, file, pathOf(u"e.safetensors"_s));
        QFAIL("an encoder of another width was accepted");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Model);
        QVERIFY(error.message().contains(u"encoder.safetensors"_s));
    }
}

void TestMemSegTrainer::tooFewImages()
{
    AnomalyFolder few = m_images;
    few.train.resize(3);
    try {
        trainMemSeg(few, smallOptions(1), {}, pathOf(u"few.safetensors"_s));
        QFAIL("three images were accepted");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Input);
        QVERIFY(error.message().contains(u'3'));
        QVERIFY(!error.remedy().isEmpty());
    }
    QVERIFY(!QFile::exists(pathOf(u"few.safetensors"_s)));
}

void TestMemSegTrainer::unreadableImageIsNamed()
{
    const QString path = pathOf(u"kaputt ö.png"_s);
    QFile broken(path);
    QVERIFY(broken.open(QIODevice::WriteOnly));
    broken.write("no picture");
    broken.close();
    // Whatever part of the split it falls into.
    for (std::uint64_t seed : {1, 2, 3, 4, 5}) {
        AnomalyFolder folder = m_images;
        folder.train.resize(7);
        folder.train.push_back({path, u"kaputt ö.png"_s, {}, Truth::Good, {}});
        MemSegOptions options = smallOptions(1);
        options.seed = seed;
        try {
            trainMemSeg(folder, options, {}, pathOf(u"broken.safetensors"_s));
            QFAIL("a broken image was accepted");
        } catch (const Error& error) {
            QVERIFY2(error.message().contains(u"kaputt ö.png"_s), qPrintable(error.message()));
        }
    }
    QVERIFY(!QFile::exists(pathOf(u"broken.safetensors"_s)));
}

void TestMemSegTrainer::imagesDeletedMeanwhile()
{
    const QString good = pathOf(u"schwindend/good"_s);
    QVERIFY(QDir().mkpath(good));
    for (int i = 0; i < 20; ++i)
        writePng(good + u"/%1.png"_s.arg(i), texture(i));
    const AnomalyFolder folder = AnomalyFolder::open(pathOf(u"schwindend"_s), AnomalyFolder::Purpose::Training);
    const MemSegOptions options = smallOptions(10);
    const std::vector<Sample> heldOut = splitGoodImages(folder.train, options).heldOut;
    QVERIFY(heldOut.size() > 1);

    std::size_t deleted = 0;
    std::size_t toDelete = 1;
    TrainingObserver observer;
    observer.metric = [&](const QString&, int step, double) {
        for (; step > 0 && deleted < toDelete; ++deleted)
            QVERIFY(QFile::remove(heldOut[deleted].path));
    };
    const TrainingOutcome outcome = trainMemSeg(folder, options, {}, pathOf(u"schwindend.safetensors"_s), {}, observer);
    QVERIFY2(outcome.warning.contains(heldOut[0].path), qPrintable(outcome.warning));
    QCOMPARE(outcome.info.calibration[u"images"_s].toInt(), int(heldOut.size()) - 1);
    QVERIFY(std::isfinite(MemSegSession::load(outcome.modelFile)->inspect(texture(3)).score));

    // Without any of them nobody can say what good is.
    for (std::size_t i = 0; i < heldOut.size(); ++i)
        writePng(heldOut[i].path, texture(50 + int(i)));
    deleted = 0;
    toDelete = heldOut.size();
    const QString model = pathOf(u"verschwunden.safetensors"_s);
    const auto error = test::errorOf([&] { trainMemSeg(folder, options, {}, model, {}, observer); });
    QVERIFY(error && error->message().contains(heldOut.back().path));
    QVERIFY(!QFile::exists(model));
}

void TestMemSegTrainer::imagesBeyondTheCacheAreMissed()
{
    const QString path = pathOf(u"verlegt.png"_s);
    writePng(path, texture(1));
    const std::vector<Sample> samples{{path, u"verlegt.png"_s, {}, Truth::Good, {}}};
    const MemSegOptions options = smallOptions(1);
    const PreparedImages images(samples, options.preprocessing, {}, 0);
    QVERIFY(QFile::remove(path));
    const DefectSimulator simulator(options.simulator);
    BatchFeeder<TrainingBatch> feeder(DefectBatches(images, simulator, 2, 1));
    const auto error = test::errorOf([&] { feeder.next(); });
    QVERIFY(error && error->message().contains(path));
}

void TestMemSegTrainer::trainingOutlivesItsCheckpoints()
{
    const QString blocked = m_images.train.front().path + u"/model.checkpoint"_s; // a file where a folder should be
    QStringList events;
    TrainingObserver observer;
    observer.event = [&](const QString& kind, const QString&) { events << kind; };
    const TrainingOutcome outcome =
        trainMemSeg(m_images, smallOptions(5), {}, pathOf(u"allein.safetensors"_s), {}, observer, {}, blocked);
    QVERIFY2(outcome.warning.contains(blocked), qPrintable(outcome.warning));
    QCOMPARE(events, QStringList{u"warning"_s});
    QVERIFY(MemSegSession::load(outcome.modelFile) != nullptr);
}

void TestMemSegTrainer::inputFollowsTheImages_data()
{
    QTest::addColumn<int>("columns");
    QTest::addColumn<int>("rows");
    QTest::addColumn<bool>("keepAspect");
    QTest::addColumn<cv::Size>("input");
    QTest::newRow("small") << 300 << 300 << true << cv::Size(256, 256);
    QTest::newRow("not enough to spare") << 470 << 470 << true << cv::Size(256, 256);
    QTest::newRow("large") << 480 << 480 << true << cv::Size(384, 384);
    QTest::newRow("large and long") << 2000 << 500 << true << cv::Size(1024, 256);
    QTest::newRow("squeezed") << 2000 << 500 << false << cv::Size(384, 384);
}

void TestMemSegTrainer::inputFollowsTheImages()
{
    QFETCH(const int, columns);
    QFETCH(const int, rows);
    QFETCH(const bool, keepAspect);
    QFETCH(const cv::Size, input);
    const QString path = pathOf(u"groß.png"_s);
    writePng(path, cv::Mat(rows, columns, CV_8UC1, cv::Scalar(90)));
    MemSegOptions options;
    options.keepAspect = keepAspect;
    for (int turn = 0; turn < 2; ++turn) { // the second time changes nothing
        fitInput(options, {{path, u"groß.png"_s, {}, Truth::Good, {}}}, {});
        QCOMPARE(cv::Size(options.preprocessing.width, options.preprocessing.height), input);
    }
    options.set(u"input_width"_s, u"64"_s);
    options.set(u"input_height"_s, u"64"_s);
    options.keepAspect = false;
    fitInput(options, {{path, u"groß.png"_s, {}, Truth::Good, {}}}, {});
    QCOMPARE(cv::Size(options.preprocessing.width, options.preprocessing.height), cv::Size(64, 64));
}

void TestMemSegTrainer::inputFollowsTheSmallestDefect_data()
{
    QTest::addColumn<cv::Size>("picture");
    QTest::addColumn<QStringList>("settings");
    QTest::addColumn<cv::Size>("input");
    QTest::addColumn<QString>("decoder");
    QTest::addColumn<int>("keys");
    QTest::addColumn<QString>("text"); ///< a part of it
    const cv::Size camera(2448, 2048);
    QTest::newRow("pixels") << camera << QStringList{u"smallest_defect=20 px"_s} << cv::Size(1216, 1024) << u"none"_s
                            << 640'000 << u"20 px can be seen"_s;
    QTest::newRow("millimetres") << camera << QStringList{u"smallest_defect=0.5 mm"_s, u"pixels_per_mm=40"_s}
                                 << cv::Size(1216, 1024) << u"none"_s << 640'000 << u"(0.5 mm) can be seen"_s;
    QTest::newRow("large ones") << cv::Size(1000, 1000) << QStringList{u"smallest_defect=30"_s} << cv::Size(384, 384)
                                << u"light"_s << 160'000 << u"can be seen"_s;
    QTest::newRow("with a decoder") << cv::Size(1000, 1000) << QStringList{u"smallest_defect=20"_s}
                                    << cv::Size(512, 512) << u"light"_s << 284'444 << u"can be seen"_s;
    QTest::newRow("below the pictures' own") << cv::Size(640, 480) << QStringList{u"smallest_defect=3"_s}
                                             << cv::Size(640, 480) << u"light"_s << 333'333 << u"too small"_s;
    QTest::newRow("size by hand") << cv::Size(640, 480)
                                  << QStringList{u"smallest_defect=12"_s, u"input_width=256"_s, u"input_height=192"_s}
                                  << cv::Size(256, 192) << u"light"_s << 160'000 << u"too small"_s;
    QTest::newRow("keys by hand") << camera << QStringList{u"smallest_defect=20"_s, u"nearest_keys=5000"_s}
                                  << cv::Size(1216, 1024) << u"none"_s << 5000 << u"too large for a decoder"_s;
    QTest::newRow("a decoder alone") << camera << QStringList{u"smallest_defect=20"_s, u"nearest_good=false"_s}
                                     << cv::Size(1216, 1024) << u"light"_s << 0 << u"can be seen"_s;
    QTest::newRow("not said") << camera << QStringList() << cv::Size(416, 352) << u"light"_s << 160'000
                              << u"below about 59 px may pass"_s;
}

void TestMemSegTrainer::inputFollowsTheSmallestDefect()
{
    QFETCH(const cv::Size, picture);
    QFETCH(const QStringList, settings);
    QFETCH(const cv::Size, input);
    QFETCH(const QString, decoder);
    QFETCH(const int, keys);
    QFETCH(const QString, text);
    const QString path = pathOf(u"groß.png"_s);
    writePng(path, cv::Mat(picture, CV_8UC1, cv::Scalar(90)));
    MemSegOptions options;
    for (const QString& setting : settings)
        options.set(setting.section(u'=', 0, 0), setting.section(u'=', 1));
    QString said;
    for (int turn = 0; turn < 2; ++turn) { // the second time changes nothing
        said += fitInput(options, {{path, u"groß.png"_s, {}, Truth::Good, {}}}, {}).texts.join(u' ');
        QCOMPARE(cv::Size(options.preprocessing.width, options.preprocessing.height), input);
        QCOMPARE(options.decoder, decoder);
        QCOMPARE(options.nearestKeys, keys);
    }
    QVERIFY2(said.contains(text), qPrintable(said));
}

void TestMemSegTrainer::smallestDefectBeyondThePicturesIsRefused()
{
    const QString path = pathOf(u"klein.png"_s);
    writePng(path, cv::Mat(300, 400, CV_8UC1, cv::Scalar(90)));
    MemSegOptions options;
    options.set(u"smallest_defect"_s, u"401 px"_s);
    try {
        fitInput(options, {{path, u"klein.png"_s, {}, Truth::Good, {}}}, {});
        QFAIL("a defect that no picture has room for was taken");
    } catch (const Error& error) {
        QVERIFY(error.kind() == ErrorKind::Input);
        QVERIFY2(error.message().contains(u"401 px"_s) && error.message().contains(u"400 x 300"_s),
                 qPrintable(error.message()));
        QVERIFY(error.remedy().contains(u"pixels_per_mm"_s));
    }
}

void TestMemSegTrainer::unwritableModelFileIsFoundFirst()
{
    const QString blocked = m_images.train.front().path + u"/model.safetensors"_s; // a file where a folder should be
    int metrics = 0;
    TrainingObserver observer;
    observer.metric = [&](const QString&, int, double) { ++metrics; };
    try {
        trainMemSeg(m_images, smallOptions(1), {}, blocked, {}, observer);
        QFAIL("an unwritable path was accepted");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::File);
        QVERIFY(error.message().contains(blocked));
    }
    QCOMPARE(metrics, 0);
}

void TestMemSegTrainer::divergenceIsAnError()
{
    // A weight beyond single precision's squares spreads through the network as a diverged one would.
    ResNet18 encoder(16);
    initialise(*encoder, 5);
    StateDict state = stateDict(*encoder);
    {
        const torch::NoGradGuard noGrad;
        state.at("conv1.weight").fill_(3e38F);
    }
    std::vector<torch::Tensor> storage;
    const QString file = pathOf(u"nan-encoder.safetensors"_s);
    writeSafetensors(file, viewsOf(state, storage));
    try {
        trainMemSeg(m_images, smallOptions(2), file, pathOf(u"nan.safetensors"_s));
        QFAIL("trained with an output that is no number");
    } catch (const Error& error) {
        QVERIFY2(error.remedy().contains(u"learning_rate"_s), qPrintable(error.text()));
    }
    QVERIFY(!QFile::exists(pathOf(u"nan.safetensors"_s)));
}

void TestMemSegTrainer::divergenceKeepsTheBestState()
{
    MemSegOptions options = smallOptions(16);
    options.batch = 4;
    const QString path = pathOf(u"divergiert.checkpoint"_s);
    const QString model = pathOf(u"divergiert.safetensors"_s);
    QVERIFY_THROWS_EXCEPTION(Cancelled, trainAndStop(options, model, path));

    // It goes on with weights that are no numbers any more; what was best before still is.
    const QJsonObject head =
        QJsonDocument::fromJson(SafetensorsFile(path).metadata().value(u"lynceus_checkpoint"_s).toUtf8()).object();
    TrainingCheckpoint checkpoint = readCheckpoint(path, head[u"fingerprint"_s].toString());
    QVERIFY(checkpoint.validatedAt > 0);
    {
        const torch::NoGradGuard noGrad;
        checkpoint.network.at("decoder.final_conv.weight").fill_(std::nan(""));
    }
    writeCheckpoint(path, checkpoint);
    QStringList events;
    TrainingObserver second;
    second.event = [&](const QString& kind, const QString&) { events << kind; };
    const TrainingOutcome outcome = trainMemSeg(m_images, options, {}, model, {}, second, {}, path);
    QCOMPARE(events.count(u"warning"_s), 1);
    QCOMPARE(outcome.steps, 10);
    QVERIFY2(outcome.warning.contains(u"learning_rate"_s), qPrintable(outcome.warning));
    const auto session = MemSegSession::load(model);
    QVERIFY(std::isfinite(session->inspect(texture(3)).score));
    const SafetensorsFile written(model);
    const auto kept = readTensor(written, "decoder.final_conv.weight");
    QVERIFY((kept - checkpoint.best.at("decoder.final_conv.weight")).abs().max().item<double>() < 1e-3);
}

void TestMemSegTrainer::excludedImagesAreLeftOut()
{
    MemSegOptions options;
    options.exclude = u"3.png|7.png"_s;
    const auto names = namesOf(splitGoodImages(namedSamples(20), options).all());
    QCOMPARE(names.size(), std::size_t(18));
    QVERIFY(names.count(u"3.png"_s) == 0 && names.count(u"7.png"_s) == 0);
    QCOMPARE(MemSegOptions::fromJson(options.toJson()).excluded(), QStringList({u"3.png"_s, u"7.png"_s}));
    options.exclude = u"33.png"_s;
    try {
        splitGoodImages(namedSamples(20), options);
        QFAIL("left out what is not there");
    } catch (const Error& error) {
        QVERIFY(error.message().contains(u"33.png"_s));
        QVERIFY(!error.remedy().isEmpty());
    }
}

void TestMemSegTrainer::heldBackDefectsAreSeen()
{
    const SimulatorOptions options = smallOptions(1).simulator;
    cv::Mat good;
    cv::cvtColor(texture(1), good, cv::COLOR_BGR2RGB);
    good.convertTo(good, CV_32F);
    std::set<std::uint64_t> areas;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        Random random(seed);
        const SimulatedDefect defect = heldBackDefect(good, options, random);
        const int area = cv::countNonZero(defect.mask);
        QVERIFY(area >= options.minPixels);
        areas.insert(std::uint64_t(area));
        cv::Mat change = cv::abs(defect.image - good);
        QVERIFY(cv::mean(change, defect.mask)[0] + cv::mean(change, defect.mask)[1] > 1.0);
        change.setTo(cv::Scalar::all(0.0), defect.mask);
        QCOMPARE(cv::norm(change, cv::NORM_INF), 0.0);
    }
    QVERIFY(areas.size() > 20);
}

void TestMemSegTrainer::partWithoutRoomForDefectsIsAnError()
{
    MemSegOptions options = smallOptions(1);
    options.simulator.minPixels = 64 * 64;
    try {
        trainMemSeg(m_images, options, {}, pathOf(u"room.safetensors"_s));
        QFAIL("trained without any defect");
    } catch (const Error& error) {
        QVERIFY(error.remedy().contains(u"min_pixels"_s));
    }
}

QTEST_GUILESS_MAIN(TestMemSegTrainer)
#include "tst_memseg_trainer.moc"
