// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/runs_card.h"

#include "core/base/error.h"
#include "core/base/settings.h"
#include "ui/run_actions.h"
#include "ui/run_filter.h"
#include "ui/run_table_model.h"
#include "ui/theme.h"
#include "ui/training_queue.h"

#include <QtGui/QAction>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QMenu>
#include <QtWidgets/QTableView>
#include <QtWidgets/QToolButton>
#include <QtWidgets/QVBoxLayout>

#include <algorithm>
#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kRowHeight = 26;
/// Pixels at first; the notes take what is left.
constexpr std::pair<RunTableModel::Column, int> kWidths[] = {
    {RunTableModel::Name, 220}, {RunTableModel::Started, 140}, {RunTableModel::State, 90},
    {RunTableModel::Auroc, 70}, {RunTableModel::Steps, 70},    {RunTableModel::Minutes, 70},
    {RunTableModel::Size, 60},  {RunTableModel::Data, 110},    {RunTableModel::Tags, 130}};

} // namespace

RunsCard::RunsCard(const Services& services, const TrainingQueue* queue, QWidget* parent)
    : QFrame(parent)
    , m_queue(queue)
    , m_runs(new RunTableModel(RunStore(services.database), this))
    , m_filter(new RunFilter(this))
    , m_view(new QTableView(this))
    , m_actions(new RunActions(services, queue, m_view))
    , m_look(new QLineEdit(this))
    , m_count(new QLabel(this))
    , m_none(new QLabel(this))
{
    theme::setCard(this);
    m_filter->setSourceModel(m_runs);
    setUpView(services.settings);
    theme::setRole(m_none, theme::TextRole::Secondary);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(12, 8, 12, 8);
    layout->setSpacing(4);
    layout->addLayout(makeHead());
    layout->addWidget(m_view, 1);
    layout->addWidget(m_none, 1, Qt::AlignTop);

    connect(m_look, &QLineEdit::textChanged, this, [this](const QString& text) {
        m_filter->setText(text);
        showState();
    });
    connect(m_runs, &RunTableModel::dataChanged, this, [this] {
        showState();
        if (const QModelIndex current = m_view->currentIndex(); current.isValid())
            Q_EMIT chosenChanged(m_runs->run(m_filter->mapToSource(current).row()));
    });
    connect(m_runs, &RunTableModel::refused, this, &RunsCard::errorOccurred);
    connect(m_actions, &RunActions::errorOccurred, this, &RunsCard::errorOccurred);
    connect(m_actions, &RunActions::runsDeleted, this, [this] {
        chooseNone();
        try {
            reload();
        } catch (const Error& error) {
            Q_EMIT errorOccurred(error.message(), error.remedy());
        }
        Q_EMIT runsDeleted();
    });
    showState();
}

QLayout* RunsCard::makeHead()
{
    auto* heading = new QLabel(tr("Runs"), this);
    theme::setRole(heading, theme::TextRole::Heading);
    theme::setRole(m_count, theme::TextRole::Caption);
    m_look->setObjectName(u"runFilter"_s);
    m_look->setPlaceholderText(tr("Filter runs…"));
    m_look->setClearButtonEnabled(true);
    m_look->setAccessibleName(tr("Filter runs"));
    m_look->setToolTip(tr("Show runs with all these words in name, tags, notes, state or folder (Ctrl+F)"));
    m_look->setMaximumWidth(220);
    auto* row = new QHBoxLayout;
    row->setSpacing(4);
    row->addWidget(heading);
    row->addSpacing(8);
    row->addWidget(m_look, 1);
    row->addSpacing(4);
    row->addWidget(m_count);
    row->addStretch();
    const auto add = [&](const QString& name) {
        auto* button = new QToolButton(this);
        button->setObjectName(name);
        button->setToolButtonStyle(Qt::ToolButtonTextOnly);
        row->addWidget(button);
        return button;
    };
    for (QAction* action : m_actions->buttons()) {
        if (action == m_actions->buttons().back()) {
            QToolButton* button = add(u"exportButton"_s);
            button->setText(m_actions->exportMenu()->title());
            button->setToolTip(tr("Write tables of runs (Ctrl+E) or of the curves of one (Ctrl+Shift+E)"));
            button->setMenu(m_actions->exportMenu());
            button->setPopupMode(QToolButton::InstantPopup);
        }
        add(action->objectName() + u"Button"_s)->setDefaultAction(action);
    }
    return row;
}

void RunsCard::resetColumns()
{
    for (const auto& [column, width] : kWidths)
        m_view->setColumnWidth(column, width);
    m_view->sortByColumn(RunTableModel::Started, Qt::DescendingOrder);
}

void RunsCard::setUpView(Settings& settings)
{
    m_view->setObjectName(u"runs"_s);
    m_view->setAccessibleName(tr("Training runs"));
    m_view->setModel(m_filter);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_view->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed);
    m_view->setTabKeyNavigation(false);
    m_view->setShowGrid(false);
    m_view->setWordWrap(false);
    m_view->setMinimumHeight(80);
    m_view->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_view->setContextMenuPolicy(Qt::CustomContextMenu);
    m_view->verticalHeader()->hide();
    m_view->verticalHeader()->setDefaultSectionSize(kRowHeight);
    QHeaderView* header = m_view->horizontalHeader();
    header->setHighlightSections(false);
    header->setStretchLastSection(true);
    m_view->setSortingEnabled(true);
    resetColumns();
    header->restoreState(settings.layout(u"train/runs"_s));
    const auto keep = [header, &settings] { settings.setLayout(u"train/runs"_s, header->saveState()); };
    connect(header, &QHeaderView::sectionResized, this, keep);
    connect(header, &QHeaderView::sortIndicatorChanged, this, keep);

    connect(m_view->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& index) {
        if (index.isValid())
            Q_EMIT runChosen(m_runs->run(m_filter->mapToSource(index).row()));
    });
    connect(m_view->selectionModel(), &QItemSelectionModel::selectionChanged, this, &RunsCard::showState);
    connect(m_view, &QWidget::customContextMenuRequested, this, [this](const QPoint& at) {
        QMenu menu;
        menu.setToolTipsVisible(true);
        m_actions->fill(menu);
        menu.exec(m_view->viewport()->mapToGlobal(at));
    });
}

void RunsCard::reload()
{
    m_runs->reload();
    showState();
}

void RunsCard::choose(const QString& name)
{
    // The store lists the newest first, whatever the table is sorted by.
    for (int row = 0; row < m_runs->rowCount(); ++row) {
        if (m_runs->run(row).name != name)
            continue;
        QModelIndex index = m_filter->mapFromSource(m_runs->index(row, 0));
        if (!index.isValid()) {
            m_look->clear(); // it hides the run
            index = m_filter->mapFromSource(m_runs->index(row, 0));
        }
        chooseNone();
        m_view->setCurrentIndex(index);
        return;
    }
}

void RunsCard::chooseNone()
{
    m_view->clearSelection();
    m_view->setCurrentIndex({});
}

void RunsCard::look()
{
    m_look->setFocus(Qt::ShortcutFocusReason);
    m_look->selectAll();
}

std::vector<RunRecord> RunsCard::interrupted() const
{
    std::vector<RunRecord> runs;
    for (int row = m_runs->rowCount() - 1; row >= 0; --row) {
        const RunRecord& run = m_runs->run(row);
        if (run.state == RunRecord::State::Interrupted && run.canResume() && !m_queue->continues(run.id))
            runs.push_back(run);
    }
    return runs;
}

std::vector<RunRecord> RunsCard::chosen() const
{
    std::vector<RunRecord> runs;
    for (const QModelIndex& index : m_view->selectionModel()->selectedRows())
        runs.push_back(m_runs->run(m_filter->mapToSource(index).row()));
    return runs;
}

void RunsCard::showState()
{
    m_actions->setRuns(chosen());
    const int all = m_runs->rowCount();
    const int shown = m_filter->rowCount();
    m_view->setVisible(shown > 0);
    m_none->setVisible(shown == 0);
    m_none->setText(all == 0 ? tr("No training yet. Choose a folder, then start.")
                             : tr("No run has all these words in name, tags, notes, state or folder."));
    m_look->setEnabled(all > 0);
    m_count->setText(shown == all ? QString() : tr("%1 of %2").arg(shown).arg(all));
}

} // namespace lynceus
