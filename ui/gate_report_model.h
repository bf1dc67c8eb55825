// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/engines/gate_report.h"

#include <QtCore/QAbstractTableModel>

#include <vector>

namespace lynceus {

/// What the parity gate found of a model's engines, a row each.
class GateReportModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Name, Gate, Images, VerdictsChanged, ScoreShift, Milliseconds, Speed, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    void setReports(std::vector<GateReport> reports);
    const GateReport& report(int row) const { return m_reports[std::size_t(row)]; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    std::vector<GateReport> m_reports;
};

} // namespace lynceus
