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

/// What the model said about an image of the list before: in an earlier run of the program, perhaps.
struct EarlierResult
{
    int row = 0;
    ResultRecord record;
};

/// The stored results of a folder for the images with these paths, by row. Whether the files still are what was judged
/// has yet to be seen.
std::vector<EarlierResult> earlierResults(const Database& database, const QString& modelHash, const QString& folder,
                                          const std::vector<QString>& paths);

/// A part of `results` from `first` on whose files hold the bytes that were judged: about half a second's work, so that
/// others of the lane get their turn. `next`: where to go on.
struct ConfirmedResults
{
    std::vector<EarlierResult> results;
    std::size_t next = 0;
};
ConfirmedResults confirmResults(const std::vector<EarlierResult>& results, std::size_t first,
                                const CancelToken& cancel);

struct SavedModel
{
    QString file;
    QString hash; ///< sha256
};

/// Writes thresholds into a model file. A model that was shipped with the program stays as it is: then a copy in
/// `modelFolder` takes them, with its compiled engines beside it.
SavedModel saveThresholds(const ModelStore& store, const QString& modelFolder, const QString& modelFile,
                          const Thresholds& thresholds, const QJsonObject& calibration);

/// How a threshold that somebody set by hand was found. `before`: the model's calibration until then.
QJsonObject manualCalibration(const ImageListModel::Counts& counts, const QJsonObject& before);

} // namespace lynceus
