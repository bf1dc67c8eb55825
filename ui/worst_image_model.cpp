// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/worst_image_model.h"

#include "ui/theme.h"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QLocale>

namespace lynceus {

using namespace Qt::StringLiterals;

WorstImageModel::WorstImageModel(QObject* parent)
    : QAbstractListModel(parent)
{
}

void WorstImageModel::setImages(std::vector<WorstImage> images)
{
    beginResetModel();
    m_images = std::move(images);
    m_icons.clear();
    for (const WorstImage& image : m_images)
        m_icons.emplace_back(QPixmap::fromImage(image.thumbnail));
    endResetModel();
}

int WorstImageModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_images.size());
}

QVariant WorstImageModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const WorstImage& image = m_images[std::size_t(index.row())];
    const QString score = QLocale().toString(image.score, 'f', 3);
    const QFileInfo file(image.path);
    switch (role) {
    case Qt::DisplayRole:
        return score;
    case Qt::DecorationRole:
        return m_icons[std::size_t(index.row())];
    case Qt::ToolTipRole:
        return tr("%1: score %2. Click to inspect it.").arg(file.dir().dirName() + u'/' + file.fileName(), score);
    case Qt::AccessibleTextRole:
        return u"%1, %2"_s.arg(file.fileName(), score);
    case Qt::TextAlignmentRole:
        return int(Qt::AlignCenter);
    case Qt::FontRole:
        return theme::captionFont();
    default:
        return {};
    }
}

} // namespace lynceus
