// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/gate_report_model.h"

#include "ui/icons.h"

#include <QtCore/QLocale>

#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

bool isFigure(int column)
{
    return column >= GateReportModel::Images;
}

QString displayText(const GateReport& report, int column)
{
    if (column == GateReportModel::Name)
        return engineName(report.engine);
    if (column == GateReportModel::Gate)
        return report.passed() ? GateReportModel::tr("Passed") : GateReportModel::tr("Blocked");
    if (!report.failure.isEmpty()) // there are no figures
        return u"–"_s;
    const QLocale locale;
    switch (column) {
    case GateReportModel::Images:
        return locale.toString(report.images);
    case GateReportModel::VerdictsChanged:
        return locale.toString(report.verdictsChanged);
    case GateReportModel::ScoreShift:
        return locale.toString(report.shift, 'f', 4);
    case GateReportModel::Milliseconds:
        return locale.toString(report.ms, 'f', 1);
    case GateReportModel::Speed:
        return GateReportModel::tr("%1 ×").arg(locale.toString(report.ratio(), 'f', 2));
    default:
        return {};
    }
}

} // namespace

void GateReportModel::setReports(std::vector<GateReport> reports)
{
    beginResetModel();
    m_reports = std::move(reports);
    endResetModel();
}

int GateReportModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_reports.size());
}

int GateReportModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(ColumnCount);
}

QVariant GateReportModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const GateReport& shown = report(index.row());
    const int column = index.column();
    switch (role) {
    case Qt::DisplayRole:
        return displayText(shown, column);
    case Qt::ToolTipRole:
        return shown.summary();
    case Qt::TextAlignmentRole:
        return QVariant::fromValue(Qt::AlignVCenter | (isFigure(column) ? Qt::AlignRight : Qt::AlignLeft));
    case Qt::FontRole:
        return isFigure(column) ? QVariant(theme::tabularFont()) : QVariant();
    case Qt::DecorationRole: // keeps its colour in a chosen row
        if (column == Gate)
            return shown.passed() ? themedIcon(u"check"_s, theme::Token::Ok)
                                  : themedIcon(u"cancel"_s, theme::Token::Ng);
        return {};
    case Qt::ForegroundRole:
        if (column == Gate)
            return theme::color(shown.passed() ? theme::Token::Ok : theme::Token::Ng);
        return {};
    default:
        return {};
    }
}

QVariant GateReportModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::AlignVCenter | (isFigure(section) ? Qt::AlignRight : Qt::AlignLeft));
    if (role != Qt::DisplayRole && role != Qt::ToolTipRole)
        return {};
    const bool tip = role == Qt::ToolTipRole;
    switch (section) {
    case Name:
        return tip ? tr("What computes the networks") : tr("Engine");
    case Gate:
        return tip ? tr("Blocked: it judges otherwise than LibTorch and is never used") : tr("Gate");
    case Images:
        return tip ? tr("Good images and simulated defects that were compared") : tr("Images");
    case VerdictsChanged:
        return tip ? tr("Images with another verdict than LibTorch's; one blocks the engine") : tr("Verdicts changed");
    case ScoreShift:
        return tip ? tr("Largest difference to LibTorch's score; above %1 blocks the engine")
                         .arg(QLocale().toString(GateReport::kMostScoreShift))
                   : tr("Score shift");
    case Milliseconds:
        return tip ? tr("Median of one inspection, in milliseconds") : tr("ms");
    case Speed:
        return tip ? tr("Times as fast as LibTorch") : tr("Speed");
    default:
        return {};
    }
}

} // namespace lynceus
