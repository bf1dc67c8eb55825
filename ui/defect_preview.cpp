// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/defect_preview.h"

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/image/image_io.h"
#include "core/memseg/defect_simulator.h"
#include "ui/display_image.h"

#include <QtGui/QPainter>
#include <QtGui/QPainterPath>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <numeric>

namespace lynceus {

namespace {

constexpr std::size_t kKept = 64; // prepared images

/// Around the defect rather than on it: the thin ones would vanish under their own outline.
QPainterPath outlineOf(const cv::Mat& mask, int distance)
{
    cv::Mat wide;
    const cv::Size kernel(2 * distance + 1, 2 * distance + 1);
    cv::dilate(mask, wide, cv::getStructuringElement(cv::MORPH_ELLIPSE, kernel));
    std::vector<std::vector<cv::Point>> contours;
    cv::findContours(wide, contours, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_SIMPLE);
    QPainterPath path;
    for (const auto& contour : contours) {
        QPolygonF polygon;
        for (const cv::Point& point : contour)
            polygon << QPointF(point.x + 0.5, point.y + 0.5);
        path.addPolygon(polygon);
        path.closeSubpath();
    }
    return path;
}

QImage toPicture(const SimulatedDefect& defect, const QColor& outline)
{
    cv::Mat bgr;
    defect.image.convertTo(bgr, CV_8U);
    cv::cvtColor(bgr, bgr, cv::COLOR_RGB2BGR);
    QImage picture = toQImage(bgr);
    if (outline.isValid() && cv::countNonZero(defect.mask) > 0) {
        // In proportion, because the pictures are shown at a fraction of their size.
        const int distance = std::max(2, bgr.cols / 60);
        QPainter painter(&picture);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.strokePath(outlineOf(defect.mask, distance), QPen(outline, std::max(1.0, bgr.cols / 100.0)));
    }
    return picture;
}

} // namespace

std::vector<QImage> DefectPreview::draw(const Request& request, const CancelToken& cancel)
{
    const DefectSimulator simulator(request.options.simulator);
    const Random seed(request.seed);
    std::vector<std::size_t> order(request.good.size());
    std::iota(order.begin(), order.end(), std::size_t(0));
    Random(seed).shuffle(order);

    std::vector<QImage> pictures;
    for (const std::size_t index : order) {
        cancel.throwIfCancelled();
        if (pictures.size() == std::size_t(request.count))
            break;
        cv::Mat good;
        try {
            prepared(request.good[index].path, request.options.preprocessing).convertTo(good, CV_32F);
        } catch (const Error&) {
            continue; // the folder doctor tells of unreadable images
        }
        Random random = seed.fork(index);
        pictures.push_back(toPicture(simulator.simulate(good, random), request.outline));
    }
    return pictures;
}

cv::Mat DefectPreview::prepared(const QString& path, const Preprocessing& how)
{
    const std::lock_guard lock(m_mutex);
    if (how.toJson() != m_how.toJson() || m_prepared.size() >= kKept) {
        m_how = how;
        m_prepared.clear();
    }
    if (const auto known = m_prepared.find(path); known != m_prepared.end())
        return known->second;
    cv::Mat image;
    prepare(readImage(path), how).convertTo(image, CV_8U);
    m_prepared[path] = image;
    return image;
}

} // namespace lynceus
