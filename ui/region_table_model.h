// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/image/regions.h"

#include <QtCore/QAbstractTableModel>

#include <vector>

namespace lynceus {

/// Regions of one result: number, area, peak, place.
class RegionTableModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Number, Area, Peak, Place, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    void setRegions(std::vector<Region> regions);
    const Region& region(int row) const { return m_regions[std::size_t(row)]; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    std::vector<Region> m_regions;
};

} // namespace lynceus
