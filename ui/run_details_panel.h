// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/storage/run_store.h"

#include <QtCore/QAbstractTableModel>
#include <QtWidgets/QWidget>

#include <vector>

class QLabel;
class QTableView;

namespace lynceus {

/// What happened to a run, oldest first.
class RunEventModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Time, Event, Detail, ColumnCount };

    explicit RunEventModel(QObject* parent = nullptr);
    void setEvents(std::vector<RunEvent> events);

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    std::vector<RunEvent> m_events;
};

/// How a run came about and what happened to it: state, why it failed, what it was started with, its events, notes.
class RunDetailsPanel : public QWidget
{
    Q_OBJECT

public:
    explicit RunDetailsPanel(QWidget* parent = nullptr);

    void setRun(const RunRecord& run, const std::vector<RunEvent>& events);
    void clear();

private:
    QLabel* m_state;
    QLabel* m_reason;
    QLabel* m_facts;
    QLabel* m_notes;
    RunEventModel* m_events;
    QTableView* m_view;
};

} // namespace lynceus
