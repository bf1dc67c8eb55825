// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/image/anomaly_result.h"
#include "core/image/preprocessing.h"
#include "core/weights/safetensors.h"

#include <QtCore/QDateTime>
#include <QtCore/QJsonObject>
#include <QtCore/QString>

#include <vector>

namespace lynceus {

/// The `lynceus` metadata entry of a model file (cli.md): everything but the tensors.
struct ModelInfo
{
    static constexpr int kFormatVersion = 1;

    QString method;       ///< "memseg"
    QString architecture; ///< "memseg-resnet18-full"
    QJsonObject options;  ///< the method's options
    Preprocessing preprocessing;
    QJsonObject calibration; ///< how the thresholds were found: kind, images, overkill, upper bound
    Thresholds thresholds;
    qint64 trainingRun = 0; ///< id in the database of the machine that trained it
    QString dataHash;
    QDateTime created; ///< UTC
    QString programVersion;
    QJsonObject metrics; ///< held-out figures at the end of training
};

/// Writes tensors and info as one safetensors file, sealed and atomically. Throws Error(File).
void writeModelFile(const QString& path, const ModelInfo& info, const std::vector<NamedTensor>& tensors);

/// Reads the info only; who judges by it verifies the tensors too (verifiedTensors). Throws Error(File) or
/// Error(Format): not a model file, truncated, from a newer program, or (when `method` is not empty) made for another
/// method, each with the remedy.
ModelInfo readModelInfo(const QString& path, const QString& method = {});
ModelInfo readModelInfo(const SafetensorsFile& file, const QString& method = {});

/// Replaces thresholds and calibration of an existing file; the tensors stay as they are, byte for byte. Throws
/// Error(File | Format), also when the file has changed since it was written.
void updateModelThresholds(const QString& path, const Thresholds& thresholds, const QJsonObject& calibration);

} // namespace lynceus
