// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QSortFilterProxyModel>
#include <QtCore/QStringList>

namespace lynceus {

/// The runs of a RunTableModel that hold all words looked for, in any order; sorted by the column that is chosen.
class RunFilter : public QSortFilterProxyModel
{
    Q_OBJECT

public:
    explicit RunFilter(QObject* parent = nullptr);

    void setText(const QString& text); ///< words with spaces between them; case does not matter

protected:
    bool filterAcceptsRow(int sourceRow, const QModelIndex& sourceParent) const override;

private:
    QStringList m_words;
};

} // namespace lynceus
