// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/openvino_network.h"
#include "core/nn/mobilenet.h"
#include "core/nn/resnet.h"
#include "core/nn/state_dict.h"
#include "core/nn/torch.h"
#include "tests/support/oracle.h"
#include "tests/support/test_images.h"

#include <QtTest/QTest>

#include <torch/nn/functional.h>

#include <functional>
#include <utility>
#include <vector>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

namespace F = torch::nn::functional;
using torch::Tensor;

/// A network of one input "x" and outputs "0", "1", ...
TensorFunction functionOf(std::function<std::vector<Tensor>(const Tensor&)> body)
{
    return [body = std::move(body)](const NamedTensors& inputs) {
        NamedTensors outputs;
        for (const Tensor& tensor : body(tensorOf(inputs, "x")))
            outputs.emplace_back(std::to_string(outputs.size()), tensor);
        return outputs;
    };
}

/// Empty when the compiled function gives what LibTorch gives, in planes and channels-last.
QByteArray fault(const TensorFunction& function, const Tensor& x, double tolerance = 1e-4)
{
    const torch::NoGradGuard noGrad;
    const NamedTensors inputs{{"x", x}};
    const NamedTensors wanted = function(inputs);
    for (const bool channelsLast : {false, true}) {
        CompileOptions options;
        options.channelsLast = channelsLast;
        // Traced with other values: what is fixed in the graph must not depend on them.
        OpenVinoNetwork compiled(function, {{"x", torch::zeros_like(x)}}, options);
        const NamedTensors got = compiled.run(inputs);
        if (got.size() != wanted.size())
            return "another number of outputs";
        for (std::size_t i = 0; i < got.size(); ++i) {
            const QByteArray text = oracle::difference(got[i].second, wanted[i].second, tolerance);
            if (got[i].first != wanted[i].first || !text.isEmpty())
                return QByteArray::fromStdString(got[i].first) + ": " + text;
        }
    }
    return {};
}

struct Case
{
    const char* name;
    std::vector<std::int64_t> shape;
    std::function<std::vector<Tensor>(const Tensor&)> body;
};

/// A constant, also when it is made while the network is traced.
Tensor weight(std::vector<std::int64_t> shape)
{
    const at::tracer::impl::NoTracerDispatchMode untraced;
    return formulaInput("weight", shape);
}

const std::vector<Case>& cases()
{
    static const Tensor positive = weight({6}).abs() + 0.5;
    static const std::vector<Case> kCases{
        {"conv2d",
         {2, 6, 9, 8},
         [](const Tensor& x) {
             return std::vector{torch::conv2d(x, weight({4, 6, 3, 3}))};
         }},
        {"conv2d, bias, stride, padding, dilation",
         {1, 6, 11, 12},
         [](const Tensor& x) {
             return std::vector{torch::conv2d(x, weight({4, 6, 3, 2}), weight({4}), {2, 1}, {2, 1}, {1, 2})};
         }},
        {"conv2d, groups",
         {1, 6, 7, 7},
         [](const Tensor& x) {
             return std::vector{F::conv2d(x, weight({4, 3, 3, 3}), F::Conv2dFuncOptions().padding(1).groups(2))};
         }},
        {"conv2d, depthwise, padded by hand",
         {1, 6, 8, 8},
         [](const Tensor& x) {
             return std::vector{F::conv2d(F::pad(x, F::PadFuncOptions({0, 1, 0, 1})), weight({6, 1, 3, 3}),
                                          F::Conv2dFuncOptions().bias(weight({6})).stride(2).groups(6))};
         }},
        {"conv1d",
         {2, 6, 9},
         [](const Tensor& x) {
             return std::vector{torch::conv1d(x, weight({4, 6, 3}), {}, 2, 1)};
         }},
        {"batch norm",
         {2, 6, 5, 4},
         [](const Tensor& x) {
             return std::vector{
                 torch::batch_norm(x, weight({6}), weight({6}), weight({6}), positive, false, 0.1, 1e-5, false)};
         }},
        {"batch norm without scale",
         {2, 6, 5, 4},
         [](const Tensor& x) {
             return std::vector{torch::batch_norm(x, {}, {}, weight({6}), positive, false, 0.1, 1e-3, false)};
         }},
        {"convolution and batch norm",
         {1, 3, 8, 8},
         [](const Tensor& x) {
             return std::vector{torch::batch_norm(torch::conv2d(x, weight({6, 3, 3, 3})), weight({6}), weight({6}),
                                                  weight({6}), positive, false, 0.1, 1e-5, false)};
         }},
        {"instance norm",
         {2, 3, 5, 4},
         [](const Tensor& x) {
             return std::vector{torch::instance_norm(x, weight({3}), weight({3}), {}, {}, true, 0.1, 1e-5, false)};
         }},
        {"layer norm",
         {2, 5, 6},
         [](const Tensor& x) { return std::vector{torch::layer_norm(x, {6}, weight({6}), weight({6}), 1e-6)}; }},
        {"linear",
         {2, 5, 6},
         [](const Tensor& x) {
             return std::vector{torch::linear(x, weight({4, 6}), weight({4})), torch::linear(x, weight({3, 6}))};
         }},
        {"matmul, addmm",
         {4, 6},
         [](const Tensor& x) {
             return std::vector{torch::matmul(x, x.t()), torch::mm(x, weight({6, 3})),
                                torch::addmm(weight({3}), x, weight({6, 3}), 0.5, 2.0)};
         }},
        {"bmm", {2, 4, 6}, [](const Tensor& x) { return std::vector{torch::bmm(x, x.transpose(1, 2))}; }},
        {"relu, relu6, hardtanh, clamp",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             return std::vector{x.relu(),           torch::relu6(5 * x),      torch::hardtanh(x, -0.3, 0.7),
                                x.clamp(-0.2, 0.4), x.clamp_min(0.1),         x.clamp_max(0.1),
                                x.clamp(-0.2),      torch::leaky_relu(x, 0.1)};
         }},
        {"in place",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             Tensor y = x + 0.1;
             y += x;
             y.mul_(2.0);
             return std::vector{y.relu_()};
         }},
        {"sigmoid, tanh, hardswish, hardsigmoid, silu",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             return std::vector{torch::sigmoid(x), torch::tanh(x), torch::hardswish(4 * x), torch::hardsigmoid(4 * x),
                                torch::silu(x)};
         }},
        {"gelu",
         {2, 3, 4},
         [](const Tensor& x) {
             return std::vector{torch::gelu(x), torch::gelu(x, "tanh")};
         }},
        {"softmax",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             return std::vector{torch::softmax(x, 1), torch::softmax(x, -1), torch::log_softmax(x, 1)};
         }},
        {"add, sub",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             return std::vector{x + x.sigmoid(),
                                torch::add(x, x.sigmoid(), 0.5),
                                x + 2,
                                x - weight({5}),
                                torch::sub(x, x.sigmoid(), 3),
                                1.0 - x,
                                torch::rsub(x, x.sigmoid(), 2)};
         }},
        {"mul, div, addcmul",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             return std::vector{x * x.sigmoid(),
                                x * 3,
                                x / (x.abs() + 1),
                                x / 4,
                                1 / (x.abs() + 1),
                                torch::addcmul(weight({3, 1, 1}), x, weight({3, 1, 1}), 0.5),
                                torch::maximum(x, x.sigmoid()),
                                torch::minimum(x, x.sigmoid())};
         }},
        {"pow, square, sqrt, abs, neg, exp, log",
         {2, 3, 4},
         [](const Tensor& x) {
             const Tensor some = x.abs() + 0.3;
             return std::vector{x.pow(2), some.pow(1.5), x.square(), some.sqrt(),  some.rsqrt(),     x.abs(),
                                -x,       x.exp(),       some.log(), some.log1p(), some.reciprocal()};
         }},
        {"cat, stack",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             return std::vector{torch::cat({x, x.relu(), weight({2, 1, 4, 5})}, 1), torch::cat({x, x}, -1),
                                torch::stack({x, x.relu()}, 1), torch::stack({x, x}, -1)};
         }},
        {"bilinear, whole factor",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             return std::vector{torch::upsample_bilinear2d(x, {8, 10}, true),
                                torch::upsample_bilinear2d(x, {8, 10}, false)};
         }},
        {"bilinear, any size",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             return std::vector{
                 torch::upsample_bilinear2d(x, {7, 13}, true), torch::upsample_bilinear2d(x, {7, 13}, false),
                 torch::upsample_bilinear2d(x, {3, 2}, true), torch::upsample_bilinear2d(x, {3, 1}, false)};
         }},
        {"interpolate by factor and size",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             const auto options = F::InterpolateFuncOptions().mode(torch::kBilinear);
             return std::vector{F::interpolate(x, F::InterpolateFuncOptions(options).align_corners(false).scale_factor(
                                                      std::vector<double>{2.0, 2.0})),
                                F::interpolate(x, F::InterpolateFuncOptions(options).align_corners(true).size(
                                                      std::vector<std::int64_t>{9, 9}))};
         }},
        {"nearest",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             return std::vector{torch::upsample_nearest2d(x, {8, 10}), torch::upsample_nearest2d(x, {7, 13}),
                                torch::upsample_nearest2d(x, {3, 2})};
         }},
        {"bicubic",
         {2, 3, 6, 7},
         [](const Tensor& x) {
             return std::vector{torch::upsample_bicubic2d(x, {12, 14}, true),
                                torch::upsample_bicubic2d(x, {9, 11}, false)};
         }},
        {"adaptive pooling",
         {2, 3, 6, 8},
         [](const Tensor& x) {
             const auto one = [&](std::vector<c10::optional<std::int64_t>> sides) {
                 return F::adaptive_avg_pool2d(
                     x, F::AdaptiveAvgPool2dFuncOptions(torch::ExpandingArrayWithOptionalElem<2>(sides)));
             };
             return std::vector{torch::adaptive_avg_pool2d(x, {1, 1}), one({c10::nullopt, 1}), one({1, c10::nullopt}),
                                torch::adaptive_avg_pool2d(x, {3, 3}), torch::adaptive_avg_pool2d(x, {6, 8})};
         }},
        {"average pooling",
         {2, 3, 9, 8},
         [](const Tensor& x) {
             return std::vector{torch::avg_pool2d(x, 2), torch::avg_pool2d(x, 3, 1, 1, false, true),
                                torch::avg_pool2d(x, 3, 1, 1, false, false),
                                torch::avg_pool2d(x, 3, 2, 1, true, false)};
         }},
        {"maximum pooling",
         {2, 3, 9, 8},
         [](const Tensor& x) {
             return std::vector{torch::max_pool2d(x, 2),
                                torch::max_pool2d(x, 3, 2, 1),
                                torch::max_pool2d(x, 2, 2, 0, 1, true),
                                torch::max_pool2d(x, 3, 1, 1, 2),
                                torch::max_pool2d(x, 2, 3, 0, 1, true),
                                torch::max_pool2d(x, 3, 2, 1, 1, true)};
         }},
        {"mean, sum",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             return std::vector{x.mean(), x.mean({3}, true), x.mean({-2, -1}),    x.sum({1}, true),
                                x.sum(),  x.amax({1}),       x.amin({2, 3}, true)};
         }},
        {"permute, transpose, reshape",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             return std::vector{x.permute({0, 2, 3, 1}),
                                x.permute({0, -1, 1, 2}),
                                x.transpose(1, -1),
                                x.reshape({6, -1}),
                                x.view({2, 12, 5}),
                                x.flatten(1),
                                x.unsqueeze(1),
                                x.unsqueeze(-1),
                                x.mean({1}, true).squeeze(1),
                                x.mean({0}).expand({4, 3, 4, 5})};
         }},
        {"slice, select, narrow",
         {2, 3, 6, 5},
         [](const Tensor& x) {
             return std::vector{x.slice(2, 1, 5), x.slice(-1, 0, 100, 2), x.slice(2, -3), x.select(1, 2),
                                x.select(1, -1),  x.narrow(2, 1, 3),      x[0],           x.slice(2, 2, -1)};
         }},
        {"split, chunk",
         {2, 5, 4, 6},
         [](const Tensor& x) {
             std::vector<Tensor> all;
             for (const auto& parts : {x.split(2, 1), x.split_with_sizes({1, 4}, 1), x.chunk(2, 1), x.chunk(3, -1)})
                 all.insert(all.end(), parts.begin(), parts.end());
             return all;
         }},
        {"grid sample",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             const Tensor grid = 1.3 * x.narrow(1, 0, 2).permute({0, 2, 3, 1}); // some outside
             std::vector<Tensor> all;
             for (const bool align : {true, false}) {
                 for (std::int64_t padding = 0; padding < 3; ++padding)
                     all.push_back(torch::grid_sampler(x, grid, 0, padding, align));
                 for (const std::int64_t mode : {1, 2})
                     all.push_back(torch::grid_sampler(x, grid, mode, 0, align));
             }
             return all;
         }},
        {"unfold",
         {2, 3, 7, 6},
         [](const Tensor& x) {
             return std::vector{torch::im2col(x, {3, 3}, {1, 1}, {1, 1}, {1, 1}),
                                torch::im2col(x, {3, 2}, {1, 2}, {0, 1}, {2, 1}),
                                torch::im2col(x, {2, 3}, {2, 1}, {1, 0}, {3, 2})};
         }},
        {"pixel shuffle", {2, 12, 3, 4}, [](const Tensor& x) { return std::vector{torch::pixel_shuffle(x, 2)}; }},
        {"lerp",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             return std::vector{torch::lerp(x, x.exp(), x.sigmoid()), torch::lerp(x, x.exp(), 0.3)};
         }},
        {"padding",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             return std::vector{torch::constant_pad_nd(x, {1, 2, 0, 3}, 0.5), torch::constant_pad_nd(x, {-1, 2}),
                                torch::reflection_pad2d(x, {1, 2, 2, 1}),
                                F::pad(x, F::PadFuncOptions({1, 2, 2, 1}).mode(torch::kReplicate))};
         }},
        {"one tensor twice, and the input",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             const Tensor y = x.relu();
             return std::vector{y, x.sigmoid(), y, x};
         }},
        {"no-ops",
         {2, 3, 4, 5},
         [](const Tensor& x) {
             return std::vector{torch::dropout(x, 0.5, false).contiguous().detach().to(torch::kFloat).clone() + 1,
                                x.contiguous(torch::MemoryFormat::ChannelsLast)};
         }},
    };
    return kCases;
}

/// Weights from the seed, batch norms with statistics that are not the initial ones.
template <class Network>
Network settled(Network network, std::uint64_t seed)
{
    initialise(*network, seed);
    const torch::NoGradGuard noGrad;
    for (auto& [key, value] : stateDict(*network)) {
        if (key.find("running_var") != std::string::npos)
            value.copy_(0.5 + formulaInput(key, value.sizes().vec()).abs());
        else if (key.find("running_mean") != std::string::npos)
            value.copy_(0.2 * formulaInput(key, value.sizes().vec()));
    }
    for (auto& parameter : network->parameters())
        parameter.set_requires_grad(false);
    network->eval();
    return network;
}

} // namespace

class TestGraphTranslator : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void operatorsMatch_data();
    void operatorsMatch();
    void resNetMatches();
    void mobileNetMatches();
    void unknownOperatorsAreNamed();
    void unsupportedArgumentsAreNamed();
    void gradientsAreRefused();
    void untracedValuesAreRefused();
};

void TestGraphTranslator::initTestCase()
{
    if (const QString why = whyNoEngine(Engine::OpenVinoFp32); !why.isEmpty())
        QSKIP(qPrintable(why));
}

void TestGraphTranslator::operatorsMatch_data()
{
    QTest::addColumn<int>("index");
    for (std::size_t i = 0; i < cases().size(); ++i)
        QTest::newRow(cases()[i].name) << int(i);
}

void TestGraphTranslator::operatorsMatch()
{
    QFETCH(int, index);
    const Case& one = cases()[std::size_t(index)];
    const QByteArray text = fault(functionOf(one.body), formulaInput("x", one.shape));
    QVERIFY2(text.isEmpty(), text);
}

void TestGraphTranslator::resNetMatches()
{
    auto net = settled(ResNet18(32, 10), 3);
    const auto function = functionOf([&](const Tensor& x) {
        const auto f = net->features(x);
        return std::vector<Tensor>{f[0], f[1], f[2], f[3], f[4], net->forward(x)};
    });
    const QByteArray text = fault(function, formulaInput("x", {2, 3, 96, 64}));
    QVERIFY2(text.isEmpty(), text);
}

void TestGraphTranslator::mobileNetMatches()
{
    auto net = settled(MobileNetV2(), 3);
    const auto function = functionOf([&](const Tensor& x) {
        const auto f = net->levels(x);
        return std::vector<Tensor>(f.begin(), f.end());
    });
    const QByteArray text = fault(function, formulaInput("x", {1, 3, 96, 64}));
    QVERIFY2(text.isEmpty(), text);
}

void TestGraphTranslator::unknownOperatorsAreNamed()
{
    const auto function = functionOf([](const Tensor& x) { return std::vector{torch::cumsum(x.relu(), 1)}; });
    const QString message = test::errorTextOf([&] { translate(function, {{"x", torch::zeros({2, 7})}}); });
    QVERIFY2(message.contains(u"aten::cumsum of (2 x 7)"_s), qPrintable(message));
    QVERIFY2(message.contains(u"libtorch"_s), qPrintable(message));
}

void TestGraphTranslator::unsupportedArgumentsAreNamed()
{
    const std::vector<std::pair<TensorFunction, QString>> wrong{
        {functionOf([](const Tensor& x) { return std::vector{torch::div(x, x.exp(), "floor")}; }), u"that rounds"_s},
        {functionOf([](const Tensor& x) { return std::vector{torch::avg_pool2d(x, 2, 2, 0, false, true, 3)}; }),
         u"divisor"_s},
        {functionOf([](const Tensor& x) { return std::vector{torch::dropout(x, 0.5, true)}; }), u"training mode"_s},
        {functionOf([](const Tensor& x) { return std::vector{x.to(torch::kDouble)}; }), u"float32"_s},
    };
    for (const auto& [function, part] : wrong) {
        const auto& body = function;
        const QString message = test::errorTextOf([&] { translate(body, {{"x", torch::zeros({1, 1, 4, 6})}}); });
        QVERIFY2(message.contains(part), qPrintable(message));
        QVERIFY2(message.contains(u"(1 x 1 x 4 x 6)"_s), qPrintable(message));
    }
}

void TestGraphTranslator::gradientsAreRefused()
{
    const Tensor trainable = torch::ones({1}, torch::requires_grad());
    const auto function = functionOf([&](const Tensor& x) { return std::vector{x * trainable}; });
    const QString message = test::errorTextOf([&] { translate(function, {{"x", torch::zeros({2, 2})}}); });
    QVERIFY2(message.contains(u"grad"_s), qPrintable(message));
}

void TestGraphTranslator::untracedValuesAreRefused()
{
    const auto function = functionOf([](const Tensor& x) {
        Tensor y = torch::empty({3});
        std::fill_n(y.data_ptr<float>(), 3, 7.0F);
        return std::vector{x + y};
    });
    const QString message = test::errorTextOf([&] { translate(function, {{"x", torch::zeros({2, 3})}}); });
    QVERIFY2(message.contains(u"aten::empty"_s), qPrintable(message));
}

QTEST_GUILESS_MAIN(TestGraphTranslator)
#include "tst_graph_translator.moc"
