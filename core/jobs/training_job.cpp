// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/jobs/training_job.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/version.h"
#include "core/jobs/run_recorder.h"
#include "core/memseg/compile.h"
#include "core/nn/device.h"
#include "core/storage/database.h"
#include "core/storage/run_lock.h"
#include "core/storage/run_store.h"
#include "core/weights/safetensors.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QFileInfo>

#include <opencv2/core/utility.hpp>

#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QJsonObject libraryVersions()
{
    return {{u"LibTorch"_s, torchVersion()},
            {u"OpenCV"_s, QString::fromStdString(cv::getVersionString())},
            {u"Qt"_s, QString::fromLatin1(qVersion())}};
}

/// The model is there, the run's record is not.
class NotRecorded final : public Error
{
public:
    NotRecorded(qint64 runId, const QString& modelFile, const Error& reason)
        : Error(ErrorKind::Storage,
                QCoreApplication::translate("core", "The model %1 is finished, but run %2 could not be recorded: %3")
                    .arg(modelFile)
                    .arg(runId)
                    .arg(reason.message()),
                QCoreApplication::translate("core", "Close other programs that use the database or make room on its "
                                                    "disk; then use the model as it is, or continue the run: it only "
                                                    "has to be recorded."))
    {
    }
};

/// Nobody will go on from it. Called when the run has ended; that it can't be removed is no reason to fail.
void dropCheckpoint(const QString& file)
{
    if (QFile::exists(file) && !QFile::remove(file))
        qCWarning(logTraining).noquote() << "The checkpoint" << file << "could not be removed";
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
    if (m_request.folder.isEmpty())
        return QCoreApplication::translate("core", "Continuing run %1").arg(m_request.resumeRun);
    return QCoreApplication::translate("core", "Training %1").arg(QDir(m_request.folder).dirName());
}

void TrainingJob::run(const TaskContext& context)
{
    struct CloseConnection
    {
        const Database& database;
        ~CloseConnection() { database.closeThreadConnection(); }
    } close{m_database};

    RunStore runs(m_database);
    if (m_request.resumeRun != 0)
        takeFromRun(runs);
    const AnomalyFolder folder =
        AnomalyFolder::open(m_request.folder, AnomalyFolder::Purpose::Training, context.cancel);
    if (folder.train.empty()) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "%1 holds no good images to learn from.").arg(folder.root),
                    QCoreApplication::translate("core", "Put images of good parts into train/good (or good)."));
    }
    const RunLock lock(m_request.modelFile);
    const QString checkpoint = m_request.modelFile + u".checkpoint"_s;
    const qint64 runId = begin(runs, lock, folder.root, checkpoint);
    if (m_observer.event)
        m_observer.event(u"started"_s, QString::number(runId));
    train(runs, runId, folder, checkpoint, context);
}

void TrainingJob::takeFromRun(const RunStore& runs)
{
    const RunRecord run = runs.get(m_request.resumeRun);
    const QString id = QString::number(run.id);
    const bool unfinished = run.state == RunRecord::State::Interrupted || run.state == RunRecord::State::Failed;
    if (unfinished && !QFileInfo(run.dataFolder).isDir()) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "The folder %1 that run %2 learns from is gone.")
                        .arg(run.dataFolder, id),
                    QCoreApplication::translate("core", "Bring it back to where it was, or start a new training."));
    }
    if (unfinished && !run.canResume()) {
        throw Error(ErrorKind::Input,
                    run.checkpoint.isEmpty()
                        ? QCoreApplication::translate("core", "Run %1 has no checkpoint to go on from.").arg(id)
                        : QCoreApplication::translate("core", "The checkpoint %1 that run %2 would go on from is "
                                                              "missing.")
                              .arg(run.checkpoint, id),
                    QCoreApplication::translate("core", "Start a new training."));
    }
    m_request.folder = run.dataFolder;
    m_request.options = MemSegOptions::fromJson(run.options);
    m_request.encoderFile = run.encoderFile;
    m_request.modelFile = run.targetFile;
    m_request.name = run.name;
}

qint64 TrainingJob::begin(RunStore& runs, const RunLock& lock, const QString& folder, const QString& checkpoint) const
{
    if (m_request.resumeRun != 0) {
        runs.resume(m_request.resumeRun, lock, u"Lynceus %1, %2"_s.arg(programVersion(), machineDescription()));
        return m_request.resumeRun;
    }
    RunRecord record;
    record.started = QDateTime::currentDateTimeUtc();
    record.name = m_request.name;
    if (record.name.isEmpty()) {
        record.name =
            u"%1 %2"_s.arg(QDir(folder).dirName(), record.started.toLocalTime().toString(u"yyyy-MM-dd HH:mm"_s));
    }
    record.method = u"memseg"_s;
    record.dataFolder = folder;
    record.options = m_request.options.toJson();
    record.seed = m_request.options.seed;
    record.machine = machineDescription();
    record.libraries = libraryVersions();
    record.programVersion = programVersion();
    record.targetFile = m_request.modelFile;
    record.encoderFile = m_request.encoderFile;
    record.checkpoint = checkpoint;
    const qint64 runId = runs.begin(record, &lock);
    dropCheckpoint(checkpoint); // of an earlier run that nobody continued; this one starts anew
    return runId;
}

void TrainingJob::train(RunStore& runs, qint64 runId, const AnomalyFolder& folder, const QString& checkpoint,
                        const TaskContext& context)
{
    RunRecorder recorder(m_database, runId, m_observer);
    try {
        TrainingOutcome outcome = trainMemSeg(folder, m_request.options, m_request.encoderFile, m_request.modelFile,
                                              context, recorder.observer(), m_request.control, checkpoint, runId);
        try {
            recorder.flush();
            runs.dropMetricsAfter(runId, outcome.steps);
            runs.setDataHash(runId, outcome.info.dataHash);
            runs.finish(runId, RunRecord::State::Finished, {}, outcome.modelFile, fileSha256(outcome.modelFile),
                        outcome.info.metrics);
        } catch (const Error& error) {
            throw NotRecorded(runId, outcome.modelFile, error);
        }
        dropCheckpoint(checkpoint);
        if (m_request.compileEngines)
            compile(outcome, folder, context);
        if (m_finished)
            m_finished(outcome);
    } catch (const Cancelled&) {
        // A kept one's row goes on saying that it is at work: without the lock that means it was interrupted.
        const bool kept = m_request.control.isKeptWhenCancelled() && QFile::exists(checkpoint);
        try {
            recorder.flush();
            if (!kept)
                runs.finish(runId, RunRecord::State::Cancelled);
        } catch (const Error& error) {
            qCWarning(logTraining).noquote() << "Run" << runId << "could not be recorded:" << error.text();
        }
        if (!kept)
            dropCheckpoint(checkpoint);
        throw;
    } catch (const NotRecorded&) {
        // Nothing failed but the record: its row goes on saying that it is at work, so the run can be continued.
        throw;
    } catch (...) {
        const Error error = currentError(title());
        try {
            recorder.flush();
            runs.finish(runId, RunRecord::State::Failed, error.text());
        } catch (const Error& second) {
            // The first error is the one to act on; a database that can't be written says so in the log.
            qCWarning(logTraining) << "Run" << runId << "could not be marked as failed:" << second.text();
        }
        throw error;
    }
}

/// The model is there and recorded; nothing here may take it away again.
void TrainingJob::compile(TrainingOutcome& outcome, const AnomalyFolder& folder, const TaskContext& context) const
{
    if (!engineAvailable(Engine::OpenVinoFp32))
        return;
    QString failure;
    try {
        CompileRequest request;
        request.cacheFolder = m_request.cacheFolder;
        compileMemSeg(outcome.modelFile, folder, request, context);
        return;
    } catch (const Cancelled&) {
        failure = QCoreApplication::translate("core", "Compiling the model for faster engines was cancelled.");
    } catch (const Error& error) {
        failure =
            QCoreApplication::translate("core", "The model was not compiled for faster engines: %1").arg(error.text());
    }
    qCWarning(logTraining).noquote() << failure;
    if (!outcome.warning.isEmpty())
        outcome.warning += u'\n';
    outcome.warning += failure;
    if (m_observer.event)
        m_observer.event(u"warning"_s, outcome.warning);
}

} // namespace lynceus
