// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QJsonObject>
#include <QtCore/QString>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lynceus {

/// One entry of a manifest.json.
struct ModelEntry
{
    QString id;           ///< "demo-memseg", "resnet18-imagenet"
    QString architecture; ///< "memseg-resnet18-full", "resnet18"
    QString path;         ///< absolute
    QString sha256;
    QString licence;
    QString origin;
    bool builtIn = false; ///< shipped with the program; can't be removed
};

/// Weight and model files that the program knows by id: those shipped in models/ and those the user imported.
/// A manifest.json in each folder lists id, architecture, file, sha256, licence, origin. Nothing is ever downloaded.
class ModelStore
{
public:
    /// `builtInFolder` may be missing; `userFolder` is made on the first import.
    ModelStore(QString builtInFolder, QString userFolder);

    std::vector<ModelEntry> list() const; ///< built-in first; a broken manifest throws Error(Format) with its name
    std::optional<ModelEntry> find(const QString& id) const;
    /// An id or a path to an existing file, as the command line takes them; throws Error(Input).
    QString resolve(const QString& idOrPath) const;

    /// The weights file behind an encoder option: "auto" is the first listed one of architecture `backbone`, or none;
    /// "random" is none (empty); anything else as resolve().
    QString encoderFile(const QString& encoder, const QString& backbone) const;
    /// Copies a weights file (safetensors) into the user's folder and lists it. `architecture` "resnet18" is checked:
    /// all torchvision keys of the trunk with their shapes; fc.* is dropped. Returns the entry with its hash.
    ModelEntry importWeights(const QString& file, const QString& id, const QString& architecture,
                             const QString& licence, const QString& origin);
    void remove(const QString& id);

    /// Recomputes the hash; false when the file is missing or changed.
    bool verify(const ModelEntry& entry) const;

    /// models/ of the source tree or of the installation, whichever exists next to the program.
    static QString defaultBuiltInFolder();

private:
    QString m_builtInFolder;
    QString m_userFolder;
};

/// Keys and shapes of the torchvision ResNet-18 trunk (conv1 ... layer4, without fc), for checks without torch.
std::vector<std::pair<std::string, std::vector<std::int64_t>>> resnet18Keys();

} // namespace lynceus
