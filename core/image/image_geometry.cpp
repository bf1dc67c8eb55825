// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/image_geometry.h"

#include "core/base/error.h"
#include "core/image/preprocessing.h"

#include <QtCore/QCoreApplication>

#include <opencv2/imgproc.hpp>

#include <algorithm>

namespace lynceus {

namespace {

/// The two samples around a place along one axis, and the second one's weight.
struct Between
{
    int first = 0;
    int second = 0;
    float weight = 0.0F;

    Between(int pixel, int source, int resized)
    {
        const double at = std::clamp((pixel + 0.5) * resized / source - 0.5, 0.0, resized - 1.0);
        first = int(at);
        second = std::min(first + 1, resized - 1);
        weight = float(at - first);
    }
};

} // namespace

ImageGeometry::ImageGeometry(cv::Size source, const Preprocessing& how)
    : m_source(source)
    , m_resized(how.resizeTo > 0 ? cv::Size(how.resizeTo, how.resizeTo) : cv::Size(how.width, how.height))
    , m_crop((m_resized.width - how.width) / 2, (m_resized.height - how.height) / 2, how.width, how.height)
{
}

ImageGeometry::ImageGeometry(cv::Size source, cv::Size size, const cv::Matx23d& toNetwork)
    : m_source(source)
    , m_resized(size)
    , m_crop({0, 0}, size)
    , m_isTurned(true)
    , m_toNetwork(toNetwork)
{
}

cv::Matx23d ImageGeometry::networkFrom(cv::Size size) const
{
    const double x = double(m_source.width) / size.width;
    const double y = double(m_source.height) / size.height;
    const cv::Matx33d toSource{x, 0.0, 0.5 * x - 0.5, 0.0, y, 0.5 * y - 0.5, 0.0, 0.0, 1.0};
    return m_toNetwork * toSource;
}

void ImageGeometry::check(const cv::Mat& map) const
{
    if (map.empty() || map.type() != CV_32FC1 || (!m_source.empty() && map.size() != m_crop.size()))
        throw Error(ErrorKind::Internal,
                    QCoreApplication::translate("core", "The map does not fit the network input."));
}

cv::Mat ImageGeometry::mapAt(const cv::Mat& map, cv::Size size) const
{
    check(map);
    if (m_isTurned) {
        cv::Mat turned;
        cv::warpAffine(map, turned, networkFrom(size), size, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP);
        return turned;
    }
    cv::Mat whole = map;
    if (!m_source.empty() && m_resized != m_crop.size()) {
        whole = cv::Mat::zeros(m_resized, CV_32F);
        map.copyTo(whole(m_crop));
    }
    cv::Mat result;
    cv::resize(whole, result, size, 0, 0, cv::INTER_LINEAR);
    return result;
}

float ImageGeometry::valueAt(const cv::Mat& map, cv::Point pixel) const
{
    check(map);
    if (m_source.empty())
        return map.at<float>(pixel);
    if (m_isTurned) {
        const cv::Vec2d at = m_toNetwork * cv::Vec3d(pixel.x, pixel.y, 1.0);
        cv::Mat value;
        cv::warpAffine(map, value, cv::Matx23d{1.0, 0.0, at[0], 0.0, 1.0, at[1]}, {1, 1},
                       cv::INTER_LINEAR | cv::WARP_INVERSE_MAP);
        return value.at<float>(0, 0);
    }
    const Between x(pixel.x, m_source.width, m_resized.width);
    const Between y(pixel.y, m_source.height, m_resized.height);
    const auto sample = [&](int column, int row) {
        const cv::Point at(column, row);
        return m_crop.contains(at) ? map.at<float>(at - m_crop.tl()) : 0.0F;
    };
    const auto along = [&](int row) {
        return (1.0F - x.weight) * sample(x.first, row) + x.weight * sample(x.second, row);
    };
    return (1.0F - y.weight) * along(y.first) + y.weight * along(y.second);
}

} // namespace lynceus
