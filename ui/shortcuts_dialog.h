// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QString>
#include <QtWidgets/QDialog>

#include <utility>
#include <vector>

namespace lynceus {

/// The keys of one menu or page.
struct KeySection
{
    QString title;
    std::vector<std::pair<QString, QString>> keys; ///< key, what it does
};

/// F1: every key of the program.
class ShortcutsDialog : public QDialog
{
    Q_OBJECT

public:
    explicit ShortcutsDialog(const std::vector<KeySection>& sections, QWidget* parent = nullptr);
};

/// The keys of the actions and shortcuts below `parent`; those without text are left out.
KeySection keysOf(const QString& title, const QObject* parent);

} // namespace lynceus
