// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/raft/correlation.h"

#include "core/nn/torch.h"

#include <torch/nn/functional/vision.h>

#include <algorithm>
#include <cmath>

namespace lynceus {

namespace {

namespace F = torch::nn::functional;

constexpr std::int64_t kBytesAtOnce = std::int64_t(64) << 20; ///< of features sampled on demand

torch::Tensor pair(double x, double y, const torch::TensorOptions& options)
{
    return torch::stack({torch::full({}, x, options), torch::full({}, y, options)});
}

/// (2r+1)^2 x 2: x slow, y fast, both from -r to r.
torch::Tensor windowOffsets(int radius, const torch::TensorOptions& options)
{
    const std::int64_t side = 2 * radius + 1;
    const auto steps = torch::arange(double(-radius), double(radius + 1), options);
    return torch::stack({steps.view({side, 1}).expand({side, side}), steps.view({1, side}).expand({side, side})}, 2)
        .reshape({side * side, 2});
}

torch::Tensor sampled(const torch::Tensor& values, const torch::Tensor& grid)
{
    return F::grid_sample(
        values, grid,
        F::GridSampleFuncOptions().mode(torch::kBilinear).padding_mode(torch::kZeros).align_corners(true));
}

} // namespace

std::int64_t Correlation::volumeBytes(std::int64_t images, std::int64_t height, std::int64_t width)
{
    std::int64_t pixels = 0;
    for (int level = 0; level < kLevels; ++level)
        pixels += (height >> level) * (width >> level);
    return images * height * width * pixels * std::int64_t(sizeof(float));
}

Correlation::Correlation(const torch::Tensor& features1, const torch::Tensor& features2, int radius,
                         std::int64_t volumeLimit)
    : m_hasVolume(volumeBytes(features1.size(0), features1.size(2), features1.size(3)) <= volumeLimit)
    , m_features1(features1 / std::sqrt(double(features1.size(1))))
{
    const auto options = features1.options().requires_grad(false);
    const auto offsets = windowOffsets(radius, options);
    torch::Tensor pooled = features2.contiguous();
    for (int level = 0; level < kLevels; ++level) {
        if (level > 0)
            pooled = torch::avg_pool2d(pooled, 2);
        const std::int64_t height = pooled.size(2);
        const std::int64_t width = pooled.size(3);
        const auto perPixel = pair(2.0 / double(width - 1), 2.0 / double(height - 1), options);
        torch::Tensor values = pooled;
        if (m_hasVolume) {
            values =
                torch::matmul(m_features1.flatten(2).transpose(1, 2), pooled.flatten(2)).view({-1, 1, height, width});
        }
        m_levels.push_back({values, perPixel / double(1 << level), offsets * perPixel - 1.0});
    }
}

torch::Tensor Correlation::lookup(const torch::Tensor& coordinates) const
{
    const auto centres = coordinates.permute({0, 2, 3, 1}).contiguous().unsqueeze(3); // N x h x w x 1 x 2
    std::vector<torch::Tensor> windows;
    for (const Level& level : m_levels) {
        const auto grid = torch::addcmul(level.window, centres, level.scale); // N x h x w x (2r+1)^2 x 2
        windows.push_back(m_hasVolume ? fromVolume(level, grid) : onDemand(level, grid));
    }
    return torch::cat(windows, 3).permute({0, 3, 1, 2});
}

torch::Tensor Correlation::fromVolume(const Level& level, const torch::Tensor& grid) const
{
    const auto window = sampled(level.values, grid.view({-1, 1, grid.size(3), 2}));
    return window.view({grid.size(0), grid.size(1), grid.size(2), grid.size(3)});
}

torch::Tensor Correlation::onDemand(const Level& level, const torch::Tensor& grid) const
{
    const std::int64_t height = grid.size(1);
    const std::int64_t rowBytes = m_features1.size(1) * grid.size(2) * grid.size(3) * std::int64_t(sizeof(float));
    const std::int64_t rowsAtOnce = std::max<std::int64_t>(1, kBytesAtOnce / rowBytes);
    std::vector<torch::Tensor> parts;
    for (std::int64_t image = 0; image < grid.size(0); ++image) {
        for (std::int64_t row = 0; row < height; row += rowsAtOnce) {
            const std::int64_t rows = std::min(rowsAtOnce, height - row);
            // A row each in the batch, over which LibTorch spreads its threads.
            const auto second = sampled(level.values.narrow(0, image, 1).expand({rows, -1, -1, -1}),
                                        grid[image].narrow(0, row, rows)); // rows x D x w x (2r+1)^2
            const auto first = m_features1[image].narrow(1, row, rows).transpose(0, 1).unsqueeze(3);
            parts.push_back((second * first).sum(1));
        }
    }
    return torch::cat(parts).view({grid.size(0), height, grid.size(2), grid.size(3)});
}

} // namespace lynceus
