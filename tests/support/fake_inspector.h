// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/error.h"
#include "core/image/anomaly_result.h"

#include <QtCore/QString>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

namespace lynceus::test {

/// Judges without a network: the map is the red channel (or grey value) over its range, so a test paints the map it
/// wants into the picture, and the score is the map's largest value.
class FakeInspector final : public AnomalyInspector
{
public:
    /// What the fake saw, shared with the test.
    struct Log
    {
        std::atomic<int> inspected{0};
        std::atomic<int> alive{0};
        std::function<void(const cv::Mat& image)> onInspect; ///< on the inspecting thread; may throw
    };

    explicit FakeInspector(std::shared_ptr<Log> log = std::make_shared<Log>(), Thresholds thresholds = {})
        : m_log(std::move(log))
        , m_thresholds(thresholds)
        , m_thread(std::this_thread::get_id())
    {
        ++m_log->alive;
    }
    ~FakeInspector() override { --m_log->alive; }

    AnomalyResult inspect(const cv::Mat& image) override
    {
        if (m_thread != std::this_thread::get_id())
            throw Error(ErrorKind::Internal, QStringLiteral("inspected on another thread than it was made on"));
        if (m_log->onInspect)
            m_log->onInspect(image);
        cv::Mat channel;
        cv::extractChannel(image, channel, image.channels() == 1 ? 0 : 2);
        AnomalyResult result;
        channel.convertTo(result.map, CV_32F, image.depth() == CV_16U ? 1.0 / 65535.0 : 1.0 / 255.0);
        double largest = 0.0;
        cv::minMaxLoc(result.map, nullptr, &largest);
        result.score = largest;
        rejudge(result, m_thresholds);
        result.times.prepare = 1.0;
        result.times.infer = 2.0;
        result.times.post = 3.0;
        ++m_log->inspected;
        return result;
    }

private:
    std::shared_ptr<Log> m_log;
    Thresholds m_thresholds;
    std::thread::id m_thread;
};

/// A grey picture of `level` as a PNG file.
inline void writeGrey(const QString& path, int level, cv::Size size = {16, 12})
{
    cv::imwrite(path.toStdString(), cv::Mat(size, CV_8UC1, cv::Scalar(level)));
}

} // namespace lynceus::test
