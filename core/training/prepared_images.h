// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/data/anomaly_folder.h"
#include "core/image/preprocessing.h"

#include <opencv2/core/mat.hpp>

#include <cstddef>
#include <vector>

namespace lynceus {

/// Images as the network sees them. Kept as 8 bit, which is what cameras deliver and a quarter of float; images
/// beyond the memory limit are read again each time. Reading is thread-safe.
class PreparedImages
{
public:
    static constexpr std::size_t kMostBytes = std::size_t(1) << 30;

    /// Reads every image once, so that an unreadable one is named (Error) before training starts.
    PreparedImages(std::vector<Sample> samples, const Preprocessing& how, const CancelToken& cancel,
                   std::size_t mostBytes = kMostBytes);

    std::size_t size() const { return m_samples.size(); }
    const Sample& sample(std::size_t index) const { return m_samples[index]; }
    /// CV_32FC3 RGB, whole numbers 0..255.
    cv::Mat at(std::size_t index) const;

private:
    cv::Mat read(std::size_t index) const;

    std::vector<Sample> m_samples;
    Preprocessing m_how;
    std::vector<cv::Mat> m_cache; ///< CV_8UC3; empty beyond the limit
};

} // namespace lynceus
