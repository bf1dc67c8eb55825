// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/data/demo_product.h"
#include "core/image/anomaly_result.h"
#include "core/engines/network_set.h"
#include "core/memseg/bench.h"
#include "core/memseg/gate_subject.h"
#include "core/memseg/inference.h"
#include "core/memseg/model.h"
#include "core/nn/openvino_network.h"
#include "core/nn/state_dict.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"
#include "tests/support/needs_engine.h"
#include "tests/support/oracle.h"

#include <QtCore/QJsonArray>
#include <QtTest/QTest>

#include <opencv2/core.hpp>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

MemSegOptions optionsOf(const QString& backbone, const QString& decoder)
{
    MemSegOptions options;
    options.backbone = backbone;
    options.decoder = decoder;
    options.width = 32;
    options.memoryImages = 4;
    options.preprocessing.width = 96;
    options.preprocessing.height = 64;
    return options;
}

/// A smooth image as the network gets it.
torch::Tensor image(std::int64_t seed)
{
    torch::manual_seed(std::uint64_t(seed));
    return torch::upsample_bilinear2d(torch::randn({1, 3, 8, 12}), {64, 96}, true)
        .contiguous(torch::MemoryFormat::ChannelsLast);
}

std::vector<NamedTensors> images(int count)
{
    std::vector<NamedTensors> all;
    for (int i = 0; i < count; ++i)
        all.push_back({{"image", image(100 + i)}});
    return all;
}

NetworkIrs translated(const MemSegModel& model)
{
    return translateNetworks(MemSegGateSubject(model).networks({}));
}

NetworkIrs quantisedIrs(const MemSegModel& model, const std::vector<NamedTensors>& calibration,
                        double searchSeconds = 0.0, const CancelToken& cancel = {})
{
    return quantiseNetworks(MemSegGateSubject(model).networks(calibration), searchSeconds, 0.0, nullptr, cancel);
}

MemSegInference compiled(const MemSegModel& model, Engine engine)
{
    return MemSegInference(model, compileNetworks(translated(model), engine));
}

MemSegInference quantised(const MemSegModel& model, const std::vector<NamedTensors>& calibration)
{
    return MemSegInference(model, compileNetworks(quantisedIrs(model, calibration), Engine::OpenVinoInt8));
}

/// rms(a - b) / rms(b)
double relativeError(const cv::Mat& a, const cv::Mat& b)
{
    return cv::norm(a, b, cv::NORM_L2) / cv::norm(b, cv::NORM_L2);
}

} // namespace

class TestMemSegEngines : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void fp32IsLibTorchs_data();
    void fp32IsLibTorchs();
    void int8IsClose();
    void encoderInInt8IsClose();
    void int8KeepsTheDemosScores();
    void inferencesShareAModel();
    void enginesTakeTurnsInTheBench();
    void decodersWithoutASayDoNotRun();
    void searchCanBeCancelled();
    void unavailableEnginesAreRefused();
};

void TestMemSegEngines::fp32IsLibTorchs_data()
{
    QTest::addColumn<QString>("backbone");
    QTest::addColumn<QString>("decoder");
    QTest::newRow("light") << u"mobilenetv2"_s << u"light"_s;
    QTest::newRow("light, ResNet-18") << u"resnet18"_s << u"light"_s;
    QTest::newRow("lite") << u"resnet18"_s << u"lite"_s;
    QTest::newRow("full") << u"resnet18"_s << u"full"_s;
    QTest::newRow("none") << u"mobilenetv2"_s << u"none"_s;
}

void TestMemSegEngines::fp32IsLibTorchs()
{
    NEEDS(Engine::OpenVinoFp32);
    QFETCH(QString, backbone);
    QFETCH(QString, decoder);
    const MemSegModel model = untrainedMemSegModel(optionsOf(backbone, decoder));
    MemSegInference reference(model);
    MemSegInference fast = compiled(model, Engine::OpenVinoFp32);
    QCOMPARE(fast.engine(), Engine::OpenVinoFp32);
    for (int seed = 1; seed <= 3; ++seed) {
        const auto wanted = reference.run(image(seed));
        const auto got = fast.run(image(seed));
        QCOMPARE(got.nearest, wanted.nearest);
        const auto fault = [](const cv::Mat& a, const cv::Mat& b) {
            return cv::norm(a, b, cv::NORM_INF) / cv::norm(b, cv::NORM_INF);
        };
        QVERIFY2(fault(got.map, wanted.map) < 1e-4, QByteArray::number(fault(got.map, wanted.map)));
        const auto& branches = got.branches;
        QVERIFY(fault(branches.distance, wanted.branches.distance) < 1e-4);
        QCOMPARE(branches.logit.empty(), decoder == u"none"_s);
        if (!branches.logit.empty())
            QVERIFY(fault(branches.logit, wanted.branches.logit) < 1e-4);
    }
}

void TestMemSegEngines::int8IsClose()
{
    NEEDS(Engine::OpenVinoInt8);
    for (const auto& [backbone, decoder] :
         {std::pair{u"resnet18"_s, u"lite"_s}, std::pair{u"mobilenetv2"_s, u"light"_s}}) {
        const MemSegModel model = untrainedMemSegModel(optionsOf(backbone, decoder));
        MemSegInference reference(model);
        MemSegInference int8 = quantised(model, images(8));
        const auto wanted = reference.run(image(1)).branches;
        const auto got = int8.run(image(1)).branches;
        const double logit = relativeError(got.logit, wanted.logit);
        QVERIFY2(logit > 1e-5 && logit < 0.5, QByteArray::number(logit)); // random weights add rounding up
        const double distance = relativeError(got.distance, wanted.distance);
        QVERIFY2(distance > 1e-6 && distance < 0.1, QByteArray::number(distance));
    }
}

void TestMemSegEngines::encoderInInt8IsClose()
{
    NEEDS(Engine::OpenVinoInt8);
    const MemSegModel model = untrainedMemSegModel(optionsOf(u"resnet18"_s, u"lite"_s));
    MemSegNetwork network = model.network;
    foldBatchNorms(*network);
    const auto encoder = [&](const NamedTensors& inputs) {
        NamedTensors outputs;
        for (const auto& feature : network->encode(tensorOf(inputs, "image")))
            outputs.emplace_back("f" + std::to_string(outputs.size()), feature);
        return outputs;
    };
    CompileOptions options;
    options.engine = Engine::OpenVinoInt8;
    options.int8.calibration = images(8);
    OpenVinoNetwork compiled(encoder, {{"image", image(0)}}, options);
    QVERIFY(compiled.int8Report().quantised.size() >= 20); // ResNet-18's convolutions
    const NamedTensors wanted = encoder({{"image", image(1)}});
    for (const auto& [name, got] : compiled.run({{"image", image(1)}})) {
        const auto& want = tensorOf(wanted, name);
        const double error = ((got - want).square().mean() / want.square().mean()).sqrt().item<double>();
        QVERIFY2(error > 1e-4 && error < 0.06, QByteArray::fromStdString(name) + ": " + QByteArray::number(error));
    }
}

void TestMemSegEngines::int8KeepsTheDemosScores()
{
    NEEDS(Engine::OpenVinoInt8);
    const MemSegModel model = loadMemSegModel(QStringLiteral(LYNCEUS_SOURCE_DIR "/models/demo_memseg.safetensors"));
    const auto part = [&](std::uint64_t index, const QString& defect = {}) {
        return imageToTensor(prepare(renderDemoPart({}, index, defect).image, model.info.preprocessing));
    };
    std::vector<NamedTensors> good;
    for (std::uint64_t index = 0; index < 12; ++index)
        good.push_back({{"image", part(index)}});
    MemSegInference reference(model);
    MemSegInference int8 = quantised(model, good);
    // Good parts are next to their like, where the rounding of features is all that is left of a distance.
    double worstGood = 0.0;
    double worstDefective = 0.0;
    for (std::uint64_t index = 200; index < 212; ++index) {
        const auto& kinds = demoDefectKinds();
        const bool isGood = index % 2 == 0;
        const auto input = isGood ? part(index) : part(index, kinds[int(index / 2) % int(kinds.size())]);
        double& worst = isGood ? worstGood : worstDefective;
        worst = std::max(worst, std::abs(imageScore(int8.run(input).map) - imageScore(reference.run(input).map)));
    }
    QVERIFY2(worstGood < 0.25, QByteArray::number(worstGood));
    QVERIFY2(worstDefective < 0.01, QByteArray::number(worstDefective));
}

void TestMemSegEngines::inferencesShareAModel()
{
    const MemSegModel model = untrainedMemSegModel(optionsOf(u"resnet18"_s, u"full"_s));
    MemSegInference first(model);
    const cv::Mat before = first.run(image(1)).map;
    MemSegInference second(model); // folds batch norms that are folded
    QCOMPARE(cv::norm(second.run(image(1)).map, before, cv::NORM_INF), 0.0);
    QCOMPARE(cv::norm(first.run(image(1)).map, before, cv::NORM_INF), 0.0);
}

void TestMemSegEngines::enginesTakeTurnsInTheBench()
{
    NEEDS(Engine::OpenVinoInt8);
    const QJsonObject json =
        benchMemSeg({96, 64}, 3, optionsOf(u"mobilenetv2"_s, u"light"_s), {Engine::OpenVinoFp32, Engine::OpenVinoInt8});
    const QJsonArray engines = json[u"engines"_s].toArray();
    QCOMPARE(engines.size(), 3);
    const QStringList names{u"libtorch"_s, u"openvino-fp32"_s, u"openvino-int8"_s};
    for (int i = 0; i < 3; ++i) {
        const QJsonObject engine = engines[i].toObject();
        QCOMPARE(engine[u"engine"_s].toString(), names[i]);
        for (const QString& key : {u"fps"_s, u"ratio"_s, u"load_ms"_s, u"first_ms"_s})
            QVERIFY2(engine[key].toDouble() > 0.0, qPrintable(key));
        const QJsonObject throughput = engine[u"throughput"_s].toObject();
        QCOMPARE(throughput[u"streams"_s].toInt(), threads());
        for (const QString& key : {u"fps"_s, u"one_thread"_s, u"ratio"_s})
            QVERIFY2(throughput[key].toDouble() > 0.0, qPrintable(key));
    }
    QCOMPARE(engines[0][u"ratio"_s].toDouble(), 1.0);
}

void TestMemSegEngines::decodersWithoutASayDoNotRun()
{
    MemSegModel model = untrainedMemSegModel(optionsOf(u"mobilenetv2"_s, u"light"_s));
    MemSegInference both(model);
    QVERIFY(both.hasDecoder());
    const cv::Mat distance = both.run(image(1)).branches.distance;
    model.fusion.weight = 0.0;
    MemSegInference alone(model);
    QVERIFY(!alone.hasDecoder());
    const auto output = alone.run(image(1));
    QVERIFY(output.branches.logit.empty());
    QVERIFY(output.nearest >= 0); // people still see which good image is nearest
    QCOMPARE(cv::norm(output.branches.distance, distance, cv::NORM_INF), 0.0);
    if (engineAvailable(Engine::OpenVinoFp32))
        QCOMPARE(translated(model).count("decoder"), std::size_t(0));
}

void TestMemSegEngines::searchCanBeCancelled()
{
    NEEDS(Engine::OpenVinoInt8);
    const MemSegModel model = untrainedMemSegModel(optionsOf(u"mobilenetv2"_s, u"none"_s));
    CancelToken cancel;
    cancel.cancel();
    QVERIFY(!quantisedIrs(model, images(2), 0.0, cancel).empty()); // nothing is searched
    QVERIFY_THROWS_EXCEPTION(Cancelled, quantisedIrs(model, images(2), 60.0, cancel));
}

void TestMemSegEngines::unavailableEnginesAreRefused()
{
    const MemSegModel model = untrainedMemSegModel(optionsOf(u"mobilenetv2"_s, u"light"_s));
    if (!engineAvailable(Engine::OpenVinoFp32))
        QVERIFY_THROWS_EXCEPTION(Error, translated(model));
    QVERIFY_THROWS_EXCEPTION(Error, quantisedIrs(model, {})); // uncalibrated
}

QTEST_GUILESS_MAIN(TestMemSegEngines)
#include "tst_memseg_engines.moc"
