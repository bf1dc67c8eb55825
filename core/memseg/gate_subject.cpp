// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/gate_subject.h"

#include "core/engines/engine_file.h"
#include "core/memseg/inference.h"
#include "core/memseg/model.h"
#include "core/memseg/tiles.h"
#include "core/nn/device.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>

#include <opencv2/core.hpp>

#include <cmath>
#include <map>
#include <memory>
#include <utility>

namespace lynceus {

namespace {

constexpr double kWantedDecoderError = 0.02; ///< of the logits' size; the decoder has a quarter of the say
constexpr double kEncoderShare = 0.7;        ///< of the time to search

/// How much the score changes when `got` takes the place of the encoder's features.
class ScoreShift
{
public:
    explicit ScoreShift(std::shared_ptr<MemSegInference> reference)
        : m_reference(std::move(reference))
    {
    }

    double operator()(const NamedTensors& wanted, const NamedTensors& got)
    {
        const void* key = tensorOf(wanted, "f1").data_ptr();
        auto known = m_scores.find(key);
        if (known == m_scores.end())
            known = m_scores.emplace(key, imageScore(m_reference->judge(wanted).map)).first;
        return std::abs(imageScore(m_reference->judge(got).map) - known->second);
    }

private:
    std::shared_ptr<MemSegInference> m_reference;
    std::map<const void*, double> m_scores; ///< of the float features, by where they lie
};

AnomalyResult judged(const cv::Mat& map, const Thresholds& thresholds)
{
    AnomalyResult result;
    result.map = map;
    result.score = imageScore(map);
    rejudge(result, thresholds);
    return result;
}

/// No number is as wrong as can be.
double finite(double value)
{
    return std::isfinite(value) ? value : 1.0;
}

} // namespace

QString MemSegGateSubject::model() const
{
    return modelIdentity(m_model.tensors, m_model.info);
}

Thresholds MemSegGateSubject::thresholds() const
{
    return m_model.info.thresholds;
}

/// A tile has no score.
bool MemSegGateSubject::searches() const
{
    return tilingOf(m_model.options).isWhole();
}

NamedTensors MemSegGateSubject::inputs(const GateImage& image) const
{
    cv::Mat rgb;
    image.picture.convertTo(rgb, CV_32F);
    return {{"image", imageToTensor(rgb)}};
}

std::vector<GateNetwork> MemSegGateSubject::networks(const std::vector<NamedTensors>& calibration)
{
    useChosenThreads();
    const torch::NoGradGuard noGrad;
    const auto reference = std::make_shared<MemSegInference>(m_model);
    const auto libTorch = std::make_shared<NetworkRunners>(libTorchNetworks(m_model));
    const auto functionOf = [&](const std::string& name) -> TensorFunction {
        return [libTorch, name](const NamedTensors& inputs) { return libTorch->at(name)->run(inputs); };
    };
    const auto channelsLast = [](const torch::Tensor& image) {
        return NamedTensors{{"image", image.contiguous(torch::MemoryFormat::ChannelsLast)}};
    };
    const auto empty = [&](const cv::Size& size) {
        return channelsLast(torch::zeros({1, 3, size.height, size.width}));
    };
    const Tiling tiling = tilingOf(m_model.options);

    GateNetwork encoder;
    encoder.name = "encoder";
    encoder.network = functionOf(encoder.name);
    encoder.examples = empty(tiling.tile());
    if (searches())
        encoder.error = ScoreShift(reference);
    GateNetwork decoder;
    decoder.name = "decoder";
    decoder.wantedError = kWantedDecoderError;
    decoder.searchShare = 1.0 - kEncoderShare;
    const bool decodes = libTorch->count(decoder.name) > 0;
    const auto decoderInputs = [&](const NamedTensors& image) {
        return reference->decoderInputs(encoder.network(image));
    };
    for (const NamedTensors& inputs : calibration) {
        const torch::Tensor& image = tensorOf(inputs, "image");
        for (const cv::Rect& place : tiling.places())
            encoder.calibration.push_back({{"image", Tiling::cut(image, place)}});
        if (decodes)
            decoder.calibration.push_back(decoderInputs(channelsLast(image)));
    }
    if (!decodes)
        return {encoder};
    encoder.searchShare = kEncoderShare;
    decoder.network = functionOf(decoder.name);
    const auto& input = m_model.options.preprocessing;
    decoder.examples = decoderInputs(empty(cv::Size(input.width, input.height)));
    return {encoder, decoder};
}

GateRun MemSegGateSubject::runWith(NetworkRunners networks)
{
    const auto inference = networks.empty() ? std::make_shared<MemSegInference>(m_model)
                                            : std::make_shared<MemSegInference>(m_model, std::move(networks));
    return [inference](const NamedTensors& inputs) { return inference->run(tensorOf(inputs, "image")).map; };
}

GateShift MemSegGateSubject::compare(const cv::Mat& wanted, const cv::Mat& got) const
{
    const AnomalyResult a = judged(wanted, thresholds());
    const AnomalyResult b = judged(got, thresholds());
    const cv::Mat difference = cv::abs(got - wanted);
    GateShift found;
    found.rise = finite(b.score - a.score);
    found.shift = std::abs(found.rise);
    found.room = a.thresholds.score - a.score;
    found.verdictChanged = a.verdict != b.verdict;
    found.regionsChanged = a.regions.size() != b.regions.size();
    found.mapShift = finite(cv::norm(difference, cv::NORM_INF));
    found.meanMapShift = finite(cv::mean(difference)[0]);
    found.text = QCoreApplication::translate("core", "score %1, with libtorch %2; %3, with libtorch %4")
                     .arg(b.score, 0, 'f', 4)
                     .arg(a.score, 0, 'f', 4)
                     .arg(verdictName(b.verdict), verdictName(a.verdict));
    return found;
}

} // namespace lynceus
