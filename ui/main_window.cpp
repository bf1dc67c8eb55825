// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/main_window.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/settings.h"
#include "core/data/demo_product.h"
#include "core/image/image_io.h"
#include "core/engines/engine_file.h"
#include "core/nn/device.h"
#include "core/storage/database.h"
#include "core/weights/model_store.h"
#include "ui/about_dialog.h"
#include "ui/background_task.h"
#include "ui/completion_notice.h"
#include "ui/elided_label.h"
#include "ui/engines_card.h"
#include "ui/icons.h"
#include "ui/import_weights_dialog.h"
#include "ui/inspect_page.h"
#include "ui/message_banner.h"
#include "ui/model_compiler.h"
#include "ui/navigation_rail.h"
#include "ui/products.h"
#include "ui/settings_page.h"
#include "ui/shortcuts_dialog.h"
#include "ui/top_bar.h"
#include "ui/train_page.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtGui/QAction>
#include <QtGui/QCloseEvent>
#include <QtWidgets/QFileDialog>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QMenu>
#include <QtWidgets/QMenuBar>
#include <QtWidgets/QMessageBox>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QStackedWidget>
#include <QtWidgets/QStatusBar>
#include <QtWidgets/QToolButton>
#include <QtWidgets/QVBoxLayout>

#include <algorithm>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QString imageFilter()
{
    QStringList patterns;
    for (const QString& suffix : imageSuffixes())
        patterns << u"*."_s + suffix;
    return QCoreApplication::translate("lynceus::MainWindow", "Images (%1)").arg(patterns.join(u' '));
}

} // namespace

MainWindow::MainWindow(const Services& services, QWidget* parent)
    : QMainWindow(parent)
    , m_services(services)
    , m_inspect(new InspectPage(services, this))
    , m_train(new TrainPage(services, this))
    , m_products(new Products(services, this))
    , m_compiler(new ModelCompiler(services, this))
    , m_settingsPage(new SettingsPage(services, m_compiler, this))
{
    setWindowTitle(u"Lynceus"_s);
    setWindowIcon(programIcon());
    setAcceptDrops(true);
    makePages();
    makeMenus();
    makeFrame();
    connectPages();
    connectProducts();
    connectSettings();
    setCurrentPage(0);
    resize(defaultSize());
    restoreGeometry(m_services.settings.layout(u"window"_s));
}

MainWindow::~MainWindow() = default;

void MainWindow::makePages()
{
    // A new page adds itself here and nowhere else.
    m_pages.push_back({u"inspect"_s,
                       tr("Inspect"),
                       u"inspect"_s,
                       tr("Look at images and their verdicts"),
                       m_inspect,
                       [this] { return m_inspect->isIdle(); },
                       [this] { m_inspect->resetLayout(); },
                       {}});
    m_pages.push_back({u"train"_s,
                       tr("Train"),
                       u"train"_s,
                       tr("Learn a model from good parts"),
                       m_train,
                       [this] { return m_train->isIdle(); },
                       [this] { m_train->resetLayout(); },
                       {}});
    m_pages.push_back({u"settings"_s,
                       tr("Settings"),
                       u"settings"_s,
                       tr("Appearance, engines and where data lies"),
                       m_settingsPage,
                       [] { return true; },
                       [] {},
                       {}});
}

void MainWindow::makeFrame()
{
    m_productMenu = new QMenu(this);
    m_folderMenu = new QMenu(this);
    m_modelMenu = new QMenu(this);
    connect(m_productMenu, &QMenu::aboutToShow, this, [this] { fillProductMenu(m_productMenu); });
    connect(m_folderMenu, &QMenu::aboutToShow, this, [this] { fillFolderMenu(m_folderMenu); });
    connect(m_modelMenu, &QMenu::aboutToShow, this, [this] { fillModelMenu(m_modelMenu); });
    auto* central = new QWidget(this);
    m_rail = new NavigationRail(central);
    m_topBar = new TopBar(m_services.jobs, m_productMenu, m_folderMenu, m_modelMenu, m_inspectAll, central);
    m_banner = new MessageBanner(central);
    m_notice = new CompletionNotice(this);
    m_stack = new QStackedWidget(central);
    for (std::size_t i = 0; i < m_pages.size(); ++i) {
        const Page& page = m_pages[i];
        m_rail->addPage(page.title, page.icon, tr("%1 (Ctrl+%2)").arg(page.toolTip).arg(i + 1));
        m_stack->addWidget(page.widget);
    }

    auto* column = new QVBoxLayout;
    column->setSpacing(0);
    column->addWidget(m_topBar);
    column->addWidget(m_banner);
    column->addWidget(m_stack, 1);
    auto* row = new QHBoxLayout(central);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    row->addWidget(m_rail);
    row->addLayout(column, 1);
    setCentralWidget(central);
    setTabOrder(m_rail, m_topBar);
    setTabOrder(m_topBar, m_banner);
    setTabOrder(m_banner, m_stack);

    m_statusText = new ElidedLabel(this, Qt::ElideMiddle);
    m_statusText->setContentsMargins(8, 0, 8, 0);
    statusBar()->setSizeGripEnabled(false);
    statusBar()->addWidget(m_statusText, 1);
    auto* device = new QLabel(tr("%1 · %2 threads").arg(deviceName(DeviceKind::Cpu).toUpper()).arg(threads()), this);
    device->setContentsMargins(8, 0, 8, 0);
    statusBar()->addPermanentWidget(device);
    m_engine = new QToolButton(this);
    m_engine->setObjectName(u"engineButton"_s);
    m_engine->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_engine->setIconSize({14, 14});
    m_engine->setFocusPolicy(Qt::TabFocus);
    statusBar()->addPermanentWidget(m_engine);
    showEngine({}, {});

    connect(m_rail, &NavigationRail::pageChosen, this, &MainWindow::setCurrentPage);
    connect(&m_services.jobs, &JobRunner::ended, this, [this](const JobStatus& job) {
        if (job.state == JobStatus::State::Failed)
            showError(tr("%1: %2").arg(job.title, job.error), job.remedy);
    });
}

void MainWindow::connectPages()
{
    connect(m_inspect, &InspectPage::errorOccurred, this, &MainWindow::showError);
    connect(m_inspect, &InspectPage::errorOver, m_banner, &MessageBanner::withdraw);
    connect(m_train, &TrainPage::errorOccurred, this, &MainWindow::showError);
    connect(m_inspect, &InspectPage::statusChanged, this,
            [this](const QString& text) { setPageStatus(m_inspect, text); });
    connect(m_inspect, &InspectPage::folderChanged, this, [this](const QString& folder, bool whole) {
        m_folder = folder;
        m_wholeFolder = whole;
        m_products->setFolder(folder, whole);
    });
    connect(m_inspect, &InspectPage::modelChanged, this, [this](const QString& file) {
        m_model = file;
        m_products->setModel(file);
    });
    connect(m_inspect, &InspectPage::trainRequested, this, &MainWindow::train);
    connect(m_inspect, &InspectPage::demoRequested, this, &MainWindow::openDemoProduct);
    connect(m_train, &TrainPage::thresholdSaved, this, [this](const QString& model) {
        if (model == m_model)
            openModel(model); // judges by the new one
    });
    connect(m_train, &TrainPage::undoOffered, this,
            [this](const QString& message, const QString& detail, const std::function<void()>& undo) {
                m_banner->showOffer(message, detail, tr("Undo"), undo);
            });
    connect(m_train, &TrainPage::useModelRequested, m_products, &Products::useModel);
    connect(m_train, &TrainPage::imageRequested, this,
            [this](const QString& model, const QString& folder, const QString& image) {
                if (model != m_model)
                    openModel(model);
                m_inspect->openFolder(folder, image);
                showPage(u"inspect"_s);
            });
    connect(m_train, &TrainPage::openRequested, this, &MainWindow::showGoodImage);
    connect(m_train, &TrainPage::interruptedFound, this, [this](const QString& message, const QString& detail) {
        m_banner->showOffer(message, detail, tr("Continue"), [this] {
            showPage(u"train"_s);
            m_train->continueInterrupted();
        });
    });
    connect(m_train, &TrainPage::trainingOver, this,
            [this](bool well, const QString& message, const QString& detail, const QString& run) {
                // Who looks at the page sees its result. What went wrong is told by the job runner, whoever started the
                // work.
                if (well && (currentPage() != u"train" || !isActiveWindow())) {
                    m_banner->showOffer(message, detail, tr("Show results"), [this, run] {
                        showPage(u"train"_s);
                        m_train->showResults(run);
                    });
                }
                setPageStatus(m_train, message);
                m_notice->tell(message, detail);
            });
}

void MainWindow::connectProducts()
{
    connect(m_products, &Products::changed, this, &MainWindow::showWhatIsOpen);
    connect(m_products, &Products::errorOccurred, this, &MainWindow::showError);
    connect(m_products, &Products::noticed, m_banner, &MessageBanner::showNotice);
    connect(m_products, &Products::undoOffered, this,
            [this](const QString& message, const QString& detail, const std::function<void()>& undo) {
                m_banner->showOffer(message, detail, tr("Undo"), undo);
            });
    connect(m_products, &Products::openRequested, this, [this](const QString& folder, const QString& model) {
        m_inspect->useModel(model);
        if (folder != m_folder || !m_wholeFolder)
            m_inspect->openFolder(folder);
        showPage(u"inspect"_s);
    });
    showWhatIsOpen();
}

void MainWindow::connectSettings()
{
    connect(m_engine, &QToolButton::clicked, this, [this] { showPage(u"settings"_s); });
    connect(m_inspect, &InspectPage::engineChanged, this, [this](const QString& engine, const QString& note) {
        showEngine(engine, note);
        m_settingsPage->engines()->setRunning(engine);
        if (!note.isEmpty())
            m_banner->showInformation(tr("Inspections are computed by %1.").arg(engine), note);
    });
    connect(m_inspect, &InspectPage::folderChanged, m_compiler, &ModelCompiler::setFolder);
    connect(m_inspect, &InspectPage::modelChanged, this, [this](const QString& file) {
        m_compiler->setModel(file);
        m_settingsPage->engines()->readReports();
    });
    const auto followCompiler = [this] {
        const QString whyNot = m_compiler->whyNot();
        m_compile->setEnabled(whyNot.isEmpty());
        m_compile->setToolTip(whyNot.isEmpty() ? m_compile->statusTip() : whyNot);
    };
    connect(m_compiler, &ModelCompiler::stateChanged, this, followCompiler);
    followCompiler();
    connect(m_compiler, &ModelCompiler::compiled, this,
            [this](const QString& file, const std::vector<GateReport>& reports) {
                const Engine fastest = fastestPassed(reports);
                const QString message = tr("“%1” is compiled.").arg(QFileInfo(file).completeBaseName());
                const QString detail =
                    fastest == Engine::LibTorch
                        ? tr("No engine that judges as LibTorch does is faster, so LibTorch goes on.")
                        : tr("The fastest engine that judges as LibTorch does: %1.").arg(engineName(fastest));
                m_banner->showNotice(message, detail);
                m_notice->tell(message, detail);
                if (file == m_model)
                    m_inspect->reloadModel();
            });
}

void MainWindow::openFolder(const QString& folder)
{
    showPage(u"inspect"_s);
    m_inspect->openFolder(folder);
}

void MainWindow::openImages(const QStringList& files)
{
    showPage(u"inspect"_s);
    m_inspect->openImages(files);
}

/// An image to learn from is not among those that are inspected where the folder has others: then it is opened by
/// itself, and the folder is one click away.
void MainWindow::showGoodImage(const QString& image)
{
    const QString before = m_wholeFolder ? m_folder : QString();
    showPage(u"inspect"_s);
    if (m_inspect->selectImage(image))
        return;
    m_inspect->openImages({image});
    if (before.isEmpty())
        return;
    m_banner->showOffer(tr("Only “%1” is open now.").arg(QFileInfo(image).fileName()),
                        tr("Before: the folder %1.").arg(QDir::toNativeSeparators(before)), tr("Back to the folder"),
                        [this, before] { openFolder(before); });
}

void MainWindow::openModel(const QString& modelFile)
{
    m_inspect->useModel(modelFile);
}

void MainWindow::openDemoProduct()
{
    const QString folder = QDir(m_services.modelFolder + u"/../demo"_s).absolutePath();
    if (m_products->current() && m_products->current()->folder != folder)
        m_products->close();
    const auto write = [folder](const TaskContext& context) {
        if (QFileInfo::exists(folder))
            return folder;
        // Under another name until it is complete, so that a stop half-way leaves nothing that looks whole.
        const QString unfinished = folder + u".part"_s;
        writeDemoProduct(unfinished, {}, context);
        if (!QDir().rename(unfinished, folder))
            throw Error(ErrorKind::File, tr("The folder %1 cannot be made.").arg(QDir::toNativeSeparators(folder)),
                        tr("Check the rights to the folder above it."));
        return folder;
    };
    runInBackground(m_services.jobs, JobRunner::Lane::Files, tr("Making the demo product"), this, write,
                    [this](const QString& made) {
                        if (currentPage() == u"train")
                            m_train->setFolder(made);
                        inspectWithShippedModel(made);
                    });
}

bool MainWindow::openLastProduct()
{
    return m_products->openLast();
}

void MainWindow::inspectWithShippedModel(const QString& folder)
{
    QString model;
    try {
        if (const auto entry = m_services.modelStore.find(u"demo-memseg"_s))
            model = entry->path;
    } catch (const Error& error) {
        showError(error.message(), error.remedy());
    }
    if (!model.isEmpty()) {
        // First the folder, then the model, then everything is inspected: verdicts at once, without a key to know.
        auto* opening = new QObject(this);
        connect(m_inspect, &InspectPage::folderChanged, opening, [this, opening, folder, model](const QString& opened) {
            if (opened == folder)
                openModel(model);
            else
                opening->deleteLater();
        });
        connect(m_inspect, &InspectPage::modelChanged, opening, [this, opening](const QString& loaded) {
            opening->deleteLater();
            if (!loaded.isEmpty())
                m_inspect->inspectAll();
        });
    }
    m_inspect->openFolder(folder);
}

QStringList MainWindow::pageIds() const
{
    QStringList ids;
    for (const Page& page : m_pages)
        ids << page.id;
    return ids;
}

QString MainWindow::currentPage() const
{
    return m_pages[std::size_t(m_stack->currentIndex())].id;
}

bool MainWindow::showPage(const QString& id)
{
    const auto index = pageIds().indexOf(id);
    if (index >= 0)
        setCurrentPage(int(index));
    return index >= 0;
}

bool MainWindow::isIdle() const
{
    return m_services.jobs.isIdle() && m_pages[std::size_t(m_stack->currentIndex())].isIdle();
}

void MainWindow::showError(const QString& message, const QString& remedy)
{
    qCWarning(logUi) << "Shown to the user:" << message << remedy;
    m_banner->showError(message, remedy);
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    if (m_inspect->hasMovedThreshold()) {
        event->ignore();
        showPage(u"inspect"_s);
        m_inspect->settleThreshold([this] { close(); });
        return;
    }
    if (!m_closeAgreed && !m_services.jobs.active().empty()) {
        event->ignore();
        askToClose();
        return;
    }
    m_services.settings.setLayout(u"window"_s, saveGeometry());
    event->accept();
}

void MainWindow::askToClose()
{
    const auto name = u"closeQuestion"_s;
    if (findChild<QMessageBox*>(name))
        return;
    QStringList titles;
    for (const JobStatus& job : m_services.jobs.active())
        titles << job.title;
    auto* box = new QMessageBox(QMessageBox::Question, tr("Close Lynceus?"), tr("Work is still running."),
                                QMessageBox::NoButton, this);
    box->setObjectName(name);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setTextFormat(Qt::PlainText);
    if (m_train->isTraining())
        titles << QString() << tr("The training at work is kept: the next start offers to go on with it.");
    box->setInformativeText(titles.join(u'\n'));
    QPushButton* stop = box->addButton(tr("Stop it and close"), QMessageBox::AcceptRole);
    box->setDefaultButton(box->addButton(tr("Keep working"), QMessageBox::RejectRole));
    connect(stop, &QPushButton::clicked, this, [this] {
        m_closeAgreed = true;
        m_train->keepTraining();
        m_services.jobs.cancelAll();
        close();
    });
    box->open();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event)
{
    forwardToPage(event);
}

void MainWindow::dropEvent(QDropEvent* event)
{
    forwardToPage(event);
}

void MainWindow::forwardToPage(QEvent* event)
{
    // The frame takes what the page would take. Handed over directly: the application would send it to the widget that
    // it knows as the target of the drag, which is this window.
    QObject* page = m_stack->currentWidget();
    page->event(event);
}

void MainWindow::chooseFolder()
{
    const QString folder = QFileDialog::getExistingDirectory(this, tr("Open a folder of images"), m_folder);
    if (!folder.isEmpty())
        openFolder(folder);
}

void MainWindow::chooseImages()
{
    const QStringList files = QFileDialog::getOpenFileNames(this, tr("Open images"), m_folder, imageFilter());
    if (!files.isEmpty())
        openImages(files);
}

void MainWindow::chooseModel()
{
    const QString start = m_model.isEmpty() ? m_services.modelFolder : m_model;
    const QString file = QFileDialog::getOpenFileName(this, tr("Open a model"), start, tr("Models (*.safetensors)"));
    if (!file.isEmpty())
        openModel(file);
}

void MainWindow::chooseWeights()
{
    auto* dialog = new ImportWeightsDialog(this);
    connect(dialog, &QDialog::accepted, this, [this, dialog] {
        // Copies of the fields: the dialog is gone when the work starts.
        const auto import = [&store = m_services.modelStore, file = dialog->file(), id = dialog->id(),
                             licence = dialog->licence(), origin = dialog->origin()](const TaskContext&) {
            return store.importWeights(file, id, u"resnet18"_s, licence, origin);
        };
        runInBackground(m_services.jobs, JobRunner::Lane::Files, tr("Importing %1").arg(dialog->id()), this, import,
                        [this](const ModelEntry& entry) {
                            m_banner->showNotice(tr("The weights \"%1\" are ready for training.").arg(entry.id),
                                                 tr("SHA-256: %1").arg(entry.sha256));
                            m_train->refreshEncoders();
                        });
    });
    dialog->open();
}

void MainWindow::checkDatabase()
{
    const auto check = [&database = m_services.database](const TaskContext&) {
        const QString found = database.check();
        if (found != u"ok")
            throw Error(ErrorKind::Storage, tr("The database %1 is damaged: %2").arg(database.file(), found),
                        tr("Restore a backup, or move the file away and start with an empty one."));
        return database.file();
    };
    runInBackground(m_services.jobs, JobRunner::Lane::Files, tr("Checking the database"), this, check,
                    [this](const QString& file) {
                        m_banner->showNotice(tr("The database is sound."), QDir::toNativeSeparators(file));
                    });
}

/// No larger than the screen with the window's frame and a panel.
QSize MainWindow::defaultSize() const
{
    constexpr QSize kDefault{1280, 800};
    constexpr QSize kFrame{16, 48};
    return kDefault.boundedTo(screen()->availableSize() - kFrame);
}

void MainWindow::resetLayout()
{
    m_services.settings.clearLayouts();
    showNormal();
    resize(defaultSize());
    for (const Page& page : m_pages)
        page.resetLayout();
}

void MainWindow::showKeys()
{
    std::vector<KeySection> sections;
    for (QAction* menu : menuBar()->actions())
        sections.push_back(keysOf(menu->text(), menu->menu()));
    for (const Page& page : m_pages)
        sections.push_back(keysOf(tr("Page %1").arg(page.title), page.widget));
    (new ShortcutsDialog(sections, this))->open();
}

void MainWindow::showAbout()
{
    (new AboutDialog(this))->open();
}

void MainWindow::train(const QString& folder)
{
    showPage(u"train"_s);
    if (!folder.isEmpty())
        m_train->setFolder(folder);
}

void MainWindow::setCurrentPage(int index)
{
    m_stack->setCurrentIndex(index);
    m_rail->setCurrent(index);
    m_statusText->setText(m_pages[std::size_t(index)].status);
    m_pages[std::size_t(index)].widget->setFocus();
    if (m_pages[std::size_t(index)].widget == m_train)
        m_train->suggestFolder(m_folder);
}

void MainWindow::showWhatIsOpen()
{
    const QString open = m_products->title().isEmpty() ? QDir(m_folder).dirName() : m_products->title();
    setWindowTitle(m_folder.isEmpty() ? u"Lynceus"_s : tr("%1 – Lynceus").arg(open));
    m_topBar->setProduct(m_products->title(), m_products->describe());
    m_topBar->setFolder(m_folder);
    m_topBar->setModel(m_model);
    m_inspectAll->setEnabled(!m_folder.isEmpty() && !m_model.isEmpty());
    // With another folder or model it is not the product that is inspected.
    const auto& product = m_products->current();
    m_inspect->setProduct(m_products->isOpen() ? product->id : 0);
    m_saveProduct->setEnabled(m_products->canSave());
    m_updateProduct->setEnabled(m_products->canUpdate());
    m_closeProduct->setEnabled(product.has_value());
}

void MainWindow::showEngine(const QString& engine, const QString& note)
{
    m_engine->setVisible(!engine.isEmpty());
    m_engine->setText(engine);
    m_engine->setIcon(note.isEmpty() ? QIcon() : themedIcon(u"warning"_s, theme::Token::Review));
    m_engine->setToolTip(note.isEmpty() ? tr("What computes inspections; opens the settings") : note);
    m_engine->setAccessibleName(tr("Engine %1").arg(engine));
    m_engine->setAccessibleDescription(m_engine->toolTip());
}

void MainWindow::setPageStatus(const QWidget* page, const QString& text)
{
    for (Page& known : m_pages) {
        if (known.widget == page)
            known.status = text;
    }
    if (m_stack->currentWidget() == page)
        m_statusText->setText(text);
}

} // namespace lynceus
