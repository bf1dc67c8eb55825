// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "ui/model_measurement.h"

#include <QtCore/QAbstractListModel>
#include <QtGui/QIcon>

namespace lynceus {

/// Pictures with their scores, worst first.
class WorstImageModel : public QAbstractListModel
{
    Q_OBJECT

public:
    explicit WorstImageModel(QObject* parent = nullptr);

    void setImages(std::vector<WorstImage> images);
    const WorstImage& image(int row) const { return m_images[std::size_t(row)]; }

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;

private:
    std::vector<WorstImage> m_images;
    std::vector<QIcon> m_icons; ///< an image as it is would be drawn at its own size
};

} // namespace lynceus
