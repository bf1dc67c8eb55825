// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/run_actions.h"

#include "core/base/error.h"
#include "core/engines/engine_file.h"
#include "core/report/run_export.h"
#include "core/storage/database.h"
#include "ui/background_task.h"
#include "ui/curve_comparison_dialog.h"
#include "ui/training_queue.h"

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QFileInfo>
#include <QtCore/QUrl>
#include <QtGui/QAction>
#include <QtGui/QDesktopServices>
#include <QtWidgets/QCheckBox>
#include <QtWidgets/QFileDialog>
#include <QtWidgets/QMenu>
#include <QtWidgets/QMessageBox>
#include <QtWidgets/QPushButton>

#include <algorithm>
#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

/// Where the model of a run is or was to be.
QString modelFolder(const RunRecord& run)
{
    const QString file = run.modelPath.isEmpty() ? run.targetFile : run.modelPath;
    return file.isEmpty() ? QString() : QFileInfo(file).absolutePath();
}

QString fileNameFrom(QString name)
{
    for (const QChar forbidden : u"/\\:*?\"<>|"_s)
        name.replace(forbidden, u'-');
    return name;
}

} // namespace

RunActions::RunActions(const Services& services, const TrainingQueue* queue, QWidget* view)
    : QObject(view)
    , m_services(services)
    , m_queue(queue)
    , m_view(view)
    , m_resume(add(u"resumeRun"_s, tr("Resume"), Qt::CTRL | Qt::Key_R,
                   tr("Go on with a training that failed or was interrupted, from its checkpoint")))
    , m_compare(add(u"compareRuns"_s, tr("Compare curves"), Qt::CTRL | Qt::Key_K,
                    tr("Draw the curves of two to six chosen runs over each other")))
    , m_clone(add(u"cloneRun"_s, tr("Clone options"), Qt::CTRL | Qt::Key_D,
                  tr("Fill the form above with the folder and the options of the run")))
    , m_use(add(u"useRun"_s, tr("Use for product"), Qt::CTRL | Qt::Key_I,
                tr("Make the run's model that of the folder's product, and inspect with it")))
    , m_openFolder(add(u"openRunFolder"_s, tr("Open folder"), Qt::CTRL | Qt::Key_J,
                       tr("Show the folder of the run's model in the file manager")))
    , m_exportRuns(add(u"exportRuns"_s, tr("Export all runs…"), Qt::CTRL | Qt::Key_E,
                       tr("Write a table with a line for each run (CSV)")))
    , m_exportCurves(add(u"exportCurves"_s, tr("Export curves of the run…"), Qt::CTRL | Qt::SHIFT | Qt::Key_E,
                         tr("Write a table with a line for each step (CSV)")))
    , m_delete(add(u"deleteRuns"_s, tr("Delete…"), Qt::Key_Delete,
                   tr("Delete the chosen runs with their curves, events and pictures")))
    , m_export(new QMenu(tr("Export CSV"), view))
{
    m_export->addAction(m_exportRuns);
    m_export->addAction(m_exportCurves);
    connect(m_resume, &QAction::triggered, this, [this] { Q_EMIT resumeRequested(m_runs.front()); });
    connect(m_clone, &QAction::triggered, this, [this] { Q_EMIT cloneRequested(m_runs.front()); });
    connect(m_use, &QAction::triggered, this,
            [this] { Q_EMIT useRequested(m_runs.front().modelPath, m_runs.front().dataFolder); });
    connect(m_compare, &QAction::triggered, this, &RunActions::compare);
    connect(m_openFolder, &QAction::triggered, this, &RunActions::openFolder);
    connect(m_exportRuns, &QAction::triggered, this, &RunActions::exportRuns);
    connect(m_exportCurves, &QAction::triggered, this, &RunActions::exportCurves);
    connect(m_delete, &QAction::triggered, this, &RunActions::askToDelete);
    connect(queue, &TrainingQueue::currentChanged, this, &RunActions::showState);
    connect(queue, &TrainingQueue::rowsInserted, this, &RunActions::showState);
    connect(queue, &TrainingQueue::rowsRemoved, this, &RunActions::showState);
    showState();
}

QAction* RunActions::add(const QString& name, const QString& text, const QKeySequence& key, const QString& toolTip)
{
    auto* action = new QAction(text, this);
    action->setObjectName(name);
    action->setShortcut(key);
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    action->setToolTip(tr("%1 (%2)").arg(toolTip, key.toString(QKeySequence::NativeText)));
    m_view->addAction(action);
    return action;
}

void RunActions::setRuns(std::vector<RunRecord> runs)
{
    m_runs = std::move(runs);
    showState();
}

void RunActions::showState()
{
    const RunRecord* one = m_runs.size() == 1 ? &m_runs.front() : nullptr;
    const auto isBusy = [this](const RunRecord& run) {
        return run.state == RunRecord::State::Running || m_queue->continues(run.id);
    };
    m_resume->setEnabled(one && one->canResume() && !isBusy(*one));
    m_compare->setEnabled(m_runs.size() >= 2 && m_runs.size() <= std::size_t(kMostCompared));
    m_clone->setEnabled(one);
    m_use->setEnabled(one && QFileInfo(one->modelPath).isFile());
    m_openFolder->setEnabled(one && QFileInfo(modelFolder(*one)).isDir());
    m_exportCurves->setEnabled(one);
    m_delete->setEnabled(!m_runs.empty() && std::none_of(m_runs.begin(), m_runs.end(), isBusy));
}

std::vector<QAction*> RunActions::buttons() const
{
    return {m_resume, m_compare, m_clone, m_use, m_openFolder, m_delete};
}

void RunActions::fill(QMenu& menu) const
{
    menu.addActions({m_resume, m_clone, m_use, m_openFolder});
    menu.addSeparator();
    menu.addAction(m_compare);
    menu.addMenu(m_export);
    menu.addSeparator();
    menu.addAction(m_delete);
}

void RunActions::compare()
{
    const auto read = [&database = m_services.database, runs = m_runs](const TaskContext& context) {
        return readComparison(database, runs, context.cancel);
    };
    runInBackground(m_services.jobs, JobRunner::Lane::Files, tr("Reading curves"), this, read,
                    [this](std::vector<CurvePlot::Comparison>&& curves) {
                        auto* dialog = new CurveComparisonDialog(curves, m_view);
                        connect(dialog, &CurveComparisonDialog::errorOccurred, this, &RunActions::errorOccurred);
                        dialog->show();
                    });
}

void RunActions::openFolder()
{
    const QString folder = modelFolder(m_runs.front());
    if (!QDesktopServices::openUrl(QUrl::fromLocalFile(folder)))
        Q_EMIT errorOccurred(tr("The folder %1 could not be shown.").arg(QDir::toNativeSeparators(folder)),
                             tr("This system names no file manager; open the folder by hand."));
}

QString RunActions::exportFile(const QString& title, const QString& name) const
{
    return QFileDialog::getSaveFileName(m_view, title, fileNameFrom(name) + u".csv"_s, u"CSV (*.csv)"_s);
}

void RunActions::exportRuns()
{
    const QString file = exportFile(tr("Export all runs"), tr("runs"));
    if (file.isEmpty())
        return;
    const auto write = [&database = m_services.database, file](const TaskContext&) {
        writeRunsCsv(file, RunStore(database).list(-1));
        database.closeThreadConnection();
        return true;
    };
    runInBackground(m_services.jobs, JobRunner::Lane::Files, tr("Exporting runs"), this, write, [](bool) {});
}

void RunActions::exportCurves()
{
    const RunRecord run = m_runs.front();
    const QString file = exportFile(tr("Export the curves of a run"), run.name);
    if (file.isEmpty())
        return;
    const auto write = [&database = m_services.database, file, id = run.id](const TaskContext&) {
        writeCurvesCsv(file, RunStore(database).metrics(id));
        database.closeThreadConnection();
        return true;
    };
    runInBackground(m_services.jobs, JobRunner::Lane::Files, tr("Exporting curves"), this, write, [](bool) {});
}

void RunActions::askToDelete()
{
    QStringList models;
    try {
        for (const RunRecord& run : m_runs) {
            if (const QString model = RunStore(m_services.database).files(run.id).model; !model.isEmpty())
                models << QFileInfo(model).fileName();
        }
    } catch (const Error& error) {
        Q_EMIT errorOccurred(error.message(), error.remedy());
        return;
    }
    const int count = int(m_runs.size());
    const QString question =
        count == 1 ? tr("Delete the run “%1”?").arg(m_runs.front().name) : tr("Delete %n runs?", nullptr, count);
    auto* box = new QMessageBox(QMessageBox::Question, tr("Delete runs"), question, QMessageBox::NoButton, m_view);
    box->setObjectName(u"deleteQuestion"_s);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setTextFormat(Qt::PlainText);
    box->setInformativeText(tr("Options, curves, events and pictures go, and the checkpoint if there is one."));
    QCheckBox* withModels = nullptr;
    if (!models.isEmpty()) {
        withModels = new QCheckBox(models.size() == 1 ? tr("Delete the model file %1, too").arg(models.front())
                                                      : tr("Delete their %n model files, too", nullptr, models.size()));
        withModels->setToolTip(models.join(u'\n'));
        box->setCheckBox(withModels);
    }
    QPushButton* drop = box->addButton(tr("Delete"), QMessageBox::DestructiveRole);
    box->setDefaultButton(box->addButton(tr("Keep"), QMessageBox::RejectRole));
    connect(drop, &QPushButton::clicked, this,
            [this, runs = m_runs, withModels] { remove(runs, withModels && withModels->isChecked()); });
    box->open();
}

void RunActions::remove(const std::vector<RunRecord>& runs, bool withModels)
{
    RunStore store(m_services.database);
    const auto removeFile = [this](const QString& file) {
        if (!file.isEmpty() && !QFile::remove(file))
            Q_EMIT errorOccurred(tr("The file %1 could not be deleted.").arg(QDir::toNativeSeparators(file)),
                                 tr("Check the rights to its folder, then delete it by hand."));
    };
    try {
        for (const RunRecord& run : runs) {
            const RunFiles left = store.remove(run.id);
            removeFile(left.checkpoint);
            if (!withModels || left.model.isEmpty())
                continue;
            removeFile(left.model);
            if (QFile::exists(engineFile(left.model)))
                removeFile(engineFile(left.model));
        }
    } catch (const Error& error) {
        Q_EMIT errorOccurred(error.message(), error.remedy());
    }
    Q_EMIT runsDeleted();
}

} // namespace lynceus
