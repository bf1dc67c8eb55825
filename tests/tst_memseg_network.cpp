// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/memory_bank.h"
#include "core/memseg/network.h"
#include "core/nn/state_dict.h"
#include "core/nn/torch.h"
#include "tests/support/fixture.h"
#include "tests/support/oracle.h"

#include <QtCore/QFile>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtTest/QTest>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

template <class Holder>
Holder filled(Holder module, const std::string& prefix = {})
{
    formulaFill(*module, prefix);
    module->eval();
    return module;
}

std::array<torch::Tensor, 3> levelsOf(const std::array<torch::Tensor, 5>& features)
{
    return {features[1], features[2], features[3]};
}

MemoryBank bankOf(MemSegNetwork& net, const std::vector<torch::Tensor>& images)
{
    std::array<std::vector<torch::Tensor>, 3> samples;
    for (const auto& image : images) {
        const auto features = levelsOf(net->encode(image));
        for (std::size_t level = 0; level < 3; ++level)
            samples[level].push_back(features[level]);
    }
    return MemoryBank({torch::cat(samples[0]), torch::cat(samples[1]), torch::cat(samples[2])}, u"squared"_s,
                      u"mean"_s);
}

} // namespace

#define COMPARE_ORACLE(file, name, tensor)                                                                             \
    do {                                                                                                               \
        const QByteArray misfit = oracle::difference(file, name, tensor);                                              \
        QVERIFY2(misfit.isEmpty(), misfit.constData());                                                                \
    } while (false)

class TestMemSegNetwork : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void countsParameters();
    void keysAreTheReferences();
    void coordAttMatchesFixture();
    void decodersMatchFixtures();
    void wholeNetworkMatchesFixture();
    void memoryImageGivesNothing();
    void coordAttMatchesOracle_data() { oracle::addRows(u"memseg_coordatt"_s); }
    void coordAttMatchesOracle();
    void msffMatchesOracle_data() { oracle::addRows(u"memseg_msff"_s); }
    void msffMatchesOracle();
    void decoderMatchesOracle_data() { oracle::addRows(u"memseg_decoder"_s); }
    void decoderMatchesOracle();
    void wholeNetworkMatchesOracle_data() { oracle::addRows(u"gen_memseg_full"_s); }
    void wholeNetworkMatchesOracle();
    void foldingKeepsTheOutput_data();
    void foldingKeepsTheOutput();
    void frozenTensorsStay();
    void widthScalesChannels();

private:
    void compareMsffBlock(const SafetensorsFile& file);
};

void TestMemSegNetwork::countsParameters()
{
    const MemSegNetwork lite(false);
    const MemSegNetwork full(true);
    QCOMPARE(countParameters(*lite), 19'045'714);
    QCOMPARE(countParameters(*full), 21'037'186);
    QCOMPARE(countParameters(*lite->decoder), 2'043'890);
    QCOMPARE(countParameters(*full->decoder), 4'035'362);
    QCOMPARE(countParameters(*full->msff), 5'825'312);
    QCOMPARE(countParameters(*full->msff->blk1), 261'656);
    QCOMPARE(countParameters(*full->msff->blk1->attn), 3'352);
    QCOMPARE(countParameters(*full->msff->blk2), 1'039'384);
    QCOMPARE(countParameters(*full->msff->blk3), 4'155'440);
    QCOMPARE(countParameters(*full->msff->upconv32), 295'040);
    QCOMPARE(countParameters(*full->msff->upconv21), 73'792);
}

void TestMemSegNetwork::keysAreTheReferences()
{
    // Without the list: the keys that the methods document gives for both decoders.
    const StateDict full = stateDict(*MemSegNetwork(true));
    for (const char* key :
         {"msff.blk1.attn.bn1.running_var", "msff.blk3.conv2.1.weight", "msff.upconv32.1.weight",
          "msff.upconv21.1.bias", "decoder.conv.weight", "decoder.upconv3.blk.1.weight",
          "decoder.upconv2mask.blk.2.running_mean", "decoder.conv3.0.0.weight", "decoder.conv3.0.1.weight",
          "decoder.conv0.1.1.bias", "decoder.final_block.1.weight", "decoder.final_conv.weight"})
        QVERIFY2(full.count(key), key);

    QFile file(QDir(oracle::folder()).filePath(u"memseg_resnet18.keys.json"_s));
    if (!file.open(QIODevice::ReadOnly))
        QSKIP("no memseg_resnet18.keys.json");
    const QJsonObject json = QJsonDocument::fromJson(file.readAll()).object();
    StateDict lite = stateDict(*MemSegNetwork(false));
    const QJsonArray entries = json[u"state_dict"_s].toArray();
    QCOMPARE(entries.size(), 214);
    for (const QJsonValue& entry : entries) {
        const std::string key = entry[u"key"_s].toString().toStdString();
        std::vector<std::int64_t> shape;
        for (const QJsonValue& side : entry[u"shape"_s].toArray())
            shape.push_back(side.toInteger());
        QVERIFY2(lite.count(key), key.c_str());
        QVERIFY2(lite[key].sizes() == torch::IntArrayRef(shape), key.c_str());
        lite.erase(key);
    }
    QVERIFY(lite.empty());
}

void TestMemSegNetwork::coordAttMatchesFixture()
{
    const torch::InferenceMode guard;
    auto attention = filled(CoordAtt(128));
    COMPARE_FIXTURE(attention(formulaInput("x", {1, 128, 64, 64})),
                    {{1, 128, 64, 64}, -0.000170573, 0.124573, 0.224368, -0.125135, -0.133747});
}

void TestMemSegNetwork::decodersMatchFixtures()
{
    const torch::InferenceMode guard;
    const auto e = formulaInput("e", {1, 512, 8, 8});
    const auto f0 = formulaInput("f0", {1, 64, 128, 128});
    const std::array<torch::Tensor, 3> g{formulaInput("f1", {1, 64, 64, 64}), formulaInput("f2", {1, 128, 32, 32}),
                                         formulaInput("f3", {1, 256, 16, 16})};
    auto lite = filled(MemSegDecoder(false));
    COMPARE_FIXTURE(lite(e, f0, g), {{1, 2, 256, 256}, -0.377331, 0.49706, -0.635975, -0.384968, 0.212239});
    auto full = filled(MemSegDecoder(true));
    COMPARE_FIXTURE(full(e, f0, g), {{1, 2, 256, 256}, -0.55938, 0.582669, -0.0417592, -0.273116, 0.134114});
}

void TestMemSegNetwork::wholeNetworkMatchesFixture()
{
    const torch::InferenceMode guard;
    auto net = filled(MemSegNetwork(false));
    const std::vector<std::int64_t> shape{1, 3, 256, 256};
    const auto x = formulaInput("x", shape);
    const auto mem1 = formulaInput("mem1", shape);
    const MemoryBank bank = bankOf(net, {formulaInput("mem0", shape), mem1, formulaInput("mem2", shape)});
    QCOMPARE(bank.size(), 3);
    QVERIFY(bank.levels()[0].sizes() == torch::IntArrayRef({3, 64, 64, 64}));
    QVERIFY(bank.levels()[1].sizes() == torch::IntArrayRef({3, 128, 32, 32}));
    QVERIFY(bank.levels()[2].sizes() == torch::IntArrayRef({3, 256, 16, 16}));

    const auto features = net->encode(torch::cat({0.95 * mem1 + 0.05 * x, x}));
    const auto match = bank.match(levelsOf(features));
    const auto wanted = torch::tensor({{24.1801, 0.6369, 24.0561}, {24.5793, 24.3163, 24.5738}}, torch::kFloat32);
    QVERIFY2(torch::allclose(match.scores, wanted, 0.0, 2e-3), c10::str(match.scores).c_str());
    QVERIFY(torch::equal(match.index, torch::tensor({1, 1}, torch::kInt64)));

    std::array<torch::Tensor, 3> ci;
    for (std::size_t level = 0; level < 3; ++level)
        ci[level] = torch::cat({features[level + 1], match.difference[level]}, 1);
    COMPARE_FIXTURE(ci[0], {{2, 128, 64, 64}, 1.34847, 1.34847, 1.15403, 0.27958, 0.0352816});
    COMPARE_FIXTURE(ci[1], {{2, 256, 32, 32}, 3.32034, 3.32034, 4.64484, 5.91046, 0.184605});
    COMPARE_FIXTURE(ci[2], {{2, 512, 16, 16}, 7.98507, 7.98507, 0.997911, 0.0, 1.40879});
    const auto g = net->msff(ci);
    COMPARE_FIXTURE(g[0], {{2, 64, 64, 64}, 2056.15, 126687.0, -0.00135733, -2575.66, 1636.35});
    COMPARE_FIXTURE(g[1], {{2, 128, 32, 32}, 1060.53, 52549.0, -0.103689, 1459.06, -483.951});
    COMPARE_FIXTURE(g[2], {{2, 256, 16, 16}, 174.623, 8694.64, 2.37385, -724.18, 1618.57});
    const auto logits = net->decode(features, match.difference);
    COMPARE_FIXTURE(logits, {{2, 2, 256, 256}, -54148.8, 72289.9, -0.181446, -220.297, -2403.97});
    const auto top = std::get<0>(torch::softmax(logits, 1).select(1, 1).flatten(1).topk(100)).mean(1);
    QVERIFY(torch::allclose(top, torch::tensor({0.9940, 1.0000}, torch::kFloat32), 0.0, 1e-3));
}

void TestMemSegNetwork::memoryImageGivesNothing()
{
    const torch::InferenceMode guard;
    auto net = filled(MemSegNetwork(false));
    const std::vector<std::int64_t> shape{1, 3, 64, 96};
    const auto image = formulaInput("mem1", shape);
    const MemoryBank bank = bankOf(net, {formulaInput("mem0", shape), image, formulaInput("mem2", shape)});
    const auto features = net->encode(image);
    const auto match = bank.match(levelsOf(features));
    QCOMPARE(match.index[0].item<std::int64_t>(), 1);
    QCOMPARE(match.scores[0][1].item<float>(), 0.0F);
    std::array<torch::Tensor, 3> ci;
    for (std::size_t level = 0; level < 3; ++level) {
        QCOMPARE(match.difference[level].abs().max().item<float>(), 0.0F);
        ci[level] = torch::cat({features[level + 1], match.difference[level]}, 1);
    }
    for (const auto& m : spatialAttention(match.difference))
        QCOMPARE(m.abs().max().item<float>(), 0.0F);
    for (const auto& g : net->msff(ci))
        QCOMPARE(g.abs().max().item<float>(), 0.0F);
}

void TestMemSegNetwork::coordAttMatchesOracle()
{
    QFETCH(QString, path);
    const torch::InferenceMode guard;
    const SafetensorsFile file(path);
    int compared = 0;
    for (const std::string& name : file.names()) {
        if (name.rfind("input.", 0) != 0)
            continue;
        const std::string tag = name.substr(6, name.find('.', 6) - 6);
        const auto x = readTensor(file, name);
        CoordAtt attention{int(x.size(1))};
        loadState(*attention, readStateDict(file, "weights." + tag + "."), path);
        attention->eval();
        COMPARE_ORACLE(file, "output." + tag + ".y", attention(x));
        ++compared;
    }
    QVERIFY(compared > 0);
}

void TestMemSegNetwork::compareMsffBlock(const SafetensorsFile& file)
{
    const auto x = readTensor(file, "input.x");
    MsffBlock block{int(x.size(1))};
    loadState(*block, readStateDict(file, "weights."), file.path());
    block->eval();
    COMPARE_ORACLE(file, "output.conv1", block->conv1(x));
    COMPARE_ORACLE(file, "output.attn", block->attn(x));
    COMPARE_ORACLE(file, "output.y", block(x));
}

void TestMemSegNetwork::msffMatchesOracle()
{
    QFETCH(QString, path);
    const torch::InferenceMode guard;
    const SafetensorsFile file(path);
    if (file.contains("input.x")) { // memseg_msff_block: one level alone
        compareMsffBlock(file);
        return;
    }
    const std::array<torch::Tensor, 3> ci{readTensor(file, "input.f1"), readTensor(file, "input.f2"),
                                          readTensor(file, "input.f3")};
    const int width = int(ci[0].size(1) / 2);
    Msff msff(std::array<int, 3>{width, 2 * width, 4 * width});
    loadState(*msff, readStateDict(file, "weights."), path);
    msff->eval();
    const auto blk2 = msff->blk2(ci[1]);
    const auto blk3 = msff->blk3(ci[2]);
    COMPARE_ORACLE(file, "output.blk1", msff->blk1(ci[0]));
    COMPARE_ORACLE(file, "output.blk2", blk2);
    COMPARE_ORACLE(file, "output.blk3.attn", msff->blk3->attn(ci[2]));
    COMPARE_ORACLE(file, "output.blk3", blk3);
    const auto up32 = msff->upconv32->forward(blk3);
    COMPARE_ORACLE(file, "output.upconv32", up32);
    COMPARE_ORACLE(file, "output.upconv21", msff->upconv21->forward(blk2 + up32));
    const auto out = msff(ci);
    COMPARE_ORACLE(file, "output.out1", out[0]);
    COMPARE_ORACLE(file, "output.out2", out[1]);
    COMPARE_ORACLE(file, "output.out3", out[2]);
}

void TestMemSegNetwork::decoderMatchesOracle()
{
    QFETCH(QString, path);
    const torch::InferenceMode guard;
    const SafetensorsFile file(path);
    const auto f0 = readTensor(file, "input.f0");
    MemSegDecoder decoder{false, int(f0.size(1))};
    loadState(*decoder, readStateDict(file, "weights."), path);
    decoder->eval();
    const auto e = readTensor(file, "input.encoder_output");
    const std::array<torch::Tensor, 3> g{readTensor(file, "input.f1"), readTensor(file, "input.f2"),
                                         readTensor(file, "input.f3")};
    COMPARE_ORACLE(file, "output.upconv3", decoder->upconv3(e));
    COMPARE_ORACLE(file, "output.mask", decoder(e, f0, g));
}

void TestMemSegNetwork::wholeNetworkMatchesOracle()
{
    QFETCH(QString, path);
    const torch::InferenceMode guard;
    const SafetensorsFile file(path);
    MemSegNetwork net(false);
    oracle::Recipe::of(file).fill(*net);
    net->eval();
    const QByteArray fault = oracle::checkGenerated(file, *net);
    QVERIFY2(fault.isEmpty(), fault.constData());

    std::vector<torch::Tensor> images;
    for (int i = 0; file.contains("input.bank" + std::to_string(i)); ++i)
        images.push_back(readTensor(file, "input.bank" + std::to_string(i)));
    const auto features = net->encode(readTensor(file, "input.x"));
    const auto match = bankOf(net, images).match(levelsOf(features));
    COMPARE_ORACLE(file, "output.diff_bank", match.scores);
    COMPARE_ORACLE(file, "output.argmin", match.index);
    COMPARE_ORACLE(file, "output.layer2", features[2]);
    COMPARE_ORACLE(file, "output.layer4", features[4]);
    const auto logits = net->decode(features, match.difference);
    COMPARE_ORACLE(file, "output.logits", logits);
    COMPARE_ORACLE(file, "output.probability", torch::softmax(logits, 1).select(1, 1));
}

void TestMemSegNetwork::foldingKeepsTheOutput_data()
{
    QTest::addColumn<bool>("full");
    QTest::newRow("lite") << false;
    QTest::newRow("full") << true;
}

void TestMemSegNetwork::foldingKeepsTheOutput()
{
    QFETCH(bool, full);
    const torch::InferenceMode guard;
    auto net = filled(MemSegNetwork(full, 16));
    const auto x = formulaInput("x", {1, 3, 64, 64});
    const MemoryBank bank = bankOf(net, {formulaInput("mem0", {1, 3, 64, 64})});
    const auto output = [&] {
        const auto features = net->encode(x);
        return net->decode(features, bank.match(levelsOf(features)).difference);
    };
    const auto before = output();
    foldBatchNorms(*net);
    for (const auto& module : net->modules())
        QVERIFY(!module->as<torch::nn::BatchNorm2dImpl>());
    const QByteArray fault = oracle::difference(output(), before);
    QVERIFY2(fault.isEmpty(), fault.constData());
}

void TestMemSegNetwork::frozenTensorsStay()
{
    torch::manual_seed(1);
    MemSegNetwork net(true, 8);
    net->freezeEncoder();
    net->train();
    StateDict before;
    for (const auto& [key, value] : stateDict(*net))
        before.emplace(key, value.detach().clone());

    torch::optim::AdamW optimiser(net->parameters(), torch::optim::AdamWOptions(0.1));
    for (int step = 0; step < 3; ++step) {
        optimiser.zero_grad();
        const auto features = net->encode(torch::randn({2, 3, 32, 64}));
        std::array<torch::Tensor, 3> difference;
        for (std::size_t level = 0; level < 3; ++level)
            difference[level] = torch::rand_like(features[level + 1]);
        net->decode(features, difference).square().mean().backward();
        optimiser.step();
    }

    const QStringList frozen{u"feature_extractor.conv1."_s, u"feature_extractor.bn1."_s, u"feature_extractor.layer1."_s,
                             u"feature_extractor.layer2."_s, u"feature_extractor.layer3."_s};
    int stayed = 0;
    for (const auto& [key, value] : stateDict(*net)) {
        const QString name = QString::fromStdString(key);
        const bool same = torch::equal(value.detach(), before.at(key));
        const bool isFrozen =
            std::any_of(frozen.begin(), frozen.end(), [&](const QString& prefix) { return name.startsWith(prefix); });
        stayed += isFrozen;
        QVERIFY2(same == isFrozen, key.c_str());
    }
    QCOMPARE(stayed, 90);

    std::int64_t trainable = 0;
    MemSegNetwork lite(false);
    lite->freezeEncoder();
    for (const auto& parameter : lite->parameters())
        trainable += parameter.requires_grad() ? parameter.numel() : 0;
    QCOMPARE(trainable, 16'262'930);
}

void TestMemSegNetwork::widthScalesChannels()
{
    const torch::InferenceMode guard;
    MemSegNetwork net(true, 32);
    net->eval();
    const auto features = net->encode(torch::zeros({1, 3, 32, 96}));
    QVERIFY(features[0].sizes() == torch::IntArrayRef({1, 32, 16, 48}));
    QVERIFY(features[4].sizes() == torch::IntArrayRef({1, 256, 1, 3}));
    const auto logits = net->decode(features, levelsOf(features));
    QVERIFY(logits.sizes() == torch::IntArrayRef({1, 2, 32, 96}));
    QCOMPARE(net->decoder->conv->weight.size(0), 24);
}

QTEST_GUILESS_MAIN(TestMemSegNetwork)
#include "tst_memseg_network.moc"
