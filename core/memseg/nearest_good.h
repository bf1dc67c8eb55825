// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/nn/state_dict.h"

#include <torch/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace lynceus {

/// Features of one image at strides 4, 8 and 16, 1 x C x H x W each.
using FeatureLevels = std::array<torch::Tensor, 3>;

/// The nearest-good branch: how far each place of a part is from the nearest similar place on good parts, in features
/// of the frozen encoder alone. Needs no training, so a product is usable seconds after its good images were read.
///
/// It looks at four scales one by one: strides 4 and 8 in cells of stride 8, stride 16 in its own cells, and stride 16
/// averaged over 3 x 3 cells. Channels are standardised over the good images. A cell is compared with the keys (cells
/// of good images) at its own place and the eight around it; half of the key's own distance to its nearest fellow on
/// another image is taken off, so that places where good parts differ much count less. Each scale is
/// standardised by what good parts show when they are left out, then the scales are averaged (docs/memseg.md).
class NearestGood
{
public:
    static constexpr std::size_t kScales = 4;

    struct Options
    {
        /// Keys of stride 8; beyond, each place keeps those of the images that are farthest from each other there.
        std::int64_t mostKeys = 80'000;
    };

    /// What the scales see of one picture, H x W x C each, in any precision: all that has to be kept of it.
    using Scales = std::array<torch::Tensor, kScales>;
    static Scales scalesOf(const FeatureLevels& levels);

    NearestGood() = default;
    /// Good images of one size, each with the ways it may lie: as it was taken first, then turned copies, if any.
    NearestGood(const std::vector<std::vector<Scales>>& good, const Options& options, const CancelToken& cancel = {});
    /// The same of images that lie one way.
    NearestGood(const std::vector<FeatureLevels>& good, const Options& options, const CancelToken& cancel = {});

    bool isEmpty() const { return size() == 0; }
    /// H x W (cells of stride 8) on the CPU, in standard deviations of good parts: 0 is as usual; NaN where the
    /// features are no finite numbers. `leftOut`: as if the good image of that index had not been there, to see it as a
    /// new one; only before the branch went to a file.
    torch::Tensor distances(const FeatureLevels& levels, std::optional<std::size_t> leftOut = {}) const;

    /// Keys of stride 8.
    std::int64_t size() const;
    /// Of each good image it was made from: the mean over its most unusual hundredth of cells when the image itself is
    /// left out. Empty after fromState().
    const std::vector<double>& oddness() const { return m_oddness; }
    /// The same figure of a map that distances() gave.
    static double oddnessOf(const torch::Tensor& distances);
    /// How far good places are from the nearest good one when their image is left out, in deviations of the features:
    /// the smaller, the better the branch knows what good parts look like.
    double usualDistance() const;

    /// What a model file holds, per scale "0." to "3.": keys (H x W x N x C, 8 bits, in steps), spacing (H x W x N),
    /// mean and scale (C), usual (mean and deviation of the distances, step of the keys in deviations). Files from
    /// before have keys in half precision and no step.
    StateDict state() const;
    /// Throws Error(Model) naming `source` when the tensors do not go together.
    static NearestGood fromState(const StateDict& state, const QString& source);

private:
    struct Scale
    {
        torch::Tensor spacing; ///< H x W x N: distance to the nearest key of another image
        torch::Tensor mean;    ///< C
        torch::Tensor scale;   ///< C, one over the standard deviation
        double step = 1.0;     ///< of the keys' whole numbers, standard deviations
        double usual = 0.0;
        double deviation = 1.0;
        torch::Tensor tiles;  ///< the keys as KeyBlock has them: H x W x tiles x pairs x keys of a tile x 2
        torch::Tensor norms;  ///< H x W x (tiles x keys of a tile), as KeyBlock has them, times fineness()
        torch::Tensor owners; ///< as norms: the image of each key, -1 where there is none; not in a file

        /// Parts of a step that queries count in, as far as sums have the room: neighbours that are about as near are
        /// then told apart by the same features on every engine.
        int fineness() const { return mean.numel() <= 256 ? 8 : 2; }
        void layOut(const torch::Tensor& keys);
        torch::Tensor keys() const;
        torch::Tensor normsWithout(std::size_t image) const;
        /// H x W, spacing taken off. `map`: H x W x C.
        torch::Tensor distances(const torch::Tensor& map, const torch::Tensor& norms) const;
    };

    static Scale makeScale(const std::vector<torch::Tensor>& maps, const std::vector<std::size_t>& firsts, double share,
                           std::vector<torch::Tensor>& leftOut, const CancelToken& cancel);
    static torch::Tensor average(const Scales& scales);

    std::array<Scale, kScales> m_scales;
    std::vector<double> m_oddness;
};

} // namespace lynceus
