// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/engines/network_set.h"
#include "core/memseg/gate_subject.h"
#include "core/memseg/inference.h"
#include "core/memseg/model.h"
#include "core/memseg/tiles.h"
#include "core/nn/layers.h"
#include "core/nn/state_dict.h"
#include "core/nn/torch.h"
#include "core/weights/safetensors.h"
#include "tests/support/needs_engine.h"

#include <QtTest/QTest>

#include <opencv2/core.hpp>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

MemSegOptions optionsOf(const QString& backbone, cv::Size input)
{
    MemSegOptions options;
    options.backbone = backbone;
    options.decoder = u"none"_s;
    options.memoryImages = 2;
    options.preprocessing.width = input.width;
    options.preprocessing.height = input.height;
    return options;
}

/// The shipped encoder: random weights would make too much or too little of what lies far away.
MemSegNetwork shipped(const MemSegOptions& options)
{
    MemSegNetwork network(options);
    const QString file = u"" LYNCEUS_SOURCE_DIR "/models/encoder_%1.safetensors"_s.arg(options.backbone);
    loadState(*network->encoder(), readStateDict(SafetensorsFile(file)), file,
              {{"layer4."},
               {"fc.", "classifier", "layer4.", "features.14.", "features.15.", "features.16.", "features.17.",
                "features.18."}});
    prepareForInference(*network);
    return network;
}

/// Smooth and rough at once, as pictures are.
torch::Tensor image(cv::Size size, std::int64_t seed = 1)
{
    torch::manual_seed(std::uint64_t(seed));
    const auto coarse = torch::upsample_bilinear2d(torch::randn({1, 3, size.height / 32, size.width / 32}),
                                                   {size.height, size.width}, true);
    return (coarse + 0.2 * torch::randn({1, 3, size.height, size.width})).contiguous(torch::MemoryFormat::ChannelsLast);
}

} // namespace

class TestTiles : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void tilesCoverTheInput_data();
    void tilesCoverTheInput();
    void featuresAreThoseOfTheWhole_data();
    void featuresAreThoseOfTheWhole();
    void compiledEnginesSeeTilesToo();
    void decodersThatReadStride32SeeItWhole();
};

void TestTiles::tilesCoverTheInput_data()
{
    QTest::addColumn<cv::Size>("input");
    QTest::addColumn<int>("tiles");
    QTest::newRow("small") << cv::Size(384, 384) << 1;
    QTest::newRow("as large as a tile") << cv::Size(1344, 1280) << 1;
    QTest::newRow("a little larger") << cv::Size(1376, 1280) << 2;
    QTest::newRow("5 megapixels") << cv::Size(2560, 2048) << 4;
    QTest::newRow("very long") << cv::Size(4096, 512) << 2;
    QTest::newRow("very high") << cv::Size(512, 4096) << 2;
    QTest::newRow("the largest there is") << cv::Size(4096, 4096) << 16;
}

void TestTiles::tilesCoverTheInput()
{
    QFETCH(const cv::Size, input);
    QFETCH(const int, tiles);
    const Tiling tiling(input);
    QCOMPARE(tiling.isWhole(), tiles == 1);
    QVERIFY(tiling.tile().area() <= 1'750'000);
    cv::Mat covered = cv::Mat::zeros(input, CV_8U);
    for (const cv::Rect& place : tiling.places()) {
        QCOMPARE(place & cv::Rect({}, input), place);
        QVERIFY(place.x % 16 == 0 && place.y % 16 == 0 && place.width % 16 == 0 && place.height % 16 == 0);
        QCOMPARE(place.size(), tiling.tile());
        covered(place).setTo(255);
    }
    QCOMPARE(cv::countNonZero(covered), input.area());
    QCOMPARE(int(tiling.places().size()), tiles);
}

void TestTiles::featuresAreThoseOfTheWhole_data()
{
    QTest::addColumn<QString>("backbone");
    QTest::addColumn<cv::Size>("input");
    QTest::newRow("two tiles") << u"mobilenetv2"_s << cv::Size(1376, 1280);
    QTest::newRow("uneven") << u"mobilenetv2"_s << cv::Size(1632, 1184);
    QTest::newRow("long") << u"mobilenetv2"_s << cv::Size(3936, 448);
    QTest::newRow("a grid") << u"mobilenetv2"_s << cv::Size(2080, 1952);
    QTest::newRow("ResNet-18") << u"resnet18"_s << cv::Size(1408, 1280);
}

void TestTiles::featuresAreThoseOfTheWhole()
{
    QFETCH(const QString, backbone);
    QFETCH(const cv::Size, input);
    const torch::NoGradGuard noGrad;
    MemSegNetwork network = shipped(optionsOf(backbone, input));
    const torch::Tensor x = image(input);
    const auto tiled = network->encode(x);
    const auto whole = network->mobilenet.is_empty() ? network->resnet->stemToLayer3(x) : network->mobilenet->levels(x);
    QVERIFY(!tiled[0].defined()); // nobody reads it
    for (std::size_t level = 1; level < 4; ++level) {
        QCOMPARE(tiled[level].sizes(), whole[level].sizes());
        const double size = whole[level].square().mean().sqrt().item<double>();
        const double worst = (tiled[level] - whole[level]).abs().max().item<double>() / size;
        QVERIFY2(worst < 1e-4, qPrintable(u"level %1: %2"_s.arg(level).arg(worst)));
    }
}

void TestTiles::compiledEnginesSeeTilesToo()
{
    NEEDS(Engine::OpenVinoFp32);
    const cv::Size input(1376, 1280);
    const MemSegModel model = untrainedMemSegModel(optionsOf(u"mobilenetv2"_s, input));
    MemSegInference reference(model);
    const torch::Tensor x = image(input, 2);
    const cv::Mat wanted = reference.run(x).branches.distance;
    const auto fault = [&](MemSegInference&& inference) {
        return cv::norm(inference.run(x).branches.distance, wanted, cv::NORM_INF) / cv::norm(wanted, cv::NORM_INF);
    };
    const double plain = fault(MemSegInference(
        model, compileNetworks(translateNetworks(MemSegGateSubject(model).networks({})), Engine::OpenVinoFp32)));
    QVERIFY2(plain < 1e-3, QByteArray::number(plain));
    if (!engineAvailable(Engine::OpenVinoInt8))
        return;
    const double int8 = fault(
        MemSegInference(model, compileNetworks(quantiseNetworks(MemSegGateSubject(model).networks({{{"image", x}}})),
                                               Engine::OpenVinoInt8)));
    QVERIFY2(int8 > 1e-5 && int8 < 0.2, QByteArray::number(int8));
}

void TestTiles::decodersThatReadStride32SeeItWhole()
{
    MemSegOptions options = optionsOf(u"resnet18"_s, {2560, 2048});
    QVERIFY(!tilingOf(options).isWhole());
    options.decoder = u"full"_s;
    QVERIFY(tilingOf(options).isWhole());
    QCOMPARE(tilingOf(options).tile(), cv::Size(2560, 2048));
}

QTEST_GUILESS_MAIN(TestTiles)
#include "tst_tiles.moc"
