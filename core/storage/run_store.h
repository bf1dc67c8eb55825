// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QDateTime>
#include <QtCore/QJsonObject>
#include <QtCore/QString>

#include <optional>
#include <vector>

namespace lynceus {

class Database;

/// One training: a row of `runs`.
struct RunRecord
{
    enum class State { Running, Finished, Cancelled, Failed };

    qint64 id = 0;
    QString name;
    QString method; ///< "memseg"
    QString dataFolder;
    QString dataHash;
    QJsonObject options;
    quint64 seed = 0;
    QString machine; ///< processor, threads, library versions
    QString programVersion;
    State state = State::Running;
    QString message;   ///< why it failed
    QString modelPath; ///< the result
    QString modelHash;
    QJsonObject final; ///< metrics at the end
    QDateTime started; ///< UTC
    QDateTime finished;
};

/// One value of one curve: a row of `run_metrics`.
struct MetricPoint
{
    QString name; ///< "loss", "learning_rate", "validation_auroc"
    int step = 0;
    double value = 0.0;
};

/// Training runs with their curves. Stateless; any thread.
class RunStore
{
public:
    explicit RunStore(const Database& database)
        : m_database(database)
    {
    }

    qint64 begin(const RunRecord& record);
    void addMetrics(qint64 runId, const std::vector<MetricPoint>& points); ///< one transaction
    void finish(qint64 runId, RunRecord::State state, const QString& message = {}, const QString& modelPath = {},
                const QString& modelHash = {}, const QJsonObject& final = {});
    std::vector<RunRecord> list(int limit = 100) const; ///< newest first
    std::optional<RunRecord> find(qint64 id) const;
    std::vector<MetricPoint> metrics(qint64 runId, const QString& name = {}) const; ///< by step
    void remove(qint64 runId);

private:
    const Database& m_database;
};

} // namespace lynceus
