// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/base/settings.h"
#include "core/data/demo_product.h"
#include "core/image/image_io.h"
#include "core/jobs/job_runner.h"
#include "core/memseg/trainer.h"
#include "core/storage/database.h"
#include "core/storage/run_store.h"
#include "core/weights/model_file.h"
#include "core/weights/model_store.h"
#include "tests/support/training_folder.h"
#include "ui/curve_plot.h"
#include "ui/finding_list.h"
#include "ui/odd_image_model.h"
#include "ui/odd_images_panel.h"
#include "ui/picture_grid.h"
#include "ui/run_table_model.h"
#include "ui/train_page.h"
#include "ui/training_options_form.h"
#include "ui/training_queue.h"

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QJsonArray>
#include <QtCore/QLocale>
#include <QtCore/QMimeData>
#include <QtCore/QRegularExpression>
#include <QtCore/QScopeGuard>
#include <QtCore/QSemaphore>
#include <QtCore/QTemporaryDir>
#include <QtGui/QAction>
#include <QtGui/QDropEvent>
#include <QtTest/QAbstractItemModelTester>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>
#include <QtWidgets/QApplication>
#include <QtWidgets/QComboBox>
#include <QtWidgets/QDialog>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QListView>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QSlider>
#include <QtWidgets/QSpinBox>
#include <QtWidgets/QTableView>

#include <functional>
#include <memory>

using namespace lynceus;
using namespace Qt::StringLiterals;

class TestTrainPage : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void optionsModelIsSound();
    void formGivesOptions();
    void smallestDefectHasAUnit();
    void advancedOptionsAreTyped();
    void emptyFolderCannotTrain();
    void findingsAreShown();
    void dropOpensFolder();
    void slidersReachTheTraining();
    void trainsAndOffersTheModel();
    void cancelLeavesNothing();
    void startQueuesBehindARunningTraining();
    void measuresOnTestImages();
    void resultSaysWhetherTheModelIsUsable();
    void testImagesSuggestAThreshold();
    void oddImagesOfACalibrationAreShown();
    void oddImagesAreLeftOut();
    void forecastFollowsTheOptions();
    void partsAreShownBeforeAndAfter();
    void examiningDoesNotBlockFiles();
    void optionsAreKept();
    void startSaysWhyNot();

private:
    template <typename Widget>
    Widget* child(const QString& name) const
    {
        return m_page->findChild<Widget*>(name);
    }
    void chooseTinyTraining(int steps);
    /// A finished run of the folder whose model says `info` changed so: modell.safetensors, a copy of the demo's unless
    /// there is one.
    void addRun(const QString& folder, const std::function<void(ModelInfo& info)>& change);
    QString folder(const QString& name) const { return m_home->filePath(name); }

    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<Settings> m_settings;
    std::unique_ptr<Database> m_database;
    std::unique_ptr<ModelStore> m_store;
    std::unique_ptr<JobRunner> m_jobs;
    std::unique_ptr<TrainPage> m_page;
};

void TestTrainPage::init()
{
    m_home = std::make_unique<QTemporaryDir>(QDir::tempPath() + u"/prüfung-XXXXXX"_s);
    QVERIFY(m_home->isValid());
    m_settings = std::make_unique<Settings>(m_home->filePath(u"settings.ini"_s));
    m_database = std::make_unique<Database>(m_home->filePath(u"lynceus.db"_s));
    m_store = std::make_unique<ModelStore>(QString(), m_home->filePath(u"weights"_s));
    m_jobs = std::make_unique<JobRunner>();
    m_page = std::make_unique<TrainPage>(
        Services{*m_settings, *m_database, *m_store, *m_jobs, m_home->filePath(u"models"_s)});
    m_page->findChild<TrainingQueue*>()->setCompiling(false); // tst_training_queue sees to that; it takes its time
    m_page->resize(1200, 700);
    m_page->show();
    QVERIFY(QTest::qWaitForWindowActive(m_page.get()));
    QTRY_VERIFY(child<QComboBox>(u"encoder"_s)->count() == 2);
}

void TestTrainPage::cleanup()
{
    m_page.reset();
    m_jobs.reset();
    m_store.reset();
    m_database.reset();
    m_settings.reset();
    m_home.reset();
}

void TestTrainPage::chooseTinyTraining(int steps)
{
    child<QComboBox>(u"size"_s)->setCurrentIndex(1); // the first is automatic
    child<QComboBox>(u"decoder"_s)->setCurrentIndex(0);
    child<QDoubleSpinBox>(u"minutes"_s)->setValue(0);
    child<QSpinBox>(u"memory"_s)->setValue(2);
    AdvancedOptionsModel* advanced = m_page->findChild<AdvancedOptionsModel*>();
    const std::pair<QString, QString> changes[] = {
        {u"width"_s, u"16"_s}, {u"batch"_s, u"2"_s}, {u"threads"_s, u"1"_s}, {u"steps"_s, QString::number(steps)}};
    for (const auto& [key, value] : changes) {
        for (int row = 0; row < advanced->rowCount(); ++row) {
            if (advanced->index(row, AdvancedOptionsModel::Key).data().toString() == key)
                QVERIFY(advanced->setData(advanced->index(row, AdvancedOptionsModel::Value), value));
        }
    }
    QCOMPARE(advanced->changes().size(), 4);
}

void TestTrainPage::optionsModelIsSound()
{
    AdvancedOptionsModel model({u"encoder"_s, u"seed"_s});
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QCOMPARE(model.rowCount(), int(MemSegOptions::describe().size()) - 2);
    QSignalSpy refused(&model, &AdvancedOptionsModel::refused);
    int batch = -1;
    for (int row = 0; row < model.rowCount(); ++row) {
        if (model.index(row, AdvancedOptionsModel::Key).data() == u"batch"_s)
            batch = row;
    }
    QVERIFY(batch >= 0);
    const QModelIndex value = model.index(batch, AdvancedOptionsModel::Value);
    QCOMPARE(value.data().toString(), u"8"_s);
    QVERIFY(!model.setData(value, u"many"_s));
    QCOMPARE(refused.size(), 1);
    QVERIFY(refused.front().front().toString().contains(u"batch"_s));
    QCOMPARE(value.data().toString(), u"8"_s);
    QVERIFY(model.setData(value, u"4"_s));
    QCOMPARE(model.changes(), (QMap<QString, QString>{{u"batch"_s, u"4"_s}}));
    QVERIFY(model.setData(value, QString()));
    QVERIFY(model.changes().isEmpty());
    model.setData(value, u"4"_s);
    model.reset();
    QCOMPARE(value.data().toString(), u"8"_s);
    QVERIFY(!model.setData(model.index(batch, AdvancedOptionsModel::Key), u"x"_s));
}

void TestTrainPage::formGivesOptions()
{
    auto* form = m_page->findChild<TrainingOptionsForm*>();
    auto* seed = child<QSpinBox>(u"seed"_s);
    seed->selectAll();
    QTest::keyClicks(seed, u"42"_s);
    auto* minutes = child<QDoubleSpinBox>(u"minutes"_s);
    minutes->selectAll();
    QTest::keyClicks(minutes, u"7"_s);
    QTest::keyClick(child<QComboBox>(u"decoder"_s), Qt::Key_Down);
    MemSegOptions options = form->options();
    QCOMPARE(options.seed, std::uint64_t(42));
    QCOMPARE(options.minutes, 7.0);
    QCOMPARE(options.decoder, u"none"_s);
    QCOMPARE(options.encoder, u"auto"_s);
    QCOMPARE(options.backbone, u"mobilenetv2"_s);
    QVERIFY(options.autoSize);
    QTest::keyClick(child<QComboBox>(u"size"_s), Qt::Key_Down);
    options = form->options();
    QVERIFY(!options.autoSize);
    QCOMPARE(options.preprocessing.width, options.preprocessing.height);
}

void TestTrainPage::smallestDefectHasAUnit()
{
    auto* form = m_page->findChild<TrainingOptionsForm*>();
    auto* defect = child<QDoubleSpinBox>(u"smallestDefect"_s);
    auto* unit = child<QComboBox>(u"defectUnit"_s);
    auto* scale = child<QDoubleSpinBox>(u"pixelsPerMm"_s);
    QSignalSpy changed(form, &TrainingOptionsForm::changed);
    QCOMPARE(form->options().smallestDefect, QString());
    QVERIFY(!scale->isVisibleTo(form));
    defect->selectAll();
    QTest::keyClicks(defect, u"12"_s);
    QVERIFY(!changed.isEmpty());
    QCOMPARE(form->options().smallestDefect, u"12 px"_s);
    QTest::keyClick(unit, Qt::Key_Down);
    QVERIFY(scale->isVisibleTo(form));
    QVERIFY_THROWS_EXCEPTION(Error, form->options()); // it names the scale
    scale->setValue(40.0);
    defect->setValue(0.25);
    MemSegOptions options = form->options();
    QCOMPARE(options.smallestDefect, u"0.25 mm"_s);
    QCOMPARE(options.smallestDefectPixels(), 10.0);

    form->setOptions(MemSegOptions());
    QCOMPARE(form->options().smallestDefect, QString());
    form->setOptions(options);
    QCOMPARE(form->options().smallestDefect, u"0.25 mm"_s);
    QCOMPARE(form->options().pixelsPerMm, 40.0);
    options.smallestDefect = u"7.5"_s;
    form->setOptions(options);
    QCOMPARE(form->options().smallestDefect, u"7.5 px"_s);
}

void TestTrainPage::advancedOptionsAreTyped()
{
    QTest::mouseClick(child<QPushButton>(u"advancedButton"_s), Qt::LeftButton);
    auto* form = m_page->findChild<TrainingOptionsForm*>();
    auto* dialog = form->findChild<QDialog*>();
    QVERIFY(dialog && dialog->isVisible());
    auto* table = dialog->findChild<QTableView*>();
    const QModelIndex width = table->model()->index(0, AdvancedOptionsModel::Value);
    QCOMPARE(table->model()->index(0, AdvancedOptionsModel::Key).data().toString(), u"width"_s);
    table->setCurrentIndex(width);
    table->edit(width);
    auto* editor = table->viewport()->findChild<QLineEdit*>();
    QVERIFY(editor);
    editor->selectAll();
    QTest::keyClicks(editor, u"32"_s);
    QTest::keyClick(editor, Qt::Key_Return);
    QTRY_COMPARE(form->options().width, 32);
    QVERIFY(child<QPushButton>(u"advancedButton"_s)->text().contains(u'1'));
}

void TestTrainPage::emptyFolderCannotTrain()
{
    QVERIFY(QDir().mkpath(folder(u"leer"_s)));
    QVERIFY(m_page->isIdle());
    m_page->setFolder(folder(u"leer"_s));
    QVERIFY(!m_page->isIdle());
    QTRY_VERIFY_WITH_TIMEOUT(m_page->isIdle(), 60'000);
    QVERIFY(!child<QPushButton>(u"startButton"_s)->isEnabled());
    QTest::keyClick(m_page.get(), Qt::Key_Return, Qt::ControlModifier);
    QVERIFY(m_jobs->active().empty());
}

void TestTrainPage::findingsAreShown()
{
    test::writeParts(folder(u"teile"_s), 6);
    QFile broken(folder(u"teile/zzz.png"_s));
    QVERIFY(broken.open(QIODevice::WriteOnly));
    broken.write("\x89PNG\r\n\x1a\n broken");
    broken.close();
    m_page->setFolder(folder(u"teile"_s));
    QTRY_VERIFY_WITH_TIMEOUT(m_page->isIdle(), 60'000);
    QStringList texts;
    for (const QLabel* label : m_page->findChild<FindingList*>()->findChildren<QLabel*>())
        texts << label->text() + label->accessibleName();
    const QString all = texts.join(u'\n');
    QVERIFY2(all.contains(u"zzz.png"_s), qPrintable(all));
    QVERIFY2(all.contains(u"Warning"_s) || all.contains(u"Error"_s), qPrintable(all));
}

void TestTrainPage::dropOpensFolder()
{
    test::writeParts(folder(u"teile"_s), 5);
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(folder(u"teile"_s))});
    QDragEnterEvent enter({50, 50}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(m_page.get(), &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop({50, 50}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(m_page.get(), &drop);
    QVERIFY(drop.isAccepted());
    QTRY_VERIFY_WITH_TIMEOUT(m_page->isIdle(), 60'000);
    QTRY_VERIFY(child<QPushButton>(u"startButton"_s)->isEnabled());
}

void TestTrainPage::slidersReachTheTraining()
{
    test::writeParts(folder(u"teile"_s), 6);
    m_page->setFolder(folder(u"teile"_s));
    auto* preview = child<PictureGrid>(u"defectPreview"_s);
    QTRY_VERIFY(!preview->pictures().empty());
    child<QComboBox>(u"size"_s)->setCurrentIndex(1); // the first is automatic
    QTRY_COMPARE(preview->pictures().front().width(), 128);
    QTest::mouseClick(child<QPushButton>(u"adjustButton"_s), Qt::LeftButton);
    QTest::keyClick(child<QSlider>(u"shape_probability"_s), Qt::Key_Home);
    chooseTinyTraining(1'000'000);
    QTest::mouseClick(child<QPushButton>(u"startButton"_s), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!RunStore(*m_database).list().empty(), 60'000);
    const QJsonObject options = RunStore(*m_database).list().front().options;
    QCOMPARE(options.value(u"shape_probability"_s).toDouble(), 0.0);
    QCOMPARE(options.value(u"opacity_low"_s).toDouble(), 0.15);
}

void TestTrainPage::trainsAndOffersTheModel()
{
    test::writeParts(folder(u"teile"_s), 10);
    m_page->setFolder(folder(u"teile"_s));
    QTRY_VERIFY(child<QPushButton>(u"startButton"_s)->isEnabled());
    chooseTinyTraining(12);
    QSignalSpy errors(m_page.get(), &TrainPage::errorOccurred);
    QSignalSpy use(m_page.get(), &TrainPage::useModelRequested);
    QSignalSpy over(m_page.get(), &TrainPage::trainingOver);

    QTest::mouseClick(child<QPushButton>(u"startButton"_s), Qt::LeftButton);
    QVERIFY(child<QPushButton>(u"cancelButton"_s)->isVisible());
    QVERIFY(child<QPushButton>(u"startButton"_s)->text().contains(u"queue"_s));
    QTRY_COMPARE_WITH_TIMEOUT(over.size(), 1, 120'000);
    QVERIFY2(over.front().at(0).toBool(), qPrintable(over.front().at(2).toString()));
    QVERIFY(errors.isEmpty());

    QVERIFY(!child<PictureGrid>(u"seenNow"_s)->pictures().empty());
    for (const QString& name : {u"loss"_s, u"learning rate"_s})
        QVERIFY(m_page->findChild<CurvePlot*>()->isCurveVisible(name));
    QVERIFY(over.front().at(1).toString().contains(u"teile"_s));
    auto* table = child<QTableView>(u"runs"_s);
    QCOMPARE(table->model()->rowCount(), 1);
    QCOMPARE(table->model()->index(0, RunTableModel::State).data().toString(), u"Finished"_s);
    const auto runs = RunStore(*m_database).list();
    QVERIFY(!RunStore(*m_database).metrics(runs.front().id, u"loss"_s).empty());

    auto* button = child<QPushButton>(u"useButton"_s);
    QVERIFY(button->isVisible());
    QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(use.size(), 1);
    QVERIFY(QFile::exists(use.front().at(0).toString()));
    QCOMPARE(use.front().at(1).toString(), folder(u"teile"_s));
    QVERIFY(child<QPushButton>(u"startButton"_s)->isEnabled());
}

void TestTrainPage::cancelLeavesNothing()
{
    test::writeParts(folder(u"teile"_s), 10);
    m_page->setFolder(folder(u"teile"_s));
    QTRY_VERIFY(child<QPushButton>(u"startButton"_s)->isEnabled());
    chooseTinyTraining(1'000'000);
    QTest::keyClick(m_page.get(), Qt::Key_Return, Qt::ControlModifier);
    QTRY_VERIFY_WITH_TIMEOUT(!child<PictureGrid>(u"seenNow"_s)->pictures().empty(), 60'000);
    QTest::mouseClick(child<QPushButton>(u"cancelButton"_s), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(child<QLabel>(u"stepText"_s)->text().startsWith(u"Cancelled"_s), 60'000);
    QVERIFY(QDir(folder(u"models"_s)).entryList({u"*.safetensors"_s}).isEmpty());
    QCOMPARE(RunStore(*m_database).list().front().state, RunRecord::State::Cancelled);
}

void TestTrainPage::startQueuesBehindARunningTraining()
{
    test::writeParts(folder(u"teile"_s), 8);
    m_page->setFolder(folder(u"teile"_s));
    auto* start = child<QPushButton>(u"startButton"_s);
    QTRY_VERIFY(start->isEnabled());
    chooseTinyTraining(1'000'000);
    QTest::mouseClick(start, Qt::LeftButton);
    QTest::mouseClick(start, Qt::LeftButton);
    auto* queue = child<QListView>(u"queue"_s);
    QVERIFY(queue->isVisible());
    QCOMPARE(queue->model()->rowCount(), 1);
    QSignalSpy over(m_page.get(), &TrainPage::trainingOver);
    QTRY_VERIFY_WITH_TIMEOUT(!child<PictureGrid>(u"seenNow"_s)->pictures().empty(), 60'000);
    QTest::mouseClick(child<QPushButton>(u"cancelButton"_s), Qt::LeftButton);
    QTRY_COMPARE_WITH_TIMEOUT(queue->model()->rowCount(), 0, 60'000);
    // The second is at work now; nothing is told about one that was cancelled by hand.
    QVERIFY(child<QPushButton>(u"cancelButton"_s)->isVisible());
    QVERIFY(over.isEmpty());
}

void TestTrainPage::measuresOnTestImages()
{
    test::writeParts(folder(u"teile/train/good"_s), 8);
    test::writeParts(folder(u"teile/test/good"_s), 2);
    test::writeParts(folder(u"teile/test/kratzer"_s), 2, true);
    m_page->setFolder(folder(u"teile"_s));
    QTRY_VERIFY(child<QPushButton>(u"startButton"_s)->isEnabled());
    chooseTinyTraining(8);
    QSignalSpy over(m_page.get(), &TrainPage::trainingOver);
    QSignalSpy image(m_page.get(), &TrainPage::imageRequested);
    QTest::mouseClick(child<QPushButton>(u"startButton"_s), Qt::LeftButton);
    QTRY_COMPARE_WITH_TIMEOUT(over.size(), 1, 120'000);
    auto* worst = child<QListView>(u"worstDefective"_s);
    QVERIFY(!m_page->isIdle()); // by itself, because the folder has labelled test images
    QTRY_COMPARE_WITH_TIMEOUT(worst->model()->rowCount(), 2, 60'000);
    QTest::mouseClick(child<QPushButton>(u"measureButton"_s), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(worst->isVisible() && m_page->isIdle(), 60'000);
    QTest::mouseClick(worst->viewport(), Qt::LeftButton, {}, worst->visualRect(worst->model()->index(0, 0)).center());
    QCOMPARE(image.size(), 1);
    QCOMPARE(image.front().at(1).toString(), folder(u"teile"_s));
    QVERIFY(image.front().at(2).toString().contains(u"kratzer"_s));
}

void TestTrainPage::addRun(const QString& folder, const std::function<void(ModelInfo& info)>& change)
{
    const QString model = m_home->filePath(u"modell.safetensors"_s);
    if (!QFileInfo::exists(model))
        QVERIFY(QFile::copy(QStringLiteral(LYNCEUS_SOURCE_DIR "/models/demo_memseg.safetensors"), model));
    QFile::setPermissions(model, QFile::permissions(model) | QFile::WriteOwner);
    ModelInfo info = readModelInfo(model);
    change(info);
    updateModelThresholds(model, info.thresholds, info.calibration);
    RunRecord run;
    run.name = u"Lauf"_s;
    run.method = u"memseg"_s;
    run.dataFolder = folder;
    run.options = MemSegOptions().toJson();
    run.targetFile = model;
    RunStore store(*m_database);
    store.finish(store.begin(run), RunRecord::State::Finished, {}, model, {}, info.metrics);
    m_page->continueInterrupted(); // reads the runs
    child<QTableView>(u"runs"_s)->selectRow(0);
}

void TestTrainPage::resultSaysWhetherTheModelIsUsable()
{
    addRun(folder(u"teile"_s), [](ModelInfo& info) {
        info.calibration = {{u"kind"_s, u"good"_s}, {u"images"_s, 10},        {u"overkill"_s, 0.02},
                            {u"expected"_s, 0.09},  {u"upper_bound"_s, 0.26}, {u"confidence"_s, 0.95},
                            {u"supported"_s, false}};
    });
    QVERIFY(child<QWidget>(u"gradeBadge"_s)->isVisible());
    QCOMPARE(child<QWidget>(u"gradeBadge"_s)->accessibleName(), u"Usable with review"_s);
    QVERIFY(child<QLabel>(u"verdictHeadline"_s)->isVisible());
    QVERIFY(child<QLabel>(u"verdictReasons"_s)->text().contains(u"simulated small defects would pass"_s));
    QVERIFY(child<QLabel>(u"verdictAdvice"_s)->text().contains(u"49"_s));
    QVERIFY(!child<QPushButton>(u"useThresholdButton"_s)->isVisible());
    QVERIFY(!child<QPushButton>(u"lookAtOddButton"_s)->isVisible());
}

void TestTrainPage::testImagesSuggestAThreshold()
{
    test::writeParts(folder(u"teile/train/good"_s), 16);
    test::writeParts(folder(u"teile/test/good"_s), 6);
    test::writeParts(folder(u"teile/test/kratzer"_s), 6, true);
    MemSegOptions options = test::tinyOptions(1);
    options.decoder = u"none"_s;
    trainMemSeg(AnomalyFolder::open(folder(u"teile"_s), AnomalyFolder::Purpose::Training), options,
                QStringLiteral(LYNCEUS_SOURCE_DIR "/models/encoder_mobilenetv2.safetensors"),
                m_home->filePath(u"modell.safetensors"_s));
    // At 1 everything passes.
    addRun(folder(u"teile"_s), [](ModelInfo& info) {
        info.thresholds.score = info.thresholds.review = info.thresholds.pixel = 1.0;
        info.calibration.insert(u"good_scores"_s, QJsonArray{0.1, 0.2});
    });
    QTest::mouseClick(child<QPushButton>(u"measureButton"_s), Qt::LeftButton);
    auto* use = child<QPushButton>(u"useThresholdButton"_s);
    QTRY_VERIFY_WITH_TIMEOUT(use->isVisible(), 60'000);
    QCOMPARE(child<QWidget>(u"gradeBadge"_s)->accessibleName(), u"Not usable"_s);
    QVERIFY(child<QLabel>(u"verdictReasons"_s)->text().startsWith(u"6 of 6 defective test images pass"_s));
    QVERIFY(child<QLabel>(u"verdictReasons"_s)->text().contains(u"kratzer 6 of 6 pass"_s));

    QSignalSpy saved(m_page.get(), &TrainPage::thresholdSaved);
    std::function<void()> undo;
    connect(m_page.get(), &TrainPage::undoOffered, this,
            [&undo](const QString&, const QString&, const std::function<void()>& back) { undo = back; });
    const QString model = m_home->filePath(u"modell.safetensors"_s);
    QTest::mouseClick(use, Qt::LeftButton);
    QTRY_COMPARE(saved.size(), 1);
    const ModelInfo info = readModelInfo(model);
    QVERIFY(use->text().endsWith(QLocale().toString(info.thresholds.score, 'f', 3)));
    QCOMPARE(info.calibration[u"kind"_s].toString(), u"manual"_s);
    QCOMPARE(info.calibration[u"defective"_s].toInt(), 6);
    QCOMPARE(info.calibration[u"good_scores"_s].toArray().size(), 2);
    QVERIFY(!use->isVisible());
    QVERIFY(!child<QLabel>(u"verdictReasons"_s)->text().startsWith(u"6 of 6"_s));
    QVERIFY(!child<QLabel>(u"testFigures"_s)->text().contains(u"Escapes 100"_s));

    QVERIFY(bool(undo));
    undo();
    QTRY_COMPARE(saved.size(), 2);
    QCOMPARE(readModelInfo(model).thresholds.score, 1.0);
    QCOMPARE(child<QWidget>(u"gradeBadge"_s)->accessibleName(), u"Not usable"_s);
}

void TestTrainPage::oddImagesOfACalibrationAreShown()
{
    test::writeParts(folder(u"teile"_s), 6);
    addRun(folder(u"teile"_s), [](ModelInfo& info) {
        info.calibration.insert(u"odd"_s, QJsonArray{u"part4.png"_s, u"part1.png"_s, u"gone.png"_s});
    });
    auto* look = child<QPushButton>(u"lookAtOddButton"_s);
    QVERIFY(look->isVisible());
    QVERIFY2(look->text().contains(u'3'), qPrintable(look->text()));
    QVERIFY(child<QLabel>(u"verdictReasons"_s)->text().contains(u"part4.png"_s));
    QTest::mouseClick(look, Qt::LeftButton); // the folder is not open: it is examined first
    auto* list = child<QListView>(u"oddImages"_s);
    QTRY_VERIFY_WITH_TIMEOUT(list->isVisible(), 60'000);
    QCOMPARE(list->model()->rowCount(), 2);
    QVERIFY(list->model()->index(0, 0).data().toString().startsWith(u"part4.png"_s));
    QVERIFY(child<QLabel>(u"oddText"_s)->text().endsWith(u"1 of them are not in this folder any more."_s));
    list->setCurrentIndex(list->model()->index(0, 0));
    QTest::keyClick(list, Qt::Key_Space);
    QCOMPARE(m_settings->excludedImages(folder(u"teile"_s)), QStringList{u"part4.png"_s});
    QTest::mouseClick(look, Qt::LeftButton);
    QCOMPARE(list->model()->rowCount(), 2);
    QCOMPARE(m_page->findChild<OddImagesPanel*>()->excluded(), u"part4.png"_s);
}

void TestTrainPage::oddImagesAreLeftOut()
{
    test::writeParts(folder(u"teile"_s), 8);
    test::writeParts(folder(u"andere"_s), 4, true);
    QVERIFY(QFile::copy(folder(u"andere/part3.png"_s), folder(u"teile/schief.png"_s)));
    m_page->setFolder(folder(u"teile"_s));
    auto* find = child<QPushButton>(u"findOddButton"_s);
    QVERIFY(!find->isEnabled());
    QTRY_VERIFY(find->isEnabled());
    chooseTinyTraining(1'000'000);
    auto* list = child<QListView>(u"oddImages"_s);
    QAbstractItemModel* images = list->model();
    QAbstractItemModelTester tester(images, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QCOMPARE(images->rowCount(), 0);
    QTest::mouseClick(find, Qt::LeftButton);
    QVERIFY(list->isVisible());
    QVERIFY(!find->isEnabled());
    QTRY_COMPARE_WITH_TIMEOUT(images->rowCount(), 9, 60'000);
    const QModelIndex first = images->index(0, 0);
    QVERIFY2(first.data().toString().startsWith(u"schief.png\n"_s), qPrintable(first.data().toString()));
    QVERIFY(first.data().toString().contains(u"σ"_s));
    QSignalSpy opened(m_page.get(), &TrainPage::openRequested);
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualRect(first).center()); // the first of the two
    QTest::mouseDClick(list->viewport(), Qt::LeftButton, {}, list->visualRect(first).center());
    QCOMPARE(opened.size(), 1);
    QCOMPARE(opened.front().front().toString(), folder(u"teile/schief.png"_s));

    // One key leaves it out, the same key takes it back.
    auto* panel = m_page->findChild<OddImagesPanel*>();
    list->setCurrentIndex(first);
    for (const int excluded : {1, 0, 1}) {
        QTest::keyClick(list, Qt::Key_Space);
        QCOMPARE(panel->excludedCount(), excluded);
    }
    QVERIFY(first.data().toString().contains(u"left out"_s));
    QVERIFY(child<QLabel>(u"counts"_s)->text().startsWith(u"8 good, 1 left out"_s));
    QCOMPARE(m_settings->excludedImages(folder(u"teile"_s)), QStringList{u"schief.png"_s});

    // Remembered with the folder, and only with that.
    m_page->setFolder(folder(u"andere"_s));
    QTRY_VERIFY(find->isEnabled());
    QCOMPARE(panel->excludedCount(), 0);
    m_page->setFolder(folder(u"teile"_s));
    QTRY_VERIFY(find->isEnabled());
    QCOMPARE(panel->excluded(), u"schief.png"_s);
    QCOMPARE(images->rowCount(), 1);
    QTest::mouseClick(child<QPushButton>(u"startButton"_s), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!RunStore(*m_database).list().empty(), 60'000);
    QCOMPARE(RunStore(*m_database).list().front().options.value(u"exclude"_s).toString(), u"schief.png"_s);
    QTest::mouseClick(child<QPushButton>(u"cancelButton"_s), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(m_jobs->isIdle(), 60'000);

    // A run that is cloned brings back what it left out; what is no longer there is forgotten.
    QVERIFY(images->setData(images->index(0, 0), Qt::Checked, Qt::CheckStateRole));
    QCOMPARE(panel->excludedCount(), 0);
    child<QTableView>(u"runs"_s)->selectRow(0);
    child<QAction>(u"cloneRun"_s)->trigger();
    QTRY_COMPARE(panel->excluded(), u"schief.png"_s);
    QVERIFY(!m_page->findChild<AdvancedOptionsModel*>()->changes().contains(u"exclude"_s));
    QVERIFY(QFile::remove(folder(u"teile/schief.png"_s)));
    m_page->setFolder(folder(u"teile"_s));
    QTRY_VERIFY(find->isEnabled());
    QCOMPARE(panel->excluded(), QString());
}

void TestTrainPage::forecastFollowsTheOptions()
{
    test::writeParts(folder(u"teile"_s), 8);
    m_page->setFolder(folder(u"teile"_s));
    auto* start = child<QPushButton>(u"startButton"_s);
    QTRY_VERIFY(start->isEnabled());
    chooseTinyTraining(4321);
    auto* forecast = child<QLabel>(u"forecast"_s);
    QVERIFY(!m_page->isIdle());
    const QString steps = QLocale().toString(4321);
    QTRY_VERIFY_WITH_TIMEOUT(forecast->text().contains(steps), 60'000);
    QVERIFY(m_page->isIdle());
    QVERIFY(!child<QLabel>(u"memoryWarning"_s)->isVisible());

    child<QComboBox>(u"decoder"_s)->setCurrentIndex(1); // nothing to train
    QVERIFY(!forecast->text().contains(steps));
    QTRY_VERIFY_WITH_TIMEOUT(m_page->isIdle(), 60'000);
    QVERIFY2(!forecast->text().contains(u"steps"_s) && forecast->text().startsWith(u"About"_s),
             qPrintable(forecast->text()));

    // A training does not wait for it, and none is measured beside one.
    child<QComboBox>(u"decoder"_s)->setCurrentIndex(0);
    QTRY_VERIFY_WITH_TIMEOUT(!m_jobs->active().empty(), 60'000);
    QTest::mouseClick(start, Qt::LeftButton);
    QCOMPARE(forecast->text(), u"—"_s);
    QVERIFY(!forecast->toolTip().isEmpty());
    QTRY_VERIFY(m_page->isIdle()); // a training does not count
    QTRY_VERIFY_WITH_TIMEOUT(!child<PictureGrid>(u"seenNow"_s)->pictures().empty(), 60'000);
    child<QComboBox>(u"decoder"_s)->setCurrentIndex(1);
    QCOMPARE(forecast->text(), u"—"_s);
    QTest::mouseClick(child<QPushButton>(u"cancelButton"_s), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(m_page->isIdle() && forecast->text().startsWith(u"About"_s), 60'000);
}

void TestTrainPage::partsAreShownBeforeAndAfter()
{
    DemoOptions demo;
    demo.size = 256;
    demo.shape = DemoShape::Bracket;
    demo.pose = DemoPose::Free;
    QVERIFY(QDir().mkpath(folder(u"winkel"_s)));
    for (int i = 0; i < 14; ++i)
        writePng(folder(u"winkel/%1.png"_s.arg(i)), renderDemoPart(demo, std::uint64_t(i)).image);
    writePng(folder(u"winkel/leer.png"_s), cv::Mat(256, 256, CV_8UC3, cv::Scalar(90, 95, 92)));
    auto* text = child<QLabel>(u"alignText"_s);
    auto* pictures = child<PictureGrid>(u"alignPictures"_s);
    auto* choice = child<QComboBox>(u"alignChoice"_s);
    QVERIFY(!text->isVisible());
    m_page->setFolder(folder(u"winkel"_s));
    QTRY_COMPARE_WITH_TIMEOUT(pictures->pictures().size(), std::size_t(5), 60'000);
    QVERIFY(pictures->isVisible());
    QVERIFY2(text->text().contains(u"leer.png"_s), qPrintable(text->text()));
    QTRY_VERIFY_WITH_TIMEOUT(m_page->isIdle(), 60'000);

    // An option that has nothing to do with it changes nothing; "off" says so and takes no room.
    child<QSpinBox>(u"seed"_s)->setValue(7);
    QCOMPARE(pictures->pictures().size(), std::size_t(5));
    choice->setCurrentIndex(2);
    Q_EMIT choice->activated(2);
    QCOMPARE(m_page->findChild<TrainingOptionsForm*>()->options().align, u"off"_s);
    QVERIFY(!pictures->isVisible());
    QTRY_VERIFY_WITH_TIMEOUT(text->text().contains(u"off"_s), 60'000);
    QVERIFY(!pictures->isVisible());

    // The newest wish counts, whatever is still at work.
    Q_EMIT choice->activated(0);
    choice->setCurrentIndex(0);
    Q_EMIT choice->activated(0);
    test::writeParts(folder(u"teile"_s), 6);
    m_page->setFolder(folder(u"teile"_s));
    QVERIFY(!text->isVisible());
    QTRY_VERIFY_WITH_TIMEOUT(text->isVisible() && m_page->isIdle(), 60'000);
    QVERIFY(!text->text().contains(u"leer.png"_s));

    // A training that is at work has its own pictures.
    chooseTinyTraining(1'000'000);
    QTest::mouseClick(child<QPushButton>(u"startButton"_s), Qt::LeftButton);
    QVERIFY(!text->isVisible());
    QTest::mouseClick(child<QPushButton>(u"cancelButton"_s), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(text->isVisible(), 60'000);
}

void TestTrainPage::examiningDoesNotBlockFiles()
{
    test::writeParts(folder(u"teile"_s), 6);
    const auto hold = std::make_shared<QSemaphore>(); // the job may outlive the test function
    m_jobs->start(JobRunner::Lane::Files, u"saving"_s, [hold](const TaskContext&) { hold->acquire(); });
    const auto release = qScopeGuard([hold] { hold->release(); });
    m_page->setFolder(folder(u"teile"_s));
    QTRY_VERIFY_WITH_TIMEOUT(child<QPushButton>(u"startButton"_s)->isEnabled(), 20'000);
}

void TestTrainPage::optionsAreKept()
{
    child<QDoubleSpinBox>(u"minutes"_s)->setValue(25.0);
    child<QComboBox>(u"decoder"_s)->setCurrentIndex(1);
    m_page.reset();
    m_page = std::make_unique<TrainPage>(
        Services{*m_settings, *m_database, *m_store, *m_jobs, m_home->filePath(u"models"_s)});
    QCOMPARE(child<QDoubleSpinBox>(u"minutes"_s)->value(), 25.0);
    QCOMPARE(m_page->findChild<TrainingOptionsForm*>()->options().decoder, u"none"_s);

    // What another version wrote is no reason not to start.
    m_settings->setTrainingOptions({{u"minutes"_s, u"many"_s}});
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"left out"_s));
    m_page.reset();
    m_page = std::make_unique<TrainPage>(
        Services{*m_settings, *m_database, *m_store, *m_jobs, m_home->filePath(u"models"_s)});
    QCOMPARE(child<QDoubleSpinBox>(u"minutes"_s)->value(), 10.0);

    // Automatic goes with every decoder.
    for (const QString& decoder : {u"lite"_s, u"full"_s, u"light"_s}) {
        auto* choice = child<QComboBox>(u"decoder"_s);
        choice->setCurrentIndex(choice->findData(decoder));
        QCOMPARE(m_page->findChild<TrainingOptionsForm*>()->options().decoder, decoder);
    }
}

void TestTrainPage::startSaysWhyNot()
{
    auto* start = child<QPushButton>(u"startButton"_s);
    QVERIFY(!start->isEnabled());
    QVERIFY2(start->toolTip().contains(u"Choose a folder"_s), qPrintable(start->toolTip()));
    test::writeParts(folder(u"teile"_s), 2);
    m_page->setFolder(folder(u"teile"_s));
    QVERIFY2(start->toolTip().contains(u"examined"_s), qPrintable(start->toolTip()));
    QTRY_VERIFY_WITH_TIMEOUT(start->toolTip().contains(u"findings"_s), 60'000);

    QSignalSpy errors(m_page.get(), &TrainPage::errorOccurred);
    m_page->continueInterrupted(); // somebody else took it up meanwhile
    QCOMPARE(errors.size(), 1);
}

QTEST_MAIN(TestTrainPage)
#include "tst_train_page.moc"
