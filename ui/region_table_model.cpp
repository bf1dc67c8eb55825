// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/region_table_model.h"

#include <QtCore/QLocale>

#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

void RegionTableModel::setRegions(std::vector<Region> regions)
{
    beginResetModel();
    m_regions = std::move(regions);
    endResetModel();
}

int RegionTableModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_regions.size());
}

int RegionTableModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant RegionTableModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::Alignment(Qt::AlignVCenter | Qt::AlignRight));
    if (role == Qt::ToolTipRole)
        return tr("Click to zoom to this region");
    if (role != Qt::DisplayRole)
        return {};
    const QLocale locale;
    const Region& row = region(index.row());
    switch (index.column()) {
    case Number:
        return index.row() + 1;
    case Area:
        return locale.toString(row.area, 'f', 0);
    case Peak:
        return locale.toString(double(row.peak), 'f', 2);
    case Place:
        return u"%1, %2"_s.arg(row.peakAt.x).arg(row.peakAt.y);
    default:
        return {};
    }
}

QVariant RegionTableModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::Alignment(Qt::AlignVCenter | Qt::AlignRight));
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Number:
        return u"#"_s;
    case Area:
        return tr("Area px");
    case Peak:
        return tr("Peak");
    case Place:
        return tr("x, y");
    default:
        return {};
    }
}

} // namespace lynceus
