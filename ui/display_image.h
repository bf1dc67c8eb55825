// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/image/anomaly_result.h"
#include "core/image/color_map.h"

#include <QtCore/QSize>
#include <QtCore/QString>
#include <QtGui/QImage>
#include <QtGui/QPolygonF>

#include <memory>
#include <vector>

namespace lynceus {

// What the image canvas draws, prepared away from the UI thread. Immutable once made, so threads may share it.

/// 8-bit BGR or grey to a QImage that owns its pixels.
QImage toQImage(const cv::Mat& mat);

/// One image file for the screen.
struct DisplayImage
{
    QString path;
    QString error; ///< not empty: could not be read (message and remedy)
    QSize size;    ///< of the file, pixels
    int bits = 8;  ///< of a channel
    int channels = 1;
    cv::Mat source;               ///< for the pixel read-out; empty when the file is very large
    std::vector<QImage> levels;   ///< the first has at most kDisplayLimit pixels a side, each next half as many
    std::vector<QPolygonF> truth; ///< outlines of the known defects, source pixels

    int megabytes() const;
};
using DisplayImagePtr = std::shared_ptr<const DisplayImage>;

inline constexpr int kDisplayLimit = 4096;

/// Never throws: what goes wrong becomes `error`. `maskPath` may be empty; an unreadable mask gives no outlines.
DisplayImagePtr loadDisplayImage(const QString& path, const QString& maskPath);

/// What a result puts over its image.
struct ResultLayers
{
    AnomalyResult result; ///< with its map
    QImage heat;          ///< colours weighted by the map, premultiplied: drawn over the image
    QImage colors;        ///< colours alone: drawn when the image is hidden
    QImage mask;          ///< Indexed8: 1 where the map reaches the pixel threshold; the colours are the viewer's
    std::vector<QPolygonF> contours;

    int megabytes() const;
};
using ResultLayersPtr = std::shared_ptr<const ResultLayers>;

/// `result.map` must not be empty.
ResultLayersPtr makeResultLayers(const AnomalyResult& result, ColorMap colors);

} // namespace lynceus
