// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/layer_bar.h"

#include "ui/image_view.h"

#include <QtGui/QAction>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QSlider>

namespace lynceus {

using Layer = ImageView::Layer;

LayerBar::LayerBar(ImageView* view, QWidget* shortcutOwner, QWidget* parent)
    : QWidget(parent)
    , m_view(view)
    , m_shortcutOwner(shortcutOwner)
{
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 8, 12, 8);
    layout->setSpacing(4);
    addLayer(layout, int(Layer::Image), tr("Image"), tr("Show the image under the layers (I)"), Qt::Key_I);
    addLayer(layout, int(Layer::Heat), tr("Heat map"), tr("Show the heat map (H). Hold Space to see the bare image."),
             Qt::Key_H);
    addLayer(layout, int(Layer::Contour), tr("Contour"), tr("Show the outlines of the regions (C)"), Qt::Key_C);
    addLayer(layout, int(Layer::Mask), tr("Mask"), tr("Show what lies above the pixel threshold (M)"), Qt::Key_M);
    addLayer(layout, int(Layer::Truth), tr("Truth"),
             tr("Show the outlines of known defects, if the folder has masks (T)"), Qt::Key_T);
    layout->addSpacing(8);
    auto* label = new QLabel(tr("Opacity"), this);
    auto* slider = new QSlider(Qt::Horizontal, this);
    slider->setRange(0, 100);
    slider->setValue(qRound(view->opacity() * 100));
    slider->setFixedWidth(90);
    slider->setToolTip(tr("Opacity of the heat map"));
    slider->setAccessibleName(tr("Opacity of the heat map"));
    label->setBuddy(slider);
    layout->addWidget(label);
    layout->addWidget(slider);
    layout->addStretch();
    addZoom(layout, tr("Fit"), tr("Show the whole image (F)"), {QKeySequence(Qt::Key_F)}, &ImageView::fit);
    addZoom(layout, tr("1:1"), tr("One image pixel on one screen pixel (1 or Ctrl+0)"),
            {QKeySequence(Qt::Key_1), QKeySequence(Qt::CTRL | Qt::Key_0)}, &ImageView::actualSize);
    connect(slider, &QSlider::valueChanged, view, [view](int value) { view->setOpacity(value / 100.0); });
}

void LayerBar::addLayer(QHBoxLayout* layout, int layer, const QString& text, const QString& toolTip, int key)
{
    auto* button = new QPushButton(text, this);
    button->setCheckable(true);
    button->setChecked(m_view->isLayerVisible(Layer(layer)));
    button->setToolTip(toolTip);
    button->setAccessibleName(text);
    button->setFocusPolicy(Qt::TabFocus); // after a click Space still shows the bare image
    layout->addWidget(button);
    connect(button, &QPushButton::toggled, m_view,
            [view = m_view, layer](bool on) { view->setLayerVisible(Layer(layer), on); });
    auto* action = new QAction(text, this);
    action->setShortcut(QKeySequence(key));
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(action, &QAction::triggered, button, &QPushButton::toggle);
    m_shortcutOwner->addAction(action);
}

void LayerBar::addZoom(QHBoxLayout* layout, const QString& text, const QString& toolTip,
                       const QList<QKeySequence>& keys, void (ImageView::*go)())
{
    auto* button = new QPushButton(text, this);
    button->setToolTip(toolTip);
    button->setAccessibleName(toolTip);
    button->setFocusPolicy(Qt::TabFocus);
    layout->addWidget(button);
    connect(button, &QPushButton::clicked, m_view, go);
    auto* action = new QAction(text, this);
    action->setShortcuts(keys);
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(action, &QAction::triggered, m_view, go);
    m_shortcutOwner->addAction(action);
}

} // namespace lynceus
