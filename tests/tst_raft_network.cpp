// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/nn/openvino_network.h"
#include "core/nn/state_dict.h"
#include "core/nn/torch.h"
#include "core/raft/correlation.h"
#include "core/raft/network.h"
#include "core/raft/official_weights.h"
#include "tests/support/fixture.h"
#include "tests/support/needs_engine.h"
#include "tests/support/oracle.h"
#include "tests/support/test_images.h"

#include <QtCore/QFile>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtTest/QTest>

#include <limits>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

using torch::Tensor;

constexpr std::int64_t kAlwaysVolume = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kNeverVolume = 0;

/// The weights of Annex B.3.
Raft filled(const QString& variant)
{
    Raft net(variant);
    formulaFill(*net);
    const torch::NoGradGuard noGrad;
    for (auto& [key, value] : stateDict(*net)) {
        if (key.rfind("update_block.flow_head.conv2.", 0) == 0)
            value.mul_(0.1);
    }
    for (auto& parameter : net->parameters())
        parameter.set_requires_grad(false);
    net->eval();
    return net;
}

Tensor image(const std::string& key, std::vector<std::int64_t> shape = {1, 3, 128, 160})
{
    return formulaInput(key, shape);
}

/// The first iteration's parts.
struct Beginning
{
    Tensor features;     ///< of both images
    Tensor context;      ///< what the context encoder gives
    Tensor correlations; ///< at the pixels themselves
    Tensor hidden;       ///< after one update
    Tensor change;
};

Beginning beginning(Raft& net, const Tensor& image1, const Tensor& image2)
{
    Beginning all;
    all.features = net->feature_encoder(torch::cat({image1, image2}));
    all.context = net->context_encoder(image1);
    const auto features = all.features.chunk(2);
    const auto grid =
        pixelGrid(features[0].size(2), features[0].size(3), torch::kFloat).expand({image1.size(0), -1, -1, -1});
    all.correlations = Correlation(features[0], features[1], net->radius()).lookup(grid);
    const std::int64_t hidden = net->update_block->grus.front()->convz->weight.size(0);
    const auto gates = net->update_block->gates(all.context.slice(1, hidden).relu());
    std::tie(all.hidden, all.change) =
        net->update_block(all.context.slice(1, 0, hidden).tanh(), gates, all.correlations, torch::zeros_like(grid));
    return all;
}

void addVariants()
{
    QTest::addColumn<QString>("variant");
    QTest::newRow("large") << u"raft-large"_s;
    QTest::newRow("small") << u"raft-small"_s;
}

/// The list of `variant` in the oracles' folder; empty when there is none.
QJsonObject keyList(const QString& variant, const QString& source)
{
    const QString name = QString(variant).replace(u'-', u'_') + u'_' + source + u".keys.json"_s;
    QFile file(QDir(oracle::folder()).filePath(name));
    return file.open(QIODevice::ReadOnly) ? QJsonDocument::fromJson(file.readAll()).object() : QJsonObject();
}

std::vector<std::int64_t> shapeOf(const QJsonValue& entry)
{
    std::vector<std::int64_t> shape;
    for (const QJsonValue& side : entry[u"shape"_s].toArray())
        shape.push_back(side.toInteger());
    return shape;
}

TensorFunction functionOf(Raft& net, int iterations)
{
    return [&net, iterations](const NamedTensors& inputs) -> NamedTensors {
        const auto output =
            net->forward(tensorOf(inputs, "image1"), tensorOf(inputs, "image2"), iterations, RaftFlows::Last);
        return {{"flow", output.flows.back()}};
    };
}

/// A smooth picture, and the same moved by a few pixels.
NamedTensors movedImages(std::int64_t seed)
{
    torch::manual_seed(std::uint64_t(seed));
    const auto scene = torch::upsample_bicubic2d(torch::rand({1, 3, 20, 24}) * 2 - 1, {160, 192}, true).clamp(-1, 1);
    const auto cut = [&](std::int64_t y, std::int64_t x) {
        return scene.narrow(2, y, 128).narrow(3, x, 160).contiguous();
    };
    return {{"image1", cut(16, 16)}, {"image2", cut(13 + seed % 7, 20 - seed % 9)}};
}

double relativeError(const Tensor& got, const Tensor& wanted)
{
    return ((got - wanted).square().mean() / wanted.square().mean()).sqrt().item<double>();
}

} // namespace

#define COMPARE(text)                                                                                                  \
    do {                                                                                                               \
        const QByteArray misfit = text;                                                                                \
        QVERIFY2(misfit.isEmpty(), misfit.constData());                                                                \
    } while (false)

class TestRaftNetwork : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void countsParameters();
    void keysAreTorchvisions_data() { addVariants(); }
    void keysAreTorchvisions();
    void officialKeysBecomeTorchvisions_data() { addVariants(); }
    void officialKeysBecomeTorchvisions();
    void officialWeightsLoad();
    void foreignKeysAreNamed();
    void matchesFormulaFixtures_data() { addVariants(); }
    void matchesFormulaFixtures();
    void smallMatchesOracle_data() { oracle::addRows(u"raft_small"_s); }
    void smallMatchesOracle();
    void largeMatchesOracle_data() { oracle::addRows(u"gen_raft_large"_s); }
    void largeMatchesOracle();
    void correlationMatchesOracle_data() { oracle::addRows(u"raft_corr"_s); }
    void correlationMatchesOracle();
    void upsamplingMatchesOracle_data() { oracle::addRows(u"raft_upsample"_s); }
    void upsamplingMatchesOracle();
    void lookupReadsTheVolume();
    void likePixelsCorrelateMost();
    void onDemandIsTheVolume();
    void largeVolumesAreAvoided();
    void onDemandLearns();
    void convexCombinationsKeepFlows();
    void hiddenStateStaysBounded();
    void gradientsReachAllParts();
    void iterationsLearnAlone();
    void lastFlowIsEverysLast();
    void flowsStartWhereTheyAreTold();
    void batchesAreIndependent();
    void foldingKeepsTheOutput();
    void wrongInputsAreNamed();
    void fp32IsLibTorchs_data();
    void fp32IsLibTorchs();
    void onDemandCompiles();
    void int8IsClose();
};

void TestRaftNetwork::countsParameters()
{
    const Raft large(u"raft-large"_s);
    QCOMPARE(countParameters(*large), 5'257'536);
    QCOMPARE(countParameters(*large->feature_encoder), 1'066'848);
    QCOMPARE(countParameters(*large->context_encoder), 1'069'728);
    QCOMPARE(countParameters(*large->update_block->motion_encoder), 902'654);
    QCOMPARE(countParameters(*large->update_block->grus[0]) + countParameters(*large->update_block->grus[1]),
             1'475'328);
    QCOMPARE(countParameters(*large->update_block->flow_head), 299'778);
    QCOMPARE(countParameters(*large->mask_predictor), 443'200);
    const Raft small(u"raft-small"_s);
    QCOMPARE(countParameters(*small), 990'162);
    QCOMPARE(countParameters(*small->feature_encoder), 55'264);
    QCOMPARE(countParameters(*small->context_encoder), 58'368);
    QCOMPARE(countParameters(*small->update_block->motion_encoder), 135'952);
    QCOMPARE(countParameters(*small->update_block->grus[0]), 627'552);
    QCOMPARE(countParameters(*small->update_block->flow_head), 113'026);
    QVERIFY(small->mask_predictor.is_empty());
}

void TestRaftNetwork::keysAreTorchvisions()
{
    QFETCH(QString, variant);
    StateDict state = stateDict(*Raft(variant));
    QCOMPARE(state.size(), variant == u"raft-large"_s ? 169U : 106U);
    for (const char* key : {"feature_encoder.convnormrelu.0.weight", "feature_encoder.layer2.0.convnormrelu1.0.weight",
                            "feature_encoder.layer2.0.downsample.0.bias", "context_encoder.conv.weight",
                            "update_block.motion_encoder.convcorr1.0.weight",
                            "update_block.recurrent_block.convgru1.convz.weight", "update_block.flow_head.conv2.bias"})
        QVERIFY2(state.count(key), key);

    const QJsonObject json = keyList(variant, u"torchvision"_s);
    if (json.isEmpty())
        QSKIP("no list of torchvision's keys");
    for (const QJsonValue& entry : json[u"state_dict"_s].toArray()) {
        const std::string key = entry[u"key"_s].toString().toStdString();
        QVERIFY2(state.count(key), key.c_str());
        QVERIFY2(state[key].sizes() == torch::IntArrayRef(shapeOf(entry)), key.c_str());
        state.erase(key);
    }
    QVERIFY(state.empty());
}

void TestRaftNetwork::officialKeysBecomeTorchvisions()
{
    QFETCH(QString, variant);
    const QJsonObject json = keyList(variant, u"princeton"_s);
    if (json.isEmpty())
        QSKIP("no list of the authors' keys");
    // A value for each key, so that the mapping shows in the result.
    StateDict official;
    for (const QJsonValue& entry : json[u"state_dict"_s].toArray()) {
        const std::string key = entry[u"key"_s].toString().toStdString();
        official["module." + key] = torch::full(shapeOf(entry), double(official.size()));
    }
    const StateDict mapped = fromOfficialKeys(official, u"given"_s);
    const QJsonObject wanted = json[u"to_torchvision"_s].toObject();
    QCOMPARE(std::size_t(wanted.size()), official.size());
    std::size_t named = 0;
    for (auto it = wanted.begin(); it != wanted.end(); ++it) {
        if (it.value().isNull())
            continue;
        const std::string key = it.value().toString().toStdString();
        QVERIFY2(mapped.count(key), key.c_str());
        QVERIFY2(torch::equal(mapped.at(key), official.at("module." + it.key().toStdString())), key.c_str());
        ++named;
    }
    QCOMPARE(mapped.size(), named);
    QCOMPARE(mapped.size(), stateDict(*Raft(variant)).size());
}

void TestRaftNetwork::officialWeightsLoad()
{
    // Without the lists: some keys of each rule.
    const StateDict official{
        {"fnet.conv1.weight", torch::ones({1})},
        {"module.cnet.norm1.bias", torch::ones({1})},
        {"cnet.conv2.bias", torch::ones({1})},
        {"fnet.layer3.1.conv2.weight", torch::ones({1})},
        {"cnet.layer1.0.norm2.running_var", torch::ones({1})},
        {"cnet.layer2.0.norm3.weight", torch::ones({1})},
        {"cnet.layer2.0.downsample.1.weight", torch::ones({1})},
        {"update_block.encoder.convc2.weight", torch::ones({1})},
        {"update_block.encoder.convf1.bias", torch::ones({1})},
        {"update_block.encoder.conv.bias", torch::ones({1})},
        {"update_block.gru.convq2.bias", torch::ones({1})},
        {"update_block.gru.convz.bias", torch::ones({1})},
        {"update_block.flow_head.conv1.weight", torch::ones({1})},
        {"update_block.mask.0.weight", torch::ones({1})},
        {"update_block.mask.2.bias", torch::ones({1})},
    };
    std::vector<std::string> keys;
    for (const auto& [key, value] : fromOfficialKeys(official, u"given"_s))
        keys.push_back(key);
    const std::vector<std::string> wanted{
        "context_encoder.conv.bias",
        "context_encoder.convnormrelu.1.bias",
        "context_encoder.layer1.0.convnormrelu2.1.running_var",
        "context_encoder.layer2.0.downsample.1.weight",
        "feature_encoder.convnormrelu.0.weight",
        "feature_encoder.layer3.1.convnormrelu2.0.weight",
        "mask_predictor.conv.bias",
        "mask_predictor.convrelu.0.weight",
        "update_block.flow_head.conv1.weight",
        "update_block.motion_encoder.conv.0.bias",
        "update_block.motion_encoder.convcorr2.0.weight",
        "update_block.motion_encoder.convflow1.0.bias",
        "update_block.recurrent_block.convgru1.convz.bias",
        "update_block.recurrent_block.convgru2.convq.bias",
    };
    QCOMPARE(keys, wanted);
}

void TestRaftNetwork::foreignKeysAreNamed()
{
    for (const char* key : {"feature_encoder.conv.weight", "fnet.conv3.weight", "update_block.gru.convx1.bias",
                            "module.module.fnet.conv1.bias", "cnet.layer1.0.norm5.bias", "update_block.mask.1.bias"}) {
        const QString message = test::errorTextOf([&] {
            fromOfficialKeys({{"fnet.conv1.weight", torch::ones({1})}, {key, torch::ones({1})}}, u"größe.pth"_s);
        });
        QVERIFY2(message.contains(u"größe.pth"_s) && message.contains(QString::fromLatin1(key)) &&
                     message.contains(u"princeton"_s),
                 qPrintable(message));
        QVERIFY2(!message.contains(u"fnet.conv1.weight"_s), qPrintable(message));
    }
}

void TestRaftNetwork::matchesFormulaFixtures()
{
    QFETCH(QString, variant);
    Raft net = filled(variant);
    const torch::InferenceMode guard;
    const Beginning parts = beginning(net, image("image1"), image("image2"));
    const auto flows = net->forward(image("image1"), image("image2"), 3).flows;
    QCOMPARE(flows.size(), 3U);
    const auto first = parts.features.narrow(0, 0, 1);
    if (variant == u"raft-small"_s) {
        COMPARE(compareFixture(first, {{1, 128, 16, 20}, 0.307665, 1.64448, 2.23879, -0.857693, -0.193119}));
        COMPARE(compareFixture(parts.context, {{1, 160, 16, 20}, 0.666138, 4.81832, -4.63632, 7.43983, 7.34984}));
        COMPARE(compareFixture(parts.correlations, {{1, 196, 16, 20}, 12.8315, 12.8315, 0, 0, 0}));
        COMPARE(compareFixture(flows[0], {{1, 2, 128, 160}, -0.260016, 0.51091, 0.443374, 1.0304, -1.40089}));
        COMPARE(compareFixture(flows[2], {{1, 2, 128, 160}, -0.820581, 1.60779, 1.29686, 3.02202, -3.97899}));
    } else {
        COMPARE(compareFixture(first, {{1, 256, 16, 20}, 0.235017, 1.65295, 0.235948, 2.48344, -0.9422}));
        COMPARE(compareFixture(parts.context, {{1, 256, 16, 20}, 0.622295, 9.53752, -3.04473, -7.93153, 1.49776}));
        COMPARE(compareFixture(parts.correlations, {{1, 324, 16, 20}, 15.1935, 15.1935, 0, 0, 0}));
        COMPARE(compareFixture(flows[0], {{1, 2, 128, 160}, -0.667547, 0.804923, 0.0126428, -0.982166, -0.188517}));
        COMPARE(compareFixture(flows[2], {{1, 2, 128, 160}, -1.99026, 2.38327, -0.0219498, -2.88486, -0.670259}));
    }
}

void TestRaftNetwork::smallMatchesOracle()
{
    QFETCH(QString, path);
    const SafetensorsFile file(path);
    Raft net(u"raft-small"_s);
    loadState(*net, readStateDict(file, "weights."), path);
    net->eval();
    const torch::InferenceMode guard;
    const Tensor image1 = readTensor(file, "input.image1");
    const Tensor image2 = readTensor(file, "input.image2");
    const Beginning parts = beginning(net, image1, image2);
    COMPARE(oracle::difference(file, "output.fmaps", parts.features));
    COMPARE(oracle::difference(file, "output.corr0", parts.correlations));
    COMPARE(oracle::difference(file, "output.hidden0", parts.hidden));
    COMPARE(oracle::difference(file, "output.delta0", parts.change));
    const auto flows = net->forward(image1, image2, 3).flows;
    for (std::size_t i = 0; i < flows.size(); ++i)
        COMPARE(oracle::difference(file, "output.flow" + std::to_string(i), flows[i]));
}

void TestRaftNetwork::largeMatchesOracle()
{
    QFETCH(QString, path);
    const SafetensorsFile file(path);
    Raft net(u"raft-large"_s);
    oracle::Recipe::of(file).fill(*net);
    COMPARE(oracle::checkGenerated(file, *net));
    net->eval();
    const torch::InferenceMode guard;
    const auto flows = net->forward(readTensor(file, "input.image1"), readTensor(file, "input.image2"), 3).flows;
    for (std::size_t i = 0; i < flows.size(); ++i)
        COMPARE(oracle::difference(file, "output.flow" + std::to_string(i), flows[i]));
}

void TestRaftNetwork::correlationMatchesOracle()
{
    QFETCH(QString, path);
    const SafetensorsFile file(path);
    const Tensor features1 = readTensor(file, "input.fmap1");
    const Tensor features2 = readTensor(file, "input.fmap2");
    const Tensor coordinates = readTensor(file, "input.coords");
    for (const int radius : {3, 4}) {
        for (const std::int64_t limit : {kAlwaysVolume, kNeverVolume}) {
            const Correlation correlation(features1, features2, radius, limit);
            COMPARE(
                oracle::difference(file, "output.corr_r" + std::to_string(radius), correlation.lookup(coordinates)));
        }
    }
    const Correlation correlation(features1, features2, 4);
    for (int level = 1; level < Correlation::kLevels; ++level)
        COMPARE(oracle::difference(file, "output.pyramid" + std::to_string(level), correlation.volume(level)));
}

void TestRaftNetwork::upsamplingMatchesOracle()
{
    QFETCH(QString, path);
    const SafetensorsFile file(path);
    const Tensor flow = readTensor(file, "input.flow");
    const Tensor mask = readTensor(file, "input.mask");
    COMPARE(oracle::difference(file, "output.flow_up", upsampleFlow(flow, mask)));
    COMPARE(oracle::difference(file, "output.flow_up",
                               upsampleFlow(flow, mask.contiguous(torch::MemoryFormat::ChannelsLast))));
    COMPARE(oracle::difference(file, "output.upflow8", upsampleFlow(flow)));
    COMPARE(oracle::difference(file, "output.coords_grid", pixelGrid(5, 7, torch::kFloat).expand({2, 2, 5, 7})));
}

void TestRaftNetwork::lookupReadsTheVolume()
{
    const Tensor features1 = image("f1", {2, 8, 16, 20});
    const Tensor features2 = image("f2", {2, 8, 16, 20});
    const auto grid = pixelGrid(16, 20, torch::kFloat);
    for (const int radius : {3, 4}) {
        const Correlation correlation(features1, features2, radius);
        const auto found = correlation.lookup(grid.expand({2, 2, 16, 20}));
        const int side = 2 * radius + 1;
        QCOMPARE(found.size(1), Correlation::kLevels * side * side);
        QVERIFY(found.is_contiguous(torch::MemoryFormat::ChannelsLast));
        const auto volume = correlation.volume(0).view({2, 16, 20, 16, 20});
        const double size = volume.abs().max().item<double>();
        for (const auto& [y, x] : {std::pair{0, 0}, std::pair{7, 9}, std::pair{15, 3}, std::pair{2, 19}}) {
            for (int a = -radius; a <= radius; ++a) {
                for (int b = -radius; b <= radius; ++b) {
                    const bool inside = x + a >= 0 && x + a < 20 && y + b >= 0 && y + b < 16;
                    const double wanted = inside ? volume[1][y][x][y + b][x + a].item<double>() : 0.0;
                    const double got = found[1][(a + radius) * side + b + radius][y][x].item<double>();
                    QVERIFY2(std::abs(got - wanted) <= 1e-5 * size,
                             qPrintable(u"(%1, %2) + (%3, %4)"_s.arg(x).arg(y).arg(a).arg(b)));
                }
            }
        }
        // A window's width and more beyond the border there is nothing, on no level.
        const auto outside = correlation.lookup((grid + 150).expand({2, 2, 16, 20}));
        QCOMPARE(outside.abs().max().item<double>(), 0.0);
    }
}

void TestRaftNetwork::likePixelsCorrelateMost()
{
    const Tensor features1 = image("f1", {1, 32, 16, 16});
    const Tensor features2 = image("f2", {1, 32, 16, 16});
    const Correlation same(features1, features1, 4);
    const auto centre = same.lookup(pixelGrid(16, 16, torch::kFloat)).narrow(1, 40, 1);
    COMPARE(oracle::difference(centre, features1.square().sum(1, true) / std::sqrt(32.0), 1e-5));
    const Correlation there(features1, features2, 4);
    const Correlation back(features2, features1, 4);
    COMPARE(oracle::difference(back.volume(0).view({256, 256}), there.volume(0).view({256, 256}).t(), 1e-5));
}

void TestRaftNetwork::onDemandIsTheVolume()
{
    // Large enough to be sampled in several parts.
    const Tensor features1 = image("f1", {2, 256, 24, 72});
    const Tensor features2 = image("f2", {2, 256, 24, 72});
    const auto coordinates = pixelGrid(24, 72, torch::kFloat) + 40 * image("flow", {2, 2, 24, 72});
    const torch::InferenceMode guard;
    const Correlation volume(features1, features2, 4, kAlwaysVolume);
    const Correlation onDemand(features1, features2, 4, kNeverVolume);
    QVERIFY(volume.hasVolume());
    QVERIFY(!onDemand.hasVolume());
    COMPARE(oracle::difference(onDemand.lookup(coordinates), volume.lookup(coordinates), 1e-5));
    const auto channelsLast = [](const Tensor& x) { return x.contiguous(torch::MemoryFormat::ChannelsLast); };
    const Correlation others(channelsLast(features1), channelsLast(features2), 4, kAlwaysVolume);
    COMPARE(oracle::difference(others.lookup(channelsLast(coordinates)), volume.lookup(coordinates), 1e-5));
}

void TestRaftNetwork::largeVolumesAreAvoided()
{
    constexpr std::int64_t kMiB = 1 << 20;
    QCOMPARE(Correlation::volumeBytes(1, 440 / 8, 1024 / 8) / kMiB, 249);
    QCOMPARE(Correlation::volumeBytes(1, 512 / 8, 640 / 8) / kMiB, 132);
    QCOMPARE(Correlation::volumeBytes(2, 16, 16), 2 * Correlation::volumeBytes(1, 16, 16));
    QVERIFY(Correlation::volumeBytes(1, 1088 / 8, 1920 / 8) > Correlation::kVolumeLimit);
    const Tensor features = image("f", {1, 4, 16, 16});
    const std::int64_t bytes = Correlation::volumeBytes(1, 16, 16);
    QVERIFY(Correlation(features, features, 3, bytes).hasVolume());
    QVERIFY(!Correlation(features, features, 3, bytes - 1).hasVolume());
    QVERIFY(Correlation(features, features, 3).hasVolume());
    std::int64_t allocated = 0;
    for (int level = 0; level < Correlation::kLevels; ++level)
        allocated += std::int64_t(Correlation(features, features, 3).volume(level).nbytes());
    QCOMPARE(allocated, bytes);
}

void TestRaftNetwork::onDemandLearns()
{
    const auto coordinates = pixelGrid(16, 16, torch::kFloat) + 3 * image("flow", {1, 2, 16, 16});
    std::vector<Tensor> gradients;
    for (const std::int64_t limit : {kAlwaysVolume, kNeverVolume}) {
        Tensor features1 = image("f1", {1, 8, 16, 16}).requires_grad_();
        Tensor features2 = image("f2", {1, 8, 16, 16}).requires_grad_();
        Correlation(features1, features2, 3, limit).lookup(coordinates).square().sum().backward();
        gradients.push_back(torch::stack({features1.grad(), features2.grad()}));
    }
    QVERIFY(gradients[0].abs().min().item<double>() > 0.0);
    COMPARE(oracle::difference(gradients[1], gradients[0], 1e-5));
}

void TestRaftNetwork::convexCombinationsKeepFlows()
{
    const Tensor constant = torch::tensor({1.5F, -2.0F}).view({1, 2, 1, 1}).expand({1, 2, 6, 7});
    const Tensor even = upsampleFlow(constant, 3 * image("mask", {1, 576, 6, 7}));
    const auto inner = even.slice(2, 8, -8).slice(3, 8, -8);
    COMPARE(oracle::difference(inner, (8 * constant.narrow(2, 0, 1).narrow(3, 0, 1)).expand_as(inner), 1e-6));
    // Zeros beyond the border pull at the outer ring.
    QVERIFY(even.abs().max().item<double>() <= 16.0 + 1e-5);
    QVERIFY(even[0][0][0].max().item<double>() < 12.0);
    QVERIFY(even[0][1].select(1, 55).min().item<double>() > -16.0);

    // One neighbour alone: number 5 is the one on the right.
    const Tensor flow = image("flow", {1, 2, 6, 7});
    const Tensor mask = torch::zeros({1, 9, 64, 6, 7});
    mask.select(1, 5).fill_(1e4);
    const Tensor moved = upsampleFlow(flow, mask.view({1, 576, 6, 7}));
    const Tensor right = torch::constant_pad_nd(flow.slice(3, 1), {0, 1}); // zeros come in
    COMPARE(oracle::difference(moved, 8 * right.repeat_interleave(8, 2).repeat_interleave(8, 3), 1e-6));

    // Within a pixel, rows before columns.
    const Tensor corner = torch::zeros({1, 9, 8, 8, 6, 7});
    corner.select(1, 4).fill_(1e4);
    corner.select(1, 5).select(1, 2).select(1, 6).fill_(2e4);
    const Tensor cornered = upsampleFlow(flow, corner.view({1, 576, 6, 7}));
    QCOMPARE(cornered[0][1][8 * 3 + 2][8 * 4 + 6].item<float>(), 8 * flow[0][1][3][5].item<float>());
    QCOMPARE(cornered[0][1][8 * 3 + 6][8 * 4 + 2].item<float>(), 8 * flow[0][1][3][4].item<float>());
}

void TestRaftNetwork::hiddenStateStaysBounded()
{
    RaftGru gru(12, 8, 10, 1, 5);
    formulaFill(*gru);
    const torch::InferenceMode guard;
    const auto gates = gru->gates(20 * image("context", {2, 8, 6, 7}));
    Tensor hidden = (9 * image("hidden", {2, 12, 6, 7})).tanh();
    const auto motion = 20 * image("motion", {2, 10, 6, 7});
    for (int i = 0; i < 20; ++i)
        hidden = gru(hidden, motion, gates);
    QVERIFY(hidden.abs().max().item<double>() <= 1.0);
    QVERIFY(hidden.abs().mean().item<double>() > 0.1);
}

void TestRaftNetwork::gradientsReachAllParts()
{
    for (const QString& variant : {u"raft-large"_s, u"raft-small"_s}) {
        Raft net = filled(variant);
        for (auto& parameter : net->parameters())
            parameter.set_requires_grad(true);
        net->train();
        const auto flows = net->forward(image("image1", {1, 3, 128, 128}), image("image2", {1, 3, 128, 128}), 2).flows;
        (flows[0].abs().mean() + flows[1].abs().mean()).backward();
        for (const auto& item : net->named_parameters()) {
            QVERIFY2(item.value().grad().defined(), item.key().c_str());
            QVERIFY2(item.value().grad().isfinite().all().item<bool>(), item.key().c_str());
        }
        // Biases before an instance norm have no effect; weights do.
        QVERIFY(net->feature_encoder->convnormrelu->conv->weight.grad().abs().max().item<double>() > 0.0);
        QVERIFY(net->context_encoder->convnormrelu->conv->weight.grad().abs().max().item<double>() > 0.0);
        QVERIFY(net->update_block->grus[0]->convr->weight.grad().abs().max().item<double>() > 0.0);
    }
}

void TestRaftNetwork::iterationsLearnAlone()
{
    Raft net = filled(u"raft-small"_s);
    auto& bias = net->update_block->flow_head->ptr<torch::nn::Conv2dImpl>(2)->bias;
    bias.set_requires_grad(true);
    net->forward(image("image1"), image("image2"), 3).coarse.sum().backward();
    // The bias is added in each iteration, and what the ones before had counts as given.
    QVERIFY(torch::equal(bias.grad(), torch::full({2}, 16.0F * 20.0F)));
}

void TestRaftNetwork::lastFlowIsEverysLast()
{
    const torch::InferenceMode guard;
    for (const QString& variant : {u"raft-large"_s, u"raft-small"_s}) {
        Raft net = filled(variant);
        const auto every = net->forward(image("image1"), image("image2"), 2);
        const auto last = net->forward(image("image1"), image("image2"), 2, RaftFlows::Last);
        QCOMPARE(every.flows.size(), 2U);
        QCOMPARE(last.flows.size(), 1U);
        QVERIFY(torch::equal(last.flows[0], every.flows[1]));
        QVERIFY(torch::equal(last.coarse, every.coarse));
        QVERIFY(last.coarse.sizes() == torch::IntArrayRef({1, 2, 16, 20}));
    }
}

void TestRaftNetwork::flowsStartWhereTheyAreTold()
{
    const torch::InferenceMode guard;
    Raft net = filled(u"raft-small"_s);
    const auto run = [&](const Tensor& start) {
        return net->forward(image("image1"), image("image2"), 1, RaftFlows::Last, start);
    };
    const Tensor start = image("start", {1, 2, 16, 20});
    QVERIFY(torch::equal(run(torch::zeros_like(start)).coarse, run({}).coarse));
    // The start is looked up and is what the change adds to.
    const auto features = net->feature_encoder(torch::cat({image("image1"), image("image2")})).chunk(2);
    const auto correlations = Correlation(features[0], features[1], 3).lookup(pixelGrid(16, 20, torch::kFloat) + start);
    const auto context = net->context_encoder(image("image1")).split_with_sizes({96, 64}, 1);
    const auto change =
        net->update_block(context[0].tanh(), net->update_block->gates(context[1].relu()), correlations, start).second;
    COMPARE(oracle::difference(run(start).coarse, start + change, 1e-5));
}

void TestRaftNetwork::batchesAreIndependent()
{
    const torch::InferenceMode guard;
    for (const QString& variant : {u"raft-large"_s, u"raft-small"_s}) {
        Raft net = filled(variant);
        const Tensor first = image("image1", {2, 3, 128, 136});
        const Tensor second = image("image2", {2, 3, 128, 136});
        const auto both = net->forward(first, second, 2, RaftFlows::Last).flows[0];
        for (std::int64_t i = 0; i < 2; ++i) {
            const auto alone = net->forward(first.narrow(0, i, 1), second.narrow(0, i, 1), 2, RaftFlows::Last).flows[0];
            COMPARE(oracle::difference(both.narrow(0, i, 1), alone));
        }
    }
}

void TestRaftNetwork::foldingKeepsTheOutput()
{
    const torch::InferenceMode guard;
    Raft net = filled(u"raft-large"_s);
    const auto before = net->forward(image("image1"), image("image2"), 2).flows;
    net->foldBatchNorms();
    net->foldBatchNorms(); // nothing left to do
    const auto after = net->forward(image("image1"), image("image2"), 2).flows;
    for (std::size_t i = 0; i < before.size(); ++i)
        COMPARE(oracle::difference(after[i], before[i], 3e-5));
    for (const auto& module : net->modules())
        QVERIFY(!module->as<torch::nn::BatchNorm2dImpl>());
}

void TestRaftNetwork::wrongInputsAreNamed()
{
    const QString variant = test::errorTextOf([] { Raft net(u"raft-huge"_s); });
    QVERIFY2(variant.contains(u"raft-huge"_s) && variant.contains(u"raft-small"_s), qPrintable(variant));

    Raft net(u"raft-small"_s);
    net->eval();
    const torch::InferenceMode guard;
    const auto textOf = [&](std::vector<std::int64_t> one, std::vector<std::int64_t> other, int iterations = 1,
                            const Tensor& start = {}) {
        return test::errorTextOf(
            [&] { net->forward(torch::zeros(one), torch::zeros(other), iterations, RaftFlows::Last, start); });
    };
    // Height and width each on its own.
    for (const auto& [height, width] :
         {std::pair{130, 160}, std::pair{128, 161}, std::pair{120, 160}, std::pair{128, 64}}) {
        const QString text = textOf({1, 3, height, width}, {1, 3, height, width});
        QVERIFY2(text.contains(u"%1 x %2"_s.arg(width).arg(height)) && text.contains(u"128"_s) &&
                     text.contains(u"multiples of 8"_s) && text.contains(u"pad"_s),
                 qPrintable(text));
    }
    const QString sizes = textOf({1, 3, 128, 160}, {1, 3, 128, 168});
    QVERIFY2(sizes.contains(u"[1, 3, 128, 160]"_s) && sizes.contains(u"[1, 3, 128, 168]"_s), qPrintable(sizes));
    const QString batch = textOf({1, 3, 128, 128}, {2, 3, 128, 128});
    QVERIFY2(batch.contains(u"[2, 3, 128, 128]"_s), qPrintable(batch));
    const QString grey = textOf({1, 1, 128, 128}, {1, 1, 128, 128});
    QVERIFY2(grey.contains(u"[1, 1, 128, 128]"_s), qPrintable(grey));
    QVERIFY(textOf({3, 128, 128}, {3, 128, 128}).contains(u"[3, 128, 128]"_s));
    QVERIFY(textOf({1, 3, 128, 128}, {1, 3, 128, 128}, 0).contains(u"0 iterations"_s));
    const QString start = textOf({1, 3, 128, 128}, {1, 3, 128, 128}, 1, torch::zeros({1, 2, 128, 128}));
    QVERIFY2(start.contains(u"[1, 2, 128, 128]"_s), qPrintable(start));
}

void TestRaftNetwork::fp32IsLibTorchs_data()
{
    QTest::addColumn<QString>("variant");
    QTest::addColumn<int>("iterations");
    QTest::newRow("small, 2 iterations") << u"raft-small"_s << 2;
    QTest::newRow("small, 4 iterations") << u"raft-small"_s << 4;
    QTest::newRow("large, 1 iteration") << u"raft-large"_s << 1;
    QTest::newRow("large, 2 iterations") << u"raft-large"_s << 2;
}

void TestRaftNetwork::fp32IsLibTorchs()
{
    NEEDS(Engine::OpenVinoFp32);
    QFETCH(QString, variant);
    QFETCH(int, iterations);
    Raft net = filled(variant);
    const torch::NoGradGuard noGrad;
    const NamedTensors images = movedImages(1);
    CompileOptions options;
    options.channelsLast = iterations == 2;
    // Traced with other images: no flow may be fixed in the graph.
    OpenVinoNetwork compiled(functionOf(net, iterations), movedImages(2), options);
    const auto wanted = functionOf(net, iterations)(images);
    COMPARE(oracle::difference(tensorOf(compiled.run(images), "flow"), tensorOf(wanted, "flow")));
}

void TestRaftNetwork::onDemandCompiles()
{
    NEEDS(Engine::OpenVinoFp32);
    const torch::NoGradGuard noGrad;
    const auto lookup = [](const NamedTensors& inputs) -> NamedTensors {
        const Correlation correlation(tensorOf(inputs, "f1"), tensorOf(inputs, "f2"), 3, kNeverVolume);
        return {{"correlations", correlation.lookup(tensorOf(inputs, "coordinates"))}};
    };
    const auto inputsOf = [](const std::string& name) -> NamedTensors {
        return {{"f1", image(name + "1", {2, 16, 16, 24})},
                {"f2", image(name + "2", {2, 16, 16, 24})},
                {"coordinates", pixelGrid(16, 24, torch::kFloat) + 9 * image(name + "3", {2, 2, 16, 24})}};
    };
    OpenVinoNetwork compiled(lookup, inputsOf("other"));
    const auto wanted = lookup(inputsOf("f"));
    COMPARE(
        oracle::difference(tensorOf(compiled.run(inputsOf("f")), "correlations"), tensorOf(wanted, "correlations")));
}

void TestRaftNetwork::int8IsClose()
{
    NEEDS(Engine::OpenVinoInt8);
    Raft net = filled(u"raft-small"_s);
    const torch::NoGradGuard noGrad;
    CompileOptions options;
    options.engine = Engine::OpenVinoInt8;
    for (int i = 0; i < 4; ++i)
        options.int8.calibration.push_back(movedImages(10 + i));
    const auto wanted = tensorOf(functionOf(net, 2)(movedImages(1)), "flow");
    const auto errorOf = [&](OpenVinoNetwork& compiled) {
        return relativeError(tensorOf(compiled.run(movedImages(1)), "flow"), wanted);
    };
    OpenVinoNetwork all(functionOf(net, 2), movedImages(2), options);
    const double whole = errorOf(all);
    QVERIFY2(whole > 1e-4 && whole < 0.2, QByteArray::number(whole));

    // The encoders come first and have 22 convolutions each; most of the error is theirs.
    for (const std::string& name : all.int8Report().quantised) {
        if (std::stoi(name.substr(name.rfind('_') + 1)) >= 2 * 22)
            options.int8.keepFloat.push_back(name);
    }
    OpenVinoNetwork encoders(functionOf(net, 2), movedImages(2), options);
    QCOMPARE(encoders.int8Report().quantised.size(), std::size_t(2 * 22));
    const double part = errorOf(encoders);
    QVERIFY2(part > 1e-4 && part < 0.15, QByteArray::number(part));
}

QTEST_GUILESS_MAIN(TestRaftNetwork)
#include "tst_raft_network.moc"
