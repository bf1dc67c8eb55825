// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/run_filter.h"

#include "ui/run_table_model.h"

#include <algorithm>

namespace lynceus {

RunFilter::RunFilter(QObject* parent)
    : QSortFilterProxyModel(parent)
{
    setSortRole(RunTableModel::SortRole);
    setSortCaseSensitivity(Qt::CaseInsensitive);
}

void RunFilter::setText(const QString& text)
{
    m_words = text.split(u' ', Qt::SkipEmptyParts);
    invalidateRowsFilter();
}

bool RunFilter::filterAcceptsRow(int sourceRow, const QModelIndex& sourceParent) const
{
    const QString text = sourceModel()->index(sourceRow, 0, sourceParent).data(RunTableModel::FilterRole).toString();
    return std::all_of(m_words.begin(), m_words.end(),
                       [&text](const QString& word) { return text.contains(word, Qt::CaseInsensitive); });
}

} // namespace lynceus
