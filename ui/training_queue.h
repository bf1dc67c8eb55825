// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/jobs/training_job.h"
#include "core/training/training_control.h"
#include "core/storage/run_store.h"
#include "ui/services.h"
#include "ui/training_feed.h"

#include <QtCore/QAbstractListModel>

#include <deque>

namespace lynceus {

/// The trainings that were asked for. The first is at work, the others wait for it; rows of the model are those that
/// wait. Each has a control and a feed of its own. UI thread only.
class TrainingQueue : public QAbstractListModel
{
    Q_OBJECT

public:
    struct Training
    {
        quint64 job = 0;
        QString name; ///< of the run
        QString folder;
        MemSegOptions options;
        TrainingControl control;
        std::shared_ptr<TrainingFeed> feed;
        JobStatus status;
        TrainingFeed::News told;          ///< all points that came so far, the latest samples and heat maps
        Stopwatch atWork;                 ///< since it began
        qint64 resumedRun = 0;            ///< that it continues; 0: it is a new one
        std::vector<MetricPoint> earlier; ///< points of the run it continues, until its own come
    };

    explicit TrainingQueue(const Services& services, QObject* parent = nullptr);

    /// Models are compiled for faster engines at their end, unless this says not to; for those added from now on.
    void setCompiling(bool on) { m_compiles = on; }
    /// Takes its turn after those that are here. Throws Error when encoder or model folder are not to be had.
    void add(const QString& folder, const MemSegOptions& options);
    /// Continues a run, in its turn. Throws Error(Input) when its options are not understood.
    void resume(const RunRecord& run);
    bool continues(qint64 runId) const; ///< that run is being continued or waits for it
    /// The one at work; null when there is none.
    const Training* current() const { return m_trainings.empty() ? nullptr : &m_trainings.front(); }
    void pauseCurrent();
    void resumeCurrent();
    void finishCurrent(); ///< stop and keep the best
    void cancelCurrent();
    void keepCurrent();   ///< when it is cancelled from now on, it can be continued at the next start
    void remove(int row); ///< one that waits

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;

Q_SIGNALS:
    void currentChanged(); ///< another training is at work, or none
    void newsCame(const lynceus::TrainingFeed::News& news);
    void statusChanged(); ///< progress of the current one, or what was asked of it
    void ended(const lynceus::TrainingQueue::Training& training, const lynceus::JobStatus& status);

private:
    void enqueue(Training training, TrainingJob::Request request);
    QString freeName(const QString& folder) const;
    QString freeModelFile(const QString& folder);
    void follow(const JobStatus& job);
    void takeNews();
    void end(const JobStatus& job);

    Services m_services;
    std::deque<Training> m_trainings;
    QString m_lastModelFile;
    bool m_compiles = true;
};

} // namespace lynceus
