// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/data/demo_product.h"
#include "core/jobs/job_runner.h"
#include "core/jobs/training_job.h"
#include "core/storage/database.h"
#include "core/storage/run_store.h"
#include "core/weights/safetensors.h"

#include <QtCore/QDir>
#include <QtCore/QTemporaryDir>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>

#include <optional>

using namespace lynceus;
using namespace Qt::StringLiterals;

class TestTrainingJob : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void keepsTheRunWithItsCurves();
    void cancelledRunIsMarked();
    void failedRunSaysWhy();
    void folderWithoutGoodImagesStartsNoRun();

private:
    TrainingJob::Request request(const QString& model) const;

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
    request.options.width = 16;
    request.options.decoder = u"lite"_s;
    request.options.preprocessing.width = 64;
    request.options.preprocessing.height = 64;
    request.options.memoryImages = 4;
    request.options.batch = 2;
    request.options.steps = 12;
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
}

void TestTrainingJob::cancelledRunIsMarked()
{
    TaskContext context;
    TrainingObserver observer;
    observer.metric = [&](const QString&, int, double) { context.cancel.cancel(); };
    TrainingJob::Request wanted = request(u"b.safetensors"_s);
    wanted.options.steps = 100'000;
    TrainingJob job(*m_database, wanted, observer);
    QVERIFY_THROWS_EXCEPTION(Cancelled, job.run(context));
    QVERIFY(!QFile::exists(wanted.modelFile));
    QCOMPARE(RunStore(*m_database).list(1).front().state, RunRecord::State::Cancelled);
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

QTEST_GUILESS_MAIN(TestTrainingJob)
#include "tst_training_job.moc"
