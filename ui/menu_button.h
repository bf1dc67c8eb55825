// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtWidgets/QPushButton>

namespace lynceus {

/// A button that shows what is chosen, cut to fit, and opens a menu to choose something else.
class MenuButton : public QPushButton
{
    Q_OBJECT

public:
    explicit MenuButton(QMenu* menu, QWidget* parent = nullptr);

    /// Plain text: an ampersand is an ampersand.
    void setChoice(const QString& choice);
    const QString& choice() const { return m_choice; }
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_choice;
};

} // namespace lynceus
