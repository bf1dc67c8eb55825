// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/nn/resnet.h"
#include "core/nn/state_dict.h"
#include "core/nn/torch.h"
#include "core/weights/model_store.h"
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

/// Trunk outputs under the names of resnet18_trunk and gen_resnet18_full.
torch::Tensor output(ResNet18& net, const std::string& name, const torch::Tensor& x)
{
    if (name == "logits")
        return net->forward(x);
    const auto f = net->features(x);
    if (name == "maxpool")
        return torch::max_pool2d(f[0], 3, 2, 1);
    const std::map<std::string, int> levels{{"act1", 0}, {"layer1", 1}, {"layer2", 2}, {"layer3", 3}, {"layer4", 4}};
    return f[std::size_t(levels.at(name))];
}

void compareOutputs(const SafetensorsFile& file, ResNet18& net)
{
    const torch::InferenceMode guard;
    const torch::Tensor x = readTensor(file, "input.x");
    int compared = 0;
    for (const auto& [name, want] : readStateDict(file, "output.")) {
        const QByteArray fault = oracle::difference(output(net, name, x), want);
        QVERIFY2(fault.isEmpty(), qPrintable(QString::fromStdString(name) + u": "_s + QString::fromUtf8(fault)));
        ++compared;
    }
    QVERIFY(compared > 0);
}

} // namespace

class TestResNet : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void countsParameters();
    void keysAreTorchvisions();
    void keysFollowTorchvisionsOrderAndShapes();
    void matchesFormulaFixtures();
    void trunkMatchesOracle_data() { oracle::addRows(u"resnet18_trunk"_s); }
    void trunkMatchesOracle();
    void generatedMatchesOracle_data() { oracle::addRows(u"gen_resnet18_full"_s); }
    void generatedMatchesOracle();
    void widthScalesChannels();
    void foldingKeepsTheOutput();
    void initialisationDependsOnTheSeedAlone();
    void trainsWithInPlaceActivations();
    void classifierIsOptional();
};

void TestResNet::countsParameters()
{
    QCOMPARE(countParameters(*ResNet18(64, 1000)), 11'689'512);
    QCOMPARE(countParameters(*ResNet18(64)), 11'176'512);
    const ResNet18 net(64);
    QCOMPARE(countParameters(*net->layer1), 147'968);
    QCOMPARE(countParameters(*net->layer2), 525'568);
    QCOMPARE(countParameters(*net->layer3), 2'099'712);
    QCOMPARE(countParameters(*net->layer4), 8'393'728);
}

void TestResNet::keysAreTorchvisions()
{
    // The list that the model store checks imports against.
    StateDict state = stateDict(*ResNet18(64));
    for (const auto& [key, shape] : resnet18Keys()) {
        QVERIFY2(state.count(key), key.c_str());
        QVERIFY2(state[key].sizes() == torch::IntArrayRef(shape), key.c_str());
        state.erase(key);
    }
    QVERIFY(state.empty());
}

void TestResNet::keysFollowTorchvisionsOrderAndShapes()
{
    QFile file(QDir(oracle::folder()).filePath(u"resnet18_torchvision.keys.json"_s));
    if (!file.open(QIODevice::ReadOnly))
        QSKIP("no resnet18_torchvision.keys.json");
    const QJsonObject json = QJsonDocument::fromJson(file.readAll()).object();
    const ResNet18 net(64, 1000);
    QCOMPARE(countParameters(*net), json[u"parameters"_s].toInteger());
    const StateDict state = stateDict(*net);
    const QJsonArray entries = json[u"state_dict"_s].toArray();
    QCOMPARE(qsizetype(state.size()), entries.size());
    const auto keys = resnet18Keys();
    for (qsizetype i = 0; i < entries.size(); ++i) {
        const std::string key = entries[i][u"key"_s].toString().toStdString();
        std::vector<std::int64_t> shape;
        for (const QJsonValue& side : entries[i][u"shape"_s].toArray())
            shape.push_back(side.toInteger());
        QVERIFY2(state.count(key), key.c_str());
        QVERIFY2(state.at(key).sizes() == torch::IntArrayRef(shape), key.c_str());
        if (std::size_t(i) < keys.size())
            QCOMPARE(keys[std::size_t(i)].first, key);
    }
}

void TestResNet::matchesFormulaFixtures()
{
    ResNet18 net(64);
    formulaFill(*net);
    net->eval();
    const torch::InferenceMode guard;
    const auto features = net->features(formulaInput("x", {1, 3, 256, 256}));
    const Fixture wanted[] = {
        {{1, 64, 128, 128}, 0.325745, 0.325745, 0, 0.0810885, 0.651317},
        {{1, 64, 64, 64}, 2.3965, 2.3965, 2.28448, 1.47455, 0.120768},
        {{1, 128, 32, 32}, 4.2264, 4.2264, 4.58816, 0, 0.399391},
        {{1, 256, 16, 16}, 10.9598, 10.9598, 0, 7.86151, 12.4997},
        {{1, 512, 8, 8}, 19.7839, 19.7839, 10.1772, 0.522221, 55.6774},
    };
    for (std::size_t level = 0; level < features.size(); ++level) {
        const QByteArray fault = compareFixture(features[level], wanted[level]);
        QVERIFY2(fault.isEmpty(), "f" + QByteArray::number(qulonglong(level)) + " gives " + fault);
    }
}

void TestResNet::trunkMatchesOracle()
{
    QFETCH(QString, path);
    const SafetensorsFile file(path);
    ResNet18 net(64);
    // The file ends at layer3.
    loadState(*net, readStateDict(file, "weights."), path, {{"layer4."}, {"fc."}});
    net->eval();
    compareOutputs(file, net);
}

void TestResNet::generatedMatchesOracle()
{
    QFETCH(QString, path);
    const SafetensorsFile file(path);
    ResNet18 net(64, 1000);
    oracle::Recipe::of(file).fill(*net);
    const QByteArray fault = oracle::checkGenerated(file, *net);
    QVERIFY2(fault.isEmpty(), fault);
    net->eval();
    compareOutputs(file, net);
}

void TestResNet::widthScalesChannels()
{
    ResNet18 net(32);
    net->eval();
    const torch::InferenceMode guard;
    const auto features = net->features(torch::zeros({2, 3, 64, 96}));
    const std::vector<std::int64_t> shapes[] = {
        {2, 32, 32, 48}, {2, 32, 16, 24}, {2, 64, 8, 12}, {2, 128, 4, 6}, {2, 256, 2, 3}};
    for (std::size_t level = 0; level < features.size(); ++level)
        QVERIFY(features[level].sizes() == torch::IntArrayRef(shapes[level]));
    const auto frozen = net->stemToLayer3(torch::ones({1, 3, 64, 64}));
    const auto all = net->features(torch::ones({1, 3, 64, 64}));
    for (std::size_t level = 0; level < frozen.size(); ++level)
        QVERIFY(torch::equal(frozen[level], all[level]));
}

void TestResNet::foldingKeepsTheOutput()
{
    ResNet18 net(32, 10);
    formulaFill(*net);
    net->eval();
    const torch::InferenceMode guard;
    const torch::Tensor x = formulaInput("x", {2, 3, 64, 64});
    const auto before = net->features(x);
    const torch::Tensor logits = net->forward(x);
    net->foldBatchNorms();
    const auto after = net->features(x);
    for (std::size_t level = 0; level < before.size(); ++level) {
        const QByteArray fault = oracle::difference(after[level], before[level], 1e-5);
        QVERIFY2(fault.isEmpty(), fault);
    }
    QCOMPARE(oracle::difference(net->forward(x), logits, 1e-5), QByteArray());
    for (const auto& module : net->modules())
        QVERIFY(!module->as<torch::nn::BatchNorm2dImpl>());
}

void TestResNet::initialisationDependsOnTheSeedAlone()
{
    torch::manual_seed(1);
    ResNet18 a(32, 5);
    initialise(*a, 7);
    torch::manual_seed(2);
    ResNet18 b(32, 5);
    b->bn1->running_mean.fill_(3.0);
    initialise(*b, 7);
    const StateDict first = stateDict(*a);
    for (const auto& [key, value] : stateDict(*b))
        QVERIFY2(torch::equal(value, first.at(key)), key.c_str());

    ResNet18 c(32, 5);
    initialise(*c, 8);
    QVERIFY(!torch::equal(c->conv1->weight, a->conv1->weight));

    // fan-out: 3x3 kernels, 256 output channels of layer4 at width 32
    const torch::Tensor weight = a->layer4[1]->as<BasicBlockImpl>()->conv2->weight;
    const double wanted = std::sqrt(2.0 / (256 * 9));
    QVERIFY(std::abs(weight.std().item<double>() / wanted - 1.0) < 0.01);
    QVERIFY(std::abs(weight.mean().item<double>()) < 0.01 * wanted);
}

void TestResNet::trainsWithInPlaceActivations()
{
    ResNet18 net(32, 3);
    initialise(*net, 1);
    net->forward(formulaInput("x", {2, 3, 64, 64})).square().sum().backward();
    for (const auto& item : net->named_parameters()) {
        QVERIFY2(item.value().grad().defined(), item.key().c_str());
        QVERIFY2(item.value().grad().abs().max().item<double>() > 0.0, item.key().c_str());
    }
    QCOMPARE(net->bn1->num_batches_tracked.item<std::int64_t>(), 1);
}

void TestResNet::classifierIsOptional()
{
    ResNet18 net(32);
    QVERIFY_THROWS_EXCEPTION(Error, net->forward(torch::zeros({1, 3, 64, 64})));
}

QTEST_GUILESS_MAIN(TestResNet)
#include "tst_resnet.moc"
