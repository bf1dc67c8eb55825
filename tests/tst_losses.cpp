// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/losses.h"
#include "core/nn/torch.h"
#include "tests/support/oracle.h"

#include <QtTest/QTest>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

/// Logits that give one pixel the defect probability p.
torch::Tensor logitsFor(double p)
{
    return torch::tensor({0.0, std::log(p / (1.0 - p))}, torch::kDouble).view({1, 2, 1, 1});
}

} // namespace

class TestLosses : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void focalTermOfOnePixel_data();
    void focalTermOfOnePixel();
    void mixesFocalAndL1();
    void matchesOracle_data() { oracle::addRows(u"losses"_s); }
    void matchesOracle();
};

void TestLosses::focalTermOfOnePixel_data()
{
    QTest::addColumn<double>("p");
    QTest::addColumn<double>("wanted");
    // methods.md 1.4
    QTest::newRow("half") << 0.5 << 0.04332;
    QTest::newRow("wrong") << 0.1 << 1.5107;
    QTest::newRow("right") << 0.9 << 1.05e-5;
}

void TestLosses::focalTermOfOnePixel()
{
    QFETCH(double, p);
    QFETCH(double, wanted);
    const torch::Tensor defect = torch::ones({1, 1, 1}, torch::kDouble);
    const double onDefect = softmaxFocalLoss(logitsFor(p), defect, 4.0, 0.0).item<double>();
    const double onGood = softmaxFocalLoss(logitsFor(1.0 - p), 1.0 - defect, 4.0, 0.0).item<double>();
    QVERIFY2(std::abs(onDefect - wanted) <= 5e-3 * wanted, qPrintable(QString::number(onDefect)));
    QVERIFY(std::abs(onGood - onDefect) < 1e-12);
}

void TestLosses::mixesFocalAndL1()
{
    const torch::Tensor target = torch::ones({1, 1, 1}, torch::kDouble);
    QVERIFY(std::abs(defectL1Loss(logitsFor(0.3), target).item<double>() - 0.7) < 1e-12);
    const double total = memSegLoss(logitsFor(0.3), target).item<double>();
    QVERIFY(std::abs(total - 0.6 * 0.7 - 0.4 * softmaxFocalLoss(logitsFor(0.3), target).item<double>()) < 1e-12);
}

void TestLosses::matchesOracle()
{
    QFETCH(QString, path);
    const SafetensorsFile file(path);
    if (!file.contains("input.memseg.logits"))
        QSKIP("no MemSeg losses in this file");
    const torch::Tensor target = readTensor(file, "input.memseg.target");
    int compared = 0;
    for (const auto& [name, want] : readStateDict(file, "output.memseg.")) {
        torch::Tensor logits = readTensor(file, "input.memseg.logits").set_requires_grad(true);
        const QString key = QString::fromStdString(name);
        const QString loss = key.section(u'.', 0, 0);
        torch::Tensor got;
        if (loss == u"l1"_s) {
            got = defectL1Loss(logits, target);
        } else if (loss == u"total"_s) {
            got = memSegLoss(logits, target);
        } else if (loss.startsWith(u"focal_gamma"_s) && !loss.endsWith(u"nosmooth"_s)) {
            got = softmaxFocalLoss(logits, target, loss.mid(11).section(u'_', 0, 0).toDouble());
            if (loss.endsWith(u"_sum"_s))
                got = got * target.numel();
        } else {
            continue; // the reference's smooth = 0 drops the target; the image score is tested with its function
        }
        if (key.endsWith(u".grad_logits"_s)) {
            got.backward();
            got = logits.grad();
        }
        const QByteArray fault = oracle::difference(got, want);
        QVERIFY2(fault.isEmpty(), QByteArray::fromStdString(name) + ": " + fault);
        ++compared;
    }
    QVERIFY(compared > 0);
}

QTEST_GUILESS_MAIN(TestLosses)
#include "tst_losses.moc"
