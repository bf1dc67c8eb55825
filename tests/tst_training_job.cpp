// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/data/demo_product.h"
#include "core/jobs/job_runner.h"
#include "core/jobs/training_job.h"
#include "core/engines/engine_file.h"
#include "core/memseg/session.h"
#include "core/storage/database.h"
#include "core/storage/run_lock.h"
#include "core/storage/run_store.h"
#include "core/weights/safetensors.h"

#include "tests/support/test_images.h"

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>

#include <atomic>
#include <optional>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

QStringList kindsOf(const std::vector<RunEvent>& events)
{
    QStringList kinds;
    for (const RunEvent& event : events)
        kinds += event.kind;
    kinds.removeAll(u"checkpoint"_s); // how often is the trainer's affair
    return kinds;
}

QString checkpointOf(const TrainingJob::Request& request)
{
    return request.modelFile + u".checkpoint"_s;
}

} // namespace

class TestTrainingJob : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void keepsTheRunWithItsCurves();
    void pausesGoesOnAndFinishes();
    void cancelledRunIsMarked();
    void cancelledRunIsKeptOnDemand();
    void cancelledRunStaysCancelled();
    void failedRunSaysWhy();
    void failedRunKeepsItsCheckpoint();
    void modelThatCannotBeCompiledIsKept();
    void lockedDatabaseStopsNoTraining();
    void folderWithoutGoodImagesStartsNoRun();
    void oneTrainingAModelFile();
    void newTrainingStartsAnew();
    void trainingThatCannotStartTakesNothing();
    void continuedRunKeepsItsRow();
    void endedRunIsNotContinued();
    void missingFolderIsNotContinued();
    void missingCheckpointIsNotContinued();

private:
    TrainingJob::Request request(const QString& model) const;
    /// A run that failed in the middle and left a checkpoint file.
    RunRecord failedRun(const TrainingJob::Request& request) const;
    /// What continuing the run is refused with; nothing when it was not.
    std::optional<Error> refusal(qint64 run) const;

    QTemporaryDir m_dir;
    QString m_product;
    std::unique_ptr<Database> m_database;
};

void TestTrainingJob::initTestCase()
{
    m_product = m_dir.path() + u"/Läufe"_s;
    QVERIFY(QDir().mkpath(m_product));
    DemoOptions options;
    options.size = 256;
    options.trainGood = 10;
    options.testGood = 1;
    options.testDefective = 0;
    writeDemoProduct(m_product, options);
    m_database = std::make_unique<Database>(m_dir.path() + u"/runs.db"_s);
}

TrainingJob::Request TestTrainingJob::request(const QString& model) const
{
    TrainingJob::Request request;
    request.folder = m_product;
    request.modelFile = m_dir.path() + u'/' + model;
    request.options = MemSegOptions::paper();
    request.options.width = 16;
    request.options.decoder = u"lite"_s;
    request.options.autoSize = false;
    request.options.preprocessing.width = 64;
    request.options.preprocessing.height = 64;
    request.options.memoryImages = 4;
    request.options.batch = 2;
    request.options.steps = 12;
    request.options.threads = 1; // so small a network gains nothing from more, and loses where other tests run
    return request;
}

void TestTrainingJob::keepsTheRunWithItsCurves()
{
    // Through the runner, as the Train page does it: on a thread of its own with a connection of its own.
    JobRunner runner;
    QSignalSpy ended(&runner, &JobRunner::ended);
    std::optional<TrainingOutcome> outcome;
    runner.start(JobRunner::Lane::Training,
                 std::make_unique<TrainingJob>(*m_database, request(u"a.safetensors"_s), TrainingObserver{},
                                               [&](const TrainingOutcome& result) { outcome = result; }));
    QTRY_COMPARE_WITH_TIMEOUT(ended.size(), 1, 120'000);
    const auto status = ended[0][0].value<JobStatus>();
    QVERIFY2(status.state == JobStatus::State::Finished, qPrintable(status.error));
    QVERIFY(status.title.contains(u"Läufe"_s));
    QVERIFY(outcome.has_value());

    const RunStore runs(*m_database);
    const auto record = runs.find(outcome->info.trainingRun);
    QVERIFY(record.has_value());
    QCOMPARE(record->state, RunRecord::State::Finished);
    QCOMPARE(record->dataFolder, m_product);
    QCOMPARE(record->final, outcome->info.metrics);
    QCOMPARE(record->modelHash, fileSha256(outcome->modelFile));
    QVERIFY(record->name.startsWith(u"Läufe"_s));
    QVERIFY(record->finished.isValid());
    QVERIFY(!runs.metrics(record->id, u"loss"_s).empty());
    QCOMPARE(readModelInfo(outcome->modelFile).trainingRun, record->id);
    QCOMPARE(record->dataHash, outcome->info.dataHash);
    QVERIFY(!record->dataHash.isEmpty());
    QCOMPARE(record->targetFile, outcome->modelFile);
    QCOMPARE(record->lastStep, 12);
    for (const QString& library : {u"LibTorch"_s, u"OpenCV"_s, u"Qt"_s})
        QVERIFY2(!record->libraries.value(library).toString().isEmpty(), qPrintable(library));
    QCOMPARE(kindsOf(runs.events(record->id)), (QStringList{u"started"_s, u"finished"_s}));
    const auto samples = runs.samples(record->id);
    QVERIFY(!samples.empty());
    QVERIFY(samples.size() <= 16);
    QCOMPARE(samples.front().kind, u"defects"_s);
    QVERIFY(samples.front().png.startsWith("\x89PNG"));
    QVERIFY(!QFile::exists(outcome->modelFile + u".checkpoint"_s));
    QVERIFY(!QFile::exists(outcome->modelFile + u".lock"_s));
}

void TestTrainingJob::pausesGoesOnAndFinishes()
{
    TrainingJob::Request wanted = request(u"pause.safetensors"_s);
    wanted.options.steps = 1'000'000;
    TrainingObserver observer;
    std::atomic<int> step{0};
    observer.metric = [&](const QString&, int at, double) { step = at; };
    const RunStore runs(*m_database);
    const auto happened = [&](const QString& kind) {
        return kindsOf(runs.events(runs.list(1).front().id)).contains(kind);
    };
    JobRunner runner;
    QSignalSpy ended(&runner, &JobRunner::ended);
    runner.start(JobRunner::Lane::Training, std::make_unique<TrainingJob>(*m_database, wanted, observer));
    QTRY_VERIFY_WITH_TIMEOUT(step > 0, 60'000);

    wanted.control.pause();
    QTRY_VERIFY_WITH_TIMEOUT(happened(u"paused"_s), 60'000);
    QCOMPARE(runs.list(1).front().state, RunRecord::State::Running);
    const int pausedAt = step;
    wanted.control.resume();
    QTRY_VERIFY_WITH_TIMEOUT(happened(u"resumed"_s) && step > pausedAt, 60'000);
    wanted.control.finish();
    QTRY_COMPARE_WITH_TIMEOUT(ended.size(), 1, 60'000);

    const auto status = ended[0][0].value<JobStatus>();
    QVERIFY2(status.state == JobStatus::State::Finished, qPrintable(status.error));
    const RunRecord record = runs.list(1).front();
    QCOMPARE(record.state, RunRecord::State::Finished);
    QCOMPARE(record.modelHash, fileSha256(wanted.modelFile));
    QCOMPARE(readModelInfo(wanted.modelFile).trainingRun, record.id);
    QVERIFY(!QFile::exists(checkpointOf(wanted)));
    QCOMPARE(kindsOf(runs.events(record.id)),
             (QStringList{u"started"_s, u"paused"_s, u"resumed"_s, u"finishing"_s, u"finished"_s}));
}

void TestTrainingJob::cancelledRunIsMarked()
{
    TaskContext context;
    TrainingJob::Request wanted = request(u"b.safetensors"_s);
    wanted.options.steps = 100'000;
    TrainingObserver observer;
    observer.metric = [&](const QString&, int, double) {
        test::writeFile(checkpointOf(wanted), "learnt so far");
        context.cancel.cancel();
    };
    QString run;
    observer.event = [&](const QString& kind, const QString& detail) {
        if (kind == u"started")
            run = detail;
    };
    TrainingJob job(*m_database, wanted, observer);
    QVERIFY_THROWS_EXCEPTION(Cancelled, job.run(context));
    QVERIFY(!QFile::exists(wanted.modelFile));
    QVERIFY(!QFile::exists(checkpointOf(wanted)));
    const RunStore runs(*m_database);
    const RunRecord record = runs.list(1).front();
    QCOMPARE(record.state, RunRecord::State::Cancelled);
    QCOMPARE(QString::number(record.id), run);
    QVERIFY(!record.canResume());
    QCOMPARE(kindsOf(runs.events(record.id)), (QStringList{u"started"_s, u"cancelled"_s}));
}

void TestTrainingJob::cancelledRunIsKeptOnDemand()
{
    TaskContext context;
    const TrainingJob::Request wanted = request(u"später.safetensors"_s);
    TrainingObserver observer;
    observer.metric = [&, control = wanted.control](const QString& name, int step, double) mutable {
        if (name != u"loss" || step != 5)
            return;
        control.keepWhenCancelled();
        context.cancel.cancel();
    };
    QVERIFY_THROWS_EXCEPTION(Cancelled, TrainingJob(*m_database, wanted, observer).run(context));
    const RunStore runs(*m_database);
    const RunRecord kept = runs.list(1).front();
    QCOMPARE(kept.state, RunRecord::State::Interrupted);
    QCOMPARE(kept.lastStep, 5);
    QVERIFY(kept.canResume());
    QVERIFY(!QFile::exists(wanted.modelFile));

    QVERIFY(!refusal(kept.id).has_value());
    const RunRecord over = runs.get(kept.id);
    QCOMPARE(over.state, RunRecord::State::Finished);
    QCOMPARE(kindsOf(runs.events(kept.id)), (QStringList{u"started"_s, u"interrupted"_s, u"resumed"_s, u"finished"_s}));
    QVERIFY(!QFile::exists(checkpointOf(wanted)));
    TrainingJob(*m_database, request(u"ohne Pause.safetensors"_s)).run({});
    QCOMPARE(over.final, runs.list(1).front().final);

    // One that has not learnt anything yet is cancelled like any other.
    TrainingJob::Request early = request(u"zu früh.safetensors"_s);
    early.control.keepWhenCancelled();
    TaskContext cancelled;
    observer.metric = {};
    observer.event = [&](const QString&, const QString&) { cancelled.cancel.cancel(); };
    QVERIFY_THROWS_EXCEPTION(Cancelled, TrainingJob(*m_database, early, observer).run(cancelled));
    QCOMPARE(runs.list(1).front().state, RunRecord::State::Cancelled);
}

void TestTrainingJob::cancelledRunStaysCancelled()
{
    const TrainingJob::Request wanted = request(u"abgebrochen.safetensors"_s);
    const Database other(m_dir.path() + u"/runs.db"_s);
    std::unique_ptr<Transaction> lock;
    TaskContext context;
    TrainingObserver observer;
    observer.metric = [&](const QString&, int step, double) {
        if (step == 0 || lock)
            return;
        lock = std::make_unique<Transaction>(other);
        context.cancel.cancel();
    };
    m_database->run(u"PRAGMA busy_timeout = 100"_s);
    TrainingJob job(*m_database, wanted, observer);
    QVERIFY_THROWS_EXCEPTION(Cancelled, job.run(context)); // although nobody can write that down
    QVERIFY(!QFile::exists(checkpointOf(wanted)));
    lock.reset();
    QVERIFY(!RunStore(*m_database).list(1).front().canResume());
}

void TestTrainingJob::failedRunSaysWhy()
{
    TrainingJob::Request wanted = request(u"c.safetensors"_s);
    wanted.encoderFile = m_dir.path() + u"/missing.safetensors"_s;
    TrainingJob job(*m_database, wanted);
    QVERIFY_THROWS_EXCEPTION(Error, job.run({}));
    const RunRecord record = RunStore(*m_database).list(1).front();
    QCOMPARE(record.state, RunRecord::State::Failed);
    QVERIFY2(record.message.contains(u"missing.safetensors"_s), qPrintable(record.message));
    const auto events = RunStore(*m_database).events(record.id);
    QCOMPARE(kindsOf(events), (QStringList{u"started"_s, u"failed"_s}));
    QCOMPARE(events.back().detail, record.message);
    QVERIFY(!record.canResume()); // it had learnt nothing yet
}

RunRecord TestTrainingJob::failedRun(const TrainingJob::Request& wanted) const
{
    TrainingObserver observer;
    observer.metric = [&](const QString&, int step, double) {
        if (step == 0)
            return;
        test::writeFile(checkpointOf(wanted), "learnt so far");
        throw Error(ErrorKind::File, u"no room on the disk"_s);
    };
    TrainingJob job(*m_database, wanted, observer);
    const auto error = test::errorOf([&] { job.run({}); });
    if (!error)
        qWarning("the training did not fail");
    return RunStore(*m_database).list(1).front();
}

std::optional<Error> TestTrainingJob::refusal(qint64 run) const
{
    TrainingJob::Request wanted;
    wanted.resumeRun = run;
    TrainingJob job(*m_database, wanted);
    return test::errorOf([&] { job.run({}); });
}

void TestTrainingJob::failedRunKeepsItsCheckpoint()
{
    const TrainingJob::Request wanted = request(u"misslückt.safetensors"_s);
    const RunRecord record = failedRun(wanted);
    QCOMPARE(record.state, RunRecord::State::Failed);
    QCOMPARE(record.message, u"no room on the disk"_s);
    QCOMPARE(record.checkpoint, checkpointOf(wanted));
    QVERIFY(record.canResume());
    QVERIFY(!QFile::exists(wanted.modelFile + u".lock"_s));
    QVERIFY(record.lastStep > 0);
}

void TestTrainingJob::modelThatCannotBeCompiledIsKept()
{
    if (const QString why = whyNoEngine(Engine::OpenVinoFp32); !why.isEmpty())
        QSKIP(qPrintable(why));
    TrainingJob::Request wanted = request(u"uncompiled.safetensors"_s);
    wanted.compileEngines = true;
    QVERIFY(QDir().mkpath(engineFile(wanted.modelFile))); // no file can be written there
    QString warned;
    TrainingObserver observer;
    observer.event = [&](const QString& kind, const QString& detail) {
        if (kind == u"warning")
            warned = detail;
    };
    std::optional<TrainingOutcome> outcome;
    TrainingJob(*m_database, wanted, observer, [&](const TrainingOutcome& result) { outcome = result; }).run({});
    QVERIFY(outcome.has_value());
    QVERIFY2(warned.contains(engineFile(wanted.modelFile)), qPrintable(warned));
    QCOMPARE(warned, outcome->warning);
    QCOMPARE(RunStore(*m_database).get(outcome->info.trainingRun).state, RunRecord::State::Finished);
    QVERIFY(QFile::exists(wanted.modelFile));
}

void TestTrainingJob::lockedDatabaseStopsNoTraining()
{
    const TrainingJob::Request wanted = request(u"gesperrt.safetensors"_s);
    const Database other(m_dir.path() + u"/runs.db"_s);
    std::unique_ptr<Transaction> lock;
    int steps = 0;
    TrainingObserver observer;
    observer.metric = [&](const QString&, int step, double) {
        steps = std::max(steps, step);
        if (step > 0 && !lock)
            lock = std::make_unique<Transaction>(other);
    };
    m_database->run(u"PRAGMA busy_timeout = 100"_s); // of this thread's connection, which the job shares
    TrainingJob job(*m_database, wanted, observer);
    const auto error = test::errorOf([&] { job.run({}); });
    QVERIFY(error.has_value());
    QCOMPARE(error->kind(), ErrorKind::Storage);
    QVERIFY2(error->message().contains(wanted.modelFile), qPrintable(error->text()));
    QCOMPARE(steps, wanted.options.steps); // it went on to its end
    QVERIFY(MemSegSession::load(wanted.modelFile) != nullptr);

    lock.reset();
    RunRecord record = RunStore(*m_database).list(1).front();
    QCOMPARE(record.state, RunRecord::State::Interrupted);
    QVERIFY(record.canResume());
    TrainingJob::Request again;
    again.resumeRun = record.id;
    TrainingJob(*m_database, again).run({});
    record = RunStore(*m_database).get(record.id);
    QCOMPARE(record.state, RunRecord::State::Finished);
    QCOMPARE(record.modelHash, fileSha256(wanted.modelFile));
}

void TestTrainingJob::folderWithoutGoodImagesStartsNoRun()
{
    const std::size_t before = RunStore(*m_database).list().size();
    TrainingJob::Request wanted = request(u"d.safetensors"_s);
    wanted.folder = m_dir.path() + u"/leer"_s;
    QVERIFY(QDir().mkpath(wanted.folder));
    TrainingJob job(*m_database, wanted);
    try {
        job.run({});
        QFAIL("there was nothing to learn from");
    } catch (const Error& error) {
        QVERIFY(error.message().contains(u"leer"_s));
    }
    QCOMPARE(RunStore(*m_database).list().size(), before);
}

void TestTrainingJob::oneTrainingAModelFile()
{
    const TrainingJob::Request wanted = request(u"e.safetensors"_s);
    const RunLock other(wanted.modelFile);
    const std::size_t before = RunStore(*m_database).list().size();
    TrainingJob job(*m_database, wanted);
    const auto error = test::errorOf([&] { job.run({}); });
    QVERIFY(error.has_value());
    QCOMPARE(error->kind(), ErrorKind::Input);
    QVERIFY2(error->message().contains(wanted.modelFile), qPrintable(error->message()));
    QCOMPARE(RunStore(*m_database).list().size(), before);
}

void TestTrainingJob::newTrainingStartsAnew()
{
    const TrainingJob::Request wanted = request(u"f.safetensors"_s);
    const RunRecord failed = failedRun(wanted);
    TrainingJob(*m_database, wanted).run({});
    const RunStore runs(*m_database);
    QVERIFY(runs.list(1).front().id > failed.id);
    QCOMPARE(runs.list(1).front().state, RunRecord::State::Finished);
    // The model is another run's now, and so was the checkpoint.
    QVERIFY(!runs.get(failed.id).canResume());
    QVERIFY(refusal(failed.id).has_value());
}

void TestTrainingJob::trainingThatCannotStartTakesNothing()
{
    const TrainingJob::Request wanted = request(u"belegt.safetensors"_s);
    const RunRecord failed = failedRun(wanted);
    {
        const Database other(m_dir.path() + u"/runs.db"_s);
        const Transaction lock(other);
        m_database->run(u"PRAGMA busy_timeout = 100"_s);
        TrainingJob job(*m_database, wanted);
        const auto error = test::errorOf([&] { job.run({}); });
        QVERIFY(error.has_value());
        QCOMPARE(error->kind(), ErrorKind::Storage);
    }
    QVERIFY(RunStore(*m_database).get(failed.id).canResume());
}

void TestTrainingJob::continuedRunKeepsItsRow()
{
    const RunRecord failed = failedRun(request(u"fortgesetzt.safetensors"_s));
    const RunStore runs(*m_database);
    const std::size_t before = runs.list(-1).size();
    // What the trainer makes of a checkpoint that is none is its affair; either way it happens to this run.
    const auto error = refusal(failed.id);
    const RunRecord again = runs.get(failed.id);
    QCOMPARE(runs.list(-1).size(), before);
    QCOMPARE(again.state, error ? RunRecord::State::Failed : RunRecord::State::Finished);
    QCOMPARE(again.message, error ? error->text() : QString());
    QCOMPARE(again.options, failed.options);
    QCOMPARE(QFile::exists(failed.checkpoint), error.has_value());
    QCOMPARE(kindsOf(runs.events(failed.id)),
             (QStringList{u"started"_s, u"failed"_s, u"resumed"_s, error ? u"failed"_s : u"finished"_s}));
}

void TestTrainingJob::endedRunIsNotContinued()
{
    const TrainingJob::Request wanted = request(u"g.safetensors"_s);
    TrainingJob(*m_database, wanted).run({});
    const RunRecord record = RunStore(*m_database).list(1).front();
    const auto error = refusal(record.id);
    QVERIFY(error.has_value());
    QVERIFY2(error->message().contains(u"finished"), qPrintable(error->message()));
    QCOMPARE(RunStore(*m_database).get(record.id).state, RunRecord::State::Finished);
    QVERIFY(QFile::exists(wanted.modelFile));
    QVERIFY(refusal(record.id + 1000).has_value());
}

void TestTrainingJob::missingFolderIsNotContinued()
{
    TrainingJob::Request wanted = request(u"h.safetensors"_s);
    wanted.folder = m_dir.path() + u"/umgezogen"_s;
    QVERIFY(QFile::link(m_product, wanted.folder));
    const RunRecord record = failedRun(wanted);
    QVERIFY(record.canResume());
    QVERIFY(QFile::remove(wanted.folder));
    const auto error = refusal(record.id);
    QVERIFY(error.has_value());
    QVERIFY2(error->message().contains(record.dataFolder), qPrintable(error->message()));
    QVERIFY(!error->remedy().isEmpty());
    QCOMPARE(RunStore(*m_database).get(record.id).state, RunRecord::State::Failed);
    QVERIFY(QFile::exists(record.checkpoint)); // the folder may come back
}

void TestTrainingJob::missingCheckpointIsNotContinued()
{
    const RunRecord record = failedRun(request(u"i.safetensors"_s));
    QVERIFY(QFile::remove(record.checkpoint));
    const auto error = refusal(record.id);
    QVERIFY(error.has_value());
    QVERIFY2(error->message().contains(record.checkpoint), qPrintable(error->message()));
}

QTEST_GUILESS_MAIN(TestTrainingJob)
#include "tst_training_job.moc"
