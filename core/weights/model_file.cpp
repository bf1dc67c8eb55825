// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/weights/model_file.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QJsonDocument>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

const QString kEntry = u"lynceus"_s;

QJsonObject toJson(const ModelInfo& info)
{
    return {
        {u"format_version"_s, ModelInfo::kFormatVersion},
        {u"method"_s, info.method},
        {u"architecture"_s, info.architecture},
        {u"options"_s, info.options},
        {u"preprocessing"_s, info.preprocessing.toJson()},
        {u"calibration"_s, info.calibration},
        {u"thresholds"_s, info.thresholds.toJson()},
        {u"training_run"_s, info.trainingRun},
        {u"data_hash"_s, info.dataHash},
        {u"created"_s, info.created.toUTC().toString(Qt::ISODate)},
        {u"program_version"_s, info.programVersion},
        {u"metrics"_s, info.metrics},
    };
}

ModelInfo fromJson(const QJsonObject& json)
{
    ModelInfo info;
    info.method = json[u"method"_s].toString();
    info.architecture = json[u"architecture"_s].toString();
    info.options = json[u"options"_s].toObject();
    info.preprocessing = Preprocessing::fromJson(json[u"preprocessing"_s].toObject());
    info.calibration = json[u"calibration"_s].toObject();
    info.thresholds = Thresholds::fromJson(json[u"thresholds"_s].toObject());
    info.trainingRun = json[u"training_run"_s].toInteger();
    info.dataHash = json[u"data_hash"_s].toString();
    info.created = QDateTime::fromString(json[u"created"_s].toString(), Qt::ISODate);
    info.programVersion = json[u"program_version"_s].toString();
    info.metrics = json[u"metrics"_s].toObject();
    return info;
}

/// Throws Error(Format) on values that could not be read back, such as NaN.
QString toText(const QJsonObject& json)
{
    fromJson(json);
    return QString::fromUtf8(QJsonDocument(json).toJson(QJsonDocument::Compact));
}

QJsonObject readEntry(const SafetensorsFile& file)
{
    const auto text = file.metadata().constFind(kEntry);
    if (text == file.metadata().constEnd()) {
        throw Error(
            ErrorKind::Format,
            QCoreApplication::translate("core", "%1 holds weights but is not a Lynceus model.").arg(file.path()),
            QCoreApplication::translate("core", "Choose a model file that was trained with this program."));
    }
    const QJsonDocument json = QJsonDocument::fromJson(text->toUtf8());
    const int version = json[u"format_version"_s].toInt();
    if (!json.isObject() || version < 1) {
        throw Error(ErrorKind::Format,
                    QCoreApplication::translate("core", "The description in %1 is damaged.").arg(file.path()),
                    QCoreApplication::translate("core", "Copy the model file again, or train the model again."));
    }
    if (version > ModelInfo::kFormatVersion) {
        throw Error(ErrorKind::Format,
                    QCoreApplication::translate("core", "%1 was made by a newer version of this program (%2).")
                        .arg(file.path(), json[u"program_version"_s].toString()),
                    QCoreApplication::translate("core", "Update the program, or train the model with this version."));
    }
    return json.object();
}

} // namespace

void writeModelFile(const QString& path, const ModelInfo& info, const std::vector<NamedTensor>& tensors)
{
    writeSafetensors(path, tensors, sealed({{kEntry, toText(toJson(info))}}, tensors));
}

ModelInfo readModelInfo(const QString& path, const QString& method)
{
    return readModelInfo(SafetensorsFile(path, SafetensorsFile::Read::HeaderOnly), method);
}

ModelInfo readModelInfo(const SafetensorsFile& file, const QString& method)
{
    const QJsonObject json = readEntry(file);
    const QString found = json[u"method"_s].toString();
    if (!method.isEmpty() && found != method) {
        throw Error(ErrorKind::Format,
                    QCoreApplication::translate("core", "%1 is a model of the method \"%2\", not \"%3\".")
                        .arg(file.path(), found, method),
                    QCoreApplication::translate("core", "Choose a model of the method \"%1\".").arg(method));
    }
    try {
        return fromJson(json);
    } catch (const Error& error) {
        throw Error(ErrorKind::Format,
                    QCoreApplication::translate("core", "The description in %1 is damaged: %2")
                        .arg(file.path(), error.message()),
                    QCoreApplication::translate("core", "Copy the model file again, or train the model again."));
    }
}

void updateModelThresholds(const QString& path, const Thresholds& thresholds, const QJsonObject& calibration)
{
    const SafetensorsFile file(path);
    verifiedTensors(file);
    QJsonObject json = readEntry(file);
    json[u"thresholds"_s] = thresholds.toJson();
    json[u"calibration"_s] = calibration;

    QMap<QString, QString> metadata = file.metadata();
    metadata[kEntry] = toText(json);
    writeSafetensors(path, file.tensors(), sealed(metadata, file.tensors()));
}

} // namespace lynceus
