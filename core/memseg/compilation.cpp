// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/compilation.h"

#include "core/base/error.h"
#include "core/image/anomaly_result.h"
#include "core/memseg/model.h"
#include "core/memseg/tiles.h"
#include "core/nn/compiled_network.h"
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

NamedTensors emptyImage(const cv::Size& size)
{
    return {{"image", torch::zeros({1, 3, size.height, size.width}).contiguous(torch::MemoryFormat::ChannelsLast)}};
}

cv::Size inputSize(const MemSegModel& model)
{
    return {model.options.preprocessing.width, model.options.preprocessing.height};
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
    ir.encoder = irOf(*translate(functionOf(*networks.encoder), emptyImage(tilingOf(model.options).tile())));
    if (networks.decoder) {
        const MemSegInference inference(model);
        const NamedTensors inputs = inference.decoderInputs(networks.encoder->run(emptyImage(inputSize(model))));
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
    const Tiling tiling = tilingOf(model.options);
    for (const auto& image : calibration) {
        for (const cv::Rect& place : tiling.places())
            encoder.calibration.push_back({{"image", Tiling::cut(image, place)}});
        if (networks.decoder) {
            const NamedTensors input{{"image", image.contiguous(torch::MemoryFormat::ChannelsLast)}};
            decoder.calibration.push_back(reference.decoderInputs(networks.encoder->run(input)));
        }
    }
    ScoreShift shift(reference);
    if (tiling.isWhole())
        encoder.error = std::ref(shift);
    else
        searchSeconds = 0.0; // a tile has no score
    encoder.wantedError = wantedShift;
    encoder.searchSeconds = networks.decoder ? kEncoderShare * searchSeconds : searchSeconds;
    encoder.cancel = cancel;
    decoder.cancel = cancel;
    decoder.wantedError = kWantedDecoderError;
    decoder.searchSeconds = searchSeconds - encoder.searchSeconds;

    MemSegIr ir;
    ir.encoder = quantised(*translate(functionOf(*networks.encoder), emptyImage(tiling.tile())), encoder, kept);
    if (networks.decoder) {
        const NamedTensors inputs = reference.decoderInputs(networks.encoder->run(emptyImage(inputSize(model))));
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
    networks.encoder = std::make_unique<CompiledNetwork>(ir.encoder, options);
    if (!ir.decoder.isEmpty())
        networks.decoder = std::make_unique<CompiledNetwork>(ir.decoder, options);
    return networks;
}

} // namespace lynceus
