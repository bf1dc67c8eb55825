// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "ui/services.h"

#include <QtWidgets/QMainWindow>

#include <functional>
#include <vector>

class QActionGroup;
class QLabel;
class QMenu;
class QStackedWidget;
class QToolButton;

namespace lynceus {

class CompletionNotice;
class InspectPage;
class MessageBanner;
class ModelCompiler;
class NavigationRail;
class Products;
class SettingsPage;
class TopBar;
class TrainPage;

/// The frame around the pages: navigation, menus, top bar, status bar, and the one place that shows errors.
class MainWindow : public QMainWindow
{
    Q_OBJECT

public:
    explicit MainWindow(const Services& services, QWidget* parent = nullptr);
    ~MainWindow() override;

    void openFolder(const QString& folder);
    void openImages(const QStringList& files);
    void openModel(const QString& modelFile);
    /// Writes the demo product if it is not there yet (in the background) and opens it with the model shipped for it.
    void openDemoProduct();
    bool openLastProduct(); ///< false: none was open when the program ended

    QStringList pageIds() const; ///< "inspect", "train", "settings"
    QString currentPage() const;
    bool showPage(const QString& id); ///< false: there is no such page

    /// No task runs and the current page is final; `--screenshot` and tests wait for it.
    bool isIdle() const;

    void showError(const QString& message, const QString& remedy = {});

protected:
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    struct Page
    {
        QString id;
        QString title;
        QString icon;
        QString toolTip;
        QWidget* widget = nullptr;
        std::function<bool()> isIdle;
        std::function<void()> resetLayout;
        QString status; ///< its text for the status bar
    };

    void makePages();
    void makeMenus();
    void makeFrame();
    void connectPages();
    void connectProducts();
    void connectSettings();

    QAction* addAction(QMenu* menu, const QString& text, const QString& icon, const QKeySequence& key,
                       const QString& toolTip, std::function<void()> run);
    void inspectWithShippedModel(const QString& folder);
    void makeProductMenu();
    void fillProductMenu(QMenu* menu);
    void listProducts(QMenu* menu);
    void fillFolderMenu(QMenu* menu);
    void fillModelMenu(QMenu* menu);
    void chooseFolder();
    void chooseImages();
    void chooseModel();
    void chooseWeights();
    void checkDatabase();
    void resetLayout();
    QSize defaultSize() const;
    void showGuide();
    void showGoodImage(const QString& image);
    void showKeys();
    void showAbout();
    void train(const QString& folder);
    void setCurrentPage(int index);
    void showWhatIsOpen();
    void showEngine(const QString& engine, const QString& note);
    void setPageStatus(const QWidget* page, const QString& text);
    void askToClose();
    void forwardToPage(QEvent* event);

    Services m_services;
    std::vector<Page> m_pages;
    InspectPage* m_inspect;
    TrainPage* m_train;
    Products* m_products;
    ModelCompiler* m_compiler;
    SettingsPage* m_settingsPage;
    QString m_folder;
    bool m_wholeFolder = false; ///< else some images of it
    QString m_model;
    bool m_closeAgreed = false;

    NavigationRail* m_rail = nullptr;
    TopBar* m_topBar = nullptr;
    MessageBanner* m_banner = nullptr;
    CompletionNotice* m_notice = nullptr;
    QStackedWidget* m_stack = nullptr;
    QLabel* m_statusText = nullptr;
    QToolButton* m_engine = nullptr;
    QMenu* m_productMenu = nullptr;
    QMenu* m_folderMenu = nullptr;
    QMenu* m_modelMenu = nullptr;
    QAction* m_openFolder = nullptr;
    QAction* m_inspectAll = nullptr;
    QAction* m_saveProduct = nullptr;
    QAction* m_updateProduct = nullptr;
    QAction* m_closeProduct = nullptr;
    QAction* m_editProducts = nullptr;
    QAction* m_compile = nullptr;
};

} // namespace lynceus
