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
    enum Column { Name, Started, State, Auroc, Steps, Minutes, Size, Data, Tags, Notes, ColumnCount };
    /// SortRole: what to sort by. FilterRole, of any column: all words of the run that one may look for.
    enum Role { SortRole = Qt::UserRole, FilterRole };

    explicit RunTableModel(RunStore store, QObject* parent = nullptr);

    /// Reads the table again; throws Error(Storage). Rows that stay keep their selection and their editor.
    void reload();
    const RunRecord& run(int row) const { return m_runs.at(std::size_t(row)); }
    int rowOf(qint64 runId) const; ///< -1: there is no such run
    static QString stateText(RunRecord::State state);
    static QString timeText(const QDateTime& utc); ///< "today 14:05"

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    /// Writes name, tags (with commas between them) or notes into the store; false, and refused(), when it can't.
    bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

Q_SIGNALS:
    void refused(const QString& message, const QString& remedy);

private:
    RunStore m_store;
    std::vector<RunRecord> m_runs;
};

} // namespace lynceus
