// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/training/checkpoint.h"

#include "core/base/error.h"
#include "core/image/json_fields.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>

#include <limits>
#include <sstream>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

const QString kEntry = u"lynceus_checkpoint"_s;
const std::string kNetwork = "network.";
const std::string kBest = "best.";
const std::string kOptimizer = "optimizer";

} // namespace

void writeCheckpoint(const QString& path, const TrainingCheckpoint& checkpoint)
{
    StateDict tensors;
    for (const auto& [name, tensor] : checkpoint.network)
        tensors.emplace(kNetwork + name, tensor);
    for (const auto& [name, tensor] : checkpoint.best)
        tensors.emplace(kBest + name, tensor);
    auto bytes = torch::empty({std::int64_t(checkpoint.optimizer.size())}, torch::kByte);
    std::copy(checkpoint.optimizer.begin(), checkpoint.optimizer.end(), bytes.data_ptr<std::uint8_t>());
    tensors.emplace(kOptimizer, bytes);

    const QJsonObject json{{u"fingerprint"_s, checkpoint.fingerprint},    {u"step"_s, checkpoint.step},
                           {u"planned_steps"_s, checkpoint.plannedSteps}, {u"seconds"_s, checkpoint.seconds},
                           {u"loss_sum"_s, checkpoint.lossSum},           {u"validated_at"_s, checkpoint.validatedAt},
                           {u"best_quality"_s, checkpoint.bestQuality}};
    std::vector<torch::Tensor> storage;
    const std::vector<NamedTensor> views = viewsOf(tensors, storage);
    writeSafetensors(path, views,
                     sealed({{kEntry, QString::fromUtf8(QJsonDocument(json).toJson(QJsonDocument::Compact))}}, views));
}

TrainingCheckpoint readCheckpoint(const QString& path, const QString& fingerprint)
{
    const SafetensorsFile file(path);
    const QJsonObject json = QJsonDocument::fromJson(file.metadata().value(kEntry).toUtf8()).object();
    TrainingCheckpoint checkpoint;
    checkpoint.fingerprint = json[u"fingerprint"_s].toString();
    if (checkpoint.fingerprint != fingerprint) {
        throw Error(ErrorKind::Model,
                    QCoreApplication::translate("core",
                                                "%1 belongs to a training with other options, images, textures or "
                                                "encoder, or of another version of this program.")
                        .arg(path),
                    QCoreApplication::translate("core", "Restore them as they were, or train anew."));
    }
    verifiedTensors(file);
    constexpr int kMost = std::numeric_limits<int>::max();
    checkpoint.step = jsonInteger(json, u"step"_s, 0, kMost);
    checkpoint.plannedSteps = jsonInteger(json, u"planned_steps"_s, 1, kMost);
    checkpoint.seconds = jsonNumber(json, u"seconds"_s);
    checkpoint.lossSum = jsonNumber(json, u"loss_sum"_s);
    checkpoint.validatedAt = jsonInteger(json, u"validated_at"_s, -1, kMost);
    checkpoint.bestQuality = jsonNumber(json, u"best_quality"_s);
    checkpoint.network = readStateDict(file, kNetwork);
    checkpoint.best = readStateDict(file, kBest);
    requireFinite(checkpoint.best, path); // they become the model; the others may have diverged since
    const auto bytes = readTensor(file, kOptimizer).contiguous();
    checkpoint.optimizer.assign(static_cast<const char*>(bytes.data_ptr()), bytes.nbytes());
    return checkpoint;
}

std::string optimizerState(const torch::optim::Optimizer& optimizer)
{
    torch::serialize::OutputArchive archive;
    optimizer.save(archive);
    std::ostringstream stream;
    archive.save_to(stream);
    return stream.str();
}

void restoreOptimizer(torch::optim::Optimizer& optimizer, const std::string& state)
{
    std::istringstream stream(state);
    torch::serialize::InputArchive archive;
    archive.load_from(stream);
    optimizer.load(archive);
}

} // namespace lynceus
