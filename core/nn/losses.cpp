// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/losses.h"

#include "core/nn/torch.h"

namespace lynceus {

torch::Tensor softmaxFocalLoss(const torch::Tensor& logits, const torch::Tensor& target, double gamma, double smooth)
{
    constexpr double kEpsilon = 1e-5;
    const torch::Tensor probability = torch::softmax(logits, 1);
    const torch::Tensor oneHot = torch::stack({1.0 - target, target}, 1).clamp(smooth, 1.0 - smooth);
    const torch::Tensor loss = -torch::pow(1.0 - probability, gamma) * torch::log(probability + kEpsilon);
    return (oneHot * loss).sum(1).mean();
}

torch::Tensor defectL1Loss(const torch::Tensor& logits, const torch::Tensor& target)
{
    return (torch::softmax(logits, 1).select(1, 1) - target).abs().mean();
}

torch::Tensor memSegLoss(const torch::Tensor& logits, const torch::Tensor& target, double gamma)
{
    return 0.6 * defectL1Loss(logits, target) + 0.4 * softmaxFocalLoss(logits, target, gamma);
}

} // namespace lynceus
