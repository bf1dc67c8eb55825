// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/odd_image_model.h"

#include "ui/theme.h"
#include "ui/thumbnail_loader.h"

#include <QtCore/QLocale>
#include <QtGui/QPixmap>

#include <algorithm>
#include <iterator>

namespace lynceus {

using namespace Qt::StringLiterals;

OddImageModel::OddImageModel(QObject* parent)
    : QAbstractListModel(parent)
    , m_thumbnails(new ThumbnailLoader(this))
{
    connect(m_thumbnails, &ThumbnailLoader::loaded, this, [this](int row) {
        if (row < rowCount())
            Q_EMIT dataChanged(index(row), index(row), {Qt::DecorationRole});
    });
}

void OddImageModel::setFolder(const std::vector<Sample>& good, const QStringList& excluded)
{
    m_good = good;
    m_ranked.clear();
    m_excluded.clear();
    for (const Sample& sample : m_good) {
        if (excluded.contains(sample.name))
            m_excluded << sample.name;
    }
    setRanking({});
}

void OddImageModel::setRanking(const std::vector<OddImage>& images)
{
    std::vector<Sample> shown;
    for (const Sample& sample : m_good) {
        if (m_excluded.contains(sample.name))
            shown.push_back(sample);
    }
    for (std::size_t i = 0; i < images.size(); ++i) {
        m_ranked[images[i].sample.name] = images[i];
        if (i < kMostShown)
            shown.push_back(images[i].sample);
    }
    setImages(std::move(shown));
}

int OddImageModel::setNames(const QStringList& names)
{
    std::vector<Sample> shown;
    for (const QString& name : names) {
        const auto found =
            std::find_if(m_good.begin(), m_good.end(), [&](const Sample& sample) { return sample.name == name; });
        if (found != m_good.end())
            shown.push_back(*found);
    }
    const int missing = int(names.size()) - int(shown.size());
    std::copy_if(m_good.begin(), m_good.end(), std::back_inserter(shown), [&](const Sample& sample) {
        return m_excluded.contains(sample.name) && !names.contains(sample.name);
    });
    setImages(std::move(shown));
    return missing;
}

void OddImageModel::setImages(std::vector<Sample> images)
{
    beginResetModel();
    m_thumbnails->clear();
    m_images = std::move(images);
    endResetModel();
}

bool OddImageModel::isIdle() const
{
    return m_thumbnails->isIdle();
}

int OddImageModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_images.size());
}

QVariant OddImageModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Sample& sample = image(index.row());
    const bool isExcluded = m_excluded.contains(sample.name);
    const QString fileName = sample.name.section(u'/', -1);
    switch (role) {
    case Qt::DisplayRole:
        return QString(fileName + u'\n' + figure(sample));
    case Qt::AccessibleTextRole:
        return QString(fileName + u", "_s + figure(sample));
    case Qt::ToolTipRole:
        if (const QString problem = m_ranked.value(sample.name).problem; !isExcluded && !problem.isEmpty())
            return tr("%1: %2 A training leaves it out by itself; double-click to inspect it.")
                .arg(sample.name, problem);
        return isExcluded ? tr("%1 is left out. Tick it to learn from it; double-click to inspect it.").arg(sample.name)
                          : tr("%1: how far its most unusual places are from all other good images. Untick it to leave "
                               "it out; double-click to inspect it.")
                                .arg(sample.name);
    case Qt::CheckStateRole:
        return isExcluded ? Qt::Unchecked : Qt::Checked;
    case Qt::DecorationRole:
        return thumbnail(index.row());
    case Qt::ForegroundRole:
        if (isExcluded)
            return theme::color(theme::Token::Secondary);
        if (isUnusual(sample))
            return theme::color(theme::Token::Review);
        return {};
    default:
        return {};
    }
}

bool OddImageModel::setData(const QModelIndex& index, const QVariant& value, int role)
{
    if (role != Qt::CheckStateRole || !checkIndex(index, CheckIndexOption::IndexIsValid))
        return false;
    const QString& name = image(index.row()).name;
    const bool exclude = value.toInt() == Qt::Unchecked;
    if (exclude == m_excluded.contains(name))
        return true;
    if (exclude)
        m_excluded << name;
    else
        m_excluded.removeAll(name);
    Q_EMIT dataChanged(index, index);
    Q_EMIT excludedChanged();
    return true;
}

Qt::ItemFlags OddImageModel::flags(const QModelIndex& index) const
{
    Qt::ItemFlags flags = QAbstractListModel::flags(index);
    // The option that takes the names separates them by this.
    if (index.isValid() && !image(index.row()).name.contains(u'|'))
        flags |= Qt::ItemIsUserCheckable;
    return flags;
}

bool OddImageModel::isUnusual(const Sample& image) const
{
    const OddImage known = m_ranked.value(image.name);
    return known.oddness > kSuspicious || !known.problem.isEmpty();
}

QString OddImageModel::figure(const Sample& image) const
{
    QStringList parts;
    const auto known = m_ranked.find(image.name);
    if (known != m_ranked.end())
        parts << (known->problem.isEmpty() ? tr("%1 σ").arg(QLocale().toString(known->oddness, 'f', 1))
                                           : tr("no part found"));
    if (m_excluded.contains(image.name))
        parts << tr("left out");
    else if (isUnusual(image))
        parts << tr("unusual");
    return parts.join(u" · "_s);
}

QVariant OddImageModel::thumbnail(int row) const
{
    const QImage picture = m_thumbnails->thumbnail(row, image(row).path);
    QPixmap pixmap(kThumbnail, kThumbnail); // one that is still being read takes its room
    if (picture.isNull())
        pixmap.fill(Qt::transparent);
    else
        pixmap =
            QPixmap::fromImage(picture.scaled(kThumbnail, kThumbnail, Qt::KeepAspectRatio, Qt::SmoothTransformation));
    return pixmap;
}

} // namespace lynceus
