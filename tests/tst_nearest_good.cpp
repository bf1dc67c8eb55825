// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/nearest_good.h"

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/image/anomaly_result.h"
#include "core/memseg/fusion.h"
#include "core/memseg/key_search.h"
#include "core/nn/torch.h"

#include <QtTest/QtTest>

#include <opencv2/core.hpp>

#include <array>
#include <limits>
#include <vector>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

constexpr int kHeight = 8; ///< in cells of stride 8
constexpr int kWidth = 12;

FeatureLevels randomLevels()
{
    return {torch::randn({1, 4, 2 * kHeight, 2 * kWidth}), torch::randn({1, 6, kHeight, kWidth}),
            torch::randn({1, 10, kHeight / 2, kWidth / 2})};
}

std::vector<FeatureLevels> randomImages(int count)
{
    torch::manual_seed(3);
    std::vector<FeatureLevels> images;
    for (int i = 0; i < count; ++i)
        images.push_back(randomLevels());
    return images;
}

} // namespace

class TestNearestGood : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void knownImagesAreNear();
    void agreesWithEveryPairCompared();
    void onlyNeighboursAreLookedAt();
    void noNumberIsNear_data();
    void noNumberIsNear();
    void keysAreThinnedOut();
    void rareKindsAreKept();
    void searchesAgree();
    void oddImagesStandOut();
    void leftOutImagesLookNew();
    void stateComesBack();
    void statesFromBeforeAreRead();
    void brokenStateIsRefused_data();
    void brokenStateIsRefused();
    void scaleNeverSaturates();
    void weightGivesTheDecoderASay();
    void noNumberPassesTheFusion();
    void fusionComesBack();
    void absurdFusionIsRefused_data();
    void absurdFusionIsRefused();
};

void TestNearestGood::knownImagesAreNear()
{
    const auto images = randomImages(5);
    const NearestGood nearest(images, {});
    QCOMPARE(nearest.size(), 5 * kHeight * kWidth);
    QCOMPARE(nearest.oddness().size(), images.size());
    const auto strange = nearest.distances(randomLevels());
    for (const FeatureLevels& image : images) {
        const auto distances = nearest.distances(image);
        QCOMPARE(distances.sizes(), torch::IntArrayRef({kHeight, kWidth}));
        QVERIFY(distances.max().item<float>() < strange.min().item<float>());
    }
}

/// One scale worked out the plain way: all pairs of the cell's neighbourhood, half of the nearest key's spacing off.
void TestNearestGood::agreesWithEveryPairCompared()
{
    const auto images = randomImages(4);
    const NearestGood nearest(images, {});
    const auto state = nearest.state();
    const FeatureLevels query{images[0][0] + 0.7, images[1][1] * 1.3, images[2][2] - 0.2};

    const auto smooth = [](const torch::Tensor& map) { return torch::avg_pool2d(map, 3, 1, 1, false, false); };
    const auto scaleOf = [&](const FeatureLevels& levels, int scale) {
        const auto map = scale == 0   ? torch::avg_pool2d(smooth(levels[0]), 2)
                         : scale == 1 ? smooth(levels[1])
                         : scale == 2 ? levels[2]
                                      : smooth(levels[2]);
        return map[0].permute({1, 2, 0});
    };
    auto expected = torch::zeros({kHeight, kWidth});
    const std::array<double, 4> weights{0.5, 1.0, 1.0, 0.6};
    for (int scale = 0; scale < 4; ++scale) {
        const auto of = [&](const char* name) { return state.at(std::to_string(scale) + '.' + name); };
        const auto prepared = [&](const FeatureLevels& levels) {
            return (scaleOf(levels, scale) - of("mean")) * of("scale");
        };
        const auto keys = of("keys").to(torch::kFloat) * of("usual")[2];
        const std::int64_t rows = keys.size(0);
        const std::int64_t columns = keys.size(1);
        // Which key belongs to which image is not in the state; all images are kept, in order.
        const auto map = torch::empty({rows, columns});
        std::vector<torch::Tensor> leftOut(images.size() + 1, map.clone());
        const auto nearestOf = [&](const torch::Tensor& own, std::int64_t y, std::int64_t x, int without) {
            double best = 1e9;
            double spacing = 0.0;
            for (std::int64_t v = std::max<std::int64_t>(0, y - 1); v <= std::min(rows - 1, y + 1); ++v) {
                for (std::int64_t u = std::max<std::int64_t>(0, x - 1); u <= std::min(columns - 1, x + 1); ++u) {
                    for (int i = 0; i < int(images.size()); ++i) {
                        const double distance = (own - keys[v][u][i]).norm().item<double>();
                        if (i != without && distance < best) {
                            best = distance;
                            spacing = of("spacing")[v][u][i].item<double>();
                        }
                    }
                }
            }
            return best - 0.5 * spacing;
        };
        for (int image = 0; image <= int(images.size()); ++image) {
            const bool isQuery = image == int(images.size());
            const auto cells = prepared(isQuery ? query : images[std::size_t(image)]);
            auto& result = leftOut[std::size_t(image)] = torch::empty({rows, columns});
            for (std::int64_t y = 0; y < rows; ++y) {
                for (std::int64_t x = 0; x < columns; ++x)
                    result[y][x] = nearestOf(cells[y][x], y, x, isQuery ? -1 : image);
            }
        }
        const auto queried = leftOut.back();
        leftOut.pop_back();
        const auto good = torch::stack(leftOut);
        QVERIFY(std::abs(of("usual")[0].item<double>() - good.mean().item<double>()) < 1e-2);
        const auto standard = (queried - good.mean()) / good.std(false);
        const auto fitted = torch::upsample_bilinear2d(standard.unsqueeze(0).unsqueeze(0), {kHeight, kWidth}, false);
        expected += weights[std::size_t(scale)] / 3.1 * (rows == kHeight ? standard : fitted[0][0]);
    }
    const auto difference = (nearest.distances(query) - expected).abs().max().item<double>();
    QVERIFY2(difference < 0.05, qPrintable(QString::number(difference))); // keys are rounded to 8 bits
}

void TestNearestGood::onlyNeighboursAreLookedAt()
{
    const auto images = randomImages(3);
    const NearestGood nearest(images, {});
    FeatureLevels turned;
    for (std::size_t level = 0; level < turned.size(); ++level)
        turned[level] = images[0][level].flip({3});
    // The same cells on the other side are strange there.
    QVERIFY(nearest.distances(turned).mean().item<float>() > nearest.distances(images[0]).mean().item<float>() + 1.0F);
}

void TestNearestGood::noNumberIsNear_data()
{
    QTest::addColumn<int>("level");
    QTest::addColumn<float>("value");
    for (int level = 0; level < 3; ++level) {
        QTest::addRow("NaN, level %d", level) << level << std::numeric_limits<float>::quiet_NaN();
        QTest::addRow("infinity, level %d", level) << level << std::numeric_limits<float>::infinity();
    }
}

void TestNearestGood::noNumberIsNear()
{
    QFETCH(int, level);
    QFETCH(float, value);
    const auto images = randomImages(3);
    const NearestGood nearest(images, {});
    FeatureLevels broken = images[0];
    auto& features = broken[std::size_t(level)];
    features = features.clone();
    features[0][1][features.size(2) / 2][features.size(3) / 2] = value;
    const auto distances = nearest.distances(broken);
    QVERIFY(distances.isnan().any().item<bool>());
    QVERIFY(!distances.isnan().all().item<bool>()); // there, and not everywhere
}

void TestNearestGood::keysAreThinnedOut()
{
    NearestGood::Options options;
    options.mostKeys = 4 * kHeight * kWidth;
    const NearestGood few(randomImages(10), options);
    QCOMPARE(few.size(), options.mostKeys);
    const NearestGood again(randomImages(10), options);
    QVERIFY(torch::equal(few.state().at("1.keys"), again.state().at("1.keys")));
}

/// One image of a rare kind among many: what is kept of them holds both kinds at each place.
void TestNearestGood::rareKindsAreKept()
{
    torch::manual_seed(5);
    const auto common = randomLevels();
    const auto rare = randomLevels();
    std::vector<FeatureLevels> images;
    for (int i = 0; i < 40; ++i) {
        const auto noise = randomLevels();
        FeatureLevels image;
        for (std::size_t level = 0; level < image.size(); ++level)
            image[level] = (i == 17 ? rare : common)[level] + 0.1 * noise[level];
        images.push_back(image);
    }
    NearestGood::Options options;
    options.mostKeys = 2 * kHeight * kWidth;
    const NearestGood few(images, options);
    QCOMPARE(few.size(), options.mostKeys);
    const double asRare = few.distances(images[17]).max().item<double>();
    const double asCommon = few.distances(images[3]).max().item<double>();
    const double asNeither = few.distances(randomLevels()).min().item<double>();
    QVERIFY2(asRare < asNeither, qPrintable(QString::number(asRare)));
    QVERIFY2(asCommon < asNeither, qPrintable(QString::number(asCommon)));
}

/// All searches that this processor can run find what the plain way finds.
void TestNearestGood::searchesAgree()
{
    constexpr std::int64_t kTiles = 3;
    for (const std::int64_t pairs : {1, 12, 13, 128}) {
        Random random(std::uint64_t(7 + pairs));
        std::vector<std::int8_t> keys(std::size_t(kTiles * pairs * kKeyTile * 2));
        for (std::int8_t& key : keys)
            key = std::int8_t(random.integer(-128, 127));
        std::vector<std::int32_t> norms(std::size_t(kTiles * kKeyTile));
        for (std::int32_t& norm : norms)
            norm = random.integer(0, 3) == 0 ? kNoKey : std::int32_t(random.integer(0, 16129 * 2 * pairs));
        std::array<std::vector<std::int16_t>, kKeyQueries> values;
        std::array<const std::int16_t*, kKeyQueries> queries{};
        for (std::size_t i = 0; i < kKeyQueries; ++i) {
            for (std::int64_t channel = 0; channel < 2 * pairs; ++channel)
                values[i].push_back(std::int16_t(random.integer(-16376, 16376)));
            queries[i] = values[i].data();
        }
        std::array<FoundKey, kKeyQueries> best;
        for (std::size_t i = 0; i < kKeyQueries; ++i) {
            std::int64_t most = std::numeric_limits<std::int64_t>::min();
            for (std::int64_t key = 0; key < kTiles * kKeyTile; ++key) {
                std::int64_t value = -norms[std::size_t(key)];
                for (std::int64_t channel = 0; channel < 2 * pairs; ++channel) {
                    const std::int64_t at = ((key / kKeyTile * pairs + channel / 2) * kKeyTile + key % kKeyTile) * 2;
                    value += std::int64_t(values[i][std::size_t(channel)]) * keys[std::size_t(at + channel % 2)];
                }
                if (value > most) {
                    most = value;
                    best[i] = {std::int32_t(value), std::int32_t(key)};
                }
            }
        }
        const auto searches = keySearches();
        QVERIFY(!searches.empty());
        for (const KeySearch search : searches) {
            std::array<FoundKey, kKeyQueries> found;
            search(queries, {keys.data(), norms.data(), kTiles, pairs}, found);
            for (std::size_t i = 0; i < kKeyQueries; ++i) {
                QCOMPARE(found[i].value, best[i].value);
                QCOMPARE(found[i].key, best[i].key);
            }
        }
    }
}

void TestNearestGood::oddImagesStandOut()
{
    torch::manual_seed(4);
    const auto common = randomLevels();
    std::vector<FeatureLevels> images;
    for (int i = 0; i < 12; ++i) {
        const auto noise = randomLevels();
        FeatureLevels image;
        for (std::size_t level = 0; level < image.size(); ++level)
            image[level] = common[level] + 0.3 * noise[level];
        images.push_back(image);
    }
    // A small defect in one of them.
    images[7][1].slice(2, 3, 5).slice(3, 6, 8) += 4.0;
    const auto oddness = NearestGood(images, {}).oddness();
    QCOMPARE(std::max_element(oddness.begin(), oddness.end()) - oddness.begin(), 7);
}

void TestNearestGood::leftOutImagesLookNew()
{
    const auto images = randomImages(5);
    const NearestGood all(images, {});
    // As its own key it has no distance to anything; left out it is as far as an image nobody knows.
    const double own = all.distances(images[2]).mean().item<double>();
    const double leftOut = all.distances(images[2], 2).mean().item<double>();
    const double unknown = all.distances(randomLevels()).mean().item<double>();
    QVERIFY2(own < leftOut - 2.0, qPrintable(QString::number(leftOut - own)));
    QVERIFY2(std::abs(leftOut - unknown) < 0.5, qPrintable(QString::number(leftOut - unknown)));
    QVERIFY(std::abs(NearestGood::oddnessOf(all.distances(images[2], 2)) - all.oddness()[2]) < 1e-4);
    QVERIFY_THROWS_EXCEPTION(std::exception, NearestGood::fromState(all.state(), u"test"_s).distances(images[2], 2));
}

void TestNearestGood::stateComesBack()
{
    const NearestGood nearest(randomImages(3), {});
    const NearestGood read = NearestGood::fromState(nearest.state(), u"test"_s);
    const auto image = randomLevels();
    QVERIFY(torch::equal(nearest.distances(image), read.distances(image)));
}

/// Keys were numbers in half precision.
void TestNearestGood::statesFromBeforeAreRead()
{
    const NearestGood nearest(randomImages(3), {});
    StateDict before = nearest.state();
    for (const auto* scale : {"0.", "1.", "2.", "3."}) {
        auto& keys = before.at(std::string(scale) + "keys");
        auto& usual = before.at(std::string(scale) + "usual");
        keys = (keys.to(torch::kFloat) * usual[2]).to(torch::kHalf).to(torch::kFloat);
        usual = usual.slice(0, 0, 2);
    }
    const auto image = randomLevels();
    const auto difference = nearest.distances(image) - NearestGood::fromState(before, u"test"_s).distances(image);
    QVERIFY(difference.abs().max().item<double>() < 0.02);
}

void TestNearestGood::brokenStateIsRefused_data()
{
    QTest::addColumn<QString>("entry");
    for (const auto* entry : {"0.keys", "1.spacing", "2.mean", "3.scale", "3.usual"})
        QTest::newRow(entry) << QString::fromLatin1(entry);
}

void TestNearestGood::brokenStateIsRefused()
{
    QFETCH(QString, entry);
    const StateDict whole = NearestGood(randomImages(2), {}).state();
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

void TestNearestGood::noNumberPassesTheFusion()
{
    Fusion fusion;
    fusion.weight = 0.25;
    const cv::Mat zero = cv::Mat::zeros(8, 8, CV_32F);
    cv::Mat broken = zero.clone();
    broken.at<float>(3, 5) = std::numeric_limits<float>::quiet_NaN();
    for (const BranchMaps& maps : {BranchMaps{broken, zero}, BranchMaps{zero, broken}}) {
        const cv::Mat map = fusion.map(maps);
        QVERIFY(std::isnan(map.at<float>(3, 5)));
        QVERIFY(!std::isnan(map.at<float>(5, 3)));
        QCOMPARE(judge(imageScore(map), Thresholds()), Verdict::Ng);
    }
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

void TestNearestGood::absurdFusionIsRefused_data()
{
    QTest::addColumn<QString>("key");
    QTest::addColumn<double>("value");
    QTest::newRow("weight above 1") << u"weight"_s << 1.5;
    QTest::newRow("negative weight") << u"weight"_s << -0.25;
    for (const QString& key : {u"spread"_s, u"logit_deviation"_s, u"distance_deviation"_s}) {
        for (const double value : {1e308, 1e5, 0.0, -1.0})
            QTest::addRow("%s %g", qPrintable(key), value) << key << value;
    }
    for (const QString& key : {u"centre"_s, u"logit_mean"_s, u"distance_mean"_s})
        QTest::addRow("%s", qPrintable(key)) << key << 1e9;
}

void TestNearestGood::absurdFusionIsRefused()
{
    QFETCH(QString, key);
    QFETCH(double, value);
    QJsonObject json = Fusion().toJson();
    Fusion::fromJson(json);
    json[key] = value;
    try {
        Fusion::fromJson(json);
        QFAIL("was taken");
    } catch (const Error& error) {
        QVERIFY2(error.message().contains(key), qPrintable(error.message()));
    }
}

QTEST_GUILESS_MAIN(TestNearestGood)
#include "tst_nearest_good.moc"
