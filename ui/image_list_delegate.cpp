// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/image_list_delegate.h"

#include "ui/image_list_model.h"
#include "ui/theme.h"
#include "ui/verdict_badge.h"

#include <QtGui/QPainter>

namespace lynceus {

using theme::Token;

namespace {

constexpr int kRowHeight = 60;
constexpr int kPicture = 48;
constexpr int kMargin = 8;

void drawPicture(QPainter& painter, const QRect& rect, const QImage& image, bool failed)
{
    painter.setPen(QPen(theme::color(Token::Line), 1));
    painter.setBrush(theme::color(Token::Window));
    painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
    if (failed) {
        drawVerdictShape(painter, QRectF(rect.center().x() - 7, rect.center().y() - 7, 15, 15),
                         VerdictLook::Shape::Warning, theme::color(Token::Secondary));
        return;
    }
    if (image.isNull())
        return;
    const QSize size = image.size().scaled(rect.size(), Qt::KeepAspectRatio);
    QRect target(QPoint(), size);
    target.moveCenter(rect.center());
    painter.drawImage(target, image);
}

} // namespace

void ImageListDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    const auto* item = index.data(ImageListModel::ItemRole).value<const ImageItem*>();
    if (!item)
        return;
    painter->save();
    painter->setRenderHints(QPainter::Antialiasing | QPainter::SmoothPixmapTransform);
    const QRect row = option.rect;
    const bool selected = option.state & QStyle::State_Selected;
    if (selected) {
        painter->fillRect(row, theme::color(Token::Selection));
        painter->fillRect(QRect(row.left(), row.top(), 3, row.height()), theme::color(Token::Accent));
    } else if (option.state & QStyle::State_MouseOver) {
        painter->fillRect(row, theme::color(Token::Window));
    }
    painter->fillRect(QRect(row.left(), row.bottom(), row.width(), 1), theme::color(Token::Line));

    const QRect picture(row.left() + kMargin + 2, row.top() + (row.height() - kPicture) / 2, kPicture, kPicture);
    drawPicture(*painter, picture, index.data(Qt::DecorationRole).value<QImage>(), item->failed());

    const int right = row.right() - kMargin;
    int textRight = right;
    if (item->judged) {
        const QRectF badge = drawVerdictBadge(*painter, QPointF(right, row.top() + 10), verdictLook(*item));
        textRight = int(badge.left()) - kMargin;
    }
    const int left = picture.right() + 10;
    const QRect nameRect(left, row.top() + 9, textRight - left, 20);
    painter->setFont(option.font);
    painter->setPen(theme::color(Token::Text));
    painter->drawText(nameRect, Qt::AlignVCenter | Qt::AlignLeft,
                      painter->fontMetrics().elidedText(fileName(item->sample), Qt::ElideMiddle, nameRect.width()));

    painter->setFont(theme::captionFont());
    painter->setPen(theme::color(Token::Secondary));
    const QRect second(left, row.top() + 31, right - left, 18);
    QString detail = item->sample.defect;
    if (item->escape())
        detail += tr(" · escape");
    else if (item->overkill())
        detail += tr(" · overkill");
    int scoreWidth = 0;
    if (item->judged && !item->failed()) {
        const QString score = option.locale.toString(item->result.score, 'f', 2);
        scoreWidth = painter->fontMetrics().horizontalAdvance(score) + kMargin;
        painter->drawText(second, Qt::AlignVCenter | Qt::AlignRight, score);
    }
    painter->drawText(second.adjusted(0, 0, -scoreWidth, 0), Qt::AlignVCenter | Qt::AlignLeft,
                      painter->fontMetrics().elidedText(detail, Qt::ElideRight, second.width() - scoreWidth));
    if (option.state & QStyle::State_HasFocus && option.state & QStyle::State_KeyboardFocusChange) {
        painter->setPen(QPen(theme::color(Token::Accent), 1));
        painter->setBrush(Qt::NoBrush);
        painter->drawRect(QRectF(row).adjusted(0.5, 0.5, -0.5, -1.5));
    }
    painter->restore();
}

QSize ImageListDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const
{
    return {160, kRowHeight};
}

} // namespace lynceus
