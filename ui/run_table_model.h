// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/storage/run_store.h"

#include <QtCore/QAbstractTableModel>

#include <vector>

namespace lynceus {

/// The training runs of the database, newest first, as a table.
class RunTableModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Name, Started, Data, Size, Minutes, Auroc, State, ColumnCount };

    explicit RunTableModel(RunStore store, QObject* parent = nullptr);

    /// Reads the table again; throws Error(Storage).
    void reload();
    const RunRecord& run(int row) const { return m_runs.at(std::size_t(row)); }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    /// Qt::UserRole gives what to sort by.
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    RunStore m_store;
    std::vector<RunRecord> m_runs;
};

} // namespace lynceus
