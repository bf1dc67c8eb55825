// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/data/anomaly_folder.h"
#include "core/memseg/options.h"

#include <QtGui/QColor>
#include <QtGui/QImage>

#include <opencv2/core/mat.hpp>

#include <map>
#include <mutex>
#include <vector>

namespace lynceus {

/// Draws good images with simulated defects, as a training with the same options would see them. Slow: for a worker
/// thread. Keeps the images that it has prepared, so that only the defects are made anew when options change.
class DefectPreview
{
public:
    struct Request
    {
        std::vector<Sample> good;
        MemSegOptions options; ///< preprocessing and simulator count
        quint64 seed = 1;      ///< which images, and which defects on them
        int count = 6;
        QColor outline; ///< around the defects; invalid: none
    };

    /// At network size. Throws Error (an image or the texture folder cannot be read), Cancelled. Thread-safe.
    std::vector<QImage> draw(const Request& request, const CancelToken& cancel);

private:
    cv::Mat prepared(const QString& path, const Preprocessing& how);

    std::mutex m_mutex;
    Preprocessing m_how;
    std::map<QString, cv::Mat> m_prepared; ///< for m_how; CV_8UC3 RGB
};

} // namespace lynceus
