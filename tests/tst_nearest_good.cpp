// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/nearest_good.h"

#include "core/base/error.h"
#include "core/memseg/fusion.h"

#include <QtTest/QtTest>

#include <opencv2/core.hpp>
#include <torch/torch.h>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

using Levels = std::array<torch::Tensor, 2>;

Levels randomLevels(std::int64_t height = 8, std::int64_t width = 12)
{
    return {torch::randn({1, 6, height, width}), torch::randn({1, 10, height / 2, width / 2})};
}

std::vector<Levels> randomImages(int count)
{
    torch::manual_seed(3);
    std::vector<Levels> images;
    for (int i = 0; i < count; ++i)
        images.push_back(randomLevels());
    return images;
}

NearestGood::Options grid(int rows, int columns)
{
    NearestGood::Options options;
    options.gridRows = rows;
    options.gridColumns = columns;
    return options;
}

} // namespace

class TestNearestGood : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void knownImagesAreNear_data();
    void knownImagesAreNear();
    void agreesWithEveryPairCompared();
    void onlyNeighboursAreLookedAt();
    void otherSizesAreCompared();
    void keysAreThinnedOut();
    void stateComesBack();
    void brokenStateIsRefused_data();
    void brokenStateIsRefused();
    void scaleNeverSaturates();
    void weightGivesTheDecoderASay();
    void fusionComesBack();
};

void TestNearestGood::knownImagesAreNear_data()
{
    QTest::addColumn<int>("rows");
    QTest::addColumn<int>("columns");
    QTest::newRow("by position") << 0 << 0;
    QTest::newRow("by neighbourhood") << 3 << 5;
    QTest::newRow("anywhere") << 1 << 1;
}

void TestNearestGood::knownImagesAreNear()
{
    QFETCH(int, rows);
    QFETCH(int, columns);
    const auto images = randomImages(5);
    const NearestGood nearest(images, grid(rows, columns));
    QCOMPARE(nearest.size(), 5 * 8 * 12);
    for (const Levels& image : images) {
        const auto distances = nearest.distances(image);
        QCOMPARE(distances.sizes(), torch::IntArrayRef({8, 12}));
        // Keys are rounded to F16.
        QVERIFY2(distances.max().item<float>() < 0.02F, qPrintable(QString::number(distances.max().item<float>())));
    }
    QVERIFY(nearest.distances(randomLevels()).min().item<float>() > 0.5F);
}

void TestNearestGood::agreesWithEveryPairCompared()
{
    const auto images = randomImages(4);
    const NearestGood nearest(images, grid(1, 1));
    const auto state = nearest.state();
    const auto& keys = state.at("keys");
    const auto query = images[0];
    Levels odd{query[0] + 0.7, query[1] * 1.3};
    const auto distances = nearest.distances(odd);
    const auto mean = state.at("mean");
    const auto scale = state.at("scale");
    const auto fine = torch::nn::functional::avg_pool2d(
        odd[0], torch::nn::functional::AvgPool2dFuncOptions(3).stride(1).padding(1).count_include_pad(false));
    const auto coarse = torch::upsample_bilinear2d(odd[1], {8, 12}, false);
    const auto own = (torch::cat({fine, coarse}, 1)[0].permute({1, 2, 0}) - mean) * scale;
    const auto expected = torch::cdist(own.reshape({-1, 16}), keys).amin(1).view({8, 12});
    QVERIFY((distances - expected).abs().max().item<float>() < 1e-3F);
}

void TestNearestGood::onlyNeighboursAreLookedAt()
{
    // One image whose left edge is far from everything: a cell on the right that looks the same is strange there.
    auto image = randomImages(1).front();
    const NearestGood positional({image}, grid(0, 0));
    const NearestGood anywhere({image}, grid(1, 1));
    Levels turned{image[0].flip({3}), image[1].flip({3})};
    QVERIFY(anywhere.distances(turned).max().item<float>() < 0.02F);
    QVERIFY(positional.distances(turned).max().item<float>() > 0.5F);
}

void TestNearestGood::otherSizesAreCompared()
{
    const NearestGood nearest(randomImages(3), grid(4, 4));
    const auto distances = nearest.distances(randomLevels(10, 6));
    QCOMPARE(distances.sizes(), torch::IntArrayRef({10, 6}));
    QVERIFY(torch::isfinite(distances).all().item<bool>());
}

void TestNearestGood::keysAreThinnedOut()
{
    NearestGood::Options options;
    options.mostKeys = 200;
    const NearestGood few(randomImages(10), options);
    QVERIFY(few.size() > 120 && few.size() < 280);
    // The same seed keeps the same ones.
    const NearestGood again(randomImages(10), options);
    QVERIFY(torch::equal(few.state().at("keys"), again.state().at("keys")));
}

void TestNearestGood::stateComesBack()
{
    const NearestGood nearest(randomImages(3), grid(2, 3));
    const NearestGood read = NearestGood::fromState(nearest.state(), u"test"_s);
    const auto image = randomLevels();
    QVERIFY(torch::equal(nearest.distances(image), read.distances(image)));
}

void TestNearestGood::brokenStateIsRefused_data()
{
    QTest::addColumn<QString>("entry");
    for (const auto* entry : {"keys", "begin", "grid", "mean", "scale"})
        QTest::newRow(entry) << QString::fromLatin1(entry);
}

void TestNearestGood::brokenStateIsRefused()
{
    QFETCH(QString, entry);
    const StateDict whole = NearestGood(randomImages(2), grid(2, 2)).state();
    StateDict missing = whole;
    missing.erase(entry.toStdString());
    QVERIFY_THROWS_EXCEPTION(Error, NearestGood::fromState(missing, u"modell.safetensors"_s));
    StateDict shorter = whole;
    auto& tensor = shorter.at(entry.toStdString());
    tensor = tensor.narrow(0, 0, tensor.size(0) - 1);
    try {
        NearestGood::fromState(shorter, u"modell.safetensors"_s);
        QFAIL("a broken state was taken");
    } catch (const Error& error) {
        QVERIFY(error.message().contains(u"modell.safetensors"_s));
        QVERIFY(!error.remedy().isEmpty());
    }
}

void TestNearestGood::scaleNeverSaturates()
{
    Fusion fusion;
    fusion.centre = 5.0;
    fusion.spread = 5.0;
    double last = -1.0;
    for (const float distance : {-10.0F, 0.0F, 4.9F, 5.0F, 5.1F, 50.0F, 500.0F, 501.0F, 5000.0F}) {
        const cv::Mat map = fusion.map({cv::Mat(), cv::Mat(2, 2, CV_32F, cv::Scalar(distance))});
        const double value = map.at<float>(0, 0);
        QVERIFY(value > last && value > 0.0 && value < 1.0);
        last = value;
    }
    QCOMPARE(fusion.map({cv::Mat(), cv::Mat(1, 1, CV_32F, cv::Scalar(5.0))}).at<float>(0, 0), 0.5F);
}

void TestNearestGood::weightGivesTheDecoderASay()
{
    cv::Mat distance(4, 4, CV_32F);
    cv::Mat logit(4, 4, CV_32F);
    cv::RNG random(1);
    random.fill(distance, cv::RNG::NORMAL, 6.0, 1.5);
    random.fill(logit, cv::RNG::NORMAL, -7.0, 0.5);
    Fusion fusion;
    fusion.weight = 0.25;
    fusion.calibrate({{logit, distance}});
    // Over the pixels it was calibrated on the distance is standardised.
    Fusion alone = fusion;
    alone.weight = 0.0;
    const cv::Mat z = alone.join({logit, distance});
    QVERIFY(std::abs(cv::mean(z)[0]) < 1e-4);
    QVERIFY(std::abs(cv::norm(z) / 4.0 - 1.0) < 1e-3);
    cv::Mat found = logit.clone();
    found.at<float>(1, 2) += 10.0F;
    const cv::Mat raised = fusion.join({found, distance}) - fusion.join({logit, distance});
    QVERIFY(raised.at<float>(1, 2) > 3.0F);
    QVERIFY(std::abs(cv::sum(raised)[0] - raised.at<float>(1, 2)) < 1e-4);
    QVERIFY(cv::norm(alone.join({found, distance}), alone.join({logit, distance})) == 0.0);
}

void TestNearestGood::fusionComesBack()
{
    Fusion fusion;
    fusion.weight = 0.25;
    fusion.centre = 4.0;
    fusion.distanceMean = 1.5;
    QCOMPARE(Fusion::fromJson(fusion.toJson()).toJson(), fusion.toJson());
    QJsonObject json = fusion.toJson();
    json.remove(u"spread"_s);
    QVERIFY_THROWS_EXCEPTION(Error, Fusion::fromJson(json));
}

QTEST_GUILESS_MAIN(TestNearestGood)
#include "tst_nearest_good.moc"
