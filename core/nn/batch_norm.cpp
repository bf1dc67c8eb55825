// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/batch_norm.h"

#include "core/nn/processor_clones.h"
#include "core/nn/torch.h"

#include <torch/autograd.h>

#include <algorithm>
#include <cstdint>

namespace lynceus {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

constexpr std::int64_t kStrip = 512; ///< values at least that the innermost loops run over
constexpr std::int64_t kStrips = 16; ///< that are summed in single precision

// Data is pixels x channels. What belongs to a channel is repeated to the length of a strip of several pixels, so that
// the loops are long however few channels there are. The normalised value is (x - mean) * scale + shift, in this order,
// which stays exact when the mean is far from zero.

LYNCEUS_FOR_EACH_PROCESSOR
void addStrip(const float* __restrict x, const float* __restrict centre, std::int64_t count, float* __restrict sum,
              float* __restrict squares)
{
    for (std::int64_t i = 0; i < count; ++i) {
        const float value = x[i] - centre[i];
        sum[i] += value;
        squares[i] += value * value;
    }
}

LYNCEUS_FOR_EACH_PROCESSOR
void normaliseStrip(const float* __restrict x, const float* __restrict mean, const float* __restrict scale,
                    const float* __restrict shift, std::int64_t count, float* __restrict y)
{
    for (std::int64_t i = 0; i < count; ++i) {
        const float value = (x[i] - mean[i]) * scale[i] + shift[i];
        y[i] = value > 0.0F ? value : 0.0F;
    }
}

/// Sums of the gradient where ReLU let it pass, and of its product with x - mean.
LYNCEUS_FOR_EACH_PROCESSOR
void addGradientStrip(const float* __restrict x, const float* __restrict gradient, const float* __restrict mean,
                      const float* __restrict scale, const float* __restrict shift, std::int64_t count,
                      float* __restrict sum, float* __restrict products)
{
    for (std::int64_t i = 0; i < count; ++i) {
        const float centred = x[i] - mean[i];
        const float passed = centred * scale[i] + shift[i] > 0.0F ? gradient[i] : 0.0F;
        sum[i] += passed;
        products[i] += passed * centred;
    }
}

/// out = scale * passed + slope * (x - mean) + offset
LYNCEUS_FOR_EACH_PROCESSOR
void spreadGradientStrip(const float* __restrict x, const float* __restrict gradient, const float* __restrict mean,
                         const float* __restrict scale, const float* __restrict shift, const float* __restrict slope,
                         const float* __restrict offset, std::int64_t count, float* __restrict out)
{
    for (std::int64_t i = 0; i < count; ++i) {
        const float centred = x[i] - mean[i];
        const float passed = centred * scale[i] + shift[i] > 0.0F ? gradient[i] : 0.0F;
        out[i] = scale[i] * passed + slope[i] * centred + offset[i];
    }
}

/// How the values of a tensor in channels-last memory are cut up.
class Strips
{
public:
    explicit Strips(const torch::Tensor& x)
        : m_values(x.numel())
        , m_channels(x.size(1))
        , m_strip(std::max<std::int64_t>(1, kStrip / m_channels) * m_channels)
    {
    }

    double pixels() const { return double(m_values / m_channels); }
    /// What belongs to the channels, repeated to the length of a strip, in single precision.
    torch::Tensor repeated(const torch::Tensor& channels) const
    {
        return channels.to(torch::kFloat).repeat({m_strip / m_channels});
    }

    /// `body(first, count)` for each strip, on all threads.
    template <class Body>
    void forEach(const Body& body) const
    {
        const std::int64_t strips = (m_values + m_strip - 1) / m_strip;
        at::parallel_for(0, strips, kStrips, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t strip = begin; strip < end; ++strip)
                body(strip * m_strip, std::min(m_strip, m_values - strip * m_strip));
        });
    }

    /// Two sums of each channel, 2 x C in double precision. `add(first, count, sum, other)` adds up a strip.
    template <class Add>
    torch::Tensor sums(const Add& add) const
    {
        const std::int64_t strips = (m_values + m_strip - 1) / m_strip;
        const std::int64_t groups = (strips + kStrips - 1) / kStrips;
        const auto partial = torch::zeros({groups, 2, m_strip / m_channels, m_channels});
        auto* data = partial.data_ptr<float>();
        at::parallel_for(0, groups, 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t group = begin; group < end; ++group) {
                float* own = data + 2 * group * m_strip;
                for (std::int64_t strip = group * kStrips; strip < std::min(strips, (group + 1) * kStrips); ++strip)
                    add(strip * m_strip, std::min(m_strip, m_values - strip * m_strip), own, own + m_strip);
            }
        });
        return partial.sum(torch::IntArrayRef({0, 2}), false, torch::kDouble);
    }

private:
    std::int64_t m_values;
    std::int64_t m_channels;
    std::int64_t m_strip;
};

class BatchNormRelu final : public torch::autograd::Function<BatchNormRelu>
{
public:
    static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& weight,
                                 const torch::Tensor& bias, const torch::Tensor& runningMean,
                                 const torch::Tensor& runningVariance, double momentum, double epsilon)
    {
        const Strips strips(x);
        const auto* data = x.data_ptr<float>();
        // Sums around a value of the data keep single precision exact enough when the mean is far from zero.
        const auto centre = x.permute({0, 2, 3, 1})[0][0][0].contiguous();
        const auto around = strips.repeated(centre);
        const auto both = strips.sums([&](std::int64_t first, std::int64_t count, float* sum, float* squares) {
            addStrip(data + first, around.data_ptr<float>(), count, sum, squares);
        });
        const auto offset = both[0] / strips.pixels();
        const auto mean = (offset + centre).to(torch::kFloat);
        const auto variance = (both[1] / strips.pixels() - offset.square()).clamp_min(0.0);
        const auto deviation = (variance + epsilon).sqrt();
        const auto scale = strips.repeated(weight / deviation);
        const auto shift = strips.repeated(bias);
        const auto means = strips.repeated(mean);
        if (runningMean.defined()) {
            runningMean.mul_(1.0 - momentum).add_(mean, momentum);
            const double unbiased = strips.pixels() > 1.0 ? strips.pixels() / (strips.pixels() - 1.0) : 1.0;
            runningVariance.mul_(1.0 - momentum).add_(variance.to(torch::kFloat), momentum * unbiased);
        }

        auto y = torch::empty_like(x);
        auto* out = y.data_ptr<float>();
        strips.forEach([&](std::int64_t first, std::int64_t count) {
            normaliseStrip(data + first, means.data_ptr<float>(), scale.data_ptr<float>(), shift.data_ptr<float>(),
                           count, out + first);
        });
        context->save_for_backward({x, weight, deviation, means, scale, shift});
        return y;
    }

    static tensor_list backward(AutogradContext* context, const tensor_list& gradients)
    {
        const auto saved = context->get_saved_variables();
        const auto& x = saved[0];
        const auto& weight = saved[1];
        const auto& deviation = saved[2];
        const auto* mean = saved[3].data_ptr<float>();
        const auto* scale = saved[4].data_ptr<float>();
        const auto* shift = saved[5].data_ptr<float>();
        const auto gradient = gradients[0].contiguous(torch::MemoryFormat::ChannelsLast);
        const Strips strips(x);
        const auto* data = x.data_ptr<float>();
        const auto* given = gradient.data_ptr<float>();
        const auto both = strips.sums([&](std::int64_t first, std::int64_t count, float* sum, float* products) {
            addGradientStrip(data + first, given + first, mean, scale, shift, count, sum, products);
        });
        const auto toBias = both[0];
        const auto toWeight = both[1] / deviation; // of the standardised values
        const auto share = -weight / deviation / strips.pixels();
        const auto slope = strips.repeated(share * toWeight / deviation);
        const auto offset = strips.repeated(share * toBias);

        auto result = torch::empty_like(x);
        auto* out = result.data_ptr<float>();
        strips.forEach([&](std::int64_t first, std::int64_t count) {
            spreadGradientStrip(data + first, given + first, mean, scale, shift, slope.data_ptr<float>(),
                                offset.data_ptr<float>(), count, out + first);
        });
        return {result, toWeight.to(torch::kFloat), toBias.to(torch::kFloat), {}, {}, {}, {}};
    }
};

} // namespace

torch::Tensor batchNormRelu(torch::nn::BatchNorm2dImpl& norm, const torch::Tensor& x)
{
    const auto momentum = norm.options.momentum();
    if (!norm.is_training() || !x.is_cpu() || x.scalar_type() != torch::kFloat || !norm.options.affine() ||
        !momentum.has_value() || !x.is_contiguous(torch::MemoryFormat::ChannelsLast))
        return norm.forward(x).relu_();
    return BatchNormRelu::apply(x, norm.weight, norm.bias, norm.running_mean, norm.running_var, *momentum,
                                norm.options.eps());
}

} // namespace lynceus
