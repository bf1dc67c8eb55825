// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/storage/run_store.h"
#include "ui/services.h"

#include <QtWidgets/QFrame>

#include <vector>

class QLabel;
class QLayout;
class QLineEdit;
class QTableView;

namespace lynceus {

class RunActions;
class RunFilter;
class RunTableModel;
class TrainingQueue;

/// The card with the table of training runs: looking for runs, tagging them, and what can be done with those that are
/// chosen.
class RunsCard : public QFrame
{
    Q_OBJECT

public:
    RunsCard(const Services& services, const TrainingQueue* queue, QWidget* parent = nullptr);

    void reload();                    ///< throws Error(Storage); what was chosen stays so
    void choose(const QString& name); ///< the newest run of that name, as if it were clicked
    void chooseNone();
    void resetColumns(); ///< widths and order as at first start
    void look();         ///< puts the cursor into the filter
    RunActions* actions() const { return m_actions; }
    std::vector<RunRecord> interrupted() const; ///< that can be continued and don't wait for it, oldest first

Q_SIGNALS:
    void runChosen(const lynceus::RunRecord& run);
    void chosenChanged(const lynceus::RunRecord& run); ///< the one that was chosen last: edited, or read again
    void runsDeleted();                                ///< nothing is chosen afterwards
    void errorOccurred(const QString& message, const QString& remedy);

private:
    QLayout* makeHead();
    void setUpView(Settings& settings);
    std::vector<RunRecord> chosen() const;
    void showState();

    const TrainingQueue* m_queue;
    RunTableModel* m_runs;
    RunFilter* m_filter;
    QTableView* m_view;
    RunActions* m_actions;
    QLineEdit* m_look;
    QLabel* m_count;
    QLabel* m_none;
};

} // namespace lynceus
