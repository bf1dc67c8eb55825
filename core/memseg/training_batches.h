// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/base/random.h"
#include "core/data/anomaly_folder.h"
#include "core/memseg/defect_simulator.h"

#include <opencv2/core/mat.hpp>

#include <torch/types.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace lynceus {

/// Good images as the network sees them. Kept as 8 bit, which is what cameras deliver and a quarter of float; images
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

struct TrainingBatch
{
    torch::Tensor images;          ///< B x 3 x H x W, normalised: first half good, second half with simulated defects
    torch::Tensor masks;           ///< B x H x W, 0 and 1
    std::vector<cv::Mat> pictures; ///< of the first batches, to show: BGR 8-bit and mask side by side
};

/// Simulates the next batches on a thread of its own while the network learns from this one. What a batch holds depends
/// on its number and the seed alone, not on timing. `images` and `simulator` must outlive it.
class BatchFeeder
{
public:
    /// `first`: number of the first batch, for a training that goes on.
    BatchFeeder(const PreparedImages& images, const DefectSimulator& simulator, int batch, std::uint64_t seed,
                std::uint64_t first = 0);
    ~BatchFeeder();
    BatchFeeder(const BatchFeeder&) = delete;
    BatchFeeder& operator=(const BatchFeeder&) = delete;

    /// The next batch; rethrows what went wrong on the other thread.
    TrainingBatch next();

private:
    void work();
    TrainingBatch make(std::uint64_t number);
    std::size_t nextImage();

    const PreparedImages& m_images;
    const DefectSimulator& m_simulator;
    int m_batch;
    Random m_seed;
    Random m_shuffling;
    std::uint64_t m_first;
    std::vector<std::size_t> m_order; ///< indices of this round that are still to come, last first

    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<TrainingBatch> m_ready;
    std::exception_ptr m_failure;
    bool m_stop = false;
    std::thread m_thread; ///< last, so that all it uses exists when it starts
};

} // namespace lynceus
