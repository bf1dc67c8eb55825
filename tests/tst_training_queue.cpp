// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/base/settings.h"
#include "core/jobs/job_runner.h"
#include "core/engines/engine_file.h"
#include "core/storage/database.h"
#include "core/storage/run_store.h"
#include "core/weights/model_store.h"
#include "tests/support/training_folder.h"
#include "ui/training_progress_panel.h"
#include "ui/training_queue.h"

#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>
#include <QtTest/QAbstractItemModelTester>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>
#include <QtWidgets/QLabel>
#include <QtWidgets/QListView>
#include <QtWidgets/QMessageBox>
#include <QtWidgets/QPushButton>

#include <memory>

using namespace lynceus;
using namespace Qt::StringLiterals;

class TestTrainingQueue : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void trainingsTakeTheirTurns();
    void oneThatWaitsIsRemoved();
    void oneThatWaitsIsCancelledElsewhere();
    void pausesAndResumes();
    void stopsAndKeepsTheBest();
    void cancelAsksWhenMuchWouldBeLost();
    void continuesARun();
    void missingEncodersAreRefused();

private:
    template <typename Widget>
    Widget* child(const QString& name) const
    {
        return m_panel->findChild<Widget*>(name);
    }
    void waitForStep() const;

    static constexpr int kForever = 1'000'000;

    std::unique_ptr<QTemporaryDir> m_home;
    QString m_folder;
    std::unique_ptr<Settings> m_settings;
    std::unique_ptr<Database> m_database;
    std::unique_ptr<ModelStore> m_store;
    std::unique_ptr<JobRunner> m_jobs;
    std::unique_ptr<TrainingQueue> m_queue;
    std::unique_ptr<QAbstractItemModelTester> m_tester;
    std::unique_ptr<TrainingProgressPanel> m_panel;
};

void TestTrainingQueue::init()
{
    m_home = std::make_unique<QTemporaryDir>(QDir::tempPath() + u"/prüfung-XXXXXX"_s);
    QVERIFY(m_home->isValid());
    m_folder = m_home->filePath(u"teile"_s);
    test::writeParts(m_folder, 8);
    m_settings = std::make_unique<Settings>(m_home->filePath(u"settings.ini"_s));
    m_database = std::make_unique<Database>(m_home->filePath(u"lynceus.db"_s));
    m_store = std::make_unique<ModelStore>(QString(), m_home->filePath(u"weights"_s));
    m_jobs = std::make_unique<JobRunner>();
    m_queue = std::make_unique<TrainingQueue>(
        Services{*m_settings, *m_database, *m_store, *m_jobs, m_home->filePath(u"models"_s)});
    m_tester = std::make_unique<QAbstractItemModelTester>(m_queue.get(),
                                                          QAbstractItemModelTester::FailureReportingMode::QtTest);
    m_panel = std::make_unique<TrainingProgressPanel>(m_queue.get());
    m_panel->resize(600, 400);
    m_panel->show();
    QVERIFY(QTest::qWaitForWindowActive(m_panel.get()));
}

void TestTrainingQueue::cleanup()
{
    m_panel.reset();
    m_tester.reset();
    m_queue.reset();
    m_jobs.reset();
    m_store.reset();
    m_database.reset();
    m_settings.reset();
    m_home.reset();
}

void TestTrainingQueue::waitForStep() const
{
    QTRY_VERIFY_WITH_TIMEOUT(m_queue->current() && !m_queue->current()->told.samples.empty(), 60'000);
}

void TestTrainingQueue::trainingsTakeTheirTurns()
{
    QSignalSpy ended(m_queue.get(), &TrainingQueue::ended);
    QSignalSpy current(m_queue.get(), &TrainingQueue::currentChanged);
    for (int i = 0; i < 2; ++i)
        m_queue->add(m_folder, test::tinyOptions(12));
    QCOMPARE(m_queue->rowCount(), 1);
    QVERIFY(child<QListView>(u"queue"_s)->isVisible());
    QVERIFY(m_queue->index(0, 0).data().toString().contains(u"teile"_s));
    const QString first = m_queue->current()->name;
    QTRY_COMPARE_WITH_TIMEOUT(ended.size(), 1, 120'000);
    QCOMPARE(m_queue->rowCount(), 0);
    QVERIFY(!child<QListView>(u"queue"_s)->isVisible());
    QVERIFY(m_queue->current());
    QVERIFY(m_queue->current()->name != first);
    QTRY_COMPARE_WITH_TIMEOUT(ended.size(), 2, 120'000);
    QVERIFY(!m_queue->current());
    QVERIFY(!child<QPushButton>(u"pauseButton"_s)->isVisible());
    QCOMPARE(current.size(), 3);

    const std::vector<RunRecord> runs = RunStore(*m_database).list();
    QCOMPARE(runs.size(), std::size_t(2));
    for (const RunRecord& run : runs) {
        QCOMPARE(run.state, RunRecord::State::Finished);
        QCOMPARE(QFile::exists(engineFile(run.modelPath)), engineAvailable(Engine::OpenVinoFp32));
    }
    QVERIFY(runs[0].modelPath != runs[1].modelPath);
    QCOMPARE(runs[1].name, first);
}

void TestTrainingQueue::oneThatWaitsIsRemoved()
{
    for (int i = 0; i < 3; ++i)
        m_queue->add(m_folder, test::tinyOptions(kForever));
    QCOMPARE(m_queue->rowCount(), 2);
    const QString second = m_queue->index(0, 0).data().toString();
    const QString third = m_queue->index(1, 0).data().toString();
    child<QListView>(u"queue"_s)->setCurrentIndex(m_queue->index(0, 0));
    QTest::mouseClick(child<QPushButton>(u"removeButton"_s), Qt::LeftButton);
    QCOMPARE(m_queue->rowCount(), 1);
    QCOMPARE(m_queue->index(0, 0).data().toString(), third);
    QVERIFY(second != third);
    QTRY_COMPARE(m_jobs->active().size(), std::size_t(2));
}

void TestTrainingQueue::oneThatWaitsIsCancelledElsewhere()
{
    for (int i = 0; i < 2; ++i)
        m_queue->add(m_folder, test::tinyOptions(kForever));
    m_jobs->cancel(m_jobs->active().back().id);
    QTRY_COMPARE(m_queue->rowCount(), 0);
    QVERIFY(m_queue->current());
}

void TestTrainingQueue::pausesAndResumes()
{
    auto* pause = child<QPushButton>(u"pauseButton"_s);
    QVERIFY(!pause->isVisible());
    m_queue->add(m_folder, test::tinyOptions(kForever));
    waitForStep();
    QVERIFY(pause->isVisible());
    QTest::mouseClick(pause, Qt::LeftButton);
    QVERIFY(m_queue->current()->control.isPaused());
    QVERIFY(child<QLabel>(u"stepText"_s)->text().startsWith(u"Paused"_s));
    QTest::keyClick(pause, Qt::Key_P, Qt::AltModifier);
    QTRY_VERIFY(!m_queue->current()->control.isPaused()); // keys press a button for a moment
    QVERIFY(!child<QLabel>(u"stepText"_s)->text().startsWith(u"Paused"_s));
}

void TestTrainingQueue::stopsAndKeepsTheBest()
{
    m_queue->add(m_folder, test::tinyOptions(kForever));
    waitForStep();
    auto* finish = child<QPushButton>(u"finishButton"_s);
    QTest::mouseClick(finish, Qt::LeftButton);
    QVERIFY(m_queue->current()->control.isFinishing());
    QVERIFY(!finish->isEnabled());
    QVERIFY(child<QLabel>(u"stepText"_s)->text().startsWith(u"Stopping"_s));
}

void TestTrainingQueue::cancelAsksWhenMuchWouldBeLost()
{
    QSignalSpy ended(m_queue.get(), &TrainingQueue::ended);
    auto* cancel = child<QPushButton>(u"cancelButton"_s);
    m_queue->add(m_folder, test::tinyOptions(kForever));
    waitForStep();
    m_panel->setAskAfter(0.0);
    QTest::mouseClick(cancel, Qt::LeftButton);
    auto* question = child<QMessageBox>(u"cancelQuestion"_s);
    QVERIFY(question && question->isVisible());
    QTest::keyClick(question, Qt::Key_Escape);
    QTRY_VERIFY(!child<QMessageBox>(u"cancelQuestion"_s));
    QVERIFY(m_queue->current());

    QTest::mouseClick(cancel, Qt::LeftButton);
    question = child<QMessageBox>(u"cancelQuestion"_s);
    for (QAbstractButton* button : question->buttons()) {
        if (question->buttonRole(button) == QMessageBox::DestructiveRole)
            QTest::mouseClick(button, Qt::LeftButton);
    }
    QTRY_COMPARE_WITH_TIMEOUT(ended.size(), 1, 60'000);
    QCOMPARE(ended.front().at(1).value<JobStatus>().state, JobStatus::State::Cancelled);

    // Little work is dropped without a question.
    m_panel->setAskAfter(600.0);
    m_queue->add(m_folder, test::tinyOptions(kForever));
    waitForStep();
    QTest::mouseClick(cancel, Qt::LeftButton);
    QTRY_COMPARE_WITH_TIMEOUT(ended.size(), 2, 60'000);
}

void TestTrainingQueue::continuesARun()
{
    RunRecord run;
    run.name = u"teile gestern"_s;
    run.dataFolder = m_folder;
    run.options = test::tinyOptions(12).toJson();
    run.targetFile = m_home->filePath(u"m.safetensors"_s);
    run.checkpoint = run.targetFile + u".checkpoint"_s;
    QFile checkpoint(run.checkpoint);
    QVERIFY(checkpoint.open(QIODevice::WriteOnly));
    RunStore store(*m_database);
    run.id = store.begin(run);
    store.addMetrics(run.id, {{u"loss"_s, -1, 0.5}, {u"loss"_s, 500, 0.25}});
    QSignalSpy ended(m_queue.get(), &TrainingQueue::ended);
    for (int i = 0; i < 2; ++i)
        m_queue->resume(store.get(run.id));
    QVERIFY(m_queue->continues(run.id));
    QCOMPARE(m_queue->rowCount(), 0); // once is enough
    QCOMPARE(m_queue->current()->name, u"teile gestern"_s);
    QTRY_COMPARE_WITH_TIMEOUT(ended.size(), 1, 120'000);
    QVERIFY(!m_queue->continues(run.id));
    QCOMPARE(store.list().size(), std::size_t(1));
    QStringList kinds;
    for (const RunEvent& event : store.events(run.id))
        kinds << event.kind;
    QVERIFY2(kinds.contains(u"resumed"_s), qPrintable(kinds.join(u' ')));
    // The empty file may be refused as a checkpoint; else the curves go on from what was learnt before.
    const auto points = ended.front().at(0).value<TrainingQueue::Training>().told.points;
    if (ended.front().at(1).value<JobStatus>().state == JobStatus::State::Failed)
        return;
    QCOMPARE(points.front().step, -1);
    for (const MetricPoint& point : points)
        QVERIFY(point.step < 500);
}

void TestTrainingQueue::missingEncodersAreRefused()
{
    MemSegOptions options = test::tinyOptions(4);
    options.encoder = u"nowhere"_s;
    QVERIFY_THROWS_EXCEPTION(Error, m_queue->add(m_folder, options));
    QVERIFY(!m_queue->current());
}

QTEST_MAIN(TestTrainingQueue)
#include "tst_training_queue.moc"
