// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/u2net/gate_subject.h"

#include "core/nn/device.h"
#include "core/nn/tensor_image.h"

#include <QtCore/QCoreApplication>

#include <opencv2/core.hpp>

#include <limits>
#include <utility>

namespace lynceus {

namespace {

constexpr double kMostApart = 0.02;
constexpr double kObject = 0.5; ///< from this probability on

/// The part of two masks (CV_8U) that only one of them has.
double apart(const cv::Mat& a, const cv::Mat& b)
{
    const int either = cv::countNonZero(a | b);
    return either == 0 ? 0.0 : double(cv::countNonZero(a ^ b)) / either;
}

double maskShift(const cv::Mat& wanted, const cv::Mat& got)
{
    if (!cv::checkRange(got))
        return std::numeric_limits<double>::quiet_NaN();
    return apart(wanted >= kObject, got >= kObject);
}

cv::Mat probabilities(const NamedTensors& outputs)
{
    return tensorToMap(torch::sigmoid(tensorOf(outputs, "d0")[0][0]));
}

} // namespace

U2NetGateSubject::U2NetGateSubject(U2Net net, cv::Size size, QString model)
    : m_net(std::move(net))
    , m_size(size)
    , m_model(std::move(model))
{
}

double U2NetGateSubject::mostShift() const
{
    return kMostApart;
}

NamedTensors U2NetGateSubject::inputs(const GateImage& image) const
{
    cv::Mat rgb;
    image.picture.convertTo(rgb, CV_32F);
    return {{"image", imageToTensor(rgb)}};
}

TensorFunction U2NetGateSubject::network() const
{
    return [net = m_net](const NamedTensors& inputs) mutable {
        return NamedTensors{{"d0", net->forward(tensorOf(inputs, "image"))[0]}};
    };
}

std::vector<GateNetwork> U2NetGateSubject::networks(const std::vector<NamedTensors>& calibration)
{
    GateNetwork u2net;
    u2net.name = "u2net";
    u2net.network = network();
    u2net.examples = {
        {"image", torch::zeros({1, 3, m_size.height, m_size.width}).contiguous(torch::MemoryFormat::ChannelsLast)}};
    u2net.calibration = calibration;
    u2net.error = [](const NamedTensors& wanted, const NamedTensors& got) {
        return maskShift(probabilities(wanted), probabilities(got));
    };
    return {u2net};
}

GateRun U2NetGateSubject::runWith(NetworkRunners networks)
{
    if (networks.empty())
        networks["u2net"] = std::make_unique<TorchRunner>(network());
    const std::shared_ptr<NetworkRunner> runner = std::move(networks.at("u2net"));
    return [runner](const NamedTensors& inputs) { return probabilities(runner->run(inputs)); };
}

GateShift U2NetGateSubject::compare(const cv::Mat& wanted, const cv::Mat& got) const
{
    const cv::Mat difference = cv::abs(got - wanted);
    GateShift found;
    found.shift = maskShift(wanted, got);
    found.mapShift = cv::norm(difference, cv::NORM_INF);
    found.meanMapShift = cv::mean(difference)[0];
    found.text = QCoreApplication::translate("core", "object %1 pixels, with libtorch %2; apart by %3")
                     .arg(cv::countNonZero(got >= kObject))
                     .arg(cv::countNonZero(wanted >= kObject))
                     .arg(found.shift, 0, 'f', 4);
    return found;
}

} // namespace lynceus
