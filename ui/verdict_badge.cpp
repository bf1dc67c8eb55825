// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/verdict_badge.h"

#include "ui/image_list_model.h"
#include "ui/theme.h"

#include <QtCore/QCoreApplication>
#include <QtGui/QPainter>

namespace lynceus {

namespace {

constexpr double kBadgeHeight = 18.0;

QFont badgeFont()
{
    QFont font = theme::captionFont();
    font.setWeight(QFont::DemiBold);
    return font;
}

} // namespace

VerdictLook verdictLook(const ImageItem& item)
{
    using Shape = VerdictLook::Shape;
    if (!item.judged)
        return {QCoreApplication::translate("ui", "Not inspected"), theme::color(theme::Token::Secondary), Shape::None};
    if (item.failed())
        return {QCoreApplication::translate("ui", "Error"), theme::color(theme::Token::Secondary), Shape::Warning};
    const Verdict verdict = item.result.verdict;
    const Shape shape = verdict == Verdict::Ok ? Shape::Check : verdict == Verdict::Ng ? Shape::Cross : Shape::Question;
    return {verdictName(verdict), theme::verdictColor(verdict), shape};
}

VerdictLook verdictLook(ModelVerdict::Grade grade)
{
    using Grade = ModelVerdict::Grade;
    using Shape = VerdictLook::Shape;
    const Verdict like = grade == Grade::Usable      ? Verdict::Ok
                         : grade == Grade::NotUsable ? Verdict::Ng
                                                     : Verdict::Review;
    const Shape shape = grade == Grade::Usable      ? Shape::Check
                        : grade == Grade::NotUsable ? Shape::Cross
                                                    : Shape::Question;
    return {gradeName(grade), theme::verdictColor(like), shape};
}

void drawVerdictShape(QPainter& painter, const QRectF& rect, VerdictLook::Shape shape, const QColor& color)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.translate(rect.topLeft());
    painter.scale(rect.width() / 10.0, rect.height() / 10.0);
    painter.setPen(QPen(color, 1.9, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.setBrush(Qt::NoBrush);
    switch (shape) {
    case VerdictLook::Shape::None:
        break;
    case VerdictLook::Shape::Check:
        painter.drawPolyline(QPolygonF{{1.2, 5.4}, {4.0, 8.2}, {8.8, 2.0}});
        break;
    case VerdictLook::Shape::Cross:
        painter.drawLine(QPointF(1.6, 1.6), QPointF(8.4, 8.4));
        painter.drawLine(QPointF(8.4, 1.6), QPointF(1.6, 8.4));
        break;
    case VerdictLook::Shape::Question:
        painter.drawArc(QRectF(2.5, 0.8, 5.0, 4.6), -80 * 16, 250 * 16);
        painter.drawLine(QPointF(5.4, 5.3), QPointF(5.0, 6.6));
        painter.drawPoint(QPointF(5.0, 9.2));
        break;
    case VerdictLook::Shape::Warning:
        painter.drawLine(QPointF(5.0, 1.0), QPointF(5.0, 6.2));
        painter.drawPoint(QPointF(5.0, 9.2));
        break;
    }
    painter.restore();
}

QRectF drawVerdictBadge(QPainter& painter, const QPointF& topRight, const VerdictLook& look)
{
    const QSizeF size = verdictBadgeSize(look);
    const QRectF rect(QPointF(topRight.x() - size.width(), topRight.y()), size);
    const QColor text = theme::textOn(look.color);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(look.color);
    painter.drawRoundedRect(rect, 4, 4);
    drawVerdictShape(painter, QRectF(rect.left() + 7, rect.top() + 5, 8, 8), look.shape, text);
    painter.setFont(badgeFont());
    painter.setPen(text);
    painter.drawText(rect.adjusted(19, 0, -5, 0), Qt::AlignVCenter | Qt::AlignLeft, look.word);
    painter.restore();
    return rect;
}

QSizeF verdictBadgeSize(const VerdictLook& look)
{
    return {QFontMetricsF(badgeFont()).horizontalAdvance(look.word) + 26.0, kBadgeHeight};
}

} // namespace lynceus
