// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/data/demo_product.h"
#include "core/image/image_io.h"
#include "core/image/preprocessing.h"
#include "core/engines/engine_file.h"
#include "core/engines/network_set.h"
#include "core/engines/parity_gate.h"
#include "core/memseg/compile.h"
#include "core/memseg/gate_subject.h"
#include "core/memseg/model.h"
#include "core/memseg/session.h"
#include "core/nn/torch.h"
#include "core/weights/model_file.h"
#include "tests/support/needs_engine.h"
#include "tests/support/test_images.h"

#include <QtCore/QDir>
#include <QtCore/QDirIterator>
#include <QtCore/QFile>
#include <QtCore/QJsonDocument>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <map>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

constexpr std::uint64_t kImages = 8;

QString demoModel()
{
    return QStringLiteral(LYNCEUS_SOURCE_DIR "/models/demo_memseg.safetensors");
}

std::vector<GateImage> demoImages(const Preprocessing& how)
{
    std::vector<GateImage> images;
    for (std::uint64_t index = 0; index < kImages; ++index) {
        const bool good = index % 2 == 0;
        cv::Mat picture;
        prepare(renderDemoPart({}, 300 + index, good ? QString() : demoDefectKinds()[0]).image, how)
            .convertTo(picture, CV_8U);
        images.push_back({u"part %1"_s.arg(index), picture, good});
    }
    return images;
}

/// The same model with an encoder that has forgotten a layer.
MemSegModel damaged(const QString& file)
{
    MemSegModel model = loadMemSegModel(file);
    const torch::NoGradGuard noGrad;
    auto parameters = model.network->encoder()->parameters();
    parameters[parameters.size() / 2].zero_();
    return model;
}

GateReport passedReport(Engine engine, double ratio)
{
    GateReport report;
    report.engine = engine;
    report.images = 10;
    report.ms = 10.0;
    report.libTorchMs = 10.0 * ratio;
    return report;
}

} // namespace

class TestParityGate : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void reportsComeBack();
    void theFastestThatPassedIsTaken();
    void sameNetworksPass();
    void goodPartsKeepTheirMargin();
    void brokenNetworksAreBlocked();
    void modelsMayNameTheirEngine();
    void blockedEnginesAreNotUsed();
    void setsOfOtherMachinesAreComparedFirst();
    void comparingCanBeCancelled();
    void newThresholdsAreComparedFirst();
    void whatCannotBeUsedIsLibTorchWithANote();
    void changedSetsAreRefused();
    void damagedCachesAreMadeAnew_data();
    void damagedCachesAreMadeAnew();
    void compilingMakesEngines();
    void cancelKeepsTheOldFile();
    void tooFewImagesAreRefused();
    void imagesOfAnotherPartAreRefused();
    void networksAreExported();

private:
    /// The plain networks of `networks`, said to belong to m_model and to have passed on this machine.
    EngineSet setOf(const MemSegModel& networks) const;
    SessionOptions with(Engine engine) const;
    /// Pictures of the demo product to compile with.
    AnomalyFolder goodParts(int count) const;

    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_model; ///< a copy of the demo product's
};

void TestParityGate::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    m_model = m_folder->filePath(u"modell ✓.safetensors"_s);
    QVERIFY(QFile::copy(demoModel(), m_model));
    QFile::setPermissions(m_model, QFile::ReadOwner | QFile::WriteOwner);
}

EngineSet TestParityGate::setOf(const MemSegModel& networks) const
{
    const SafetensorsFile file(m_model);
    const ModelInfo info = readModelInfo(file);
    EngineSet set;
    set.model = modelIdentity(verifiedTensors(file), info);
    set.machine = engineMachine();
    set.thresholds = info.thresholds;
    set.plain = translateNetworks(MemSegGateSubject(networks).networks({}));
    set.images = demoImages(info.preprocessing);
    set.reports = {passedReport(Engine::OpenVinoFp32, 3.0)};
    return set;
}

SessionOptions TestParityGate::with(Engine engine) const
{
    SessionOptions options;
    options.engine = engine;
    options.cacheFolder = m_folder->filePath(u"cache"_s);
    return options;
}

AnomalyFolder TestParityGate::goodParts(int count) const
{
    DemoOptions product;
    product.trainGood = count;
    product.testGood = 0;
    product.testDefective = 0;
    const QString data = m_folder->filePath(u"daten"_s);
    writeDemoProduct(data, product);
    return AnomalyFolder::open(data, AnomalyFolder::Purpose::Training);
}

void TestParityGate::reportsComeBack()
{
    GateReport report = passedReport(Engine::OpenVinoInt8, 2.5);
    report.shift = 0.0125;
    report.mapShift = 0.25;
    report.meanMapShift = 0.001;
    report.regionsChanged = 2;
    report.worst = QStringList{u"Teil ✓"_s};
    report.floatLayers = QStringList{u"convolution_3"_s};
    QVERIFY(report.passed());
    QVERIFY2(report.summary().contains(u"0.0125"_s) && report.summary().contains(u"2.50"_s),
             qPrintable(report.summary()));
    const GateReport read = GateReport::fromJson(report.toJson());
    QCOMPARE(QJsonDocument(read.toJson()).toJson(), QJsonDocument(report.toJson()).toJson());

    report.verdictsChanged = 1;
    QVERIFY(!report.passed());
    QVERIFY(report.summary().contains(u"blocked"_s));
    report.verdictsChanged = 0;
    report.goodRise = 0.0125; // what lies between the good parts and the threshold
    report.margin = 0.0125;
    QVERIFY(report.passed());
    report.margin = 0.0124;
    QVERIFY(!report.passed());
    QVERIFY2(report.summary().contains(u"0.0124"_s), qPrintable(report.summary()));
    report.margin = 0.0125;
    report.shift = GateReport::kMostScoreShift + 1e-6;
    QVERIFY(!report.passed());
    report = passedReport(Engine::OpenVinoInt8, 2.5);
    report.images = 0;
    QVERIFY(!report.passed()); // nothing was compared
    QVERIFY_THROWS_EXCEPTION(Error, GateReport::fromJson({{u"engine"_s, u"libtorch"_s}}));
}

void TestParityGate::theFastestThatPassedIsTaken()
{
    std::vector<GateReport> reports{passedReport(Engine::OpenVinoFp32, 1.3), passedReport(Engine::OpenVinoBf16, 1.9),
                                    passedReport(Engine::OpenVinoInt8, 2.4)};
    QCOMPARE(fastestPassed(reports), Engine::OpenVinoInt8);
    reports[2].verdictsChanged = 1;
    QCOMPARE(fastestPassed(reports), Engine::OpenVinoBf16);
    reports[1].failure = u"no memory"_s;
    QCOMPARE(fastestPassed(reports), Engine::OpenVinoFp32);
    reports[0].libTorchMs = 10.2; // no reason to change
    QCOMPARE(fastestPassed(reports), Engine::LibTorch);
    QCOMPARE(fastestPassed({}), Engine::LibTorch);
}

void TestParityGate::sameNetworksPass()
{
    NEEDS(Engine::OpenVinoFp32);
    const MemSegModel model = loadMemSegModel(m_model);
    MemSegGateSubject subject(model);
    std::vector<GateReport> failures;
    const auto engines = compiledEngines(subject, setOf(model), {}, failures);
    QVERIFY(failures.empty());
    QVERIFY(!engines.empty());
    const auto reports = compareEngines(subject, engines, demoImages(model.info.preprocessing));
    QCOMPARE(reports.size(), engines.size());
    QCOMPARE(reports[0].engine, Engine::OpenVinoFp32);
    QVERIFY2(reports[0].passed(), qPrintable(reports[0].summary()));
    QCOMPARE(reports[0].images, int(kImages));
    QVERIFY(reports[0].shift < 1e-4 && reports[0].mapShift < 1e-3);
    QVERIFY(reports[0].ms > 0.0 && reports[0].libTorchMs > 0.0);
}

void TestParityGate::goodPartsKeepTheirMargin()
{
    MemSegModel model = loadMemSegModel(m_model);
    MemSegGateSubject subject(model);
    const GateRun reference = subject.runWith({});
    const auto images = demoImages(model.info.preprocessing);
    double highest = 0.0;
    for (const GateImage& image : images) {
        if (image.good)
            highest = std::max(highest, imageScore(reference(subject.inputs(image))));
    }
    // The same model on another scale: all scores a little higher, and no verdict changed.
    MemSegModel raised = loadMemSegModel(m_model);
    raised.fusion.centre -= 0.02 * raised.fusion.spread;
    const std::vector<GateEngine> engines{{Engine::OpenVinoFp32, MemSegGateSubject(raised).runWith({})}};
    const auto reportAt = [&](double threshold) {
        model.info.thresholds = {};
        model.info.thresholds.score = model.info.thresholds.review = threshold;
        return compareEngines(subject, engines, images).front();
    };
    const GateReport far = reportAt(highest + 0.05);
    QVERIFY2(far.passed(), qPrintable(far.summary()));
    QVERIFY(far.goodRise > 0.0 && far.goodRise < 0.02);
    const GateReport near = reportAt(highest + 0.5 * far.goodRise + 1e-6);
    QVERIFY(!near.passed());
    QVERIFY(std::abs(near.margin - 0.5 * far.goodRise - 1e-6) < 1e-9);
    QCOMPARE(near.goodRise, far.goodRise);
    const GateReport other = reportAt(highest + 1.01 * far.goodRise);
    QCOMPARE(other.verdictsChanged, 0);
    QVERIFY2(other.passed(), qPrintable(other.summary()));
}

void TestParityGate::brokenNetworksAreBlocked()
{
    NEEDS(Engine::OpenVinoFp32);
    const MemSegModel model = loadMemSegModel(m_model);
    MemSegGateSubject subject(model);
    std::vector<GateReport> failures;
    const auto engines = compiledEngines(subject, setOf(damaged(m_model)), {}, failures);
    const auto report = compareEngines(subject, {engines.front()}, demoImages(model.info.preprocessing)).front();
    QVERIFY(!report.passed());
    QVERIFY(report.shift > GateReport::kMostScoreShift);
    QVERIFY(!report.worst.isEmpty());
    QVERIFY2(report.worst.front().startsWith(u"part "_s), qPrintable(report.worst.front()));
    QCOMPARE(fastestPassed({report}), Engine::LibTorch);
}

void TestParityGate::modelsMayNameTheirEngine()
{
    const std::vector<GateReport> reports{passedReport(Engine::OpenVinoFp32, 1.5),
                                          passedReport(Engine::OpenVinoInt8, 3.0)};
    QCOMPARE(engineThatRuns(Engine::Auto, reports), Engine::OpenVinoInt8);
    QCOMPARE(engineThatRuns(Engine::OpenVinoFp32, reports), Engine::OpenVinoFp32);
    QCOMPARE(engineThatRuns(Engine::OpenVinoBf16, reports), Engine::LibTorch);
    QCOMPARE(engineThatRuns(Engine::LibTorch, reports), Engine::LibTorch);

    NEEDS(Engine::OpenVinoFp32);
    EngineSet set = setOf(loadMemSegModel(m_model));
    const auto engineOf = [&](Engine own, Engine asked) {
        set.engine = own;
        saveEngineSet(engineFile(m_model), set);
        return MemSegSession::load(m_model, with(asked))->engine();
    };
    QCOMPARE(engineOf(Engine::LibTorch, Engine::Auto), Engine::LibTorch);
    QCOMPARE(engineOf(Engine::LibTorch, Engine::OpenVinoFp32), Engine::OpenVinoFp32);
    QCOMPARE(engineOf(Engine::OpenVinoFp32, Engine::Auto), Engine::OpenVinoFp32);
    set.reports.front().verdictsChanged = 1;
    QCOMPARE(engineOf(Engine::OpenVinoFp32, Engine::Auto), Engine::LibTorch);
    QVERIFY(!MemSegSession::load(m_model, with(Engine::Auto))->engineNote().isEmpty());
}

void TestParityGate::blockedEnginesAreNotUsed()
{
    NEEDS(Engine::OpenVinoFp32);
    EngineSet set = setOf(loadMemSegModel(m_model));
    set.reports.front().verdictsChanged = 2;
    saveEngineSet(engineFile(m_model), set);
    QCOMPARE(readGateReports(m_model).front().verdictsChanged, 2);
    const auto automatic = MemSegSession::load(m_model, with(Engine::Auto));
    QCOMPARE(automatic->engine(), Engine::LibTorch);
    QVERIFY(automatic->engineNote().isEmpty());
    const auto asked = MemSegSession::load(m_model, with(Engine::OpenVinoFp32));
    QCOMPARE(asked->engine(), Engine::LibTorch);
    QVERIFY2(asked->engineNote().contains(u"openvino-fp32"_s), qPrintable(asked->engineNote()));
    SessionOptions measuring = with(Engine::OpenVinoFp32);
    measuring.evenBlocked = true;
    const auto measured = MemSegSession::load(m_model, measuring);
    QCOMPARE(measured->engine(), Engine::OpenVinoFp32);
    QVERIFY(!measured->engineNote().isEmpty());

    set.reports.front().verdictsChanged = 0;
    saveEngineSet(engineFile(m_model), set);
    const auto used = MemSegSession::load(m_model, with(Engine::Auto));
    QCOMPARE(used->engine(), Engine::OpenVinoFp32);
    QVERIFY(used->engineNote().isEmpty());
    const cv::Mat part = renderDemoPart({}, 5).image;
    QVERIFY(std::abs(used->inspect(part).score - automatic->inspect(part).score) < 1e-4);
}

void TestParityGate::setsOfOtherMachinesAreComparedFirst()
{
    NEEDS(Engine::OpenVinoFp32);
    EngineSet set = setOf(damaged(m_model));
    set.machine = u"a machine where they agreed"_s;
    saveEngineSet(engineFile(m_model), set);
    QCOMPARE(MemSegSession::load(m_model, with(Engine::Auto))->engine(), Engine::LibTorch);
    const auto asked = MemSegSession::load(m_model, with(Engine::OpenVinoFp32));
    QCOMPARE(asked->engine(), Engine::LibTorch);
    QVERIFY2(asked->engineNote().contains(u"blocked"_s), qPrintable(asked->engineNote()));
    // It was found out once and written down.
    const QDir gates(m_folder->filePath(u"cache/gates"_s));
    const QStringList files = gates.entryList({u"*.json"_s}, QDir::Files);
    QCOMPARE(files.size(), 1);
    QVERIFY(readGateReports(m_model).front().passed());                                  // as it came
    QVERIFY(!readGateReports(m_model, m_folder->filePath(u"cache"_s)).front().passed()); // as it is here

    set = setOf(loadMemSegModel(m_model));
    set.machine = u"a machine where they did not"_s;
    set.reports.front().failure = u"no such processor"_s;
    saveEngineSet(engineFile(m_model), set);
    QCOMPARE(MemSegSession::load(m_model, with(Engine::OpenVinoFp32))->engine(), Engine::OpenVinoFp32);
    QCOMPARE(gates.entryList({u"*.json"_s}, QDir::Files).size(), 2);
}

void TestParityGate::comparingCanBeCancelled()
{
    NEEDS(Engine::OpenVinoFp32);
    EngineSet set = setOf(loadMemSegModel(m_model));
    set.machine = u"a machine where they agreed"_s;
    saveEngineSet(engineFile(m_model), set);
    SessionOptions options = with(Engine::Auto);
    options.cancel.cancel();
    QVERIFY_THROWS_EXCEPTION(Cancelled, MemSegSession::load(m_model, options));
    QVERIFY(!QDir(m_folder->filePath(u"cache/gates"_s)).exists());
}

void TestParityGate::newThresholdsAreComparedFirst()
{
    NEEDS(Engine::OpenVinoFp32);
    saveEngineSet(engineFile(m_model), setOf(damaged(m_model)));
    QCOMPARE(MemSegSession::load(m_model, with(Engine::Auto))->engine(), Engine::OpenVinoFp32); // as its report says
    Thresholds other = readModelInfo(m_model).thresholds;
    other.score *= 0.9;
    other.review = other.score;
    updateModelThresholds(m_model, other, {});
    QVERIFY(!readGateReports(m_model).empty()); // the networks are still this model's
    QCOMPARE(MemSegSession::load(m_model, with(Engine::Auto))->engine(), Engine::LibTorch);
}

void TestParityGate::whatCannotBeUsedIsLibTorchWithANote()
{
    const auto noteOf = [&](Engine engine) {
        const auto session = MemSegSession::load(m_model, with(engine));
        return session->engine() == Engine::LibTorch ? session->engineNote() : u"not libtorch"_s;
    };
    QCOMPARE(noteOf(Engine::Auto), QString());
    QCOMPARE(noteOf(Engine::LibTorch), QString());
    QVERIFY(!noteOf(Engine::OpenVinoFp32).isEmpty()); // never compiled, or a build without OpenVINO
    if (!engineAvailable(Engine::OpenVinoFp32))
        return;
    QVERIFY(noteOf(Engine::OpenVinoFp32).contains(u"ompile"_s));
    QFile file(engineFile(m_model));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("not safetensors at all");
    file.close();
    QVERIFY(noteOf(Engine::Auto).contains(QFileInfo(file).fileName()));

    EngineSet set = setOf(loadMemSegModel(m_model));
    saveEngineSet(engineFile(m_model), set);
    QCOMPARE(noteOf(Engine::OpenVinoFp32), u"not libtorch"_s);
    QVERIFY(file.open(QIODevice::ReadWrite));
    QVERIFY(file.seek(file.size() / 2));
    file.write("a few bytes in the middle");
    file.close();
    QVERIFY(noteOf(Engine::Auto).contains(QFileInfo(file).fileName()));

    set.plain["encoder"].xml = "<net/>";
    saveEngineSet(engineFile(m_model), set);
    QVERIFY(noteOf(Engine::Auto).contains(u"OpenVINO"_s));

    set = setOf(loadMemSegModel(m_model));
    set.model = u"another"_s;
    saveEngineSet(engineFile(m_model), set);
    QVERIFY(noteOf(Engine::Auto).contains(u"another model"_s));
    QVERIFY(readGateReports(m_model).empty());
}

void TestParityGate::changedSetsAreRefused()
{
    EngineSet set;
    set.model = u"model"_s;
    set.machine = engineMachine();
    set.reports = {passedReport(Engine::OpenVinoInt8, 3.0)};
    set.reports.front().verdictsChanged = 7;
    const QString path = engineFile(m_model);
    saveEngineSet(path, set);
    QCOMPARE(loadEngineSet(path).reports.front().verdictsChanged, 7);
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray whole = file.readAll();
    file.close();
    const auto refused = [&](const QByteArray& before, const QByteArray& after) {
        QByteArray changed = whole;
        test::writeFile(path, changed.replace(before, after));
        return changed != whole && test::errorTextOf([&] { loadEngineSet(path); }).contains(path);
    };
    QVERIFY(refused("verdicts_changed\\\":7", "verdicts_changed\\\":0"));
    QVERIFY(refused("min_region_area\\\":16", "min_region_area\\\":96"));
    QVERIFY(refused("engine\\\":\\\"auto", "engine\\\":\\\"int8"));
    QVERIFY(refused("lynceus_sha256", "lynceus_sha257"));
}

void TestParityGate::damagedCachesAreMadeAnew_data()
{
    QTest::addColumn<int>("at"); ///< percent of the file
    QTest::addColumn<bool>("cut");
    QTest::addColumn<QByteArray>("content"); ///< written there
    const QByteArray garbage(4096, '?');
    QTest::newRow("empty") << 0 << true << QByteArray();
    QTest::newRow("another file") << 0 << true << garbage;
    QTest::newRow("truncated") << 50 << true << QByteArray();
    QTest::newRow("garbage at the end") << 50 << true << garbage;
    QTest::newRow("changed in the middle") << 50 << false << garbage; // OpenVINO reads that without a word
}

void TestParityGate::damagedCachesAreMadeAnew()
{
    QFETCH(int, at);
    QFETCH(bool, cut);
    QFETCH(QByteArray, content);
    NEEDS(Engine::OpenVinoFp32);
    saveEngineSet(engineFile(m_model), setOf(loadMemSegModel(m_model)));
    const cv::Mat part = renderDemoPart({}, 5).image;
    const double score = MemSegSession::load(m_model, with(Engine::OpenVinoFp32))->inspect(part).score;
    std::map<QString, QByteArray> damaged;
    QDirIterator files(m_folder->filePath(u"cache"_s), {u"*.blob"_s}, QDir::Files, QDirIterator::Subdirectories);
    while (files.hasNext()) {
        QFile file(files.next());
        QVERIFY(file.open(QIODevice::ReadWrite));
        const qint64 place = file.size() * at / 100;
        QVERIFY(!cut || file.resize(place));
        QVERIFY(file.seek(place));
        QCOMPARE(file.write(content), content.size());
        QVERIFY(file.seek(0));
        damaged[file.fileName()] = file.readAll();
    }
    QVERIFY(!damaged.empty());
    const auto session = MemSegSession::load(m_model, with(Engine::OpenVinoFp32));
    QCOMPARE(session->engine(), Engine::OpenVinoFp32);
    QCOMPARE(session->engineNote(), QString());
    QCOMPARE(session->inspect(part).score, score);
    for (const auto& [name, bytes] : damaged) {
        QFile file(name);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QVERIFY(file.readAll() != bytes);
    }
}

void TestParityGate::compilingMakesEngines()
{
    NEEDS(Engine::OpenVinoFp32);
    const AnomalyFolder folder = goodParts(20);
    CompileRequest request;
    request.images = 6;
    request.searchSeconds = 0.0;
    std::vector<double> fractions;
    TaskContext context;
    context.progress = [&](const Progress& progress) { fractions.push_back(progress.fraction); };
    const auto reports = compileMemSeg(m_model, folder, request, context);
    QVERIFY(std::is_sorted(fractions.begin(), fractions.end()));
    QCOMPARE(fractions.back(), 1.0);
    std::size_t expected = 0;
    for (const Engine engine : allEngines())
        expected += engine != Engine::LibTorch && engineAvailable(engine) ? 1 : 0;
    QCOMPARE(reports.size(), expected);
    QVERIFY2(reports[0].passed(), qPrintable(reports[0].summary()));
    QCOMPARE(reports[0].images, 12); // each with a simulated defect
    for (const GateReport& report : reports)
        QVERIFY2(report.failure.isEmpty(), qPrintable(report.failure));
    QCOMPARE(readGateReports(m_model).size(), expected);
    QCOMPARE(MemSegSession::load(m_model, with(Engine::Auto))->engine(), fastestPassed(reports));
    QCOMPARE(MemSegSession::load(m_model, with(Engine::OpenVinoFp32))->engine(), Engine::OpenVinoFp32);

    request.engine = Engine::LibTorch;
    compileMemSeg(m_model, folder, request);
    request.engine.reset(); // compiled again, it stays what it is
    compileMemSeg(m_model, folder, request);
    QCOMPARE(readModelEngine(m_model), Engine::LibTorch);
    QCOMPARE(MemSegSession::load(m_model, with(Engine::Auto))->engine(), Engine::LibTorch);
}

void TestParityGate::cancelKeepsTheOldFile()
{
    NEEDS(Engine::OpenVinoFp32);
    const AnomalyFolder folder = goodParts(8);
    QFile old(engineFile(m_model));
    QVERIFY(old.open(QIODevice::WriteOnly));
    old.write("old");
    old.close();
    TaskContext context;
    context.progress = [cancel = context.cancel](const Progress& progress) mutable {
        if (progress.fraction > 0.4)
            cancel.cancel();
    };
    CompileRequest request;
    request.images = 4;
    QVERIFY_THROWS_EXCEPTION(Cancelled, compileMemSeg(m_model, folder, request, context));
    QVERIFY(old.open(QIODevice::ReadOnly));
    QCOMPARE(old.readAll(), QByteArray("old"));
}

void TestParityGate::tooFewImagesAreRefused()
{
    const QString empty = m_folder->filePath(u"leer"_s);
    AnomalyFolder folder;
    folder.root = empty;
    const QString message = test::errorTextOf([&] { compileMemSeg(m_model, folder); });
    QVERIFY2(!message.isEmpty(), qPrintable(message));
    QVERIFY(!QFile::exists(engineFile(m_model)));
}

void TestParityGate::imagesOfAnotherPartAreRefused()
{
    NEEDS(Engine::OpenVinoFp32);
    const AnomalyFolder folder = goodParts(12);
    cv::Mat noise(256, 256, CV_8UC3);
    for (const Sample& sample : folder.train) {
        cv::randu(noise, 0, 256);
        writePng(sample.path, noise);
    }
    const QString message = test::errorTextOf([&] { compileMemSeg(m_model, folder); });
    QVERIFY2(message.contains(folder.root), qPrintable(message));
    QVERIFY(!QFile::exists(engineFile(m_model)));
}

void TestParityGate::networksAreExported()
{
    QStringList files;
    QVERIFY(test::errorTextOf([&] {
                exportOpenVino(m_model, Engine::OpenVinoFp32, m_folder->path(), files);
            }).contains(u"ompile"_s));
    NEEDS(Engine::OpenVinoFp32);
    saveEngineSet(engineFile(m_model), setOf(loadMemSegModel(m_model)));
    const QString out = m_folder->filePath(u"für andere"_s);
    const GateReport report = exportOpenVino(m_model, Engine::OpenVinoFp32, out, files);
    QVERIFY(report.passed());
    QVERIFY(files.contains(QDir(out).filePath(u"encoder.xml"_s)));
    for (const QString& file : files)
        QVERIFY2(QFileInfo(file).size() > 0, qPrintable(file));
    QFile parity(QDir(out).filePath(u"parity.json"_s));
    QVERIFY(parity.open(QIODevice::ReadOnly));
    QCOMPARE(QJsonDocument::fromJson(parity.readAll())[u"passed"_s].toBool(), true);
    QVERIFY(!test::errorTextOf([&] { exportOpenVino(m_model, Engine::OpenVinoInt8, out, files); }).isEmpty());
}

QTEST_GUILESS_MAIN(TestParityGate)
#include "tst_parity_gate.moc"
