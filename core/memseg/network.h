// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/memseg/options.h"
#include "core/nn/mobilenet.h"
#include "core/nn/resnet.h"
#include "core/nn/torch.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace lynceus {

/// Coordinate attention (methods.md 1.2, MSFF): x * a_w * a_h.
class CoordAttImpl : public torch::nn::Module
{
public:
    explicit CoordAttImpl(int channels);
    torch::Tensor forward(const torch::Tensor& x);
    void foldBatchNorm();

    torch::nn::Conv2d conv1{nullptr};
    torch::nn::BatchNorm2d bn1{nullptr};
    torch::nn::Conv2d conv_h{nullptr};
    torch::nn::Conv2d conv_w{nullptr};
};
TORCH_MODULE(CoordAtt);

/// One level of MSFF: c channels in, c/2 out.
class MsffBlockImpl : public torch::nn::Module
{
public:
    explicit MsffBlockImpl(int channels);
    torch::Tensor forward(const torch::Tensor& ci);

    torch::nn::Conv2d conv1{nullptr};
    CoordAtt attn{nullptr};
    torch::nn::Sequential conv2{nullptr};
};
TORCH_MODULE(MsffBlock);

/// Multi-scale feature fusion. In: CI1..CI3 (features first, differences second). Out: G1..G3 = F_l * M_l.
class MsffImpl : public torch::nn::Module
{
public:
    /// `channels`: of the encoder's levels of strides 4, 8, 16.
    explicit MsffImpl(const std::array<int, 3>& channels = {64, 128, 256});
    /// `logAttention`: M as log(1 + M).
    std::array<torch::Tensor, 3> forward(const std::array<torch::Tensor, 3>& ci, bool logAttention = false);

    MsffBlock blk1{nullptr};
    MsffBlock blk2{nullptr};
    MsffBlock blk3{nullptr};
    torch::nn::Sequential upconv32{nullptr};
    torch::nn::Sequential upconv21{nullptr};
};
TORCH_MODULE(Msff);

/// 3x3 convolution, batch norm, ReLU. The children's names are their places in the Sequential of the reference.
class ConvBlockImpl : public torch::nn::Module
{
public:
    ConvBlockImpl(int inChannels, int outChannels, const std::string& convName = "0", const std::string& bnName = "1");
    torch::Tensor forward(const torch::Tensor& x);
    void foldBatchNorm();

    torch::nn::Conv2d conv{nullptr};
    torch::nn::BatchNorm2d bn{nullptr};

private:
    std::string m_bnName;
};
TORCH_MODULE(ConvBlock);

/// Bilinear x2 (align_corners true), then a ConvBlock whose layers are blk.1 and blk.2.
class UpConvBlockImpl : public torch::nn::Module
{
public:
    UpConvBlockImpl(int inChannels, int outChannels);
    torch::Tensor forward(const torch::Tensor& x);

    ConvBlock blk{nullptr};
};
TORCH_MODULE(UpConvBlock);

/// U-Net decoder, "full" (the paper's text) or "lite" (the reference); methods.md 1.2, Decoder.
class MemSegDecoderImpl : public torch::nn::Module
{
public:
    explicit MemSegDecoderImpl(bool full, int width = 64);
    /// f4 and f0 of the encoder, G1..G3; logits N x 2 x H x W at input size.
    torch::Tensor forward(const torch::Tensor& f4, const torch::Tensor& f0, const std::array<torch::Tensor, 3>& g);

    torch::nn::Conv2d conv{nullptr};
    UpConvBlock upconv3{nullptr};
    UpConvBlock upconv2{nullptr};
    UpConvBlock upconv1{nullptr};
    UpConvBlock upconv0{nullptr};
    UpConvBlock upconv2mask{nullptr};
    torch::nn::Sequential conv3{nullptr}; ///< full only, as conv2 .. final_block
    torch::nn::Sequential conv2{nullptr};
    torch::nn::Sequential conv1{nullptr};
    torch::nn::Sequential conv0{nullptr};
    ConvBlock final_block{nullptr};
    torch::nn::Conv2d final_conv{nullptr};

private:
    bool m_full;
};
TORCH_MODULE(MemSegDecoder);

/// A decoder for lines without a GPU (ours): no f4, few channels, and logits at stride 2 that are enlarged.
class LightDecoderImpl : public torch::nn::Module
{
public:
    LightDecoderImpl(int f0Channels, const std::array<int, 3>& channels);
    /// Logits N x 2 x H x W at input size.
    torch::Tensor forward(const torch::Tensor& f0, const std::array<torch::Tensor, 3>& g);

    ConvBlock block3{nullptr};
    ConvBlock block2{nullptr};
    ConvBlock block1{nullptr};
    ConvBlock block0{nullptr};
    ConvBlock final_block{nullptr};
    torch::nn::Conv2d reduce{nullptr};
    torch::nn::Conv2d final_conv{nullptr};
};
TORCH_MODULE(LightDecoder);

/// The trainable network without the memory bank, which is data. Keys as the reference's.
class MemSegNetworkImpl : public torch::nn::Module
{
public:
    /// ResNet-18 with the paper's ("full") or the reference's ("lite") decoder.
    explicit MemSegNetworkImpl(bool fullDecoder, int width = 64);
    /// Backbone, decoder and width of the options; with decoder "none" there is an encoder only.
    explicit MemSegNetworkImpl(const MemSegOptions& options);

    /// What stands before the memory: f0..f4 of normalised images N x 3 x H x W; large ones in tiles. f4 is undefined
    /// where the decoder has no use for it, and of large images f0 where there is no decoder.
    std::array<torch::Tensor, 5> encode(const torch::Tensor& x);
    bool hasDecoder() const { return !msff.is_empty(); }
    /// What stands after it: logits N x 2 x H x W from features and DI*.
    torch::Tensor decode(const std::array<torch::Tensor, 5>& features, const std::array<torch::Tensor, 3>& difference);

    /// Only for the light decoder: the mean difference of each level on good images. Differences come to the network
    /// divided by it, and the attention maps as log(1 + M), so that neither depends on how an encoder is scaled.
    void setDifferenceScale(const std::array<double, 3>& means);

    /// Stem and layer1 to layer3: no gradients, batch norms in eval mode for good (methods.md 1.3, Freezing).
    void freezeEncoder();
    /// Like Module::train, but what freezeEncoder froze stays in eval mode.
    void train(bool on = true) override;

    ResNet18 resnet{nullptr};       ///< registered as feature_extractor, as is
    MobileNetV2 mobilenet{nullptr}; ///< this one; one of them is empty
    Msff msff{nullptr};
    MemSegDecoder decoder{nullptr};
    LightDecoder light_decoder{nullptr}; ///< registered as decoder
    torch::Tensor difference_scale;      ///< 3; light decoder only

    std::shared_ptr<torch::nn::Module> encoder() const;

private:
    std::vector<std::shared_ptr<torch::nn::Module>> frozenParts() const;

    bool m_frozen = false;
};
TORCH_MODULE(MemSegNetwork);

/// Folds every batch norm that follows a convolution into it (eval mode only); the network gives the same output to
/// rounding and runs faster. Not to be trained afterwards; folding again does nothing.
void foldBatchNorms(MemSegNetworkImpl& network);

} // namespace lynceus
