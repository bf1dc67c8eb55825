// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/training_batches.h"

#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"

#include <opencv2/imgproc.hpp>

#include <numeric>

namespace lynceus {

namespace {

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

DefectBatches::DefectBatches(const PreparedImages& images, const DefectSimulator& simulator, int batch,
                             std::uint64_t seed)
    : m_images(images)
    , m_simulator(simulator)
    , m_batch(batch)
    , m_seed(seed)
    , m_shuffling(m_seed.fork(kShufflingStream))
{
}

TrainingBatch DefectBatches::operator()(std::uint64_t number)
{
    while (m_taken < number * std::uint64_t(m_batch)) // of a training that goes on
        nextImage();
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

std::size_t DefectBatches::nextImage()
{
    if (m_order.empty()) {
        m_order.resize(m_images.size());
        std::iota(m_order.begin(), m_order.end(), std::size_t(0));
        m_shuffling.shuffle(m_order);
    }
    ++m_taken;
    const std::size_t index = m_order.back();
    m_order.pop_back();
    return index;
}

} // namespace lynceus
