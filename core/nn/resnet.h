// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/torch.h"

#include <array>
#include <cstdint>

namespace lynceus {

/// Two 3x3 convolutions with batch norm and a shortcut (torchvision BasicBlock).
class BasicBlockImpl : public torch::nn::Module
{
public:
    BasicBlockImpl(int inChannels, int channels, int stride);
    torch::Tensor forward(const torch::Tensor& x);
    void foldBatchNorms();

    torch::nn::Conv2d conv1{nullptr};
    torch::nn::BatchNorm2d bn1{nullptr};
    torch::nn::Conv2d conv2{nullptr};
    torch::nn::BatchNorm2d bn2{nullptr};
    torch::nn::Sequential downsample{nullptr};
};
TORCH_MODULE(BasicBlock);

/// ResNet-18 with torchvision's keys (methods.md 1.2). `width` is the channel count of the stem and layer1, 64 in the
/// paper; layers 2 to 4 have 2, 4 and 8 times that. `classes` 0: no fc.
class ResNet18Impl : public torch::nn::Module
{
public:
    explicit ResNet18Impl(int width = 64, int classes = 0);

    /// f0 (stem after ReLU, stride 2), f1..f4 (layer1..layer4, strides 4, 8, 16, 32).
    std::array<torch::Tensor, 5> features(const torch::Tensor& x);
    /// Only what frozen levels need: f0..f3.
    std::array<torch::Tensor, 4> stemToLayer3(const torch::Tensor& x);
    /// Logits; needs classes > 0.
    torch::Tensor forward(const torch::Tensor& x);
    /// Leaves the last layer out, for those that use f0..f3 alone; features() must not be called then.
    void dropLayer4();
    /// For inference only: every batch norm goes into the convolution before it and leaves the module. Call it on the
    /// final device; the keys are no longer torchvision's.
    void foldBatchNorms();

    torch::nn::Conv2d conv1{nullptr};
    torch::nn::BatchNorm2d bn1{nullptr};
    torch::nn::Sequential layer1{nullptr};
    torch::nn::Sequential layer2{nullptr};
    torch::nn::Sequential layer3{nullptr};
    torch::nn::Sequential layer4{nullptr};
    torch::nn::Linear fc{nullptr};
};
TORCH_MODULE(ResNet18);

/// Kaiming fan-out initialisation as torchvision does it, from `seed` alone.
void initialise(ResNet18Impl& net, std::uint64_t seed);

} // namespace lynceus
