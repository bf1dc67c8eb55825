// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/image/anomaly_result.h"
#include "core/jobs/model_verdict.h"

#include <QtGui/QColor>
#include <QtCore/QRectF>

class QPainter;

namespace lynceus {

struct ImageItem;

/// What is known about an image, as a word, a colour and a shape; one look for list and panel.
struct VerdictLook
{
    enum class Shape { None, Check, Cross, Question, Warning };

    QString word;
    QColor color;
    Shape shape = Shape::None;
};

VerdictLook verdictLook(const ImageItem& item);
VerdictLook verdictLook(ModelVerdict::Grade grade);
/// The shape alone, drawn with strokes that grow with `rect`.
void drawVerdictShape(QPainter& painter, const QRectF& rect, VerdictLook::Shape shape, const QColor& color);
/// Shape and word on the colour, right-aligned at `right`; returns the rectangle used.
QRectF drawVerdictBadge(QPainter& painter, const QPointF& topRight, const VerdictLook& look);
/// What drawVerdictBadge() takes.
QSizeF verdictBadgeSize(const VerdictLook& look);

} // namespace lynceus
