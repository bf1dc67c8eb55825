// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/image_list_model.h"

#include "ui/thumbnail_loader.h"

#include <algorithm>
#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kTellEveryMs = 40;

} // namespace

bool ImageItem::escape() const
{
    return judged && !failed() && sample.truth == Truth::Defective && result.verdict == Verdict::Ok;
}

bool ImageItem::overkill() const
{
    return judged && !failed() && sample.truth == Truth::Good && result.verdict == Verdict::Ng;
}

QString fileName(const Sample& sample)
{
    return sample.name.section(u'/', -1);
}

ImageListModel::ImageListModel(QObject* parent)
    : QAbstractListModel(parent)
    , m_thumbnails(new ThumbnailLoader(this))
{
    m_tell.setSingleShot(true);
    m_tell.setInterval(kTellEveryMs);
    connect(&m_tell, &QTimer::timeout, this, &ImageListModel::tellChanges);
    connect(m_thumbnails, &ThumbnailLoader::loaded, this,
            [this](int row) { Q_EMIT dataChanged(index(row), index(row), {Qt::DecorationRole}); });
}

void ImageListModel::setSamples(std::vector<Sample> samples)
{
    beginResetModel();
    m_tell.stop();
    m_firstChanged = m_lastChanged = -1;
    m_thumbnails->clear();
    m_items.clear();
    m_items.reserve(samples.size());
    for (Sample& sample : samples)
        m_items.push_back({std::move(sample), false, {}, {}, {}});
    endResetModel();
}

void ImageListModel::setResult(int row, const QString& error, const AnomalyResult& result, const QString& hash)
{
    ImageItem& item = m_items[std::size_t(row)];
    item.judged = true;
    item.error = error;
    item.hash = hash;
    item.result = result;
    item.result.map.release();
    setRegions(row, result.regions);
}

void ImageListModel::setRegions(int row, std::vector<Region> regions)
{
    for (Region& region : regions)
        region.contour = {};
    m_items[std::size_t(row)].result.regions = std::move(regions);
    markChanged(row, row);
}

void ImageListModel::clearResults()
{
    for (ImageItem& item : m_items) {
        item.judged = false;
        item.error.clear();
        item.result = {};
    }
    markChanged(0, rowCount() - 1);
}

void ImageListModel::rejudgeAll(const Thresholds& thresholds)
{
    for (ImageItem& item : m_items) {
        if (item.judged && !item.failed())
            rejudge(item.result, thresholds);
    }
    markChanged(0, rowCount() - 1);
}

ImageListModel::Counts ImageListModel::counts() const
{
    Counts counts;
    counts.total = int(m_items.size());
    for (const ImageItem& item : m_items) {
        if (!item.judged)
            continue;
        if (item.failed()) {
            ++counts.failed;
            continue;
        }
        ++(item.result.verdict == Verdict::Ok   ? counts.ok
           : item.result.verdict == Verdict::Ng ? counts.ng
                                                : counts.review);
        counts.good += item.sample.truth == Truth::Good;
        counts.defective += item.sample.truth == Truth::Defective;
        counts.escapes += item.escape();
        counts.overkill += item.overkill();
    }
    return counts;
}

int ImageListModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_items.size());
}

QVariant ImageListModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const ImageItem& row = item(index.row());
    switch (role) {
    case ItemRole:
        return QVariant::fromValue(&row);
    case Qt::DisplayRole:
        return fileName(row.sample);
    case Qt::ToolTipRole:
        return row.failed() ? u"%1\n%2"_s.arg(row.sample.name, row.error) : row.sample.name;
    case Qt::DecorationRole:
        return m_thumbnails->thumbnail(index.row(), row.sample.path);
    case Qt::AccessibleTextRole: {
        const QString state =
            !row.judged    ? tr("not inspected")
            : row.failed() ? tr("error")
                           : tr("%1, score %2").arg(verdictName(row.result.verdict)).arg(row.result.score, 0, 'f', 2);
        return u"%1, %2"_s.arg(row.sample.name, state);
    }
    default:
        return {};
    }
}

void ImageListModel::markChanged(int first, int last)
{
    if (last < first)
        return;
    m_firstChanged = m_firstChanged < 0 ? first : std::min(m_firstChanged, first);
    m_lastChanged = std::max(m_lastChanged, last);
    if (!m_tell.isActive())
        m_tell.start();
}

void ImageListModel::tellChanges()
{
    const int first = std::exchange(m_firstChanged, -1);
    const int last = std::exchange(m_lastChanged, -1);
    if (first >= 0)
        Q_EMIT dataChanged(index(first), index(last), {ItemRole, Qt::AccessibleTextRole, Qt::ToolTipRole});
}

} // namespace lynceus
