// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/settings.h"
#include "core/jobs/job_runner.h"
#include "core/jobs/training_job.h"
#include "core/storage/database.h"
#include "core/storage/run_store.h"
#include "core/weights/model_store.h"
#include "tests/support/training_folder.h"
#include "ui/image_list_model.h"
#include "ui/main_window.h"
#include "ui/message_banner.h"
#include "ui/train_page.h"
#include "ui/training_options_form.h"

#include <QtCore/QDir>
#include <QtCore/QElapsedTimer>
#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>
#include <QtCore/QTimer>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>
#include <QtWidgets/QMessageBox>
#include <QtWidgets/QPushButton>

#include <algorithm>
#include <memory>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

constexpr int kBeatMs = 5;
constexpr double kPatienceMs = 50.0;
constexpr double kWatchedMs = 10'000.0;

/// How long the event loop lets a click wait. It beats in the thread of the window.
class Heartbeat
{
public:
    Heartbeat()
    {
        m_timer.setTimerType(Qt::PreciseTimer);
        QObject::connect(&m_timer, &QTimer::timeout, [this] {
            const double gap = double(m_clock.nsecsElapsed()) / 1e6;
            m_clock.restart();
            m_gaps.push_back(gap);
            m_sum += gap;
        });
        m_clock.start();
        m_timer.start(kBeatMs);
    }

    double watchedMs() const { return m_sum; }
    double longest() const { return *std::max_element(m_gaps.begin(), m_gaps.end()); }
    /// 95 % of the watched time lies in gaps that are no longer: by time, not by number, because a click falls into a
    /// long gap more often than into a short one.
    double percentile95() const
    {
        std::vector<double> gaps = m_gaps;
        std::sort(gaps.begin(), gaps.end());
        double sum = 0.0;
        for (const double gap : gaps) {
            sum += gap;
            if (sum >= 0.95 * m_sum)
                return gap;
        }
        return gaps.back();
    }

private:
    QTimer m_timer;
    QElapsedTimer m_clock;
    std::vector<double> m_gaps;
    double m_sum = 0.0;
};

} // namespace

/// The window beside a training that is at work.
class TestTrainingWindow : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void answersDuringATraining();
    void closingKeepsTheTraining();

private:
    void open();
    void close();
    /// Starts one that never ends by itself, and waits until it learns.
    void startTraining();
    bool isLearning() const;
    RunRecord newestRun() const { return RunStore(*m_database).list(1).front(); }
    QString path(const QString& name) const { return m_home->filePath(name); }

    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<Settings> m_settings;
    std::unique_ptr<Database> m_database;
    std::unique_ptr<ModelStore> m_store;
    std::unique_ptr<JobRunner> m_jobs;
    std::unique_ptr<MainWindow> m_window;
};

void TestTrainingWindow::init()
{
    m_home = std::make_unique<QTemporaryDir>(QDir::tempPath() + u"/prüfung-XXXXXX"_s);
    QVERIFY(m_home->isValid());
    test::writeParts(path(u"teile"_s), 12);
    open();
}

void TestTrainingWindow::cleanup()
{
    close();
    m_home.reset();
}

void TestTrainingWindow::open()
{
    m_settings = std::make_unique<Settings>(path(u"settings.ini"_s));
    m_database = std::make_unique<Database>(path(u"lynceus.db"_s));
    m_store = std::make_unique<ModelStore>(QString(), path(u"weights"_s));
    m_jobs = std::make_unique<JobRunner>();
    m_window = std::make_unique<MainWindow>(Services{*m_settings, *m_database, *m_store, *m_jobs, path(u"models"_s)});
    m_window->show();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
}

/// In the order in which the program ends.
void TestTrainingWindow::close()
{
    m_window.reset();
    m_jobs.reset();
    m_store.reset();
    m_database.reset();
    m_settings.reset();
}

bool TestTrainingWindow::isLearning() const
{
    const auto active = m_jobs->active();
    return !active.empty() && active.front().progress.what.startsWith(u"step "_s);
}

void TestTrainingWindow::startTraining()
{
    QVERIFY(m_window->showPage(u"train"_s));
    m_window->findChild<TrainingOptionsForm*>()->setOptions(test::tinyOptions(1'000'000));
    m_window->findChild<TrainPage*>()->setFolder(path(u"teile"_s));
    auto* start = m_window->findChild<QPushButton*>(u"startButton"_s);
    QTRY_VERIFY(start->isEnabled());
    QTest::mouseClick(start, Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(isLearning(), 60'000);
}

void TestTrainingWindow::answersDuringATraining()
{
    TrainingJob::Request small;
    small.folder = path(u"teile"_s);
    small.modelFile = path(u"klein.safetensors"_s);
    small.options = test::tinyOptions(4);
    TrainingJob(*m_database, small).run({});

    startTraining();
    const Heartbeat heartbeat;
    QTRY_VERIFY_WITH_TIMEOUT(heartbeat.watchedMs() > 0.4 * kWatchedMs, 60'000); // curves and pictures of the training
    m_window->openFolder(path(u"teile"_s));
    m_window->openModel(small.modelFile);
    const auto* images = m_window->findChild<ImageListModel*>();
    QTRY_COMPARE_WITH_TIMEOUT(images->rowCount(), 12, 60'000);
    QTRY_VERIFY_WITH_TIMEOUT(images->counts().ok + images->counts().review + images->counts().ng > 0, 60'000);
    QCOMPARE(images->counts().failed, 0);
    QTRY_VERIFY_WITH_TIMEOUT(heartbeat.watchedMs() > kWatchedMs, 60'000);
    QVERIFY(isLearning());

    const double usual = heartbeat.percentile95();
    const QString figures = u"95 % of the time within %1 ms, longest %2 ms"_s.arg(usual).arg(heartbeat.longest());
    qInfo().noquote() << figures;
    QVERIFY2(usual < kPatienceMs, qPrintable(figures));
}

void TestTrainingWindow::closingKeepsTheTraining()
{
    startTraining();
    QVERIFY(!m_window->close());
    auto* box = m_window->findChild<QMessageBox*>();
    QVERIFY(box);
    QVERIFY2(box->informativeText().contains(u"kept"_s), qPrintable(box->informativeText()));
    for (QAbstractButton* button : box->buttons()) {
        if (box->buttonRole(button) == QMessageBox::AcceptRole)
            QTest::mouseClick(button, Qt::LeftButton);
    }
    QTRY_VERIFY(!m_window->isVisible());
    close();

    open();
    const RunRecord kept = newestRun();
    QCOMPARE(kept.state, RunRecord::State::Interrupted);
    QVERIFY(kept.canResume());
    auto* banner = m_window->findChild<MessageBanner*>();
    QTRY_VERIFY(banner->isVisible());
    QTest::mouseClick(banner->findChild<QPushButton*>(u"bannerAction"_s), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(isLearning(), 60'000);
    QCOMPARE(newestRun().id, kept.id);
    QTest::mouseClick(m_window->findChild<QPushButton*>(u"finishButton"_s), Qt::LeftButton);
    QTRY_COMPARE_WITH_TIMEOUT(newestRun().state, RunRecord::State::Finished, 120'000);
    QVERIFY(newestRun().lastStep >= kept.lastStep);
    QVERIFY(QFile::exists(newestRun().modelPath));
    QVERIFY(!QFile::exists(kept.checkpoint));
}

QTEST_MAIN(TestTrainingWindow)
#include "tst_training_window.moc"
