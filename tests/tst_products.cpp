// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/settings.h"
#include "core/data/anomaly_folder.h"
#include "core/jobs/job_runner.h"
#include "core/memseg/options.h"
#include "core/storage/database.h"
#include "core/storage/inspection_store.h"
#include "core/storage/product_store.h"
#include "core/storage/run_store.h"
#include "core/weights/model_file.h"
#include "core/weights/model_store.h"
#include "tests/support/fake_inspector.h"
#include "ui/image_list_model.h"
#include "ui/inspect_page.h"
#include "ui/main_window.h"
#include "ui/menu_button.h"
#include "ui/message_banner.h"
#include "ui/product_name_dialog.h"
#include "ui/products.h"
#include "ui/products_dialog.h"
#include "ui/train_page.h"

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>
#include <QtGui/QAction>
#include <QtTest/QAbstractItemModelTester>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>
#include <QtWidgets/QApplication>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QMenu>
#include <QtWidgets/QMessageBox>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QTableView>

#include <memory>

using namespace lynceus;
using namespace Qt::StringLiterals;

/// Products in the window; the network is a fake.
class TestProducts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void aRunMakesAProduct();
    void aRunTakesTheProductOfItsFolder();
    void aRunIsGivenToAProductOfAnotherFolder();
    void aNamesakeIsNotProposed();
    void databaseErrorsAreTold();
    void twoProductsOfAFolderAreAskedFor();
    void opensFromTheTopBar();
    void isOpenAgainAtTheNextStart();
    void aMissingModelIsTold();
    void aMissingFolderIsTold();
    void savesWhatIsOpen();
    void changesAreMarkedAndKept();
    void undoDoesNotUndoOthers();
    void namesAreRefusedInPlace();
    void deleteAsksFirst();
    void simulatedDefectsFollowTheFolder();
    void inspectionsNameTheProduct();
    void singleImagesAreNotTheProduct();
    void tableIsSound();

private:
    void open();
    QString path(const QString& name) const { return m_home->filePath(name); }
    QString writeFolder(const QString& name) const;
    QString writeModel(const QString& name, double threshold = 0.5, const QString& kind = u"good"_s) const;
    qint64 addProduct(const QString& name, const QString& folder, const QString& model);
    void addRun(const QString& model, const QString& folder);
    /// As somebody would: chooses the newest run on the Train page and presses the button of its result.
    void useNewestRun();
    QMessageBox* modelQuestion() const { return m_window->findChild<QMessageBox*>(u"modelQuestion"_s); }
    void answer(QMessageBox* question, QMessageBox::ButtonRole role);
    void openProduct(qint64 id);
    void waitUntilOpen(const QString& folder, const QString& model);
    QAction* action(const QString& text) const;
    QString shown() const { return m_window->findChild<MenuButton*>(u"productButton"_s)->choice(); }
    QString shownModel() const { return m_window->findChild<MenuButton*>(u"modelButton"_s)->choice(); }
    MessageBanner* banner() const { return m_window->findChild<MessageBanner*>(); }
    ProductNameDialog* nameDialog() const { return m_window->findChild<ProductNameDialog*>(); }
    ProductRecord stored(qint64 id) const { return *ProductStore(*m_database).find(id); }
    std::size_t count() const { return ProductStore(*m_database).list().size(); }

    std::unique_ptr<QTemporaryDir> m_home;
    std::unique_ptr<Settings> m_settings;
    std::unique_ptr<Database> m_database;
    std::unique_ptr<ModelStore> m_store;
    std::unique_ptr<JobRunner> m_jobs;
    std::unique_ptr<MainWindow> m_window;
};

void TestProducts::init()
{
    m_home = std::make_unique<QTemporaryDir>(QDir::tempPath() + u"/prüfung-XXXXXX"_s);
    QVERIFY(m_home->isValid());
    m_settings = std::make_unique<Settings>(path(u"settings.ini"_s));
    m_database = std::make_unique<Database>(path(u"lynceus.db"_s));
    m_store = std::make_unique<ModelStore>(QString(), path(u"weights"_s));
    m_jobs = std::make_unique<JobRunner>();
    open();
}

void TestProducts::cleanup()
{
    m_window.reset();
    m_jobs.reset();
    m_store.reset();
    m_database.reset();
    m_settings.reset();
    m_home.reset();
}

void TestProducts::open()
{
    m_window.reset();
    m_window = std::make_unique<MainWindow>(Services{*m_settings, *m_database, *m_store, *m_jobs, path(u"models"_s)});
    m_window->findChild<InspectPage*>()->setModelLoader([](const QString& file, const SessionOptions&) {
        InspectPage::LoadedModel model;
        model.info = readModelInfo(file);
        model.inspector = std::make_unique<test::FakeInspector>();
        return model;
    });
    m_window->show();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
}

QString TestProducts::writeFolder(const QString& name) const
{
    QDir().mkpath(path(name));
    for (int i = 0; i < 5; ++i)
        test::writeGrey(path(u"%1/%2.png"_s.arg(name).arg(i)), 20 + i);
    return path(name);
}

QString TestProducts::writeModel(const QString& name, double threshold, const QString& kind) const
{
    const QString file = path(name + u".safetensors"_s);
    const float weight = 1.0F;
    ModelInfo info;
    info.method = u"memseg"_s;
    info.architecture = u"memseg-resnet18-full"_s;
    info.created = QDateTime::currentDateTimeUtc();
    info.thresholds.score = info.thresholds.review = info.thresholds.pixel = threshold;
    info.calibration.insert(u"kind"_s, kind);
    writeModelFile(file, info,
                   {{"w", {DType::F32, {1}, reinterpret_cast<const unsigned char*>(&weight), sizeof weight}}});
    return file;
}

qint64 TestProducts::addProduct(const QString& name, const QString& folder, const QString& model)
{
    return ProductStore(*m_database).add({0, name, folder, model, {}});
}

void TestProducts::addRun(const QString& model, const QString& folder)
{
    RunRecord run;
    run.name = u"run"_s;
    run.method = u"memseg"_s;
    run.dataFolder = folder;
    run.options = MemSegOptions().toJson();
    run.targetFile = model;
    RunStore store(*m_database);
    store.finish(store.begin(run), RunRecord::State::Finished, {}, model, {}, {{u"image_auroc"_s, 0.99}});
    open(); // the Train page reads the runs when it starts
}

void TestProducts::useNewestRun()
{
    m_window->showPage(u"train"_s);
    auto* runs = m_window->findChild<QTableView*>(u"runs"_s);
    QTRY_VERIFY(runs->model()->rowCount() > 0);
    runs->setCurrentIndex(runs->model()->index(0, 0));
    auto* use = m_window->findChild<QPushButton*>(u"useButton"_s);
    QVERIFY(use->isVisible());
    QTest::mouseClick(use, Qt::LeftButton);
}

void TestProducts::answer(QMessageBox* question, QMessageBox::ButtonRole role)
{
    QVERIFY(question && question->isVisible());
    for (QAbstractButton* button : question->buttons()) {
        if (question->buttonRole(button) == role)
            QTest::mouseClick(button, Qt::LeftButton);
    }
    QTRY_VERIFY(!modelQuestion());
}

/// By its entry in the menu of the top bar.
void TestProducts::openProduct(qint64 id)
{
    QMenu* menu = m_window->findChild<MenuButton*>(u"productButton"_s)->menu();
    Q_EMIT menu->aboutToShow();
    for (QAction* entry : menu->actions()) {
        if (entry->text() == stored(id).name) {
            entry->trigger();
            return;
        }
    }
    QFAIL("the menu lacks the product");
}

void TestProducts::waitUntilOpen(const QString& folder, const QString& model)
{
    QTRY_COMPARE(m_window->findChild<MenuButton*>(u"folderButton"_s)->toolTip(), QDir::toNativeSeparators(folder));
    QTRY_COMPARE(m_window->findChild<MenuButton*>(u"modelButton"_s)->toolTip(), QDir::toNativeSeparators(model));
    QTRY_VERIFY(m_window->isIdle());
    QCOMPARE(m_window->currentPage(), u"inspect"_s);
}

QAction* TestProducts::action(const QString& text) const
{
    for (QAction* candidate : m_window->findChildren<QAction*>()) {
        if (candidate->text().remove(u'&') == text)
            return candidate;
    }
    qFatal("no action %s", qPrintable(text));
}

void TestProducts::aRunMakesAProduct()
{
    const QString folder = writeFolder(u"größe"_s);
    const QString model = writeModel(u"neu"_s);
    addRun(model, folder);
    useNewestRun();
    QVERIFY(nameDialog() && nameDialog()->isVisible());
    auto* name = nameDialog()->findChild<QLineEdit*>(u"productName"_s);
    QCOMPARE(name->text(), u"größe"_s);
    QTest::keyClick(nameDialog(), Qt::Key_Escape);
    QTRY_VERIFY(!nameDialog());
    QCOMPARE(count(), std::size_t(0));

    useNewestRun();
    name = nameDialog()->findChild<QLineEdit*>(u"productName"_s);
    name->setText(u" Flasche "_s);
    QTest::keyClick(name, Qt::Key_Return);
    waitUntilOpen(folder, model);
    const auto products = ProductStore(*m_database).list();
    QCOMPARE(products.size(), std::size_t(1));
    QCOMPARE(products[0].name, u"Flasche"_s);
    QCOMPARE(products[0].folder, folder);
    QCOMPARE(products[0].modelPath, model);
    QCOMPARE(shown(), u"Flasche"_s);
    QVERIFY(banner()->isVisible() && banner()->message().contains(u"Flasche"_s));
}

void TestProducts::aRunTakesTheProductOfItsFolder()
{
    const QString folder = writeFolder(u"teile"_s);
    const QString old = writeModel(u"alt"_s, 0.75, u"manual"_s);
    const QString model = writeModel(u"neu"_s, 0.846);
    const qint64 id = addProduct(u"Flasche"_s, folder + u'/', old);
    const QDateTime written = QFileInfo(old).lastModified();
    addRun(model, folder);
    useNewestRun();
    QVERIFY(!nameDialog());
    QVERIFY(modelQuestion());
    for (const QString& part : {u"alt, threshold 0.750 (set by hand)"_s, u"neu, threshold 0.846"_s})
        QVERIFY2(modelQuestion()->informativeText().contains(part), qPrintable(modelQuestion()->informativeText()));
    answer(modelQuestion(), QMessageBox::RejectRole);
    QCOMPARE(stored(id).modelPath, old);
    QCOMPARE(m_window->currentPage(), u"train"_s);

    banner()->showNotice(u"Something else"_s); // it waits: the way back comes first
    useNewestRun();
    answer(modelQuestion(), QMessageBox::AcceptRole);
    waitUntilOpen(folder, model);
    QCOMPARE(stored(id).modelPath, model);
    QCOMPARE(count(), std::size_t(1));
    QCOMPARE(QFileInfo(old).lastModified(), written);
    QCOMPARE(shown(), u"Flasche"_s);

    auto* undo = banner()->findChild<QPushButton*>(u"bannerAction"_s);
    QCOMPARE(undo->text(), u"Undo"_s);
    QVERIFY(undo->isVisible());
    QStringList shownTexts;
    for (const QLabel* label : banner()->findChildren<QLabel*>())
        shownTexts << label->text();
    QVERIFY2(shownTexts.contains(u"Undo brings back alt and its threshold 0.750 (set by hand); now it is 0.846."_s),
             qPrintable(shownTexts.join(u'\n')));
    QTest::mouseClick(undo, Qt::LeftButton);
    waitUntilOpen(folder, old);
    QCOMPARE(stored(id).modelPath, old);
    QCOMPARE(shown(), u"Flasche"_s);
    QVERIFY(QFile::exists(model));

    m_window->findChild<QAction*>(u"useRun"_s)->trigger(); // the table's action does the same
    answer(modelQuestion(), QMessageBox::AcceptRole);
    waitUntilOpen(folder, model);
    QCOMPARE(stored(id).modelPath, model);
}

void TestProducts::aRunIsGivenToAProductOfAnotherFolder()
{
    const QString own = writeFolder(u"linie"_s);
    const qint64 id = addProduct(u"Flasche"_s, own, {});
    const QString model = writeModel(u"neu"_s);
    addRun(model, writeFolder(u"training"_s));
    useNewestRun();
    auto* name = nameDialog()->findChild<QLineEdit*>(u"productName"_s);
    name->setText(u"Flasche"_s);
    QVERIFY(nameDialog()->findChild<QLabel*>(u"productNote"_s)->text().contains(u"folder stays"_s));
    QTest::mouseClick(nameDialog()->findChild<QPushButton*>(u"acceptButton"_s), Qt::LeftButton);
    waitUntilOpen(own, model);
    QCOMPARE(count(), std::size_t(1));
    QCOMPARE(stored(id).modelPath, model);
}

/// Many folders are called "train": to accept what is proposed must not take another part's product.
void TestProducts::aNamesakeIsNotProposed()
{
    addProduct(u"train"_s, writeFolder(u"a/train"_s), {});
    addRun(writeModel(u"neu"_s), writeFolder(u"b/train"_s));
    useNewestRun();
    QCOMPARE(nameDialog()->findChild<QLineEdit*>(u"productName"_s)->text(), u"train 2"_s);
}

void TestProducts::databaseErrorsAreTold()
{
    addRun(writeModel(u"neu"_s), writeFolder(u"teile"_s));
    m_database->run(u"DROP TABLE products"_s);
    useNewestRun();
    QVERIFY(!nameDialog());
    QVERIFY2(banner()->message().contains(u"products"_s), qPrintable(banner()->message()));
    QCOMPARE(m_window->currentPage(), u"train"_s);
}

void TestProducts::twoProductsOfAFolderAreAskedFor()
{
    const QString folder = writeFolder(u"teile"_s);
    const QString model = writeModel(u"neu"_s);
    const qint64 first = addProduct(u"oben"_s, folder, {});
    const qint64 second = addProduct(u"unten"_s, folder, {});
    addRun(model, folder);
    useNewestRun();
    QVERIFY(nameDialog());
    QCOMPARE(nameDialog()->findChild<QLineEdit*>(u"productName"_s)->text(), u"oben"_s);
    QTest::keyClick(nameDialog(), Qt::Key_Escape);
    QTRY_VERIFY(!nameDialog());

    openProduct(second); // then it is clear
    QTRY_COMPARE(shown(), u"unten"_s);
    useNewestRun();
    QVERIFY(!nameDialog());
    waitUntilOpen(folder, model);
    QCOMPARE(stored(second).modelPath, model);
    QCOMPARE(stored(first).modelPath, QString());
}

void TestProducts::opensFromTheTopBar()
{
    QCOMPARE(shown(), u"none open"_s);
    const QString folders[] = {writeFolder(u"a"_s), writeFolder(u"b"_s)};
    const QString models[] = {writeModel(u"ma"_s), writeModel(u"mb"_s)};
    const qint64 first = addProduct(u"Achse"_s, folders[0], models[0]);
    const qint64 second = addProduct(u"R&D"_s, folders[1], models[1]);
    m_window->showPage(u"train"_s);
    openProduct(first);
    waitUntilOpen(folders[0], models[0]);
    QCOMPARE(shown(), u"Achse"_s);
    QVERIFY(!banner()->isVisible());

    QMenu* menu = m_window->findChild<MenuButton*>(u"productButton"_s)->menu();
    Q_EMIT menu->aboutToShow();
    QVERIFY(menu->actions()[0]->isChecked());
    QVERIFY(!menu->actions()[1]->isChecked());
    QCOMPARE(menu->actions()[1]->text(), u"R&&D"_s);
    menu->actions()[1]->trigger();
    QCOMPARE(shown(), u"R&D"_s); // never marked as changed while it is being opened
    waitUntilOpen(folders[1], models[1]);
    QCOMPARE(shown(), u"R&D"_s);
    QCOMPARE(m_settings->lastProduct(), second);

    action(u"Close product"_s)->trigger();
    QCOMPARE(shown(), u"none open"_s);
    QCOMPARE(shownModel(), u"mb"_s);
    QVERIFY(!action(u"Close product"_s)->isEnabled());
}

void TestProducts::isOpenAgainAtTheNextStart()
{
    QVERIFY(!m_window->openLastProduct());
    const QString folder = writeFolder(u"a"_s);
    const QString model = writeModel(u"ma"_s);
    const qint64 id = addProduct(u"Achse"_s, folder, model);
    openProduct(id);
    waitUntilOpen(folder, model);
    open();
    QVERIFY(m_window->openLastProduct());
    waitUntilOpen(folder, model);
    QCOMPARE(shown(), u"Achse"_s);

    ProductStore(*m_database).remove(id);
    open();
    QVERIFY(!m_window->openLastProduct());
    QVERIFY(!banner()->isVisible());
}

void TestProducts::aMissingModelIsTold()
{
    const QString other = writeModel(u"anderes"_s);
    const qint64 first = addProduct(u"Achse"_s, writeFolder(u"a"_s), other);
    const qint64 second = addProduct(u"Flasche"_s, writeFolder(u"b"_s), path(u"weg.safetensors"_s));
    openProduct(first);
    waitUntilOpen(path(u"a"_s), other);
    openProduct(second);
    QTRY_COMPARE(m_window->findChild<MenuButton*>(u"folderButton"_s)->choice(), u"b"_s);
    QVERIFY2(banner()->message().contains(u"Flasche"_s) && banner()->message().contains(u"weg.safetensors"_s),
             qPrintable(banner()->message()));
    QCOMPARE(banner()->waiting(), 1);
    QCOMPARE(shownModel(), u"none chosen"_s); // not the model of another part
    QTRY_VERIFY(m_window->isIdle());
    QCOMPARE(shown(), u"Flasche"_s);
    QCOMPARE(stored(second).modelPath, path(u"weg.safetensors"_s));
}

void TestProducts::aMissingFolderIsTold()
{
    const QString folder = writeFolder(u"a"_s);
    const QString model = writeModel(u"ma"_s);
    const qint64 first = addProduct(u"Achse"_s, folder, model);
    const qint64 second = addProduct(u"Flasche"_s, path(u"weg"_s), model);
    openProduct(first);
    waitUntilOpen(folder, model);
    openProduct(second);
    QVERIFY2(banner()->message().contains(u"Flasche"_s) && banner()->message().contains(u"weg"_s),
             qPrintable(banner()->message()));
    QCOMPARE(shown(), u"Achse"_s); // as everything else on screen
    QCOMPARE(count(), std::size_t(2));
}

void TestProducts::savesWhatIsOpen()
{
    QVERIFY(!action(u"Save as product…"_s)->isEnabled());
    const QString folder = writeFolder(u"teile"_s);
    const QString model = writeModel(u"m"_s);
    m_window->openFolder(folder);
    m_window->openModel(model);
    waitUntilOpen(folder, model);
    QTest::keyClick(m_window.get(), Qt::Key_S, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(nameDialog());
    QCOMPARE(nameDialog()->findChild<QLineEdit*>(u"productName"_s)->text(), u"teile"_s);
    QTest::keyClick(nameDialog(), Qt::Key_Return);
    QCOMPARE(shown(), u"teile"_s);
    const auto products = ProductStore(*m_database).list();
    QCOMPARE(products.size(), std::size_t(1));
    QCOMPARE(products[0].folder, folder);
    QCOMPARE(products[0].modelPath, model);
}

void TestProducts::changesAreMarkedAndKept()
{
    const QString folder = writeFolder(u"a"_s);
    const QString other = writeFolder(u"b"_s);
    const QString model = writeModel(u"ma"_s);
    const QString newer = writeModel(u"mb"_s);
    const qint64 id = addProduct(u"Achse"_s, folder, model);
    QAction* update = action(u"Update product"_s);
    openProduct(id);
    waitUntilOpen(folder, model);
    QVERIFY(!update->isEnabled());

    m_window->openModel(newer);
    QTRY_COMPARE(shown(), u"Achse (changed)"_s);
    m_window->openModel(model);
    QTRY_COMPARE(shown(), u"Achse"_s);
    m_window->openModel(newer);
    m_window->openFolder(other);
    waitUntilOpen(other, newer);
    QCOMPARE(shown(), u"Achse (changed)"_s);
    QVERIFY(update->isEnabled());
    QCOMPARE(stored(id).modelPath, model);

    QTest::keyClick(m_window.get(), Qt::Key_S, Qt::ControlModifier);
    QCOMPARE(shown(), u"Achse"_s);
    QVERIFY(!update->isEnabled());
    QCOMPARE(stored(id).modelPath, newer);
    QCOMPARE(stored(id).folder, other);
    QTest::mouseClick(banner()->findChild<QPushButton*>(u"bannerAction"_s), Qt::LeftButton);
    waitUntilOpen(folder, model);
    QCOMPARE(stored(id).modelPath, model);
    QCOMPARE(stored(id).folder, folder);
    QCOMPARE(shown(), u"Achse"_s);
}

void TestProducts::undoDoesNotUndoOthers()
{
    const QString folder = writeFolder(u"a"_s);
    const QString model = writeModel(u"ma"_s);
    const QString newer = writeModel(u"mb"_s);
    const QString newest = writeModel(u"mc"_s);
    const qint64 id = addProduct(u"Achse"_s, folder, model);
    openProduct(id);
    waitUntilOpen(folder, model);
    m_window->openModel(newer);
    QTRY_COMPARE(shown(), u"Achse (changed)"_s);
    action(u"Update product"_s)->trigger();
    ProductRecord product = stored(id);
    product.name = u"Welle"_s;
    product.modelPath = newest;
    ProductStore(*m_database).update(product);
    QTest::mouseClick(banner()->findChild<QPushButton*>(u"bannerAction"_s), Qt::LeftButton);
    QCOMPARE(stored(id).modelPath, newest);
    QCOMPARE(stored(id).name, u"Welle"_s);
    QVERIFY(banner()->isVisible());
}

void TestProducts::namesAreRefusedInPlace()
{
    const QString folder = writeFolder(u"teile"_s);
    addProduct(u"Achse"_s, folder, {});
    const qint64 id = addProduct(u"Flasche"_s, folder, {});
    m_window->openFolder(folder);
    QTRY_VERIFY(action(u"Save as product…"_s)->isEnabled());
    action(u"Save as product…"_s)->trigger();
    auto* name = nameDialog()->findChild<QLineEdit*>(u"productName"_s);
    auto* accept = nameDialog()->findChild<QPushButton*>(u"acceptButton"_s);
    auto* note = nameDialog()->findChild<QLabel*>(u"productNote"_s);
    QVERIFY(accept->isEnabled());
    name->setText(u" Achse "_s);
    QVERIFY(!accept->isEnabled());
    QVERIFY(note->text().contains(u"already"_s));
    name->setText(u"  "_s);
    QVERIFY(!accept->isEnabled());
    QTest::keyClick(name, Qt::Key_Return);
    QVERIFY(nameDialog()->isVisible());
    QTest::keyClick(nameDialog(), Qt::Key_Escape);
    QCOMPARE(count(), std::size_t(2));

    QTest::keyClick(m_window.get(), Qt::Key_P, Qt::ControlModifier);
    auto* dialog = m_window->findChild<ProductsDialog*>();
    QVERIFY(dialog && dialog->isVisible());
    auto* view = dialog->findChild<QTableView*>(u"products"_s);
    const auto rename = [&](const QString& text) {
        view->setCurrentIndex(view->model()->index(1, ProductTableModel::Name));
        view->setFocus();
        QTest::keyClick(view, Qt::Key_F2);
        auto* editor = view->viewport()->findChild<QLineEdit*>();
        QVERIFY(editor);
        editor->selectAll();
        QTest::keyClicks(editor, text);
        QTest::keyClick(editor, Qt::Key_Return);
        QTRY_VERIFY(!view->viewport()->findChild<QLineEdit*>());
    };
    auto* said = dialog->findChild<QLabel*>(u"productsNote"_s);
    rename(u"Achse"_s);
    QVERIFY2(said->text().contains(u"Achse"_s), qPrintable(said->text()));
    rename(u"   "_s);
    QVERIFY2(said->text().contains(u"needs a name"_s), qPrintable(said->text()));
    QCOMPARE(stored(id).name, u"Flasche"_s);
    rename(u"Kappe"_s);
    QCOMPARE(stored(id).name, u"Kappe"_s);
    QVERIFY(dialog->isVisible());
    QVERIFY(!said->text().contains(u"needs"_s));
}

void TestProducts::deleteAsksFirst()
{
    const QString folder = writeFolder(u"a"_s);
    const QString model = writeModel(u"ma"_s);
    addProduct(u"Achse"_s, writeFolder(u"b"_s), {});
    const qint64 id = addProduct(u"Flasche"_s, folder, model);
    openProduct(id);
    waitUntilOpen(folder, model);
    action(u"Products…"_s)->trigger();
    auto* dialog = m_window->findChild<ProductsDialog*>();
    auto* view = dialog->findChild<QTableView*>(u"products"_s);
    dialog->activateWindow();
    QTRY_COMPARE(QApplication::activeWindow(), dialog);
    QCOMPARE(view->currentIndex().row(), 1); // the one that is open
    const auto question = [&] { return dialog->findChild<QMessageBox*>(u"deleteQuestion"_s); };
    QTest::keyClick(view, Qt::Key_Delete);
    QVERIFY(question());
    QVERIFY(question()->text().contains(u"Flasche"_s));
    QTest::keyClick(question(), Qt::Key_Return); // keeps it
    QTRY_VERIFY(!question());
    QCOMPARE(count(), std::size_t(2));

    QTest::mouseClick(dialog->findChild<QPushButton*>(u"deleteProduct"_s), Qt::LeftButton);
    for (QAbstractButton* button : question()->buttons()) {
        if (question()->buttonRole(button) == QMessageBox::DestructiveRole)
            QTest::mouseClick(button, Qt::LeftButton);
    }
    QCOMPARE(count(), std::size_t(1));
    QVERIFY(!ProductStore(*m_database).find(id));
    QVERIFY(QFile::exists(model));
    QVERIFY(QFile::exists(folder + u"/0.png"_s));
    QCOMPARE(shown(), u"none open"_s);
    QCOMPARE(shownModel(), u"ma"_s);
    QCOMPARE(view->model()->rowCount(), 1);
}

void TestProducts::simulatedDefectsFollowTheFolder()
{
    const QString folder = writeFolder(u"a"_s);
    const QString moved = writeFolder(u"b"_s);
    const QString model = writeModel(u"ma"_s);
    const qint64 id = addProduct(u"Achse"_s, folder, model);
    m_settings->setDefectOptions(folder, {{u"opacity_low"_s, 0.3}});
    m_settings->setExcludedImages(folder, {u"1.png"_s});
    openProduct(id);
    waitUntilOpen(folder, model);
    action(u"Products…"_s)->trigger();
    ProductTableModel* table = m_window->findChild<ProductsDialog*>()->model();
    QVERIFY(table->setData(table->index(0, ProductTableModel::Folder), moved));
    QCOMPARE(stored(id).folder, moved);
    QCOMPARE(m_settings->defectOptions(moved).value(u"opacity_low"_s).toDouble(), 0.3);
    QCOMPARE(m_settings->excludedImages(moved), QStringList{u"1.png"_s});
    waitUntilOpen(moved, model); // what is open follows its product
    QCOMPARE(shown(), u"Achse"_s);

    // What the other folder has of its own stays.
    m_settings->setDefectOptions(folder, {{u"opacity_low"_s, 0.5}});
    QVERIFY(table->setData(table->index(0, ProductTableModel::Folder), folder));
    QCOMPARE(m_settings->defectOptions(folder).value(u"opacity_low"_s).toDouble(), 0.5);
}

void TestProducts::inspectionsNameTheProduct()
{
    const QString folder = writeFolder(u"a"_s);
    const QString model = writeModel(u"ma"_s);
    const QString other = writeModel(u"mb"_s);
    const qint64 id = addProduct(u"Achse"_s, folder, model);
    openProduct(id);
    waitUntilOpen(folder, model);
    const auto inspect = [this] {
        QTest::keyClick(m_window.get(), Qt::Key_F5);
        const InspectionStore store(*m_database);
        QTRY_VERIFY(m_window->isIdle() && store.list().front().finished.isValid());
        QCOMPARE(store.results(store.list().front().id).size(), std::size_t(5));
    };
    inspect();
    QCOMPARE(InspectionStore(*m_database).list().front().productId, id);
    m_window->openModel(other); // which is not the product's
    waitUntilOpen(folder, other);
    inspect();
    QCOMPARE(InspectionStore(*m_database).list().front().productId, qint64(0));
}

void TestProducts::singleImagesAreNotTheProduct()
{
    const QString folder = writeFolder(u"a"_s);
    const QString model = writeModel(u"ma"_s);
    const qint64 id = addProduct(u"Achse"_s, folder, model);
    openProduct(id);
    waitUntilOpen(folder, model);
    const QString image = findImages(folder).front();

    m_window->openImages({image});
    QCOMPARE(shown(), u"Achse (changed)"_s);
    QVERIFY(!action(u"Update product"_s)->isEnabled()); // its folder has not become another
    QVERIFY(!action(u"Save as product…"_s)->isEnabled());
    QTest::keyClick(m_window.get(), Qt::Key_F5);
    QTRY_VERIFY(m_window->isIdle());
    QCOMPARE(InspectionStore(*m_database).list().front().folder, folder);
    QCOMPARE(InspectionStore(*m_database).list().front().productId, qint64(0));

    openProduct(id);
    waitUntilOpen(folder, model);
    QCOMPARE(shown(), u"Achse"_s);
    QTRY_VERIFY(m_window->isIdle());
    QCOMPARE(m_window->findChild<InspectPage*>()->findChild<ImageListModel*>()->rowCount(),
             int(findImages(folder).size()));
}

void TestProducts::tableIsSound()
{
    addProduct(u"Flasche"_s, path(u"weg"_s), path(u"weg.safetensors"_s));
    const qint64 id = addProduct(u"Achse"_s, writeFolder(u"a"_s), writeModel(u"ma"_s));
    ProductTableModel model(Services{*m_settings, *m_database, *m_store, *m_jobs, path(u"models"_s)});
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.reload();
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(model.rowOf(id), 0);
    const auto text = [&](int row, int column) { return model.index(row, column).data().toString(); };
    QCOMPARE(text(0, ProductTableModel::Name), u"Achse"_s);
    QCOMPARE(text(0, ProductTableModel::Model), u"ma"_s);
    QVERIFY(text(1, ProductTableModel::Model).contains(u"missing"_s));
    QVERIFY(text(1, ProductTableModel::Folder).contains(u"missing"_s));
    QVERIFY(model.setData(model.index(0, ProductTableModel::Notes), u"new light"_s));
    QCOMPARE(stored(id).notes, u"new light"_s);
    QVERIFY(!(model.flags(model.index(0, ProductTableModel::Folder)) & Qt::ItemIsEditable));
}

QTEST_MAIN(TestProducts)
#include "tst_products.moc"
