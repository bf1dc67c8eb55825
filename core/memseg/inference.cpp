// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/inference.h"

#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/memseg/model.h"
#include "core/memseg/tiles.h"
#include "core/nn/layers.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>

#include <opencv2/imgproc.hpp>

#include <string>
#include <utility>

namespace lynceus {

namespace {

constexpr double kDistanceBlur = 4.0; ///< standard deviation, network pixels: half a cell

std::string numbered(const char* letter, std::size_t number)
{
    return letter + std::to_string(number);
}

class TorchEncoder final : public NetworkRunner
{
public:
    explicit TorchEncoder(MemSegNetwork network)
        : m_network(std::move(network))
    {
    }

    NamedTensors run(const NamedTensors& inputs) override
    {
        const auto features = m_network->encode(tensorOf(inputs, "image"));
        NamedTensors outputs;
        for (std::size_t level = 0; level < features.size(); ++level) {
            if (features[level].defined())
                outputs.emplace_back(numbered("f", level), features[level]);
        }
        return outputs;
    }

    std::string engine() const override { return "libtorch"; }

private:
    MemSegNetwork m_network;
};

class TorchDecoder final : public NetworkRunner
{
public:
    explicit TorchDecoder(MemSegNetwork network)
        : m_network(std::move(network))
    {
    }

    NamedTensors run(const NamedTensors& inputs) override
    {
        std::array<torch::Tensor, 5> features;
        for (std::size_t level = 0; level < features.size(); ++level) {
            if (level < 4 || m_network->light_decoder.is_empty())
                features[level] = tensorOf(inputs, numbered("f", level));
        }
        std::array<torch::Tensor, 3> difference;
        for (std::size_t level = 0; level < difference.size(); ++level)
            difference[level] = tensorOf(inputs, numbered("d", level + 1));
        return {{"logits", m_network->decode(features, difference)}};
    }

    std::string engine() const override { return "libtorch"; }

private:
    MemSegNetwork m_network;
};

torch::Device torchDevice(DeviceKind device)
{
    return device == DeviceKind::Cuda ? torch::Device(torch::kCUDA) : torch::Device(torch::kCPU);
}

/// A decoder without weight in the fusion need not run.
bool decoderCounts(const MemSegModel& model)
{
    return model.network->hasDecoder() && (model.nearest.isEmpty() || model.fusion.weight > 0.0);
}

} // namespace

cv::Mat distanceMap(const torch::Tensor& cells, cv::Size size)
{
    cv::Mat map;
    cv::resize(tensorToMap(cells), map, size, 0.0, 0.0, cv::INTER_LINEAR);
    cv::GaussianBlur(map, map, {}, kDistanceBlur);
    return map;
}

NetworkRunners libTorchNetworks(const MemSegModel& model, DeviceKind device)
{
    MemSegNetwork network = model.network;
    network->to(torchDevice(device));
    network->eval();
    foldBatchNorms(*network);
    layOutChannelsLast(*network);
    NetworkRunners networks;
    networks["encoder"] = std::make_unique<TorchEncoder>(network);
    if (decoderCounts(model))
        networks["decoder"] = std::make_unique<TorchDecoder>(network);
    return networks;
}

MemSegInference::MemSegInference(const MemSegModel& model, DeviceKind device)
    : MemSegInference(model, torchDevice(device), libTorchNetworks(model, device))
{
}

MemSegInference::MemSegInference(const MemSegModel& model, NetworkRunners networks)
    : MemSegInference(model, torch::kCPU, std::move(networks))
{
    if (const Tiling tiling = tilingOf(model.options); !tiling.isWhole())
        m_encoder = inTiles(std::move(m_encoder), tiling);
}

MemSegInference::MemSegInference(const MemSegModel& model, torch::Device device, NetworkRunners networks)
    : m_device(device)
    , m_size(model.options.preprocessing.width, model.options.preprocessing.height)
    , m_bank(model.bank.to(device))
    , m_nearest(model.nearest)
    , m_fusion(model.fusion)
    , m_encoder(std::move(networks["encoder"]))
    , m_decoder(std::move(networks["decoder"]))
{
    if (!m_encoder)
        throw Error(ErrorKind::Internal, QCoreApplication::translate("core", "The compiled encoder is missing."));
    if (!model.part.empty())
        cv::bitwise_not(model.part, m_background);
}

Engine MemSegInference::engine() const
{
    return engineFromName(QString::fromStdString(m_encoder->engine()));
}

NamedTensors MemSegInference::encode(const torch::Tensor& image)
{
    useChosenThreads();
    const c10::InferenceMode inferenceMode;
    return m_encoder->run({{"image", image.to(m_device).contiguous(torch::MemoryFormat::ChannelsLast)}});
}

NamedTensors MemSegInference::match(const NamedTensors& features, Output& output) const
{
    const auto match = m_bank.match({tensorOf(features, "f1"), tensorOf(features, "f2"), tensorOf(features, "f3")});
    output.nearest = int(match.index[0].item<std::int64_t>());
    NamedTensors inputs = features;
    for (std::size_t level = 0; level < 3; ++level)
        inputs.emplace_back(numbered("d", level + 1), match.difference[level]);
    return inputs;
}

NamedTensors MemSegInference::decoderInputs(const NamedTensors& features) const
{
    const torch::NoGradGuard noGrad;
    Output ignored;
    return match(features, ignored);
}

MemSegInference::Output MemSegInference::run(const torch::Tensor& image, std::optional<std::size_t> leftOut)
{
    const Stopwatch watch;
    const NamedTensors features = encode(image);
    const double encodeMs = watch.ms();
    Output output = judge(features, leftOut);
    output.encodeMs = encodeMs;
    return output;
}

MemSegInference::Output MemSegInference::judge(const NamedTensors& features, std::optional<std::size_t> leftOut)
{
    useChosenThreads();
    const c10::InferenceMode inferenceMode;
    Output output;
    Stopwatch watch;
    NamedTensors inputs;
    if (m_bank.size() > 0)
        inputs = match(features, output); // without a decoder too: people look at the nearest good image
    output.matchMs = watch.restart();
    torch::Tensor logits;
    if (m_decoder)
        logits = tensorOf(m_decoder->run(inputs), "logits");
    if (m_nearest.isEmpty()) {
        output.map = tensorToMap(torch::softmax(logits, 1)[0][1]);
        leaveBackgroundOut(output.map);
        output.decodeMs = watch.restart();
        return output;
    }
    if (m_decoder)
        output.branches.logit = tensorToMap(logits[0][1] - logits[0][0]);
    output.decodeMs = watch.restart();

    output.branches.distance = distanceMap(
        m_nearest.distances({tensorOf(features, "f1"), tensorOf(features, "f2"), tensorOf(features, "f3")}, leftOut),
        m_size);
    output.map = m_fusion.map(output.branches);
    leaveBackgroundOut(output.map);
    output.distanceMs = watch.restart();
    return output;
}

void MemSegInference::leaveBackgroundOut(cv::Mat& map) const
{
    if (!m_background.empty())
        map.setTo(0.0F, m_background);
}

} // namespace lynceus
