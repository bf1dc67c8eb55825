// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/color_legend.h"

#include "ui/display_image.h"
#include "ui/theme.h"

#include <QtGui/QPainter>

#include <algorithm>
#include <cmath>

namespace lynceus {

using theme::Token;

namespace {

constexpr int kBarWidth = 12;
constexpr int kLeft = 8;
constexpr int kTop = 16;

} // namespace

ColorLegend::ColorLegend(QWidget* parent)
    : QWidget(parent)
{
    setFixedWidth(sizeHint().width());
    setToolTip(tr("Colours of the heat map on the fixed scale from 0 to 1.\nT: an image whose score reaches it is NG. "
                  "px: map values from here on belong to a region."));
    setAccessibleName(tr("Colour legend"));
}

void ColorLegend::setColors(ColorMap colors)
{
    m_colors = colors;
    update();
}

void ColorLegend::setThresholds(const Thresholds& thresholds)
{
    m_thresholds = thresholds;
    update();
}

QSize ColorLegend::sizeHint() const
{
    return {76, 200};
}

void ColorLegend::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const QRect bar(kLeft, kTop, kBarWidth, height() - 2 * kTop);
    if (bar.height() < 20)
        return;
    const double ratio = devicePixelRatioF();
    // No mark inside the bar (threshold -1): it stands beside it, where it reads better.
    QImage scale = toQImage(legend(int(bar.width() * ratio), int(bar.height() * ratio), -1.0, m_colors));
    painter.drawImage(bar, scale);
    painter.setPen(theme::color(Token::Line));
    painter.drawRect(bar.adjusted(-1, -1, 0, 0));

    painter.setFont(theme::captionFont());
    const auto yOf = [&](double value) { return bar.bottom() - int(std::lround(value * (bar.height() - 1))); };
    const auto label = [&](double value, const QString& text, Token token, int y) {
        painter.setPen(theme::color(token));
        painter.drawText(QRect(bar.right() + 8, y - 8, width() - bar.right() - 8, 16), Qt::AlignVCenter, text);
        if (value > 0.0 && value < 1.0)
            painter.drawLine(bar.left() - 3, yOf(value), bar.right() + 5, yOf(value));
    };
    label(1.0, locale().toString(1.0, 'f', 1), Token::Secondary, yOf(1.0));
    label(0.0, locale().toString(0), Token::Secondary, yOf(0.0));

    const double threshold = m_thresholds.score;
    const double pixel = m_thresholds.pixel;
    const int y = std::clamp(yOf(threshold), kTop + 14, bar.bottom() - 14);
    painter.setPen(QPen(theme::color(Token::Text), 2));
    painter.drawLine(bar.left() - 4, yOf(threshold), bar.right() + 6, yOf(threshold));
    label(-1.0, tr("T %1").arg(locale().toString(threshold, 'f', 2)), Token::Text, y);
    if (std::abs(pixel - threshold) >= 0.005) {
        int pixelY = yOf(pixel);
        if (std::abs(pixelY - y) < 14)
            pixelY = y + (pixel < threshold ? 14 : -14);
        label(pixel, tr("px %1").arg(locale().toString(pixel, 'f', 2)), Token::Secondary, pixelY);
    }
}

} // namespace lynceus
