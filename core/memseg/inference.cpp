// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/inference.h"

#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/memseg/model.h"
#include "core/nn/compiled_network.h"
#include "core/nn/tensor_image.h"

#include <QtCore/QCoreApplication>

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

Engine engineOn(DeviceKind device, Engine engine)
{
    if (device == DeviceKind::Cpu)
        return chooseEngine(engine);
    if (engine != Engine::Auto && engine != Engine::LibTorch) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "The engine %1 runs on the CPU only.").arg(engineName(engine)),
                    QCoreApplication::translate("core", "Use the device cpu, or the engine libtorch."));
    }
    return Engine::LibTorch;
}

} // namespace

MemSegInference::MemSegInference(const MemSegModel& model, DeviceKind device, Engine engine,
                                 const std::vector<torch::Tensor>& calibration)
    : m_device(torchDevice(device))
    , m_engine(engineOn(device, engine))
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
    if (m_engine != Engine::LibTorch)
        compile(model, calibration);
}

/// Puts compiled networks in the place of LibTorch's.
void MemSegInference::compile(const MemSegModel& model, const std::vector<torch::Tensor>& calibration)
{
    useChosenThreads();
    const torch::NoGradGuard noGrad;
    CompileOptions options;
    options.engine = m_engine;
    options.channelsLast = true; // what the memory and the nearest-good branch read
    const auto& input = model.options.preprocessing;
    const NamedTensors image{{"image", torch::zeros({1, 3, input.height, input.width})}};
    CompileOptions decoderOptions = options;
    if (m_engine == Engine::OpenVinoInt8) {
        for (const auto& one : calibration) {
            options.int8.calibration.push_back({{"image", one}});
            if (m_decoder) {
                Output ignored;
                decoderOptions.int8.calibration.push_back(decoderInputs(
                    m_encoder->run({{"image", one.contiguous(torch::MemoryFormat::ChannelsLast)}}), ignored));
            }
        }
    }
    const auto functionOf = [](NetworkRunner& runner) {
        return [&runner](const NamedTensors& inputs) { return runner.run(inputs); };
    };
    std::unique_ptr<NetworkRunner> decoder;
    if (m_decoder) {
        Output ignored;
        const NamedTensors example = decoderInputs(m_encoder->run(image), ignored);
        decoder = std::make_unique<CompiledNetwork>(functionOf(*m_decoder), example, decoderOptions);
    }
    m_encoder = std::make_unique<CompiledNetwork>(functionOf(*m_encoder), image, options);
    m_decoder = std::move(decoder);
}

/// The features, and the differences "d1".."d3" to the sample of the memory that is nearest.
NamedTensors MemSegInference::decoderInputs(NamedTensors features, Output& output) const
{
    const auto match = m_bank.match({tensorOf(features, "f1"), tensorOf(features, "f2"), tensorOf(features, "f3")});
    output.nearest = int(match.index[0].item<std::int64_t>());
    for (std::size_t level = 0; level < 3; ++level)
        features.emplace_back(numbered("d", level + 1), match.difference[level]);
    return features;
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
        tensors = decoderInputs(std::move(tensors), output);
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
