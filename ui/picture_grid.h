// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtGui/QImage>
#include <QtWidgets/QWidget>

#include <vector>

namespace lynceus {

/// Pictures in a grid that fills the widget; a text in their place while there are none.
class PictureGrid : public QWidget
{
    Q_OBJECT

public:
    explicit PictureGrid(const QString& emptyText, QWidget* parent = nullptr);

    void setEmptyText(const QString& text);
    void setPictures(std::vector<QImage> pictures);
    const std::vector<QImage>& pictures() const { return m_pictures; }
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_emptyText;
    std::vector<QImage> m_pictures;
};

} // namespace lynceus
