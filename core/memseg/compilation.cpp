// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/compilation.h"

#include "core/base/error.h"
#include "core/image/anomaly_result.h"
#include "core/memseg/model.h"
#include "core/nn/openvino_network.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>

#include <cmath>
#include <map>
#include <utility>

namespace lynceus {

namespace {

constexpr double kWantedDecoderError = 0.02; ///< of the logits' size; the decoder has a quarter of the say
constexpr double kEncoderShare = 0.7;        ///< of the time to search

TensorFunction functionOf(NetworkRunner& network)
{
    return [&network](const NamedTensors& inputs) { return network.run(inputs); };
}

NamedTensors emptyImage(const MemSegModel& model)
{
    const auto& input = model.options.preprocessing;
    return {{"image", torch::zeros({1, 3, input.height, input.width}).contiguous(torch::MemoryFormat::ChannelsLast)}};
}

NetworkIr quantised(const ov::Model& model, const Int8Options& options, QStringList* kept)
{
    Int8Report report;
    const NetworkIr ir = irOf(*quantise(model, options, report));
    if (kept) {
        for (const std::string& name : report.kept)
            kept->append(QString::fromStdString(name));
    }
    return ir;
}

/// How much the score changes when `got` takes the place of the encoder's features.
class ScoreShift
{
public:
    explicit ScoreShift(MemSegInference& reference)
        : m_reference(reference)
    {
    }

    double operator()(const NamedTensors& wanted, const NamedTensors& got)
    {
        const void* key = tensorOf(wanted, "f1").data_ptr();
        auto known = m_scores.find(key);
        if (known == m_scores.end())
            known = m_scores.emplace(key, imageScore(m_reference.judge(wanted).map)).first;
        return std::abs(imageScore(m_reference.judge(got).map) - known->second);
    }

private:
    MemSegInference& m_reference;
    std::map<const void*, double> m_scores; ///< of the float features, by where they lie
};

} // namespace

MemSegIr translateMemSeg(const MemSegModel& model)
{
    requireEngine(Engine::OpenVinoFp32);
    useChosenThreads();
    const torch::NoGradGuard noGrad;
    const MemSegNetworks networks = libTorchNetworks(model);
    MemSegIr ir;
    ir.encoder = irOf(*translate(functionOf(*networks.encoder), emptyImage(model)));
    if (networks.decoder) {
        const MemSegInference inference(model);
        const NamedTensors inputs = inference.decoderInputs(networks.encoder->run(emptyImage(model)));
        ir.decoder = irOf(*translate(functionOf(*networks.decoder), inputs));
    }
    return ir;
}

MemSegIr quantiseMemSeg(const MemSegModel& model, const std::vector<torch::Tensor>& calibration, double searchSeconds,
                        double wantedShift, QStringList* kept, const CancelToken& cancel)
{
    requireEngine(Engine::OpenVinoInt8);
    useChosenThreads();
    const torch::NoGradGuard noGrad;
    MemSegInference reference(model);
    const MemSegNetworks networks = libTorchNetworks(model);
    Int8Options encoder;
    Int8Options decoder;
    for (const auto& image : calibration) {
        encoder.calibration.push_back({{"image", image.contiguous(torch::MemoryFormat::ChannelsLast)}});
        if (networks.decoder)
            decoder.calibration.push_back(reference.decoderInputs(networks.encoder->run(encoder.calibration.back())));
    }
    ScoreShift shift(reference);
    encoder.error = std::ref(shift);
    encoder.wantedError = wantedShift;
    encoder.searchSeconds = networks.decoder ? kEncoderShare * searchSeconds : searchSeconds;
    encoder.cancel = cancel;
    decoder.cancel = cancel;
    decoder.wantedError = kWantedDecoderError;
    decoder.searchSeconds = searchSeconds - encoder.searchSeconds;

    MemSegIr ir;
    ir.encoder = quantised(*translate(functionOf(*networks.encoder), emptyImage(model)), encoder, kept);
    if (networks.decoder) {
        const NamedTensors inputs = reference.decoderInputs(networks.encoder->run(emptyImage(model)));
        ir.decoder = quantised(*translate(functionOf(*networks.decoder), inputs), decoder, kept);
    }
    return ir;
}

MemSegNetworks compileMemSeg(const MemSegIr& ir, Engine engine, const QString& cacheFolder)
{
    CompileOptions options;
    options.engine = engine;
    options.channelsLast = true; // what the memory and the nearest-good branch read
    options.cacheFolder = cacheFolder;
    MemSegNetworks networks;
    networks.encoder = std::make_unique<OpenVinoNetwork>(ir.encoder, options);
    if (!ir.decoder.isEmpty())
        networks.decoder = std::make_unique<OpenVinoNetwork>(ir.decoder, options);
    return networks;
}

} // namespace lynceus
