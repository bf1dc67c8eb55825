// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/display_image.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/image/image_io.h"
#include "core/image/preprocessing.h"

#include <QtCore/QCoreApplication>

#include <opencv2/imgproc.hpp>

#include <algorithm>

namespace lynceus {

namespace {

constexpr int kLayerLimit = 2048;                             // pixels a side of heat map and mask
constexpr std::size_t kReadoutLimit = std::size_t(128) << 20; // bytes

/// In the same proportions, no side longer than `limit`.
cv::Size bounded(cv::Size size, int limit)
{
    const int side = std::max(size.width, size.height);
    if (side <= limit)
        return size;
    const double scale = double(limit) / side;
    return {std::max(1, int(size.width * scale)), std::max(1, int(size.height * scale))};
}

cv::Mat shrunk(const cv::Mat& mat, int limit)
{
    const cv::Size size = bounded(mat.size(), limit);
    if (size == mat.size())
        return mat;
    cv::Mat small;
    cv::resize(mat, small, size, 0, 0, cv::INTER_AREA);
    return small;
}

QPolygonF toPolygon(const std::vector<cv::Point>& contour)
{
    QPolygonF polygon;
    polygon.reserve(int(contour.size()));
    for (const cv::Point& point : contour)
        polygon << QPointF(point.x + 0.5, point.y + 0.5);
    return polygon;
}

std::vector<QPolygonF> outlines(const QString& maskPath, const cv::Size& size)
{
    cv::Mat mask = readMask(maskPath);
    if (mask.size() != size)
        cv::resize(mask, mask, size, 0, 0, cv::INTER_NEAREST);
    std::vector<std::vector<cv::Point>> contours;
    cv::findContours(mask, contours, cv::RETR_LIST, cv::CHAIN_APPROX_SIMPLE);
    std::vector<QPolygonF> polygons;
    std::transform(contours.begin(), contours.end(), std::back_inserter(polygons), toPolygon);
    return polygons;
}

} // namespace

QImage toQImage(const cv::Mat& mat)
{
    const auto format = mat.channels() == 1 ? QImage::Format_Grayscale8 : QImage::Format_BGR888;
    return QImage(mat.data, mat.cols, mat.rows, qsizetype(mat.step), format).convertToFormat(QImage::Format_RGB32);
}

int DisplayImage::megabytes() const
{
    std::size_t bytes = source.total() * source.elemSize();
    for (const QImage& level : levels)
        bytes += std::size_t(level.sizeInBytes());
    return 1 + int(bytes >> 20);
}

int ResultLayers::megabytes() const
{
    const std::size_t bytes = result.map.total() * result.map.elemSize() +
                              std::size_t(heat.sizeInBytes() + colors.sizeInBytes() + mask.sizeInBytes());
    return 1 + int(bytes >> 20);
}

DisplayImagePtr loadDisplayImage(const QString& path, const QString& maskPath)
{
    auto display = std::make_shared<DisplayImage>();
    display->path = path;
    try {
        cv::Mat source = readImage(path);
        display->size = QSize(source.cols, source.rows);
        display->bits = source.depth() == CV_16U ? 16 : 8;
        display->channels = source.channels();
        if (source.total() * source.elemSize() <= kReadoutLimit)
            display->source = source;
        cv::Mat level = toDisplay(shrunk(source, kDisplayLimit));
        source.release();
        display->levels.push_back(toQImage(level));
        while (std::min(level.cols, level.rows) >= 256) {
            cv::resize(level, level, cv::Size(level.cols / 2, level.rows / 2), 0, 0, cv::INTER_AREA);
            display->levels.push_back(toQImage(level));
        }
    } catch (...) {
        display->error = currentError(QCoreApplication::translate("ui", "reading the image %1").arg(path)).text();
        return display;
    }
    if (maskPath.isEmpty())
        return display;
    try {
        display->truth = outlines(maskPath, cv::Size(display->size.width(), display->size.height()));
    } catch (const Error& error) {
        qCWarning(logUi) << "No outlines of known defects:" << error.text();
    } catch (const std::exception& error) {
        qCWarning(logUi) << "No outlines of known defects:" << error.what();
    }
    return display;
}

ResultLayersPtr makeResultLayers(const AnomalyResult& result, ColorMap colors)
{
    auto layers = std::make_shared<ResultLayers>();
    layers->result = result;
    const cv::Mat map = result.mapAt(bounded(result.sourceSize(), kLayerLimit));
    layers->colors = toQImage(colorize(map, colors));

    // The same mixture as heatOverlay(): the weight of the colour is the value itself.
    QImage heat = layers->colors.convertToFormat(QImage::Format_ARGB32);
    const auto limit = float(regionLimit(result, map));
    QImage mask(map.cols, map.rows, QImage::Format_Indexed8);
    for (int y = 0; y < map.rows; ++y) {
        const float* value = map.ptr<float>(y);
        auto* pixel = reinterpret_cast<QRgb*>(heat.scanLine(y));
        uchar* inside = mask.scanLine(y);
        for (int x = 0; x < map.cols; ++x) {
            const float clamped = value[x] > 0.0F ? std::min(value[x], 1.0F) : 0.0F;
            pixel[x] = (pixel[x] & 0x00FFFFFFU) | (QRgb(clamped * 255.0F + 0.5F) << 24);
            inside[x] = value[x] >= limit ? 1 : 0;
        }
    }
    layers->heat = heat.convertToFormat(QImage::Format_ARGB32_Premultiplied);
    layers->mask = mask;
    for (const Region& region : result.regions)
        layers->contours.push_back(toPolygon(region.contour));
    return layers;
}

} // namespace lynceus
