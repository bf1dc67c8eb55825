// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/jobs/training_job.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/version.h"
#include "core/nn/device.h"
#include "core/storage/database.h"
#include "core/storage/run_store.h"
#include "core/weights/model_file.h"
#include "core/weights/safetensors.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QFileInfo>

#include <vector>

namespace lynceus {

namespace {

/// Collects points and writes them in batches: one transaction a few seconds, not one a step.
class CurveWriter
{
public:
    CurveWriter(const Database& database, qint64 runId)
        : m_runs(database)
        , m_runId(runId)
    {
    }

    void add(const QString& name, int step, double value)
    {
        m_points.push_back({name, step, value});
        if (m_sinceFlush.ms() > 2000.0)
            flush();
    }

    void flush()
    {
        m_sinceFlush.restart();
        if (!m_points.empty())
            m_runs.addMetrics(m_runId, m_points);
        m_points.clear();
    }

private:
    RunStore m_runs;
    qint64 m_runId;
    std::vector<MetricPoint> m_points;
    Stopwatch m_sinceFlush;
};

/// Writes the run's id into the model, so that the model leads back to its curves.
void stampRun(const QString& modelFile, ModelInfo& info, qint64 runId)
{
    info.trainingRun = runId;
    const SafetensorsFile file(modelFile);
    std::vector<NamedTensor> tensors;
    for (const std::string& name : file.names())
        tensors.push_back({name, file.view(name)});
    writeModelFile(modelFile, info, tensors);
}

} // namespace

TrainingJob::TrainingJob(const Database& database, Request request, TrainingObserver observer,
                         std::function<void(const TrainingOutcome&)> finished)
    : m_database(database)
    , m_request(std::move(request))
    , m_observer(std::move(observer))
    , m_finished(std::move(finished))
{
}

QString TrainingJob::title() const
{
    return QCoreApplication::translate("core", "Training %1").arg(QDir(m_request.folder).dirName());
}

void TrainingJob::run(const TaskContext& context)
{
    struct CloseConnection
    {
        const Database& database;
        ~CloseConnection() { database.closeThreadConnection(); }
    } close{m_database};

    const AnomalyFolder folder =
        AnomalyFolder::open(m_request.folder, AnomalyFolder::Purpose::Training, context.cancel);

    if (folder.train.empty()) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "%1 holds no good images to learn from.").arg(folder.root),
                    QCoreApplication::translate("core", "Put images of good parts into train/good (or good)."));
    }

    RunRecord record;
    record.started = QDateTime::currentDateTimeUtc();
    record.name = m_request.name;
    if (record.name.isEmpty()) {
        record.name = QStringLiteral("%1 %2").arg(
            QDir(folder.root).dirName(), record.started.toLocalTime().toString(QStringLiteral("yyyy-MM-dd HH:mm")));
    }
    record.method = QStringLiteral("memseg");
    record.dataFolder = folder.root;
    record.options = m_request.options.toJson();
    record.seed = m_request.options.seed;
    record.machine = machineDescription();
    record.programVersion = programVersion();

    RunStore runs(m_database);
    const qint64 runId = runs.begin(record);
    CurveWriter curves(m_database, runId);
    TrainingObserver observer = m_observer;
    observer.metric = [&](const QString& name, int step, double value) {
        curves.add(name, step, value);
        if (m_observer.metric)
            m_observer.metric(name, step, value);
    };

    try {
        TrainingOutcome outcome =
            trainMemSeg(folder, m_request.options, m_request.encoderFile, m_request.modelFile, context, observer);
        stampRun(outcome.modelFile, outcome.info, runId);
        curves.flush();
        runs.finish(runId, RunRecord::State::Finished, {}, outcome.modelFile, fileSha256(outcome.modelFile),
                    outcome.info.metrics);
        if (m_finished)
            m_finished(outcome);
    } catch (const Cancelled&) {
        curves.flush();
        runs.finish(runId, RunRecord::State::Cancelled);
        throw;
    } catch (...) {
        const Error error = currentError(title());
        try {
            runs.finish(runId, RunRecord::State::Failed, error.text());
        } catch (const Error& second) {
            // The first error is the one to act on; a database that can't be written says so in the log.
            qCWarning(logTraining) << "Run" << runId << "could not be marked as failed:" << second.text();
        }
        throw error;
    }
}

} // namespace lynceus
