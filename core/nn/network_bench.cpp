// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/network_bench.h"

#include "core/nn/openvino_network.h"
#include "core/nn/device.h"
#include "core/nn/engine_bench.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <memory>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr std::uint64_t kCalibrationInputs = 8;
constexpr double kBlobs = 6.0; ///< of a picture: standard deviation, pixels

/// A network that always gets the same inputs.
class NetworkInference final : public BenchInference
{
public:
    NetworkInference(std::unique_ptr<NetworkRunner> runner, const NamedTensors& inputs)
        : m_runner(std::move(runner))
        , m_inputs(inputs)
    {
    }

    QJsonObject run() override
    {
        m_outputs = m_runner->run(m_inputs);
        return {};
    }

    const NamedTensors& outputs() const { return m_outputs; } ///< of the last run

private:
    std::unique_ptr<NetworkRunner> m_runner;
    const NamedTensors& m_inputs;
    NamedTensors m_outputs;
};

double errorOf(const NamedTensors& got, const NamedTensors& wanted)
{
    double error = 0.0;
    for (const auto& [name, tensor] : wanted) {
        const double difference = (tensorOf(got, name) - tensor).abs().max().item<double>();
        error = std::max(error, difference / tensor.abs().max().item<double>());
    }
    return error;
}

NamedTensors channelsLast(NamedTensors tensors)
{
    for (auto& [name, tensor] : tensors)
        tensor = tensor.contiguous(torch::MemoryFormat::ChannelsLast);
    return tensors;
}

} // namespace

cv::Mat benchPicture(cv::Size size, std::uint64_t index)
{
    cv::Mat picture(size, CV_32FC3);
    cv::RNG(index + 1).fill(picture, cv::RNG::UNIFORM, 0.0, 255.0);
    cv::GaussianBlur(picture, picture, {}, kBlobs);
    cv::normalize(picture, picture, 0.0, 255.0, cv::NORM_MINMAX);
    return picture;
}

void usePictures(NetworkBench& bench)
{
    const auto input = [&](std::uint64_t index) {
        return NamedTensors{{"image", imageToTensor(benchPicture(bench.size, index))}};
    };
    bench.inputs = input(0);
    for (std::uint64_t index = 1; index <= kCalibrationInputs; ++index)
        bench.int8.calibration.push_back(input(index));
}

QJsonObject benchNetwork(const NetworkBench& bench, const std::vector<Engine>& engines, int runs,
                         const TaskContext& context)
{
    const NamedTensors inputs = channelsLast(bench.inputs);
    NetworkIr plain;
    NetworkIr int8;
    EngineBench how;
    how.prepare = [&](Engine engine) {
        if (plain.isEmpty())
            plain = irOf(*translate(bench.network, inputs));
        if (engine == Engine::OpenVinoInt8) {
            Int8Report report;
            int8 = irOf(*quantise(*translate(bench.network, inputs), bench.int8, report));
        }
    };
    how.load = [&](Engine engine) {
        std::unique_ptr<NetworkRunner> runner;
        if (engine == Engine::LibTorch) {
            runner = std::make_unique<TorchRunner>(bench.network);
        } else {
            CompileOptions options;
            options.engine = engine;
            options.channelsLast = true;
            runner = std::make_unique<OpenVinoNetwork>(engine == Engine::OpenVinoInt8 ? int8 : plain, options);
        }
        return std::make_unique<NetworkInference>(std::move(runner), inputs);
    };
    QJsonArray rows = benchEngines(how, engines, runs, context);

    const auto outputsOf = [&](const QJsonValue& row) {
        const auto inference = how.load(engineFromName(row[u"engine"_s].toString()));
        inference->run();
        return static_cast<const NetworkInference&>(*inference).outputs();
    };
    const NamedTensors wanted = outputsOf(rows.first());
    for (QJsonValueRef row : rows) {
        QJsonObject entry = row.toObject();
        entry.insert(u"error"_s, errorOf(outputsOf(entry), wanted));
        row = entry;
    }
    return {{u"name"_s, bench.name},
            {u"width"_s, bench.size.width},
            {u"height"_s, bench.size.height},
            {u"threads"_s, threads()},
            {u"runs"_s, runs},
            {u"peak_memory_mb"_s, peakMemoryMb()},
            {u"cpu"_s, machineDescription()},
            {u"engines"_s, rows}};
}

} // namespace lynceus
