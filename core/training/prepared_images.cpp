// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/training/prepared_images.h"

#include "core/image/image_io.h"

#include <utility>

namespace lynceus {

PreparedImages::PreparedImages(std::vector<Sample> samples, const Preprocessing& how, const CancelToken& cancel,
                               std::size_t mostBytes)
    : m_samples(std::move(samples))
    , m_how(how)
    , m_cache(m_samples.size())
{
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < m_samples.size(); ++i) {
        cancel.throwIfCancelled();
        const cv::Mat image = read(i);
        bytes += image.total() * image.elemSize();
        if (bytes <= mostBytes)
            m_cache[i] = image;
    }
}

cv::Mat PreparedImages::at(std::size_t index) const
{
    cv::Mat image = m_cache[index].empty() ? read(index) : m_cache[index];
    cv::Mat result;
    image.convertTo(result, CV_32F);
    return result;
}

cv::Mat PreparedImages::read(std::size_t index) const
{
    cv::Mat image = prepare(readImage(m_samples[index].path), m_how);
    image.convertTo(image, CV_8U);
    return image;
}

} // namespace lynceus
