// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/training_queue.h"

#include "core/base/error.h"
#include "core/jobs/job_runner.h"
#include "core/weights/model_store.h"

#include <QtCore/QDateTime>
#include <QtCore/QDir>
#include <QtCore/QFileInfo>

#include <algorithm>

namespace lynceus {

using namespace Qt::StringLiterals;

TrainingQueue::TrainingQueue(const Services& services, QObject* parent)
    : QAbstractListModel(parent)
    , m_services(services)
{
    connect(&services.jobs, &JobRunner::changed, this, &TrainingQueue::follow);
    connect(&services.jobs, &JobRunner::ended, this, &TrainingQueue::end);
}

void TrainingQueue::add(const QString& folder, const MemSegOptions& options)
{
    TrainingJob::Request request;
    request.folder = folder;
    request.options = options;
    request.encoderFile = m_services.modelStore.encoderFile(options.encoder, options.backbone);
    if (!QDir().mkpath(m_services.modelFolder))
        throw Error(ErrorKind::File,
                    tr("The folder %1 cannot be made.").arg(QDir::toNativeSeparators(m_services.modelFolder)),
                    tr("Check the rights to the folder above it."));
    request.modelFile = freeModelFile(folder);
    request.name = freeName(folder);

    Training training;
    training.name = request.name;
    training.folder = folder;
    training.options = options;
    enqueue(std::move(training), std::move(request));
}

void TrainingQueue::resume(const RunRecord& run)
{
    if (continues(run.id))
        return;
    Training training;
    training.name = run.name;
    training.folder = run.dataFolder;
    training.options = MemSegOptions::fromJson(run.options);
    training.resumedRun = run.id;
    training.earlier = RunStore(m_services.database).metrics(run.id);
    TrainingJob::Request request;
    request.resumeRun = run.id;
    enqueue(std::move(training), std::move(request));
}

bool TrainingQueue::continues(qint64 runId) const
{
    return std::any_of(m_trainings.begin(), m_trainings.end(),
                       [runId](const Training& training) { return training.resumedRun == runId; });
}

void TrainingQueue::enqueue(Training training, TrainingJob::Request request)
{
    request.control = training.control;
    request.compileEngines = m_compiles;
    request.cacheFolder = m_services.cacheFolder;
    training.feed = std::make_shared<TrainingFeed>();
    training.job = m_services.jobs.start(
        JobRunner::Lane::Training,
        std::make_unique<TrainingJob>(m_services.database, std::move(request), TrainingFeed::observer(training.feed)));
    if (m_trainings.empty()) {
        m_trainings.push_back(std::move(training));
        Q_EMIT currentChanged();
        return;
    }
    const int row = rowCount();
    beginInsertRows({}, row, row);
    m_trainings.push_back(std::move(training));
    endInsertRows();
}

void TrainingQueue::pauseCurrent()
{
    if (m_trainings.empty())
        return;
    m_trainings.front().control.pause();
    Q_EMIT statusChanged();
}

void TrainingQueue::resumeCurrent()
{
    if (m_trainings.empty())
        return;
    m_trainings.front().control.resume();
    Q_EMIT statusChanged();
}

void TrainingQueue::finishCurrent()
{
    if (m_trainings.empty())
        return;
    m_trainings.front().control.finish();
    Q_EMIT statusChanged();
}

void TrainingQueue::cancelCurrent()
{
    if (!m_trainings.empty())
        m_services.jobs.cancel(m_trainings.front().job);
}

void TrainingQueue::keepCurrent()
{
    if (!m_trainings.empty())
        m_trainings.front().control.keepWhenCancelled();
}

void TrainingQueue::remove(int row)
{
    if (row < 0 || row >= rowCount())
        return;
    const auto training = m_trainings.begin() + row + 1;
    const quint64 job = training->job;
    beginRemoveRows({}, row, row);
    m_trainings.erase(training);
    endRemoveRows();
    m_services.jobs.cancel(job);
}

int TrainingQueue::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() || m_trainings.empty() ? 0 : int(m_trainings.size()) - 1;
}

QVariant TrainingQueue::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Training& training = m_trainings[std::size_t(index.row()) + 1];
    if (role == Qt::ToolTipRole)
        return QDir::toNativeSeparators(training.folder);
    if (role != Qt::DisplayRole)
        return {};
    QStringList parts{training.name};
    if (!training.options.autoSize) {
        parts << tr("%1 × %2").arg(training.options.preprocessing.width).arg(training.options.preprocessing.height);
    }
    if (training.options.minutes > 0.0)
        parts << durationText(training.options.minutes * 60.0);
    return parts.join(u" · "_s);
}

/// Two runs of one minute are still told apart.
QString TrainingQueue::freeName(const QString& folder) const
{
    const QString base = QDir(folder).dirName() + u' ' + QDateTime::currentDateTime().toString(u"yyyy-MM-dd HH:mm"_s);
    QString name = base;
    const auto isTaken = [&](const Training& training) { return training.name == name; };
    for (int i = 2; std::any_of(m_trainings.begin(), m_trainings.end(), isTaken); ++i)
        name = u"%1 (%2)"_s.arg(base).arg(i);
    return name;
}

QString TrainingQueue::freeModelFile(const QString& folder)
{
    const QString base = u"%1/%2-%3"_s.arg(m_services.modelFolder, QDir(folder).dirName(),
                                           QDateTime::currentDateTime().toString(u"yyyyMMdd-HHmmss"_s));
    QString file = base + u".safetensors"_s;
    for (int i = 2; QFileInfo::exists(file) || file == m_lastModelFile; ++i)
        file = u"%1-%2.safetensors"_s.arg(base).arg(i);
    m_lastModelFile = file;
    return file;
}

void TrainingQueue::follow(const JobStatus& job)
{
    if (m_trainings.empty() || job.id != m_trainings.front().job)
        return;
    Training& training = m_trainings.front();
    if (training.status.state == JobStatus::State::Queued && job.state == JobStatus::State::Running)
        training.atWork.restart();
    training.status = job;
    takeNews();
    if (!job.ended())
        Q_EMIT statusChanged();
}

void TrainingQueue::takeNews()
{
    Training& training = m_trainings.front();
    TrainingFeed::News news = training.feed->take();
    if (news.isEmpty())
        return;
    if (!training.earlier.empty() && !news.points.empty()) {
        // What the run had learnt beyond its checkpoint is learnt again.
        const int first = news.points.front().step;
        std::vector<MetricPoint> points = std::move(training.earlier);
        training.earlier.clear();
        points.erase(std::remove_if(points.begin(), points.end(),
                                    [first](const MetricPoint& point) { return point.step >= first; }),
                     points.end());
        news.points.insert(news.points.begin(), points.begin(), points.end());
    }
    training.told.add(news);
    Q_EMIT newsCame(news);
}

void TrainingQueue::end(const JobStatus& job)
{
    const auto found = std::find_if(m_trainings.begin(), m_trainings.end(),
                                    [&](const Training& training) { return training.job == job.id; });
    if (found == m_trainings.end())
        return;
    if (const auto place = int(found - m_trainings.begin()); place > 0) { // cancelled elsewhere while it waited
        beginRemoveRows({}, place - 1, place - 1);
        m_trainings.erase(found);
        endRemoveRows();
        return;
    }
    takeNews();
    const Training over = std::move(m_trainings.front());
    // The next one stops waiting: its row goes, and it becomes the first.
    const bool another = m_trainings.size() > 1;
    if (another)
        beginRemoveRows({}, 0, 0);
    m_trainings.pop_front();
    if (another)
        endRemoveRows();
    Q_EMIT ended(over, job);
    Q_EMIT currentChanged();
}

} // namespace lynceus
