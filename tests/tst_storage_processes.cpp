// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/storage/database.h"
#include "core/storage/inspection_store.h"
#include "core/storage/run_lock.h"
#include "core/storage/run_store.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QProcess>
#include <QtCore/QTemporaryDir>
#include <QtTest/QtTest>

#include <cstdio>
#include <memory>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

constexpr int kBatch = 20;

std::vector<ResultRecord> batch(const QString& who)
{
    std::vector<ResultRecord> results(kBatch);
    for (int i = 0; i < kBatch; ++i) {
        results[std::size_t(i)].image = u"%1 %2.png"_s.arg(who).arg(i);
        results[std::size_t(i)].result.regions.resize(3);
    }
    return results;
}

void say(const char* text)
{
    std::puts(text);
    std::fflush(stdout);
}

/// What this program does when it is started by the test: "write" adds batches, all of them or until it is killed;
/// "hang" stops in the middle of a transaction until it is killed, "train" in the middle of a run.
int runChild(const QStringList& arguments)
{
    const Database database(arguments[2]);
    if (arguments[1] == u"train") {
        RunRecord run;
        run.targetFile = arguments[3];
        const RunLock lock(run.targetFile);
        RunStore(database).begin(run, &lock);
        say("ready");
        std::getchar(); // until killed
        return 1;
    }
    InspectionStore store(database);
    InspectionRecord record;
    record.folder = arguments[3];
    record.modelPath = u"/shared/model"_s;
    const qint64 id = store.begin(record);
    if (arguments[1] == u"hang") {
        store.add(id, batch(arguments[3]));
        const Transaction transaction(database);
        for (int i = 0; i < 5000; ++i) // enough that SQLite writes pages before the commit
            database.run(u"INSERT INTO results (inspection_id, image, image_hash, error, verdict) "
                         "VALUES (?, 'not committed', ?, '', 'OK')"_s,
                         {id, QString(500, u'x')});
        say("ready");
        std::getchar(); // until killed
        return 1;
    }
    const int batches = arguments[4].toInt();
    for (int i = 0; i < batches; ++i) {
        store.add(id, batch(arguments[3]));
        say("added");
    }
    store.finish(id);
    return 0;
}

} // namespace

class TestStorageProcesses : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void twoProcessesWriteAtOnce();
    void killedInATransaction();
    void killedWhileWriting();
    void killedTrainingWasInterrupted();

private:
    std::unique_ptr<QProcess> start(const QStringList& arguments)
    {
        auto process = std::make_unique<QProcess>();
        process->setProcessChannelMode(QProcess::SeparateChannels);
        process->start(QCoreApplication::applicationFilePath(), arguments);
        return process;
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_file;
};

void TestStorageProcesses::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    m_file = m_dir->filePath(u"gemeinsam ß.sqlite"_s);
}

void TestStorageProcesses::twoProcessesWriteAtOnce()
{
    // Neither file nor schema is there yet, so both also try to make it.
    const auto first = start({u"write"_s, m_file, u"first"_s, u"30"_s});
    const auto second = start({u"write"_s, m_file, u"second"_s, u"30"_s});
    for (QProcess* process : {first.get(), second.get()}) {
        QVERIFY(process->waitForFinished(120000));
        QVERIFY2(process->exitCode() == 0, process->readAllStandardError().constData());
    }
    const Database database(m_file);
    QCOMPARE(database.check(), u"ok"_s);
    const InspectionStore store(database);
    const auto inspections = store.list();
    QCOMPARE(inspections.size(), std::size_t(2));
    for (const InspectionRecord& inspection : inspections) {
        QVERIFY(inspection.finished.isValid());
        const auto results = store.results(inspection.id);
        QCOMPARE(results.size(), std::size_t(30 * kBatch));
        for (const ResultRecord& result : results) {
            QVERIFY(result.image.startsWith(inspection.folder));
            QCOMPARE(result.result.regions.size(), std::size_t(3));
        }
    }
}

void TestStorageProcesses::killedInATransaction()
{
    const auto child = start({u"hang"_s, m_file, u"child"_s});
    QTRY_VERIFY_WITH_TIMEOUT(child->canReadLine() || child->waitForReadyRead(100), 60000);
    QCOMPARE(child->readLine().trimmed(), QByteArray("ready"));
    child->kill(); // SIGKILL: no destructor runs
    QVERIFY(child->waitForFinished());
    QCOMPARE(child->exitStatus(), QProcess::CrashExit);

    const Database database(m_file);
    QCOMPARE(database.check(), u"ok"_s);
    InspectionStore store(database);
    const auto inspections = store.list();
    QCOMPARE(inspections.size(), std::size_t(1));
    QVERIFY(!inspections[0].finished.isValid()); // one can see that it did not end
    const auto results = store.results(inspections[0].id);
    QCOMPARE(results.size(), std::size_t(kBatch));
    for (const ResultRecord& result : results)
        QVERIFY(result.image != u"not committed");
    store.add(inspections[0].id, batch(u"next"_s)); // the lock died with the process
    QCOMPARE(store.results(inspections[0].id).size(), std::size_t(2 * kBatch));
}

void TestStorageProcesses::killedWhileWriting()
{
    for (const int after : {1, 4, 9}) {
        const QString file = m_dir->filePath(u"%1.sqlite"_s.arg(after));
        const auto child = start({u"write"_s, file, u"child"_s, u"1000000"_s});
        int reported = 0;
        while (reported < after) {
            QVERIFY(child->canReadLine() || child->waitForReadyRead(60000));
            while (child->canReadLine()) {
                child->readLine();
                ++reported;
            }
        }
        child->kill();
        QVERIFY(child->waitForFinished());
        while (child->canReadLine()) {
            child->readLine();
            ++reported;
        }

        const Database database(file);
        QCOMPARE(database.check(), u"ok"_s);
        const InspectionStore store(database);
        const auto results = store.results(store.list().at(0).id);
        QCOMPARE(results.size() % kBatch, std::size_t(0));
        // Everything that was reported is there, and at most the batch that was committed but not yet reported.
        QVERIFY(int(results.size()) / kBatch >= reported);
        QVERIFY(int(results.size()) / kBatch <= reported + 1);
        for (const ResultRecord& result : results)
            QCOMPARE(result.result.regions.size(), std::size_t(3));
    }
}

void TestStorageProcesses::killedTrainingWasInterrupted()
{
    const QString model = m_dir->filePath(u"modèle.safetensors"_s);
    const auto child = start({u"train"_s, m_file, model});
    QTRY_VERIFY_WITH_TIMEOUT(child->canReadLine() || child->waitForReadyRead(100), 60000);
    QCOMPARE(child->readLine().trimmed(), QByteArray("ready"));
    const Database database(m_file);
    RunStore store(database);
    const qint64 id = store.list().front().id;
    QCOMPARE(store.get(id).state, RunRecord::State::Running); // the run of another living process
    QVERIFY_THROWS_EXCEPTION(Error, RunLock{model});
    QVERIFY_THROWS_EXCEPTION(Error, store.remove(id));

    child->kill(); // SIGKILL: no destructor runs
    QVERIFY(child->waitForFinished());
    QCOMPARE(store.get(id).state, RunRecord::State::Interrupted);
    const RunLock lock(model);
    store.resume(id, lock);
    QCOMPARE(store.get(id).state, RunRecord::State::Running);
}

int main(int argc, char** argv)
{
    QCoreApplication app(argc, argv);
    const QStringList arguments = app.arguments();
    if (arguments.size() > 3 && QStringList({u"write"_s, u"hang"_s, u"train"_s}).contains(arguments[1])) {
        try {
            return runChild(arguments);
        } catch (const Error& error) {
            std::fputs(qPrintable(error.text()), stderr);
            return 1;
        }
    }
    TestStorageProcesses test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_storage_processes.moc"
