// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/run_table_model.h"

#include "core/base/error.h"
#include "ui/theme.h"

#include <QtCore/QDir>
#include <QtCore/QLocale>
#include <QtCore/QSize>

#include <algorithm>
#include <optional>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kRunsShown = 1000;

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

/// What the training settled on; before that what it was asked for, none when it was left to the images.
QSize sizeOf(const RunRecord& run)
{
    const bool isSettled = run.final.contains(u"input_width"_s);
    if (!isSettled && run.options.value(u"auto_size"_s).toBool())
        return {};
    const QJsonObject& from = isSettled ? run.final : run.options;
    return {from.value(u"input_width"_s).toInt(), from.value(u"input_height"_s).toInt()};
}

QString displayText(const RunRecord& run, int column)
{
    const QString none = u"–"_s;
    const QLocale locale;
    switch (column) {
    case RunTableModel::Name:
        return run.name;
    case RunTableModel::Started:
        return RunTableModel::timeText(run.started);
    case RunTableModel::State:
        return RunTableModel::stateText(run.state);
    case RunTableModel::Steps:
        return run.lastStep > 0 ? locale.toString(run.lastStep) : none;
    case RunTableModel::Data:
        return QDir(run.dataFolder).dirName();
    case RunTableModel::Size: {
        const QSize size = sizeOf(run);
        if (size.width() <= 0)
            return none;
        return size.width() == size.height() ? QString::number(size.width())
                                             : u"%1×%2"_s.arg(size.width()).arg(size.height());
    }
    case RunTableModel::Minutes: {
        const auto minutes = minutesOf(run);
        return minutes ? locale.toString(*minutes, 'f', 1) : none;
    }
    case RunTableModel::Auroc: {
        const auto auroc = aurocOf(run);
        return auroc ? locale.toString(*auroc, 'f', 3) : none;
    }
    case RunTableModel::Tags:
        return run.tags.join(u", "_s);
    case RunTableModel::Notes:
        return run.notes.simplified();
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
        return sizeOf(run).width();
    case RunTableModel::Steps:
        return run.lastStep;
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
        return theme::color(theme::Token::Secondary);
    case RunRecord::State::Interrupted:
        return theme::color(theme::Token::Review);
    case RunRecord::State::Failed:
        break;
    }
    return theme::color(theme::Token::Ng);
}

bool isFigure(int column)
{
    return column == RunTableModel::Auroc || column == RunTableModel::Steps || column == RunTableModel::Minutes ||
           column == RunTableModel::Size;
}

bool isEditable(int column)
{
    return column == RunTableModel::Name || column == RunTableModel::Tags || column == RunTableModel::Notes;
}

QString stateToolTip(const RunRecord& run)
{
    if (run.state == RunRecord::State::Failed)
        return run.message;
    if (run.state != RunRecord::State::Interrupted)
        return {};
    return run.canResume() ? RunTableModel::tr("The program ended before the training did. It can be resumed.")
                           : RunTableModel::tr("The program ended before the training did, and left no checkpoint to "
                                               "go on from.");
}

QString toolTip(const RunRecord& run, int column)
{
    switch (column) {
    case RunTableModel::Name:
        return run.name;
    case RunTableModel::State:
        return stateToolTip(run);
    case RunTableModel::Data:
        return QDir::toNativeSeparators(run.dataFolder);
    case RunTableModel::Tags:
        return run.tags.isEmpty() ? RunTableModel::tr("Words to find the run by, with commas between them (F2)")
                                  : run.tags.join(u", "_s);
    case RunTableModel::Notes:
        return run.notes.isEmpty() ? RunTableModel::tr("What you want to remember of the run (F2)") : run.notes;
    default:
        return {};
    }
}

} // namespace

RunTableModel::RunTableModel(RunStore store, QObject* parent)
    : QAbstractTableModel(parent)
    , m_store(store)
{
}

void RunTableModel::reload()
{
    const std::vector<RunRecord> runs = m_store.list(kRunsShown);
    for (int row = rowCount() - 1; row >= 0; --row) {
        const auto isThis = [id = run(row).id](const RunRecord& other) { return other.id == id; };
        if (std::any_of(runs.begin(), runs.end(), isThis))
            continue;
        beginRemoveRows({}, row, row);
        m_runs.erase(m_runs.begin() + row);
        endRemoveRows();
    }
    // What is left stands in the same order: by the start, which never changes.
    for (int row = 0; row < int(runs.size()); ++row) {
        const RunRecord& record = runs[std::size_t(row)];
        if (row < rowCount() && run(row).id == record.id) {
            m_runs[std::size_t(row)] = record;
            continue;
        }
        beginInsertRows({}, row, row);
        m_runs.insert(m_runs.begin() + row, record);
        endInsertRows();
    }
    if (!m_runs.empty())
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
}

int RunTableModel::rowOf(qint64 runId) const
{
    for (int row = 0; row < rowCount(); ++row) {
        if (run(row).id == runId)
            return row;
    }
    return -1;
}

QString RunTableModel::stateText(RunRecord::State state)
{
    switch (state) {
    case RunRecord::State::Running:
        return tr("Running");
    case RunRecord::State::Finished:
        return tr("Finished");
    case RunRecord::State::Cancelled:
        return tr("Cancelled");
    case RunRecord::State::Interrupted:
        return tr("Interrupted");
    case RunRecord::State::Failed:
        break;
    }
    return tr("Failed");
}

QString RunTableModel::timeText(const QDateTime& utc)
{
    const QDateTime local = utc.toLocalTime();
    const QString time = local.time().toString(u"HH:mm"_s);
    const qint64 days = local.date().daysTo(QDate::currentDate());
    if (days == 0)
        return tr("today %1").arg(time);
    if (days == 1)
        return tr("yesterday %1").arg(time);
    return local.date().toString(Qt::ISODate) + u' ' + time;
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
    case Qt::EditRole:
        return index.column() == Notes ? record.notes : displayText(record, index.column());
    case SortRole:
        return sortKey(record, index.column());
    case FilterRole:
        return QStringList{record.name, record.tags.join(u' '), record.notes, stateText(record.state),
                           QDir::toNativeSeparators(record.dataFolder)}
            .join(u'\n');
    case Qt::TextAlignmentRole:
        return QVariant::fromValue(Qt::AlignVCenter | (isFigure(index.column()) ? Qt::AlignRight : Qt::AlignLeft));
    case Qt::FontRole:
        return isFigure(index.column()) ? QVariant(theme::tabularFont()) : QVariant();
    case Qt::ForegroundRole:
        return index.column() == State ? QVariant(stateColor(record.state)) : QVariant();
    case Qt::ToolTipRole:
        return toolTip(record, index.column());
    default:
        return {};
    }
}

bool RunTableModel::setData(const QModelIndex& index, const QVariant& value, int role)
{
    if (role != Qt::EditRole || !checkIndex(index, CheckIndexOption::IndexIsValid) || !isEditable(index.column()))
        return false;
    if (value == index.data(Qt::EditRole))
        return true;
    RunRecord& record = m_runs[std::size_t(index.row())];
    try {
        if (index.column() == Name)
            m_store.rename(record.id, value.toString());
        else if (index.column() == Tags)
            m_store.setTags(record.id, value.toString().split(u','));
        else
            m_store.setNotes(record.id, value.toString().trimmed());
        record = m_store.get(record.id);
    } catch (const Error& error) {
        Q_EMIT refused(error.message(), error.remedy());
        return false;
    }
    // All of it: the run may have ended meanwhile.
    Q_EMIT dataChanged(index.siblingAtColumn(0), index.siblingAtColumn(ColumnCount - 1));
    return true;
}

Qt::ItemFlags RunTableModel::flags(const QModelIndex& index) const
{
    const Qt::ItemFlags flags = QAbstractTableModel::flags(index);
    return index.isValid() && isEditable(index.column()) ? flags | Qt::ItemIsEditable : flags;
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
    case State:
        return tr("State");
    case Auroc:
        return tr("AUROC");
    case Steps:
        return tr("Steps");
    case Minutes:
        return tr("Minutes");
    case Size:
        return tr("Size");
    case Tags:
        return tr("Tags");
    case Notes:
        return tr("Notes");
    case ColumnCount:
        break;
    }
    return {};
}

} // namespace lynceus
