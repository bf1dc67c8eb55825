// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/openvino_network.h"
#include "core/nn/state_dict.h"
#include "core/nn/torch.h"
#include "core/u2net/network.h"
#include "tests/support/fixture.h"
#include "tests/support/needs_engine.h"
#include "tests/support/oracle.h"
#include "tests/support/test_images.h"

#include <QtCore/QFile>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtTest/QTest>

#include <array>
#include <map>
#include <string>
#include <vector>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

using torch::Tensor;

/// A network of the formula fill, for inference.
U2Net filled(const QString& variant, int outChannels = 1)
{
    U2Net net(variant, outChannels);
    formulaFill(*net);
    for (auto& parameter : net->parameters())
        parameter.set_requires_grad(false);
    net->eval();
    return net;
}

/// All that oracle files may ask for, under their names.
std::map<std::string, Tensor> outputsOf(U2Net& net, const Tensor& x)
{
    std::map<std::string, Tensor> outputs;
    Tensor y = x;
    for (std::size_t level = 0; level < net->stage.size(); ++level) {
        y = net->stage[level](level == 0 ? y : torch::max_pool2d(y, 2, 2, 0, 1, true));
        outputs["stage" + std::to_string(level + 1)] = y;
    }
    const auto levels = net->features(x);
    for (std::size_t level = 0; level < levels.size(); ++level) {
        const std::string number = std::to_string(level + 1);
        if (level < net->stage_d.size())
            outputs["stage" + number + 'd'] = levels[level];
        outputs["side" + number] = net->side[level](levels[level]);
    }
    const auto logits = net->forward(x);
    for (std::size_t i = 0; i < logits.size(); ++i) {
        outputs["logit_d" + std::to_string(i)] = logits[i];
        outputs["sigmoid_d" + std::to_string(i)] = torch::sigmoid(logits[i]);
    }
    return outputs;
}

/// Empty when the network gives all outputs of the file; its inputs are "input.x" or "input.<tag>.x".
QByteArray oracleFault(const SafetensorsFile& file, U2Net& net)
{
    const torch::InferenceMode guard;
    int compared = 0;
    for (const std::string& name : file.names()) {
        if (name.rfind("input.", 0) != 0)
            continue;
        const std::string tag = name.substr(6, name.size() - 7);
        const auto outputs = outputsOf(net, readTensor(file, name));
        for (const auto& [key, want] : readStateDict(file, "output." + tag)) {
            const auto own = outputs.find(key);
            if (own == outputs.end())
                return "the test has no " + QByteArray::fromStdString(key);
            const QByteArray fault = oracle::difference(own->second, want);
            if (!fault.isEmpty())
                return QByteArray::fromStdString(tag + key) + ": " + fault;
            ++compared;
        }
    }
    return compared > 0 ? QByteArray() : QByteArray("nothing to compare");
}

TensorFunction functionOf(U2Net& net)
{
    return [&net](const NamedTensors& inputs) {
        NamedTensors outputs;
        for (const Tensor& logits : net->forward(tensorOf(inputs, "image")))
            outputs.emplace_back("d" + std::to_string(outputs.size()), logits);
        return outputs;
    };
}

/// A smooth image as the network gets it.
NamedTensors image(int number, int height, int width)
{
    const Tensor coarse = 2.0 * formulaInput("image" + std::to_string(number), {1, 3, height / 8, width / 8});
    return {{"image",
             torch::upsample_bilinear2d(coarse, {height, width}, true).contiguous(torch::MemoryFormat::ChannelsLast)}};
}

} // namespace

class TestU2NetNetwork : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void countsParameters();
    void keysFollowTheReferencesOrderAndShapes_data();
    void keysFollowTheReferencesOrderAndShapes();
    void smallMatchesFixtures();
    void fullMatchesFixtures();
    void halfMatchesFixtures();
    void weightsMatchOracle_data() { oracle::addRows(u"u2netp"_s); }
    void weightsMatchOracle();
    void generatedMatchesOracle_data() { oracle::addRows(u"gen_u2net"_s); }
    void generatedMatchesOracle();
    void oddSizesAreRoundedUp();
    void classesMakeChannels();
    void dilatedBlocksKeepAnySize();
    void imagesOfABatchDoNotMix();
    void foldingKeepsTheOutput();
    void channelsLastStays();
    void initialisationDependsOnTheSeedAlone();
    void everyLayerLearns();
    void wrongArgumentsAreNamed();
    void smallImagesAreRefused();
    void fp32EngineIsLibTorchs_data();
    void fp32EngineIsLibTorchs();
    void int8EngineIsClose();
};

void TestU2NetNetwork::countsParameters()
{
    struct Row
    {
        QString variant;
        std::array<std::int64_t, 2> total; ///< K = 1 and 2
        std::array<std::int64_t, 6> stage;
        std::array<std::int64_t, 5> stage_d;
    };
    const Row rows[] = {
        {u"u2net"_s,
         {44'009'869, 44'023'718},
         {206'016, 305'856, 1'108'992, 3'986'688, 10'034'688, 10'034'688},
         {139'200, 323'904, 1'181'952, 4'280'064, 12'393'984}},
        {u"u2netp"_s,
         {1'131'181, 1'134'662},
         {67'200, 95'328, 88'320, 81'312, 81'312, 81'312},
         {139'200, 132'192, 125'184, 118'176, 118'176}},
        {u"u2net-half"_s,
         {11'017'165, 11'024'102},
         {52'320, 76'896, 278'016, 998'016, 2'510'592, 2'510'592},
         {35'040, 81'312, 296'064, 1'070'976, 3'100'416}},
    };
    for (const Row& row : rows) {
        for (int outChannels = 1; outChannels <= 2; ++outChannels) {
            const U2Net net(row.variant, outChannels);
            QCOMPARE(countParameters(*net), row.total[std::size_t(outChannels - 1)]);
            QCOMPARE(stateDict(*net).size(), std::size_t(798));
            for (std::size_t i = 0; i < row.stage.size(); ++i)
                QCOMPARE(countParameters(*net->stage[i]), row.stage[i]);
            for (std::size_t i = 0; i < row.stage_d.size(); ++i)
                QCOMPARE(countParameters(*net->stage_d[i]), row.stage_d[i]);
        }
    }
}

void TestU2NetNetwork::keysFollowTheReferencesOrderAndShapes_data()
{
    QTest::addColumn<QString>("variant");
    QTest::newRow("u2net") << u"u2net"_s;
    QTest::newRow("u2netp") << u"u2netp"_s;
}

void TestU2NetNetwork::keysFollowTheReferencesOrderAndShapes()
{
    QFETCH(QString, variant);
    const QString name = variant + u".keys.json"_s;
    QFile file(QDir(oracle::folder()).filePath(name));
    if (!file.open(QIODevice::ReadOnly))
        QSKIP(qPrintable(u"no "_s + name));
    const QJsonObject json = QJsonDocument::fromJson(file.readAll()).object();
    const U2Net net(variant);
    QCOMPARE(countParameters(*net), json[u"parameters"_s].toInteger());
    const StateDict state = stateDict(*net);
    const QJsonArray entries = json[u"state_dict"_s].toArray();
    QCOMPARE(qsizetype(state.size()), entries.size());
    const auto parameters = net->named_parameters();
    std::size_t parameter = 0;
    for (const auto& entry : entries) {
        const std::string key = entry.toObject()[u"key"_s].toString().toStdString();
        std::vector<std::int64_t> shape;
        for (const QJsonValue& side : entry.toObject()[u"shape"_s].toArray())
            shape.push_back(side.toInteger());
        QVERIFY2(state.count(key), key.c_str());
        QVERIFY2(state.at(key).sizes() == torch::IntArrayRef(shape), key.c_str());
        if (parameters.contains(key))
            QCOMPARE(parameters[parameter++].key(), key);
    }
    QCOMPARE(parameter, parameters.size());
}

void TestU2NetNetwork::smallMatchesFixtures()
{
    const torch::InferenceMode guard;
    auto net = filled(u"u2netp"_s);
    const Tensor x = formulaInput("x", {1, 3, 96, 128});
    COMPARE_FIXTURE(net->features(x)[0], {{1, 64, 96, 128}, 21.3526, 21.3526, 7.57429, 0, 1.08496});
    const auto logits = net->forward(x);
    COMPARE_FIXTURE(logits[0], {{1, 1, 96, 128}, -98.8632, 98.8632, -47.0046, -59.7439, -17.3428});
    const Tensor d6 = torch::sigmoid(logits[6]).flatten();
    QVERIFY(std::abs(d6.mean().item<double>() / 3.46954e-05 - 1.0) < 1e-3);
    QVERIFY(std::abs(d6[-1].item<double>() / 0.000960561 - 1.0) < 1e-3);
}

void TestU2NetNetwork::fullMatchesFixtures()
{
    const torch::InferenceMode guard;
    auto net = filled(u"u2net"_s);
    const Tensor x = formulaInput("x", {1, 3, 96, 128});
    COMPARE_FIXTURE(net->features(x)[0], {{1, 64, 96, 128}, 16.5968, 16.5968, 10.1747, 5.55388, 1.23655});
    const auto logits = net->forward(x);
    COMPARE_FIXTURE(logits[0], {{1, 1, 96, 128}, 8.72187, 13.5789, 25.8384, -11.4672, -4.02301});
    const Tensor d6 = torch::sigmoid(logits[6]).flatten();
    QVERIFY(std::abs(d6.mean().item<double>() / 0.00308524 - 1.0) < 1e-3);
    QVERIFY(std::abs(d6[0].item<double>() / 3.20169e-05 - 1.0) < 1e-3);
}

void TestU2NetNetwork::halfMatchesFixtures()
{
    const torch::InferenceMode guard;
    auto net = filled(u"u2net-half"_s);
    const Tensor x = formulaInput("x", {1, 3, 96, 128});
    COMPARE_FIXTURE(net->features(x)[0], {{1, 32, 96, 128}, 15.0545, 15.0545, 6.79897, 0, 0.131497});
    const auto logits = net->forward(x);
    COMPARE_FIXTURE(logits[0], {{1, 1, 96, 128}, -77.9472, 77.9485, -12.8368, -59.2872, -6.25286});
    QVERIFY(std::abs(torch::sigmoid(logits[6]).mean().item<double>() / 0.345883 - 1.0) < 1e-3);
}

void TestU2NetNetwork::weightsMatchOracle()
{
    QFETCH(QString, path);
    const SafetensorsFile file(path);
    const StateDict weights = readStateDict(file, "weights.");
    U2Net net(u"u2netp"_s, int(weights.at("outconv.weight").size(0)));
    loadState(*net, weights, path);
    net->eval();
    const QByteArray fault = oracleFault(file, net);
    QVERIFY2(fault.isEmpty(), fault.constData());
    net->foldBatchNorms();
    const QByteArray folded = oracleFault(file, net);
    QVERIFY2(folded.isEmpty(), folded.constData());
}

void TestU2NetNetwork::generatedMatchesOracle()
{
    QFETCH(QString, path);
    const SafetensorsFile file(path);
    const auto recipe = oracle::Recipe::of(file);
    // The file does not say which variant it is of, but weights computed for another one differ in scale.
    QByteArray fault("no variants");
    for (const QString& variant : {u"u2netp"_s, u"u2net-half"_s, u"u2net"_s}) {
        U2Net net(variant, int(readTensor(file, "output.logit_d0").size(1)));
        recipe.fill(*net);
        fault = oracle::checkGenerated(file, *net);
        if (!fault.isEmpty())
            continue;
        net->eval();
        fault = oracleFault(file, net);
        break;
    }
    QVERIFY2(fault.isEmpty(), fault.constData());
}

void TestU2NetNetwork::oddSizesAreRoundedUp()
{
    const torch::InferenceMode guard;
    auto net = filled(u"u2netp"_s);
    const Tensor x = formulaInput("x", {1, 3, 97, 131});
    const std::array<std::array<std::int64_t, 2>, 6> sides{{{97, 131}, {49, 66}, {25, 33}, {13, 17}, {7, 9}, {4, 5}}};
    const auto levels = net->features(x);
    for (std::size_t level = 0; level < levels.size(); ++level)
        QVERIFY(levels[level].sizes() == torch::IntArrayRef({1, 64, sides[level][0], sides[level][1]}));
    for (const Tensor& logits : net->forward(x)) {
        QVERIFY(logits.sizes() == torch::IntArrayRef({1, 1, 97, 131}));
        QVERIFY(logits.isfinite().all().item<bool>());
    }
}

void TestU2NetNetwork::classesMakeChannels()
{
    const torch::InferenceMode guard;
    auto net = filled(u"u2netp"_s, 2);
    QVERIFY(net->outconv->weight.sizes() == torch::IntArrayRef({2, 12, 1, 1}));
    for (const Tensor& logits : net->forward(formulaInput("x", {2, 3, 32, 40})))
        QVERIFY(logits.sizes() == torch::IntArrayRef({2, 2, 32, 40}));
}

void TestU2NetNetwork::dilatedBlocksKeepAnySize()
{
    const torch::InferenceMode guard;
    Rsu block(4, true, 6, 4, 8);
    formulaFill(*block);
    block->eval();
    const std::array<int, 4> dilations{1, 2, 4, 8};
    for (std::size_t level = 0; level < dilations.size(); ++level)
        QCOMPARE(block->rebnconv[level]->conv_s1->options.dilation()->at(0), dilations[level]);
    for (std::size_t level = 0; level + 1 < dilations.size(); ++level)
        QCOMPARE(block->rebnconv_d[level]->conv_s1->options.dilation()->at(0), dilations[level]);
    for (const auto& [height, width] : {std::pair{1, 1}, std::pair{1, 7}, std::pair{5, 2}, std::pair{16, 9}}) {
        const Tensor y = block(formulaInput("x", {1, 6, height, width}));
        QVERIFY(y.sizes() == torch::IntArrayRef({1, 8, height, width}));
    }
}

void TestU2NetNetwork::imagesOfABatchDoNotMix()
{
    const torch::InferenceMode guard;
    auto net = filled(u"u2netp"_s);
    const Tensor both = formulaInput("x", {2, 3, 64, 48});
    const auto together = net->forward(both);
    const auto alone = net->forward(both.slice(0, 1));
    for (std::size_t i = 0; i < alone.size(); ++i) {
        const QByteArray fault = oracle::difference(together[i].slice(0, 1), alone[i], 1e-5);
        QVERIFY2(fault.isEmpty(), fault.constData());
    }
}

void TestU2NetNetwork::foldingKeepsTheOutput()
{
    const torch::InferenceMode guard;
    for (const QString& variant : u2netVariants()) {
        auto net = filled(variant);
        const Tensor x = formulaInput("x", {1, 3, 64, 48});
        const auto before = net->forward(x);
        net->foldBatchNorms();
        for (const auto& module : net->modules())
            QVERIFY(!module->as<torch::nn::BatchNorm2dImpl>());
        const auto after = net->forward(x);
        for (std::size_t i = 0; i < after.size(); ++i) {
            const QByteArray fault = oracle::difference(after[i], before[i], 2e-5);
            QVERIFY2(fault.isEmpty(), fault.constData());
        }
        net->foldBatchNorms();
        QVERIFY(torch::equal(net->forward(x)[0], after[0]));
    }
}

void TestU2NetNetwork::channelsLastStays()
{
    // A layer that falls back to planes would cost a copy and make its followers slow without changing any value.
    auto net = filled(u"u2netp"_s);
    const Tensor x = formulaInput("x", {2, 3, 97, 64});
    const Tensor last = x.contiguous(torch::MemoryFormat::ChannelsLast);
    const auto stays = [&] {
        for (const Tensor& level : net->features(last)) {
            if (!level.is_contiguous(torch::MemoryFormat::ChannelsLast))
                return false;
        }
        return true;
    };
    const auto wanted = net->forward(x);
    QVERIFY(stays());
    net->train();
    QVERIFY(stays());
    formulaFill(*net); // statistics as they were
    net->eval();
    net->foldBatchNorms();
    QVERIFY(stays());
    const auto got = net->forward(last);
    for (std::size_t i = 0; i < got.size(); ++i) {
        const QByteArray fault = oracle::difference(got[i], wanted[i], 2e-5);
        QVERIFY2(fault.isEmpty(), fault.constData());
    }
}

void TestU2NetNetwork::initialisationDependsOnTheSeedAlone()
{
    torch::manual_seed(1);
    U2Net a(u"u2net-half"_s, 2);
    initialise(*a, 7);
    torch::manual_seed(2);
    U2Net b(u"u2net-half"_s, 2);
    b->stage[0]->rebnconvin->bn_s1->running_mean.fill_(3.0);
    initialise(*b, 7);
    const StateDict first = stateDict(*a);
    for (const auto& [key, value] : stateDict(*b))
        QVERIFY2(torch::equal(value, first.at(key)), key.c_str());
    U2Net c(u"u2net-half"_s, 2);
    initialise(*c, 8);
    QVERIFY(!torch::equal(c->stage[0]->rebnconvin->conv_s1->weight, a->stage[0]->rebnconvin->conv_s1->weight));

    const Tensor weight = a->stage_d[4]->rebnconvin->conv_s1->weight; // 3x3, 256 output channels
    const double wanted = std::sqrt(2.0 / (256 * 9));
    QVERIFY(std::abs(weight.std().item<double>() / wanted - 1.0) < 0.01);
    QVERIFY(std::abs(weight.mean().item<double>()) < 0.01 * wanted);
    QCOMPARE(a->stage[5]->rebnconvin->conv_s1->bias.abs().max().item<float>(), 0.0F);
}

void TestU2NetNetwork::everyLayerLearns()
{
    U2Net net(u"u2netp"_s);
    initialise(*net, 1);
    const Tensor x = formulaInput("x", {2, 3, 64, 64}).contiguous(torch::MemoryFormat::ChannelsLast);
    const Tensor target = (formulaInput("target", {2, 1, 64, 64}) > 0.0).to(torch::kFloat);
    Tensor loss = torch::zeros({});
    for (const Tensor& logits : net->forward(x))
        loss = loss + torch::binary_cross_entropy_with_logits(logits, target);
    // Seven terms of ln 2 each for logits of 0: a network that starts far off wastes its first steps.
    QVERIFY2(loss.item<double>() < 7.0 * 1.5, QByteArray::number(loss.item<double>()));
    loss.backward();
    for (const auto& item : net->named_parameters()) {
        QVERIFY2(item.value().grad().defined(), item.key().c_str());
        if (item.key().find("conv_s1.bias") == std::string::npos) // the batch norm takes it off again
            QVERIFY2(item.value().grad().abs().max().item<double>() > 0.0, item.key().c_str());
    }
    QVERIFY(net->stage_d[0]->rebnconvin->bn_s1->running_mean.abs().max().item<double>() > 0.0);
}

void TestU2NetNetwork::wrongArgumentsAreNamed()
{
    const QString variant = test::errorTextOf([] { U2Net(u"u2net_half"_s); });
    for (const QString& part : {u"\"u2net_half\""_s, u"u2net, u2netp, u2net-half"_s})
        QVERIFY2(variant.contains(part), qPrintable(variant));
    const QString channels = test::errorTextOf([] { U2Net(u"u2netp"_s, 0); });
    QVERIFY2(channels.contains(u"0 output channels"_s), qPrintable(channels));

    U2Net net(u"u2netp"_s);
    StateDict weights = stateDict(*U2Net(u"u2netp"_s));
    weights.erase("stage4d.rebnconv1d.conv_s1.weight");
    const QString missing = test::errorTextOf([&] { loadState(*net, weights, u"netz.safetensors"_s); });
    QVERIFY2(missing.contains(u"stage4d.rebnconv1d.conv_s1.weight"_s), qPrintable(missing));
    const QString other =
        test::errorTextOf([&] { loadState(*net, stateDict(*U2Net(u"u2net-half"_s)), u"netz.safetensors"_s); });
    QVERIFY2(other.contains(u"stage1.rebnconvin.conv_s1.weight"_s), qPrintable(other));
}

void TestU2NetNetwork::smallImagesAreRefused()
{
    const torch::InferenceMode guard;
    auto net = filled(u"u2netp"_s);
    QVERIFY(net->forward(torch::zeros({1, 3, 32, 32}))[0].isfinite().all().item<bool>());
    for (const auto& [height, width] : {std::pair{31, 64}, std::pair{64, 31}, std::pair{1, 1}, std::pair{0, 64}}) {
        const Tensor x = torch::zeros({1, 3, height, width});
        const QString message = test::errorTextOf([&] { net->forward(x); });
        QVERIFY2(message.contains(u"%1 pixels wide and %2 high"_s.arg(width).arg(height)) &&
                     message.contains(u"to 32 pixels"_s),
                 qPrintable(message));
    }
}

void TestU2NetNetwork::fp32EngineIsLibTorchs_data()
{
    QTest::addColumn<QString>("variant");
    QTest::addColumn<int>("height");
    QTest::addColumn<int>("width");
    QTest::newRow("u2netp") << u"u2netp"_s << 96 << 96;
    QTest::newRow("u2netp, odd") << u"u2netp"_s << 97 << 131;
    QTest::newRow("u2net-half") << u"u2net-half"_s << 96 << 96;
}

void TestU2NetNetwork::fp32EngineIsLibTorchs()
{
    NEEDS(Engine::OpenVinoFp32);
    QFETCH(QString, variant);
    QFETCH(int, height);
    QFETCH(int, width);
    auto net = filled(variant);
    for (const bool folded : {false, true}) {
        if (folded)
            net->foldBatchNorms();
        const auto function = functionOf(net);
        CompileOptions options;
        options.channelsLast = true;
        OpenVinoNetwork compiled(function, image(0, height, width), options);
        const NamedTensors x = image(1, height, width);
        const NamedTensors wanted = function(x);
        const NamedTensors got = compiled.run(x);
        QCOMPARE(got.size(), std::size_t(7));
        for (const auto& [name, want] : wanted) {
            const QByteArray fault = oracle::difference(tensorOf(got, name), want, 1e-4);
            QVERIFY2(fault.isEmpty(), (QByteArray::fromStdString(name) + ' ' + fault).constData());
        }
    }
}

void TestU2NetNetwork::int8EngineIsClose()
{
    NEEDS(Engine::OpenVinoInt8);
    auto net = filled(u"u2netp"_s);
    net->foldBatchNorms();
    const auto function = functionOf(net);
    CompileOptions options;
    options.engine = Engine::OpenVinoInt8;
    options.channelsLast = true;
    for (int i = 0; i < 8; ++i)
        options.int8.calibration.push_back(image(100 + i, 96, 96));
    OpenVinoNetwork compiled(function, image(0, 96, 96), options);
    QVERIFY(compiled.int8Report().kept.empty());
    QCOMPARE(compiled.int8Report().quantised.size(), std::size_t(119)); // 112 REBNCONV, 6 sides, outconv
    const Tensor wanted = tensorOf(function(image(1, 96, 96)), "d0");
    const Tensor got = tensorOf(compiled.run(image(1, 96, 96)), "d0");
    const double error = ((got - wanted).square().mean() / wanted.square().mean()).sqrt().item<double>();
    QVERIFY2(error > 1e-4 && error < 0.05, QByteArray::number(error)); // 0.006 in exact 8-bit arithmetic
}

QTEST_GUILESS_MAIN(TestU2NetNetwork)
#include "tst_u2net_network.moc"
