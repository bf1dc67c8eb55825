// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/training_windows.h"

#include "core/nn/losses.h"
#include "core/nn/torch.h"

#include <algorithm>

namespace lynceus {

namespace {

constexpr int kCell = 32; ///< of the coarsest features
constexpr int kWholeEvery = 4;

/// Half of the side, in whole cells.
int windowSide(int side)
{
    return std::min(side, std::max(2 * kCell, (side / 2 + kCell - 1) / kCell * kCell));
}

/// Where a window that holds `wanted` may begin, or any where it is negative.
int windowStart(int side, int window, int wanted, Random& random)
{
    const int last = (side - window) / kCell;
    if (wanted < 0)
        return kCell * int(random.integer(0, last));
    const int lowest = std::clamp((wanted - window) / kCell + 1, 0, last);
    const int highest = std::clamp(wanted / kCell, 0, last);
    return kCell * int(random.integer(std::min(lowest, highest), highest));
}

} // namespace

std::vector<cv::Rect> chooseWindows(const torch::Tensor& masks, Random& random)
{
    const int height = int(masks.size(1));
    const int width = int(masks.size(2));
    const cv::Size size(windowSide(width), windowSide(height));
    std::vector<cv::Rect> windows;
    for (std::int64_t i = 0; i < masks.size(0); ++i) {
        const auto defect = masks[i].nonzero(); // pixels x 2
        int x = -1;
        int y = -1;
        if (defect.size(0) > 0) {
            const auto pixel = defect[std::int64_t(random.index(std::size_t(defect.size(0))))];
            y = int(pixel[0].item<std::int64_t>());
            x = int(pixel[1].item<std::int64_t>());
        }
        const int left = windowStart(width, size.width, x, random);
        const int top = windowStart(height, size.height, y, random);
        windows.emplace_back(cv::Point(left, top), size);
    }
    return windows;
}

bool learnsFromWindows(int step)
{
    return step % kWholeEvery != kWholeEvery - 1;
}

torch::Tensor batchLoss(MemSegNetworkImpl& network, const MemoryBank& bank, const TrainingBatch& batch,
                        const std::vector<cv::Rect>& windows)
{
    auto features = network.encode(batch.images);
    MemoryBank::Match match;
    {
        const torch::NoGradGuard noGrad;
        match = bank.match({features[1], features[2], features[3]});
    }
    if (windows.empty())
        return memSegLoss(network.decode(features, match.difference), batch.masks);
    for (std::size_t level = 0; level < features.size(); ++level) {
        if (features[level].defined())
            features[level] = cutWindows(features[level], windows, 2 << level);
    }
    for (std::size_t level = 0; level < match.difference.size(); ++level)
        match.difference[level] = cutWindows(match.difference[level], windows, 4 << level);
    return memSegLoss(network.decode(features, match.difference), cutWindows(batch.masks, windows, 1));
}

torch::Tensor cutWindows(const torch::Tensor& images, const std::vector<cv::Rect>& windows, int stride)
{
    std::vector<torch::Tensor> cut;
    for (std::size_t i = 0; i < windows.size(); ++i) {
        const cv::Rect& window = windows[i];
        cut.push_back(images.narrow(0, std::int64_t(i), 1)
                          .narrow(-2, window.y / stride, window.height / stride)
                          .narrow(-1, window.x / stride, window.width / stride));
    }
    const auto all = torch::cat(cut);
    return all.dim() == 4 ? all.contiguous(torch::MemoryFormat::ChannelsLast) : all;
}

} // namespace lynceus
