// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/memseg/odd_images.h"

#include <QtCore/QAbstractListModel>
#include <QtCore/QHash>
#include <QtCore/QStringList>

#include <vector>

namespace lynceus {

class ThumbnailLoader;

/// Good images of a folder that deserve a look before a model learns from them: those that are left out, then the most
/// unusual ones. A row is ticked when the image is learnt from.
class OddImageModel : public QAbstractListModel
{
    Q_OBJECT

public:
    static constexpr std::size_t kMostShown = 24;
    static constexpr int kThumbnail = 48; ///< side, pixels

    explicit OddImageModel(QObject* parent = nullptr);

    /// The folder's good images. Of `excluded` those count that are among them.
    void setFolder(const std::vector<Sample>& good, const QStringList& excluded);
    /// What rankByOddness() found. Figures of images that it left out stay as they were.
    void setRanking(const std::vector<OddImage>& images);
    /// Shows the images with these names, in their order, besides those that are left out. Returns how many of them the
    /// folder does not hold.
    int setNames(const QStringList& names);
    const QStringList& excluded() const { return m_excluded; } ///< as Sample::name
    const Sample& image(int row) const { return m_images[std::size_t(row)]; }
    bool isIdle() const; ///< all thumbnails that were asked for are here

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

Q_SIGNALS:
    void excludedChanged(); ///< by the user

private:
    void setImages(std::vector<Sample> images);
    bool isUnusual(const Sample& image) const;
    QString figure(const Sample& image) const;
    QVariant thumbnail(int row) const;

    ThumbnailLoader* m_thumbnails;
    std::vector<Sample> m_good;        ///< all of the folder
    std::vector<Sample> m_images;      ///< those shown
    QHash<QString, OddImage> m_ranked; ///< by name
    QStringList m_excluded;
};

} // namespace lynceus
