// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/nearest_good.h"

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/nn/half.h"
#include "core/nn/processor_clones.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

namespace lynceus {

namespace {

namespace F = torch::nn::functional;

/// Keys that are compared at once: a register of AVX2, of which the sums of nine cells take nine.
constexpr std::int64_t kTile = 8;
constexpr std::array<double, NearestGood::kScales> kWeights{0.5, 1.0, 1.0, 0.6};
constexpr double kSpacingShare = 0.5; ///< of a key's own spacing that is taken off
constexpr double kOddShare = 0.01;    ///< of an image's cells that make it odd
constexpr double kLeastDeviation = 1e-3;

Error broken(const QString& source)
{
    return Error(ErrorKind::Model,
                 QCoreApplication::translate("core", "%1 is not a whole MemSeg model: its nearest-good keys do not go "
                                                     "together.")
                     .arg(source),
                 QCoreApplication::translate("core", "Train the model again or choose another file."));
}

torch::Tensor smooth(const torch::Tensor& map)
{
    return F::avg_pool2d(map, F::AvgPool2dFuncOptions(3).stride(1).padding(1).count_include_pad(false));
}

constexpr std::size_t kAround = 9; ///< cells that look at the keys of a place: its own and the eight around it

/// What a cell found nearest so far: least norm - query . key, and which key of which place that was.
struct Nearest
{
    float least = std::numeric_limits<float>::infinity();
    std::int64_t key = -1;
};

/// All keys of a place.
struct Place
{
    const c10::Half* keys; ///< tiles x channels x kTile
    const float* norms;    ///< tiles x kTile
    std::int64_t tiles;
    std::int64_t channels;
};

using Lanes = float __attribute__((vector_size(kTile * sizeof(float)))); ///< as many values as a tile has keys
using Indices = std::int32_t __attribute__((vector_size(kTile * sizeof(std::int32_t))));

/// Compares the keys of a place with all cells that look at them, so that each key is read once. `room`: for a tile in
/// single precision.
LYNCEUS_FOR_EACH_PROCESSOR
void searchPlace(const std::array<const float*, kAround>& queries, const Place& place, float* room,
                 std::array<Nearest, kAround>& found)
{
    Lanes least[kAround];
    Indices where[kAround];
    for (std::size_t i = 0; i < kAround; ++i) {
        least[i] = Lanes{} + std::numeric_limits<float>::infinity();
        where[i] = Indices{};
    }
    for (std::int64_t tile = 0; tile < place.tiles; ++tile) {
        toSingle(place.keys + tile * place.channels * kTile, room, place.channels * kTile);
        Lanes norm;
        std::memcpy(&norm, place.norms + tile * kTile, sizeof norm);
        Lanes value[kAround];
        for (std::size_t i = 0; i < kAround; ++i)
            value[i] = norm;
        const float* column = room;
        for (std::int64_t channel = 0; channel < place.channels; ++channel, column += kTile) {
            Lanes key;
            std::memcpy(&key, column, sizeof key);
            for (std::size_t i = 0; i < kAround; ++i)
                value[i] -= queries[i][channel] * key;
        }
        const Indices current = Indices{} + std::int32_t(tile);
        for (std::size_t i = 0; i < kAround; ++i) {
            const Indices better = value[i] < least[i];
            least[i] = better ? value[i] : least[i];
            where[i] = better ? current : where[i];
        }
    }
    for (std::size_t i = 0; i < kAround; ++i) {
        found[i] = {};
        for (int lane = 0; lane < kTile; ++lane) {
            if (least[i][lane] < found[i].least)
                found[i] = {least[i][lane], where[i][lane] * kTile + lane};
        }
    }
}

} // namespace

void NearestGood::Scale::layOut()
{
    const std::int64_t height = keys.size(0);
    const std::int64_t width = keys.size(1);
    const std::int64_t count = keys.size(2);
    const std::int64_t channels = keys.size(3);
    const std::int64_t padding = (kTile - count % kTile) % kTile;
    const auto padded = torch::constant_pad_nd(keys, {0, 0, 0, padding});
    tiles = padded.view({height, width, -1, kTile, channels}).transpose(3, 4).contiguous();
    norms = torch::constant_pad_nd(0.5 * keys.to(torch::kFloat).square().sum(3), {0, padding},
                                   std::numeric_limits<double>::infinity())
                .contiguous();
}

torch::Tensor NearestGood::Scale::distances(const torch::Tensor& queries, const torch::Tensor& usedNorms) const
{
    const std::int64_t height = keys.size(0);
    const std::int64_t width = keys.size(1);
    const std::int64_t count = keys.size(2);
    const std::int64_t channels = keys.size(3);
    const std::int64_t padded = usedNorms.size(2);
    const auto result = torch::empty({height, width});
    const float* query = queries.data_ptr<float>();
    const auto* tile = tiles.data_ptr<at::Half>();
    const float* norm = usedNorms.data_ptr<float>();
    const float* spaced = spacing.defined() ? spacing.data_ptr<float>() : nullptr;
    float* out = result.data_ptr<float>();
    at::parallel_for(0, height, 1, [&](std::int64_t begin, std::int64_t end) {
        struct Best
        {
            float least = std::numeric_limits<float>::infinity();
            float taken = 0.0F;
        };
        std::vector<Best> best(std::size_t((end - begin) * width));
        std::vector<float> room(std::size_t(channels * kTile));
        for (std::int64_t y = std::max<std::int64_t>(0, begin - 1); y < std::min(height, end + 1); ++y) {
            for (std::int64_t x = 0; x < width; ++x) {
                std::array<const float*, kAround> around{};
                std::array<Best*, kAround> cells{}; // null: outside the image, or another thread's
                for (std::size_t i = 0; i < kAround; ++i) {
                    const std::int64_t row = y + std::int64_t(i / 3) - 1;
                    const std::int64_t column = x + std::int64_t(i % 3) - 1;
                    const bool mine = row >= begin && row < end && column >= 0 && column < width;
                    around[i] = query + (mine ? row * width + column : y * width + x) * channels;
                    cells[i] = mine ? &best[std::size_t((row - begin) * width + column)] : nullptr;
                }
                const std::int64_t place = y * width + x;
                std::array<Nearest, kAround> found;
                searchPlace(around, {tile + place * padded * channels, norm + place * padded, padded / kTile, channels},
                            room.data(), found);
                for (std::size_t i = 0; i < kAround; ++i) {
                    if (cells[i] == nullptr || !(found[i].least < cells[i]->least))
                        continue;
                    cells[i]->least = found[i].least;
                    cells[i]->taken = spaced != nullptr ? spaced[place * count + found[i].key] : 0.0F;
                }
            }
        }
        for (std::int64_t cell = begin * width; cell < end * width; ++cell) {
            const float* own = query + cell * channels;
            const Best& found = best[std::size_t(cell - begin * width)];
            const float square = std::inner_product(own, own + channels, own, 0.0F);
            float distance = 0.0F; // where there is no key
            if (!std::isfinite(square))
                distance = std::numeric_limits<float>::quiet_NaN(); // it beats no key, and yet it is not near
            else if (std::isfinite(found.least))
                distance = std::sqrt(std::max(0.0F, square + 2.0F * found.least));
            out[cell] = distance - float(kSpacingShare) * found.taken;
        }
    });
    return result;
}

torch::Tensor NearestGood::Scale::normsWithout(std::size_t image) const
{
    TORCH_CHECK(owners.defined(), "a branch from a file does not know its images");
    return norms.masked_fill(owners == std::int64_t(image), std::numeric_limits<double>::infinity());
}

torch::Tensor NearestGood::Scale::standardised(const torch::Tensor& map) const
{
    return ((map - mean) * scale).contiguous();
}

NearestGood::Scales NearestGood::scalesOf(const FeatureLevels& levels)
{
    const Scales maps{torch::avg_pool2d(smooth(levels[0]), 2), smooth(levels[1]), levels[2], smooth(levels[2])};
    Scales result;
    for (std::size_t i = 0; i < maps.size(); ++i)
        result[i] = maps[i][0].permute({1, 2, 0}).to(torch::kCPU, torch::kFloat).contiguous();
    return result;
}

/// `maps`: H x W x C of all pictures, an image's copies after it; `firsts`: where each image begins.
NearestGood::Scale NearestGood::makeScale(const std::vector<torch::Tensor>& maps,
                                          const std::vector<std::size_t>& firsts, double share, std::uint64_t seed,
                                          std::vector<torch::Tensor>& leftOut, const CancelToken& cancel)
{
    Scale scale;
    const std::int64_t height = maps.front().size(0);
    const std::int64_t width = maps.front().size(1);
    const std::int64_t channels = maps.front().size(2);
    const auto pictures = std::int64_t(maps.size());
    const auto all = torch::stack(maps); // pictures x H x W x C
    const auto flat = all.view({-1, channels});
    scale.mean = flat.mean(0);
    scale.scale = flat.var(0, false).clamp_min(1e-10).rsqrt();

    auto ownerOf = torch::empty({pictures}, torch::kInt64);
    for (std::size_t image = 0; image < firsts.size(); ++image)
        ownerOf.slice(0, std::int64_t(firsts[image])).fill_(std::int64_t(image));

    // Each place keeps as many pictures as any other, but not the same ones.
    const std::int64_t kept = std::clamp<std::int64_t>(std::llround(share * double(pictures)), 1, pictures);
    auto chosen = torch::empty({height, width, kept}, torch::kInt64);
    auto* choice = chosen.data_ptr<std::int64_t>();
    Random random(seed);
    std::vector<std::int64_t> order(maps.size());
    std::iota(order.begin(), order.end(), 0);
    for (std::int64_t place = 0; place < height * width; ++place) {
        for (std::int64_t i = 0; i < kept; ++i) {
            if (kept < pictures)
                std::swap(order[std::size_t(i)], order[std::size_t(random.integer(i, pictures - 1))]);
            *choice++ = order[std::size_t(i)];
        }
    }
    const auto byPlace = scale.standardised(all).permute({1, 2, 0, 3});
    // As model files hold them; rounded here, figures are true to the file.
    scale.keys =
        byPlace.gather(2, chosen.unsqueeze(3).expand({height, width, kept, channels})).to(torch::kHalf).contiguous();
    scale.layOut();
    scale.owners = torch::constant_pad_nd(ownerOf.index({chosen}), {0, scale.norms.size(2) - kept}, -1);

    const auto withoutOwnKeys = [&](std::size_t picture, std::size_t image) {
        cancel.throwIfCancelled();
        return scale.distances(scale.standardised(maps[picture]), scale.normsWithout(image));
    };
    std::vector<torch::Tensor> plain;
    for (std::size_t picture = 0; picture < maps.size(); ++picture)
        plain.push_back(withoutOwnKeys(picture, std::size_t(ownerOf[std::int64_t(picture)].item<std::int64_t>())));
    scale.spacing =
        torch::stack(plain).permute({1, 2, 0}).gather(2, chosen).to(torch::kHalf).to(torch::kFloat).contiguous();
    for (std::size_t image = 0; image < firsts.size(); ++image)
        leftOut.push_back(withoutOwnKeys(firsts[image], image));
    const auto usual = torch::stack(leftOut);
    scale.usual = usual.mean().item<double>();
    scale.deviation = std::max(kLeastDeviation, usual.std(false).item<double>());
    return scale;
}

torch::Tensor NearestGood::average(const Scales& scales)
{
    const auto fine = scales[1].sizes();
    auto sum = torch::zeros(fine);
    for (std::size_t i = 0; i < kScales; ++i) {
        const auto& map = scales[i];
        const auto fitting =
            map.sizes() == fine ? map : torch::upsample_bilinear2d(map.unsqueeze(0).unsqueeze(0), fine, false)[0][0];
        sum += kWeights[i] * fitting;
    }
    return sum / std::accumulate(kWeights.begin(), kWeights.end(), 0.0);
}

NearestGood::NearestGood(const std::vector<FeatureLevels>& good, const Options& options, const CancelToken& cancel)
{
    std::vector<std::vector<Scales>> images;
    for (const FeatureLevels& levels : good)
        images.push_back({scalesOf(levels)});
    *this = NearestGood(images, options, cancel);
}

NearestGood::NearestGood(const std::vector<std::vector<Scales>>& good, const Options& options,
                         const CancelToken& cancel)
{
    const torch::NoGradGuard noGrad;
    std::array<std::vector<torch::Tensor>, kScales> maps;
    std::vector<std::size_t> firsts;
    for (const std::vector<Scales>& image : good) {
        firsts.push_back(maps[0].size());
        for (const Scales& picture : image) {
            for (std::size_t i = 0; i < kScales; ++i)
                maps[i].push_back(picture[i]);
        }
    }
    const auto places = double(maps[1].size()) * double(maps[1].front().size(0) * maps[1].front().size(1));
    const double share = std::min(1.0, double(options.mostKeys) / places);
    std::vector<Scales> leftOut(good.size());
    for (std::size_t i = 0; i < kScales; ++i) {
        std::vector<torch::Tensor> distances;
        m_scales[i] = makeScale(maps[i], firsts, share, options.seed + i, distances, cancel);
        for (std::size_t image = 0; image < good.size(); ++image)
            leftOut[image][i] = (distances[image] - m_scales[i].usual) / m_scales[i].deviation;
    }
    for (const Scales& image : leftOut)
        m_oddness.push_back(oddnessOf(average(image)));
}

double NearestGood::oddnessOf(const torch::Tensor& distances)
{
    const auto most = std::max<std::int64_t>(1, std::llround(kOddShare * double(distances.numel())));
    return std::get<0>(distances.flatten().topk(most)).mean().item<double>();
}

double NearestGood::usualDistance() const
{
    double sum = 0.0;
    for (std::size_t i = 0; i < kScales; ++i)
        sum += kWeights[i] * m_scales[i].usual;
    return sum / std::accumulate(kWeights.begin(), kWeights.end(), 0.0);
}

std::int64_t NearestGood::size() const
{
    const auto& keys = m_scales[1].keys;
    return keys.defined() ? keys.size(0) * keys.size(1) * keys.size(2) : 0;
}

torch::Tensor NearestGood::distances(const FeatureLevels& levels, std::optional<std::size_t> leftOut) const
{
    const torch::NoGradGuard noGrad;
    const Scales maps = scalesOf(levels);
    Scales distances;
    for (std::size_t i = 0; i < kScales; ++i) {
        const Scale& scale = m_scales[i];
        TORCH_CHECK(maps[i].sizes().slice(0, 2) == scale.keys.sizes().slice(0, 2), "image of another size");
        const auto norms = leftOut ? scale.normsWithout(*leftOut) : scale.norms;
        distances[i] = (scale.distances(scale.standardised(maps[i]), norms) - scale.usual) / scale.deviation;
    }
    return average(distances);
}

StateDict NearestGood::state() const
{
    StateDict state;
    for (std::size_t i = 0; i < kScales; ++i) {
        const Scale& scale = m_scales[i];
        const std::string prefix = std::to_string(i) + '.';
        state.emplace(prefix + "keys", scale.keys.to(torch::kFloat));
        state.emplace(prefix + "spacing", scale.spacing);
        state.emplace(prefix + "mean", scale.mean);
        state.emplace(prefix + "scale", scale.scale);
        state.emplace(prefix + "usual", torch::tensor({scale.usual, scale.deviation}, torch::kFloat));
    }
    return state;
}

NearestGood NearestGood::fromState(const StateDict& state, const QString& source)
{
    NearestGood result;
    for (std::size_t i = 0; i < kScales; ++i) {
        const auto entry = [&](const char* name, std::int64_t dimensions) {
            const auto found = state.find(std::to_string(i) + '.' + name);
            if (found == state.end() || found->second.scalar_type() != torch::kFloat ||
                found->second.dim() != dimensions || found->second.numel() == 0)
                throw broken(source);
            return found->second.contiguous();
        };
        Scale& scale = result.m_scales[i];
        scale.keys = entry("keys", 4).to(torch::kHalf);
        scale.spacing = entry("spacing", 3);
        scale.mean = entry("mean", 1);
        scale.scale = entry("scale", 1);
        const auto usual = entry("usual", 1);
        if (scale.spacing.sizes() != scale.keys.sizes().slice(0, 3) || scale.mean.numel() != scale.keys.size(3) ||
            scale.scale.numel() != scale.keys.size(3) || usual.numel() != 2)
            throw broken(source);
        scale.usual = usual[0].item<double>();
        scale.deviation = usual[1].item<double>();
        if (!std::isfinite(scale.usual) || !(scale.deviation > 0.0))
            throw broken(source);
        scale.layOut();
        if (!scale.norms.slice(2, 0, scale.keys.size(2)).isfinite().all().item<bool>())
            throw broken(source); // beyond half precision
    }
    const auto& scales = result.m_scales;
    const auto placesOf = [](const Scale& scale) { return scale.keys.sizes().slice(0, 2); };
    if (placesOf(scales[0]) != placesOf(scales[1]) || placesOf(scales[2]) != placesOf(scales[3]))
        throw broken(source);
    return result;
}

} // namespace lynceus
