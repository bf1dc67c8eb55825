// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/schedule.h"
#include "core/nn/torch.h"
#include "tests/support/oracle.h"

#include <QtTest/QTest>

using namespace Qt::StringLiterals;
using namespace lynceus;

class TestSchedule : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void warmsUpAndFalls();
    void worksWithoutWarmup();
    void fallsToZero();
    void matchesOracle_data() { oracle::addRows(u"schedule_adamw"_s); }
    void matchesOracle();
    void optimiserMatchesOracle_data() { oracle::addRows(u"schedule_adamw"_s); }
    void optimiserMatchesOracle();
};

void TestSchedule::warmsUpAndFalls()
{
    // methods.md 1.3, reference profile
    const auto rate = [](int step) { return warmupCosine(step, 5000, 500, 1e-4, 3e-3); };
    QCOMPARE(rate(0), 1e-4);
    QCOMPARE(rate(250), 1e-4 + 0.5 * 2.9e-3);
    QCOMPARE(rate(500), 3e-3);
    QCOMPARE(rate(2750), 1e-4 + 0.5 * 2.9e-3);
    QCOMPARE(rate(5000), 1e-4);
    QCOMPARE(rate(9999), 1e-4);
    for (int step = 500; step < 5000; ++step)
        QVERIFY(rate(step + 1) < rate(step));
}

void TestSchedule::worksWithoutWarmup()
{
    QCOMPARE(warmupCosine(0, 10, 0, 0.1, 1.0), 1.0);
    QCOMPARE(warmupCosine(0, 0, 0, 0.1, 1.0), 0.1);
    QCOMPARE(warmupCosine(5, 10, 10, 0.0, 1.0), 0.5);
    QCOMPARE(warmupCosine(10, 10, 10, 0.0, 1.0), 0.0);
}

void TestSchedule::fallsToZero()
{
    QCOMPARE(cosineToZero(0, 2700, 0.04), 0.04);
    QCOMPARE(cosineToZero(1350, 2700, 0.04), 0.02);
    QCOMPARE(cosineToZero(2700, 2700, 0.04), 0.0);
    QCOMPARE(cosineToZero(3000, 2700, 0.04), 0.0);
}

void TestSchedule::matchesOracle()
{
    QFETCH(QString, path);
    // 60 steps, warm-up 6, between 1e-4 and 3e-3; the reference starts anew after step 60.
    const torch::Tensor want = readTensor(SafetensorsFile(path), "output.memseg.lr");
    QVERIFY(want.numel() >= 60);
    for (std::int64_t step = 0; step < want.numel(); ++step)
        QVERIFY(std::abs(warmupCosine(int(step % 60), 60, 6, 1e-4, 3e-3) - want[step].item<double>()) < 1e-9);
}

void TestSchedule::optimiserMatchesOracle()
{
    QFETCH(QString, path);
    const SafetensorsFile file(path);
    torch::Tensor w = readTensor(file, "input.adamw.w0").set_requires_grad(true);
    const torch::Tensor x = readTensor(file, "input.adamw.x");
    const torch::Tensor y = readTensor(file, "input.adamw.y");
    torch::optim::AdamW optimizer({w}, torch::optim::AdamWOptions(3e-3).weight_decay(5e-4));
    for (int step = 1; step <= 5; ++step) {
        optimizer.zero_grad();
        (torch::matmul(x, w.t()) - y).square().mean().backward();
        optimizer.step();
        const QByteArray fault = oracle::difference(file, "output.adamw.w" + std::to_string(step), w, 1e-6);
        QVERIFY2(fault.isEmpty(), fault);
    }
}

QTEST_GUILESS_MAIN(TestSchedule)
#include "tst_schedule.moc"
