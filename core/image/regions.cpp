// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/regions.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <limits>
#include <tuple>

namespace lynceus {

namespace {

struct Component
{
    Region region;
    int label = 0;
};

std::vector<cv::Point> outlineOf(const cv::Mat& labels, const Component& component)
{
    const cv::Mat inside = labels(component.region.box) == component.label;
    std::vector<std::vector<cv::Point>> outlines;
    cv::findContours(inside, outlines, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_SIMPLE, component.region.box.tl());
    return outlines.empty() ? std::vector<cv::Point>() : std::move(outlines.front());
}

/// Largest peak first; area and place make the order of equal peaks definite.
bool comesBefore(const Component& a, const Component& b)
{
    const auto key = [](const Region& r) { return std::make_tuple(-r.peak, -r.area, r.box.y, r.box.x); };
    return key(a.region) < key(b.region);
}

} // namespace

std::vector<Region> findRegions(const cv::Mat& map, double threshold, double minArea, std::size_t limit)
{
    if (map.empty())
        return {};
    if (map.type() != CV_32FC1)
        throw Error(ErrorKind::Internal, QCoreApplication::translate("core", "A map of another type was given."));

    cv::Mat labels;
    cv::Mat stats;
    cv::Mat centroids;
    const int count = cv::connectedComponentsWithStats(map >= threshold, labels, stats, centroids, 8, CV_32S);

    std::vector<Component> components(static_cast<std::size_t>(count));
    for (int label = 0; label < count; ++label) {
        const int* row = stats.ptr<int>(label);
        Component& component = components[std::size_t(label)];
        component.label = label;
        component.region.box = {row[cv::CC_STAT_LEFT], row[cv::CC_STAT_TOP], row[cv::CC_STAT_WIDTH],
                                row[cv::CC_STAT_HEIGHT]};
        component.region.area = row[cv::CC_STAT_AREA];
        component.region.peak = -std::numeric_limits<float>::infinity();
    }
    for (int y = 0; y < map.rows; ++y) {
        const int* label = labels.ptr<int>(y);
        const float* value = map.ptr<float>(y);
        for (int x = 0; x < map.cols; ++x) {
            if (label[x] == 0)
                continue;
            Region& region = components[std::size_t(label[x])].region;
            if (value[x] > region.peak) {
                region.peak = value[x];
                region.peakAt = {x, y};
            }
        }
    }

    components.erase(components.begin()); // the background
    components.erase(std::remove_if(components.begin(), components.end(),
                                    [minArea](const Component& c) { return c.region.area < minArea; }),
                     components.end());
    std::sort(components.begin(), components.end(), comesBefore);
    components.resize(std::min(components.size(), limit));

    std::vector<Region> regions;
    regions.reserve(components.size());
    for (Component& component : components) {
        component.region.contour = outlineOf(labels, component);
        regions.push_back(std::move(component.region));
    }
    return regions;
}

void scaleRegions(std::vector<Region>& regions, cv::Size from, cv::Size to)
{
    const double sx = double(to.width) / from.width;
    const double sy = double(to.height) / from.height;
    const auto scaled = [&](const cv::Point& point) { // its middle
        return cv::Point(int((point.x + 0.5) * sx), int((point.y + 0.5) * sy));
    };
    for (Region& region : regions) {
        const cv::Point first(int(region.box.x * sx), int(region.box.y * sy));
        const cv::Point end(cvCeil(region.box.br().x * sx), cvCeil(region.box.br().y * sy));
        region.box = cv::Rect(first, end) & cv::Rect({}, to);
        region.area *= sx * sy;
        region.peakAt = scaled(region.peakAt);
        std::transform(region.contour.begin(), region.contour.end(), region.contour.begin(), scaled);
    }
}

} // namespace lynceus
