// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/nearest_good.h"

#include "core/base/random.h"

#include <torch/torch.h>

#include <algorithm>

namespace lynceus {

namespace {

namespace F = torch::nn::functional;

/// Features of both levels on the grid of stride 8, 1 x C x H x W.
torch::Tensor joined(const std::array<torch::Tensor, 2>& levels)
{
    const auto fine =
        F::avg_pool2d(levels[0], F::AvgPool2dFuncOptions(3).stride(1).padding(1).count_include_pad(false));
    const auto coarse = torch::upsample_bilinear2d(levels[1], {fine.size(2), fine.size(3)}, false);
    return torch::cat({fine, coarse}, 1);
}

/// The bucket of place `index` out of `count` on a side with `buckets`.
std::int64_t bucketOf(std::int64_t index, std::int64_t count, int buckets)
{
    return index * buckets / count;
}

} // namespace

NearestGood::NearestGood(const std::vector<std::array<torch::Tensor, 2>>& good, const Options& options)
{
    const torch::NoGradGuard noGrad;
    std::vector<torch::Tensor> maps;
    for (const auto& levels : good)
        maps.push_back(joined(levels).cpu());

    const std::int64_t channels = maps.front().size(1);
    auto sum = torch::zeros({channels}, torch::kDouble);
    auto squares = torch::zeros({channels}, torch::kDouble);
    std::int64_t places = 0;
    for (const auto& map : maps) {
        sum += map.sum({0, 2, 3}, false, torch::kDouble);
        squares += map.square().sum({0, 2, 3}, false, torch::kDouble);
        places += map.size(2) * map.size(3);
    }
    const auto mean = sum / double(places);
    const auto variance = (squares / double(places) - mean.square()).clamp_min(1e-10);
    m_mean = mean.to(torch::kFloat);
    m_scale = variance.rsqrt().to(torch::kFloat);

    m_rows = options.gridRows > 0 ? options.gridRows : int(maps.front().size(2));
    m_columns = options.gridColumns > 0 ? options.gridColumns : int(maps.front().size(3));
    std::vector<std::vector<torch::Tensor>> buckets(std::size_t(m_rows) * std::size_t(m_columns));
    Random random(options.seed);
    const double share = std::min(1.0, double(options.mostKeys) / double(places));
    for (const auto& map : maps) {
        const std::int64_t height = map.size(2);
        const std::int64_t width = map.size(3);
        const auto keys = ((map[0].permute({1, 2, 0}) - m_mean) * m_scale).contiguous(); // H x W x C
        for (std::int64_t y = 0; y < height; ++y) {
            for (std::int64_t x = 0; x < width; ++x) {
                if (share < 1.0 && !random.chance(share))
                    continue;
                const auto bucket = bucketOf(y, height, m_rows) * m_columns + bucketOf(x, width, m_columns);
                buckets[std::size_t(bucket)].push_back(keys[y][x]);
            }
        }
    }
    std::vector<torch::Tensor> all;
    m_begin.push_back(0);
    for (const auto& bucket : buckets) {
        all.insert(all.end(), bucket.begin(), bucket.end());
        m_begin.push_back(std::int64_t(all.size()));
    }
    m_keys = torch::stack(all);
    m_norms = 0.5 * m_keys.square().sum(1);
}

torch::Tensor NearestGood::keysOf(const std::array<torch::Tensor, 2>& levels) const
{
    return ((joined(levels).cpu()[0].permute({1, 2, 0}) - m_mean) * m_scale).contiguous();
}

torch::Tensor NearestGood::distances(const std::array<torch::Tensor, 2>& levels) const
{
    const torch::NoGradGuard noGrad;
    const auto keys = keysOf(levels);
    const std::int64_t height = keys.size(0);
    const std::int64_t width = keys.size(1);
    const auto squared = keys.square().sum(2);
    auto result = torch::empty({height, width});
    const auto firstOf = [](std::int64_t bucket, std::int64_t count, int buckets) {
        return (bucket * count + buckets - 1) / buckets;
    };
    for (int row = 0; row < m_rows; ++row) {
        const auto top = firstOf(row, height, m_rows);
        const auto bottom = firstOf(row + 1, height, m_rows);
        for (int column = 0; column < m_columns; ++column) {
            const auto left = firstOf(column, width, m_columns);
            const auto right = firstOf(column + 1, width, m_columns);
            if (top == bottom || left == right)
                continue;
            const auto queries =
                keys.narrow(0, top, bottom - top).narrow(1, left, right - left).reshape({-1, keys.size(2)});
            torch::Tensor nearest; // of |key|^2 / 2 - query . key
            // The buckets beside each other in a row lie beside each other in memory.
            for (int other = std::max(0, row - 1); other <= std::min(m_rows - 1, row + 1); ++other) {
                const auto begin = m_begin[std::size_t(other * m_columns + std::max(0, column - 1))];
                const auto end = m_begin[std::size_t(other * m_columns + std::min(m_columns - 1, column + 1) + 1)];
                if (begin == end)
                    continue;
                const auto some = m_keys.narrow(0, begin, end - begin);
                const auto half = torch::addmm(m_norms.narrow(0, begin, end - begin), queries, some.t(), 1.0, -1.0);
                const auto least = half.amin(1);
                nearest = nearest.defined() ? torch::minimum(nearest, least) : least;
            }
            const auto place = result.narrow(0, top, bottom - top).narrow(1, left, right - left);
            const auto own = squared.narrow(0, top, bottom - top).narrow(1, left, right - left);
            if (nearest.defined())
                place.copy_((own + 2.0 * nearest.view(own.sizes())).clamp_min(0.0).sqrt());
            else
                place.copy_(own.sqrt());
        }
    }
    return result;
}

} // namespace lynceus
