// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/training_batches.h"

#include "core/image/image_io.h"
#include "core/image/preprocessing.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"

#include <opencv2/imgproc.hpp>

#include <numeric>

namespace lynceus {

namespace {

constexpr std::size_t kBatchesAhead = 3;
constexpr std::uint64_t kBatchesShown = 2;
constexpr std::uint64_t kShufflingStream = UINT64_MAX;

cv::Mat sideBySide(const SimulatedDefect& defect)
{
    cv::Mat picture;
    cv::Mat mask;
    defect.image.convertTo(picture, CV_8U);
    cv::cvtColor(picture, picture, cv::COLOR_RGB2BGR);
    cv::cvtColor(defect.mask, mask, cv::COLOR_GRAY2BGR);
    cv::Mat both;
    cv::hconcat(picture, mask, both);
    return both;
}

} // namespace

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

BatchFeeder::BatchFeeder(const PreparedImages& images, const DefectSimulator& simulator, int batch, std::uint64_t seed,
                         std::uint64_t first)
    : m_images(images)
    , m_simulator(simulator)
    , m_batch(batch)
    , m_seed(seed)
    , m_shuffling(m_seed.fork(kShufflingStream))
    , m_first(first)
    , m_thread([this] { work(); })
{
}

BatchFeeder::~BatchFeeder()
{
    {
        const std::lock_guard lock(m_mutex);
        m_stop = true;
    }
    m_changed.notify_all();
    m_thread.join();
}

TrainingBatch BatchFeeder::next()
{
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [this] { return !m_ready.empty() || m_failure; });
    if (m_ready.empty())
        std::rethrow_exception(m_failure);
    TrainingBatch batch = std::move(m_ready.front());
    m_ready.pop_front();
    m_changed.notify_all();
    return batch;
}

void BatchFeeder::work()
{
    try {
        for (std::uint64_t taken = 0; taken < m_first * std::uint64_t(m_batch); ++taken)
            nextImage();
        for (std::uint64_t number = m_first;; ++number) {
            TrainingBatch batch = make(number);
            std::unique_lock lock(m_mutex);
            m_changed.wait(lock, [this] { return m_stop || m_ready.size() < kBatchesAhead; });
            if (m_stop)
                return;
            m_ready.push_back(std::move(batch));
            m_changed.notify_all();
        }
    } catch (...) {
        const std::lock_guard lock(m_mutex);
        m_failure = std::current_exception();
        m_changed.notify_all();
    }
}

TrainingBatch BatchFeeder::make(std::uint64_t number)
{
    std::vector<cv::Mat> images;
    std::vector<torch::Tensor> masks;
    TrainingBatch batch;
    for (int i = 0; i < m_batch; ++i) {
        const cv::Mat good = m_images.at(nextImage());
        if (i < m_batch / 2) {
            images.push_back(good);
            masks.push_back(torch::zeros({good.rows, good.cols}));
            continue;
        }
        Random random = m_seed.fork(number * std::uint64_t(m_batch) + std::uint64_t(i));
        const SimulatedDefect defect = m_simulator.simulate(good, random);
        images.push_back(defect.image);
        masks.push_back(maskToTensor(defect.mask));
        if (number < kBatchesShown)
            batch.pictures.push_back(sideBySide(defect));
    }
    batch.images = imagesToTensor(images);
    batch.masks = torch::stack(masks);
    return batch;
}

std::size_t BatchFeeder::nextImage()
{
    if (m_order.empty()) {
        m_order.resize(m_images.size());
        std::iota(m_order.begin(), m_order.end(), std::size_t(0));
        m_shuffling.shuffle(m_order);
    }
    const std::size_t index = m_order.back();
    m_order.pop_back();
    return index;
}

} // namespace lynceus
