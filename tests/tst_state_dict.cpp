// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/nn/network_runner.h"
#include "core/nn/state_dict.h"
#include "core/nn/torch.h"
#include "tests/support/oracle.h"

#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <algorithm>
#include <memory>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

torch::nn::Sequential smallNetwork()
{
    return torch::nn::Sequential(torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 64, 3).bias(false)),
                                 torch::nn::BatchNorm2d(64), torch::nn::Conv2d(64, 2, 1));
}

StateDict copyOf(const torch::nn::Module& module)
{
    StateDict copy;
    for (const auto& [key, value] : stateDict(module))
        copy.emplace(key, value.detach().clone());
    return copy;
}

bool same(const StateDict& a, const StateDict& b)
{
    return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& item) {
               const auto other = b.find(item.first);
               return other != b.end() && torch::equal(item.second, other->second);
           });
}

} // namespace

class TestStateDict : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void hasPythonsKeys();
    void survivesAFile();
    void storesHalfPrecision();
    void widensNarrowTypes();
    void readsPrefixes();
    void loadsStrictly();
    void toleratesWhatIsAllowed();
    void loadsIntoChannelsLastMemory();
    void fillsByFormula();
    void generatesByRecipe();
    void findsNamedTensors();

private:
    QString filePath() const { return m_dir->filePath(u"état.safetensors"_s); }
    void write(const StateDict& values, bool half = false) const
    {
        std::vector<torch::Tensor> storage;
        writeSafetensors(filePath(), viewsOf(values, storage, half));
    }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestStateDict::init()
{
    torch::manual_seed(5);
    m_dir = std::make_unique<QTemporaryDir>();
    QVERIFY(m_dir->isValid());
}

void TestStateDict::hasPythonsKeys()
{
    auto net = smallNetwork();
    std::vector<std::string> keys;
    for (const auto& [key, value] : stateDict(*net))
        keys.push_back(key);
    QCOMPARE(keys, (std::vector<std::string>{"0.weight", "1.bias", "1.num_batches_tracked", "1.running_mean",
                                             "1.running_var", "1.weight", "2.bias", "2.weight"}));
    // Shares memory.
    stateDict(*net)["1.running_mean"].fill_(4.0);
    QCOMPARE(net[1]->as<torch::nn::BatchNorm2dImpl>()->running_mean[0].item<float>(), 4.0f);
}

void TestStateDict::survivesAFile()
{
    auto net = smallNetwork();
    net->forward(torch::randn({2, 3, 8, 8})); // moves the statistics
    const StateDict before = copyOf(*net);
    QCOMPARE(before.at("1.num_batches_tracked").item<std::int64_t>(), 1);
    write(before);

    auto other = smallNetwork();
    loadState(*other, readStateDict(SafetensorsFile(filePath())), filePath());
    QVERIFY(same(copyOf(*other), before));
    for (const auto& parameter : other->parameters())
        QVERIFY(parameter.requires_grad() && parameter.is_leaf());
}

void TestStateDict::storesHalfPrecision()
{
    auto net = smallNetwork();
    write(copyOf(*net), true);
    const SafetensorsFile file(filePath());
    QVERIFY(file.view("0.weight").dtype == DType::F16); // 1728 values
    QVERIFY(file.view("2.weight").dtype == DType::F32); // 128 values
    QVERIFY(file.view("1.num_batches_tracked").dtype == DType::I64);
    const torch::Tensor read = readTensor(file, "0.weight");
    QVERIFY(read.scalar_type() == torch::kFloat);
    QVERIFY(torch::equal(read, stateDict(*net)["0.weight"].detach().to(torch::kHalf).to(torch::kFloat)));
}

void TestStateDict::widensNarrowTypes()
{
    const unsigned char flags[] = {0, 1, 200};
    const torch::Tensor brain = torch::tensor({1.0f, -3.0f}).to(torch::kBFloat16);
    const torch::Tensor wide = torch::tensor({0.1}, torch::kDouble);
    std::vector<torch::Tensor> storage;
    auto tensors = viewsOf({{"brain", brain}, {"wide", wide}, {"scalar", torch::tensor(7)}}, storage);
    tensors.push_back({"flags", {DType::Bool, {3}, flags, 3}});
    tensors.push_back({"empty", {DType::F32, {0, 2}, nullptr, 0}});
    writeSafetensors(filePath(), tensors);
    const SafetensorsFile file(filePath());
    QVERIFY(torch::equal(readTensor(file, "brain"), torch::tensor({1.0f, -3.0f})));
    QVERIFY(torch::equal(readTensor(file, "wide"), wide));
    QVERIFY(torch::equal(readTensor(file, "flags"), torch::tensor({false, true, true})));
    QVERIFY(torch::equal(readTensor(file, "scalar"), torch::tensor(7)));
    QVERIFY(readTensor(file, "empty").sizes() == torch::IntArrayRef({0, 2}));
    QVERIFY_THROWS_EXCEPTION(Error, readTensor(file, "nothing"));
}

void TestStateDict::readsPrefixes()
{
    write({{"weights.a", torch::ones(1)}, {"weights.b.c", torch::ones(2)}, {"input.x", torch::ones(3)}});
    const StateDict weights = readStateDict(SafetensorsFile(filePath()), "weights.");
    QCOMPARE(weights.size(), std::size_t(2));
    QCOMPARE(weights.at("b.c").numel(), 2);
}

void TestStateDict::loadsStrictly()
{
    auto net = smallNetwork();
    const StateDict before = copyOf(*net);
    StateDict values = copyOf(*smallNetwork());
    values.erase("2.bias");
    values["0.weight"] = torch::zeros({64, 3, 5, 5});
    values["1.running_var"] = torch::ones(64, torch::kLong);
    values["fc.weight"] = torch::zeros(1);
    try {
        loadState(*net, values, u"Gewichte.safetensors"_s);
        QFAIL("was loaded");
    } catch (const Error& error) {
        QCOMPARE(int(error.kind()), int(ErrorKind::Model));
        for (const QString& part : {u"Gewichte.safetensors"_s, u"2.bias is missing"_s, u"0.weight has the shape"_s,
                                    u"[64, 3, 5, 5]"_s, u"1.running_var"_s, u"fc.weight is not known"_s})
            QVERIFY2(error.message().contains(part), qPrintable(error.message()));
    }
    QVERIFY(same(copyOf(*net), before));
}

void TestStateDict::toleratesWhatIsAllowed()
{
    auto net = smallNetwork();
    const StateDict before = copyOf(*net);
    StateDict values = copyOf(*smallNetwork());
    values.erase("1.num_batches_tracked");
    values.erase("2.bias");
    values["fc.weight"] = torch::zeros(1);
    QVERIFY_THROWS_EXCEPTION(Error, loadState(*net, values, u"x"_s, {{"2."}, {}}));
    QVERIFY_THROWS_EXCEPTION(Error, loadState(*net, values, u"x"_s, {{}, {"fc."}}));
    loadState(*net, values, u"x"_s, {{"2."}, {"fc."}});
    const StateDict after = stateDict(*net);
    QVERIFY(torch::equal(after.at("0.weight"), values.at("0.weight")));
    QVERIFY(torch::equal(after.at("2.bias"), before.at("2.bias")));
}

void TestStateDict::loadsIntoChannelsLastMemory()
{
    auto net = smallNetwork();
    const StateDict values = copyOf(*net);
    auto weight = stateDict(*net)["0.weight"];
    weight.set_data(torch::zeros_like(weight).contiguous(torch::MemoryFormat::ChannelsLast));
    loadState(*net, values, u"x"_s);
    QVERIFY(stateDict(*net)["0.weight"].is_contiguous(torch::MemoryFormat::ChannelsLast));
    // And back: files are row-major whatever the memory.
    write(copyOf(*net));
    QVERIFY(torch::equal(readTensor(SafetensorsFile(filePath()), "0.weight"), values.at("0.weight")));
}

void TestStateDict::fillsByFormula()
{
    // methods.md 0.3
    const torch::Tensor input = formulaInput("conv1.weight", {1, 3});
    const double wanted[] = {0.87601741, 0.33854417, 0.07918247};
    for (int i = 0; i < 3; ++i)
        QVERIFY(std::abs((input[0][i].item<double>() + 1.0) / 2.0 - wanted[i]) < 1e-7);

    struct Named : torch::nn::Module
    {
        Named()
        {
            conv1 = register_module("conv1", torch::nn::Conv2d(3, 8, 7));
            bn1 = register_module("bn1", torch::nn::BatchNorm2d(8));
        }
        torch::nn::Conv2d conv1{nullptr};
        torch::nn::BatchNorm2d bn1{nullptr};
    } net;
    formulaFill(net);
    QVERIFY(std::abs(net.conv1->weight[0][0][0][0].item<double>() - (2 * wanted[0] - 1) * std::sqrt(6.0 / 147)) < 1e-7);
    QVERIFY(torch::allclose(net.bn1->bias, 0.1 * formulaInput("bn1.bias", {8}), 0.0, 1e-7));
    QVERIFY(torch::allclose(net.bn1->running_mean, 0.1 * formulaInput("bn1.running_mean", {8}), 0.0, 1e-7));
    QVERIFY(torch::allclose(net.bn1->running_var, 1.0 + 0.25 * formulaInput("bn1.running_var", {8}), 0.0, 1e-6));
    QVERIFY(torch::allclose(net.bn1->weight, 1.0 + 0.25 * formulaInput("bn1.weight", {8}), 0.0, 1e-6));
    QCOMPARE(net.bn1->num_batches_tracked.item<std::int64_t>(), 0);
    formulaFill(net, "layer.");
    QVERIFY(torch::allclose(net.bn1->bias, 0.1 * formulaInput("layer.bn1.bias", {8}), 0.0, 1e-7));
}

void TestStateDict::generatesByRecipe()
{
    oracle::Recipe recipe;
    recipe.gain = 1.1;
    const torch::Tensor values = recipe.tensor("conv1.weight", {64, 3, 7, 7}).flatten();
    const double wanted[] = {0.0141664101, 0.0770508274, -0.149938896};
    for (int i = 0; i < 3; ++i)
        QVERIFY(std::abs(values[i].item<double>() - wanted[i]) < 1e-8);
}

void TestStateDict::findsNamedTensors()
{
    const NamedTensors tensors{{"x", torch::ones(1)}, {"f0", torch::ones(2)}};
    QCOMPARE(tensorOf(tensors, "f0").numel(), 2);
    QVERIFY_THROWS_EXCEPTION(Error, tensorOf(tensors, "f1"));
}

QTEST_GUILESS_MAIN(TestStateDict)
#include "tst_state_dict.moc"
