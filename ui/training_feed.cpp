// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/training_feed.h"

#include <opencv2/core/mat.hpp>

#include <utility>

namespace lynceus {

TrainingObserver TrainingFeed::observer(const std::shared_ptr<TrainingFeed>& feed)
{
    TrainingObserver observer;
    observer.metric = [feed](const QString& name, int step, double value) {
        const std::lock_guard lock(feed->m_mutex);
        feed->m_news.points.push_back({name, step, value});
    };
    observer.samples = [feed](const std::vector<cv::Mat>& pictures) {
        std::vector<QImage> images;
        for (const cv::Mat& picture : pictures) {
            // copy(): the Mat's memory ends with this call.
            images.push_back(
                QImage(picture.data, picture.cols, picture.rows, qsizetype(picture.step), QImage::Format_BGR888)
                    .copy());
        }
        const std::lock_guard lock(feed->m_mutex);
        feed->m_news.pictures = std::move(images);
    };
    return observer;
}

TrainingFeed::News TrainingFeed::take()
{
    const std::lock_guard lock(m_mutex);
    return std::exchange(m_news, {});
}

} // namespace lynceus
