// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/image_list_filter.h"

#include "ui/image_list_model.h"

#include <cmath>

namespace lynceus {

namespace {

constexpr int kRefreshMs = 250;

/// Unreadable and NaN first, not inspected last, whichever way the scores run.
double rank(const ImageItem& item, ImageListFilter::Order order)
{
    if (!item.judged)
        return 3.0;
    if (item.failed() || std::isnan(item.result.score))
        return -2.0;
    return order == ImageListFilter::Order::HighestScore ? -item.result.score : item.result.score;
}

} // namespace

ImageListFilter::ImageListFilter(QObject* parent)
    : QSortFilterProxyModel(parent)
{
    setDynamicSortFilter(false);
    m_refresh.setSingleShot(true);
    m_refresh.setInterval(kRefreshMs);
    connect(&m_refresh, &QTimer::timeout, this, [this] { invalidate(); });
}

void ImageListFilter::setSourceModel(QAbstractItemModel* model)
{
    QSortFilterProxyModel::setSourceModel(model);
    sort(0);
    connect(model, &QAbstractItemModel::dataChanged, this,
            [this](const QModelIndex&, const QModelIndex&, const QList<int>& roles) {
                const bool moves = m_show != Show::All || m_order != Order::Name;
                if (moves && roles.contains(ImageListModel::ItemRole) && !m_refresh.isActive())
                    m_refresh.start();
            });
}

void ImageListFilter::setShow(Show show)
{
    m_show = show;
    invalidate();
}

void ImageListFilter::setOrder(Order order)
{
    m_order = order;
    invalidate();
}

void ImageListFilter::setNameFilter(const QString& text)
{
    m_name = text.trimmed();
    invalidate();
}

bool ImageListFilter::filterAcceptsRow(int row, const QModelIndex&) const
{
    const ImageItem& item = static_cast<const ImageListModel*>(sourceModel())->item(row);
    if (!m_name.isEmpty() && !item.sample.name.contains(m_name, Qt::CaseInsensitive))
        return false;
    const bool judged = item.judged && !item.failed();
    switch (m_show) {
    case Show::All:
        return true;
    case Show::Ng:
        return judged && item.result.verdict == Verdict::Ng;
    case Show::Ok:
        return judged && item.result.verdict == Verdict::Ok;
    case Show::Review:
        return judged && item.result.verdict == Verdict::Review;
    case Show::Wrong:
        return item.escape() || item.overkill();
    case Show::NotDone:
        return !item.judged;
    case Show::Failed:
        return item.failed();
    }
    return true;
}

bool ImageListFilter::lessThan(const QModelIndex& left, const QModelIndex& right) const
{
    // The folder lists its images by name, so the row is the name's rank.
    if (m_order == Order::Name)
        return left.row() < right.row();
    const auto* model = static_cast<const ImageListModel*>(sourceModel());
    const double a = rank(model->item(left.row()), m_order);
    const double b = rank(model->item(right.row()), m_order);
    return a != b ? a < b : left.row() < right.row();
}

} // namespace lynceus
