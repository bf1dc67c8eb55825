// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/storage/run_store.h"

#include "core/base/error.h"
#include "core/storage/database.h"
#include "core/storage/run_lock.h"
#include "core/storage/sql_values.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QFileInfo>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>

#include <algorithm>
#include <array>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

/// The words of the states, in the order of the enum. All but the last stand in the column `state`.
const std::array<QString, 5> kStates{u"running"_s, u"finished"_s, u"cancelled"_s, u"failed"_s, u"interrupted"_s};

RunRecord::State stateFromSql(const QVariant& value)
{
    const auto found = std::find(kStates.begin(), kStates.end(), value.toString());
    return found == kStates.end() ? RunRecord::State::Failed : RunRecord::State(found - kStates.begin());
}

QString tagsToSql(const QStringList& tags)
{
    QStringList kept;
    for (const QString& tag : tags) {
        if (const QString word = tag.simplified(); !word.isEmpty() && !kept.contains(word))
            kept.append(word);
    }
    return QString::fromUtf8(QJsonDocument(QJsonArray::fromStringList(kept)).toJson(QJsonDocument::Compact));
}

QStringList tagsFromSql(const QVariant& text)
{
    return QVariant(QJsonDocument::fromJson(text.toString().toUtf8()).array().toVariantList()).toStringList();
}

Error noRun(qint64 id)
{
    return Error(ErrorKind::Input, QCoreApplication::translate("core", "The database has no run %1.").arg(id),
                 QCoreApplication::translate("core", "The list of runs shows the numbers there are."));
}

void insertEvent(const Database& database, qint64 runId, const QString& kind, const QString& detail)
{
    database.run(u"INSERT INTO run_events (run_id, time, kind, detail) VALUES (?, ?, ?, ?)"_s,
                 {runId, timeToSql(QDateTime::currentDateTimeUtc()), kind, textToSql(detail)});
}

const QString kSelect =
    u"SELECT runs.id, name, method, data_folder, data_hash, options, seed, machine, program_version, "
    "state, message, models.path, models.sha256, final, started, finished, libraries, target_file, encoder_file, "
    "checkpoint, lock_token, tags, notes, (SELECT max(step) FROM run_metrics WHERE run_id = runs.id) "
    "FROM runs LEFT JOIN models ON models.id = runs.model_id "_s;

bool isAtWork(const QString& targetFile, const QString& token)
{
    return !token.isEmpty() && RunLock::tokenAtWork(targetFile) == token;
}

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
        record.libraries = jsonFromSql(query.value(16));
        record.targetFile = query.value(17).toString();
        record.encoderFile = query.value(18).toString();
        record.checkpoint = query.value(19).toString();
        record.tags = tagsFromSql(query.value(21));
        record.notes = query.value(22).toString();
        record.lastStep = query.value(23).toInt();
        if (record.state == RunRecord::State::Running && !isAtWork(record.targetFile, query.value(20).toString()))
            record.state = RunRecord::State::Interrupted;
        records.push_back(std::move(record));
    }
    return records;
}

} // namespace

bool RunRecord::canResume() const
{
    return (state == State::Interrupted || state == State::Failed) && QFileInfo(checkpoint).isFile();
}

QString stateName(RunRecord::State state)
{
    return kStates.at(std::size_t(state));
}

qint64 RunStore::begin(const RunRecord& record, const RunLock* lock)
{
    const QDateTime started = record.started.isValid() ? record.started : QDateTime::currentDateTimeUtc();
    Transaction transaction(m_database);
    if (!record.checkpoint.isEmpty())
        m_database.run(u"UPDATE runs SET checkpoint = '' WHERE checkpoint = ?"_s, {record.checkpoint});
    const qint64 id = m_database.insert(
        u"INSERT INTO runs (name, method, data_folder, data_hash, options, seed, machine, program_version, state, "
        "started, libraries, target_file, encoder_file, checkpoint, lock_token, tags, notes) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?)"_s,
        {textToSql(record.name), textToSql(record.method), textToSql(record.dataFolder), textToSql(record.dataHash),
         jsonToSql(record.options), qint64(record.seed), textToSql(record.machine), textToSql(record.programVersion),
         timeToSql(started), jsonToSql(record.libraries), textToSql(record.targetFile), textToSql(record.encoderFile),
         textToSql(record.checkpoint), textToSql(lock ? lock->token() : QString()), tagsToSql(record.tags),
         textToSql(record.notes)});
    insertEvent(m_database, id, u"started"_s, {});
    transaction.commit();
    return id;
}

void RunStore::resume(qint64 runId, const RunLock& lock, const QString& detail)
{
    Transaction transaction(m_database);
    const RunRecord record = get(runId);
    if (record.state != RunRecord::State::Interrupted && record.state != RunRecord::State::Failed) {
        throw Error(
            ErrorKind::Input,
            QCoreApplication::translate("core", "Run %1 is %2; it can't be continued.")
                .arg(QString::number(runId), stateName(record.state)),
            QCoreApplication::translate("core", "Only a run that failed or was interrupted can. Start a new one."));
    }
    m_database.run(u"UPDATE runs SET state = 'running', message = '', finished = NULL, lock_token = ? WHERE id = ?"_s,
                   {lock.token(), runId});
    if (record.state == RunRecord::State::Interrupted)
        insertEvent(m_database, runId, u"interrupted"_s,
                    QCoreApplication::translate("core", "after step %1").arg(record.lastStep));
    insertEvent(m_database, runId, u"resumed"_s, detail);
    transaction.commit();
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

void RunStore::dropMetricsAfter(qint64 runId, int step)
{
    m_database.run(u"DELETE FROM run_metrics WHERE run_id = ? AND step > ?"_s, {runId, step});
}

void RunStore::finish(qint64 runId, RunRecord::State state, const QString& message, const QString& modelPath,
                      const QString& modelHash, const QJsonObject& final)
{
    Transaction transaction(m_database);
    const QSqlQuery query =
        m_database.run(u"UPDATE runs SET state = ?, message = ?, model_id = ?, final = ?, finished = ? WHERE id = ?"_s,
                       {stateName(state), textToSql(message), modelRow(m_database, modelPath, modelHash),
                        jsonToSql(final), timeToSql(QDateTime::currentDateTimeUtc()), runId});
    if (query.numRowsAffected() == 0)
        throw noRun(runId);
    insertEvent(m_database, runId, stateName(state), message);
    transaction.commit();
}

void RunStore::addEvent(qint64 runId, const QString& kind, const QString& detail)
{
    insertEvent(m_database, runId, kind, detail);
}

void RunStore::setEvent(qint64 runId, const QString& kind, const QString& detail)
{
    Transaction transaction(m_database);
    m_database.run(u"DELETE FROM run_events WHERE run_id = ? AND kind = ?"_s, {runId, kind});
    insertEvent(m_database, runId, kind, detail);
    transaction.commit();
}

void RunStore::setSamples(qint64 runId, const QString& kind, int step, const std::vector<QByteArray>& pngs)
{
    Transaction transaction(m_database);
    m_database.run(u"DELETE FROM run_samples WHERE run_id = ? AND kind = ?"_s, {runId, kind});
    QSqlQuery query =
        m_database.prepare(u"INSERT INTO run_samples (run_id, kind, position, step, png) VALUES (?, ?, ?, ?, ?)"_s);
    int position = 0;
    for (const QByteArray& png : pngs)
        m_database.execute(query, {runId, kind, position++, step, png});
    transaction.commit();
}

void RunStore::setDataHash(qint64 runId, const QString& hash)
{
    set(runId, u"data_hash"_s, textToSql(hash));
}

void RunStore::rename(qint64 runId, const QString& name)
{
    const QString kept = name.simplified();
    if (kept.isEmpty())
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "A run needs a name."));
    set(runId, u"name"_s, kept);
}

void RunStore::setTags(qint64 runId, const QStringList& tags)
{
    set(runId, u"tags"_s, tagsToSql(tags));
}

void RunStore::setNotes(qint64 runId, const QString& notes)
{
    set(runId, u"notes"_s, textToSql(notes));
}

void RunStore::set(qint64 runId, const QString& column, const QVariant& value)
{
    const QSqlQuery query = m_database.run(u"UPDATE runs SET %1 = ? WHERE id = ?"_s.arg(column), {value, runId});
    if (query.numRowsAffected() == 0)
        throw noRun(runId);
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

RunRecord RunStore::get(qint64 id) const
{
    const auto record = find(id);
    if (!record)
        throw noRun(id);
    return *record;
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

std::vector<RunEvent> RunStore::events(qint64 runId) const
{
    QSqlQuery query =
        m_database.run(u"SELECT time, kind, detail FROM run_events WHERE run_id = ? ORDER BY id"_s, {runId});
    std::vector<RunEvent> events;
    while (query.next())
        events.push_back({timeFromSql(query.value(0)), query.value(1).toString(), query.value(2).toString()});
    return events;
}

std::vector<RunSample> RunStore::samples(qint64 runId) const
{
    QSqlQuery query = m_database.run(
        u"SELECT kind, position, step, png FROM run_samples WHERE run_id = ? ORDER BY kind, position"_s, {runId});
    std::vector<RunSample> samples;
    while (query.next())
        samples.push_back(
            {query.value(0).toString(), query.value(1).toInt(), query.value(2).toInt(), query.value(3).toByteArray()});
    return samples;
}

RunFiles RunStore::files(qint64 runId) const
{
    const RunRecord record = get(runId);
    RunFiles files;
    if (QFileInfo(record.checkpoint).isFile())
        files.checkpoint = record.checkpoint;
    const QVariant path = textToSql(record.modelPath);
    QSqlQuery later = m_database.run(u"SELECT 1 FROM runs LEFT JOIN models ON models.id = runs.model_id "
                                     "WHERE runs.id > ? AND (path = ? OR (state = 'running' AND target_file = ?))"_s,
                                     {runId, path, path});
    if (QFileInfo(record.modelPath).isFile() && !later.next())
        files.model = record.modelPath;
    return files;
}

RunFiles RunStore::remove(qint64 runId)
{
    Transaction transaction(m_database);
    if (get(runId).state == RunRecord::State::Running) {
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "Run %1 is still being trained.").arg(runId),
                    QCoreApplication::translate("core", "Cancel it first, or wait until it ends."));
    }
    const RunFiles left = files(runId);
    m_database.run(u"DELETE FROM runs WHERE id = ?"_s, {runId});
    transaction.commit();
    return left;
}

} // namespace lynceus
