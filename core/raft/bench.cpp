// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/raft/bench.h"

#include "core/nn/layers.h"
#include "core/nn/network_bench.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"
#include "core/raft/network.h"

#include <opencv2/imgproc.hpp>

namespace lynceus {

namespace {

constexpr int kUpdates = 12;
constexpr std::uint64_t kCalibrationInputs = 8;

/// A picture and the same moved by some pixels.
NamedTensors frames(cv::Size size, std::uint64_t index)
{
    const cv::Mat first = benchPicture(size, index);
    const cv::Matx23d move(1.0, 0.0, 5.0 - double(index), 0.0, 1.0, -3.0);
    cv::Mat second;
    cv::warpAffine(first, second, move, size, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    const auto tensorOfFrame = [](const cv::Mat& rgb) {
        cv::Mat scaled;
        rgb.convertTo(scaled, CV_32F, 2.0 / 255.0, -1.0);
        return torch::from_blob(scaled.data, {1, rgb.rows, rgb.cols, 3}).permute({0, 3, 1, 2}).clone();
    };
    return {{"image1", tensorOfFrame(first)}, {"image2", tensorOfFrame(second)}};
}

} // namespace

QJsonObject benchRaft(const QString& variant, cv::Size size, const std::vector<Engine>& engines, int runs,
                      const TaskContext& context)
{
    torch::manual_seed(1);
    Raft net(variant);
    prepareForInference(*net);
    net->foldBatchNorms();
    layOutChannelsLast(*net);

    NetworkBench bench;
    bench.name = variant;
    bench.size = size;
    bench.network = [net](const NamedTensors& inputs) mutable {
        const auto output =
            net->forward(tensorOf(inputs, "image1"), tensorOf(inputs, "image2"), kUpdates, RaftFlows::Last);
        return NamedTensors{{"flow", output.flows.back()}};
    };
    bench.inputs = frames(size, 0);
    for (std::uint64_t index = 1; index <= kCalibrationInputs; ++index)
        bench.int8.calibration.push_back(frames(size, index));
    return benchNetwork(bench, engines, runs, context);
}

} // namespace lynceus
