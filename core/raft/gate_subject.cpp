// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/raft/gate_subject.h"

#include "core/nn/device.h"

#include <QtCore/QCoreApplication>

#include <opencv2/core.hpp>

#include <utility>

namespace lynceus {

namespace {

constexpr double kMostDistance = 0.1; ///< pixels, mean of an image

/// CV_8UC3 to 1 x 3 x H x W from -1 to 1, channels-last.
torch::Tensor frameTensor(const cv::Mat& rgb)
{
    cv::Mat scaled;
    rgb.convertTo(scaled, CV_32F, 2.0 / 255.0, -1.0);
    return torch::from_blob(scaled.data, {1, rgb.rows, rgb.cols, 3})
        .permute({0, 3, 1, 2})
        .clone(torch::MemoryFormat::ChannelsLast);
}

cv::Mat flowOf(const NamedTensors& outputs)
{
    const torch::Tensor flow = tensorOf(outputs, "flow")[0].permute({1, 2, 0}).to(torch::kCPU).contiguous();
    return cv::Mat(int(flow.size(0)), int(flow.size(1)), CV_32FC2, flow.data_ptr<float>()).clone();
}

/// Of the ends of two flows, for each pixel.
cv::Mat distances(const cv::Mat& a, const cv::Mat& b)
{
    cv::Mat parts[2];
    cv::split(a - b, parts);
    cv::Mat lengths;
    cv::magnitude(parts[0], parts[1], lengths);
    return lengths;
}

} // namespace

RaftGateSubject::RaftGateSubject(Raft net, cv::Size size, int updates, QString model)
    : m_net(std::move(net))
    , m_size(size)
    , m_updates(updates)
    , m_model(std::move(model))
{
}

double RaftGateSubject::mostShift() const
{
    return kMostDistance;
}

NamedTensors RaftGateSubject::inputs(const GateImage& image) const
{
    cv::Mat frames[2];
    for (int i = 0; i < 2; ++i) {
        frames[i].create(image.picture.size(), CV_8UC3);
        const int from = 3 * i;
        const int pairs[] = {from, 0, from + 1, 1, from + 2, 2};
        cv::mixChannels(&image.picture, 1, &frames[i], 1, pairs, 3);
    }
    return {{"image1", frameTensor(frames[0])}, {"image2", frameTensor(frames[1])}};
}

TensorFunction RaftGateSubject::network() const
{
    return [net = m_net, updates = m_updates](const NamedTensors& inputs) mutable {
        const auto output =
            net->forward(tensorOf(inputs, "image1"), tensorOf(inputs, "image2"), updates, RaftFlows::Last);
        return NamedTensors{{"flow", output.flows.back()}};
    };
}

std::vector<GateNetwork> RaftGateSubject::networks(const std::vector<NamedTensors>& calibration)
{
    GateNetwork raft;
    raft.name = "raft";
    raft.network = network();
    raft.examples = inputs({{}, cv::Mat::zeros(m_size, CV_8UC(6)), false});
    raft.calibration = calibration;
    raft.error = [](const NamedTensors& wanted, const NamedTensors& got) {
        return cv::mean(distances(flowOf(wanted), flowOf(got)))[0];
    };
    return {raft};
}

GateRun RaftGateSubject::runWith(NetworkRunners networks)
{
    if (networks.empty())
        networks["raft"] = std::make_unique<TorchRunner>(network());
    const std::shared_ptr<NetworkRunner> runner = std::move(networks.at("raft"));
    return [runner](const NamedTensors& inputs) { return flowOf(runner->run(inputs)); };
}

GateShift RaftGateSubject::compare(const cv::Mat& wanted, const cv::Mat& got) const
{
    const cv::Mat lengths = distances(wanted, got);
    GateShift found;
    found.shift = found.meanMapShift = cv::mean(lengths)[0];
    found.mapShift = cv::norm(lengths, cv::NORM_INF);
    found.text = QCoreApplication::translate("core", "flows %1 pixels apart, %2 at most")
                     .arg(found.shift, 0, 'f', 4)
                     .arg(found.mapShift, 0, 'f', 4);
    return found;
}

} // namespace lynceus
