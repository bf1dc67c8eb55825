// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/top_bar.h"

#include "ui/icons.h"
#include "ui/job_indicator.h"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtGui/QAction>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QMenu>
#include <QtWidgets/QPushButton>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kNameWidth = 190;

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

QPushButton* menuButton(QMenu* menu, const QString& accessibleName, QWidget* parent)
{
    auto* button = new QPushButton(parent);
    button->setMenu(menu);
    button->setFixedWidth(kNameWidth);
    button->setAccessibleName(accessibleName);
    button->setProperty("hasMenu", true);
    return button;
}

/// `name` cut to fit, with the whole path as tool tip.
void setName(QPushButton* button, const QString& name, const QString& path, const QString& none)
{
    const QString text = name.isEmpty() ? none : name;
    button->setText(button->fontMetrics().elidedText(text, Qt::ElideMiddle, kNameWidth - 46).replace(u'&', u"&&"_s));
    button->setToolTip(path.isEmpty() ? none : QDir::toNativeSeparators(path));
    button->setAccessibleDescription(text);
}

} // namespace

TopBar::TopBar(JobRunner& jobs, QMenu* folders, QMenu* models, QAction* openFolder, QAction* inspectAll,
               QWidget* parent)
    : QFrame(parent)
    , m_folder(menuButton(folders, tr("Folder"), this))
    , m_model(menuButton(models, tr("Model"), this))
{
    setObjectName(u"topBar"_s);
    setFixedHeight(52);
    auto* folderLabel = new QLabel(tr("Folder"), this);
    auto* modelLabel = new QLabel(tr("Model"), this);
    for (QLabel* label : {folderLabel, modelLabel})
        theme::setRole(label, theme::TextRole::Secondary);
    m_folder->setObjectName(u"folderButton"_s);
    m_model->setObjectName(u"modelButton"_s);

    auto* open = actionButton(openFolder, tr("Open folder…"), this);
    auto* inspect = actionButton(inspectAll, tr("Inspect all  F5"), this);
    inspect->setIcon(themedIcon(u"play"_s, theme::Token::AccentText));
    theme::setPrimary(inspect);

    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(16, 0, 16, 0);
    row->setSpacing(8);
    row->addWidget(folderLabel);
    row->addWidget(m_folder);
    row->addSpacing(4);
    row->addWidget(modelLabel);
    row->addWidget(m_model);
    row->addSpacing(4);
    row->addWidget(open);
    row->addWidget(inspect);
    row->addStretch(1);
    row->addWidget(new JobIndicator(jobs, this), 4);

    setFolder({});
    setModel({});
}

void TopBar::setFolder(const QString& folder)
{
    setName(m_folder, folder.isEmpty() ? QString() : QDir(folder).dirName(), folder, tr("none open"));
}

void TopBar::setModel(const QString& modelFile)
{
    setName(m_model, QFileInfo(modelFile).completeBaseName(), modelFile, tr("none chosen"));
}

} // namespace lynceus
