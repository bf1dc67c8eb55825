// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/storage/run_store.h"

#include <QtWidgets/QFrame>

class QLabel;
class QSortFilterProxyModel;
class QTableView;

namespace lynceus {

class RunTableModel;

/// The card with the table of training runs.
class RunsCard : public QFrame
{
    Q_OBJECT

public:
    explicit RunsCard(const Database& database, QWidget* parent = nullptr);

    void reload();                    ///< throws Error(Storage); nothing is chosen afterwards
    void choose(const QString& name); ///< the newest run of that name

Q_SIGNALS:
    void runChosen(const lynceus::RunRecord& run);

private:
    RunTableModel* m_runs;
    QSortFilterProxyModel* m_sorted;
    QTableView* m_view;
    QLabel* m_none;
};

} // namespace lynceus
