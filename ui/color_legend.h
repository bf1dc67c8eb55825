// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/image/anomaly_result.h"
#include "core/image/color_map.h"

#include <QtWidgets/QWidget>

namespace lynceus {

/// The fixed colour scale 0..1 of heat maps, with the threshold as its mark.
class ColorLegend : public QWidget
{
    Q_OBJECT

public:
    explicit ColorLegend(QWidget* parent = nullptr);

    void setColors(ColorMap colors);
    void setThresholds(const Thresholds& thresholds);

    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    ColorMap m_colors = ColorMap::Inferno;
    Thresholds m_thresholds;
};

} // namespace lynceus
