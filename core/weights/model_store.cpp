// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/weights/model_store.h"

#include "core/base/error.h"
#include "core/weights/safetensors.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QRegularExpression>
#include <QtCore/QSaveFile>

#include <algorithm>
#include <set>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr int kManifestVersion = 1;

QString manifestPath(const QString& folder)
{
    return QDir(folder).filePath(u"manifest.json"_s);
}

[[noreturn]] void throwBadManifest(const QString& path, const QString& fault)
{
    throw Error(ErrorKind::Format,
                QCoreApplication::translate("core", "The model list %1 is damaged: %2.").arg(path, fault),
                QCoreApplication::translate("core", "Restore the file from a backup, or delete it and import the "
                                                    "weights again."));
}

ModelEntry readEntry(const QJsonObject& json, const QString& folder, bool builtIn)
{
    const QString file = json[u"file"_s].toString();
    ModelEntry entry{json[u"id"_s].toString(),
                     json[u"architecture"_s].toString(),
                     QDir(folder).absoluteFilePath(file),
                     json[u"sha256"_s].toString(),
                     json[u"licence"_s].toString(),
                     json[u"origin"_s].toString(),
                     builtIn};
    if (entry.id.isEmpty() || entry.architecture.isEmpty() || entry.sha256.size() != 64)
        throwBadManifest(manifestPath(folder), QCoreApplication::translate("core", "an entry is not complete"));
    // A list must not reach outside its folder: remove() deletes what it names.
    if (file.isEmpty() || file.startsWith(u'.') || file != QFileInfo(file).fileName())
        throwBadManifest(manifestPath(folder),
                         QCoreApplication::translate("core", "\"%1\" is not a file name").arg(file));
    return entry;
}

std::vector<ModelEntry> readManifest(const QString& folder, bool builtIn)
{
    QFile file(manifestPath(folder));
    if (folder.isEmpty() || !file.exists())
        return {};
    if (!file.open(QIODevice::ReadOnly)) {
        throw Error(
            ErrorKind::File,
            QCoreApplication::translate("core", "%1 cannot be read: %2.").arg(file.fileName(), file.errorString()));
    }
    QJsonParseError fault;
    const QJsonDocument json = QJsonDocument::fromJson(file.readAll(), &fault);
    if (fault.error != QJsonParseError::NoError)
        throwBadManifest(file.fileName(), fault.errorString());
    if (json[u"format_version"_s].toInt() != kManifestVersion || !json[u"models"_s].isArray())
        throwBadManifest(file.fileName(), QCoreApplication::translate("core", "its version is not known"));
    std::vector<ModelEntry> entries;
    const QJsonArray models = json[u"models"_s].toArray();
    for (const auto& value : models)
        entries.push_back(readEntry(value.toObject(), folder, builtIn));
    return entries;
}

void writeManifest(const QString& folder, const std::vector<ModelEntry>& entries)
{
    QJsonArray models;
    for (const ModelEntry& entry : entries) {
        models.append(QJsonObject{{u"id"_s, entry.id},
                                  {u"architecture"_s, entry.architecture},
                                  {u"file"_s, QFileInfo(entry.path).fileName()},
                                  {u"sha256"_s, entry.sha256},
                                  {u"licence"_s, entry.licence},
                                  {u"origin"_s, entry.origin}});
    }
    const QJsonObject root{{u"format_version"_s, kManifestVersion}, {u"models"_s, models}};
    const QByteArray bytes = QJsonDocument(root).toJson();
    QSaveFile file(manifestPath(folder));
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit()) {
        throw Error(
            ErrorKind::File,
            QCoreApplication::translate("core", "%1 cannot be written: %2.").arg(file.fileName(), file.errorString()),
            QCoreApplication::translate("core", "Check that you may write there and that the disk is not full."));
    }
}

bool isFloating(DType type)
{
    return type == DType::F64 || type == DType::F32 || type == DType::F16 || type == DType::BF16;
}

bool startsWith(const std::string& text, const char* prefix)
{
    return text.rfind(prefix, 0) == 0;
}

bool endsWith(const std::string& text, const std::string& suffix)
{
    return text.size() >= suffix.size() && text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

/// The tensors of the trunk; throws Error(Model) listing everything that does not fit.
std::vector<NamedTensor> resnet18Tensors(const SafetensorsFile& file)
{
    QStringList faults;
    std::vector<NamedTensor> tensors;
    std::set<std::string> known;
    for (const auto& [key, shape] : resnet18Keys()) {
        known.insert(key);
        const bool counter = endsWith(key, "num_batches_tracked");
        const QString name = QString::fromStdString(key);
        if (!file.contains(key)) {
            if (!counter)
                faults += QCoreApplication::translate("core", "%1 is missing").arg(name);
        } else if (file.view(key).shape != shape) {
            faults += QCoreApplication::translate("core", "%1 has another shape").arg(name);
        } else if (isFloating(file.view(key).dtype) == counter) {
            faults += QCoreApplication::translate("core", "%1 has another type").arg(name);
        } else {
            tensors.push_back({key, file.view(key)});
        }
    }
    for (const std::string& name : file.names()) {
        if (known.count(name) == 0 && !startsWith(name, "fc."))
            faults += QCoreApplication::translate("core", "%1 does not belong there").arg(QString::fromStdString(name));
    }
    if (faults.isEmpty())
        return tensors;
    constexpr int kShown = 10;
    const auto more = faults.size() - kShown;
    QString list = faults.mid(0, kShown).join(u", "_s);
    if (more > 0)
        list += QCoreApplication::translate("core", " and %1 more").arg(more);
    throw Error(
        ErrorKind::Model,
        QCoreApplication::translate("core", "%1 does not hold the weights of a ResNet-18: %2.").arg(file.path(), list),
        QCoreApplication::translate("core", "Choose weights with the names that torchvision uses."));
}

} // namespace

std::vector<std::pair<std::string, std::vector<std::int64_t>>> resnet18Keys()
{
    std::vector<std::pair<std::string, std::vector<std::int64_t>>> keys;
    const auto addConv = [&](const std::string& name, std::int64_t out, std::int64_t in, std::int64_t kernel) {
        keys.push_back({name + ".weight", {out, in, kernel, kernel}});
    };
    const auto addNorm = [&](const std::string& name, std::int64_t channels) {
        for (const char* entry : {".weight", ".bias", ".running_mean", ".running_var"})
            keys.push_back({name + entry, {channels}});
        keys.push_back({name + ".num_batches_tracked", {}});
    };

    addConv("conv1", 64, 3, 7);
    addNorm("bn1", 64);
    std::int64_t in = 64;
    for (int layer = 1; layer <= 4; ++layer) {
        const std::int64_t channels = std::int64_t(32) << layer;
        for (int block = 0; block < 2; ++block) {
            const std::string prefix = "layer" + std::to_string(layer) + '.' + std::to_string(block);
            addConv(prefix + ".conv1", channels, in, 3);
            addNorm(prefix + ".bn1", channels);
            addConv(prefix + ".conv2", channels, channels, 3);
            addNorm(prefix + ".bn2", channels);
            if (in != channels) {
                addConv(prefix + ".downsample.0", channels, in, 1);
                addNorm(prefix + ".downsample.1", channels);
            }
            in = channels;
        }
    }
    return keys;
}

ModelStore::ModelStore(QString builtInFolder, QString userFolder)
    : m_builtInFolder(std::move(builtInFolder))
    , m_userFolder(std::move(userFolder))
{
}

std::vector<ModelEntry> ModelStore::list() const
{
    std::vector<ModelEntry> entries = readManifest(m_builtInFolder, true);
    const std::vector<ModelEntry> imported = readManifest(m_userFolder, false);
    entries.insert(entries.end(), imported.begin(), imported.end());
    return entries;
}

std::optional<ModelEntry> ModelStore::find(const QString& id) const
{
    for (const ModelEntry& entry : list()) {
        if (entry.id == id)
            return entry;
    }
    return {};
}

QString ModelStore::encoderFile(const QString& encoder, const QString& backbone) const
{
    if (encoder == "random"_L1)
        return {};
    if (encoder != "auto"_L1)
        return resolve(encoder);
    for (const ModelEntry& entry : list()) {
        if (entry.architecture == backbone)
            return entry.path;
    }
    return {};
}

QString ModelStore::resolve(const QString& idOrPath) const
{
    if (const auto entry = find(idOrPath))
        return entry->path;
    if (QFileInfo(idOrPath).isFile())
        return QFileInfo(idOrPath).absoluteFilePath();
    throw Error(
        ErrorKind::Input,
        QCoreApplication::translate("core", "\"%1\" is neither a file nor the name of a known model.").arg(idOrPath),
        QCoreApplication::translate("core", "Give the path of a model file, or a name from the list of models."));
}

ModelEntry ModelStore::importWeights(const QString& file, const QString& id, const QString& architecture,
                                     const QString& licence, const QString& origin)
{
    static const QRegularExpression kId(u"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"_s);
    if (!kId.match(id).hasMatch()) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "\"%1\" cannot be the name of a model.").arg(id),
                    QCoreApplication::translate("core", "Use letters, digits, dots, dashes and underscores."));
    }
    if (find(id)) {
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "There is a model \"%1\" already.").arg(id),
                    QCoreApplication::translate("core", "Choose another name, or remove the model first."));
    }

    const SafetensorsFile source(file);
    const std::vector<NamedTensor> tensors = architecture == "resnet18"_L1 ? resnet18Tensors(source) : source.tensors();

    if (!QDir().mkpath(m_userFolder)) {
        throw Error(ErrorKind::File,
                    QCoreApplication::translate("core", "The folder %1 cannot be made.").arg(m_userFolder),
                    QCoreApplication::translate("core", "Check that you may write there."));
    }
    ModelEntry entry{id, architecture, QDir(m_userFolder).absoluteFilePath(id + u".safetensors"_s),
                     {}, licence,      origin};
    writeSafetensors(entry.path, tensors, source.metadata());
    entry.sha256 = fileSha256(entry.path);

    std::vector<ModelEntry> entries = readManifest(m_userFolder, false);
    entries.push_back(entry);
    writeManifest(m_userFolder, entries);
    return entry;
}

void ModelStore::remove(const QString& id)
{
    const auto entry = find(id);
    if (!entry || entry->builtIn) {
        throw Error(ErrorKind::Input,
                    entry ? QCoreApplication::translate("core", "\"%1\" belongs to the program and stays.").arg(id)
                          : QCoreApplication::translate("core", "There is no model \"%1\".").arg(id),
                    QCoreApplication::translate("core", "Give the name of a model that you imported."));
    }
    std::vector<ModelEntry> entries = readManifest(m_userFolder, false);
    entries.erase(std::remove_if(entries.begin(), entries.end(), [&](const ModelEntry& e) { return e.id == id; }),
                  entries.end());
    // The list first: a file without an entry does no harm, an entry without a file would.
    writeManifest(m_userFolder, entries);
    QFile::remove(entry->path);
}

bool ModelStore::verify(const ModelEntry& entry) const
{
    return QFileInfo(entry.path).isFile() && fileSha256(entry.path) == entry.sha256;
}

QString ModelStore::defaultBuiltInFolder()
{
    const QString installed =
        QDir(QCoreApplication::applicationDirPath()).absoluteFilePath(u"../share/lynceus/models"_s);
    return QDir::cleanPath(QFileInfo(installed).isDir() ? installed : QStringLiteral(LYNCEUS_SOURCE_MODELS));
}

} // namespace lynceus
