// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/storage/inspection_store.h"
#include "ui/image_list_model.h"

#include <QtCore/QJsonObject>

namespace lynceus {

class ModelStore;

// What the Inspect page does on the Files lane. Everything comes in by value; all throw Error.

/// Keeps a finished run: the inspection and its results.
void storeRun(const Database& database, const InspectionRecord& record, const std::vector<ImageItem>& items);

struct SavedModel
{
    QString file;
    QString hash; ///< sha256
};

/// Writes thresholds into a model file. A model that was shipped with the program stays as it is: then a copy in
/// `modelFolder` takes them, with its compiled engines beside it.
SavedModel saveThresholds(const ModelStore& store, const QString& modelFolder, const QString& modelFile,
                          const Thresholds& thresholds, const QJsonObject& calibration);

/// How a threshold that somebody set by hand was found.
QJsonObject manualCalibration(const ImageListModel::Counts& counts);

} // namespace lynceus
