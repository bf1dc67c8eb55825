// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/shortcuts_dialog.h"

#include "ui/theme.h"

#include <QtGui/QAction>
#include <QtGui/QKeySequence>
#include <QtGui/QShortcut>
#include <QtWidgets/QDialogButtonBox>
#include <QtWidgets/QGridLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QScrollArea>
#include <QtWidgets/QVBoxLayout>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QString plainText(QString text)
{
    text.remove(u'…');
    return text.remove(u'&');
}

QString keyNames(const QList<QKeySequence>& keys)
{
    QStringList names;
    for (const QKeySequence& key : keys)
        names << key.toString(QKeySequence::NativeText);
    return names.join(u", "_s);
}

} // namespace

KeySection keysOf(const QString& title, const QObject* parent)
{
    KeySection section{plainText(title), {}};
    const auto add = [&](const QString& key, const QString& what) {
        if (!key.isEmpty() && !what.isEmpty())
            section.keys.emplace_back(key, plainText(what));
    };
    for (const QAction* action : parent->findChildren<QAction*>())
        add(keyNames(action->shortcuts()), action->text());
    for (const QShortcut* shortcut : parent->findChildren<QShortcut*>())
        add(keyNames(shortcut->keys()), shortcut->whatsThis());
    return section;
}

ShortcutsDialog::ShortcutsDialog(const std::vector<KeySection>& sections, QWidget* parent)
    : QDialog(parent)
{
    setWindowTitle(tr("Keys"));
    setAttribute(Qt::WA_DeleteOnClose);
    auto* content = new QWidget;
    auto* grid = new QGridLayout(content);
    grid->setContentsMargins(16, 16, 16, 16);
    grid->setHorizontalSpacing(24);
    grid->setVerticalSpacing(6);
    grid->setColumnStretch(1, 1);
    int row = 0;
    for (const KeySection& section : sections) {
        if (section.keys.empty())
            continue;
        auto* heading = new QLabel(section.title, content);
        theme::setRole(heading, theme::TextRole::Heading);
        heading->setContentsMargins(0, row == 0 ? 0 : 12, 0, 0);
        grid->addWidget(heading, row++, 0, 1, 2);
        for (const auto& [key, what] : section.keys) {
            auto* keyLabel = new QLabel(key, content);
            theme::setRole(keyLabel, theme::TextRole::Secondary);
            grid->addWidget(keyLabel, row, 0);
            grid->addWidget(new QLabel(what, content), row++, 1);
        }
    }
    grid->setRowStretch(row, 1);

    auto* scroll = new QScrollArea(this);
    scroll->setWidgetResizable(true);
    scroll->setWidget(content);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto* layout = new QVBoxLayout(this);
    layout->addWidget(scroll);
    layout->addWidget(buttons);
    resize(480, 560);
}

} // namespace lynceus
