// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/image_view.h"

#include "ui/theme.h"

#include <QtGui/QMouseEvent>
#include <QtGui/QPainter>
#include <QtGui/QWheelEvent>

#include <algorithm>
#include <cmath>

namespace lynceus {

using namespace Qt::StringLiterals;
using theme::Token;

namespace {

constexpr double kMargin = 12.0;
constexpr double kLargestZoom = 64.0;

template <class T>
QString channelText(const cv::Mat& source, const QPoint& at)
{
    const T* pixel = source.ptr<T>(at.y()) + std::ptrdiff_t(at.x()) * source.channels();
    if (source.channels() == 1)
        return QString::number(pixel[0]);
    // Colours lie as BGR in memory and are told as RGB.
    QStringList values{QString::number(pixel[2]), QString::number(pixel[1]), QString::number(pixel[0])};
    if (source.channels() == 4)
        values << QString::number(pixel[3]);
    return u"(%1)"_s.arg(values.join(u", "_s));
}

} // namespace

ImageView::ImageView(QWidget* parent)
    : QWidget(parent)
{
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setMinimumSize(200, 160);
    setAccessibleName(tr("Image with heat map"));
    setAttribute(Qt::WA_OpaquePaintEvent);
}

QSizeF ImageView::imageSize() const
{
    if (m_image && !m_image->levels.empty())
        return m_image->size;
    return m_placeholder.size();
}

void ImageView::setImage(DisplayImagePtr image)
{
    const QSizeF before = m_image ? imageSize() : QSizeF();
    m_image = std::move(image);
    m_placeholder = {};
    const std::optional<Zoom> kept = std::exchange(m_keptZoom, {});
    if (kept && m_image && imageSize() == kept->imageSize) {
        m_fitting = false;
        setTransform(kept->scale, kept->origin);
    } else if (m_fitting || imageSize() != before) {
        fit();
    }
    update();
}

void ImageView::setPlaceholder(const QImage& thumbnail)
{
    if (m_image && !m_fitting)
        m_keptZoom = Zoom{imageSize(), m_scale, m_origin};
    m_image.reset();
    m_placeholder = thumbnail;
    const std::optional<Zoom> kept = m_keptZoom;
    fit();
    m_keptZoom = kept;
}

void ImageView::setResult(ResultLayersPtr result)
{
    m_result = std::move(result);
    m_mask = m_result ? m_result->mask : QImage();
    if (!m_mask.isNull()) {
        QColor tint = theme::color(Token::Accent, theme::Scheme::Dark);
        tint.setAlpha(150);
        m_mask.setColorTable({qRgba(0, 0, 0, 0), tint.rgba()});
    }
    update();
}

void ImageView::setLayerVisible(Layer layer, bool visible)
{
    m_visible[std::size_t(layer)] = visible;
    update();
}

void ImageView::setOpacity(double opacity)
{
    m_opacity = std::clamp(opacity, 0.0, 1.0);
    update();
}

void ImageView::setPeeking(bool on)
{
    m_peeking = on;
    update();
}

void ImageView::fit()
{
    m_fitting = true;
    m_keptZoom.reset();
    const QSizeF size = imageSize();
    if (size.isEmpty()) {
        update();
        return;
    }
    const double scale = std::min((width() - 2 * kMargin) / size.width(), (height() - 2 * kMargin) / size.height());
    setTransform(std::max(scale, 1e-4), {});
}

void ImageView::actualSize()
{
    const QPointF middle = toImage(QRectF(rect()).center());
    m_fitting = false;
    const double scale = 1.0 / devicePixelRatioF();
    setTransform(scale, QRectF(rect()).center() - middle * scale);
}

void ImageView::zoomBy(double factor)
{
    zoomAt(QRectF(rect()).center(), factor);
}

void ImageView::zoomTo(const QRectF& region)
{
    if (region.isEmpty())
        return;
    m_fitting = false;
    // Some surroundings help to see where on the part it is.
    const double scale = std::min({width() / (region.width() * 2.5), height() / (region.height() * 2.5), 8.0});
    setTransform(scale, QRectF(rect()).center() - region.center() * scale);
}

double ImageView::zoom() const
{
    return m_scale * devicePixelRatioF();
}

QPointF ImageView::toImage(const QPointF& widget) const
{
    return (widget - m_origin) / m_scale;
}

QPointF ImageView::toWidget(const QPointF& image) const
{
    return image * m_scale + m_origin;
}

void ImageView::zoomAt(const QPointF& at, double factor)
{
    const QSizeF size = imageSize();
    if (size.isEmpty())
        return;
    const double fitScale = std::min(width() / size.width(), height() / size.height());
    const double scale = std::clamp(m_scale * factor, std::min(fitScale * 0.5, 0.1), kLargestZoom);
    const QPointF fixed = toImage(at);
    m_fitting = false;
    m_keptZoom.reset();
    setTransform(scale, at - fixed * scale);
}

/// Keeps the image in sight: centred along a side where it is smaller than the widget, without a gap where it is
/// larger.
void ImageView::setTransform(double scale, const QPointF& origin)
{
    const QSizeF size = imageSize() * scale;
    const auto place = [](double start, double length, double room) {
        return length <= room ? (room - length) / 2.0 : std::clamp(start, room - length, 0.0);
    };
    m_scale = scale;
    m_origin = {place(origin.x(), size.width(), width()), place(origin.y(), size.height(), height())};
    update();
    Q_EMIT zoomChanged(zoom());
}

/// What of the image lies inside the widget, image pixels.
QRectF ImageView::visiblePart() const
{
    return QRectF(toImage({0.0, 0.0}), toImage({double(width()), double(height())})) & QRectF(QPointF(), imageSize());
}

/// Draws the visible part of a picture that covers the whole image, whatever its resolution.
void ImageView::drawPart(QPainter& painter, const QImage& picture) const
{
    const QRectF part = visiblePart();
    const QSizeF size = imageSize();
    const double sx = picture.width() / size.width();
    const double sy = picture.height() / size.height();
    painter.drawImage(QRectF(toWidget(part.topLeft()), toWidget(part.bottomRight())), picture,
                      QRectF(part.x() * sx, part.y() * sy, part.width() * sx, part.height() * sy));
}

void ImageView::drawImageLayers(QPainter& painter) const
{
    const bool showImage = m_peeking || isLayerVisible(Layer::Image);
    const bool showHeat = m_result && !m_peeking && isLayerVisible(Layer::Heat);
    if (showImage) {
        // The smallest level that is still as fine as the screen; single pixels are shown as squares.
        const double perPixel = zoom();
        const QImage* level = &m_image->levels.front();
        for (const QImage& coarser : m_image->levels) {
            if (coarser.width() >= perPixel * m_image->size.width())
                level = &coarser;
        }
        painter.setRenderHint(QPainter::SmoothPixmapTransform, perPixel < 2.0);
        drawPart(painter, *level);
    } else {
        painter.fillRect(QRectF(toWidget({}), toWidget({imageSize().width(), imageSize().height()})), Qt::black);
    }
    painter.setRenderHint(QPainter::SmoothPixmapTransform, true);
    if (showHeat) {
        painter.setOpacity(showImage ? m_opacity : 1.0);
        drawPart(painter, showImage ? m_result->heat : m_result->colors);
        painter.setOpacity(1.0);
    }
    if (m_result && !m_peeking && isLayerVisible(Layer::Mask)) {
        painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
        drawPart(painter, m_mask);
    }
}

void ImageView::drawOutlines(QPainter& painter) const
{
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    painter.translate(m_origin);
    painter.scale(m_scale, m_scale);
    const auto draw = [&](const std::vector<QPolygonF>& outlines, const QColor& color, Qt::PenStyle style) {
        // A dark line under the light one shows on every background.
        for (const QPen& pen : {QPen(QColor(0, 0, 0, 150), 3.0), QPen(color, 1.4, style)}) {
            QPen cosmetic = pen;
            cosmetic.setCosmetic(true);
            painter.setPen(cosmetic);
            for (const QPolygonF& outline : outlines)
                painter.drawPolygon(outline);
        }
    };
    if (isLayerVisible(Layer::Truth))
        draw(m_image->truth, theme::color(Token::Ok, theme::Scheme::Dark), Qt::DashLine);
    if (m_result && isLayerVisible(Layer::Contour))
        draw(m_result->contours, Qt::white, Qt::SolidLine);
}

void ImageView::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.fillRect(rect(), theme::color(Token::Window));
    if (m_image && !m_image->error.isEmpty()) {
        painter.setPen(theme::color(Token::Secondary));
        painter.drawText(rect().adjusted(24, 24, -24, -24), Qt::AlignCenter | Qt::TextWordWrap, m_image->error);
    } else if (m_image) {
        drawImageLayers(painter);
        if (!m_peeking)
            drawOutlines(painter);
    } else if (!m_placeholder.isNull()) {
        painter.setRenderHint(QPainter::SmoothPixmapTransform);
        drawPart(painter, m_placeholder);
    }
    if (hasFocus()) {
        painter.resetTransform();
        painter.setRenderHint(QPainter::Antialiasing, false);
        painter.setPen(theme::color(Token::Accent));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(rect().adjusted(0, 0, -1, -1));
    }
}

void ImageView::resizeEvent(QResizeEvent*)
{
    if (m_fitting)
        fit();
    else
        setTransform(m_scale, m_origin);
}

void ImageView::wheelEvent(QWheelEvent* event)
{
    zoomAt(event->position(), std::pow(1.0015, event->angleDelta().y()));
    event->accept();
}

void ImageView::mousePressEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton || event->button() == Qt::MiddleButton) {
        m_dragFrom = event->position();
        setCursor(Qt::ClosedHandCursor);
    }
}

void ImageView::mouseMoveEvent(QMouseEvent* event)
{
    if (m_dragFrom) {
        m_fitting = false;
        setTransform(m_scale, m_origin + event->position() - *m_dragFrom);
        m_dragFrom = event->position();
    }
    const QPointF at = toImage(event->position());
    Q_EMIT readoutChanged(readout({int(std::floor(at.x())), int(std::floor(at.y()))}));
}

void ImageView::mouseReleaseEvent(QMouseEvent*)
{
    m_dragFrom.reset();
    unsetCursor();
}

void ImageView::mouseDoubleClickEvent(QMouseEvent* event)
{
    if (m_fitting) {
        const double factor = 1.0 / zoom();
        zoomAt(event->position(), factor);
    } else {
        fit();
    }
}

void ImageView::leaveEvent(QEvent*)
{
    Q_EMIT readoutChanged({});
}

void ImageView::changeEvent(QEvent* event)
{
    if (event->type() == QEvent::PaletteChange)
        update();
    QWidget::changeEvent(event);
}

QString ImageView::readout(const QPoint& pixel) const
{
    if (!m_image || !QRect(QPoint(), m_image->size).contains(pixel))
        return {};
    QString text = tr("x %1, y %2").arg(pixel.x()).arg(pixel.y());
    const cv::Mat& source = m_image->source;
    if (!source.empty()) {
        text += u" = "_s;
        text += source.depth() == CV_16U ? channelText<ushort>(source, pixel) : channelText<uchar>(source, pixel);
    }
    if (m_result) {
        const AnomalyResult& result = m_result->result;
        const cv::Point at(pixel.x(), pixel.y());
        if (cv::Rect({}, result.sourceSize()).contains(at))
            text += tr(" · map %1").arg(double(result.geometry.valueAt(result.map, at)), 0, 'f', 2);
    }
    return text;
}

} // namespace lynceus
