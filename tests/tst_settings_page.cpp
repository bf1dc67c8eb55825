// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/settings.h"
#include "core/data/demo_product.h"
#include "core/jobs/job_runner.h"
#include "core/engines/engine_file.h"
#include "core/storage/database.h"
#include "core/weights/model_store.h"
#include "tests/support/needs_engine.h"
#include "ui/engines_card.h"
#include "ui/gate_report_model.h"
#include "ui/inspect_page.h"
#include "ui/main_window.h"
#include "ui/message_banner.h"
#include "ui/model_compiler.h"
#include "ui/settings_page.h"
#include "ui/theme.h"

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>
#include <QtCore/QTimer>
#include <QtTest/QAbstractItemModelTester>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>
#include <QtWidgets/QApplication>
#include <QtWidgets/QCheckBox>
#include <QtWidgets/QComboBox>
#include <QtWidgets/QFileDialog>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QSpinBox>
#include <QtWidgets/QTableView>
#include <QtWidgets/QToolButton>

#include <algorithm>
#include <memory>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

constexpr int kWaitMs = 60'000;
constexpr int kCompileMs = 240'000;

GateReport passedReport()
{
    GateReport report;
    report.engine = Engine::OpenVinoFp32;
    report.images = 96;
    report.shift = 0.012;
    report.ms = 10.0;
    report.libTorchMs = 21.0;
    return report;
}

GateReport blockedReport()
{
    GateReport report = passedReport();
    report.engine = Engine::OpenVinoInt8;
    report.verdictsChanged = 2;
    report.worst = {u"good/<b>7</b>.png: score 0.4, with libtorch 0.6"_s, u"good/9.png: score 0.5"_s};
    return report;
}

GateReport failedReport()
{
    GateReport report;
    report.engine = Engine::OpenVinoBf16;
    report.failure = u"no such instruction"_s;
    return report;
}

} // namespace

class TestSettingsPage : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void appearanceStaysInStep();
    void engineStaysInStep();
    void missingEnginesCannotBeChosen();
    void threadsAreStored();
    void pathsCanBeCopied();
    void reportsAreASoundTable();
    void reportsAreShown();
    void buttonSaysWhyItCannotCompile();
    void damagedReportsAreTold();
    void tooFewGoodImagesAskForOthers();
    void modelsAreCompiled();
    void compilingIsCancelled();

private:
    template <typename Control>
    Control* find(const char* name) const
    {
        return m_window->findChild<SettingsPage*>()->findChild<Control*>(QLatin1String(name));
    }
    QTableView* table() const { return find<QTableView>("gateReports"); }
    /// A copy of the demo model with a folder of its parts, both open in the window.
    void openDemo(int goodParts);

    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<Settings> m_settings;
    std::unique_ptr<Database> m_database;
    std::unique_ptr<ModelStore> m_store;
    std::unique_ptr<JobRunner> m_jobs;
    std::unique_ptr<MainWindow> m_window;
    QString m_model;
};

void TestSettingsPage::init()
{
    m_home = std::make_unique<QTemporaryDir>(QDir::tempPath() + u"/prüfung-XXXXXX"_s);
    QVERIFY(m_home->isValid());
    m_settings = std::make_unique<Settings>(m_home->filePath(u"settings.ini"_s));
    m_settings->setTheme(Settings::Theme::Light);
    theme::install(*m_settings);
    m_database = std::make_unique<Database>(m_home->filePath(u"lynceus.db"_s));
    m_store = std::make_unique<ModelStore>(QString(), m_home->filePath(u"weights"_s));
    m_jobs = std::make_unique<JobRunner>();
    m_window = std::make_unique<MainWindow>(Services{*m_settings, *m_database, *m_store, *m_jobs,
                                                     m_home->filePath(u"models"_s), m_home->filePath(u"cache"_s)});
    QVERIFY(m_window->showPage(u"settings"_s));
    m_window->show();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    m_model = m_home->filePath(u"teil.safetensors"_s);
}

void TestSettingsPage::cleanup()
{
    m_window.reset();
    m_jobs.reset();
    m_store.reset();
    m_database.reset();
    m_settings.reset();
    m_home.reset();
}

void TestSettingsPage::openDemo(int goodParts)
{
    QVERIFY(QFile::copy(QStringLiteral(LYNCEUS_SOURCE_DIR "/models/demo_memseg.safetensors"), m_model));
    DemoOptions options;
    options.trainGood = goodParts;
    options.testGood = 1;
    options.testDefective = 0;
    writeDemoProduct(m_home->filePath(u"teile"_s), options);
    auto* inspect = m_window->findChild<InspectPage*>();
    inspect->openFolder(m_home->filePath(u"teile"_s));
    inspect->useModel(m_model);
    QTRY_VERIFY_WITH_TIMEOUT(inspect->isIdle() && m_window->isIdle(), kWaitMs);
    QVERIFY(find<QPushButton>("compileButton")->isEnabled());
}

void TestSettingsPage::appearanceStaysInStep()
{
    auto* themes = find<QComboBox>("theme");
    QCOMPARE(themes->currentText(), u"Light"_s);
    QTest::keyClick(themes, Qt::Key_Down);
    QCOMPARE(m_settings->theme(), Settings::Theme::Dark);
    QCOMPARE(theme::scheme(), theme::Scheme::Dark);
    m_settings->setTheme(Settings::Theme::System);
    QCOMPARE(themes->currentText(), u"System"_s);

    auto* colorBlind = find<QCheckBox>("colorBlind");
    QVERIFY(!colorBlind->isChecked());
    QTest::keyClick(colorBlind, Qt::Key_Space);
    QVERIFY(m_settings->colorBlindMap());
    m_settings->setColorBlindMap(false);
    QVERIFY(!colorBlind->isChecked());
}

void TestSettingsPage::engineStaysInStep()
{
    auto* engines = find<QComboBox>("engine");
    QCOMPARE(engines->count(), int(allEngines().size()) + 1);
    QCOMPARE(engines->currentText(), u"Automatic"_s);
    QTest::keyClick(engines, Qt::Key_Down);
    QCOMPARE(m_settings->engine(), u"libtorch"_s);
    m_settings->setEngine(u"openvino-int8"_s);
    QCOMPARE(engines->currentText(), u"openvino-int8"_s);
    m_settings->setEngine(u"abacus"_s); // what runs then
    QCOMPARE(engines->currentText(), u"Automatic"_s);
}

void TestSettingsPage::missingEnginesCannotBeChosen()
{
    const auto* engines = find<QComboBox>("engine");
    const auto* missing = find<QLabel>("missingEngines");
    bool some = false;
    for (int row = 0; row < engines->count(); ++row) {
        const QModelIndex index = engines->model()->index(row, 0);
        const QString whyNot = whyNoEngine(engineFromName(index.data(Qt::UserRole).toString()));
        QCOMPARE(index.flags().testFlag(Qt::ItemIsEnabled), whyNot.isEmpty());
        QCOMPARE(index.data(Qt::ToolTipRole).toString(), whyNot);
        if (whyNot.isEmpty())
            continue;
        some = true;
        QVERIFY(missing && missing->text().contains(whyNot));
    }
    QCOMPARE(missing != nullptr, some);
}

void TestSettingsPage::threadsAreStored()
{
    auto* threads = find<QSpinBox>("threads");
    QCOMPARE(threads->text(), u"One for each core"_s);
    threads->setFocus();
    QTest::keyClick(threads, Qt::Key_Up);
    QCOMPARE(m_settings->threads(), 1);
}

void TestSettingsPage::pathsCanBeCopied()
{
    QStringList paths;
    for (const QLineEdit* field : m_window->findChild<SettingsPage*>()->findChildren<QLineEdit*>()) {
        if (field->isReadOnly())
            paths << QDir::fromNativeSeparators(field->text());
    }
    QCOMPARE(paths, (QStringList{m_database->file(), m_home->filePath(u"models"_s)}));
}

void TestSettingsPage::reportsAreASoundTable()
{
    GateReportModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setReports({passedReport(), blockedReport(), failedReport()});
    QCOMPARE(model.rowCount(), 3);
    const auto text = [&](int row, int column) { return model.index(row, column).data().toString(); };
    QCOMPARE(text(0, GateReportModel::Name), u"openvino-fp32"_s);
    QCOMPARE(text(0, GateReportModel::Gate), u"Passed"_s);
    QCOMPARE(text(0, GateReportModel::Images), u"96"_s);
    QCOMPARE(text(0, GateReportModel::ScoreShift), QLocale().toString(0.012, 'f', 4));
    QCOMPARE(text(0, GateReportModel::Milliseconds), QLocale().toString(10.0, 'f', 1));
    QVERIFY(text(0, GateReportModel::Speed).startsWith(QLocale().toString(2.1, 'f', 2)));
    QCOMPARE(text(1, GateReportModel::Gate), u"Blocked"_s);
    QCOMPARE(text(1, GateReportModel::VerdictsChanged), u"2"_s);
    QCOMPARE(text(2, GateReportModel::Gate), u"Blocked"_s);
    QCOMPARE(text(2, GateReportModel::Images), u"–"_s); // it never got so far
    QVERIFY(model.index(2, 0).data(Qt::ToolTipRole).toString().contains(u"no such instruction"_s));
    model.setReports({});
    QCOMPARE(model.rowCount(), 0);
}

void TestSettingsPage::reportsAreShown()
{
    auto* card = m_window->findChild<EnginesCard*>();
    const auto* summary = find<QLabel>("gateSummary");
    const auto* worst = find<QLabel>("gateWorst");
    QVERIFY(!table()->isVisible());
    QVERIFY(!summary->isVisible());
    card->setReports({passedReport(), blockedReport()});
    QVERIFY(table()->isVisible());
    QCOMPARE(table()->currentIndex().row(), 1); // what is blocked needs looking at
    QVERIFY(summary->text().contains(blockedReport().summary()));
    QVERIFY(worst->isVisible());
    QCOMPARE(worst->text(), blockedReport().worst.join(u'\n'));
    QCOMPARE(worst->textFormat(), Qt::PlainText);

    table()->setFocus();
    QTest::keyClick(table(), Qt::Key_Up);
    QVERIFY(summary->text().contains(passedReport().summary()));
    QVERIFY(!worst->isVisible());
    card->setReports({});
    QVERIFY(!table()->isVisible());
    QVERIFY(!summary->isVisible());
}

void TestSettingsPage::buttonSaysWhyItCannotCompile()
{
    const auto* button = find<QPushButton>("compileButton");
    QVERIFY(!button->isEnabled());
    const QString whyNot = whyNoEngine(Engine::OpenVinoFp32);
    QCOMPARE(button->toolTip(), whyNot.isEmpty() ? u"No model is open."_s : whyNot);
    if (!whyNot.isEmpty())
        QSKIP(qPrintable(whyNot));
    auto* compiler = m_window->findChild<ModelCompiler*>();
    compiler->setModel(m_home->filePath(u"weg/teil.safetensors"_s)); // nothing can be written beside it
    QVERIFY(!button->isEnabled());
    QVERIFY(button->toolTip().contains(m_home->filePath(u"weg"_s)));
    compiler->setModel(m_model);
    QVERIFY(button->isEnabled());
}

void TestSettingsPage::damagedReportsAreTold()
{
    QFile engines(engineFile(m_model));
    QVERIFY(engines.open(QIODevice::WriteOnly));
    engines.write("nothing that was compiled");
    engines.close();
    m_window->findChild<ModelCompiler*>()->setModel(m_model);
    m_window->findChild<EnginesCard*>()->readReports();
    const auto* banner = m_window->findChild<MessageBanner*>();
    QTRY_VERIFY(banner->message().contains(QDir::toNativeSeparators(engineFile(m_model))));
    QVERIFY(!table()->isVisible());
}

void TestSettingsPage::tooFewGoodImagesAskForOthers()
{
    NEEDS(Engine::OpenVinoFp32);
    openDemo(2);
    QString asked;
    QTimer look;
    connect(&look, &QTimer::timeout, this, [&] {
        if (auto* dialog = qobject_cast<QFileDialog*>(QApplication::activeModalWidget())) {
            asked = dialog->windowTitle();
            dialog->reject();
        }
    });
    look.start(10);
    QTest::mouseClick(find<QPushButton>("compileButton"), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!asked.isEmpty(), kWaitMs);
    QVERIFY2(asked.contains(u"too few good images"_s), qPrintable(asked));
    QVERIFY(m_jobs->isIdle());
    QVERIFY(find<QPushButton>("compileButton")->isEnabled());
}

void TestSettingsPage::modelsAreCompiled()
{
    NEEDS(Engine::OpenVinoFp32);
    openDemo(12);
    auto* inspect = m_window->findChild<InspectPage*>();
    auto* button = find<QPushButton>("compileButton");
    const auto* running = m_window->findChild<QToolButton*>(u"engineButton"_s);
    QCOMPARE(running->text(), u"libtorch"_s);
    QSignalSpy engine(inspect, &InspectPage::engineChanged);
    QTest::mouseClick(button, Qt::LeftButton);
    QVERIFY(!button->isEnabled());
    QTRY_COMPARE_WITH_TIMEOUT(engine.size(), 1, kCompileMs); // it was loaded again
    QTRY_VERIFY_WITH_TIMEOUT(m_window->isIdle(), kWaitMs);

    const std::vector<GateReport> reports = readGateReports(m_model);
    QVERIFY(!reports.empty());
    QCOMPARE(engine.front().at(0).toString(), engineName(fastestPassed(reports)));
    QCOMPARE(running->text(), engineName(fastestPassed(reports)));
    QVERIFY(m_window->findChild<MessageBanner*>()->message().contains(u"teil"_s));
    QVERIFY(table()->isVisible());
    QCOMPARE(table()->model()->rowCount(), int(reports.size()));
    QVERIFY(button->isEnabled());
    QCOMPARE(button->text(), u"Compile again"_s);
    inspect->useModel({});
    QVERIFY(!table()->isVisible());
}

void TestSettingsPage::compilingIsCancelled()
{
    NEEDS(Engine::OpenVinoFp32);
    openDemo(12);
    QTest::mouseClick(find<QPushButton>("compileButton"), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!m_jobs->active().empty() && m_jobs->active().front().title.contains(u"teil"_s), kWaitMs);
    m_jobs->cancelAll();
    QTRY_VERIFY_WITH_TIMEOUT(m_jobs->isIdle(), kCompileMs);
    QVERIFY(find<QPushButton>("compileButton")->isEnabled());
    QVERIFY(!QFile::exists(engineFile(m_model)));
    QVERIFY(!m_window->findChild<MessageBanner*>()->isVisible()); // nothing failed
}

QTEST_MAIN(TestSettingsPage)
#include "tst_settings_page.moc"
