// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/base/settings.h"
#include "core/jobs/job_runner.h"
#include "core/memseg/session.h"
#include "core/memseg/options.h"
#include "core/storage/database.h"
#include "core/storage/run_store.h"
#include "core/weights/model_store.h"
#include "tests/support/fake_inspector.h"
#include "tests/support/training_folder.h"
#include "ui/inspect_page.h"
#include "ui/job_indicator.h"
#include "ui/main_window.h"
#include "ui/menu_button.h"
#include "ui/message_banner.h"
#include "ui/navigation_rail.h"
#include "ui/shortcuts_dialog.h"
#include "ui/theme.h"
#include "ui/train_page.h"

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QFileInfo>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtCore/QMimeData>
#include <QtCore/QSemaphore>
#include <QtCore/QTemporaryDir>
#include <QtGui/QAction>
#include <QtGui/QClipboard>
#include <QtGui/QDragEnterEvent>
#include <QtGui/QImage>
#include <QtGui/QScreen>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>
#include <QtWidgets/QApplication>
#include <QtWidgets/QDoubleSpinBox>
#include <QtWidgets/QLabel>
#include <QtWidgets/QMenuBar>
#include <QtWidgets/QMessageBox>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QTextBrowser>
#include <QtWidgets/QToolButton>

#include <algorithm>
#include <memory>

using namespace lynceus;
using namespace Qt::StringLiterals;

class TestMainWindow : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void startsOnInspect();
    void navigatesByKeysAndClicks();
    void switchesThemeFromTheMenu();
    void showsErrorsOneAfterTheOther();
    void errorsGoWithWhatTheyAreAbout();
    void showsFailedJobs();
    void listsAndCancelsTasks();
    void closesAtOnceWhenIdle();
    void asksBeforeClosingWithWork();
    void closesAfterConsent();
    void asksBeforeClosingWithAMovedThreshold();
    void restoresGeometry();
    void frameForwardsDrops();
    void namesFolderAndModel();
    void tellsOfTrainingsThatAreOver();
    void tellsWhatComputes();
    void offersToContinueTrainings();
    void opensDemoProductWithVerdicts();
    void listsKeys();
    void everyControlIsNamed();
    void mnemonicsAreUnique();
    void theGuideIsReadInTheProgram();
    void anOddImageDoesNotReplaceTheFolder();

private:
    /// A job that runs until the semaphore is released or it is cancelled.
    quint64 startWork(const QString& title);
    QAction* action(const QString& text) const;

    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<Settings> m_settings;
    std::unique_ptr<Database> m_database;
    std::unique_ptr<ModelStore> m_store;
    std::unique_ptr<JobRunner> m_jobs;
    std::unique_ptr<MainWindow> m_window;
};

void TestMainWindow::init()
{
    m_home = std::make_unique<QTemporaryDir>(QDir::tempPath() + u"/prüfung-XXXXXX"_s);
    QVERIFY(m_home->isValid());
    m_settings = std::make_unique<Settings>(m_home->filePath(u"settings.ini"_s));
    m_settings->setTheme(Settings::Theme::Light);
    theme::install(*m_settings);
    m_database = std::make_unique<Database>(m_home->filePath(u"lynceus.db"_s));
    m_store = std::make_unique<ModelStore>(QString(), m_home->filePath(u"weights"_s));
    m_jobs = std::make_unique<JobRunner>();
    m_window = std::make_unique<MainWindow>(
        Services{*m_settings, *m_database, *m_store, *m_jobs, m_home->filePath(u"models"_s)});
    m_window->show();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
}

void TestMainWindow::cleanup()
{
    m_window.reset();
    m_jobs.reset();
    m_store.reset();
    m_database.reset();
    m_settings.reset();
    m_home.reset();
}

quint64 TestMainWindow::startWork(const QString& title)
{
    return m_jobs->start(JobRunner::Lane::Training, title, [](const TaskContext& context) {
        QSemaphore never;
        while (!context.cancel.isCancelled()) {
            context.report(0.5, u"step 5 of 10"_s, 720.0);
            never.tryAcquire(1, 5);
        }
        context.cancel.throwIfCancelled();
    });
}

QAction* TestMainWindow::action(const QString& text) const
{
    for (QAction* candidate : m_window->findChildren<QAction*>()) {
        if (candidate->text().remove(u'&') == text)
            return candidate;
    }
    return nullptr;
}

void TestMainWindow::startsOnInspect()
{
    QCOMPARE(m_window->pageIds(), (QStringList{u"inspect"_s, u"train"_s, u"settings"_s}));
    QCOMPARE(m_window->currentPage(), u"inspect"_s);
    QVERIFY(!m_window->showPage(u"nowhere"_s));
    QCOMPARE(m_window->currentPage(), u"inspect"_s);
}

void TestMainWindow::navigatesByKeysAndClicks()
{
    QTest::keyClick(m_window.get(), Qt::Key_2, Qt::ControlModifier);
    QCOMPARE(m_window->currentPage(), u"train"_s);
    QVERIFY(m_window->findChild<TrainPage*>()->isVisible());
    QTest::keyClick(m_window.get(), Qt::Key_1, Qt::ControlModifier);
    QCOMPARE(m_window->currentPage(), u"inspect"_s);

    const auto buttons = m_window->findChild<NavigationRail*>()->findChildren<QToolButton*>();
    QCOMPARE(buttons.size(), 3);
    QTest::mouseClick(buttons[1], Qt::LeftButton);
    QCOMPARE(m_window->currentPage(), u"train"_s);
    QVERIFY(buttons[1]->isChecked());
    QVERIFY(!buttons[0]->isChecked());
}

void TestMainWindow::switchesThemeFromTheMenu()
{
    QAction* dark = action(u"Dark"_s);
    QVERIFY(dark);
    QVERIFY(!dark->isChecked());
    dark->trigger();
    QCOMPARE(m_settings->theme(), Settings::Theme::Dark);
    QCOMPARE(theme::scheme(), theme::Scheme::Dark);
    QVERIFY(dark->isChecked());
    QCOMPARE(m_window->palette().color(QPalette::Window), theme::color(theme::Token::Window, theme::Scheme::Dark));
    action(u"Light"_s)->trigger();
    QCOMPARE(theme::scheme(), theme::Scheme::Light);
    QVERIFY(!dark->isChecked());

    action(u"Safe for colour-blind eyes"_s)->trigger();
    QVERIFY(m_settings->colorBlindMap());
}

void TestMainWindow::showsErrorsOneAfterTheOther()
{
    auto* banner = m_window->findChild<MessageBanner*>();
    QVERIFY(!banner->isVisible());
    m_window->showError(u"The file <b>a.png</b> is broken."_s, u"Copy it again."_s);
    m_window->showError(u"The disk is full."_s);
    m_window->showError(u"The disk is full."_s);
    QVERIFY(banner->isVisible());
    QCOMPARE(banner->waiting(), 2);
    QCOMPARE(banner->message(), u"The file <b>a.png</b> is broken."_s);

    const auto buttons = banner->findChildren<QPushButton*>();
    QCOMPARE(buttons.size(), 3);
    QVERIFY(!buttons[2]->isVisible()); // errors offer nothing
    QTest::mouseClick(buttons[0], Qt::LeftButton);
    const QString copied = QApplication::clipboard()->text();
    QVERIFY2(copied.startsWith(u"The file <b>a.png</b> is broken.\nCopy it again.\n"_s), qPrintable(copied));
    QVERIFY(copied.contains(u"Lynceus"_s));

    QTest::mouseClick(buttons[1], Qt::LeftButton);
    QCOMPARE(banner->message(), u"The disk is full."_s);
    QTest::keyClick(banner, Qt::Key_Escape);
    QVERIFY(!banner->isVisible());
    QVERIFY(banner->message().isEmpty());
}

void TestMainWindow::errorsGoWithWhatTheyAreAbout()
{
    test::writeParts(m_home->filePath(u"teile"_s), 3);
    auto* banner = m_window->findChild<MessageBanner*>();
    auto* inspect = m_window->findChild<InspectPage*>();
    m_window->showError(u"The disk is full."_s);
    inspect->inspectAll();
    QCOMPARE(banner->waiting(), 2);
    QSignalSpy opened(inspect, &InspectPage::folderChanged);
    m_window->openFolder(m_home->filePath(u"teile"_s));
    QTRY_COMPARE_WITH_TIMEOUT(opened.size(), 1, 60'000);
    QCOMPARE(banner->waiting(), 1); // there are images now
    QCOMPARE(banner->message(), u"The disk is full."_s);
}

void TestMainWindow::showsFailedJobs()
{
    m_jobs->start(JobRunner::Lane::Files, u"Reading bottle"_s, [](const TaskContext&) {
        throw Error(ErrorKind::File, u"The folder bottle is gone."_s, u"Choose another folder."_s);
    });
    auto* banner = m_window->findChild<MessageBanner*>();
    QTRY_VERIFY(banner->isVisible());
    QVERIFY(banner->message().contains(u"The folder bottle is gone."_s));
}

void TestMainWindow::listsAndCancelsTasks()
{
    auto* indicator = m_window->findChild<JobIndicator*>();
    QVERIFY(!indicator->isVisible());
    startWork(u"Training bottle"_s);
    startWork(u"Training cap"_s);
    QTRY_VERIFY(indicator->isVisible());
    auto* button = m_window->findChild<QPushButton*>(u"taskButton"_s);
    QTRY_COMPARE(button->text(), u"2 tasks"_s);
    QTest::mouseClick(button, Qt::LeftButton);
    auto* list = m_window->findChild<QFrame*>(u"jobPopup"_s);
    QVERIFY(list->isVisible());

    const auto cancels = list->findChildren<QPushButton*>();
    QCOMPARE(cancels.size(), 2);
    QCOMPARE(cancels[1]->accessibleName(), u"Cancel Training cap"_s);
    QTest::mouseClick(cancels[1], Qt::LeftButton);
    QTRY_COMPARE(m_jobs->active().size(), std::size_t(1));
    QCOMPARE(m_jobs->active().front().title, u"Training bottle"_s);
    QTest::mouseClick(cancels[0], Qt::LeftButton);
    QTRY_VERIFY(m_jobs->isIdle());
    QTRY_VERIFY(!indicator->isVisible());
    QVERIFY(!list->isVisible());
    QVERIFY(!m_window->findChild<MessageBanner*>()->isVisible()); // to cancel is no error
}

void TestMainWindow::closesAtOnceWhenIdle()
{
    QVERIFY(m_window->close());
    QVERIFY(!m_window->isVisible());
}

void TestMainWindow::asksBeforeClosingWithWork()
{
    startWork(u"Training bottle"_s);
    QVERIFY(!m_window->close());
    QVERIFY(!m_window->close());
    const auto boxes = m_window->findChildren<QMessageBox*>();
    QCOMPARE(boxes.size(), 1); // asks once
    QVERIFY(boxes.front()->informativeText().contains(u"Training bottle"_s));
    QTest::keyClick(boxes.front(), Qt::Key_Escape);
    QTRY_VERIFY(m_window->findChildren<QMessageBox*>().isEmpty());
    QVERIFY(m_window->isVisible());
    QCOMPARE(m_jobs->active().size(), std::size_t(1));
}

void TestMainWindow::closesAfterConsent()
{
    startWork(u"Training bottle"_s);
    QVERIFY(!m_window->close());
    auto* box = m_window->findChild<QMessageBox*>();
    QVERIFY(box);
    for (QAbstractButton* button : box->buttons()) {
        if (box->buttonRole(button) == QMessageBox::AcceptRole)
            QTest::mouseClick(button, Qt::LeftButton);
    }
    QTRY_VERIFY(!m_window->isVisible());
    QTRY_VERIFY(m_jobs->isIdle());
}

void TestMainWindow::asksBeforeClosingWithAMovedThreshold()
{
    auto* inspect = m_window->findChild<InspectPage*>();
    inspect->setModelLoader([](const QString&, const SessionOptions&) {
        InspectPage::LoadedModel model;
        model.inspector = std::make_unique<test::FakeInspector>();
        return model;
    });
    m_window->openModel(m_home->filePath(u"m.safetensors"_s));
    QTRY_VERIFY(m_window->isIdle());
    inspect->findChild<QDoubleSpinBox*>()->setValue(0.4);
    QVERIFY(inspect->hasMovedThreshold());
    QVERIFY(!m_window->close());
    auto* question = m_window->findChild<QMessageBox*>(u"thresholdQuestion"_s);
    QVERIFY(question);
    for (QAbstractButton* button : question->buttons()) {
        if (button->text() == u"Don't save"_s)
            button->click();
    }
    QVERIFY(!m_window->isVisible());
}

void TestMainWindow::restoresGeometry()
{
    m_window->resize(1100, 900);
    m_window->close();
    const QSize size = m_window->size();
    m_window = std::make_unique<MainWindow>(
        Services{*m_settings, *m_database, *m_store, *m_jobs, m_home->filePath(u"models"_s)});
    QCOMPARE(m_window->size(), size);
    action(u"Reset layout"_s)->trigger();
    // No larger than the screen, where that holds what the window needs.
    const QSize room = m_window->screen()->availableSize();
    QTRY_VERIFY(m_window->height() <= std::max(room.height(), m_window->minimumSizeHint().height()));
    QVERIFY(m_window->width() <= std::max(room.width(), m_window->minimumSizeHint().width()));
}

void TestMainWindow::frameForwardsDrops()
{
    QVERIFY(m_window->showPage(u"train"_s));
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(m_home->path())});
    QDragEnterEvent enter({10, 10}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    enter.ignore();
    QApplication::sendEvent(m_window.get(), &enter);
    QVERIFY(enter.isAccepted());
    auto* train = m_window->findChild<TrainPage*>();
    QVERIFY(train->isIdle());
    QDropEvent drop({10, 10}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(m_window.get(), &drop);
    QVERIFY(!train->isIdle()); // it looks the folder over
    QTRY_VERIFY(train->isIdle());

    QMimeData text;
    text.setText(u"no folder"_s);
    QDragEnterEvent refused({10, 10}, Qt::CopyAction, &text, Qt::LeftButton, Qt::NoModifier);
    refused.ignore();
    QApplication::sendEvent(m_window.get(), &refused);
    QVERIFY(!refused.isAccepted());
}

void TestMainWindow::namesFolderAndModel()
{
    auto* folder = m_window->findChild<MenuButton*>(u"folderButton"_s);
    auto* model = m_window->findChild<MenuButton*>(u"modelButton"_s);
    QAction* inspectAll = action(u"Inspect all"_s);
    QCOMPARE(folder->choice(), u"none open"_s);
    QCOMPARE(m_window->windowTitle(), u"Lynceus"_s);
    QVERIFY(!inspectAll->isEnabled());
    auto* inspect = m_window->findChild<InspectPage*>();
    Q_EMIT inspect->folderChanged(u"/data/R&D bottle"_s, true);
    Q_EMIT inspect->modelChanged(u"/models/bottle-7.safetensors"_s);
    QCOMPARE(folder->choice(), u"R&D bottle"_s);
    QCOMPARE(m_window->windowTitle(), u"R&D bottle – Lynceus"_s);
    QVERIFY(folder->toolTip().contains(u"data"_s));
    QCOMPARE(model->choice(), u"bottle-7"_s);
    QVERIFY(inspectAll->isEnabled());
}

void TestMainWindow::tellsOfTrainingsThatAreOver()
{
    auto* banner = m_window->findChild<MessageBanner*>();
    auto* train = m_window->findChild<TrainPage*>();
    Q_EMIT train->trainingOver(true, u"bottle-1 is trained."_s, {}, u"bottle-1"_s);
    QVERIFY(banner->isVisible());
    QTest::mouseClick(banner->findChild<QPushButton*>(u"bannerAction"_s), Qt::LeftButton);
    QCOMPARE(m_window->currentPage(), u"train"_s); // "Show results"
    QVERIFY(!banner->isVisible());
    m_window->showPage(u"inspect"_s);
    Q_EMIT train->trainingOver(true, u"bottle-1 is trained."_s, {}, u"bottle-1"_s);
    QCOMPARE(banner->message(), u"bottle-1 is trained."_s);
    QTest::keyClick(banner, Qt::Key_Escape);
    QVERIFY(!banner->isVisible());
    // Who looks at the page sees it there.
    m_window->showPage(u"train"_s);
    Q_EMIT train->trainingOver(true, u"bottle-2 is trained."_s, {}, u"bottle-2"_s);
    QVERIFY(!banner->isVisible());
    Q_EMIT train->trainingOver(false, u"bottle-3 failed."_s, {}, u"bottle-3"_s); // the job runner tells why
    QVERIFY(!banner->isVisible());
}

void TestMainWindow::tellsWhatComputes()
{
    auto* engine = m_window->findChild<QToolButton*>(u"engineButton"_s);
    auto* banner = m_window->findChild<MessageBanner*>();
    QAction* compile = action(u"Compile model for this machine…"_s);
    QVERIFY(!engine->isVisible());
    QVERIFY(!compile->isEnabled());
    QVERIFY(!compile->toolTip().isEmpty() && compile->toolTip() != compile->statusTip()); // why not

    m_window->findChild<InspectPage*>()->setModelLoader([](const QString&, const SessionOptions& options) {
        InspectPage::LoadedModel model;
        model.inspector = std::make_unique<test::FakeInspector>();
        if (options.engine == Engine::Auto)
            model.engine = Engine::OpenVinoFp32;
        else
            model.engineNote = u"The model was not compiled yet."_s;
        return model;
    });
    m_window->openModel(m_home->filePath(u"bottle.safetensors"_s));
    QTRY_VERIFY(engine->isVisible());
    QCOMPARE(engine->text(), u"openvino-fp32"_s);
    QVERIFY(engine->icon().isNull());
    QVERIFY(!banner->isVisible());

    m_settings->setEngine(u"openvino-int8"_s);
    QTRY_COMPARE(engine->text(), u"libtorch"_s);
    QVERIFY(!engine->icon().isNull());
    QCOMPARE(engine->toolTip(), u"The model was not compiled yet."_s);
    QVERIFY(banner->isVisible());
    QCOMPARE(banner->waiting(), 1);
    QVERIFY(!banner->property("error").toBool());
    QTest::keyClick(banner, Qt::Key_Escape);

    m_settings->setEngine(u"auto"_s);
    QTRY_COMPARE(engine->text(), u"openvino-fp32"_s);
    QVERIFY(engine->icon().isNull());
    QVERIFY(!banner->isVisible());
    QTest::mouseClick(engine, Qt::LeftButton);
    QCOMPARE(m_window->currentPage(), u"settings"_s);
    m_window->findChild<InspectPage*>()->useModel({});
    QVERIFY(!engine->isVisible());
}

void TestMainWindow::opensDemoProductWithVerdicts()
{
    // A demo product that was made before, and a model listed as shipped; the network itself is a fake.
    const QString demo = m_home->filePath(u"demo"_s);
    for (const QString& part : {u"good/a.png"_s, u"bad/b.png"_s}) {
        QVERIFY(QDir().mkpath(QFileInfo(demo + u'/' + part).path()));
        QImage image(32, 32, QImage::Format_RGB888);
        image.fill(part.startsWith(u"bad"_s) ? Qt::red : Qt::black);
        QVERIFY(image.save(demo + u'/' + part));
    }
    QFile manifest(m_home->filePath(u"shipped/manifest.json"_s));
    QVERIFY(QDir().mkpath(m_home->filePath(u"shipped"_s)) && manifest.open(QIODevice::WriteOnly));
    const QJsonObject entry{{u"id"_s, u"demo-memseg"_s},           {u"architecture"_s, u"memseg-resnet18-lite"_s},
                            {u"file"_s, u"demo.safetensors"_s},    {u"sha256"_s, QString(64, u'0')},
                            {u"licence"_s, u"GPL-3.0-or-later"_s}, {u"origin"_s, u"this test"_s}};
    manifest.write(QJsonDocument(QJsonObject{{u"format_version"_s, 1}, {u"models"_s, QJsonArray{entry}}}).toJson());
    manifest.close();
    ModelStore shipped(m_home->filePath(u"shipped"_s), m_home->filePath(u"weights"_s));
    MainWindow window(Services{*m_settings, *m_database, shipped, *m_jobs, m_home->filePath(u"models"_s)});
    auto log = std::make_shared<test::FakeInspector::Log>();
    window.findChild<InspectPage*>()->setModelLoader([log](const QString&, const SessionOptions&) {
        InspectPage::LoadedModel model;
        model.inspector = std::make_unique<test::FakeInspector>(log);
        return model;
    });
    window.show();
    window.openDemoProduct();
    QTRY_COMPARE(window.findChild<MenuButton*>(u"modelButton"_s)->choice(), u"demo"_s);
    QCOMPARE(window.findChild<MenuButton*>(u"folderButton"_s)->choice(), u"demo"_s);
    QTRY_VERIFY(log->inspected >= 2);
    QTRY_VERIFY(window.isIdle());
    QVERIFY(!window.findChild<MessageBanner*>()->isVisible());
}

void TestMainWindow::offersToContinueTrainings()
{
    RunRecord run;
    run.name = u"bottle-1"_s;
    run.dataFolder = m_home->filePath(u"gone"_s);
    run.options = MemSegOptions().toJson();
    run.targetFile = m_home->filePath(u"m.safetensors"_s);
    run.checkpoint = run.targetFile + u".checkpoint"_s;
    QFile checkpoint(run.checkpoint);
    QVERIFY(checkpoint.open(QIODevice::WriteOnly));
    RunStore(*m_database).begin(run); // and no process is at work on it
    MainWindow window({*m_settings, *m_database, *m_store, *m_jobs, m_home->filePath(u"models"_s)});
    window.show();
    QVERIFY(QTest::qWaitForWindowActive(&window));
    auto* banner = window.findChild<MessageBanner*>();
    QTRY_VERIFY(banner->isVisible());
    QCOMPARE(window.currentPage(), u"inspect"_s);
    QSignalSpy ended(m_jobs.get(), &JobRunner::ended);
    QTest::mouseClick(banner->findChild<QPushButton*>(u"bannerAction"_s), Qt::LeftButton);
    QCOMPARE(window.currentPage(), u"train"_s);
    QTRY_VERIFY(!ended.isEmpty()); // with an error: its folder is gone
    QTRY_VERIFY(banner->message().contains(u"gone"_s));
}

void TestMainWindow::listsKeys()
{
    QTest::keyClick(m_window.get(), Qt::Key_F1);
    auto* dialog = m_window->findChild<ShortcutsDialog*>();
    QVERIFY(dialog && dialog->isVisible());
    QStringList texts;
    for (const QLabel* label : dialog->findChildren<QLabel*>())
        texts << label->text();
    for (const QString& key : {u"Ctrl+O"_s, u"F5"_s, u"Ctrl+2"_s, u"F1"_s, u"A, Left"_s, u"D, Right"_s, u"N"_s, u"+"_s,
                               u"-"_s, u"Ctrl+F"_s, u"Ctrl+Z"_s, u"H"_s})
        QVERIFY2(texts.contains(key), qPrintable(key));
    for (const QAction* one : m_window->findChildren<QAction*>())
        QVERIFY2(one->shortcuts().isEmpty() || !one->text().isEmpty(), qPrintable(one->shortcut().toString()));
}

/// Of a letter that two have, neither would work.
void TestMainWindow::mnemonicsAreUnique()
{
    test::writeParts(m_home->filePath(u"teile"_s), 6);
    m_window->findChild<TrainPage*>()->setFolder(m_home->filePath(u"teile"_s));
    QTRY_VERIFY_WITH_TIMEOUT(m_window->findChild<TrainPage*>()->isIdle(), 60'000);
    for (const QString& page : m_window->pageIds()) {
        m_window->showPage(page);
        QMap<QString, QString> owners;
        const auto take = [&](const QString& text) {
            const QString key = QKeySequence::mnemonic(text).toString();
            if (key.isEmpty())
                return;
            QVERIFY2(!owners.contains(key),
                     qPrintable(page + u": "_s + key + u" of "_s + text + u" and "_s + owners[key]));
            owners.insert(key, text);
        };
        for (const QAction* menu : m_window->menuBar()->actions())
            take(menu->text());
        for (const QAbstractButton* button : m_window->findChildren<QAbstractButton*>()) {
            if (button->isVisible())
                take(button->text());
        }
        for (const QLabel* label : m_window->findChildren<QLabel*>()) {
            if (label->isVisible() && label->buddy())
                take(label->text());
        }
    }
}

void TestMainWindow::theGuideIsReadInTheProgram()
{
    action(u"User guide"_s)->trigger();
    auto* guide = m_window->findChild<QDialog*>(u"userGuide"_s);
    QVERIFY(guide && guide->isVisible());
    QVERIFY(guide->findChild<QTextBrowser*>()->toPlainText().contains(u"Threshold"_s, Qt::CaseInsensitive));
}

void TestMainWindow::anOddImageDoesNotReplaceTheFolder()
{
    test::writeParts(m_home->filePath(u"teile/train/good"_s), 6);
    test::writeParts(m_home->filePath(u"teile/test/good"_s), 3);
    test::writeParts(m_home->filePath(u"lose"_s), 3);
    auto* inspect = m_window->findChild<InspectPage*>();
    auto* train = m_window->findChild<TrainPage*>();
    auto* banner = m_window->findChild<MessageBanner*>();
    QSignalSpy opened(inspect, &InspectPage::folderChanged);

    // It is among the images that are inspected: only shown.
    m_window->openFolder(m_home->filePath(u"lose"_s));
    QTRY_COMPARE_WITH_TIMEOUT(opened.size(), 1, 60'000);
    Q_EMIT train->openRequested(m_home->filePath(u"lose/part1.png"_s));
    QCOMPARE(opened.size(), 1);
    QVERIFY(!banner->isVisible());

    m_window->openFolder(m_home->filePath(u"teile"_s));
    QTRY_COMPARE_WITH_TIMEOUT(opened.size(), 2, 60'000);
    Q_EMIT train->openRequested(m_home->filePath(u"teile/train/good/part2.png"_s));
    QTRY_COMPARE_WITH_TIMEOUT(opened.size(), 3, 60'000);
    QVERIFY(banner->message().contains(u"part2.png"_s));
    QTest::mouseClick(banner->findChild<QPushButton*>(u"bannerAction"_s), Qt::LeftButton);
    QTRY_COMPARE_WITH_TIMEOUT(opened.size(), 4, 60'000);
    QCOMPARE(opened.last().at(0).toString(), m_home->filePath(u"teile"_s));
    QVERIFY(opened.last().at(1).toBool());
}

void TestMainWindow::everyControlIsNamed()
{
    for (const QAbstractButton* button : m_window->findChildren<QAbstractButton*>()) {
        const bool internal = button->objectName().startsWith(u"qt_"_s) || button->inherits("QTableCornerButton") ||
                              button->inherits("QLineEditIconButton");
        if (internal)
            continue;
        QVERIFY2(!button->text().isEmpty() || !button->accessibleName().isEmpty(), button->metaObject()->className());
        QVERIFY2(!button->toolTip().isEmpty(), qPrintable(button->text() + u" / "_s + button->accessibleName()));
    }
}

QTEST_MAIN(TestMainWindow)
#include "tst_main_window.moc"
