// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

// The rooms with networks as a build without OpenVINO has them: this program contains openvino_network_none.cpp, which
// the linker takes instead of the real thing. It would not link if a room needed more of it.

#include "core/base/error.h"
#include "core/data/anomaly_folder.h"
#include "core/data/demo_product.h"
#include "core/image/anomaly_result.h"
#include "core/memseg/bench.h"
#include "core/engines/engine_file.h"
#include "core/memseg/compile.h"
#include "core/memseg/session.h"
#include "core/nn/engine.h"
#include "core/raft/bench.h"
#include "core/u2net/bench.h"

#include <QtCore/QJsonArray>
#include <QtCore/QJsonObject>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <opencv2/core.hpp>

#include <memory>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

/// The engines of a benchmark.
QStringList measured(const QJsonObject& bench)
{
    QStringList names;
    for (const auto& entry : bench[u"engines"_s].toArray())
        names.append(entry[u"engine"_s].toString());
    return names;
}

} // namespace

class TestWithoutOpenVino : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void onlyLibTorchRuns();
    void sessionsFallBackAndSayWhy_data();
    void sessionsFallBackAndSayWhy();
    void compilingIsRefused();
    void benchesMeasureLibTorch();

private:
    const QString m_demoModel = QStringLiteral(LYNCEUS_SOURCE_DIR "/models/demo_memseg.safetensors");
};

void TestWithoutOpenVino::onlyLibTorchRuns()
{
    for (const Engine engine : allEngines()) {
        if (engine == Engine::Auto || engine == Engine::LibTorch)
            continue;
        QVERIFY(!engineAvailable(engine));
        QVERIFY2(whyNoEngine(engine).contains(u"without OpenVINO"_s), qPrintable(whyNoEngine(engine)));
    }
    QVERIFY(engineAvailable(Engine::LibTorch));
}

void TestWithoutOpenVino::sessionsFallBackAndSayWhy_data()
{
    QTest::addColumn<QString>("engine");
    QTest::addColumn<bool>("says");
    for (const Engine engine : allEngines())
        QTest::addRow("%s", qPrintable(engineName(engine)))
            << engineName(engine) << (engine != Engine::Auto && engine != Engine::LibTorch);
}

void TestWithoutOpenVino::sessionsFallBackAndSayWhy()
{
    QFETCH(const QString, engine);
    QFETCH(const bool, says);
    const cv::Mat part = renderDemoPart({}, 3).image;
    const AnomalyResult expected = MemSegSession::load(m_demoModel)->inspect(part);

    SessionOptions options;
    options.engine = engineFromName(engine);
    const auto session = MemSegSession::load(m_demoModel, options);
    QCOMPARE(engineName(session->engine()), u"libtorch"_s);
    QCOMPARE(!session->engineNote().isEmpty(), says);
    QCOMPARE(session->inspect(part).score, expected.score);
}

void TestWithoutOpenVino::compilingIsRefused()
{
    const QTemporaryDir folder;
    const QString model = folder.filePath(u"demo.safetensors"_s);
    QVERIFY(QFile::copy(m_demoModel, model));
    const QString product = folder.filePath(u"product"_s);
    DemoOptions few;
    few.size = 256;
    few.trainGood = 4;
    few.testGood = 2;
    few.testDefective = 2;
    writeDemoProduct(product, few);
    try {
        compileMemSeg(model, AnomalyFolder::open(product, AnomalyFolder::Purpose::Training));
        QFAIL("was compiled");
    } catch (const Error& error) {
        QVERIFY2(error.text().contains(u"without OpenVINO"_s), qPrintable(error.text()));
    }
    QVERIFY(!QFile::exists(engineFile(model)));
}

void TestWithoutOpenVino::benchesMeasureLibTorch()
{
    const QStringList libtorch{u"libtorch"_s};
    QCOMPARE(measured(benchMemSeg({64, 64}, 1)), libtorch);
    QCOMPARE(measured(benchU2Net(u"u2netp"_s, {64, 64}, {}, 1)), libtorch);
    QCOMPARE(measured(benchRaft(u"raft-small"_s, {128, 128}, {}, 1)), libtorch);
    QVERIFY_THROWS_EXCEPTION(Error, benchMemSeg({64, 64}, 1, {}, {Engine::OpenVinoInt8}));
}

QTEST_GUILESS_MAIN(TestWithoutOpenVino)
#include "tst_without_openvino.moc"
