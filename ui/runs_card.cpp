// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/runs_card.h"

#include "ui/run_table_model.h"
#include "ui/theme.h"

#include <QtCore/QSortFilterProxyModel>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLabel>
#include <QtWidgets/QTableView>
#include <QtWidgets/QVBoxLayout>

namespace lynceus {

using namespace Qt::StringLiterals;

RunsCard::RunsCard(const Database& database, QWidget* parent)
    : QFrame(parent)
    , m_runs(new RunTableModel(RunStore(database), this))
    , m_sorted(new QSortFilterProxyModel(this))
    , m_view(new QTableView(this))
    , m_none(new QLabel(tr("No training yet. Choose a folder, then start."), this))
{
    theme::setCard(this);
    m_sorted->setSourceModel(m_runs);
    m_sorted->setSortRole(Qt::UserRole);
    m_view->setObjectName(u"runs"_s);
    m_view->setAccessibleName(tr("Training runs"));
    m_view->setModel(m_sorted);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->setTabKeyNavigation(false);
    m_view->setShowGrid(false);
    m_view->setWordWrap(false);
    m_view->setMinimumHeight(80);
    m_view->verticalHeader()->hide();
    m_view->verticalHeader()->setDefaultSectionSize(26);
    m_view->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    m_view->horizontalHeader()->setHighlightSections(false);
    m_view->setSortingEnabled(true);
    m_view->sortByColumn(RunTableModel::Started, Qt::DescendingOrder);

    auto* heading = new QLabel(tr("Runs"), this);
    theme::setRole(heading, theme::TextRole::Heading);
    theme::setRole(m_none, theme::TextRole::Secondary);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 12, 12, 12);
    layout->setSpacing(8);
    layout->addWidget(heading);
    layout->addWidget(m_view, 1);
    layout->addWidget(m_none, 1, Qt::AlignTop);
    m_view->hide();

    connect(m_view->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& index) {
        if (index.isValid())
            Q_EMIT runChosen(m_runs->run(m_sorted->mapToSource(index).row()));
    });
}

void RunsCard::reload()
{
    m_runs->reload();
    const bool any = m_runs->rowCount() > 0;
    m_view->setVisible(any);
    m_none->setVisible(!any);
}

void RunsCard::choose(const QString& name)
{
    // The store lists the newest first, whatever the table is sorted by.
    for (int row = 0; row < m_runs->rowCount(); ++row) {
        if (m_runs->run(row).name != name)
            continue;
        m_view->setCurrentIndex(m_sorted->mapFromSource(m_runs->index(row, 0)));
        return;
    }
}

} // namespace lynceus
