// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/storage/run_store.h"

#include "core/base/error.h"
#include "core/storage/database.h"
#include "core/storage/sql_values.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <array>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

/// The words in the column `state`, in the order of the enum.
const std::array<QString, 4> kStates{u"running"_s, u"finished"_s, u"cancelled"_s, u"failed"_s};

RunRecord::State stateFromSql(const QVariant& value)
{
    const auto found = std::find(kStates.begin(), kStates.end(), value.toString());
    return found == kStates.end() ? RunRecord::State::Failed : RunRecord::State(found - kStates.begin());
}

const QString kSelect =
    u"SELECT runs.id, name, method, data_folder, data_hash, options, seed, machine, program_version, "
    "state, message, models.path, models.sha256, final, started, finished "
    "FROM runs LEFT JOIN models ON models.id = runs.model_id "_s;

std::vector<RunRecord> read(QSqlQuery query)
{
    std::vector<RunRecord> records;
    while (query.next()) {
        RunRecord record;
        record.id = query.value(0).toLongLong();
        record.name = query.value(1).toString();
        record.method = query.value(2).toString();
        record.dataFolder = query.value(3).toString();
        record.dataHash = query.value(4).toString();
        record.options = jsonFromSql(query.value(5));
        record.seed = quint64(query.value(6).toLongLong());
        record.machine = query.value(7).toString();
        record.programVersion = query.value(8).toString();
        record.state = stateFromSql(query.value(9));
        record.message = query.value(10).toString();
        record.modelPath = query.value(11).toString();
        record.modelHash = query.value(12).toString();
        record.final = jsonFromSql(query.value(13));
        record.started = timeFromSql(query.value(14));
        record.finished = timeFromSql(query.value(15));
        records.push_back(std::move(record));
    }
    return records;
}

} // namespace

qint64 RunStore::begin(const RunRecord& record)
{
    const QDateTime started = record.started.isValid() ? record.started : QDateTime::currentDateTimeUtc();
    return m_database.insert(u"INSERT INTO runs (name, method, data_folder, data_hash, options, seed, machine, "
                             "program_version, state, started) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'running', ?)"_s,
                             {textToSql(record.name), textToSql(record.method), textToSql(record.dataFolder),
                              textToSql(record.dataHash), jsonToSql(record.options), qint64(record.seed),
                              textToSql(record.machine), textToSql(record.programVersion), timeToSql(started)});
}

void RunStore::addMetrics(qint64 runId, const std::vector<MetricPoint>& points)
{
    Transaction transaction(m_database);
    // A run that was resumed writes some of its steps again.
    QSqlQuery query = m_database.prepare(u"INSERT INTO run_metrics (run_id, name, step, value) VALUES (?, ?, ?, ?) "
                                         "ON CONFLICT DO UPDATE SET value = excluded.value"_s);
    for (const MetricPoint& point : points)
        m_database.execute(query, {runId, textToSql(point.name), point.step, point.value});
    transaction.commit();
}

void RunStore::finish(qint64 runId, RunRecord::State state, const QString& message, const QString& modelPath,
                      const QString& modelHash, const QJsonObject& final)
{
    Transaction transaction(m_database);
    const QSqlQuery query =
        m_database.run(u"UPDATE runs SET state = ?, message = ?, model_id = ?, final = ?, finished = ? WHERE id = ?"_s,
                       {kStates[std::size_t(state)], textToSql(message), modelRow(m_database, modelPath, modelHash),
                        jsonToSql(final), timeToSql(QDateTime::currentDateTimeUtc()), runId});
    if (query.numRowsAffected() == 0)
        throw Error(ErrorKind::Storage, QCoreApplication::translate("core", "The database has no run %1.").arg(runId));
    transaction.commit();
}

std::vector<RunRecord> RunStore::list(int limit) const
{
    return read(m_database.run(kSelect + u"ORDER BY started DESC, runs.id DESC LIMIT ?"_s, {limit}));
}

std::optional<RunRecord> RunStore::find(qint64 id) const
{
    const auto records = read(m_database.run(kSelect + u"WHERE runs.id = ?"_s, {id}));
    return records.empty() ? std::nullopt : std::optional(records.front());
}

std::vector<MetricPoint> RunStore::metrics(qint64 runId, const QString& name) const
{
    const QString select = u"SELECT name, step, value FROM run_metrics WHERE run_id = ? "_s;
    QSqlQuery query = name.isEmpty() ? m_database.run(select + u"ORDER BY step, name"_s, {runId})
                                     : m_database.run(select + u"AND name = ? ORDER BY step"_s, {runId, name});
    std::vector<MetricPoint> points;
    while (query.next())
        points.push_back({query.value(0).toString(), query.value(1).toInt(), realFromSql(query.value(2))});
    return points;
}

void RunStore::remove(qint64 runId)
{
    m_database.run(u"DELETE FROM runs WHERE id = ?"_s, {runId});
}

} // namespace lynceus
