// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/openvino_network.h"
#include "core/nn/state_dict.h"
#include "core/nn/torch.h"
#include "tests/support/needs_engine.h"
#include "tests/support/oracle.h"
#include "tests/support/test_images.h"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <thread>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

using torch::Tensor;

/// Three convolutions and a shortcut, "image" to "map" and "deep".
class SmallNetworkImpl : public torch::nn::Module
{
public:
    SmallNetworkImpl()
    {
        using Options = torch::nn::Conv2dOptions;
        conv1 = register_module("conv1", torch::nn::Conv2d(Options(3, 16, 3).padding(1)));
        conv2 = register_module("conv2", torch::nn::Conv2d(Options(16, 16, 3).padding(1).groups(16)));
        conv3 = register_module("conv3", torch::nn::Conv2d(Options(16, 16, 1)));
        for (auto& parameter : parameters())
            parameter.set_requires_grad(false);
        formulaFill(*this);
        eval();
    }

    NamedTensors forward(const Tensor& image)
    {
        const Tensor x = conv1(image).relu_();
        const Tensor y = torch::relu6(conv2(x));
        const Tensor deep = (conv3(torch::cat({y.narrow(1, 0, 8), y.narrow(1, 8, 8)}, 1)) + x).relu_();
        return {{"map", torch::softmax(deep, 1)}, {"deep", deep}};
    }

    torch::nn::Conv2d conv1{nullptr};
    torch::nn::Conv2d conv2{nullptr};
    torch::nn::Conv2d conv3{nullptr};
};
TORCH_MODULE(SmallNetwork);

TensorFunction functionOf(SmallNetwork& network)
{
    return [&network](const NamedTensors& inputs) { return network->forward(tensorOf(inputs, "image")); };
}

NamedTensors image(int number = 0, std::vector<std::int64_t> shape = {1, 3, 24, 32})
{
    return {{"image", formulaInput("image" + std::to_string(number), shape)}};
}

std::vector<NamedTensors> images(int count)
{
    std::vector<NamedTensors> all;
    for (int i = 0; i < count; ++i)
        all.push_back(image(i));
    return all;
}

/// rms(difference) / rms(wanted)
double relativeError(const Tensor& got, const Tensor& wanted)
{
    return ((got - wanted).square().mean() / wanted.square().mean()).sqrt().item<double>();
}

} // namespace

class TestOpenVinoNetwork : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void namesAreRead();
    void unavailableEnginesSayWhy();
    void runsInBothLayouts();
    void buffersAreNotSharedWithTheirOwner();
    void wrongInputsAreNamed();
    void otherThreadsMayRunIt();
    void bfloat16IsClose();
    void int8IsClose();
    void int8RefusesToGuess();
    void keptOperatorsStayFloat();
    void theSearchLowersTheError();
    void irIsWrittenAndRead();
    void compiledNetworksAreKept();

private:
    SmallNetwork m_network;
};

void TestOpenVinoNetwork::namesAreRead()
{
    QCOMPARE(engineFromName(u"auto"_s), Engine::Auto);
    for (const Engine engine : allEngines())
        QCOMPARE(engineFromName(engineName(engine)), engine);
    const QString message = test::errorTextOf([] { engineFromName(u"onnx"_s); });
    for (const QString& part : {u"\"onnx\""_s, u"auto"_s, u"libtorch"_s, u"openvino-int8"_s})
        QVERIFY2(message.contains(part), qPrintable(message));
}

void TestOpenVinoNetwork::unavailableEnginesSayWhy()
{
    QVERIFY(engineAvailable(Engine::LibTorch));
    QVERIFY(engineAvailable(Engine::Auto));
    for (const Engine engine : allEngines()) {
        QCOMPARE(engineAvailable(engine), whyNoEngine(engine).isEmpty());
        if (engineAvailable(engine)) {
            requireEngine(engine); // throws nothing
        } else {
            const QString message = test::errorTextOf([&] { requireEngine(engine); });
            QVERIFY2(message.contains(engineName(engine)) && message.contains(whyNoEngine(engine)),
                     qPrintable(message));
        }
    }
    if (!engineAvailable(Engine::OpenVinoFp32)) {
        const QString message = test::errorTextOf([&] { OpenVinoNetwork(functionOf(m_network), image()); });
        QVERIFY2(message.contains(whyNoEngine(Engine::OpenVinoFp32)), qPrintable(message));
    }
}

void TestOpenVinoNetwork::runsInBothLayouts()
{
    NEEDS(Engine::OpenVinoFp32);
    const torch::InferenceMode inference;
    const NamedTensors wanted = m_network->forward(tensorOf(image(1), "image"));
    for (const bool channelsLast : {false, true}) {
        CompileOptions options;
        options.channelsLast = channelsLast;
        OpenVinoNetwork compiled(functionOf(m_network), image(), options);
        QCOMPARE(compiled.engine(), std::string("openvino-fp32"));
        QVERIFY(compiled.compileMs() > 0.0);
        for (const auto given : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
            const NamedTensors got =
                compiled.run({{"other", torch::zeros({1})}, {"image", tensorOf(image(1), "image").contiguous(given)}});
            QCOMPARE(got.size(), wanted.size());
            for (const auto& [name, want] : wanted) {
                const Tensor& tensor = tensorOf(got, name);
                QVERIFY2(oracle::difference(tensor, want).isEmpty(), oracle::difference(tensor, want));
                QVERIFY(tensor.is_contiguous(channelsLast ? torch::MemoryFormat::ChannelsLast
                                                          : torch::MemoryFormat::Contiguous));
            }
        }
    }
}

void TestOpenVinoNetwork::buffersAreNotSharedWithTheirOwner()
{
    NEEDS(Engine::OpenVinoFp32);
    OpenVinoNetwork compiled(functionOf(m_network), image());
    const Tensor first = tensorOf(compiled.run(image(1)), "deep");
    const Tensor copy = first.clone();
    const void* memory = first.data_ptr();
    const Tensor part = tensorOf(compiled.run(image(2)), "deep").select(1, 3); // a view alone keeps it, too
    const Tensor partCopy = part.clone();
    const void* other = tensorOf(compiled.run(image(3)), "deep").data_ptr();
    QVERIFY(torch::equal(first, copy));
    QVERIFY(torch::equal(part, partCopy));
    QVERIFY(!torch::equal(first.select(1, 3), part));
    QVERIFY(other != memory);
    QCOMPARE(tensorOf(compiled.run(image(4)), "deep").data_ptr(), other); // nobody holds it
}

void TestOpenVinoNetwork::wrongInputsAreNamed()
{
    NEEDS(Engine::OpenVinoFp32);
    OpenVinoNetwork compiled(functionOf(m_network), image());
    const QString shape = test::errorTextOf([&] { compiled.run(image(0, {1, 3, 32, 24})); });
    QVERIFY2(shape.contains(u"1 x 3 x 24 x 32"_s) && shape.contains(u"1 x 3 x 32 x 24"_s) &&
                 shape.contains(u"\"image\""_s),
             qPrintable(shape));
    const QString name = test::errorTextOf([&] { compiled.run({{"picture", tensorOf(image(), "image")}}); });
    QVERIFY2(name.contains(u"\"image\""_s), qPrintable(name));
}

void TestOpenVinoNetwork::otherThreadsMayRunIt()
{
    NEEDS(Engine::OpenVinoFp32);
    OpenVinoNetwork compiled(functionOf(m_network), image());
    const Tensor here = tensorOf(compiled.run(image(1)), "deep").clone();
    Tensor there;
    std::thread([&] { there = tensorOf(compiled.run(image(1)), "deep"); }).join();
    QVERIFY(torch::equal(here, there));
}

void TestOpenVinoNetwork::bfloat16IsClose()
{
    NEEDS(Engine::OpenVinoBf16);
    CompileOptions options;
    options.engine = Engine::OpenVinoBf16;
    OpenVinoNetwork compiled(functionOf(m_network), image(), options);
    const Tensor wanted = tensorOf(m_network->forward(tensorOf(image(1), "image")), "deep");
    const double error = relativeError(tensorOf(compiled.run(image(1)), "deep"), wanted);
    QVERIFY2(error > 1e-5 && error < 0.02, QByteArray::number(error)); // bfloat16 has 8 bits; single has 24
}

void TestOpenVinoNetwork::int8IsClose()
{
    NEEDS(Engine::OpenVinoInt8);
    CompileOptions options;
    options.engine = Engine::OpenVinoInt8;
    options.int8.calibration = images(8);
    OpenVinoNetwork compiled(functionOf(m_network), image(), options);
    QCOMPARE(compiled.engine(), std::string("openvino-int8"));
    QCOMPARE(compiled.int8Report().quantised,
             (std::vector<std::string>{"convolution_0", "convolution_1", "convolution_2"}));
    QVERIFY(compiled.int8Report().kept.empty());
    const Tensor wanted = tensorOf(m_network->forward(tensorOf(image(20), "image")), "deep");
    const double error = relativeError(tensorOf(compiled.run(image(20)), "deep"), wanted);
    QVERIFY2(error > 1e-4 && error < 0.05, QByteArray::number(error));
}

void TestOpenVinoNetwork::int8RefusesToGuess()
{
    NEEDS(Engine::OpenVinoInt8);
    CompileOptions options;
    options.engine = Engine::OpenVinoInt8;
    const QString message = test::errorTextOf([&] { OpenVinoNetwork(functionOf(m_network), image(), options); });
    QVERIFY2(message.contains(u"calibrate"_s), qPrintable(message));
}

void TestOpenVinoNetwork::keptOperatorsStayFloat()
{
    NEEDS(Engine::OpenVinoInt8);
    CompileOptions options;
    options.engine = Engine::OpenVinoInt8;
    options.int8.calibration = images(4);
    options.int8.keepFloat = {"convolution_0", "convolution_1", "convolution_2"};
    OpenVinoNetwork compiled(functionOf(m_network), image(), options);
    QVERIFY(compiled.int8Report().quantised.empty());
    QCOMPARE(compiled.int8Report().kept, options.int8.keepFloat);
    const Tensor wanted = tensorOf(m_network->forward(tensorOf(image(1), "image")), "deep");
    QVERIFY(oracle::difference(tensorOf(compiled.run(image(1)), "deep"), wanted).isEmpty());
}

void TestOpenVinoNetwork::theSearchLowersTheError()
{
    NEEDS(Engine::OpenVinoInt8);
    CompileOptions options;
    options.engine = Engine::OpenVinoInt8;
    options.int8.calibration = images(4);
    options.int8.searchSeconds = 60.0;
    options.int8.wantedError = 1.0;
    const OpenVinoNetwork easy(functionOf(m_network), image(), options);
    QVERIFY(easy.int8Report().kept.empty()); // good enough as it is
    const double error = easy.int8Report().error;
    QVERIFY(error > 0.0);
    options.int8.wantedError = 0.8 * error;
    const OpenVinoNetwork strict(functionOf(m_network), image(), options);
    QVERIFY(!strict.int8Report().kept.empty());
    QVERIFY(strict.int8Report().error <= 0.8 * error);
    QCOMPARE(strict.int8Report().kept.size() + strict.int8Report().quantised.size(), std::size_t(3));
    // A measure of one's own.
    options.int8.wantedError = 0.5;
    options.int8.error = [](const NamedTensors&, const NamedTensors&) { return 1.0; };
    const OpenVinoNetwork hopeless(functionOf(m_network), image(), options);
    QCOMPARE(hopeless.int8Report().error, 1.0);
}

void TestOpenVinoNetwork::irIsWrittenAndRead()
{
    NEEDS(Engine::OpenVinoFp32);
    const NetworkIr ir = irOf(*translate(functionOf(m_network), image()));
    OpenVinoNetwork direct(functionOf(m_network), image());
    OpenVinoNetwork read(ir, {});
    QVERIFY(torch::equal(tensorOf(read.run(image(1)), "deep"), tensorOf(direct.run(image(1)), "deep")));

    const QTemporaryDir folder;
    const QString path = folder.filePath(u"netz ✓.xml"_s);
    ir.save(path);
    QCOMPARE(QFileInfo(path).size(), ir.xml.size());
    QCOMPARE(QFileInfo(folder.filePath(u"netz ✓.bin"_s)).size(), ir.bin.size());
    const QString nowhere = folder.filePath(u"netz ✓.xml/a.xml"_s); // a file is no folder
    const QString message = test::errorTextOf([&] { ir.save(nowhere); });
    QVERIFY2(message.contains(nowhere), qPrintable(message));

    NetworkIr broken = ir;
    broken.xml.truncate(broken.xml.size() / 2);
    QVERIFY(test::errorTextOf([&] { OpenVinoNetwork(broken, {}); }).contains(u"Compile the model again"_s));
}

void TestOpenVinoNetwork::compiledNetworksAreKept()
{
    NEEDS(Engine::OpenVinoFp32);
    const QTemporaryDir folder;
    CompileOptions options;
    options.cacheFolder = folder.filePath(u"käsch"_s);
    Tensor first;
    for (int turn = 0; turn < 2; ++turn) {
        OpenVinoNetwork compiled(functionOf(m_network), image(), options);
        const Tensor got = tensorOf(compiled.run(image(1)), "deep");
        QVERIFY(!first.defined() || torch::equal(got, first));
        first = got;
    }
    QCOMPARE(QDir(options.cacheFolder).entryList({u"*.blob"_s}, QDir::Files).size(), 1);
}

QTEST_GUILESS_MAIN(TestOpenVinoNetwork)
#include "tst_openvino_network.moc"
