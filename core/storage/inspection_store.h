// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/image/anomaly_result.h"

#include <QtCore/QDateTime>
#include <QtCore/QString>

#include <optional>
#include <vector>

namespace lynceus {

class Database;

/// One batch of images judged with one model: a row of `inspections`.
struct InspectionRecord
{
    qint64 id = 0;
    qint64 productId = 0; ///< 0: no product
    QString folder;
    QString modelPath;
    QString modelHash; ///< sha256 of the model file
    QString engine;    ///< what ran it, engineName() of nn/engine; empty in inspections of before schema 4
    Thresholds thresholds;
    QDateTime started;  ///< UTC
    QDateTime finished; ///< invalid while it runs or after a crash
    QString programVersion;
};

/// One judged image: a row of `results` and its `regions`. The map is not stored.
struct ResultRecord
{
    qint64 id = 0;
    QString image;     ///< as given
    QString imageHash; ///< sha256 of the file; may be empty
    QString error;     ///< when the image could not be judged; then the rest is empty
    AnomalyResult result;
};

/// Inspections and their results. Stateless; any thread.
class InspectionStore
{
public:
    explicit InspectionStore(const Database& database)
        : m_database(database)
    {
    }

    qint64 begin(const InspectionRecord& record);
    /// Adds results in one transaction: all or none.
    void add(qint64 inspectionId, const std::vector<ResultRecord>& results);
    void finish(qint64 inspectionId);
    std::vector<InspectionRecord> list(int limit = 100) const; ///< newest first
    std::optional<InspectionRecord> find(qint64 id) const;
    std::vector<ResultRecord> results(qint64 inspectionId) const;
    /// What the model said last about each image of a folder, of all inspections, finished or not. Left out are images
    /// whose last result is an error or names no file content.
    std::vector<ResultRecord> newest(const QString& modelHash, const QString& folder) const;
    void remove(qint64 inspectionId);

private:
    const Database& m_database;
};

} // namespace lynceus
