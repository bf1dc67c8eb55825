// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/storage/run_store.h"
#include "ui/services.h"

#include <QtCore/QObject>

#include <vector>

class QAction;
class QKeySequence;
class QMenu;
class QWidget;

namespace lynceus {

class TrainingQueue;

/// What can be done with the runs that are chosen in the table: actions with keys, enabled where they make sense, for
/// buttons and context menu. Does what needs no page: comparing, exporting, opening the folder, deleting.
class RunActions : public QObject
{
    Q_OBJECT

public:
    /// The keys work in `view`, which is also the parent of dialogs. `queue` tells which runs wait to be continued.
    RunActions(const Services& services, const TrainingQueue* queue, QWidget* view);

    static constexpr int kMostCompared = 6;

    void setRuns(std::vector<RunRecord> runs); ///< those that are chosen, the current one first
    void showState();                          ///< enables what makes sense now
    /// Buttons stand in this order: resume, compare, clone, use, open folder, delete.
    std::vector<QAction*> buttons() const;
    QMenu* exportMenu() const { return m_export; }
    void fill(QMenu& menu) const;

Q_SIGNALS:
    void resumeRequested(const lynceus::RunRecord& run);
    void cloneRequested(const lynceus::RunRecord& run);
    void useRequested(const QString& modelFile, const QString& folder);
    void runsDeleted();
    void errorOccurred(const QString& message, const QString& remedy);

private:
    QAction* add(const QString& name, const QString& text, const QKeySequence& key, const QString& toolTip);
    void compare();
    void openFolder();
    void exportRuns();
    void exportCurves();
    void askToDelete();
    void remove(const std::vector<RunRecord>& runs, bool withModels);
    QString exportFile(const QString& title, const QString& name) const;

    Services m_services;
    const TrainingQueue* m_queue;
    QWidget* m_view;
    std::vector<RunRecord> m_runs;
    QAction* m_resume;
    QAction* m_compare;
    QAction* m_clone;
    QAction* m_use;
    QAction* m_openFolder;
    QAction* m_exportRuns;
    QAction* m_exportCurves;
    QAction* m_delete;
    QMenu* m_export;
};

} // namespace lynceus
