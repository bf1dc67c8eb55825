// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/menu_button.h"

#include <QtWidgets/QStyleOptionButton>
#include <QtWidgets/QStylePainter>

namespace lynceus {

namespace {

constexpr int kWidth = 190;
constexpr int kLeft = 12;
constexpr int kRight = 26; // room for the arrow

} // namespace

MenuButton::MenuButton(QMenu* menu, QWidget* parent)
    : QPushButton(parent)
{
    setMenu(menu);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

void MenuButton::setChoice(const QString& choice)
{
    m_choice = choice;
    setAccessibleDescription(choice);
    update();
}

QSize MenuButton::sizeHint() const
{
    return {kWidth, QPushButton::sizeHint().height()};
}

void MenuButton::paintEvent(QPaintEvent*)
{
    QStylePainter painter(this);
    QStyleOptionButton option;
    initStyleOption(&option);
    painter.drawControl(QStyle::CE_PushButtonBevel, option);
    const QRect room = rect().adjusted(kLeft, 0, -kRight, 0);
    painter.setPen(palette().color(QPalette::ButtonText));
    painter.drawText(room, int(Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine),
                     fontMetrics().elidedText(m_choice, Qt::ElideMiddle, room.width()));
}

} // namespace lynceus
