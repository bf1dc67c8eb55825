// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtWidgets/QWidget>

class QHBoxLayout;

namespace lynceus {

class ImageView;

/// The controls of an ImageView: layers, opacity, zoom. Each layer has a key, valid in `shortcutOwner` and its
/// children.
class LayerBar : public QWidget
{
    Q_OBJECT

public:
    LayerBar(ImageView* view, QWidget* shortcutOwner, QWidget* parent = nullptr);

private:
    void addLayer(QHBoxLayout* layout, int layer, const QString& text, const QString& toolTip, int key);
    void addZoom(QHBoxLayout* layout, const QString& text, const QString& toolTip, const QList<QKeySequence>& keys,
                 void (ImageView::*go)());

    ImageView* m_view;
    QWidget* m_shortcutOwner;
};

} // namespace lynceus
