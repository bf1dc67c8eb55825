// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/run_details_panel.h"

#include "ui/run_table_model.h"
#include "ui/theme.h"

#include <QtCore/QDir>
#include <QtCore/QHash>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLabel>
#include <QtWidgets/QTableView>
#include <QtWidgets/QVBoxLayout>

#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QString eventText(const QString& kind)
{
    const QHash<QString, QString> texts{
        {u"started"_s, RunEventModel::tr("Started")},         {u"paused"_s, RunEventModel::tr("Paused")},
        {u"resumed"_s, RunEventModel::tr("Resumed")},         {u"finishing"_s, RunEventModel::tr("Asked to finish")},
        {u"checkpoint"_s, RunEventModel::tr("Checkpoint")},   {u"finished"_s, RunEventModel::tr("Finished")},
        {u"cancelled"_s, RunEventModel::tr("Cancelled")},     {u"failed"_s, RunEventModel::tr("Failed")},
        {u"interrupted"_s, RunEventModel::tr("Interrupted")}, {u"warning"_s, RunEventModel::tr("Warning")}};
    return texts.value(kind, kind);
}

QString factsOf(const RunRecord& run)
{
    QStringList lines{RunDetailsPanel::tr("Data: %1").arg(QDir::toNativeSeparators(run.dataFolder))};
    const QString file = run.modelPath.isEmpty() ? run.targetFile : run.modelPath;
    if (!file.isEmpty())
        lines << RunDetailsPanel::tr("Model: %1").arg(QDir::toNativeSeparators(file));
    const QStringList options{
        RunDetailsPanel::tr("encoder %1").arg(run.options.value(u"encoder"_s).toString()),
        RunDetailsPanel::tr("decoder %1").arg(run.options.value(u"decoder"_s).toString()),
        RunDetailsPanel::tr("seed %1").arg(run.seed),
    };
    if (!run.options.isEmpty())
        lines << RunDetailsPanel::tr("Options: %1").arg(options.join(u", "_s));
    if (!run.programVersion.isEmpty())
        lines << RunDetailsPanel::tr("Made with: Lynceus %1, %2").arg(run.programVersion, run.machine);
    return lines.join(u'\n');
}

} // namespace

RunEventModel::RunEventModel(QObject* parent)
    : QAbstractTableModel(parent)
{
}

void RunEventModel::setEvents(std::vector<RunEvent> events)
{
    beginResetModel();
    m_events = std::move(events);
    endResetModel();
}

int RunEventModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_events.size());
}

int RunEventModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(ColumnCount);
}

QVariant RunEventModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const RunEvent& event = m_events[std::size_t(index.row())];
    if (role == Qt::ToolTipRole)
        return event.detail;
    if (role == Qt::FontRole && index.column() == Time)
        return theme::tabularFont();
    if (role != Qt::DisplayRole)
        return {};
    switch (index.column()) {
    case Time:
        return event.time.toLocalTime().toString(u"yyyy-MM-dd HH:mm:ss"_s);
    case Event:
        return eventText(event.kind);
    default:
        return event.detail.simplified();
    }
}

QVariant RunEventModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    return section == Time ? tr("Time") : section == Event ? tr("Event") : tr("Detail");
}

RunDetailsPanel::RunDetailsPanel(QWidget* parent)
    : QWidget(parent)
    , m_state(new QLabel(this))
    , m_reason(new QLabel(this))
    , m_facts(new QLabel(this))
    , m_notes(new QLabel(this))
    , m_events(new RunEventModel(this))
    , m_view(new QTableView(this))
{
    theme::setRole(m_state, theme::TextRole::Heading);
    theme::setRole(m_facts, theme::TextRole::Caption);
    theme::setRole(m_notes, theme::TextRole::Secondary);
    m_reason->setObjectName(u"failureReason"_s);
    for (QLabel* label : {m_state, m_reason, m_facts, m_notes}) {
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    }
    m_view->setObjectName(u"runEvents"_s);
    m_view->setAccessibleName(tr("What happened to the run"));
    m_view->setModel(m_events);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setTabKeyNavigation(false);
    m_view->setShowGrid(false);
    m_view->setWordWrap(false);
    m_view->verticalHeader()->hide();
    m_view->verticalHeader()->setDefaultSectionSize(24);
    m_view->horizontalHeader()->setStretchLastSection(true);
    m_view->horizontalHeader()->setHighlightSections(false);
    m_view->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_view->setColumnWidth(RunEventModel::Time, 165);
    m_view->setColumnWidth(RunEventModel::Event, 110);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(8);
    for (QLabel* label : {m_state, m_reason, m_facts, m_notes})
        layout->addWidget(label);
    layout->addWidget(m_view, 1);
    clear();
}

void RunDetailsPanel::setRun(const RunRecord& run, const std::vector<RunEvent>& events)
{
    m_state->setText(tr("%1 · %2").arg(run.name, RunTableModel::stateText(run.state)));
    m_reason->setText(run.message);
    m_reason->setVisible(!run.message.isEmpty());
    m_facts->setText(factsOf(run));
    m_notes->setText(run.notes);
    m_notes->setVisible(!run.notes.isEmpty());
    m_events->setEvents(events);
    m_facts->show();
    m_view->show();
}

void RunDetailsPanel::clear()
{
    m_state->setText(tr("Choose a run in the table below to see what happened to it."));
    m_events->setEvents({});
    for (QWidget* widget : {static_cast<QWidget*>(m_reason), static_cast<QWidget*>(m_facts),
                            static_cast<QWidget*>(m_notes), static_cast<QWidget*>(m_view)})
        widget->hide();
}

} // namespace lynceus
