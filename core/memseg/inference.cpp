// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/inference.h"

#include "core/base/progress.h"
#include "core/memseg/model.h"
#include "core/nn/tensor_image.h"

#include <opencv2/imgproc.hpp>

#include <torch/torch.h>

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

} // namespace

MemSegInference::MemSegInference(const MemSegModel& model, DeviceKind device)
    : m_device(torchDevice(device))
    , m_bank(model.bank.to(m_device))
    , m_nearest(model.nearest)
    , m_fusion(model.fusion)
{
    MemSegNetwork network = model.network;
    network->to(m_device);
    network->eval();
    foldBatchNorms(*network);
    layOutChannelsLast(*network);
    m_encoder = std::make_unique<TorchEncoder>(network);
    if (!model.part.empty())
        cv::bitwise_not(model.part, m_background);
    if (network->hasDecoder())
        m_decoder = std::make_unique<TorchDecoder>(network);
}

MemSegInference::Output MemSegInference::run(const torch::Tensor& image)
{
    useChosenThreads();
    const c10::InferenceMode inferenceMode;
    Output output;
    Stopwatch watch;
    NamedTensors tensors =
        m_encoder->run({{"image", image.to(m_device).contiguous(torch::MemoryFormat::ChannelsLast)}});
    output.encodeMs = watch.restart();

    torch::Tensor logits;
    if (m_decoder) {
        const auto match = m_bank.match({tensorOf(tensors, "f1"), tensorOf(tensors, "f2"), tensorOf(tensors, "f3")});
        output.nearest = int(match.index[0].item<std::int64_t>());
        for (std::size_t level = 0; level < 3; ++level)
            tensors.emplace_back(numbered("d", level + 1), match.difference[level]);
        output.matchMs = watch.restart();
        logits = tensorOf(m_decoder->run(tensors), "logits");
    }
    if (m_nearest.isEmpty()) {
        output.map = tensorToMap(torch::softmax(logits, 1)[0][1]);
        leaveBackgroundOut(output.map);
        output.decodeMs = watch.restart();
        return output;
    }
    if (m_decoder)
        output.branches.logit = tensorToMap(logits[0][1] - logits[0][0]);
    output.decodeMs = watch.restart();

    const cv::Mat cells =
        tensorToMap(m_nearest.distances({tensorOf(tensors, "f1"), tensorOf(tensors, "f2"), tensorOf(tensors, "f3")}));
    cv::Mat& distance = output.branches.distance;
    cv::resize(cells, distance, cv::Size(int(image.size(3)), int(image.size(2))), 0.0, 0.0, cv::INTER_LINEAR);
    cv::GaussianBlur(distance, distance, {}, kDistanceBlur);
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
