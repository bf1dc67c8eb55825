// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/engines/engine_file.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/version.h"
#include "core/nn/device.h"
#include "core/nn/openvino_network.h"
#include "core/weights/safetensors.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QCryptographicHash>
#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QFileInfo>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QSaveFile>

#include <algorithm>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kFormatVersion = 3;
const QString kEntry = u"lynceus_engines"_s;
const std::string kPictures = "images";

Error damaged(const QString& path, const QString& fault)
{
    return Error(
        ErrorKind::Format,
        QCoreApplication::translate("core", "The compiled networks in %1 cannot be used: %2.").arg(path, fault),
        QCoreApplication::translate("core", "Compile the model again, or delete the file."));
}

QJsonObject readEntry(const SafetensorsFile& file)
{
    const QJsonObject json = QJsonDocument::fromJson(file.metadata().value(kEntry).toUtf8()).object();
    if (json.isEmpty())
        throw damaged(file.path(), QCoreApplication::translate("core", "the description is missing or damaged"));
    if (json[u"format_version"_s].toInt() != kFormatVersion)
        throw damaged(file.path(), QCoreApplication::translate("core", "another version of this program wrote them"));
    // OpenVINO would run changed weights without a word, and a changed report would let it.
    if (!isSealed(file))
        throw damaged(file.path(), QCoreApplication::translate("core", "they carry no checksum"));
    verifiedTensors(file);
    return json;
}

std::vector<GateReport> reportsOf(const QJsonArray& json)
{
    std::vector<GateReport> reports;
    for (const QJsonValue& value : json)
        reports.push_back(GateReport::fromJson(value.toObject()));
    return reports;
}

QJsonArray jsonOf(const std::vector<GateReport>& reports)
{
    QJsonArray json;
    for (const GateReport& report : reports)
        json.append(report.toJson());
    return json;
}

/// Where the reports of this machine for a set and thresholds are kept; empty without a folder.
QString keptReports(const QString& setFile, const Thresholds& thresholds, const QString& cacheFolder)
{
    if (cacheFolder.isEmpty())
        return {};
    QCryptographicHash hash(QCryptographicHash::Sha256);
    hash.addData(fileSha256(setFile).toUtf8());
    hash.addData(QJsonDocument(thresholds.toJson()).toJson(QJsonDocument::Compact));
    hash.addData(engineMachine().toUtf8());
    return cacheFolder + u"/gates/"_s + QString::fromLatin1(hash.result().toHex()) + u".json"_s;
}

TensorView bytesView(const QByteArray& bytes)
{
    return {DType::U8,
            {bytes.size()},
            reinterpret_cast<const unsigned char*>(bytes.constData()),
            std::size_t(bytes.size())};
}

QByteArray bytesOf(const SafetensorsFile& file, const std::string& name)
{
    if (!file.contains(name))
        return {};
    const TensorView& view = file.view(name);
    return {reinterpret_cast<const char*>(view.data), qsizetype(view.bytes)};
}

/// Those that lie under `kind`, "plain" or "int8": "plain.encoder.xml" and "plain.encoder.bin" are one called
/// "encoder".
NetworkIrs readNetworks(const SafetensorsFile& file, const std::string& kind)
{
    const std::string before = kind + '.';
    const std::string after = ".xml";
    NetworkIrs networks;
    for (const std::string& entry : file.names()) {
        if (entry.size() <= before.size() + after.size() || entry.rfind(before, 0) != 0 ||
            entry.compare(entry.size() - after.size(), after.size(), after) != 0)
            continue;
        const std::string name = entry.substr(before.size(), entry.size() - before.size() - after.size());
        networks[name] = {bytesOf(file, entry), bytesOf(file, before + name + ".bin")};
    }
    return networks;
}

void addNetworks(std::vector<NamedTensor>& tensors, const std::string& kind, const NetworkIrs& networks)
{
    for (const auto& [name, ir] : networks) {
        tensors.push_back({kind + '.' + name + ".xml", bytesView(ir.xml)});
        tensors.push_back({kind + '.' + name + ".bin", bytesView(ir.bin)});
    }
}

std::vector<GateImage> readImages(const SafetensorsFile& file, const QJsonArray& names)
{
    if (names.isEmpty())
        return {};
    const TensorView& view = file.view(kPictures);
    const auto& shape = view.shape;
    if (view.dtype != DType::U8 || shape.size() != 4 || shape[0] != names.size() || shape[3] < 1 ||
        shape[3] > CV_CN_MAX)
        throw damaged(file.path(), QCoreApplication::translate("core", "its images have another form"));
    const std::size_t bytes = view.bytes / std::size_t(shape[0]);
    const int rows = int(shape[1]);
    const int columns = int(shape[2]);
    std::vector<GateImage> images;
    for (qsizetype i = 0; i < names.size(); ++i) {
        cv::Mat picture(rows, columns, CV_8UC(int(shape[3])));
        std::copy_n(view.data + std::size_t(i) * bytes, bytes, picture.data);
        images.push_back({names[i][u"name"_s].toString(), picture, names[i][u"good"_s].toBool()});
    }
    return images;
}

void writeJson(const QString& path, const QJsonObject& json)
{
    QSaveFile file(path);
    const QByteArray bytes = QJsonDocument(json).toJson();
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit()) {
        throw Error(ErrorKind::File,
                    QCoreApplication::translate("core", "%1 cannot be written: %2.").arg(path, file.errorString()),
                    QCoreApplication::translate("core", "Choose a folder you may write to."));
    }
}

Error notCompiled(const QString& modelFile, Engine engine)
{
    return Error(
        ErrorKind::Input,
        QCoreApplication::translate("core", "%1 has no compiled networks for %2.").arg(modelFile, engineName(engine)),
        QCoreApplication::translate("core", "Compile the model on a machine that has this engine "
                                            "(lynceus-cli compile)."));
}

} // namespace

QString engineFile(const QString& modelFile)
{
    return modelFile + u".engines"_s;
}

QString modelIdentity(const QString& tensors, const ModelInfo& info)
{
    QCryptographicHash hash(QCryptographicHash::Sha256);
    hash.addData(QJsonDocument(info.options).toJson(QJsonDocument::Compact));
    hash.addData(QJsonDocument(info.preprocessing.toJson()).toJson(QJsonDocument::Compact));
    hash.addData(tensors.toUtf8());
    return QString::fromLatin1(hash.result().toHex());
}

QString engineMachine()
{
    return u"Lynceus %1, %2, OpenVINO %3"_s.arg(programVersion(), machineDescription(), openVinoVersion());
}

void saveEngineSet(const QString& path, const EngineSet& set)
{
    std::vector<NamedTensor> tensors;
    addNetworks(tensors, "plain", set.plain);
    addNetworks(tensors, "int8", set.int8);
    QJsonArray names;
    QByteArray pictures;
    for (const GateImage& image : set.images) {
        names.append(QJsonObject{{u"name"_s, image.name}, {u"good"_s, image.good}});
        const cv::Mat whole = image.picture.isContinuous() ? image.picture : image.picture.clone();
        pictures.append(reinterpret_cast<const char*>(whole.data), qsizetype(whole.total() * whole.elemSize()));
    }
    if (!set.images.empty()) {
        const cv::Mat& first = set.images.front().picture;
        TensorView view = bytesView(pictures);
        view.shape = {std::int64_t(set.images.size()), first.rows, first.cols, first.channels()};
        tensors.push_back({kPictures, view});
    }
    const QJsonObject entry{{u"format_version"_s, kFormatVersion},
                            {u"model"_s, set.model},
                            {u"machine"_s, set.machine},
                            {u"engine"_s, engineName(set.engine)},
                            {u"thresholds"_s, set.thresholds.toJson()},
                            {u"reports"_s, jsonOf(set.reports)},
                            {u"images"_s, names}};
    const QString text = QString::fromUtf8(QJsonDocument(entry).toJson(QJsonDocument::Compact));
    writeSafetensors(path, tensors, sealed({{kEntry, text}}, tensors));
}

EngineSet loadEngineSet(const QString& path)
{
    const SafetensorsFile file(path);
    const QJsonObject entry = readEntry(file);
    try {
        EngineSet set;
        set.model = entry[u"model"_s].toString();
        set.machine = entry[u"machine"_s].toString();
        set.engine = engineFromName(entry[u"engine"_s].toString());
        set.thresholds = Thresholds::fromJson(entry[u"thresholds"_s].toObject());
        set.reports = reportsOf(entry[u"reports"_s].toArray());
        set.plain = readNetworks(file, "plain");
        set.int8 = readNetworks(file, "int8");
        set.images = readImages(file, entry[u"images"_s].toArray());
        return set;
    } catch (const Error& error) {
        throw damaged(path, error.message());
    }
}

std::optional<std::vector<GateReport>> knownReports(const EngineSet& set, const QString& setFile,
                                                    const Thresholds& thresholds, const QString& cacheFolder)
{
    if (set.machine == engineMachine() && set.thresholds.toJson() == thresholds.toJson())
        return set.reports;
    QFile file(keptReports(setFile, thresholds, cacheFolder));
    if (file.fileName().isEmpty() || !file.open(QIODevice::ReadOnly))
        return {};
    try {
        return reportsOf(QJsonDocument::fromJson(file.readAll()).array());
    } catch (const Error& error) {
        qCWarning(logModel) << file.fileName() << "is made anew:" << error.text();
        return {};
    }
}

void keepReports(const std::vector<GateReport>& reports, const QString& setFile, const Thresholds& thresholds,
                 const QString& cacheFolder)
{
    const QString path = keptReports(setFile, thresholds, cacheFolder);
    if (path.isEmpty())
        return;
    QDir().mkpath(QFileInfo(path).path());
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(QJsonDocument(jsonOf(reports)).toJson()) < 0 || !file.commit())
        qCWarning(logModel) << path << "cannot be written:" << file.errorString();
}

std::vector<GateReport> readGateReports(const QString& modelFile, const QString& cacheFolder)
{
    if (!QFileInfo::exists(engineFile(modelFile)))
        return {};
    const EngineSet set = loadEngineSet(engineFile(modelFile));
    const SafetensorsFile model(modelFile);
    const ModelInfo info = readModelInfo(model);
    if (set.model != modelIdentity(verifiedTensors(model), info))
        return {};
    return knownReports(set, engineFile(modelFile), info.thresholds, cacheFolder).value_or(set.reports);
}

Engine readModelEngine(const QString& modelFile)
{
    return QFileInfo::exists(engineFile(modelFile)) ? loadEngineSet(engineFile(modelFile)).engine : Engine::Auto;
}

GateReport exportOpenVino(const QString& modelFile, Engine engine, const QString& folder, QStringList& files)
{
    const std::vector<GateReport> reports = readGateReports(modelFile);
    const auto report =
        std::find_if(reports.begin(), reports.end(), [&](const GateReport& one) { return one.engine == engine; });
    if (report == reports.end())
        throw notCompiled(modelFile, engine);
    const EngineSet set = loadEngineSet(engineFile(modelFile));
    if (set.networks(engine).empty())
        throw notCompiled(modelFile, engine);
    const QDir out(folder);
    if (!QDir().mkpath(folder)) {
        throw Error(ErrorKind::File, QCoreApplication::translate("core", "The folder %1 cannot be made.").arg(folder),
                    QCoreApplication::translate("core", "Choose a folder you may write to."));
    }
    for (const auto& [name, network] : set.networks(engine)) {
        const QString path = out.filePath(QString::fromStdString(name));
        files << path + u".xml"_s << path + u".bin"_s;
        network.save(path + u".xml"_s);
    }
    QJsonObject parity = report->toJson();
    parity.insert(u"machine"_s, set.machine);
    parity.insert(u"model"_s, QFileInfo(modelFile).fileName());
    files << out.filePath(u"parity.json"_s);
    writeJson(files.back(), parity);
    return *report;
}

} // namespace lynceus
