// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/layers.h"

#include "core/nn/torch.h"

namespace lynceus {

void layOutChannelsLast(torch::nn::Module& module)
{
    for (torch::Tensor& parameter : module.parameters()) {
        if (parameter.dim() == 4)
            parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
    }
}

void prepareForInference(torch::nn::Module& module)
{
    module.eval();
    for (auto& parameter : module.parameters())
        parameter.set_requires_grad(false);
}

void foldBatchNorm(torch::nn::Conv2dImpl& conv, const torch::nn::BatchNorm2dImpl& bn)
{
    const torch::NoGradGuard noGrad;
    const torch::Tensor scale = bn.weight / torch::sqrt(bn.running_var + bn.options.eps());
    const torch::Tensor offset = conv.bias.defined() ? conv.bias - bn.running_mean : -bn.running_mean;
    conv.weight.mul_(scale.view({-1, 1, 1, 1}));
    // A convolution made without a bias cannot register one later; forward() uses the member.
    conv.bias = offset * scale + bn.bias;
}

} // namespace lynceus
