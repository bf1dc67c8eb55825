// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/data/anomaly_folder.h"
#include "ui/display_image.h"

#include <QtCore/QCache>
#include <QtCore/QObject>
#include <QtCore/QThreadPool>

#include <map>
#include <utility>
#include <vector>

namespace lynceus {

/// Prepares what the canvas draws on a long-lived thread and keeps the most recent few. What is wanted may change at
/// any time: only the picture in work is finished, everything else follows the newest wish. UI thread only.
class DisplayLoader : public QObject
{
    Q_OBJECT

public:
    explicit DisplayLoader(QObject* parent = nullptr);
    ~DisplayLoader() override;

    /// New list: rows mean other files.
    void clear();
    /// The rows to have ready, most urgent first; imageReady() follows for those that are not.
    void want(std::vector<std::pair<int, Sample>> rows);
    DisplayImagePtr image(int row) const;

    /// Judges a result with map by `thresholds` and turns it into layers; layersReady() follows. Of several orders for
    /// a row that wait only the last one is carried out.
    void makeLayers(int row, const AnomalyResult& result, const Thresholds& thresholds, ColorMap colors);
    ResultLayersPtr layers(int row) const;
    void clearLayers();

    bool isIdle() const { return !m_reading && !m_drawing; }

Q_SIGNALS:
    void imageReady(int row);
    void layersReady(int row);

private:
    struct Order
    {
        AnomalyResult result;
        Thresholds thresholds;
        ColorMap colors = ColorMap::Inferno;
    };

    void readNext();
    void drawNext();

    QCache<int, DisplayImagePtr> m_images;
    QCache<int, ResultLayersPtr> m_layers;
    std::vector<std::pair<int, Sample>> m_wanted;
    std::map<int, Order> m_ordered; ///< layers, by row
    bool m_reading = false;
    bool m_drawing = false;
    quint64 m_imageGeneration = 0;
    quint64 m_layerGeneration = 0;
    QThreadPool m_reader;
    QThreadPool m_drawer;
};

} // namespace lynceus
