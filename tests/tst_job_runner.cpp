// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/jobs/job_runner.h"

#include <QtCore/QElapsedTimer>
#include <QtCore/QThread>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

using Lane = JobRunner::Lane;

/// Statuses that ended() delivered, in order.
std::vector<JobStatus> statuses(const QSignalSpy& spy)
{
    std::vector<JobStatus> result;
    for (const auto& arguments : spy)
        result.push_back(arguments.at(0).value<JobStatus>());
    return result;
}

/// Work that waits until it is cancelled; `started` tells when it runs.
std::function<void(const TaskContext&)> untilCancelled(std::promise<void>& started)
{
    return [&started](const TaskContext& context) {
        started.set_value();
        while (!context.cancel.isCancelled())
            QThread::yieldCurrentThread();
        throw Cancelled();
    };
}

} // namespace

class TestJobRunner : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void runsAJobAndTells();
    void jobsOfALaneRunInOrder();
    void lanesRunBesideEachOther();
    void failureKeepsMessageAndRemedy();
    void foreignExceptionsBecomeFailures();
    void runningJobIsCancelled();
    void waitingJobIsCancelledAtOnce();
    void progressIsThrottled();
    void workersLiveLong();
    void signalsComeOnTheMainThread();
    void destructorCancelsAndJoins();
};

void TestJobRunner::runsAJobAndTells()
{
    JobRunner runner;
    QSignalSpy changed(&runner, &JobRunner::changed);
    QSignalSpy ended(&runner, &JobRunner::ended);
    QVERIFY(runner.isIdle());
    std::atomic<bool> ran{false};
    const quint64 id = runner.start(Lane::Files, u"Zählen"_s, [&](const TaskContext&) { ran = true; });
    QVERIFY(!runner.isIdle());
    QTRY_COMPARE(ended.size(), 1);
    QVERIFY(ran);
    QVERIFY(runner.isIdle());
    QVERIFY(runner.active().empty());
    const JobStatus status = statuses(ended).front();
    QCOMPARE(status.id, id);
    QCOMPARE(status.title, u"Zählen"_s);
    QCOMPARE(status.state, JobStatus::State::Finished);
    QCOMPARE(status.progress.fraction, 1.0);
    QCOMPARE(statuses(changed).front().state, JobStatus::State::Queued);
    QCOMPARE(statuses(changed).back().state, JobStatus::State::Finished);
}

void TestJobRunner::jobsOfALaneRunInOrder()
{
    JobRunner runner;
    QSignalSpy ended(&runner, &JobRunner::ended);
    std::vector<int> order; // one thread writes, the end of the last job publishes it
    for (int i = 0; i < 20; ++i)
        runner.start(Lane::Training, QString::number(i), [&order, i](const TaskContext&) { order.push_back(i); });
    QTRY_COMPARE(ended.size(), 20);
    for (int i = 0; i < 20; ++i)
        QCOMPARE(order[std::size_t(i)], i);
}

void TestJobRunner::lanesRunBesideEachOther()
{
    JobRunner runner;
    QSignalSpy ended(&runner, &JobRunner::ended);
    std::promise<void> started;
    const quint64 blocked = runner.start(Lane::Training, u"long"_s, untilCancelled(started));
    started.get_future().wait();
    const quint64 quick = runner.start(Lane::Inspection, u"quick"_s, [](const TaskContext&) {});
    QTRY_COMPARE(ended.size(), 1);
    QCOMPARE(statuses(ended).front().id, quick);
    QCOMPARE(runner.active().size(), std::size_t(1));
    QCOMPARE(runner.active().front().id, blocked);
    runner.cancel(blocked);
    QTRY_COMPARE(ended.size(), 2);
}

void TestJobRunner::failureKeepsMessageAndRemedy()
{
    JobRunner runner;
    QSignalSpy ended(&runner, &JobRunner::ended);
    runner.start(Lane::Files, u"read"_s, [](const TaskContext&) {
        throw Error(ErrorKind::File, u"a.png can't be read."_s, u"Copy it again."_s);
    });
    runner.start(Lane::Files, u"next"_s, [](const TaskContext&) {});
    QTRY_COMPARE(ended.size(), 2);
    const JobStatus failed = statuses(ended).front();
    QCOMPARE(failed.state, JobStatus::State::Failed);
    QCOMPARE(failed.error, u"a.png can't be read."_s);
    QCOMPARE(failed.remedy, u"Copy it again."_s);
    QCOMPARE(statuses(ended).back().state, JobStatus::State::Finished);
}

void TestJobRunner::foreignExceptionsBecomeFailures()
{
    JobRunner runner;
    QSignalSpy ended(&runner, &JobRunner::ended);
    runner.start(Lane::Files, u"std"_s, [](const TaskContext&) { throw std::runtime_error("tensor of size 3"); });
    runner.start(Lane::Files, u"odd"_s, [](const TaskContext&) { throw 7; });
    QTRY_COMPARE(ended.size(), 2);
    QCOMPARE(statuses(ended)[0].state, JobStatus::State::Failed);
    QVERIFY(statuses(ended)[0].error.contains(u"tensor of size 3"_s));
    QCOMPARE(statuses(ended)[1].state, JobStatus::State::Failed);
    QVERIFY(!statuses(ended)[1].error.isEmpty());
}

void TestJobRunner::runningJobIsCancelled()
{
    JobRunner runner;
    QSignalSpy ended(&runner, &JobRunner::ended);
    std::promise<void> started;
    const quint64 id = runner.start(Lane::Files, u"long"_s, untilCancelled(started));
    started.get_future().wait();
    runner.cancel(id);
    QTRY_COMPARE(ended.size(), 1);
    QCOMPARE(statuses(ended).front().state, JobStatus::State::Cancelled);
    QVERIFY(statuses(ended).front().error.isEmpty());
}

void TestJobRunner::waitingJobIsCancelledAtOnce()
{
    JobRunner runner;
    QSignalSpy ended(&runner, &JobRunner::ended);
    std::promise<void> started;
    std::atomic<bool> ran{false};
    runner.start(Lane::Files, u"long"_s, untilCancelled(started));
    started.get_future().wait();
    const quint64 waiting = runner.start(Lane::Files, u"waiting"_s, [&](const TaskContext&) { ran = true; });
    runner.cancel(waiting);
    QTRY_COMPARE(ended.size(), 1);
    QCOMPARE(statuses(ended).front().id, waiting);
    QCOMPARE(statuses(ended).front().state, JobStatus::State::Cancelled);
    runner.cancelAll();
    QTRY_COMPARE(ended.size(), 2);
    QVERIFY(!ran);
    QVERIFY(runner.isIdle());
}

void TestJobRunner::progressIsThrottled()
{
    JobRunner runner;
    QSignalSpy changed(&runner, &JobRunner::changed);
    QSignalSpy ended(&runner, &JobRunner::ended);
    QElapsedTimer timer;
    timer.start();
    runner.start(Lane::Files, u"busy"_s, [](const TaskContext& context) {
        for (int i = 0; i < 100'000; ++i)
            context.report(i / 100'000.0, u"step"_s);
    });
    QTRY_COMPARE(ended.size(), 1);
    const qint64 slots50ms = timer.elapsed() / 50 + 1;
    QVERIFY2(changed.size() <= slots50ms + 3, qPrintable(QString::number(changed.size())));
    QVERIFY(changed.size() > 3);
}

void TestJobRunner::workersLiveLong()
{
    JobRunner runner;
    QSignalSpy ended(&runner, &JobRunner::ended);
    std::vector<std::thread::id> threads;
    for (int i = 0; i < 3; ++i) {
        runner.start(Lane::Training, u"who"_s,
                     [&](const TaskContext&) { threads.push_back(std::this_thread::get_id()); });
        QTRY_COMPARE(ended.size(), i + 1);
    }
    QCOMPARE(threads[0], threads[1]);
    QCOMPARE(threads[1], threads[2]);
    QVERIFY(threads[0] != std::this_thread::get_id());
}

void TestJobRunner::signalsComeOnTheMainThread()
{
    JobRunner runner;
    bool onMain = false;
    bool done = false;
    // A direct connection, so that the slot runs wherever the signal is emitted.
    connect(
        &runner, &JobRunner::ended, &runner,
        [&] {
            onMain = QThread::currentThread() == thread();
            done = true;
        },
        Qt::DirectConnection);
    runner.start(Lane::Files, u"x"_s, [](const TaskContext&) {});
    QTRY_VERIFY(done);
    QVERIFY(onMain);
}

void TestJobRunner::destructorCancelsAndJoins()
{
    std::promise<void> started;
    std::atomic<bool> ended{false};
    std::atomic<bool> waitingRan{false};
    {
        JobRunner runner;
        runner.start(Lane::Training, u"long"_s, [&](const TaskContext& context) {
            started.set_value();
            while (!context.cancel.isCancelled())
                QThread::yieldCurrentThread();
            ended = true;
        });
        runner.start(Lane::Training, u"waiting"_s, [&](const TaskContext&) { waitingRan = true; });
        started.get_future().wait();
    }
    QVERIFY(ended);
    QVERIFY(!waitingRan);
}

QTEST_GUILESS_MAIN(TestJobRunner)
#include "tst_job_runner.moc"
