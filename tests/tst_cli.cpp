// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/data/demo_product.h"
#include "core/image/image_io.h"
#include "core/nn/engine.h"
#include "core/storage/database.h"
#include "core/storage/inspection_store.h"
#include "core/storage/run_store.h"
#include "core/weights/model_file.h"
#include "core/weights/model_store.h"

#include <QtCore/QDir>
#include <QtCore/QDirIterator>
#include <QtCore/QFile>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtCore/QProcess>
#include <QtCore/QScopeGuard>
#include <QtCore/QStandardPaths>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <opencv2/imgcodecs.hpp>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <functional>

#include <sys/resource.h>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

constexpr int kTimeoutMs = 180'000;

struct Ran
{
    int exitCode = -1;
    QByteArray out;
    QByteArray err;
    QJsonObject json() const { return QJsonDocument::fromJson(out).object(); }
};

QByteArray contentOf(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void put(const QString& path, const QByteArray& content)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
    QCOMPARE(file.write(content), content.size());
}

QStringList filesIn(const QString& folder)
{
    return QDir(folder).entryList(QDir::Files | QDir::Hidden | QDir::NoDotAndDotDot);
}

} // namespace

/// Drives the built lynceus-cli as its users do: words in, exit code, text and JSON out.
class TestCli : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();

    void helpNamesEveryCommand();
    void helpOfACommand();
    void version();
    void wrongUsage_data();
    void wrongUsage();

    void doctorDescribesAFolder();
    void doctorSaysHowPartsLie();
    void doctorOfAMissingFolderFails();

    void trainLeavesModelRunAndFigures();
    void trainWithoutGoodImagesFails();
    void trainIntoAReadOnlyPlaceFails();
    void trainOnAFullDiskKeepsTheOldModel();
    void interruptedTrainingIsKept_data();
    void interruptedTrainingIsKept();
    void killedTrainingIsInterrupted();
    void runsListShowExport();
    void runsTagNoteDelete();

    void inspectTellsStoresAndWrites();
    void inspectFailsOnNgWhenAsked();
    void inspectGoesOnAfterUnreadableImages();
    void inspectTakesEveryImageOfAFolder();
    void inspectFailsOnWhatCantBeLookedAt();
    void inspectOnAFullDiskJudgesOn();
    void inspectWithoutItsDatabaseJudgesOn();
    void inspectOverwritesNoInput();
    void inspectSaysWhatItDidNotJudge();
    void inspectSaysWhenTheModelDoesNotFit();
    void namesReachTheTerminalVisibly();
    void inspectOfAnEmptyFolderFails();
    void inspectWithBrokenModels_data();
    void inspectWithBrokenModels();
    void inspectIntoAReadOnlyPlaceFails();
    void sameScoreOnAnyNumberOfThreads();

    void evaluateHasTheAgreedKeys();
    void evaluateWithoutLabelsFails();
    void dataSetsAreEvaluatedAfterFailuresToo();
    void calibrateFromGoodImages();
    void calibrateFromCosts();
    void compiledModelsRunOnTheirEngine();
    void withoutTheProcessorsPluginLibTorchGoesOn();
    void benchMeasures();

    void modelsListInfoVerify();
    void modelsImport();
    void databaseCheckAndBackup();
    void corruptDatabaseIsRefused();

private:
    Ran run(const QStringList& words, std::function<void()> inChild = {}) const;
    /// With JSON on standard output and this test's data home.
    Ran runJson(const QStringList& words) const { return run(words + home() + QStringList{u"--json"_s, u"-"_s}); }
    QStringList home() const { return {u"--data-home"_s, m_home}; }
    static QStringList tinyTraining();
    /// The run as `runs list` has it.
    QJsonObject listedRun(qint64 id) const;

    QTemporaryDir m_dir;
    QString m_folder; ///< non-ASCII, with a space
    QString m_home;
    QString m_product;
    QString m_model;
    QJsonObject m_training;
    qint64 m_killedRun = 0;
};

Ran TestCli::run(const QStringList& words, std::function<void()> inChild) const
{
    QProcess process;
    if (inChild)
        process.setChildProcessModifier(std::move(inChild));
    process.start(QStringLiteral(LYNCEUS_CLI), words);
    if (!process.waitForFinished(kTimeoutMs)) {
        process.kill();
        process.waitForFinished();
        return {};
    }
    return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1, process.readAllStandardOutput(),
            process.readAllStandardError()};
}

QStringList TestCli::tinyTraining()
{
    QStringList words;
    for (const QString& setting : {u"width=16"_s, u"input_width=64"_s, u"input_height=64"_s, u"decoder=light"_s,
                                   u"memory_images=4"_s, u"batch=2"_s, u"steps=6"_s})
        words << u"--set"_s << setting;
    // So small a network gains nothing from more threads, and loses where other tests run.
    return words << u"--threads"_s << u"1"_s << u"--no-engines"_s;
}

void TestCli::initTestCase()
{
    QVERIFY(m_dir.isValid());
    m_folder = m_dir.path() + u"/Prüfling 零件"_s;
    m_home = m_folder + u"/home"_s;
    m_product = m_folder + u"/product"_s;
    m_model = m_folder + u"/modèle.safetensors"_s;
    QVERIFY(QDir().mkpath(m_product));
    qputenv("XDG_DATA_HOME", (m_folder + u"/default home"_s).toUtf8()); // for commands without --data-home
    DemoOptions options;
    options.size = 256;
    options.trainGood = 12;
    options.testGood = 4;
    options.testDefective = 6;
    writeDemoProduct(m_product, options);
    const Ran trained =
        runJson(QStringList{u"train"_s, u"memseg"_s, u"--data"_s, m_product, u"--out"_s, m_model} + tinyTraining());
    QVERIFY2(trained.exitCode == 0, trained.err.constData());
    m_training = trained.json();
}

void TestCli::helpNamesEveryCommand()
{
    const Ran help = run({u"help"_s});
    QCOMPARE(help.exitCode, 0);
    for (const char* command : {"demo", "doctor", "train", "inspect", "evaluate", "calibrate", "bench", "models",
                                "runs", "db", "--data-home", "--json"})
        QVERIFY2(help.out.contains(command), command);
    QVERIFY(help.err.isEmpty());
}

void TestCli::helpOfACommand()
{
    const Ran help = run({u"help"_s, u"inspect"_s});
    QCOMPARE(help.exitCode, 0);
    for (const char* option : {"--model", "--maps", "--report", "--fail-on-ng"})
        QVERIFY2(help.out.contains(option), option);
}

void TestCli::version()
{
    const Ran ran = run({u"--version"_s});
    QCOMPARE(ran.exitCode, 0);
    QVERIFY2(ran.out.contains("0.") && ran.out.contains("ynceus"), ran.out.constData());
}

void TestCli::wrongUsage_data()
{
    QTest::addColumn<QStringList>("words");
    QTest::addColumn<QByteArray>("named");
    const auto row = [](const char* name, const QStringList& words, const char* named) {
        QTest::newRow(name) << words << QByteArray(named);
    };
    row("nothing", {}, "");
    row("unknown command", {u"polish"_s}, "polish");
    row("help of an unknown command", {u"help"_s, u"polish"_s}, "polish");
    row("unknown part", {u"demo"_s, u"--part"_s, u"teapot"_s}, "teapot");
    row("unknown pose", {u"demo"_s, u"--pose"_s, u"upside"_s}, "upside");
    row("unknown option", {u"doctor"_s, u"."_s, u"--colour"_s}, "colour");
    row("missing value", {u"doctor"_s, u"."_s, u"--json"_s}, "json");
    row("doctor without folder", {u"doctor"_s}, "doctor");
    row("train without method", {u"train"_s}, "train");
    row("unknown method", {u"train"_s, u"magic"_s, u"--data"_s, u"."_s, u"--out"_s, u"m"_s}, "");
    row("train without data", {u"train"_s, u"memseg"_s, u"--out"_s, u"m"_s}, "data");
    row("bad minutes", {u"train"_s, u"memseg"_s, u"--data"_s, u"."_s, u"--out"_s, u"m"_s, u"--minutes"_s, u"soon"_s},
        "minutes");
    row("bad setting", {u"train"_s, u"memseg"_s, u"--data"_s, u"."_s, u"--out"_s, u"m"_s, u"--set"_s, u"width=wide"_s},
        "width");
    row("unknown setting", {u"train"_s, u"memseg"_s, u"--data"_s, u"."_s, u"--out"_s, u"m"_s, u"--set"_s, u"hat=3"_s},
        "hat");
    row("resume", {u"train"_s, u"memseg"_s, u"--data"_s, u"."_s, u"--out"_s, u"m"_s, u"--resume"_s, u"3"_s}, "resume");
    row("resume of nothing", {u"train"_s, u"memseg"_s, u"--resume"_s, u"last"_s}, "last");
    row("runs without sense", {u"runs"_s, u"walk"_s}, "runs");
    row("run that is no number", {u"runs"_s, u"show"_s, u"-3"_s}, "");
    row("runs into no table", {u"runs"_s, u"export"_s, u"runs.xls"_s}, "runs.xls");
    row("note without text", {u"runs"_s, u"note"_s, u"1"_s}, "note");
    row("inspect without model", {u"inspect"_s, u"."_s}, "model");
    row("maps without out", {u"inspect"_s, u"--model"_s, u"m"_s, u"."_s, u"--maps"_s}, "--out");
    row("pdf report", {u"inspect"_s, u"--model"_s, u"m"_s, u"."_s, u"--report"_s, u"r.pdf"_s}, "r.pdf");
    row("bad threads", {u"doctor"_s, u"."_s, u"--threads"_s, u"many"_s}, "threads");
    row("models without sense", {u"models"_s, u"burn"_s}, "models");
    row("db without action", {u"db"_s}, "db");
}

void TestCli::wrongUsage()
{
    QFETCH(QStringList, words);
    QFETCH(QByteArray, named);
    const Ran ran = run(words);
    QCOMPARE(ran.exitCode, 2);
    QVERIFY2(!ran.err.isEmpty(), "what is wrong is said on standard error");
    QVERIFY2(ran.err.contains(named), ran.err.constData());
}

void TestCli::doctorDescribesAFolder()
{
    const Ran ran = runJson({u"doctor"_s, m_product});
    QVERIFY2(ran.exitCode == 0, ran.err.constData());
    QVERIFY(!ran.json().isEmpty());
    QVERIFY(ran.json().contains(u"findings"_s));
    const QString file = m_folder + u"/doctor.json"_s;
    const Ran toFile = run(QStringList{u"doctor"_s, m_product, u"--json"_s, file});
    QCOMPARE(toFile.exitCode, 0);
    QVERIFY(!toFile.out.isEmpty()); // people still get their text
    QCOMPARE(QJsonDocument::fromJson(contentOf(file)).object(), ran.json());
    const Ran quiet = run(QStringList{u"doctor"_s, m_product, u"--quiet"_s});
    QCOMPARE(quiet.exitCode, 0);
    QVERIFY2(quiet.err.isEmpty(), quiet.err.constData());
}

void TestCli::doctorSaysHowPartsLie()
{
    const QString folder = m_folder + u"/Winkel"_s;
    QVERIFY(QDir().mkpath(folder + u"/good"_s));
    DemoOptions demo;
    demo.size = 256;
    demo.shape = DemoShape::Bracket;
    demo.pose = DemoPose::Free;
    for (int i = 0; i < 12; ++i)
        writePng(folder + u"/good/%1.png"_s.arg(i), renderDemoPart(demo, std::uint64_t(i)).image);
    writePng(folder + u"/good/leer.png"_s, cv::Mat(256, 256, CV_8UC3, cv::Scalar(90, 95, 92)));
    const QString strip = m_folder + u"/vorher und nachher.png"_s;
    const Ran ran = runJson({u"doctor"_s, folder, u"--align-strip"_s, strip});
    QVERIFY2(ran.exitCode == 0, ran.err.constData());
    QJsonObject align = ran.json()[u"align"_s].toObject();
    QVERIFY(align[u"upright"_s].toBool());
    QCOMPARE(align[u"not_found"_s].toArray(), (QJsonArray{u"good/leer.png"_s}));
    QCOMPARE(align[u"strip"_s].toString(), strip);
    const cv::Mat picture = readImage(strip);
    QVERIFY(picture.cols > 3 * picture.rows / 2);

    const QString none = m_folder + u"/nichts.png"_s;
    const Ran off = runJson({u"doctor"_s, folder, u"--set"_s, u"align=off"_s, u"--align-strip"_s, none});
    QVERIFY2(off.exitCode == 0, off.err.constData());
    align = off.json()[u"align"_s].toObject();
    QVERIFY(!align[u"upright"_s].toBool());
    QVERIFY(!align[u"text"_s].toString().isEmpty());
    QVERIFY(!QFile::exists(none)); // there is nothing to show
    const Ran told = run(QStringList{u"doctor"_s, folder, u"--set"_s, u"align=off"_s});
    QVERIFY2(told.out.contains("judged as they lie"), told.out.constData());
}

void TestCli::doctorOfAMissingFolderFails()
{
    const Ran ran = run({u"doctor"_s, m_folder + u"/nowhere"_s});
    QCOMPARE(ran.exitCode, 1);
    QVERIFY2(ran.err.contains("nowhere"), ran.err.constData());
}

void TestCli::trainLeavesModelRunAndFigures()
{
    QCOMPARE(m_training.value(u"model"_s).toString(), m_model);
    QCOMPARE(m_training.value(u"steps"_s).toInt(), 6);
    for (const QString& key : {u"seconds"_s, u"seconds_per_step"_s, u"peak_memory_mb"_s})
        QVERIFY2(m_training.value(key).toDouble() > 0.0, qPrintable(key));
    const QJsonObject final = m_training.value(u"final"_s).toObject();
    for (const QString& key : {u"images"_s, u"image_auroc"_s, u"pixel_auroc"_s, u"aupro"_s, u"threshold"_s,
                               u"overkill"_s, u"escape"_s, u"f1"_s})
        QVERIFY2(final.contains(key), qPrintable(key));
    const QJsonObject verdict = m_training.value(u"verdict"_s).toObject();
    QVERIFY(!verdict[u"headline"_s].toString().isEmpty());
    QCOMPARE(verdict[u"grade"_s].toString() == u"usable"_s, false); // twelve good pictures are too few
    QVERIFY2(verdict[u"reasons"_s][0].toString().contains(u"simulated small defects would pass"_s),
             qPrintable(verdict[u"reasons"_s][0].toString()));

    const Database database(m_home + u"/lynceus.db"_s);
    const RunStore runs(database);
    const qint64 runId = readModelInfo(m_model).trainingRun;
    const auto record = runs.find(runId);
    QVERIFY(record.has_value());
    QCOMPARE(record->state, RunRecord::State::Finished);
    QCOMPARE(record->modelPath, m_model);
    QCOMPARE(record->modelHash, fileSha256(m_model));
    QVERIFY(!runs.metrics(runId, u"loss"_s).empty());
}

void TestCli::trainWithoutGoodImagesFails()
{
    const QString bad = m_folder + u"/only bad"_s;
    QVERIFY(QDir().mkpath(bad + u"/bad"_s));
    for (const QString& name : QDir(m_product + u"/test"_s).entryList(QDir::Dirs | QDir::NoDotAndDotDot)) {
        const QString folder = m_product + u"/test/"_s + name;
        if (name != u"good")
            QVERIFY(QFile::copy(folder + u'/' + filesIn(folder).first(), bad + u"/bad/"_s + name + u".png"_s));
    }
    const QString model = m_folder + u"/none.safetensors"_s;
    for (const QString& data : {bad, m_home}) { // all defective; no image at all
        const Ran ran =
            run(QStringList{u"train"_s, u"memseg"_s, u"--data"_s, data, u"--out"_s, model} + tinyTraining() + home());
        QCOMPARE(ran.exitCode, 1);
        QVERIFY2(ran.err.contains(data.toUtf8()), ran.err.constData());
        QVERIFY(!QFile::exists(model));
    }
}

void TestCli::trainIntoAReadOnlyPlaceFails()
{
    const QString file = m_folder + u"/a file"_s;
    put(file, "x");
    const QString model = file + u"/model.safetensors"_s; // below a file: nobody may, not even root
    const Ran ran =
        run(QStringList{u"train"_s, u"memseg"_s, u"--data"_s, m_product, u"--out"_s, model} + tinyTraining() + home());
    QCOMPARE(ran.exitCode, 1);
    QVERIFY2(ran.err.contains(model.toUtf8()), ran.err.constData());
}

void TestCli::trainOnAFullDiskKeepsTheOldModel()
{
    const QString folder = m_folder + u"/full"_s;
    QVERIFY(QDir().mkpath(folder));
    const QString model = folder + u"/model.safetensors"_s;
    put(model, "the old model");
    // A limit on file sizes fails writes in the middle, as a full disk does; the database stays below it.
    const auto smallFilesOnly = [] {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{600'000, 600'000};
        setrlimit(RLIMIT_FSIZE, &limit);
    };
    const Ran ran =
        run(QStringList{u"train"_s, u"memseg"_s, u"--data"_s, m_product, u"--out"_s, model} + tinyTraining() + home(),
            smallFilesOnly);
    QCOMPARE(ran.exitCode, 1);
    QVERIFY2(ran.err.contains(model.toUtf8()), ran.err.constData());
    QCOMPARE(contentOf(model), QByteArray("the old model"));
    QCOMPARE(filesIn(folder), QStringList{u"model.safetensors"_s});
}

void TestCli::interruptedTrainingIsKept_data()
{
    QTest::addColumn<int>("signal");
    QTest::newRow("Ctrl-C") << SIGINT;
    QTest::newRow("SIGTERM") << SIGTERM;
}

void TestCli::interruptedTrainingIsKept()
{
    QFETCH(int, signal);
    const QString folder = m_folder + u"/interrupted %1"_s.arg(signal);
    QVERIFY(QDir().mkpath(folder));
    QProcess process;
    process.start(QStringLiteral(LYNCEUS_CLI), QStringList{u"train"_s, u"memseg"_s, u"--data"_s, m_product, u"--out"_s,
                                                           folder + u"/model.safetensors"_s} +
                                                   tinyTraining() + QStringList{u"--set"_s, u"steps=1000000"_s} +
                                                   home());
    QVERIFY(process.waitForStarted());
    process.setReadChannel(QProcess::StandardError);
    QByteArray err;
    while (!err.contains("step") && process.waitForReadyRead(kTimeoutMs))
        err += process.readAllStandardError();
    QVERIFY2(err.contains("step"), err.constData()); // in the middle of training
    QCOMPARE(::kill(pid_t(process.processId()), signal), 0);
    QVERIFY(process.waitForFinished(kTimeoutMs));
    QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    QCOMPARE(process.exitCode(), 130);
    err += process.readAllStandardError();
    QCOMPARE(filesIn(folder), QStringList{u"model.safetensors.checkpoint"_s});
    qint64 run = 0;
    {
        const Database database(m_home + u"/lynceus.db"_s);
        const RunRecord record = RunStore(database).list(1).front();
        QCOMPARE(record.state, RunRecord::State::Interrupted);
        run = record.id;
    }
    const QByteArray goOn = "train memseg --resume " + QByteArray::number(run) + " --data-home";
    QVERIFY2(err.contains(goOn), err.constData());
    QCOMPARE(listedRun(run).value(u"can_resume"_s).toBool(), true);
}

QJsonObject TestCli::listedRun(qint64 id) const
{
    for (const QJsonValue& run : runJson({u"runs"_s, u"list"_s}).json().value(u"runs"_s).toArray()) {
        if (run[u"id"_s].toInteger() == id)
            return run.toObject();
    }
    return {};
}

void TestCli::killedTrainingIsInterrupted()
{
    const QString folder = m_folder + u"/getötet"_s;
    QVERIFY(QDir().mkpath(folder));
    const QString model = folder + u"/model.safetensors"_s;
    const QStringList words = QStringList{u"train"_s, u"memseg"_s, u"--data"_s, m_product, u"--out"_s, model} +
                              tinyTraining() + QStringList{u"--set"_s, u"steps=1000000"_s} + home();
    QProcess process;
    process.start(QStringLiteral(LYNCEUS_CLI), words);
    QVERIFY(process.waitForStarted());
    process.setReadChannel(QProcess::StandardError);
    QByteArray err;
    while (!err.contains("step") && process.waitForReadyRead(kTimeoutMs))
        err += process.readAllStandardError();
    QVERIFY2(err.contains("step"), err.constData());
    {
        const Database database(m_home + u"/lynceus.db"_s);
        m_killedRun = RunStore(database).list(1).front().id;
    }
    const QString id = QString::number(m_killedRun);
    QCOMPARE(listedRun(m_killedRun).value(u"state"_s).toString(), u"running"_s);
    const Ran second = run(words);
    QCOMPARE(second.exitCode, 1);
    QVERIFY2(second.err.contains(model.toUtf8()), second.err.constData());
    QCOMPARE(run(QStringList{u"runs"_s, u"delete"_s, id, u"--yes"_s} + home()).exitCode, 1);

    process.kill(); // SIGKILL: nothing is tidied up
    QVERIFY(process.waitForFinished(kTimeoutMs));
    QCOMPARE(listedRun(m_killedRun).value(u"state"_s).toString(), u"interrupted"_s);
    // Whatever it had kept so far: without it there is nothing to go on from.
    QFile::remove(model + u".checkpoint"_s);
    QCOMPARE(listedRun(m_killedRun).value(u"can_resume"_s).toBool(true), false);
    const Ran resumed = run(QStringList{u"train"_s, u"memseg"_s, u"--resume"_s, id} + home());
    QCOMPARE(resumed.exitCode, 1);
    QVERIFY2(resumed.err.contains((model + u".checkpoint"_s).toUtf8()), resumed.err.constData());
}

void TestCli::runsListShowExport()
{
    const qint64 id = m_training.value(u"run"_s).toInteger();
    QVERIFY(id > 0);
    const QJsonObject listed = listedRun(id);
    QCOMPARE(listed.value(u"state"_s).toString(), u"finished"_s);
    QCOMPARE(listed.value(u"model"_s).toString(), m_model);
    QCOMPARE(listed.value(u"final"_s).toObject(), m_training.value(u"final"_s).toObject());
    const Ran table = run(QStringList{u"runs"_s} + home());
    QCOMPARE(table.exitCode, 0);
    QVERIFY2(table.out.contains("finished") && table.out.contains("interrupted"), table.out.constData());

    const QString number = QString::number(id);
    const QJsonObject shown = runJson({u"runs"_s, u"show"_s, number}).json();
    QCOMPARE(shown.value(u"options"_s)[u"steps"_s].toInt(), 6);
    QVERIFY(!shown.value(u"data_hash"_s).toString().isEmpty());
    QCOMPARE(shown.value(u"model_sha256"_s).toString(), fileSha256(m_model));
    QVERIFY(shown.value(u"libraries"_s).toObject().contains(u"LibTorch"_s));
    QVERIFY(!shown.value(u"curves"_s)[u"validation_auroc"_s].toArray().isEmpty());
    const QJsonArray events = shown.value(u"events"_s).toArray();
    QCOMPARE(events.first()[u"kind"_s].toString(), u"started"_s);
    QCOMPARE(events.last()[u"kind"_s].toString(), u"finished"_s);
    const Ran text = run(QStringList{u"runs"_s, u"show"_s, number} + home());
    QVERIFY2(text.out.contains("options.steps") && text.out.contains("started"), text.out.constData());
    QCOMPARE(run(QStringList{u"runs"_s, u"show"_s, u"99999"_s} + home()).exitCode, 1);

    const QString csv = m_folder + u"/Läufe.csv"_s;
    QCOMPARE(run(QStringList{u"runs"_s, u"export"_s, csv} + home()).exitCode, 0);
    QVERIFY(contentOf(csv).startsWith("run,name,state"));
    QVERIFY(contentOf(csv).contains(m_model.toUtf8()));
    QCOMPARE(run(QStringList{u"runs"_s, u"export"_s, csv, u"--run"_s, number} + home()).exitCode, 0);
    QVERIFY2(contentOf(csv).startsWith("step,") && contentOf(csv).contains("validation_auroc"),
             contentOf(csv).constData());
}

void TestCli::runsTagNoteDelete()
{
    const QString id = QString::number(m_killedRun);
    QCOMPARE(runJson({u"runs"_s, u"tag"_s, id, u"Linie 3, heiß"_s}).exitCode, 0);
    const Ran noted = runJson({u"runs"_s, u"note"_s, id, u"Stromausfall"_s});
    QCOMPARE(noted.json().value(u"notes"_s).toString(), u"Stromausfall"_s);
    QCOMPARE(listedRun(m_killedRun).value(u"tags"_s).toArray(), (QJsonArray{u"Linie 3"_s, u"heiß"_s}));
    QCOMPARE(run(QStringList{u"runs"_s, u"tag"_s, u"99999"_s, u"x"_s} + home()).exitCode, 1);

    const Ran asked = run(QStringList{u"runs"_s, u"delete"_s, id} + home());
    QCOMPARE(asked.exitCode, 2); // nobody to ask
    QVERIFY2(asked.err.contains("--yes"), asked.err.constData());
    const Ran deleted = runJson({u"runs"_s, u"delete"_s, id, u"--yes"_s});
    QVERIFY2(deleted.exitCode == 0, deleted.err.constData());
    QVERIFY(listedRun(m_killedRun).isEmpty());
}

void TestCli::inspectTellsStoresAndWrites()
{
    const QString out = m_folder + u"/aus"_s;
    const QString html = m_folder + u"/Bericht.html"_s;
    const Ran ran =
        runJson({u"inspect"_s, u"--model"_s, m_model, m_product, u"--out"_s, out, u"--maps"_s, u"--report"_s, html});
    QVERIFY2(ran.exitCode == 0, ran.err.constData());
    const QJsonArray results = ran.json().value(u"results"_s).toArray();
    QCOMPARE(results.size(), 10);
    for (const QJsonValue& value : results) {
        const QJsonObject result = value.toObject();
        QVERIFY(QFile::exists(result.value(u"image"_s).toString()));
        QVERIFY(result.value(u"score"_s).isDouble());
        QVERIFY(result.value(u"threshold"_s).isDouble());
        QVERIFY(QStringList({u"OK"_s, u"NG"_s, u"Review"_s}).contains(result.value(u"verdict"_s).toString()));
        QVERIFY(result.value(u"regions"_s).isArray());
        for (const QString& stage : {u"load"_s, u"prepare"_s, u"infer"_s, u"post"_s})
            QVERIFY(result.value(u"latency_ms"_s).toObject().value(stage).isDouble());
        for (const QJsonValue& region : result.value(u"regions"_s).toArray()) {
            for (const QString& key : {u"x"_s, u"y"_s, u"width"_s, u"height"_s, u"area"_s, u"peak"_s})
                QVERIFY(region.toObject().value(key).isDouble());
        }
    }
    QVERIFY(contentOf(html).contains("<html"));

    int maps = 0;
    QDirIterator files(out, {u"*.png"_s}, QDir::Files, QDirIterator::Subdirectories);
    int pictures = 0;
    while (files.hasNext()) {
        const QByteArray content = contentOf(files.next());
        const cv::Mat image = cv::imdecode(std::vector<uchar>(content.begin(), content.end()), cv::IMREAD_UNCHANGED);
        QCOMPARE(image.size(), cv::Size(256, 256));
        ++pictures;
        maps += image.type() == CV_16UC1 ? 1 : 0;
    }
    QCOMPARE(maps, 10);
    QCOMPARE(pictures, 20); // with the overlays

    const Database database(m_home + u"/lynceus.db"_s);
    const InspectionStore store(database);
    const InspectionRecord record = store.list(1).front();
    QCOMPARE(record.modelHash, fileSha256(m_model));
    QCOMPARE(record.engine, u"libtorch"_s);
    QVERIFY(record.finished.isValid());
    const std::vector<ResultRecord> stored = store.results(record.id);
    QCOMPARE(stored.size(), std::size_t(results.size()));
    for (int i = 0; i < results.size(); ++i) // to the last digit
        QCOMPARE(stored[std::size_t(i)].result.score, results[i].toObject().value(u"score"_s).toDouble());
}

void TestCli::inspectFailsOnNgWhenAsked()
{
    const QString model = m_folder + u"/strict.safetensors"_s;
    QVERIFY(QFile::copy(m_model, model));
    updateModelThresholds(model, {0.0, 0.0, 0.0, 16}, {}); // everything is NG
    const QStringList words{u"inspect"_s, u"--model"_s, model, m_product + u"/test/good"_s};
    QCOMPARE(run(words + home()).exitCode, 0);
    QCOMPARE(run(words + home() + QStringList{u"--fail-on-ng"_s}).exitCode, 3);
    updateModelThresholds(model, {1.0, 1.0, 1.0, 16}, {}); // nothing is
    QCOMPARE(run(words + home() + QStringList{u"--fail-on-ng"_s}).exitCode, 0);
}

void TestCli::inspectGoesOnAfterUnreadableImages()
{
    const QString folder = m_folder + u"/mixed"_s;
    QVERIFY(QDir().mkpath(folder));
    const QString good = m_product + u"/test/good/"_s + filesIn(m_product + u"/test/good"_s).first();
    put(folder + u"/a text.png"_s, "no picture");
    put(folder + u"/b truncated.png"_s, contentOf(good).left(2000));
    QVERIFY(QFile::copy(good, folder + u"/c good.png"_s));
    QVERIFY(cv::imwrite((folder + u"/d one pixel.png"_s).toStdString(), cv::Mat(1, 1, CV_8UC1, cv::Scalar(80))));
    const Ran ran = runJson({u"inspect"_s, u"--model"_s, m_model, folder, folder + u"/missing.png"_s});
    QCOMPARE(ran.exitCode, 1);
    const QJsonArray results = ran.json().value(u"results"_s).toArray();
    QCOMPARE(results.size(), 5);
    for (const QJsonValue& value : results) {
        const QJsonObject result = value.toObject();
        const QString name = QFileInfo(result.value(u"image"_s).toString()).fileName();
        const bool readable = name == u"c good.png" || name == u"d one pixel.png";
        QCOMPARE(result.contains(u"error"_s), !readable);
        QCOMPARE(result.contains(u"score"_s), readable);
        if (!readable)
            QVERIFY2(ran.err.contains(name.toUtf8()), ran.err.constData());
    }
}

void TestCli::inspectTakesEveryImageOfAFolder()
{
    const Ran test = runJson({u"inspect"_s, u"--model"_s, m_model, m_product + u"/test"_s});
    QCOMPARE(test.exitCode, 0);
    QCOMPARE(test.json().value(u"results"_s).toArray().size(), 10); // good/ has four
    const Ran whole = runJson({u"inspect"_s, u"--model"_s, m_model, m_product});
    const QJsonArray leftOut = whole.json().value(u"left_out"_s).toArray();
    QCOMPARE(leftOut.size(), 2);
    QCOMPARE(leftOut[0][u"count"_s].toInt(), 6);  // masks
    QCOMPARE(leftOut[1][u"count"_s].toInt(), 12); // learnt from
    QVERIFY(leftOut[1][u"example"_s].toString().startsWith(u"train/good/"_s));
}

void TestCli::inspectFailsOnWhatCantBeLookedAt()
{
    const QString folder = m_folder + u"/lückenhaft"_s;
    const QString good = m_product + u"/test/good/"_s + filesIn(m_product + u"/test/good"_s).first();
    QVERIFY(QDir().mkpath(folder + u"/Linie"_s));
    QVERIFY(QFile::copy(good, folder + u"/Linie/1.png"_s));
    QVERIFY(QFile::link(m_folder + u"/nowhere"_s, folder + u"/Linie/gone.png"_s));
    const QString csv = folder + u"/r.csv"_s;
    const Ran ran = runJson({u"inspect"_s, u"--model"_s, m_model, folder, u"--report"_s, csv, u"--fail-on-ng"_s});
    QCOMPARE(ran.exitCode, 1);
    QVERIFY2(ran.err.contains("Linie/gone.png"), ran.err.constData());
    QCOMPARE(ran.json()[u"counts"_s][u"total"_s].toInt(), 2);
    QCOMPARE(ran.json()[u"counts"_s][u"failed"_s].toInt(), 1);
    QVERIFY(contentOf(csv).contains("Linie/gone.png"));
    const QString labelled = m_folder + u"/beschriftet"_s;
    QVERIFY(QDir().mkpath(labelled + u"/good"_s));
    QVERIFY(QFile::copy(good, labelled + u"/good/1.png"_s));
    const QStringList evaluation{u"evaluate"_s, u"--model"_s, m_model, u"--data"_s, labelled};
    QCOMPARE(run(evaluation + home()).exitCode, 0);
    QVERIFY(QFile::link(m_folder + u"/nowhere"_s, labelled + u"/good/2.png"_s));
    QCOMPARE(run(evaluation + home()).exitCode, 1);
    const Database database(m_home + u"/lynceus.db"_s);
    const InspectionStore store(database);
    QCOMPARE(store.results(store.list(1).front().id).size(), std::size_t(2));
}

void TestCli::inspectOnAFullDiskJudgesOn()
{
    const QString folder = m_folder + u"/voll"_s;
    const QString good = m_product + u"/test/good/"_s + filesIn(m_product + u"/test/good"_s).first();
    QVERIFY(QDir().mkpath(folder));
    cv::Mat noise(1024, 1024, CV_8UC3);
    cv::randu(noise, 0, 256);
    for (const char* name : {"a.png", "b.png"})
        QVERIFY(cv::imwrite((folder + u'/' + QString::fromLatin1(name)).toStdString(), noise));
    QVERIFY(QFile::copy(good, folder + u"/c.png"_s));
    const auto smallFilesOnly = [] { // as in trainOnAFullDiskKeepsTheOldModel()
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{600'000, 600'000};
        setrlimit(RLIMIT_FSIZE, &limit);
    };
    const QString csv = m_folder + u"/voll.csv"_s;
    const Ran ran = run(QStringList{u"inspect"_s, u"--model"_s, m_model, folder, u"--out"_s, m_folder + u"/voll aus"_s,
                                    u"--report"_s, csv, u"--json"_s, u"-"_s} +
                            home(),
                        smallFilesOnly);
    QCOMPARE(ran.exitCode, 1);
    const QJsonArray results = ran.json().value(u"results"_s).toArray();
    QCOMPARE(results.size(), 3);
    for (int i = 0; i < 3; ++i) {
        QVERIFY(results[i][u"score"_s].isDouble());
        const QJsonArray warnings = results[i][u"warnings"_s].toArray();
        QCOMPARE(warnings.isEmpty(), i == 2); // the others are noise: no part is found in them either
        QVERIFY(i == 2 || warnings.last().toString().contains(u"_overlay.png"_s));
    }
    QVERIFY2(ran.err.contains("a_overlay.png") && ran.err.contains("b_overlay.png"), ran.err.constData());
    QVERIFY2(ran.err.contains("File too large") && !ran.err.contains("Unknown error"), ran.err.constData());
    QVERIFY(contentOf(csv).contains("c.png"));
    QCOMPARE(filesIn(m_folder + u"/voll aus"_s), QStringList{u"c_overlay.png"_s});
}

void TestCli::inspectWithoutItsDatabaseJudgesOn()
{
    const Database database(m_home + u"/lynceus.db"_s);
    database.run(u"ALTER TABLE results RENAME TO taken_away"_s);
    const auto putBack = qScopeGuard([&] { database.run(u"ALTER TABLE taken_away RENAME TO results"_s); });
    const QString csv = m_folder + u"/ohne Datenbank.csv"_s;
    const Ran ran = runJson({u"inspect"_s, u"--model"_s, m_model, m_product + u"/test/good"_s, u"--report"_s, csv});
    QCOMPARE(ran.exitCode, 1);
    QCOMPARE(ran.json().value(u"results"_s).toArray().size(), 4);
    QCOMPARE(ran.json()[u"counts"_s][u"failed"_s].toInt(), 0);
    QCOMPARE(ran.json()[u"inspection"_s][u"not_stored"_s].toInt(), 4);
    QVERIFY2(ran.err.contains("lynceus.db"), ran.err.constData());
    QVERIFY(contentOf(csv).contains(",OK,") || contentOf(csv).contains(",NG,"));
}

void TestCli::inspectOverwritesNoInput()
{
    const QString folder = m_folder + u"/Eingabe"_s;
    const QString good = m_product + u"/test/good/"_s + filesIn(m_product + u"/test/good"_s).first();
    QVERIFY(QDir().mkpath(folder));
    const QByteArray picture = contentOf(good);
    for (const QString& name : {u"a.png"_s, u"a_overlay.png"_s})
        put(folder + u'/' + name, picture);
    const QByteArray model = contentOf(m_model);
    for (const QString& target : {folder + u"/a.png"_s, m_model}) {
        const Ran ran = run(QStringList{u"inspect"_s, u"--model"_s, m_model, folder, u"--json"_s, target} + home());
        QCOMPARE(ran.exitCode, 2);
        QVERIFY2(ran.err.contains(target.toUtf8()), ran.err.constData());
    }
    const Ran ran = runJson({u"inspect"_s, u"--model"_s, m_model, folder, u"--out"_s, folder});
    QCOMPARE(ran.exitCode, 1);
    QVERIFY2(ran.err.contains("a_overlay.png"), ran.err.constData());
    QCOMPARE(ran.json().value(u"results"_s).toArray().size(), 2);
    QCOMPARE(contentOf(folder + u"/a.png"_s), picture);
    QCOMPARE(contentOf(folder + u"/a_overlay.png"_s), picture);
    QCOMPARE(contentOf(m_model), model);
    // An older result may be replaced, and an empty file.
    const QString json = folder + u"/r.json"_s;
    put(json, {});
    for (int i = 0; i < 2; ++i)
        QCOMPARE(run(QStringList{u"doctor"_s, m_product, u"--json"_s, json}).exitCode, 0);
}

void TestCli::inspectSaysWhatItDidNotJudge()
{
    const QString path = m_folder + u"/Seiten.tif"_s;
    const cv::Mat page(64, 64, CV_8UC3, cv::Scalar(90, 120, 150));
    QVERIFY(cv::imwritemulti(path.toStdString(), std::vector<cv::Mat>{page, page}));
    const Ran ran = runJson({u"inspect"_s, u"--model"_s, m_model, path});
    QCOMPARE(ran.exitCode, 0);
    QVERIFY2(ran.err.contains("Seiten.tif: ") && ran.err.contains("2 "), ran.err.constData());
    QCOMPARE(ran.json()[u"results"_s][0][u"warnings"_s].toArray().size(), 1);
}

void TestCli::inspectSaysWhenTheModelDoesNotFit()
{
    const QString folder = m_folder + u"/andere Teile"_s;
    QVERIFY(QDir().mkpath(folder));
    cv::RNG random(7);
    for (int i = 0; i < 9; ++i) { // nothing like the product
        cv::Mat image(256, 256, CV_8UC3);
        random.fill(image, cv::RNG::UNIFORM, 0, 256);
        writePng(folder + u"/%1.png"_s.arg(i), image);
    }
    const Ran ran = runJson({u"inspect"_s, u"--model"_s, m_model, folder});
    QVERIFY2(ran.exitCode == 0, ran.err.constData());
    const QJsonObject fit = ran.json()[u"fit"_s].toObject();
    QCOMPARE(fit[u"fits"_s], QJsonValue(false));
    QVERIFY(fit[u"reason"_s].toString().startsWith(u"Nearly every picture is NG"_s));
    QCOMPARE(ran.err.count("Nearly every picture is NG"), 1);
    QVERIFY(ran.err.contains("another part, other light"));
    // Its own pictures fit, and two tell nothing.
    const Ran own = runJson({u"inspect"_s, u"--model"_s, m_model, m_product + u"/train"_s});
    QCOMPARE(own.json()[u"fit"_s][u"fits"_s], QJsonValue(true));
    QVERIFY(!own.err.contains("Nearly every"));
    const Ran two = runJson({u"inspect"_s, u"--model"_s, m_model, folder + u"/0.png"_s, folder + u"/1.png"_s});
    QVERIFY(two.json()[u"fit"_s][u"fits"_s].isNull());
}

void TestCli::namesReachTheTerminalVisibly()
{
    const QString folder = m_folder + u"/böse Namen"_s;
    QVERIFY(QDir().mkpath(folder));
    put(folder + u"/a\nOK 0.0000\x1b[2J.png"_s, "no picture");
    for (const QStringList& words :
         {QStringList{u"inspect"_s, u"--model"_s, m_model, folder}, QStringList{u"doctor"_s, folder},
          QStringList{u"inspect"_s, u"--model"_s, folder + u"/\x1b[2J"_s, folder}}) {
        const Ran ran = run(words + home());
        QCOMPARE(ran.exitCode, 1);
        QVERIFY2(!ran.out.contains('\x1b') && !ran.err.contains('\x1b'), ran.err.constData());
        QVERIFY2((ran.out + ran.err).contains("\\x1b[2J"), ran.err.constData());
        QVERIFY(!(ran.out + ran.err).contains("\nOK 0.0000"));
    }
}

void TestCli::inspectOfAnEmptyFolderFails()
{
    const QString folder = m_folder + u"/leer"_s;
    QVERIFY(QDir().mkpath(folder));
    const Ran ran = run(QStringList{u"inspect"_s, u"--model"_s, m_model, folder} + home());
    QCOMPARE(ran.exitCode, 1);
    QVERIFY2(ran.err.contains("leer"), ran.err.constData());
}

void TestCli::inspectWithBrokenModels_data()
{
    QTest::addColumn<QString>("fault");
    for (const char* fault : {"missing", "truncated", "text", "other method"})
        QTest::newRow(fault) << QString::fromLatin1(fault);
}

void TestCli::inspectWithBrokenModels()
{
    QFETCH(QString, fault);
    const QString model = m_folder + u"/broken "_s + fault + u".safetensors"_s;
    if (fault == u"truncated")
        put(model, contentOf(m_model).left(100'000));
    if (fault == u"text")
        put(model, "no model");
    if (fault == u"other method") {
        ModelInfo info = readModelInfo(m_model);
        info.method = u"u2net"_s;
        writeModelFile(model, info, {});
    }
    const Ran ran = run(QStringList{u"inspect"_s, u"--model"_s, model, m_product} + home());
    QCOMPARE(ran.exitCode, 1);
    QVERIFY2(ran.err.contains(fault.toUtf8()), ran.err.constData()); // it stands in the file's name
    QVERIFY(ran.out.isEmpty());
}

void TestCli::inspectIntoAReadOnlyPlaceFails()
{
    const QString file = m_folder + u"/another file"_s;
    put(file, "x");
    const QString good = m_product + u"/test/good"_s;
    for (const QStringList& where :
         {QStringList{u"--out"_s, file + u"/out"_s, u"--maps"_s}, QStringList{u"--report"_s, file + u"/r.html"_s},
          QStringList{u"--json"_s, file + u"/r.json"_s}}) {
        const Ran ran = run(QStringList{u"inspect"_s, u"--model"_s, m_model, good} + where + home());
        QCOMPARE(ran.exitCode, 1);
        QVERIFY2(ran.err.contains("another file"), ran.err.constData());
    }
}

void TestCli::sameScoreOnAnyNumberOfThreads()
{
    // Enough of them for one session on each thread.
    QStringList words{u"inspect"_s, u"--model"_s, m_model};
    for (int i = 0; i < 5; ++i)
        words << m_product + u"/test/good"_s;
    const QJsonArray one = runJson(words + QStringList{u"--threads"_s, u"1"_s}).json().value(u"results"_s).toArray();
    const QJsonArray two = runJson(words + QStringList{u"--threads"_s, u"2"_s}).json().value(u"results"_s).toArray();
    QCOMPARE(one.size(), 20);
    QCOMPARE(two.size(), 20);
    for (int i = 0; i < one.size(); ++i) {
        QCOMPARE(two[i].toObject().value(u"image"_s), one[i].toObject().value(u"image"_s));
        const double difference =
            one[i].toObject().value(u"score"_s).toDouble() - two[i].toObject().value(u"score"_s).toDouble();
        QVERIFY2(std::abs(difference) < 1e-5, qPrintable(QString::number(difference)));
    }
}

void TestCli::evaluateHasTheAgreedKeys()
{
    const Ran ran = runJson({u"evaluate"_s, u"--model"_s, m_model, u"--data"_s, m_product});
    QVERIFY2(ran.exitCode == 0, ran.err.constData());
    const QJsonObject json = ran.json();
    QCOMPARE(json.value(u"method"_s).toString(), u"memseg"_s);
    QCOMPARE(json.value(u"images"_s).toInt(), 10);
    for (const QString& key : {u"image_auroc"_s, u"pixel_auroc"_s, u"aupro"_s, u"overkill"_s, u"escape"_s, u"f1"_s}) {
        QVERIFY2(json.value(key).isDouble(), qPrintable(key));
        QVERIFY2(json.value(key).toDouble() >= 0.0 && json.value(key).toDouble() <= 1.0, qPrintable(key));
    }
    QCOMPARE(json.value(u"balanced_error"_s).toDouble(),
             (json.value(u"overkill"_s).toDouble() + json.value(u"escape"_s).toDouble()) / 2.0);
    QVERIFY(json.value(u"best_balanced_error"_s).toDouble() <= json.value(u"balanced_error"_s).toDouble());
    QVERIFY(json.value(u"best_threshold"_s).isDouble());
    QVERIFY2(json[u"verdict"_s][u"reasons"_s][0].toString().contains(u"of 6 defective test images pass"_s),
             qPrintable(json[u"verdict"_s][u"reasons"_s][0].toString()));
    int defective = 0;
    for (const QJsonValue& defect : json.value(u"per_defect"_s).toObject())
        defective += defect[u"images"_s].toInt();
    QCOMPARE(defective, 6);
    QCOMPARE(json.value(u"threshold"_s).toDouble(), readModelInfo(m_model).thresholds.score);
    const QJsonObject latency = json.value(u"latency_ms"_s).toObject();
    QCOMPARE(json.value(u"engine"_s).toString(), u"libtorch"_s);
    QVERIFY(latency.value(u"p50"_s).toDouble() > 0.0);
    QVERIFY(latency.value(u"p50"_s).toDouble() <= latency.value(u"p95"_s).toDouble());
    QVERIFY(latency.value(u"p95"_s).toDouble() <= latency.value(u"p99"_s).toDouble());
}

void TestCli::evaluateWithoutLabelsFails()
{
    const Ran ran = run(QStringList{u"evaluate"_s, u"--model"_s, m_model, u"--data"_s, m_folder + u"/leer"_s} + home());
    QCOMPARE(ran.exitCode, 1);
    QVERIFY2(ran.err.contains("leer"), ran.err.constData());
}

void TestCli::dataSetsAreEvaluatedAfterFailuresToo()
{
    if (QStandardPaths::findExecutable(u"python3"_s).isEmpty())
        QSKIP("scripts/evaluate-datasets needs python3");
    const QString sets = m_folder + u"/data sets"_s;
    QVERIFY(QDir().mkpath(sets + u"/a defekt/train/good"_s) && QDir().mkpath(sets + u"/a defekt/test"_s));
    QVERIFY(QDir().mkpath(sets + u"/no data set"_s));
    QVERIFY(QFile::link(m_product, sets + u"/flänsche"_s));
    const QString table = m_folder + u"/tabelle.md"_s;
    const QString models = m_folder + u"/kept models"_s;
    QStringList words{QStringLiteral(LYNCEUS_SOURCE_DIR "/scripts/evaluate-datasets"),
                      sets,
                      u"--cli"_s,
                      QStringLiteral(LYNCEUS_CLI),
                      u"--seeds"_s,
                      u"1,2"_s,
                      u"--out"_s,
                      table,
                      u"--keep"_s,
                      models};
    for (const QString& word : tinyTraining()) { // all but --threads 1 and --no-engines
        if (word == u"--threads"_s)
            break;
        words << word;
    }
    QProcess process;
    process.start(u"python3"_s, words);
    QVERIFY(process.waitForFinished(kTimeoutMs));
    const QByteArray printed = process.readAllStandardOutput();
    const QByteArray messages = process.readAllStandardError();
    QVERIFY2(process.exitCode() == 1, messages.constData()); // one of them failed
    QCOMPARE(contentOf(table), printed);
    QVERIFY2(printed.contains("| a defekt | 0 of 2 | - |"), printed.constData());
    QVERIFY2(printed.contains("\n* a defekt, seed 2: ") && messages.contains("a defekt, seed 2"), printed.constData());
    QVERIFY(!printed.contains("no data set"));
    const qsizetype row = printed.indexOf("| flänsche | 2 of 2 | ");
    QVERIFY2(row >= 0, printed.constData());
    const QByteArray line = printed.mid(row, printed.indexOf('\n', row) - row);
    QCOMPARE(line.count('|'), 15);
    QVERIFY2(!line.contains("| - |"), line.constData());
    QVERIFY(QFile::exists(models + u"/flänsche-2.safetensors"_s));

    process.start(u"python3"_s, {words[0], m_folder + u"/nowhere"_s, u"--cli"_s, QStringLiteral(LYNCEUS_CLI)});
    QVERIFY(process.waitForFinished(kTimeoutMs));
    QCOMPARE(process.exitCode(), 1);
    QVERIFY(process.readAllStandardError().contains("nowhere"));
}

void TestCli::calibrateFromGoodImages()
{
    const QString model = m_folder + u"/calibrated.safetensors"_s;
    QVERIFY(QFile::copy(m_model, model));
    const Ran ran = runJson({u"calibrate"_s, u"--model"_s, model, u"--data"_s, m_product, u"--overkill"_s, u"0.25"_s});
    QVERIFY2(ran.exitCode == 0, ran.err.constData());
    const ModelInfo info = readModelInfo(model);
    QCOMPARE(ran.json().value(u"threshold"_s).toDouble(), info.thresholds.score);
    QCOMPARE(info.calibration.value(u"kind"_s).toString(), u"good"_s);
    QCOMPARE(info.calibration.value(u"images"_s).toInt(), 4); // the held-out ones of test/good
    const QJsonValue goodScores = readModelInfo(m_model).calibration[u"good_scores"_s];
    QVERIFY(!goodScores.toArray().isEmpty());
    QCOMPARE(info.calibration[u"good_scores"_s], goodScores); // stays true of the model
    // Three of four good parts must pass with the new threshold.
    const Ran inspected = runJson({u"inspect"_s, u"--model"_s, model, m_product + u"/test/good"_s});
    int passed = 0;
    for (const QJsonValue& value : inspected.json().value(u"results"_s).toArray())
        passed += value.toObject().value(u"verdict"_s) == u"OK"_s ? 1 : 0;
    QVERIFY(passed >= 3);
}

void TestCli::calibrateFromCosts()
{
    const QString model = m_folder + u"/costs.safetensors"_s;
    QVERIFY(QFile::copy(m_model, model));
    const Ran ran = runJson({u"calibrate"_s, u"--model"_s, model, u"--data"_s, m_product, u"--cost-escape"_s, u"100"_s,
                             u"--cost-overkill"_s, u"1"_s, u"--defective-share"_s, u"0.05"_s});
    QVERIFY2(ran.exitCode == 0, ran.err.constData());
    QCOMPARE(ran.json().value(u"threshold"_s).toDouble(), readModelInfo(model).thresholds.score);
    QVERIFY(readModelInfo(model).calibration.value(u"cost_escape"_s).toDouble() == 100.0);
    // Costs need defective images.
    const Ran good = run(QStringList{u"calibrate"_s, u"--model"_s, model, u"--data"_s, m_product + u"/test/good"_s,
                                     u"--cost-escape"_s, u"100"_s, u"--cost-overkill"_s, u"1"_s} +
                         home());
    QCOMPARE(good.exitCode, 1);
    QVERIFY(!good.err.isEmpty());
}

void TestCli::compiledModelsRunOnTheirEngine()
{
    const QString model = m_folder + u"/schnell.safetensors"_s;
    QVERIFY(QFile::copy(m_model, model));
    const QStringList compile{u"compile"_s,  u"--model"_s, model,         u"--data"_s, m_product,
                              u"--images"_s, u"4"_s,       u"--search"_s, u"0"_s};
    const QStringList inspect{u"inspect"_s, u"--model"_s, model, m_product + u"/test/good"_s};
    const QStringList exact{u"--engine"_s, u"openvino-fp32"_s};
    const QString wanted = runJson(inspect).json().value(u"inspection"_s).toObject().value(u"engine"_s).toString();
    QCOMPARE(wanted, u"libtorch"_s); // nothing else was shown to be right
    const Ran fallback = runJson(inspect + exact);
    QCOMPARE(fallback.exitCode, 0);
    QVERIFY2(fallback.err.contains("openvino-fp32") && fallback.err.contains("libtorch"), fallback.err.constData());
    QCOMPARE(run(inspect + home() + QStringList{u"--engine"_s, u"onnx"_s}).exitCode, 2);
    if (const QString why = whyNoEngine(Engine::OpenVinoFp32); !why.isEmpty()) {
        const Ran none = run(compile + home());
        QCOMPARE(none.exitCode, 1);
        QVERIFY2(none.err.contains(why.toUtf8()), none.err.constData());
        QSKIP(qPrintable(why));
    }

    const Ran compiled = runJson(compile);
    QVERIFY2(compiled.exitCode == 0, compiled.err.constData());
    const QJsonObject exactReport = compiled.json().value(u"reports"_s).toArray().first().toObject();
    QCOMPARE(exactReport.value(u"engine"_s).toString(), u"openvino-fp32"_s);
    QVERIFY(exactReport.value(u"passed"_s).toBool());
    QCOMPARE(exactReport.value(u"images"_s).toInt(), 8);
    const Ran inspected = runJson(inspect + exact);
    QCOMPARE(inspected.json().value(u"inspection"_s).toObject().value(u"engine"_s).toString(), u"openvino-fp32"_s);
    {
        const Database database(m_home + u"/lynceus.db"_s);
        QCOMPARE(InspectionStore(database).list(1).front().engine, u"openvino-fp32"_s);
    }
    const Ran evaluated = runJson(QStringList{u"evaluate"_s, u"--model"_s, model, u"--data"_s, m_product} + exact);
    QCOMPARE(evaluated.json().value(u"engine"_s).toString(), u"openvino-fp32"_s);
    const Ran benched = runJson(QStringList{u"bench"_s, u"--model"_s, model, u"--runs"_s, u"2"_s} + exact);
    QCOMPARE(benched.json().value(u"width"_s).toInt(), 64);
    QCOMPARE(benched.json().value(u"engines"_s).toArray().size(), 2);

    const QString out = m_folder + u"/für OpenVINO"_s;
    const Ran exported = runJson({u"export"_s, u"--format"_s, u"openvino"_s, u"--model"_s, model, u"--out"_s, out});
    QVERIFY2(exported.exitCode == 0, exported.err.constData());
    QVERIFY(contentOf(out + u"/encoder.xml"_s).contains("<net"));
    QVERIFY(contentOf(out + u"/parity.json"_s).contains("score_shift"));
    QCOMPARE(
        run(QStringList{u"export"_s, u"--format"_s, u"onnx"_s, u"--model"_s, model, u"--out"_s, out} + home()).exitCode,
        2);
    const Ran missing = run(QStringList{u"export"_s, u"--model"_s, m_model, u"--out"_s, out} + home());
    QCOMPARE(missing.exitCode, 1);
    QVERIFY2(missing.err.contains("ompile"), missing.err.constData());
}

void TestCli::withoutTheProcessorsPluginLibTorchGoesOn()
{
#ifdef LYNCEUS_OPENVINO_LIBRARY
    const QString model = m_folder + u"/ohne Teil.safetensors"_s;
    QVERIFY(QFile::copy(m_model, model));
    const Ran compiled = runJson(
        {u"compile"_s, u"--model"_s, model, u"--data"_s, m_product, u"--images"_s, u"4"_s, u"--search"_s, u"0"_s});
    QVERIFY2(compiled.exitCode == 0, compiled.err.constData());
    const QStringList inspect{u"inspect"_s, u"--model"_s, model, m_product};
    const Ran expected = runJson(inspect + QStringList{u"--engine"_s, u"libtorch"_s});
    QVERIFY2(expected.exitCode == 0, expected.err.constData());

    // OpenVINO as it is, less one file. It looks for that one where its own library really lies, so that is a copy.
    const QFileInfo library(QStringLiteral(LYNCEUS_OPENVINO_LIBRARY));
    const QString libraries = m_folder + u"/OpenVINO ohne"_s;
    QVERIFY(QDir().mkpath(libraries));
    for (const QFileInfo& file : library.dir().entryInfoList(QDir::Files)) {
        const QString copy = libraries + u'/' + file.fileName();
        if (file.fileName() == library.fileName())
            QVERIFY(QFile::copy(file.filePath(), copy));
        else if (!file.fileName().contains(u"intel_cpu_plugin"_s))
            QVERIFY(QFile::link(file.filePath(), copy));
    }
    qputenv("LD_LIBRARY_PATH", libraries.toUtf8());
    const auto restore = qScopeGuard([] { qunsetenv("LD_LIBRARY_PATH"); });
    for (const QString& engine : {u"auto"_s, u"openvino-fp32"_s}) {
        const Ran ran = runJson(inspect + QStringList{u"--engine"_s, engine});
        QVERIFY2(ran.exitCode == 0, ran.err.constData());
        QVERIFY2(ran.err.contains("cannot be loaded") && ran.err.contains("libtorch"), ran.err.constData());
        QCOMPARE(ran.json().value(u"inspection"_s).toObject().value(u"engine"_s).toString(), u"libtorch"_s);
        const QJsonArray results = ran.json().value(u"results"_s).toArray();
        const QJsonArray wanted = expected.json().value(u"results"_s).toArray();
        QCOMPARE(results.size(), 10);
        for (int i = 0; i < results.size(); ++i) {
            for (const QString& key : {u"image"_s, u"score"_s, u"verdict"_s})
                QCOMPARE(results[i].toObject().value(key), wanted[i].toObject().value(key));
        }
    }
#else
    QSKIP("This build has no OpenVINO.");
#endif
}

void TestCli::benchMeasures()
{
    const Ran ran = runJson({u"bench"_s, u"memseg"_s, u"--size"_s, u"64x64"_s, u"--runs"_s, u"3"_s});
    QVERIFY2(ran.exitCode == 0, ran.err.constData());
    const QJsonObject json = ran.json();
    for (const QString& key :
         {u"name"_s, u"width"_s, u"height"_s, u"threads"_s, u"runs"_s, u"peak_memory_mb"_s, u"cpu"_s})
        QVERIFY2(json.contains(key), qPrintable(key));
    const QJsonObject engine = json.value(u"engines"_s).toArray().first().toObject();
    QCOMPARE(engine.value(u"engine"_s).toString(), u"libtorch"_s);
    for (const QString& key : {u"p50"_s, u"p95"_s, u"p99"_s, u"min"_s})
        QVERIFY(engine.value(u"latency_ms"_s).toObject().value(key).toDouble() > 0.0);

    const Ran several = runJson({u"bench"_s, u"mobilenetv2"_s, u"raft-small"_s, u"--size"_s, u"128x128"_s, u"--runs"_s,
                                 u"1"_s, u"--engine"_s, u"libtorch"_s});
    QVERIFY2(several.exitCode == 0, several.err.constData());
    const QJsonArray networks = several.json().value(u"networks"_s).toArray();
    QCOMPARE(networks.size(), 2);
    QCOMPARE(networks[0][u"name"_s].toString(), u"mobilenetv2"_s);
    QCOMPARE(networks[1][u"name"_s].toString(), u"raft-small"_s);
    const Ran small = runJson({u"bench"_s, u"raft-small"_s, u"--size"_s, u"100x128"_s});
    QCOMPARE(small.exitCode, 1);
    QVERIFY2(small.err.contains("100"), small.err.constData());
    const Ran unknown = runJson({u"bench"_s, u"u3net"_s});
    QCOMPARE(unknown.exitCode, 2);
    QVERIFY2(unknown.err.contains("u2netp"), unknown.err.constData());
}

void TestCli::modelsListInfoVerify()
{
    const Ran list = runJson({u"models"_s, u"list"_s});
    QVERIFY2(list.exitCode == 0, list.err.constData());
    QVERIFY(list.json().value(u"models"_s).isArray());
    const Ran info = runJson({u"models"_s, u"info"_s, m_model});
    QVERIFY2(info.exitCode == 0, info.err.constData());
    QCOMPARE(info.json().value(u"method"_s).toString(), u"memseg"_s);
    QCOMPARE(info.json().value(u"sha256"_s).toString(), fileSha256(m_model));
    QCOMPARE(info.json()[u"verdict"_s], m_training[u"verdict"_s]);
    const Ran inWords = run(QStringList{u"models"_s, u"info"_s, m_model} + home());
    QVERIFY2(inWords.out.contains("simulated small defects would pass"), inWords.out.constData());
    QVERIFY(inWords.out.contains("What would help:"));
    const Ran verify = run(QStringList{u"models"_s, u"verify"_s} + home());
    QVERIFY2(verify.exitCode == 0, verify.err.constData());
    QCOMPARE(run(QStringList{u"models"_s, u"info"_s, u"no-such-model"_s} + home()).exitCode, 1);
}

void TestCli::modelsImport()
{
    // Zeros in the shape of the public weights.
    const QString weights = m_folder + u"/resnet18 öffentlich.safetensors"_s;
    std::vector<std::vector<unsigned char>> storage;
    std::vector<NamedTensor> tensors;
    for (const auto& [name, shape] : resnet18Keys()) {
        TensorView view;
        view.dtype = shape.empty() ? DType::I64 : DType::F32;
        view.shape = shape;
        view.bytes = std::size_t(view.elements()) * dtypeSize(view.dtype);
        storage.emplace_back(view.bytes);
        view.data = storage.back().data();
        tensors.push_back({name, view});
    }
    writeSafetensors(weights, tensors);
    const QStringList words{u"models"_s, u"import"_s, weights, u"--id"_s, u"zeros"_s, u"--licence"_s, u"CC0-1.0"_s};
    const Ran imported = runJson(words);
    QVERIFY2(imported.exitCode == 0, imported.err.constData());
    QCOMPARE(imported.json().value(u"id"_s).toString(), u"zeros"_s);
    QCOMPARE(imported.json().value(u"sha256"_s).toString().size(), 64);
    QVERIFY(run(QStringList{u"models"_s, u"list"_s} + home()).out.contains("zeros"));
    QCOMPARE(run(QStringList{u"models"_s, u"verify"_s, u"zeros"_s} + home()).exitCode, 0);

    const Ran wrong = run(QStringList{u"models"_s, u"import"_s, m_model, u"--id"_s, u"wrong"_s} + home());
    QCOMPARE(wrong.exitCode, 1); // a model, not a ResNet-18

    // A file that changed afterwards is found.
    const QStringList stored = filesIn(m_home + u"/models"_s).filter(u".safetensors"_s);
    QCOMPARE(stored.size(), 1);
    QFile file(m_home + u"/models/"_s + stored.first());
    QVERIFY(file.open(QIODevice::ReadWrite));
    QVERIFY(file.seek(file.size() - 1));
    file.write("x");
    file.close();
    const Ran changed = run(QStringList{u"models"_s, u"verify"_s} + home());
    QCOMPARE(changed.exitCode, 1);
    QVERIFY((changed.out + changed.err).contains("zeros"));
}

void TestCli::databaseCheckAndBackup()
{
    const Ran check = run(QStringList{u"db"_s, u"check"_s} + home());
    QVERIFY2(check.exitCode == 0, check.err.constData());
    QVERIFY(check.out.contains("ok"));
    const QString copy = m_folder + u"/Sicherung.db"_s;
    const Ran backup = run(QStringList{u"db"_s, u"backup"_s, copy} + home());
    QVERIFY2(backup.exitCode == 0, backup.err.constData());
    const Database restored(copy);
    QCOMPARE(restored.check(), u"ok"_s);
    QVERIFY(!RunStore(restored).list().empty());
}

void TestCli::corruptDatabaseIsRefused()
{
    const QString home = m_folder + u"/corrupt"_s;
    QVERIFY(QDir().mkpath(home));
    const QByteArray garbage = QByteArray("garbage ").repeated(1000);
    put(home + u"/lynceus.db"_s, garbage);
    for (const QStringList& words :
         {QStringList{u"db"_s, u"check"_s}, QStringList{u"inspect"_s, u"--model"_s, m_model, m_product}}) {
        const Ran ran = run(words + QStringList{u"--data-home"_s, home});
        QCOMPARE(ran.exitCode, 1);
        QVERIFY2(ran.err.contains("lynceus.db"), ran.err.constData());
    }
    QCOMPARE(contentOf(home + u"/lynceus.db"_s), garbage);
}

QTEST_GUILESS_MAIN(TestCli)
#include "tst_cli.moc"
