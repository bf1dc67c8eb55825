// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/run_table_model.h"

#include "ui/theme.h"

#include <QtCore/QDir>
#include <QtCore/QLocale>

#include <cmath>
#include <optional>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

std::optional<double> minutesOf(const RunRecord& run)
{
    if (!run.finished.isValid())
        return {};
    return double(run.started.msecsTo(run.finished)) / 60000.0;
}

std::optional<double> aurocOf(const RunRecord& run)
{
    const QJsonValue value = run.final.value(u"image_auroc"_s);
    return value.isDouble() ? std::optional(value.toDouble()) : std::nullopt;
}

QString startedText(const QDateTime& utc)
{
    const QDateTime local = utc.toLocalTime();
    const QString time = local.time().toString(u"HH:mm"_s);
    const qint64 days = local.date().daysTo(QDate::currentDate());
    if (days == 0)
        return RunTableModel::tr("today %1").arg(time);
    if (days == 1)
        return RunTableModel::tr("yesterday %1").arg(time);
    return local.date().toString(Qt::ISODate) + u' ' + time;
}

QString stateText(const RunRecord& run)
{
    switch (run.state) {
    case RunRecord::State::Running:
        return RunTableModel::tr("running");
    case RunRecord::State::Finished:
        return RunTableModel::tr("finished");
    case RunRecord::State::Cancelled:
        return RunTableModel::tr("cancelled");
    case RunRecord::State::Interrupted:
        return RunTableModel::tr("interrupted");
    case RunRecord::State::Failed:
        break;
    }
    return RunTableModel::tr("failed");
}

QString displayText(const RunRecord& run, int column)
{
    const QString none = u"–"_s;
    const QLocale locale;
    switch (column) {
    case RunTableModel::Name:
        return run.name;
    case RunTableModel::Started:
        return startedText(run.started);
    case RunTableModel::Data:
        return QDir(run.dataFolder).dirName();
    case RunTableModel::Size: {
        const int width = run.options.value(u"input_width"_s).toInt();
        return width > 0 ? QString::number(width) : none;
    }
    case RunTableModel::Minutes: {
        const auto minutes = minutesOf(run);
        return minutes ? locale.toString(*minutes, 'f', 1) : none;
    }
    case RunTableModel::Auroc: {
        const auto auroc = aurocOf(run);
        return auroc ? locale.toString(*auroc, 'f', 3) : none;
    }
    case RunTableModel::State:
        return stateText(run);
    default:
        return {};
    }
}

QVariant sortKey(const RunRecord& run, int column)
{
    switch (column) {
    case RunTableModel::Started:
        return run.started;
    case RunTableModel::Size:
        return run.options.value(u"input_width"_s).toInt();
    case RunTableModel::Minutes:
        return minutesOf(run).value_or(-1.0);
    case RunTableModel::Auroc:
        return aurocOf(run).value_or(-1.0);
    default:
        return displayText(run, column);
    }
}

QColor stateColor(RunRecord::State state)
{
    switch (state) {
    case RunRecord::State::Running:
        return theme::color(theme::Token::Accent);
    case RunRecord::State::Finished:
        return theme::color(theme::Token::Ok);
    case RunRecord::State::Cancelled:
    case RunRecord::State::Interrupted:
        return theme::color(theme::Token::Secondary);
    case RunRecord::State::Failed:
        break;
    }
    return theme::color(theme::Token::Ng);
}

bool isFigure(int column)
{
    return column == RunTableModel::Size || column == RunTableModel::Minutes || column == RunTableModel::Auroc;
}

} // namespace

RunTableModel::RunTableModel(RunStore store, QObject* parent)
    : QAbstractTableModel(parent)
    , m_store(store)
{
}

void RunTableModel::reload()
{
    std::vector<RunRecord> runs = m_store.list();
    beginResetModel();
    m_runs = std::move(runs);
    endResetModel();
}

int RunTableModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_runs.size());
}

int RunTableModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(ColumnCount);
}

QVariant RunTableModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const RunRecord& record = run(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return displayText(record, index.column());
    case Qt::UserRole:
        return sortKey(record, index.column());
    case Qt::TextAlignmentRole:
        return QVariant::fromValue(Qt::AlignVCenter | (isFigure(index.column()) ? Qt::AlignRight : Qt::AlignLeft));
    case Qt::FontRole:
        return isFigure(index.column()) ? QVariant(theme::tabularFont()) : QVariant();
    case Qt::ForegroundRole:
        return index.column() == State ? QVariant(stateColor(record.state)) : QVariant();
    case Qt::ToolTipRole:
        if (index.column() == Data)
            return QDir::toNativeSeparators(record.dataFolder);
        return index.column() == State ? record.message : QString();
    default:
        return {};
    }
}

QVariant RunTableModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= int(ColumnCount))
        return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::AlignVCenter | (isFigure(section) ? Qt::AlignRight : Qt::AlignLeft));
    if (role == Qt::ToolTipRole && section == Auroc)
        return tr("Held-out good images against simulated defects: says that training works, not how good it will be");
    if (role != Qt::DisplayRole)
        return {};
    switch (Column(section)) {
    case Name:
        return tr("Run");
    case Started:
        return tr("Started");
    case Data:
        return tr("Data");
    case Size:
        return tr("Size");
    case Minutes:
        return tr("Minutes");
    case Auroc:
        return tr("Validation AUROC");
    case State:
        return tr("State");
    case ColumnCount:
        break;
    }
    return {};
}

} // namespace lynceus
