// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/color_map.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace lynceus {

namespace {

using Table = std::array<cv::Vec3b, 256>;

Table makeTable(int openCvMap)
{
    cv::Mat ramp(1, 256, CV_8U);
    for (int i = 0; i < 256; ++i)
        ramp.at<uchar>(i) = uchar(i);
    cv::Mat colors;
    cv::applyColorMap(ramp, colors, openCvMap);
    Table table;
    std::copy(colors.begin<cv::Vec3b>(), colors.end<cv::Vec3b>(), table.begin());
    return table;
}

const Table& tableOf(ColorMap colors)
{
    static const Table inferno = makeTable(cv::COLORMAP_INFERNO);
    static const Table cividis = makeTable(cv::COLORMAP_CIVIDIS);
    return colors == ColorMap::Inferno ? inferno : cividis;
}

/// Step of the table for a value; the comparison's form sends NaN to 0.
std::size_t stepOf(double value)
{
    return value > 0.0 ? std::size_t(std::min(value, 1.0) * 255.0 + 0.5) : 0;
}

void checkMap(const cv::Mat& map)
{
    if (map.type() != CV_32FC1)
        throw Error(ErrorKind::Internal, QCoreApplication::translate("core", "A map of another type was given."));
}

} // namespace

cv::Vec3b colorAt(double value, ColorMap colors)
{
    return tableOf(colors)[stepOf(value)];
}

cv::Mat colorize(const cv::Mat& map, ColorMap colors)
{
    checkMap(map);
    const Table& table = tableOf(colors);
    cv::Mat result(map.size(), CV_8UC3);
    for (int y = 0; y < map.rows; ++y) {
        std::transform(map.ptr<float>(y), map.ptr<float>(y) + map.cols, result.ptr<cv::Vec3b>(y),
                       [&table](float value) { return table[stepOf(double(value))]; });
    }
    return result;
}

cv::Mat heatOverlay(const cv::Mat& image, const cv::Mat& map, ColorMap colors, double opacity)
{
    checkMap(map);
    if (image.type() != CV_8UC3 || image.size() != map.size())
        throw Error(ErrorKind::Internal, QCoreApplication::translate("core", "The map does not fit the image."));
    // One table holds what a step adds, another what it leaves of the image, in 1/256.
    std::array<int, 256> kept{};
    std::array<cv::Vec3i, 256> added{};
    for (std::size_t step = 0; step < 256; ++step) {
        const double weight = std::clamp(opacity, 0.0, 1.0) * double(step) / 255.0;
        kept[step] = int(std::lround(256.0 * (1.0 - weight)));
        added[step] = cv::Vec3i(tableOf(colors)[step]) * (256 - kept[step]);
    }
    cv::Mat result(image.size(), CV_8UC3);
    for (int y = 0; y < map.rows; ++y) {
        const float* value = map.ptr<float>(y);
        const cv::Vec3b* under = image.ptr<cv::Vec3b>(y);
        cv::Vec3b* out = result.ptr<cv::Vec3b>(y);
        for (int x = 0; x < map.cols; ++x) {
            const std::size_t step = stepOf(double(value[x]));
            for (int c = 0; c < 3; ++c)
                out[x][c] = uchar((under[x][c] * kept[step] + added[step][c] + 128) / 256);
        }
    }
    return result;
}

cv::Mat legend(int width, int height, double threshold, ColorMap colors)
{
    cv::Mat bar(std::max(height, 1), std::max(width, 1), CV_8UC3);
    const double last = std::max(bar.rows - 1, 1);
    for (int y = 0; y < bar.rows; ++y)
        bar.row(y).setTo(colorAt(1.0 - y / last, colors));
    if (threshold >= 0.0 && threshold <= 1.0) {
        const int y = int(std::lround((1.0 - threshold) * (bar.rows - 1)));
        const bool onDark = threshold < 0.5;
        bar.row(y).setTo(onDark ? cv::Scalar::all(255) : cv::Scalar::all(0));
    }
    return bar;
}

} // namespace lynceus
