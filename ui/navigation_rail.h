// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtWidgets/QFrame>

class QButtonGroup;
class QVBoxLayout;

namespace lynceus {

/// The pages at the left edge of the window: an icon and a word each.
class NavigationRail : public QFrame
{
    Q_OBJECT

public:
    explicit NavigationRail(QWidget* parent = nullptr);

    /// `toolTip`: what the page is for, with its key.
    void addPage(const QString& title, const QString& iconName, const QString& toolTip);
    void setCurrent(int index);
    int current() const;

Q_SIGNALS:
    void pageChosen(int index);

private:
    QButtonGroup* m_buttons;
    QVBoxLayout* m_layout;
};

} // namespace lynceus
