// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/training_feed.h"

#include "ui/display_image.h"

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

std::vector<QImage> toImages(const std::vector<cv::Mat>& pictures)
{
    std::vector<QImage> images;
    std::transform(pictures.begin(), pictures.end(), std::back_inserter(images), toQImage);
    return images;
}

} // namespace

void TrainingFeed::News::add(const News& newer)
{
    points.insert(points.end(), newer.points.begin(), newer.points.end());
    if (!newer.samples.empty())
        samples = newer.samples;
    if (!newer.maps.empty())
        maps = newer.maps;
    if (!newer.warning.isEmpty())
        warning = newer.warning;
}

TrainingObserver TrainingFeed::observer(const std::shared_ptr<TrainingFeed>& feed)
{
    TrainingObserver observer;
    observer.metric = [feed](const QString& name, int step, double value) {
        const std::lock_guard lock(feed->m_mutex);
        feed->m_news.points.push_back({name, step, value});
    };
    observer.samples = [feed](const std::vector<cv::Mat>& pictures) {
        std::vector<QImage> images = toImages(pictures);
        const std::lock_guard lock(feed->m_mutex);
        feed->m_news.samples = std::move(images);
    };
    observer.maps = [feed](const std::vector<cv::Mat>& pictures) {
        std::vector<QImage> images = toImages(pictures);
        const std::lock_guard lock(feed->m_mutex);
        feed->m_news.maps = std::move(images);
    };
    observer.event = [feed](const QString& kind, const QString& detail) {
        if (kind != "warning"_L1)
            return;
        const std::lock_guard lock(feed->m_mutex);
        feed->m_news.warning = detail;
    };
    return observer;
}

TrainingFeed::News TrainingFeed::take()
{
    const std::lock_guard lock(m_mutex);
    return std::exchange(m_news, {});
}

} // namespace lynceus
