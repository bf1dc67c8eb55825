// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/device.h"
#include "core/nn/encoder_bench.h"
#include "core/nn/engine_bench.h"
#include "tests/support/test_images.h"

#include <QtTest/QTest>

#include <cmath>

using namespace Qt::StringLiterals;
using namespace lynceus;

class TestEngineBench : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void latencies();
    void encodersAreMeasured_data();
    void encodersAreMeasured();
    void badInputIsRefused();
    void cancelStops();
};

void TestEngineBench::latencies()
{
    std::vector<double> times;
    for (int i = 100; i >= 1; --i)
        times.push_back(i);
    const QJsonObject json = latencyJson(times);
    QCOMPARE(json[u"min"_s].toDouble(), 1.0);
    QCOMPARE(json[u"p50"_s].toDouble(), 50.0);
    QCOMPARE(json[u"p95"_s].toDouble(), 95.0);
    QCOMPARE(json[u"p99"_s].toDouble(), 99.0);
    QCOMPARE(latencyJson({7.0})[u"p99"_s].toDouble(), 7.0);
    QCOMPARE(median({3.0, 1.0, 2.0}), 2.0);
}

void TestEngineBench::encodersAreMeasured_data()
{
    QTest::addColumn<QString>("name");
    QTest::newRow("ResNet-18") << u"resnet18"_s;
    QTest::newRow("MobileNetV2") << u"mobilenetv2"_s;
}

void TestEngineBench::encodersAreMeasured()
{
    QFETCH(const QString, name);
    std::vector<Engine> engines;
    for (const Engine engine : allEngines()) {
        if (engineAvailable(engine))
            engines.push_back(engine);
    }
    const QJsonObject json = benchEncoder(name, {64, 32}, engines, 3);
    QCOMPARE(json[u"name"_s].toString(), name);
    QCOMPARE(json[u"width"_s].toInt(), 64);
    QCOMPARE(json[u"height"_s].toInt(), 32);
    QCOMPARE(json[u"runs"_s].toInt(), 3);
    QVERIFY(json[u"peak_memory_mb"_s].toDouble() > 0.0);
    const QJsonArray rows = json[u"engines"_s].toArray();
    QCOMPARE(rows.size(), qsizetype(engines.size()));
    for (qsizetype i = 0; i < rows.size(); ++i) {
        const QJsonObject row = rows[i].toObject();
        QCOMPARE(row[u"engine"_s].toString(), engineName(engines[std::size_t(i)]));
        for (const QString& key : {u"fps"_s, u"ratio"_s, u"load_ms"_s, u"first_ms"_s})
            QVERIFY2(row[key].toDouble() > 0.0 || engines[std::size_t(i)] == Engine::LibTorch, qPrintable(key));
        QVERIFY(row[u"latency_ms"_s][u"p95"_s].toDouble() >= row[u"latency_ms"_s][u"p50"_s].toDouble());
        QCOMPARE(row[u"throughput"_s][u"streams"_s].toInt(), threads());
        const double error = row[u"error"_s].toDouble();
        const bool exact = engines[std::size_t(i)] == Engine::LibTorch;
        const bool single = engines[std::size_t(i)] == Engine::OpenVinoFp32;
        QVERIFY2(error <= (exact ? 0.0 : single ? 1e-4 : 1.0), qPrintable(QString::number(error)));
    }
}

void TestEngineBench::badInputIsRefused()
{
    QVERIFY(test::errorTextOf([] { benchEncoder(u"resnet18"_s, {100, 64}, {}, 3); }).contains(u"100 x 64"_s));
    QVERIFY(test::errorTextOf([] { benchEncoder(u"resnet18"_s, {0, 0}, {}, 3); }).contains(u"0 x 0"_s));
    QVERIFY(test::errorTextOf([] { benchEncoder(u"resnet18"_s, {64, 64}, {}, 0); }).contains(u'0'));
}

void TestEngineBench::cancelStops()
{
    TaskContext context;
    context.progress = [cancel = context.cancel](const Progress&) mutable { cancel.cancel(); };
    QVERIFY_THROWS_EXCEPTION(Cancelled, benchEncoder(u"mobilenetv2"_s, {64, 64}, {}, 50, context));
}

QTEST_GUILESS_MAIN(TestEngineBench)
#include "tst_engine_bench.moc"
