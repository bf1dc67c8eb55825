// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtWidgets/QFrame>

class QAction;
class QMenu;

namespace lynceus {

class JobRunner;
class MenuButton;

/// The bar above the pages: which product, which folder and which model are open (each with a menu to change it), the
/// window's main action, and the running tasks.
class TopBar : public QFrame
{
    Q_OBJECT

public:
    /// The menus fill themselves when they open; `inspectAll` is what the primary button does.
    TopBar(JobRunner& jobs, QMenu* products, QMenu* folders, QMenu* models, QAction* inspectAll,
           QWidget* parent = nullptr);

    void setProduct(const QString& title, const QString& toolTip); ///< no title: none is open
    void setFolder(const QString& folder);
    void setModel(const QString& modelFile);

private:
    MenuButton* m_product;
    MenuButton* m_folder;
    MenuButton* m_model;
};

} // namespace lynceus
