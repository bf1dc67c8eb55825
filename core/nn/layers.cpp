// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/layers.h"

#include <torch/torch.h>

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

} // namespace lynceus
