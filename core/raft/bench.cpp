// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/raft/bench.h"

#include "core/nn/layers.h"
#include "core/nn/network_bench.h"
#include "core/nn/torch.h"
#include "core/raft/gate_subject.h"

#include <opencv2/imgproc.hpp>

namespace lynceus {

namespace {

constexpr int kUpdates = 12;
constexpr std::uint64_t kCalibrationInputs = 8;

/// A picture and the same moved by some pixels.
GateImage frames(cv::Size size, std::uint64_t index)
{
    const cv::Mat first = benchPicture(size, index);
    const cv::Matx23d move(1.0, 0.0, 5.0 - double(index), 0.0, 1.0, -3.0);
    cv::Mat second;
    cv::warpAffine(first, second, move, size, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    GateImage image;
    cv::merge(std::vector<cv::Mat>{first, second}, image.picture);
    image.picture.convertTo(image.picture, CV_8U);
    return image;
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
    RaftGateSubject subject(net, size, kUpdates, variant);
    bench.network = subject.networks({}).front().network;
    bench.inputs = subject.inputs(frames(size, 0));
    for (std::uint64_t index = 1; index <= kCalibrationInputs; ++index)
        bench.int8.calibration.push_back(subject.inputs(frames(size, index)));
    return benchNetwork(bench, engines, runs, context);
}

} // namespace lynceus
