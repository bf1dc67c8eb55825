// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/progress.h"
#include "core/jobs/inspection_recorder.h"
#include "core/storage/database.h"

#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <atomic>
#include <memory>
#include <thread>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

ResultRecord judged(int number)
{
    ResultRecord record;
    record.image = u"/Linie 3/Teil ß %1.png"_s.arg(number);
    record.imageHash = QString::number(number);
    record.result.score = number / 1000.0;
    record.result.map = cv::Mat(8, 8, CV_32F, cv::Scalar(0.5));
    record.result.regions.push_back({});
    return record;
}

} // namespace

class TestInspectionRecorder : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_database = std::make_unique<Database>(file());
    }

    void cleanup() { m_database.reset(); }

    void eachResultIsStoredAtOnce()
    {
        const Database reader(file());
        InspectionRecorder recorder(*m_database, record());
        for (int i = 0; i < 5; ++i) {
            recorder.add(judged(i));
            QTRY_COMPARE(recorder.state().pending, std::size_t(0));
            const InspectionRecorder::State state = recorder.state();
            QCOMPARE(state.stored, std::size_t(i + 1));
            QVERIFY(!state.isFinished);
            // What another process would see, should this one be killed now.
            const std::vector<ResultRecord> stored = InspectionStore(reader).results(state.inspection);
            QCOMPARE(stored.size(), std::size_t(i + 1));
            QCOMPARE(stored.back().image, judged(i).image);
            QCOMPARE(stored.back().imageHash, QString::number(i));
            QCOMPARE(stored.back().result.score, i / 1000.0);
            QCOMPARE(stored.back().result.regions.size(), std::size_t(1));
        }
        QVERIFY(!InspectionStore(reader).list().front().finished.isValid());
        const InspectionRecorder::State state = recorder.finish();
        QVERIFY(state.isFinished && state.problem.isEmpty());
        QVERIFY(InspectionStore(reader).list().front().finished.isValid());
        QCOMPARE(InspectionStore(reader).list().front().folder, record().folder);
    }

    void manyAtOnceFromSeveralThreads()
    {
        constexpr int kEach = 300;
        InspectionRecorder recorder(*m_database, record());
        const Stopwatch watch;
        const auto addAll = [&recorder](int first) {
            for (int i = 0; i < kEach; ++i)
                recorder.add(judged(first + i));
        };
        std::thread other(addAll, kEach);
        addAll(0);
        other.join();
        const double ms = watch.ms();
        const InspectionRecorder::State state = recorder.finish();
        qInfo("%d results given in %.1f ms, stored after %.1f ms", 2 * kEach, ms, watch.ms());
        QVERIFY(state.isFinished);
        QCOMPARE(state.stored, std::size_t(2 * kEach));
        int last = -1;
        for (const ResultRecord& result : InspectionStore(*m_database).results(state.inspection)) {
            const int number = result.imageHash.toInt();
            if (number >= kEach)
                continue;
            QCOMPARE(number, last + 1); // in the order that they were given
            last = number;
        }
        QCOMPARE(last, kEach - 1);
    }

    void aLockedDatabaseKeepsNobodyWaiting()
    {
        InspectionRecorder recorder(*m_database, record());
        {
            const Transaction other(*m_database); // of another thread: the recorder has one of its own
            const Stopwatch watch;
            for (int i = 0; i < 100; ++i)
                recorder.add(judged(i));
            QVERIFY2(watch.ms() < 1000.0, qPrintable(QString::number(watch.ms())));
            QCOMPARE(recorder.state().pending, std::size_t(100));
        }
        QCOMPARE(recorder.finish().stored, std::size_t(100));
    }

    void whatCouldNotBeStoredIsTriedAgain()
    {
        std::atomic<int> failures{0};
        std::atomic<int> successes{0};
        InspectionRecorder recorder(*m_database, record(), [&](const InspectionRecorder::State& state) {
            ++(state.problem.isEmpty() ? successes : failures);
        });
        recorder.add(judged(0));
        QTRY_COMPARE(recorder.state().stored, std::size_t(1));
        m_database->run(u"ALTER TABLE results RENAME TO taken_away"_s);
        recorder.add(judged(1));
        QTRY_VERIFY(failures > 0);
        recorder.add(judged(2));
        const InspectionRecorder::State failed = recorder.finish();
        QVERIFY(!failed.isFinished);
        QCOMPARE(failed.stored, std::size_t(1));
        QCOMPARE(failed.pending, std::size_t(2));
        QVERIFY2(failed.problem.contains(file()), qPrintable(failed.problem));

        m_database->run(u"ALTER TABLE taken_away RENAME TO results"_s);
        const InspectionRecorder::State stored = recorder.finish();
        QVERIFY(stored.isFinished && stored.problem.isEmpty());
        QCOMPARE(stored.pending, std::size_t(0));
        QCOMPARE(successes, 2);
        const auto results = InspectionStore(*m_database).results(stored.inspection);
        QCOMPARE(results.size(), std::size_t(3));
        for (int i = 0; i < 3; ++i)
            QCOMPARE(results[std::size_t(i)].imageHash, QString::number(i));
    }

    void afterTroubleItGoesOnByItself()
    {
        InspectionRecorder recorder(*m_database, record());
        m_database->run(u"ALTER TABLE results RENAME TO taken_away"_s);
        recorder.add(judged(0));
        QTRY_VERIFY(!recorder.state().problem.isEmpty());
        m_database->run(u"ALTER TABLE taken_away RENAME TO results"_s);
        QTRY_COMPARE_WITH_TIMEOUT(recorder.state().stored, std::size_t(1), 20'000);
        QVERIFY(recorder.state().problem.isEmpty());
    }

    void withoutFinishTheResultsStay()
    {
        InspectionRecorder(*m_database, record()); // given up at once
        QVERIFY(InspectionStore(*m_database).list().empty());
        {
            InspectionRecorder recorder(*m_database, record());
            for (int i = 0; i < 20; ++i)
                recorder.add(judged(i));
        }
        const InspectionRecord found = InspectionStore(*m_database).list().front();
        QVERIFY(!found.finished.isValid());
        QCOMPARE(InspectionStore(*m_database).results(found.id).size(), std::size_t(20));
    }

    void anInspectionOfNothingIsFinishedToo()
    {
        InspectionRecorder recorder(*m_database, record());
        QVERIFY(recorder.finish().isFinished);
        QVERIFY(InspectionStore(*m_database).list().front().finished.isValid());
    }

private:
    QString file() const { return m_dir->filePath(u"Prüfung.db"_s); }

    static InspectionRecord record()
    {
        InspectionRecord record;
        record.folder = u"/Linie 3"_s;
        record.modelPath = u"/modèle.safetensors"_s;
        record.modelHash = u"abc"_s;
        return record;
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Database> m_database;
};

QTEST_GUILESS_MAIN(TestInspectionRecorder)
#include "tst_inspection_recorder.moc"
