// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/elided_label.h"

#include <QtGui/QPainter>
#include <QtWidgets/QStyle>

namespace lynceus {

ElidedLabel::ElidedLabel(QWidget* parent, Qt::TextElideMode mode)
    : QLabel(parent)
    , m_mode(mode)
{
    setTextFormat(Qt::PlainText);
    setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
}

QSize ElidedLabel::minimumSizeHint() const
{
    return {0, QLabel::minimumSizeHint().height()};
}

void ElidedLabel::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const QRect room = contentsRect();
    style()->drawItemText(&painter, room, int(Qt::AlignLeft | Qt::AlignVCenter | Qt::TextSingleLine), palette(),
                          isEnabled(), fontMetrics().elidedText(text(), m_mode, room.width()), foregroundRole());
}

} // namespace lynceus
