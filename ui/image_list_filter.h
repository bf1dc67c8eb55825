// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QSortFilterProxyModel>
#include <QtCore/QTimer>

namespace lynceus {

/// Which rows of an ImageListModel are shown, and in which order. While results come in, rows are placed anew a few
/// times a second at most, all at once, which stays fast for 20,000 of them.
class ImageListFilter : public QSortFilterProxyModel
{
    Q_OBJECT

public:
    enum class Show { All, Ng, Ok, Review, Wrong, NotDone, Failed };
    enum class Order { Name, HighestScore, LowestScore };

    explicit ImageListFilter(QObject* parent = nullptr);

    void setShow(Show show);
    void setOrder(Order order);
    void setNameFilter(const QString& text);
    /// Rows are about to be placed anew.
    bool isPending() const { return m_refresh.isActive(); }
    void setSourceModel(QAbstractItemModel* model) override;

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
    bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

private:
    Show m_show = Show::All;
    Order m_order = Order::Name;
    QString m_name;
    QTimer m_refresh;
};

} // namespace lynceus
