// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/settings.h"
#include "core/jobs/job_runner.h"
#include "core/storage/database.h"
#include "core/weights/model_store.h"
#include "tests/support/training_folder.h"
#include "ui/curve_comparison_dialog.h"
#include "ui/run_actions.h"
#include "ui/run_details_panel.h"
#include "ui/run_filter.h"
#include "ui/run_table_model.h"
#include "ui/runs_card.h"
#include "ui/train_page.h"
#include "ui/training_options_form.h"
#include "ui/training_queue.h"

#include <QtCore/QFile>
#include <QtCore/QLocale>
#include <QtCore/QTemporaryDir>
#include <QtGui/QAction>
#include <QtTest/QAbstractItemModelTester>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>
#include <QtWidgets/QCheckBox>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QMessageBox>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QTableView>

#include <memory>

using namespace lynceus;
using namespace Qt::StringLiterals;

class TestRunsCard : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void modelIsSound();
    void columnsAreKept();
    void modelFollowsTheDatabase();
    void wordsAreLookedForEverywhere();
    void tagsAndNotesAreKept();
    void reloadKeepsWhatIsChosen();
    void resumeIsOfferedWhereAllowed();
    void comparesTheCurvesOfTwoRuns();
    void namesakesAreToldApart();
    void deleteAsksFirst();
    void runsAtWorkStay();
    void cloneFillsTheForm();
    void aRunOfAGoneFolderStillGivesItsOptions();
    void interruptedRunsAreTold();
    void detailsTellWhatHappened();

private:
    qint64 addRun(const QString& name, RunRecord::State state, const QString& message = {});
    QString touch(const QString& name) const;
    void choose(const std::vector<qint64>& runs) const;
    QAction* action(const QString& name) const { return m_card->findChild<QAction*>(name); }
    QMessageBox* askToDelete() const;
    static void press(const QMessageBox* box, QMessageBox::ButtonRole role);
    std::unique_ptr<TrainPage> makePage() const;
    Services services() const { return {*m_settings, *m_database, *m_store, *m_jobs, m_home->filePath(u"models"_s)}; }

    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<Settings> m_settings;
    std::unique_ptr<Database> m_database;
    std::unique_ptr<ModelStore> m_store;
    std::unique_ptr<JobRunner> m_jobs;
    std::unique_ptr<TrainingQueue> m_queue;
    std::unique_ptr<RunsCard> m_card;
    QTableView* m_view = nullptr;
    int m_count = 0;
};

void TestRunsCard::init()
{
    m_home = std::make_unique<QTemporaryDir>(QDir::tempPath() + u"/prüfung-XXXXXX"_s);
    QVERIFY(m_home->isValid());
    m_settings = std::make_unique<Settings>(m_home->filePath(u"settings.ini"_s));
    m_database = std::make_unique<Database>(m_home->filePath(u"lynceus.db"_s));
    m_store = std::make_unique<ModelStore>(QString(), m_home->filePath(u"weights"_s));
    m_jobs = std::make_unique<JobRunner>();
    m_queue = std::make_unique<TrainingQueue>(services());
    m_card = std::make_unique<RunsCard>(services(), m_queue.get());
    m_view = m_card->findChild<QTableView*>(u"runs"_s);
    m_card->resize(1200, 300);
    m_card->show();
    QVERIFY(QTest::qWaitForWindowActive(m_card.get()));
    m_count = 0;
}

void TestRunsCard::cleanup()
{
    m_card.reset();
    m_queue.reset();
    m_jobs.reset();
    m_store.reset();
    m_database.reset();
    m_settings.reset();
    m_home.reset();
}

void TestRunsCard::columnsAreKept()
{
    m_view->setColumnWidth(RunTableModel::Name, 333);
    m_view->sortByColumn(RunTableModel::Name, Qt::AscendingOrder);
    m_card = std::make_unique<RunsCard>(services(), m_queue.get());
    m_view = m_card->findChild<QTableView*>(u"runs"_s);
    QCOMPARE(m_view->columnWidth(RunTableModel::Name), 333);
    QCOMPARE(m_view->horizontalHeader()->sortIndicatorSection(), int(RunTableModel::Name));
    m_card->resetColumns();
    QVERIFY(m_view->columnWidth(RunTableModel::Name) != 333);
    QCOMPARE(m_view->horizontalHeader()->sortIndicatorSection(), int(RunTableModel::Started));
}

qint64 TestRunsCard::addRun(const QString& name, RunRecord::State state, const QString& message)
{
    RunRecord run;
    run.name = name;
    run.method = u"memseg"_s;
    run.dataFolder = u"/data/größe"_s;
    run.options = MemSegOptions().toJson();
    run.started = QDateTime::currentDateTimeUtc().addSecs(-600 + m_count);
    run.targetFile = m_home->filePath(u"%1.safetensors"_s.arg(m_count++));
    run.checkpoint = run.targetFile + u".checkpoint"_s;
    RunStore store(*m_database);
    const qint64 id = store.begin(run); // without a lock it counts as interrupted
    store.addMetrics(id, {{u"loss"_s, 1, 0.5}, {u"loss"_s, 2, 0.25}, {u"validation_auroc"_s, 2, 0.9}});
    if (state == RunRecord::State::Finished)
        store.finish(id, state, {}, run.targetFile, {},
                     {{u"image_auroc"_s, 0.98765}, {u"input_width"_s, 384}, {u"input_height"_s, 384}});
    else if (state != RunRecord::State::Interrupted)
        store.finish(id, state, message);
    return id;
}

QString TestRunsCard::touch(const QString& name) const
{
    QFile file(m_home->filePath(name));
    if (!file.open(QIODevice::WriteOnly) || file.write("x") != 1)
        qFatal("cannot write %s", qPrintable(name));
    return file.fileName();
}

void TestRunsCard::choose(const std::vector<qint64>& runs) const
{
    m_card->chooseNone();
    const auto* filter = m_card->findChild<RunFilter*>();
    const auto* model = m_card->findChild<RunTableModel*>();
    m_view->setFocus();
    for (const qint64 run : runs) {
        const QModelIndex index = filter->mapFromSource(model->index(model->rowOf(run), 0));
        m_view->selectionModel()->setCurrentIndex(index, QItemSelectionModel::Select | QItemSelectionModel::Rows);
    }
}

QMessageBox* TestRunsCard::askToDelete() const
{
    m_card->activateWindow(); // after an earlier question
    if (!QTest::qWaitForWindowActive(m_card.get()))
        return nullptr;
    QTest::keyClick(m_view, Qt::Key_Delete);
    auto* box = m_card->findChild<QMessageBox*>(u"deleteQuestion"_s);
    return box && box->isVisible() ? box : nullptr;
}

void TestRunsCard::press(const QMessageBox* box, QMessageBox::ButtonRole role)
{
    for (QAbstractButton* button : box->buttons()) {
        if (box->buttonRole(button) == role) {
            QTest::mouseClick(button, Qt::LeftButton);
            return;
        }
    }
}

std::unique_ptr<TrainPage> TestRunsCard::makePage() const
{
    auto page = std::make_unique<TrainPage>(services());
    page->resize(1200, 800);
    page->show();
    return page;
}

void TestRunsCard::modelIsSound()
{
    addRun(u"bottle-1"_s, RunRecord::State::Finished);
    addRun(u"bottle-2"_s, RunRecord::State::Failed, u"The disk is full."_s);
    RunTableModel model{RunStore(*m_database)};
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QCOMPARE(model.rowCount(), 0);
    model.reload();
    QCOMPARE(model.rowCount(), 2);
    const auto text = [&](int row, RunTableModel::Column column) { return model.index(row, column).data().toString(); };
    QCOMPARE(text(0, RunTableModel::Name), u"bottle-2"_s);
    QCOMPARE(text(0, RunTableModel::State), u"Failed"_s);
    QCOMPARE(text(0, RunTableModel::Auroc), u"–"_s);
    QCOMPARE(model.index(0, RunTableModel::State).data(Qt::ToolTipRole).toString(), u"The disk is full."_s);
    QCOMPARE(text(1, RunTableModel::Data), u"größe"_s);
    QCOMPARE(text(0, RunTableModel::Size), u"–"_s); // it failed before the images were looked at
    QCOMPARE(text(1, RunTableModel::Size), u"384"_s);
    QCOMPARE(text(1, RunTableModel::Steps), u"2"_s);
    QCOMPARE(text(1, RunTableModel::Minutes), QLocale().toString(10.0, 'f', 1));
    QCOMPARE(text(1, RunTableModel::Auroc), QLocale().toString(0.988, 'f', 3));
    QVERIFY(model.index(1, RunTableModel::Auroc).data(RunTableModel::SortRole).toDouble() > 0.98);
}

void TestRunsCard::modelFollowsTheDatabase()
{
    RunTableModel model{RunStore(*m_database)};
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    const qint64 first = addRun(u"first"_s, RunRecord::State::Finished);
    const qint64 second = addRun(u"second"_s, RunRecord::State::Interrupted);
    model.reload();
    QSignalSpy reset(&model, &QAbstractItemModel::modelReset);
    RunStore store(*m_database);
    store.finish(second, RunRecord::State::Failed, u"no memory"_s);
    const qint64 third = addRun(u"third"_s, RunRecord::State::Finished);
    model.reload();
    QCOMPARE(model.rowCount(), 3);
    QCOMPARE(model.rowOf(third), 0);
    QCOMPARE(model.run(1).state, RunRecord::State::Failed);
    store.remove(second);
    model.reload();
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(model.rowOf(second), -1);
    QCOMPARE(model.rowOf(first), 1);
    QVERIFY(reset.isEmpty());
}

void TestRunsCard::wordsAreLookedForEverywhere()
{
    RunStore store(*m_database);
    store.setTags(addRun(u"bottle"_s, RunRecord::State::Finished), {u"Linie 3"_s});
    store.setNotes(addRun(u"cap"_s, RunRecord::State::Failed, u"x"_s), u"new light"_s);
    m_card->reload();
    auto* look = m_card->findChild<QLineEdit*>(u"runFilter"_s);
    const auto shown = [&](const QString& words) {
        look->setText(words);
        QStringList names;
        for (int row = 0; row < m_view->model()->rowCount(); ++row)
            names << m_view->model()->index(row, RunTableModel::Name).data().toString();
        return names.join(u' ');
    };
    QCOMPARE(shown(u"linie"_s), u"bottle"_s);
    QCOMPARE(shown(u"  3 BOTT "_s), u"bottle"_s);
    QCOMPARE(shown(u"light failed"_s), u"cap"_s);
    QCOMPARE(shown(u"finished"_s), u"bottle"_s);
    QCOMPARE(shown(u"größe"_s), u"cap bottle"_s);
    QCOMPARE(shown(u"linie failed"_s), QString());
    QVERIFY(!m_view->isVisible());
    m_card->choose(u"cap"_s); // shows it whatever the filter says
    QVERIFY(m_view->isVisible());
    QCOMPARE(m_view->currentIndex().data().toString(), u"cap"_s);
}

void TestRunsCard::tagsAndNotesAreKept()
{
    const qint64 id = addRun(u"bottle"_s, RunRecord::State::Finished);
    m_card->reload();
    const auto type = [&](RunTableModel::Column column, const QString& text) {
        m_view->setCurrentIndex(m_view->model()->index(0, column));
        m_view->setFocus();
        QTest::keyClick(m_view, Qt::Key_F2);
        auto* editor = m_view->viewport()->findChild<QLineEdit*>();
        QVERIFY(editor);
        editor->selectAll();
        QTest::keyClicks(editor, text);
        QTest::keyClick(editor, Qt::Key_Return);
        QTRY_VERIFY(!m_view->viewport()->findChild<QLineEdit*>());
    };
    type(RunTableModel::Tags, u"line 3, new light , line 3"_s);
    type(RunTableModel::Notes, u"compared with run 5"_s);
    const RunRecord run = RunStore(*m_database).get(id);
    QCOMPARE(run.tags, (QStringList{u"line 3"_s, u"new light"_s}));
    QCOMPARE(run.notes, u"compared with run 5"_s);
    QCOMPARE(m_view->model()->index(0, RunTableModel::Tags).data().toString(), u"line 3, new light"_s);

    QSignalSpy errors(m_card.get(), &RunsCard::errorOccurred);
    type(RunTableModel::Name, u"flask"_s);
    QCOMPARE(RunStore(*m_database).get(id).name, u"flask"_s);
    QVERIFY(errors.isEmpty());
    QVERIFY(!m_view->model()->setData(m_view->model()->index(0, RunTableModel::Name), u"  "_s));
    QCOMPARE(errors.size(), 1);
    QVERIFY(!m_view->model()->setData(m_view->model()->index(0, RunTableModel::Steps), 7));
}

void TestRunsCard::reloadKeepsWhatIsChosen()
{
    const qint64 id = addRun(u"bottle"_s, RunRecord::State::Finished);
    m_card->reload();
    choose({id});
    QSignalSpy chosen(m_card.get(), &RunsCard::runChosen);
    QSignalSpy changed(m_card.get(), &RunsCard::chosenChanged);
    addRun(u"cap"_s, RunRecord::State::Finished);
    m_card->reload();
    QCOMPARE(m_view->currentIndex().siblingAtColumn(RunTableModel::Name).data().toString(), u"bottle"_s);
    QVERIFY(chosen.isEmpty());
    QCOMPARE(changed.size(), 1);
    m_card->choose(u"bottle"_s); // again: it may have ended meanwhile
    QCOMPARE(chosen.size(), 1);
}

void TestRunsCard::resumeIsOfferedWhereAllowed()
{
    const qint64 finished = addRun(u"finished"_s, RunRecord::State::Finished);
    const qint64 bare = addRun(u"bare"_s, RunRecord::State::Interrupted);
    const qint64 cancelled = addRun(u"cancelled"_s, RunRecord::State::Cancelled);
    const qint64 failed = addRun(u"failed"_s, RunRecord::State::Failed, u"x"_s);
    touch(u"0.safetensors.checkpoint"_s);
    touch(u"2.safetensors.checkpoint"_s);
    touch(u"3.safetensors.checkpoint"_s);
    m_card->reload();
    const QAction* resume = action(u"resumeRun"_s);
    QVERIFY(!resume->isEnabled());
    for (const qint64 run : {finished, bare, cancelled}) {
        choose({run});
        QVERIFY(!resume->isEnabled());
    }
    choose({failed, bare});
    QVERIFY(!resume->isEnabled());
    choose({failed});
    QVERIFY(resume->isEnabled());
    QSignalSpy requested(m_card->actions(), &RunActions::resumeRequested);
    QTest::keyClick(m_view, Qt::Key_R, Qt::ControlModifier);
    QCOMPARE(requested.size(), 1);

    // Once it waits for its turn it can neither be resumed again nor deleted.
    m_queue->resume(RunStore(*m_database).get(failed));
    QVERIFY(m_queue->continues(failed));
    QVERIFY(!resume->isEnabled());
    QVERIFY(!action(u"deleteRuns"_s)->isEnabled());
    QTRY_VERIFY(!m_queue->current()); // its folder is gone
    QVERIFY(resume->isEnabled());
}

void TestRunsCard::comparesTheCurvesOfTwoRuns()
{
    const qint64 first = addRun(u"first"_s, RunRecord::State::Finished);
    const qint64 second = addRun(u"second, with a comma"_s, RunRecord::State::Finished);
    m_card->reload();
    choose({first});
    QVERIFY(!action(u"compareRuns"_s)->isEnabled());
    choose({first, second});
    QVERIFY(action(u"compareRuns"_s)->isEnabled());
    QTest::keyClick(m_view, Qt::Key_K, Qt::ControlModifier);
    QTRY_VERIFY(m_card->findChild<CurveComparisonDialog*>());
    auto* dialog = m_card->findChild<CurveComparisonDialog*>();
    QVERIFY(dialog->isVisible());
    auto* plot = dialog->findChild<CurvePlot*>();
    QStringList names = plot->curveNames();
    names.sort();
    QCOMPARE(names, (QStringList{u"first"_s, u"second, with a comma"_s}));
    QVERIFY(plot->isCurveVisible(u"first"_s));
    const QString file = m_home->filePath(u"kurven.csv"_s);
    plot->exportCsv(file);
    QFile csv(file);
    QVERIFY(csv.open(QIODevice::ReadOnly));
    const QString text = QString::fromUtf8(csv.readAll());
    QVERIFY2(text.contains(u"\"first, loss\""_s) && text.contains(u"\"first, AUROC\""_s), qPrintable(text));
    QCOMPARE(text.count(u'\n'), 3);
    dialog->close();
}

void TestRunsCard::namesakesAreToldApart()
{
    const qint64 first = addRun(u"bottle"_s, RunRecord::State::Finished);
    const qint64 second = addRun(u"bottle"_s, RunRecord::State::Finished);
    const RunStore store(*m_database);
    const auto curves = readComparison(*m_database, {store.get(first), store.get(second)}, {});
    QCOMPARE(curves.size(), std::size_t(2));
    QCOMPARE(curves[0].name, u"bottle #%1"_s.arg(first));
    QCOMPARE(curves[1].name, u"bottle #%1"_s.arg(second));
    QCOMPARE(curves[0].left.size(), std::size_t(2));
    QCOMPARE(curves[0].right.size(), std::size_t(1));
}

void TestRunsCard::deleteAsksFirst()
{
    const qint64 finished = addRun(u"finished"_s, RunRecord::State::Finished);
    const qint64 failed = addRun(u"failed"_s, RunRecord::State::Failed, u"x"_s);
    const QString model = touch(u"0.safetensors"_s);
    const QString engines = touch(u"0.safetensors.engines"_s);
    const QString checkpoint = touch(u"1.safetensors.checkpoint"_s);
    m_card->reload();
    QSignalSpy deleted(m_card.get(), &RunsCard::runsDeleted);
    RunStore store(*m_database);

    choose({failed});
    QMessageBox* box = askToDelete();
    QVERIFY(box);
    QVERIFY(box->text().contains(u"failed"_s));
    QVERIFY(!box->checkBox()); // it left no model
    QTest::keyClick(box, Qt::Key_Escape);
    QTRY_VERIFY(!m_card->findChild<QMessageBox*>());
    QVERIFY(store.find(failed));
    box = askToDelete();
    QVERIFY(box);
    press(box, QMessageBox::DestructiveRole);
    QCOMPARE(deleted.size(), 1);
    QVERIFY(!store.find(failed));
    QVERIFY(!QFile::exists(checkpoint));
    QCOMPARE(m_view->model()->rowCount(), 1);
    QTRY_VERIFY(!m_card->findChild<QMessageBox*>());

    choose({finished});
    box = askToDelete();
    QVERIFY(box && box->checkBox() && !box->checkBox()->isChecked());
    box->checkBox()->setChecked(true);
    press(box, QMessageBox::DestructiveRole);
    QVERIFY(!store.find(finished));
    QVERIFY(!QFile::exists(model));
    QVERIFY(!QFile::exists(engines));
    QVERIFY(!m_view->isVisible());
}

void TestRunsCard::runsAtWorkStay()
{
    const QString folder = m_home->filePath(u"teile"_s);
    test::writeParts(folder, 8);
    m_queue->add(folder, test::tinyOptions(1'000'000));
    QTRY_VERIFY_WITH_TIMEOUT(!RunStore(*m_database).list().empty(), 60'000);
    const RunRecord run = RunStore(*m_database).list().front();
    QCOMPARE(run.state, RunRecord::State::Running);
    m_card->reload();
    choose({run.id});
    QVERIFY(!action(u"deleteRuns"_s)->isEnabled());
    QVERIFY(!action(u"resumeRun"_s)->isEnabled());
    QVERIFY(action(u"cloneRun"_s)->isEnabled());
}

void TestRunsCard::cloneFillsTheForm()
{
    const QString folder = m_home->filePath(u"teile"_s);
    test::writeParts(folder, 6);
    RunRecord run;
    run.name = u"cli"_s;
    run.dataFolder = folder;
    MemSegOptions options = test::tinyOptions(12);
    options.autoSize = false;
    options.preprocessing.width = 160;
    options.preprocessing.height = 96;
    options.minutes = 2.5;
    options.seed = 42;
    options.simulator.opacityLow = 0.3;
    run.options = options.toJson();
    RunStore(*m_database).begin(run);
    const auto page = makePage();
    auto* view = page->findChild<QTableView*>(u"runs"_s);
    QTRY_COMPARE(view->model()->rowCount(), 1);
    view->setCurrentIndex(view->model()->index(0, 0));
    page->findChild<QAction*>(u"cloneRun"_s)->trigger();
    QVERIFY(!page->isIdle());
    QTRY_VERIFY(page->findChild<QPushButton*>(u"startButton"_s)->isEnabled());
    const MemSegOptions form = page->findChild<TrainingOptionsForm*>()->options();
    QJsonObject expected = options.toJson();
    QJsonObject found = form.toJson();
    expected.remove(u"opacity_low"_s); // has its field beside the preview
    found.remove(u"opacity_low"_s);
    QCOMPARE(found, expected);
    QCOMPARE(m_settings->defectOptions(folder).value(u"opacity_low"_s).toDouble(), 0.3);
}

void TestRunsCard::aRunOfAGoneFolderStillGivesItsOptions()
{
    addRun(u"gone"_s, RunRecord::State::Finished);
    const auto page = makePage();
    QSignalSpy errors(page.get(), &TrainPage::errorOccurred);
    auto* view = page->findChild<QTableView*>(u"runs"_s);
    QTRY_COMPARE(view->model()->rowCount(), 1);
    view->setCurrentIndex(view->model()->index(0, 0));
    page->findChild<QAction*>(u"cloneRun"_s)->trigger();
    QCOMPARE(errors.size(), 1);
    QVERIFY(errors.front().front().toString().contains(u"größe"_s));
}

void TestRunsCard::interruptedRunsAreTold()
{
    addRun(u"bare"_s, RunRecord::State::Interrupted);
    const qint64 first = addRun(u"first"_s, RunRecord::State::Interrupted);
    const qint64 second = addRun(u"second"_s, RunRecord::State::Interrupted);
    touch(u"1.safetensors.checkpoint"_s);
    touch(u"2.safetensors.checkpoint"_s);
    const auto page = makePage();
    QSignalSpy found(page.get(), &TrainPage::interruptedFound);
    QTRY_COMPARE(found.size(), 1);
    QCOMPARE(found.front().at(1).toString(), u"first, second"_s);
    page->continueInterrupted();
    const auto* queue = page->findChild<TrainingQueue*>();
    QVERIFY(queue->continues(first) && queue->continues(second));
    page->continueInterrupted(); // asked twice
    QCOMPARE(queue->rowCount(), 1);
    QTRY_VERIFY(!queue->current());
}

void TestRunsCard::detailsTellWhatHappened()
{
    const qint64 id = addRun(u"failed"_s, RunRecord::State::Failed, u"The disk is full."_s);
    RunDetailsPanel panel;
    QAbstractItemModelTester tester(panel.findChild<RunEventModel*>(),
                                    QAbstractItemModelTester::FailureReportingMode::QtTest);
    panel.show();
    auto* view = panel.findChild<QTableView*>(u"runEvents"_s);
    auto* reason = panel.findChild<QLabel*>(u"failureReason"_s);
    QVERIFY(!view->isVisible());
    const RunStore store(*m_database);
    panel.setRun(store.get(id), store.events(id));
    QCOMPARE(reason->text(), u"The disk is full."_s);
    QVERIFY(reason->isVisible() && view->isVisible());
    QCOMPARE(view->model()->rowCount(), 2);
    QCOMPARE(view->model()->index(0, RunEventModel::Event).data().toString(), u"Started"_s);
    QCOMPARE(view->model()->index(1, RunEventModel::Detail).data().toString(), u"The disk is full."_s);
    panel.clear();
    QVERIFY(!view->isVisible() && !reason->isVisible());
}

QTEST_MAIN(TestRunsCard)
#include "tst_runs_card.moc"
