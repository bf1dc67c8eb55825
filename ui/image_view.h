// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "ui/display_image.h"

#include <QtWidgets/QWidget>

#include <array>
#include <optional>

namespace lynceus {

/// The image canvas: zoom at the cursor, pan, and the layers over the image. Draws prepared pictures only.
/// Wheel zooms, dragging pans, double click switches between fit and 1:1.
class ImageView : public QWidget
{
    Q_OBJECT

public:
    enum class Layer { Image, Heat, Contour, Mask, Truth };

    explicit ImageView(QWidget* parent = nullptr);

    /// A new picture; null: nothing. The zoom is kept when the size is the same and the user had zoomed.
    void setImage(DisplayImagePtr image);
    const DisplayImagePtr& image() const { return m_image; }
    /// Shown until the picture is there.
    void setPlaceholder(const QImage& thumbnail);
    void setResult(ResultLayersPtr result); ///< null: no result
    const ResultLayersPtr& result() const { return m_result; }

    void setLayerVisible(Layer layer, bool visible);
    bool isLayerVisible(Layer layer) const { return m_visible[std::size_t(layer)]; }
    void setOpacity(double opacity); ///< of the heat map, 0..1
    double opacity() const { return m_opacity; }
    /// The bare image for as long as it is on.
    void setPeeking(bool on);
    bool isPeeking() const { return m_peeking; }

    void fit();
    void actualSize(); ///< one image pixel on one pixel of the screen
    void zoomBy(double factor);
    void zoomTo(const QRectF& region); ///< image pixels
    bool isFitting() const { return m_fitting; }
    double zoom() const; ///< screen pixels for one image pixel
    QPointF toImage(const QPointF& widget) const;
    QPointF toWidget(const QPointF& image) const;

    /// "x 352, y 158 = (132, 120, 98) · map 0.97"; empty outside the image.
    QString readout(const QPoint& pixel) const;

Q_SIGNALS:
    void readoutChanged(const QString& text);
    void zoomChanged(double zoom);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    QSizeF imageSize() const;
    QRectF visiblePart() const;
    void zoomAt(const QPointF& at, double factor);
    void setTransform(double scale, const QPointF& origin);
    void drawImageLayers(QPainter& painter) const;
    void drawOutlines(QPainter& painter) const;
    void drawPart(QPainter& painter, const QImage& picture) const;

    DisplayImagePtr m_image;
    ResultLayersPtr m_result;
    QImage m_placeholder;
    QImage m_mask; ///< of the result, in the theme's colour
    std::array<bool, 5> m_visible{true, true, true, false, false};
    double m_opacity = 0.7;
    bool m_peeking = false;

    bool m_fitting = true;
    double m_scale = 1.0; ///< widget pixels for one image pixel
    QPointF m_origin;     ///< of the image, widget pixels
    std::optional<QPointF> m_dragFrom;
    struct Zoom
    {
        QSizeF imageSize;
        double scale = 1.0;
        QPointF origin;
    };
    std::optional<Zoom> m_keptZoom; ///< of the image before the thumbnail, until somebody zooms that
};

} // namespace lynceus
