// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/nearest_good.h"

#include "core/base/error.h"
#include "core/memseg/key_search.h"
#include "core/nn/processor_clones.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace lynceus {

namespace {

namespace F = torch::nn::functional;

constexpr std::array<double, NearestGood::kScales> kWeights{0.5, 1.0, 1.0, 0.6};
constexpr double kSpacingShare = 0.5; ///< of a key's own spacing that is taken off
constexpr double kOddShare = 0.01;    ///< of an image's cells that make it odd
constexpr double kLeastDeviation = 1e-3;
constexpr std::int64_t kMostChannels = 1024;

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

/// Keys and queries count in steps, so that values up to kKeyLimit fit into 8 bits.
constexpr double kFarthestKey = 16.0; ///< standard deviations; what is beyond is cut off
constexpr double kKeyLimit = 127.0;
constexpr double kQueryLimit = 2047.0; ///< of twice a query; what is beyond is far from any key

/// For keys up to `farthest` standard deviations. In single precision, as model files hold it.
double stepFor(double farthest)
{
    return double(float(std::clamp(farthest, 1.0, kFarthestKey) / kKeyLimit));
}

/// Rounded to 8 bits.
torch::Tensor inSteps(const torch::Tensor& standardised, double step)
{
    return (standardised / step).round().clamp(-kKeyLimit, kKeyLimit).to(torch::kChar);
}

/// Of each of `count` candidates to `key`. `byChannel`: channels x count.
LYNCEUS_FOR_EACH_PROCESSOR
void squaredDistances(const float* byChannel, std::int64_t count, const float* key, std::int64_t channels,
                      float* squares)
{
    std::fill(squares, squares + count, 0.0F);
    for (std::int64_t channel = 0; channel < channels; ++channel, byChannel += count) {
        for (std::int64_t i = 0; i < count; ++i)
            squares[i] += (byChannel[i] - key[channel]) * (byChannel[i] - key[channel]);
    }
}

/// `chosen`: `wanted` of the `count` candidates (count x channels), each the one that is farthest from all before it,
/// so that whatever is seen on good parts is near to one of them. The first is the one nearest to their mean.
void chooseFarthest(const std::int8_t* candidates, std::int64_t count, std::int64_t channels, std::int64_t wanted,
                    std::int64_t* chosen)
{
    const auto size = static_cast<std::size_t>(count);
    std::vector<float> byChannel(size * std::size_t(channels));
    std::vector<float> key(std::size_t(channels), 0.0F);
    for (std::int64_t i = 0; i < count; ++i) {
        for (std::int64_t channel = 0; channel < channels; ++channel) {
            const auto value = float(candidates[i * channels + channel]);
            byChannel[std::size_t(channel * count + i)] = value;
            key[std::size_t(channel)] += value / float(count);
        }
    }
    std::vector<float> squares(size);
    std::vector<float> least(size, std::numeric_limits<float>::infinity());
    squaredDistances(byChannel.data(), count, key.data(), channels, squares.data());
    std::int64_t next = std::min_element(squares.begin(), squares.end()) - squares.begin();
    for (std::int64_t k = 0; k < wanted; ++k) {
        chosen[k] = next;
        std::copy_n(candidates + next * channels, channels, key.begin());
        squaredDistances(byChannel.data(), count, key.data(), channels, squares.data());
        std::transform(squares.begin(), squares.end(), least.begin(), least.begin(),
                       [](float one, float other) { return std::min(one, other); });
        least[std::size_t(next)] = -1.0F; // it is taken
        next = std::max_element(least.begin(), least.end()) - least.begin();
    }
}

} // namespace

/// `keys`: H x W x N x C, 8 bits.
void NearestGood::Scale::layOut(const torch::Tensor& keys)
{
    const std::int64_t height = keys.size(0);
    const std::int64_t width = keys.size(1);
    const std::int64_t more = (kKeyTile - keys.size(2) % kKeyTile) % kKeyTile;
    const std::int64_t odd = keys.size(3) % 2;
    tiles = torch::constant_pad_nd(keys, {0, odd, 0, more})
                .view({height, width, -1, kKeyTile, (keys.size(3) + odd) / 2, 2})
                .transpose(3, 4)
                .contiguous();
    const auto squares = keys.to(torch::kInt).square().sum(3, false, torch::kInt) * fineness();
    norms = torch::constant_pad_nd(squares, {0, more}, kNoKey).contiguous();
}

torch::Tensor NearestGood::Scale::keys() const
{
    const auto padded = tiles.transpose(3, 4).reshape({tiles.size(0), tiles.size(1), -1, 2 * tiles.size(3)});
    return padded.slice(2, 0, spacing.size(2)).slice(3, 0, mean.numel()).contiguous();
}

torch::Tensor NearestGood::Scale::distances(const torch::Tensor& map, const torch::Tensor& usedNorms) const
{
    static const KeySearch search = keySearches().front();
    const std::int64_t height = tiles.size(0);
    const std::int64_t width = tiles.size(1);
    const std::int64_t padded = usedNorms.size(2);
    const std::int64_t channels = mean.numel();
    const std::int64_t pairs = tiles.size(3);
    const std::int64_t count = spacing.defined() ? spacing.size(2) : 0;
    const auto steps = ((map.to(torch::kFloat) - mean) * (scale / step)).contiguous();
    const double limit = kQueryLimit * fineness();
    const auto twice = (2.0 * fineness() * steps).clamp(-limit, limit).nan_to_num(0.0).round().to(torch::kShort);
    const auto queries = torch::constant_pad_nd(twice, {0, 2 * pairs - channels}).contiguous();
    const auto result = torch::empty({height, width});
    const std::int16_t* query = queries.data_ptr<std::int16_t>();
    const float* values = steps.data_ptr<float>();
    const std::int8_t* tile = tiles.data_ptr<std::int8_t>();
    const std::int32_t* norm = usedNorms.data_ptr<std::int32_t>();
    const float* spaced = count > 0 ? spacing.data_ptr<float>() : nullptr;
    float* out = result.data_ptr<float>();
    struct Nearest
    {
        FoundKey found{std::numeric_limits<std::int32_t>::min(), 0};
        std::int64_t place = -1;
    };
    std::vector<Nearest> cells(std::size_t(height * width));
    at::parallel_for(0, height, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t y = std::max<std::int64_t>(0, begin - 1); y < std::min(height, end + 1); ++y) {
            for (std::int64_t x = 0; x < width; ++x) {
                const std::int64_t place = y * width + x;
                std::array<const std::int16_t*, kKeyQueries> around{};
                std::array<Nearest*, kKeyQueries> lookers{}; // null: outside the image, or another thread's
                for (std::size_t i = 0; i < kKeyQueries; ++i) {
                    const std::int64_t row = y + std::int64_t(i / 3) - 1;
                    const std::int64_t column = x + std::int64_t(i % 3) - 1;
                    const bool mine = row >= begin && row < end && column >= 0 && column < width;
                    const std::int64_t cell = mine ? row * width + column : place;
                    around[i] = query + cell * 2 * pairs;
                    lookers[i] = mine ? &cells[std::size_t(cell)] : nullptr;
                }
                std::array<FoundKey, kKeyQueries> found;
                search(around, {tile + place * padded * 2 * pairs, norm + place * padded, padded / kKeyTile, pairs},
                       found);
                for (std::size_t i = 0; i < kKeyQueries; ++i) {
                    Nearest* looker = lookers[i];
                    if (looker == nullptr || found[i].value <= looker->found.value ||
                        norm[place * padded + found[i].key] == kNoKey)
                        continue;
                    looker->found = found[i];
                    looker->place = place;
                }
            }
        }
        for (std::int64_t cell = begin * width; cell < end * width; ++cell) {
            const Nearest& nearest = cells[std::size_t(cell)];
            const float* own = values + cell * channels;
            float square = 0.0F; // where there is no key
            if (nearest.place >= 0) {
                const std::int64_t block = nearest.place * padded + nearest.found.key / kKeyTile * kKeyTile;
                const std::int8_t* key = tile + block * 2 * pairs + nearest.found.key % kKeyTile * 2;
                for (std::int64_t channel = 0; channel < channels; ++channel) {
                    const float gap = own[channel] - float(key[channel / 2 * 2 * kKeyTile + channel % 2]);
                    square += gap * gap;
                }
            } else {
                square = 0.0F * std::accumulate(own, own + channels, 0.0F);
            }
            // No number is near to nothing, whatever key was found.
            double distance = std::isfinite(square) ? std::sqrt(square) * step : std::nan("");
            if (nearest.place >= 0 && spaced != nullptr)
                distance -= kSpacingShare * double(spaced[nearest.place * count + nearest.found.key]);
            out[cell] = float(distance);
        }
    });
    return result;
}

torch::Tensor NearestGood::Scale::normsWithout(std::size_t image) const
{
    TORCH_CHECK(owners.defined(), "a branch from a file does not know its images");
    return norms.masked_fill(owners == std::int64_t(image), kNoKey);
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
                                          const std::vector<std::size_t>& firsts, double share,
                                          std::vector<torch::Tensor>& leftOut, const CancelToken& cancel)
{
    Scale scale;
    const std::int64_t height = maps.front().size(0);
    const std::int64_t width = maps.front().size(1);
    const std::int64_t channels = maps.front().size(2);
    const auto pictures = std::int64_t(maps.size());
    auto sum = torch::zeros({channels}, torch::kDouble);
    auto squares = torch::zeros({channels}, torch::kDouble);
    for (const torch::Tensor& map : maps) {
        const auto flat = map.view({-1, channels}).to(torch::kDouble);
        sum += flat.mean(0);
        squares += flat.square().mean(0);
    }
    const auto mean = sum / double(pictures);
    scale.mean = mean.to(torch::kFloat);
    scale.scale = (squares / double(pictures) - mean.square()).clamp_min(1e-10).rsqrt().to(torch::kFloat);
    const auto standardised = [&](const torch::Tensor& map) {
        return (map.to(torch::kFloat) - scale.mean) * scale.scale;
    };
    double farthest = 0.0;
    for (const torch::Tensor& map : maps)
        farthest = std::max(farthest, standardised(map).abs().max().item<double>());
    scale.step = stepFor(farthest);

    auto ownerOf = torch::empty({pictures}, torch::kInt64);
    for (std::size_t image = 0; image < firsts.size(); ++image)
        ownerOf.slice(0, std::int64_t(firsts[image])).fill_(std::int64_t(image));

    auto cells = torch::empty({height, width, pictures, channels}, torch::kChar);
    for (std::int64_t picture = 0; picture < pictures; ++picture)
        cells.select(2, picture).copy_(inSteps(standardised(maps[std::size_t(picture)]), scale.step));
    const std::int64_t kept = std::clamp<std::int64_t>(std::llround(share * double(pictures)), 1, pictures);
    auto chosen = torch::arange(pictures).expand({height, width, pictures}).contiguous();
    if (kept < pictures) {
        chosen = torch::empty({height, width, kept}, torch::kInt64);
        auto* choice = chosen.data_ptr<std::int64_t>();
        const auto* candidates = cells.data_ptr<std::int8_t>();
        at::parallel_for(0, height * width, 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t place = begin; place < end && !cancel.isCancelled(); ++place)
                chooseFarthest(candidates + place * pictures * channels, pictures, channels, kept,
                               choice + place * kept);
        });
        cancel.throwIfCancelled();
        cells = cells.gather(2, chosen.unsqueeze(3).expand({height, width, kept, channels}));
    }
    scale.layOut(cells);
    scale.owners = torch::constant_pad_nd(ownerOf.index({chosen}), {0, scale.norms.size(2) - kept}, -1);

    const auto withoutOwnKeys = [&](std::size_t picture, std::size_t image) {
        cancel.throwIfCancelled();
        return scale.distances(maps[picture], scale.normsWithout(image));
    };
    std::vector<torch::Tensor> plain;
    for (std::size_t picture = 0; picture < maps.size(); ++picture)
        plain.push_back(withoutOwnKeys(picture, std::size_t(ownerOf[std::int64_t(picture)].item<std::int64_t>())));
    // As model files hold them; rounded here, figures are true to the file.
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
        m_scales[i] = makeScale(maps[i], firsts, share, distances, cancel);
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
    const auto& spacing = m_scales[1].spacing;
    return spacing.defined() ? spacing.numel() : 0;
}

torch::Tensor NearestGood::distances(const FeatureLevels& levels, std::optional<std::size_t> leftOut) const
{
    const torch::NoGradGuard noGrad;
    const Scales maps = scalesOf(levels);
    Scales distances;
    for (std::size_t i = 0; i < kScales; ++i) {
        const Scale& scale = m_scales[i];
        TORCH_CHECK(maps[i].sizes().slice(0, 2) == scale.tiles.sizes().slice(0, 2), "image of another size");
        const auto norms = leftOut ? scale.normsWithout(*leftOut) : scale.norms;
        distances[i] = (scale.distances(maps[i], norms) - scale.usual) / scale.deviation;
    }
    return average(distances);
}

StateDict NearestGood::state() const
{
    StateDict state;
    for (std::size_t i = 0; i < kScales; ++i) {
        const Scale& scale = m_scales[i];
        const std::string prefix = std::to_string(i) + '.';
        state.emplace(prefix + "keys", scale.keys());
        state.emplace(prefix + "spacing", scale.spacing);
        state.emplace(prefix + "mean", scale.mean);
        state.emplace(prefix + "scale", scale.scale);
        state.emplace(prefix + "usual", torch::tensor({scale.usual, scale.deviation, scale.step}, torch::kFloat));
    }
    return state;
}

NearestGood NearestGood::fromState(const StateDict& state, const QString& source)
{
    NearestGood result;
    for (std::size_t i = 0; i < kScales; ++i) {
        const auto entry = [&](const char* name, std::int64_t dimensions, std::optional<torch::ScalarType> type) {
            const auto found = state.find(std::to_string(i) + '.' + name);
            if (found == state.end() || (type && found->second.scalar_type() != *type) ||
                found->second.dim() != dimensions || found->second.numel() == 0)
                throw broken(source);
            return found->second.contiguous();
        };
        Scale& scale = result.m_scales[i];
        scale.spacing = entry("spacing", 3, torch::kFloat);
        scale.mean = entry("mean", 1, torch::kFloat);
        scale.scale = entry("scale", 1, torch::kFloat);
        const auto usual = entry("usual", 1, torch::kFloat);
        auto keys = entry("keys", 4, {});
        const bool hasSteps = keys.scalar_type() == torch::kChar;
        if ((!hasSteps && keys.scalar_type() != torch::kFloat) || usual.numel() != (hasSteps ? 3 : 2))
            throw broken(source);
        if (scale.spacing.sizes() != keys.sizes().slice(0, 3) || scale.mean.numel() != keys.size(3) ||
            scale.scale.numel() != keys.size(3) || keys.size(3) > kMostChannels)
            throw broken(source);
        scale.usual = usual[0].item<double>();
        scale.deviation = usual[1].item<double>();
        scale.step = hasSteps ? usual[2].item<double>() : stepFor(keys.abs().max().item<double>());
        if (!std::isfinite(scale.usual) || !(scale.deviation > 0.0) || !(scale.step > 0.0 && scale.step < kFarthestKey))
            throw broken(source);
        scale.layOut(hasSteps ? keys : inSteps(keys, scale.step)); // before, keys were numbers in half precision
    }
    const auto& scales = result.m_scales;
    const auto placesOf = [](const Scale& scale) { return scale.tiles.sizes().slice(0, 2); };
    if (placesOf(scales[0]) != placesOf(scales[1]) || placesOf(scales[2]) != placesOf(scales[3]))
        throw broken(source);
    return result;
}

} // namespace lynceus
