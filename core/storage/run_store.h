// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QByteArray>
#include <QtCore/QDateTime>
#include <QtCore/QJsonObject>
#include <QtCore/QString>
#include <QtCore/QStringList>

#include <optional>
#include <vector>

namespace lynceus {

class Database;
class RunLock;

/// One training: a row of `runs`.
struct RunRecord
{
    /// Interrupted stands in no row: it is a run that says Running while its process is gone (RunLock).
    enum class State { Running, Finished, Cancelled, Failed, Interrupted };

    qint64 id = 0;
    QString name;
    QString method; ///< "memseg"
    QString dataFolder;
    QString dataHash; ///< known once the images were read
    QJsonObject options;
    quint64 seed = 0;
    QString machine;       ///< processor, threads, library versions
    QJsonObject libraries; ///< name and version
    QString programVersion;
    State state = State::Running;
    QString message;     ///< why it failed
    QString targetFile;  ///< where the model goes
    QString encoderFile; ///< that it started from; empty for a random one
    QString checkpoint;  ///< file to go on from, which may not be written yet; empty: it can't be continued
    QString modelPath;   ///< the result
    QString modelHash;
    QJsonObject final; ///< metrics at the end
    QStringList tags;
    QString notes;
    int lastStep = 0;  ///< of the curves
    QDateTime started; ///< UTC
    QDateTime finished;

    /// Whether there is something to go on from; looks for the file.
    bool canResume() const;
};

QString stateName(RunRecord::State state); ///< "running", "finished", ...; not translated

/// One value of one curve: a row of `run_metrics`.
struct MetricPoint
{
    QString name; ///< "loss", "learning_rate", "validation_auroc"
    int step = 0;
    double value = 0.0;
};

/// Something that happened to a run: a row of `run_events`.
struct RunEvent
{
    QDateTime time; ///< UTC
    QString kind;   ///< started, paused, resumed, finishing, checkpoint, finished, cancelled, failed, interrupted
    QString detail; ///< why it failed, which step; may be empty
};

/// A picture that belongs to a run: a row of `run_samples`.
struct RunSample
{
    QString kind; ///< "defects" (simulated, beside their masks) or "maps" (held-out images beside their heat maps)
    int position = 0;
    int step = 0; ///< the training was at
    QByteArray png;
};

/// Files that belong to a run and are there; empty when not.
struct RunFiles
{
    QString model;
    QString checkpoint;
};

/// Training runs with their curves, events and pictures. Stateless; any thread.
class RunStore
{
public:
    explicit RunStore(const Database& database)
        : m_database(database)
    {
    }

    /// The run is alive as long as `lock` is; without one it counts as interrupted until it is finished. Runs that had
    /// the same checkpoint file lose it.
    qint64 begin(const RunRecord& record, const RunLock* lock = nullptr);
    /// Takes an interrupted or failed run up again, with the events that say so. Throws Error(Input) on another one.
    void resume(qint64 runId, const RunLock& lock, const QString& detail = {});
    void addMetrics(qint64 runId, const std::vector<MetricPoint>& points); ///< one transaction
    void dropMetricsAfter(qint64 runId, int step); ///< what an interrupted training had learnt beyond its end
    void finish(qint64 runId, RunRecord::State state, const QString& message = {}, const QString& modelPath = {},
                const QString& modelHash = {}, const QJsonObject& final = {});

    void addEvent(qint64 runId, const QString& kind, const QString& detail = {});
    /// The same, as the only event of its kind: for what comes every few minutes.
    void setEvent(qint64 runId, const QString& kind, const QString& detail = {});
    /// Replaces the pictures of one kind.
    void setSamples(qint64 runId, const QString& kind, int step, const std::vector<QByteArray>& pngs);
    void setDataHash(qint64 runId, const QString& hash);
    void rename(qint64 runId, const QString& name);      ///< throws Error(Input) on an empty one
    void setTags(qint64 runId, const QStringList& tags); ///< trimmed, each once, none empty
    void setNotes(qint64 runId, const QString& notes);

    std::vector<RunRecord> list(int limit = 100) const; ///< newest first; -1: all
    std::optional<RunRecord> find(qint64 id) const;
    RunRecord get(qint64 id) const; ///< throws Error(Input) when there is none
    std::vector<MetricPoint> metrics(qint64 runId, const QString& name = {}) const; ///< by step
    std::vector<RunEvent> events(qint64 runId) const;                               ///< oldest first
    std::vector<RunSample> samples(qint64 runId) const;                             ///< by kind and position
    /// A model that a later run has written anew is not this run's.
    RunFiles files(qint64 runId) const;
    /// Removes the run with all that belongs to it, and tells which files it leaves. Throws Error(Input) while a
    /// process is at work on it.
    RunFiles remove(qint64 runId);

private:
    void set(qint64 runId, const QString& column, const QVariant& value);

    const Database& m_database;
};

} // namespace lynceus
