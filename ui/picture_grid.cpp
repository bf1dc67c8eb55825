// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/picture_grid.h"

#include "ui/theme.h"

#include <QtGui/QPainter>

#include <algorithm>

namespace lynceus {

namespace {

constexpr int kGap = 8;

/// The number of columns that makes the pictures largest, and that size.
std::pair<int, QSizeF> bestGrid(QSizeF area, QSizeF picture, int count)
{
    std::pair<int, QSizeF> best{1, QSizeF()};
    for (int columns = 1; columns <= count; ++columns) {
        const int rows = (count + columns - 1) / columns;
        const QSizeF cell((area.width() - kGap * (columns - 1)) / columns, (area.height() - kGap * (rows - 1)) / rows);
        const QSizeF size = picture.scaled(cell, Qt::KeepAspectRatio);
        if (size.width() > best.second.width())
            best = {columns, size};
    }
    return best;
}

} // namespace

PictureGrid::PictureGrid(const QString& emptyText, QWidget* parent)
    : QWidget(parent)
    , m_emptyText(emptyText)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void PictureGrid::setEmptyText(const QString& text)
{
    m_emptyText = text;
    update();
}

void PictureGrid::setPictures(std::vector<QImage> pictures)
{
    m_pictures = std::move(pictures);
    update();
}

QSize PictureGrid::minimumSizeHint() const
{
    return {120, 120};
}

void PictureGrid::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    if (m_pictures.empty()) {
        painter.setPen(theme::color(theme::Token::Secondary));
        painter.drawText(rect().adjusted(8, 8, -8, -8), Qt::AlignCenter | Qt::TextWordWrap, m_emptyText);
        return;
    }
    painter.setRenderHint(QPainter::SmoothPixmapTransform);
    const auto [columns, size] =
        bestGrid(QSizeF(rect().size()), QSizeF(m_pictures.front().size()), int(m_pictures.size()));
    const double left = 0.5 * (width() - columns * size.width() - (columns - 1) * kGap);
    for (std::size_t i = 0; i < m_pictures.size(); ++i) {
        const int column = int(i) % columns;
        const int row = int(i) / columns;
        const QPointF corner(left + column * (size.width() + kGap), row * (size.height() + kGap));
        painter.drawImage(QRectF(corner, size), m_pictures[i]);
    }
}

} // namespace lynceus
