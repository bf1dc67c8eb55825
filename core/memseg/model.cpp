// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/model.h"

#include "core/base/error.h"
#include "core/nn/state_dict.h"
#include "core/nn/layers.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>

#include <opencv2/core.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

const std::string kMemoryPrefix = "memory.";
const std::string kNearestPrefix = "nearest.";
const std::string kPart = "part";
const QString kFusionKey = u"fusion"_s; ///< of the options' JSON

std::string levelKey(std::size_t level)
{
    return "level" + std::to_string(level);
}

Error doesNotFit(const QString& path, QString fault)
{
    if (fault.endsWith(u'.')) // another error's sentence
        fault.chop(1);
    return Error(ErrorKind::Model,
                 QCoreApplication::translate("core", "%1 is not a whole MemSeg model: %2.").arg(path, fault),
                 QCoreApplication::translate("core", "Train the model again or choose another file."));
}

StateDict readFinite(const SafetensorsFile& file, const std::string& prefix)
{
    StateDict values = readStateDict(file, prefix);
    requireFinite(values, file.path());
    return values;
}

MemoryBank readBank(const QString& path, const SafetensorsFile& file, const MemSegOptions& options)
{
    const StateDict memory = readFinite(file, kMemoryPrefix);
    std::array<torch::Tensor, 3> levels;
    for (std::size_t level = 0; level < 3; ++level) {
        const auto entry = memory.find(levelKey(level));
        if (entry == memory.end() || memory.size() != 3) {
            throw doesNotFit(path, QCoreApplication::translate(
                                       "core", "its memory must hold level0, level1 and level2 and nothing else"));
        }
        const auto& samples = entry->second;
        const std::int64_t stride = std::int64_t(4) << level;
        const std::int64_t channels = options.backbone == "mobilenetv2"_L1 ? MobileNetV2Impl::kLevelChannels[level + 1]
                                                                           : std::int64_t(options.width) << level;
        const std::vector<std::int64_t> wanted{channels, options.preprocessing.height / stride,
                                               options.preprocessing.width / stride};
        if (samples.dim() != 4 || samples.sizes().slice(1) != torch::IntArrayRef(wanted)) {
            throw doesNotFit(path,
                             QCoreApplication::translate("core", "its memory was made for another size of images"));
        }
        if (level > 0 && samples.size(0) != levels[0].size(0))
            throw doesNotFit(path, QCoreApplication::translate("core", "its memory's levels differ in length"));
        levels[level] = samples;
    }
    return MemoryBank(levels, options.difference, options.selection);
}

cv::Mat readPart(const QString& path, const SafetensorsFile& file, const Preprocessing& how)
{
    const auto names = file.names();
    if (std::find(names.begin(), names.end(), kPart) == names.end())
        throw doesNotFit(path, QCoreApplication::translate("core", "it does not hold where the part is"));
    const auto part = readTensor(file, kPart);
    if (part.dim() != 2 || part.size(0) != how.height || part.size(1) != how.width)
        throw doesNotFit(path, QCoreApplication::translate("core", "its part was made for another size of images"));
    cv::Mat mask = tensorToMap(part.to(torch::kFloat)) > 0.0F;
    if (cv::countNonZero(mask) < kScorePixels) // the rest of a score would be zeros
        throw doesNotFit(path, QCoreApplication::translate("core", "its part is too small for any score"));
    return mask;
}

} // namespace

void saveMemSegModel(const QString& path, const MemSegModel& model, bool half)
{
    StateDict tensors = stateDict(*model.network);
    if (model.bank.size() > 0) {
        for (std::size_t level = 0; level < 3; ++level)
            tensors.emplace(kMemoryPrefix + levelKey(level), model.bank.levels()[level]);
    }
    ModelInfo info = model.info;
    info.options = model.options.toJson();
    if (!model.nearest.isEmpty()) {
        for (const auto& [name, tensor] : model.nearest.state())
            tensors.emplace(kNearestPrefix + name, tensor);
        info.options.insert(kFusionKey, model.fusion.toJson());
    }
    if (!model.part.empty())
        tensors.emplace(kPart, maskToTensor(model.part).to(torch::kByte));
    std::vector<torch::Tensor> storage;
    writeModelFile(path, info, viewsOf(tensors, storage, half));
}

MemSegModel untrainedMemSegModel(const MemSegOptions& options)
{
    options.validate();
    MemSegModel model;
    model.options = options;
    model.info.method = u"memseg"_s;
    model.info.architecture = options.architecture();
    model.info.options = options.toJson();
    model.info.preprocessing = options.preprocessing;

    torch::manual_seed(options.seed);
    model.network = MemSegNetwork(options);
    initialiseEncoder(*model.network, options.seed);
    prepareForInference(*model.network);

    const torch::NoGradGuard noGrad;
    std::array<std::vector<torch::Tensor>, 3> samples;
    std::vector<FeatureLevels> good;
    for (int i = 0; i < options.memoryImages; ++i) {
        const auto noise = torch::randn({1, 3, options.preprocessing.height, options.preprocessing.width});
        const auto features = model.network->encode(noise);
        for (std::size_t level = 0; level < 3; ++level)
            samples[level].push_back(features[level + 1].to(torch::kHalf).to(torch::kFloat)); // as a training does
        good.push_back({features[1], features[2], features[3]});
    }
    if (model.network->hasDecoder()) {
        model.bank = MemoryBank({torch::cat(samples[0]), torch::cat(samples[1]), torch::cat(samples[2])},
                                options.difference, options.selection);
    }
    if (options.nearestGood) {
        model.nearest = NearestGood(good, {});
        model.fusion.weight = model.bank.size() > 0 ? 0.25 : 0.0; // the most that a training gives the decoder
    }
    return model;
}

void initialiseEncoder(MemSegNetworkImpl& network, std::uint64_t seed)
{
    if (network.mobilenet.is_empty())
        initialise(*network.resnet, seed);
    else
        initialise(*network.mobilenet, seed);
}

MemSegModel loadMemSegModel(const QString& path)
{
    const SafetensorsFile file(path);
    MemSegModel model;
    // Beside each other: either takes 4 ms a MB.
    at::parallel_for(0, 2, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
            (i == 0 ? model.hash : model.tensors) = i == 0 ? file.sha256() : verifiedTensors(file);
    });
    model.info = readModelInfo(file, u"memseg"_s);
    try {
        model.options = MemSegOptions::fromJson(model.info.options);
    } catch (const Error& error) {
        throw doesNotFit(path, error.message());
    }
    if (model.info.architecture != model.options.architecture()) {
        throw doesNotFit(path, QCoreApplication::translate("core", "it says %1, but its options make %2")
                                   .arg(model.info.architecture, model.options.architecture()));
    }
    model.options.preprocessing = model.info.preprocessing;
    if (model.options.decoder != "none"_L1)
        model.bank = readBank(path, file, model.options);
    if (model.options.nearestGood) {
        model.nearest = NearestGood::fromState(readFinite(file, kNearestPrefix), path);
        try {
            model.fusion = Fusion::fromJson(model.info.options[kFusionKey].toObject());
        } catch (const Error& error) {
            throw doesNotFit(path, error.message());
        }
        if (model.fusion.weight > 0.0 && model.bank.size() == 0)
            throw doesNotFit(path, QCoreApplication::translate("core", "it weighs a decoder that it does not have"));
    }
    if (model.options.ignoreBackground)
        model.part = readPart(path, file, model.options.preprocessing);

    StateDict weights;
    for (const std::string& name : file.names()) {
        if (name.rfind(kMemoryPrefix, 0) != 0 && name.rfind(kNearestPrefix, 0) != 0 && name != kPart)
            weights.emplace(name, readTensor(file, name));
    }
    requireFinite(weights, path);
    model.network = MemSegNetwork(model.options);
    loadState(*model.network, weights, path);
    prepareForInference(*model.network);
    return model;
}

Error notWritable(const QString& modelFile, const QString& reason)
{
    return Error(ErrorKind::File,
                 QCoreApplication::translate("core", "The model file %1 cannot be written: %2").arg(modelFile, reason),
                 QCoreApplication::translate("core", "Choose a folder that you may write to and that has room."));
}

} // namespace lynceus
