// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/batch_norm.h"

#include "core/nn/processor_clones.h"

#include <ATen/Parallel.h>
#include <torch/torch.h>

#include <cstdint>
#include <vector>

namespace lynceus {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

constexpr std::int64_t kChunk = 512; ///< rows (pixels) that are summed in single precision

// Data is rows x channels; the normalised value is (x - mean) * scale + shift, in this order, which stays exact when
// the mean is far from zero.

LYNCEUS_FOR_EACH_PROCESSOR
void sumRows(const float* x, const float* centre, std::int64_t rows, std::int64_t channels, float* sum, float* squares)
{
    for (std::int64_t row = 0; row < rows; ++row, x += channels) {
        for (std::int64_t c = 0; c < channels; ++c) {
            const float value = x[c] - centre[c];
            sum[c] += value;
            squares[c] += value * value;
        }
    }
}

LYNCEUS_FOR_EACH_PROCESSOR
void normaliseRows(const float* x, const float* mean, const float* scale, const float* shift, std::int64_t rows,
                   std::int64_t channels, float* y)
{
    for (std::int64_t row = 0; row < rows; ++row, x += channels, y += channels) {
        for (std::int64_t c = 0; c < channels; ++c) {
            const float value = (x[c] - mean[c]) * scale[c] + shift[c];
            y[c] = value > 0.0F ? value : 0.0F;
        }
    }
}

/// Sums of the gradient where ReLU let it pass, and of its product with x - mean.
LYNCEUS_FOR_EACH_PROCESSOR
void sumGradientRows(const float* x, const float* gradient, const float* mean, const float* scale, const float* shift,
                     std::int64_t rows, std::int64_t channels, float* sum, float* products)
{
    for (std::int64_t row = 0; row < rows; ++row, x += channels, gradient += channels) {
        for (std::int64_t c = 0; c < channels; ++c) {
            const float passed = (x[c] - mean[c]) * scale[c] + shift[c] > 0.0F ? gradient[c] : 0.0F;
            sum[c] += passed;
            products[c] += passed * (x[c] - mean[c]);
        }
    }
}

/// out = scale * passed + slope * (x - mean) + offset
LYNCEUS_FOR_EACH_PROCESSOR
void spreadGradientRows(const float* x, const float* gradient, const float* mean, const float* scale,
                        const float* shift, const float* slope, const float* offset, std::int64_t rows,
                        std::int64_t channels, float* out)
{
    for (std::int64_t row = 0; row < rows; ++row, x += channels, gradient += channels, out += channels) {
        for (std::int64_t c = 0; c < channels; ++c) {
            const float passed = (x[c] - mean[c]) * scale[c] + shift[c] > 0.0F ? gradient[c] : 0.0F;
            out[c] = scale[c] * passed + slope[c] * (x[c] - mean[c]) + offset[c];
        }
    }
}

/// Two sums over all rows, 2 x C in double precision. `add(first, rows, sum, other)` adds up some rows.
template <class Add>
torch::Tensor sums(std::int64_t rows, std::int64_t channels, const Add& add)
{
    const std::int64_t chunks = (rows + kChunk - 1) / kChunk;
    const auto partial = torch::zeros({chunks, 2, channels});
    auto* data = partial.data_ptr<float>();
    at::parallel_for(0, chunks, 8, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t chunk = begin; chunk < end; ++chunk) {
            float* own = data + 2 * chunk * channels;
            add(chunk * kChunk, std::min(kChunk, rows - chunk * kChunk), own, own + channels);
        }
    });
    return partial.sum({0}, false, torch::kDouble);
}

class BatchNormRelu final : public torch::autograd::Function<BatchNormRelu>
{
public:
    static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& weight,
                                 const torch::Tensor& bias, const torch::Tensor& runningMean,
                                 const torch::Tensor& runningVariance, double momentum, double epsilon)
    {
        const std::int64_t channels = x.size(1);
        const std::int64_t rows = x.numel() / channels;
        const auto* data = x.data_ptr<float>();
        // Sums around a value of the data keep single precision exact enough when the mean is far from zero.
        const auto centre = x.permute({0, 2, 3, 1})[0][0][0].contiguous();
        const auto both = sums(rows, channels, [&](std::int64_t first, std::int64_t count, float* sum, float* squares) {
            sumRows(data + first * channels, centre.data_ptr<float>(), count, channels, sum, squares);
        });
        const auto offset = both[0] / double(rows);
        const auto mean = (offset + centre).to(torch::kFloat);
        const auto variance = (both[1] / double(rows) - offset.square()).clamp_min(0.0);
        const auto deviation = (variance + epsilon).sqrt();
        const auto scale = (weight / deviation).to(torch::kFloat).contiguous();
        const auto shift = bias.contiguous();
        if (runningMean.defined()) {
            runningMean.mul_(1.0 - momentum).add_(mean, momentum);
            const double unbiased = rows > 1 ? double(rows) / double(rows - 1) : 1.0;
            runningVariance.mul_(1.0 - momentum).add_(variance.to(torch::kFloat), momentum * unbiased);
        }

        auto y = torch::empty_like(x);
        at::parallel_for(0, rows, kChunk, [&](std::int64_t begin, std::int64_t end) {
            normaliseRows(data + begin * channels, mean.data_ptr<float>(), scale.data_ptr<float>(),
                          shift.data_ptr<float>(), end - begin, channels, y.data_ptr<float>() + begin * channels);
        });
        context->save_for_backward({x, mean, deviation.to(torch::kFloat), scale, shift});
        return y;
    }

    static tensor_list backward(AutogradContext* context, const tensor_list& gradients)
    {
        const auto saved = context->get_saved_variables();
        const auto& x = saved[0];
        const auto& mean = saved[1];
        const auto& deviation = saved[2];
        const auto& scale = saved[3];
        const auto& shift = saved[4];
        const auto gradient = gradients[0].contiguous(torch::MemoryFormat::ChannelsLast);
        const std::int64_t channels = x.size(1);
        const std::int64_t rows = x.numel() / channels;
        const auto* data = x.data_ptr<float>();
        const auto* given = gradient.data_ptr<float>();
        const auto both = sums(rows, channels, [&](std::int64_t first, std::int64_t count, float* sum, float* product) {
            sumGradientRows(data + first * channels, given + first * channels, mean.data_ptr<float>(),
                            scale.data_ptr<float>(), shift.data_ptr<float>(), count, channels, sum, product);
        });
        const auto toBias = both[0];
        const auto toWeight = both[1] / deviation; // of the standardised values
        const auto slope = (-scale * toWeight / deviation / double(rows)).to(torch::kFloat).contiguous();
        const auto offset = (-scale * toBias / double(rows)).to(torch::kFloat).contiguous();

        auto out = torch::empty_like(x);
        at::parallel_for(0, rows, kChunk, [&](std::int64_t begin, std::int64_t end) {
            spreadGradientRows(data + begin * channels, given + begin * channels, mean.data_ptr<float>(),
                               scale.data_ptr<float>(), shift.data_ptr<float>(), slope.data_ptr<float>(),
                               offset.data_ptr<float>(), end - begin, channels,
                               out.data_ptr<float>() + begin * channels);
        });
        return {out, toWeight.to(torch::kFloat), toBias.to(torch::kFloat), {}, {}, {}, {}};
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
