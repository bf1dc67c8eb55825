// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/tiles.h"

#include "core/memseg/options.h"
#include "core/nn/torch.h"

#include <algorithm>
#include <utility>

namespace lynceus {

namespace {

constexpr int kCell = 16; ///< the coarsest stride
/// No less than what a feature sees beyond its own cell: 133 pixels at stride 16 of MobileNetV2, 105 of ResNet-18.
constexpr int kMargin = 144;
constexpr int kMostPixels = 1'750'000; ///< of a tile; a larger input seen whole is no faster and takes more memory

int roundedUp(int pixels)
{
    return (pixels + kCell - 1) / kCell * kCell;
}

/// Side of `count` tiles that cover `side`.
int tileSide(int side, int count)
{
    return roundedUp((side + (count - 1) * 2 * kMargin + count - 1) / count);
}

int start(int side, int tile, int index)
{
    return std::min(index * (tile - 2 * kMargin), side - tile);
}

class TiledEncoder final : public NetworkRunner
{
public:
    TiledEncoder(std::unique_ptr<NetworkRunner> encoder, const Tiling& tiling)
        : m_encoder(std::move(encoder))
        , m_tiling(tiling)
    {
    }

    NamedTensors run(const NamedTensors& inputs) override
    {
        std::vector<std::string> names;
        const auto levels = m_tiling.encode(tensorOf(inputs, "image"), [&](const torch::Tensor& tile) {
            std::vector<torch::Tensor> one;
            names.clear();
            for (auto& [name, level] : m_encoder->run({{"image", tile}})) {
                names.push_back(name);
                one.push_back(std::move(level));
            }
            return one;
        });
        NamedTensors outputs;
        for (std::size_t i = 0; i < levels.size(); ++i)
            outputs.emplace_back(names[i], levels[i]);
        return outputs;
    }

    std::string engine() const override { return m_encoder->engine(); }

private:
    std::unique_ptr<NetworkRunner> m_encoder;
    Tiling m_tiling;
};

} // namespace

Tiling::Tiling(cv::Size input, bool whole)
    : m_input(input)
    , m_tile(input)
    , m_count(1, 1)
{
    while (!whole && m_tile.area() > kMostPixels) {
        ++(m_tile.width >= m_tile.height ? m_count.width : m_count.height);
        m_tile = {tileSide(input.width, m_count.width), tileSide(input.height, m_count.height)};
    }
}

std::vector<cv::Rect> Tiling::places() const
{
    std::vector<cv::Rect> places;
    for (int row = 0; row < m_count.height; ++row) {
        for (int column = 0; column < m_count.width; ++column) {
            places.emplace_back(
                cv::Point(start(m_input.width, m_tile.width, column), start(m_input.height, m_tile.height, row)),
                m_tile);
        }
    }
    return places;
}

torch::Tensor Tiling::cut(const torch::Tensor& image, const cv::Rect& place)
{
    return image.slice(2, place.y, place.y + place.height)
        .slice(3, place.x, place.x + place.width)
        .contiguous(torch::MemoryFormat::ChannelsLast);
}

std::vector<torch::Tensor>
Tiling::encode(const torch::Tensor& image,
               const std::function<std::vector<torch::Tensor>(const torch::Tensor& tile)>& encode) const
{
    std::vector<torch::Tensor> whole;
    for (const cv::Rect& place : places()) {
        const std::vector<torch::Tensor> levels = encode(cut(image, place));
        // What lies near an edge of the tile that is none of the input's is another tile's, or comes again better.
        const int left = place.x == 0 ? 0 : kMargin;
        const int top = place.y == 0 ? 0 : kMargin;
        whole.resize(levels.size());
        for (std::size_t i = 0; i < levels.size(); ++i) {
            const torch::Tensor& level = levels[i];
            if (!level.defined())
                continue;
            const std::int64_t stride = m_tile.width / level.size(3);
            if (!whole[i].defined()) {
                whole[i] = torch::empty({level.size(0), level.size(1), m_input.height / stride, m_input.width / stride},
                                        level.options().memory_format(torch::MemoryFormat::ChannelsLast));
            }
            const auto bottom = place.y / stride + level.size(2);
            const auto right = place.x / stride + level.size(3);
            whole[i]
                .slice(2, (place.y + top) / stride, bottom)
                .slice(3, (place.x + left) / stride, right)
                .copy_(level.slice(2, top / stride).slice(3, left / stride));
        }
    }
    return whole;
}

Tiling tilingOf(const MemSegOptions& options)
{
    return Tiling({options.preprocessing.width, options.preprocessing.height}, options.usesLayer4());
}

std::unique_ptr<NetworkRunner> inTiles(std::unique_ptr<NetworkRunner> encoder, const Tiling& tiling)
{
    return std::make_unique<TiledEncoder>(std::move(encoder), tiling);
}

} // namespace lynceus
