// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/inspect_jobs.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/engines/engine_file.h"
#include "core/metrics/calibration.h"
#include "core/weights/model_file.h"
#include "core/weights/model_store.h"
#include "core/weights/safetensors.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QFileInfo>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr double kTurnMs = 500.0;

bool isShipped(const ModelStore& store, const QString& modelFile)
{
    const QFileInfo file(modelFile);
    const std::vector<ModelEntry> entries = store.list();
    return std::any_of(entries.begin(), entries.end(),
                       [&](const ModelEntry& entry) { return entry.builtIn && QFileInfo(entry.path) == file; });
}

QString copyToFolder(const QString& modelFile, const QString& folder)
{
    const QFileInfo source(modelFile);
    QString target;
    for (int i = 1; target.isEmpty() || QFileInfo::exists(target); ++i)
        target = u"%1/%2-%3.%4"_s.arg(folder, source.completeBaseName()).arg(i).arg(source.suffix());
    if (!QDir().mkpath(folder) || !QFile::copy(modelFile, target))
        throw Error(
            ErrorKind::File,
            QCoreApplication::translate("ui", "Cannot copy the model to %1.").arg(QDir::toNativeSeparators(target)),
            QCoreApplication::translate("ui", "Check that the folder can be written to and has space left."));
    QFile::setPermissions(target, QFile::permissions(target) | QFile::WriteOwner);
    // Without its engines the copy is slower, no more.
    const QString engines = engineFile(modelFile);
    if (QFile::exists(engines)) {
        QFile::remove(engineFile(target)); // of a model that had the name before
        if (!QFile::copy(engines, engineFile(target)))
            qCWarning(logUi) << engines << "could not be copied to" << engineFile(target);
    }
    return target;
}

} // namespace

std::vector<EarlierResult> earlierResults(const Database& database, const QString& modelHash, const QString& folder,
                                          const std::vector<QString>& paths)
{
    std::vector<ResultRecord> stored = InspectionStore(database).newest(modelHash, folder);
    std::unordered_map<QString, ResultRecord*> byPath;
    for (ResultRecord& record : stored)
        byPath.emplace(record.image, &record);
    std::vector<EarlierResult> results;
    for (std::size_t i = 0; i < paths.size(); ++i) {
        if (const auto found = byPath.find(paths[i]); found != byPath.end())
            results.push_back({int(i), std::move(*found->second)});
    }
    return results;
}

ConfirmedResults confirmResults(const std::vector<EarlierResult>& results, std::size_t first, const CancelToken& cancel)
{
    ConfirmedResults confirmed;
    const Stopwatch watch;
    for (confirmed.next = first; confirmed.next < results.size() && watch.ms() < kTurnMs; ++confirmed.next) {
        cancel.throwIfCancelled();
        const EarlierResult& result = results[confirmed.next];
        try {
            if (fileSha256(result.record.image) == result.record.imageHash)
                confirmed.results.push_back(result);
        } catch (const Error& error) {
            qCInfo(logUi).noquote() << "An earlier result is left out." << error.text(); // the inspection will tell
        }
    }
    return confirmed;
}

SavedModel saveThresholds(const ModelStore& store, const QString& modelFolder, const QString& modelFile,
                          const Thresholds& thresholds, const QJsonObject& calibration)
{
    const QString target = isShipped(store, modelFile) ? copyToFolder(modelFile, modelFolder) : modelFile;
    updateModelThresholds(target, thresholds, calibration);
    return {target, fileSha256(target)};
}

QJsonObject manualCalibration(const ImageListModel::Counts& counts, const QJsonObject& before)
{
    QJsonObject json{{u"kind"_s, u"manual"_s}, {u"images"_s, counts.good}, {u"defective"_s, counts.defective}};
    if (counts.good > 0) {
        json[u"overkill"_s] = double(counts.overkill) / counts.good;
        json[u"upper_bound"_s] = rateUpperBound(counts.overkill, counts.good);
        json[u"confidence"_s] = 0.95;
    }
    if (counts.defective > 0)
        json[u"escape"_s] = double(counts.escapes) / counts.defective;
    keepGoodScores(json, before);
    return json;
}

} // namespace lynceus
