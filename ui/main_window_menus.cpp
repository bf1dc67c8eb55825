// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

// The menus of the main window: everything that can be done can be found here.

#include "ui/main_window.h"

#include "core/base/error.h"
#include "core/base/settings.h"
#include "core/weights/model_store.h"
#include "ui/icons.h"
#include "ui/inspect_page.h"
#include "ui/model_compiler.h"
#include "ui/products.h"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QUrl>
#include <QtGui/QActionGroup>
#include <QtWidgets/QDialog>
#include <QtWidgets/QMenu>
#include <QtWidgets/QMenuBar>
#include <QtWidgets/QTextBrowser>
#include <QtWidgets/QVBoxLayout>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kModelsListed = 12;

QString nativeName(const QString& path)
{
    return QDir::toNativeSeparators(path).replace(u'&', u"&&"_s);
}

QString userGuide()
{
    return QDir::cleanPath(ModelStore::defaultBuiltInFolder() + u"/../docs/user-guide.md"_s);
}

template <typename Value>
struct Choice
{
    QString text;
    Value value;
};

/// Menu entries of which the one that the settings hold is checked.
template <typename Value, typename Get, typename Set, typename Signal>
void addChoices(QMenu* menu, Settings& settings, const std::vector<Choice<Value>>& choices, Get get, Set set,
                Signal changed)
{
    auto* group = new QActionGroup(menu);
    for (const Choice<Value>& choice : choices) {
        QAction* action = menu->addAction(choice.text);
        action->setCheckable(true);
        action->setChecked((settings.*get)() == choice.value);
        group->addAction(action);
        const Value value = choice.value;
        QObject::connect(action, &QAction::triggered, menu, [&settings, set, value] { (settings.*set)(value); });
        QObject::connect(&settings, changed, action,
                         [&settings, get, action, value] { action->setChecked((settings.*get)() == value); });
    }
}

} // namespace

QAction* MainWindow::addAction(QMenu* menu, const QString& text, const QString& icon, const QKeySequence& key,
                               const QString& toolTip, std::function<void()> run)
{
    auto* action = menu->addAction(text);
    if (!icon.isEmpty())
        action->setIcon(themedIcon(icon));
    action->setShortcut(key);
    action->setToolTip(toolTip);
    action->setStatusTip(toolTip);
    connect(action, &QAction::triggered, this, [run = std::move(run)] { run(); });
    return action;
}

void MainWindow::makeMenus()
{
    QMenu* file = menuBar()->addMenu(tr("&File"));
    m_openFolder = addAction(file, tr("&Open folder…"), u"folder"_s, QKeySequence::Open, tr("Open a folder of images"),
                             [this] { chooseFolder(); });
    addAction(file, tr("Open &images…"), u"image"_s, tr("Ctrl+Shift+O"), tr("Open single images"),
              [this] { chooseImages(); });
    addAction(file, tr("Open &model…"), u"model"_s, tr("Ctrl+M"), tr("Choose the model that judges"),
              [this] { chooseModel(); });
    QMenu* recent = file->addMenu(themedIcon(u"clock"_s), tr("&Recent folders"));
    connect(recent, &QMenu::aboutToShow, this, [this, recent] {
        recent->clear();
        for (const QString& folder : m_services.settings.recentFolders())
            recent->addAction(nativeName(folder), this, [this, folder] { openFolder(folder); });
        recent->setEnabled(true);
        if (recent->isEmpty())
            recent->addAction(tr("None yet"))->setEnabled(false);
    });
    addAction(file, tr("Open the &demo product"), {}, {}, tr("Open the demo product with its model"),
              [this] { openDemoProduct(); });
    file->addSeparator();
    addAction(file, tr("&Quit"), u"quit"_s, QKeySequence(Qt::CTRL | Qt::Key_Q), tr("Close Lynceus"),
              [this] { close(); });

    QMenu* view = menuBar()->addMenu(tr("&View"));
    for (std::size_t i = 0; i < m_pages.size(); ++i) {
        const QKeySequence key(QKeyCombination(Qt::CTRL, Qt::Key(Qt::Key_1 + int(i))));
        addAction(view, m_pages[i].title, m_pages[i].icon, key, m_pages[i].toolTip,
                  [this, i] { setCurrentPage(int(i)); });
    }
    view->addSeparator();
    QMenu* themes = view->addMenu(themedIcon(u"theme"_s), tr("&Theme"));
    addChoices<Settings::Theme>(themes, m_services.settings,
                                {{tr("&System"), Settings::Theme::System},
                                 {tr("&Light"), Settings::Theme::Light},
                                 {tr("&Dark"), Settings::Theme::Dark}},
                                &Settings::theme, &Settings::setTheme, &Settings::themeChanged);
    QMenu* colors = view->addMenu(themedIcon(u"palette"_s), tr("&Colours of heat maps"));
    addChoices<bool>(colors, m_services.settings, {{tr("&Inferno"), false}, {tr("&Safe for colour-blind eyes"), true}},
                     &Settings::colorBlindMap, &Settings::setColorBlindMap, &Settings::colorBlindMapChanged);
    view->addSeparator();
    addAction(view, tr("&Reset layout"), u"layout"_s, {}, tr("Window, splitters and columns as at first start"),
              [this] { resetLayout(); });

    makeProductMenu();

    QMenu* tools = menuBar()->addMenu(tr("&Tools"));
    addAction(tools, tr("&Import weights…"), u"import"_s, {}, tr("Import encoder weights that training can start from"),
              [this] { chooseWeights(); });
    m_compile = addAction(tools, tr("Compile &model for this machine…"), u"engine"_s, {},
                          tr("Make the open model faster on this processor, and check that it judges the same"),
                          [this] { m_compiler->compile(); });
    tools->setToolTipsVisible(true);
    addAction(tools, tr("&Check the database"), u"database"_s, {}, tr("Look the database over for damage"),
              [this] { checkDatabase(); });

    QMenu* help = menuBar()->addMenu(tr("&Help"));
    addAction(help, tr("&Keys"), u"keyboard"_s, QKeySequence(Qt::Key_F1), tr("List all keys"), [this] { showKeys(); });
    if (QFileInfo::exists(userGuide())) {
        addAction(help, tr("&User guide"), {}, {}, tr("Read the user guide"), [this] { showGuide(); });
    }
    addAction(help, tr("&About Lynceus"), u"info"_s, {}, tr("Version and licences"), [this] { showAbout(); });
}

/// In a window of its own: few desktops know what to do with a Markdown file.
void MainWindow::showGuide()
{
    auto* dialog = new QDialog(this);
    dialog->setObjectName(u"userGuide"_s);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("User guide"));
    auto* text = new QTextBrowser(dialog);
    text->setOpenExternalLinks(true);
    text->setSource(QUrl::fromLocalFile(userGuide()), QTextDocument::MarkdownResource);
    auto* layout = new QVBoxLayout(dialog);
    layout->addWidget(text);
    dialog->resize(size().boundedTo({900, 700}));
    dialog->show();
}

void MainWindow::makeProductMenu()
{
    QMenu* product = menuBar()->addMenu(tr("&Product"));
    QMenu* open = product->addMenu(themedIcon(u"product"_s), tr("&Open product"));
    connect(open, &QMenu::aboutToShow, this, [this, open] {
        open->clear();
        listProducts(open);
    });
    m_saveProduct = addAction(product, tr("&Save as product…"), {}, tr("Ctrl+Shift+S"),
                              tr("Folder and model that are open become a product"), [this] { m_products->saveAs(); });
    m_updateProduct = addAction(product, tr("&Update product"), {}, QKeySequence::Save,
                                tr("Folder and model that are open become those of the open product"),
                                [this] { m_products->update(); });
    m_closeProduct = addAction(product, tr("&Close product"), {}, {}, tr("Folder and model stay open"),
                               [this] { m_products->close(); });
    m_editProducts = addAction(product, tr("&Products…"), {}, tr("Ctrl+P"), tr("Rename, change and delete products"),
                               [this] { m_products->edit(); });
    product->addSeparator();
    m_inspectAll = addAction(product, tr("&Inspect all"), u"play"_s, QKeySequence(Qt::Key_F5),
                             tr("Inspect all images of the folder in the background"), [this] {
                                 showPage(u"inspect"_s);
                                 m_inspect->inspectAll();
                             });
    m_inspectAll->setEnabled(false);
    addAction(product, tr("&Train a model…"), u"train"_s, tr("Ctrl+T"), tr("Train a model for the open folder"),
              [this] { train(m_folder); });
    for (QAction* action : {m_saveProduct, m_updateProduct, m_closeProduct})
        action->setEnabled(false);
}

void MainWindow::fillProductMenu(QMenu* menu)
{
    menu->clear();
    listProducts(menu);
    menu->addSeparator();
    menu->addActions({m_saveProduct, m_updateProduct, m_closeProduct, m_editProducts});
}

void MainWindow::listProducts(QMenu* menu)
{
    const auto& current = m_products->current();
    for (const ProductRecord& product : m_products->list().value_or(std::vector<ProductRecord>())) {
        QAction* action = menu->addAction(QString(product.name).replace(u'&', u"&&"_s), this,
                                          [this, id = product.id] { m_products->open(id); });
        action->setCheckable(true);
        action->setChecked(current && current->id == product.id);
        action->setToolTip(QDir::toNativeSeparators(product.folder));
    }
    if (menu->isEmpty())
        menu->addAction(tr("No product yet"))->setEnabled(false);
}

void MainWindow::fillFolderMenu(QMenu* menu)
{
    menu->clear();
    menu->addAction(m_openFolder);
    menu->addSeparator();
    for (const QString& folder : m_services.settings.recentFolders())
        menu->addAction(nativeName(folder), this, [this, folder] { openFolder(folder); });
}

void MainWindow::fillModelMenu(QMenu* menu)
{
    menu->clear();
    menu->addAction(themedIcon(u"model"_s), tr("Open model…"), this, &MainWindow::chooseModel);
    menu->addSeparator();
    const auto add = [&](const QString& name, const QString& file) {
        QAction* action =
            menu->addAction(QString(name).replace(u'&', u"&&"_s), this, [this, file] { openModel(file); });
        action->setCheckable(true);
        action->setChecked(file == m_model);
    };
    try {
        for (const ModelEntry& entry : m_services.modelStore.list()) {
            if (entry.architecture.startsWith(u"memseg"))
                add(entry.id, entry.path);
        }
    } catch (const Error& error) {
        showError(error.message(), error.remedy());
    }
    const QFileInfoList trained =
        QDir(m_services.modelFolder).entryInfoList({u"*.safetensors"_s}, QDir::Files, QDir::Time);
    for (const QFileInfo& file : trained.mid(0, kModelsListed))
        add(file.completeBaseName(), file.absoluteFilePath());
}

} // namespace lynceus
