// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/batch_norm.h"
#include "core/nn/torch.h"

#include <QtTest/QTest>

using namespace lynceus;

namespace {

torch::nn::BatchNorm2d makeNorm(int channels)
{
    torch::nn::BatchNorm2d norm(channels);
    const torch::NoGradGuard noGrad;
    norm->weight.uniform_(-1.5, 1.5);
    norm->bias.uniform_(-0.5, 0.5);
    return norm;
}

double difference(const torch::Tensor& a, const torch::Tensor& b)
{
    return ((a - b).abs().max() / b.abs().max().clamp_min(1e-2)).item<double>();
}

} // namespace

class TestBatchNorm : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void agreesWithLibTorch_data();
    void agreesWithLibTorch();
    void leavesEvaluationToLibTorch();
};

void TestBatchNorm::agreesWithLibTorch_data()
{
    QTest::addColumn<int>("channels");
    QTest::addColumn<int>("side");
    QTest::addColumn<double>("mean");
    QTest::newRow("16 channels") << 16 << 40 << 0.0;
    QTest::newRow("odd number of channels, odd side") << 13 << 33 << 0.0;
    QTest::newRow("one channel") << 1 << 24 << 0.0;
    QTest::newRow("far from zero") << 24 << 32 << 1000.0;
    QTest::newRow("one place an image") << 8 << 1 << 0.0;
}

void TestBatchNorm::agreesWithLibTorch()
{
    QFETCH(int, channels);
    QFETCH(int, side);
    QFETCH(double, mean);
    torch::manual_seed(5);
    auto own = makeNorm(channels);
    torch::nn::BatchNorm2d reference(channels);
    const auto data = torch::randn({4, channels, side, side}) * 2.0 + mean;
    const auto gradient = torch::randn({4, channels, side, side});
    {
        const torch::NoGradGuard noGrad;
        reference->weight.copy_(own->weight);
        reference->bias.copy_(own->bias);
    }
    reference->to(torch::kDouble);

    const auto x = data.clone(torch::MemoryFormat::ChannelsLast).requires_grad_();
    const auto y = batchNormRelu(*own, x);
    y.backward(gradient.contiguous(torch::MemoryFormat::ChannelsLast));
    QVERIFY(y.is_contiguous(torch::MemoryFormat::ChannelsLast));
    const auto exactX = data.to(torch::kDouble).requires_grad_();
    const auto exact = torch::relu(reference->forward(exactX));
    exact.backward(gradient.to(torch::kDouble));

    const double tolerance = mean > 0.0 ? 1e-3 : 2e-5; // in single precision x itself is rounded
    QVERIFY(difference(y, exact) < tolerance);
    QVERIFY(difference(x.grad(), exactX.grad()) < 10.0 * tolerance);
    QVERIFY(difference(own->weight.grad(), reference->weight.grad()) < 10.0 * tolerance);
    QVERIFY(difference(own->bias.grad(), reference->bias.grad()) < 10.0 * tolerance);
    QVERIFY(difference(own->running_mean, reference->running_mean) < tolerance);
    QVERIFY(difference(own->running_var, reference->running_var) < tolerance);
}

void TestBatchNorm::leavesEvaluationToLibTorch()
{
    torch::manual_seed(6);
    auto norm = makeNorm(12);
    const auto x = torch::randn({2, 12, 9, 7}).contiguous(torch::MemoryFormat::ChannelsLast);
    batchNormRelu(*norm, x); // moves the running statistics
    norm->eval();
    const auto mean = norm->running_mean.clone();
    QVERIFY(difference(batchNormRelu(*norm, x), torch::relu(norm->forward(x))) < 1e-6);
    QVERIFY(torch::equal(mean, norm->running_mean));
}

QTEST_GUILESS_MAIN(TestBatchNorm)
#include "tst_batch_norm.moc"
