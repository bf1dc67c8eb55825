// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/top_bar.h"

#include "ui/icons.h"
#include "ui/job_indicator.h"
#include "ui/menu_button.h"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtGui/QAction>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>

#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

/// A button that does what an action does and is enabled when the action is.
QPushButton* actionButton(QAction* action, const QString& text, QWidget* parent)
{
    auto* button = new QPushButton(text, parent);
    button->setAccessibleName(action->toolTip());
    button->setToolTip(
        QStringLiteral("%1 (%2)").arg(action->toolTip(), action->shortcut().toString(QKeySequence::NativeText)));
    QObject::connect(button, &QPushButton::clicked, action, &QAction::trigger);
    const auto follow = [button, action] { button->setEnabled(action->isEnabled()); };
    QObject::connect(action, &QAction::enabledChanged, button, follow);
    follow();
    return button;
}

/// `name` on the button, the whole path as tool tip.
void showChoice(MenuButton* button, const QString& name, const QString& path, const QString& none)
{
    button->setChoice(path.isEmpty() ? none : name);
    button->setToolTip(path.isEmpty() ? none : QDir::toNativeSeparators(path));
}

} // namespace

TopBar::TopBar(JobRunner& jobs, QMenu* products, QMenu* folders, QMenu* models, QAction* inspectAll, QWidget* parent)
    : QFrame(parent)
    , m_product(new MenuButton(products, this))
    , m_folder(new MenuButton(folders, this))
    , m_model(new MenuButton(models, this))
{
    setObjectName(u"topBar"_s);
    setFixedHeight(52);
    m_product->setObjectName(u"productButton"_s);
    m_folder->setObjectName(u"folderButton"_s);
    m_model->setObjectName(u"modelButton"_s);

    auto* inspect = actionButton(inspectAll, tr("Inspect all  F5"), this);
    inspect->setIcon(themedIcon(u"play"_s, theme::Token::AccentText));
    theme::setPrimary(inspect);

    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(16, 0, 16, 0);
    row->setSpacing(8);
    const std::pair<QString, MenuButton*> choices[] = {
        {tr("Product"), m_product}, {tr("Folder"), m_folder}, {tr("Model"), m_model}};
    for (const auto& [name, button] : choices) {
        auto* label = new QLabel(name, this);
        theme::setRole(label, theme::TextRole::Secondary);
        button->setAccessibleName(name);
        row->addWidget(label);
        row->addWidget(button);
        row->addSpacing(4);
    }
    row->addWidget(inspect);
    row->addStretch(1);
    row->addWidget(new JobIndicator(jobs, this), 4);

    setProduct({}, {});
    setFolder({});
    setModel({});
}

void TopBar::setProduct(const QString& title, const QString& toolTip)
{
    m_product->setChoice(title.isEmpty() ? tr("none open") : title);
    m_product->setToolTip(toolTip);
}

void TopBar::setFolder(const QString& folder)
{
    showChoice(m_folder, QDir(folder).dirName(), folder, tr("none open"));
}

void TopBar::setModel(const QString& modelFile)
{
    showChoice(m_model, QFileInfo(modelFile).completeBaseName(), modelFile, tr("none chosen"));
}

} // namespace lynceus
