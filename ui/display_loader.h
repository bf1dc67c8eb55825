// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/data/anomaly_folder.h"
#include "ui/display_image.h"

#include <QtCore/QCache>
#include <QtCore/QObject>
#include <QtCore/QThreadPool>

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

    /// Turns a result with map into layers; layersReady() follows.
    void makeLayers(int row, const AnomalyResult& result, ColorMap colors);
    ResultLayersPtr layers(int row) const;
    void clearLayers();

    bool isIdle() const { return !m_reading && m_drawing == 0; }

Q_SIGNALS:
    void imageReady(int row);
    void layersReady(int row);

private:
    void readNext();

    QCache<int, DisplayImagePtr> m_images;
    QCache<int, ResultLayersPtr> m_layers;
    std::vector<std::pair<int, Sample>> m_wanted;
    bool m_reading = false;
    int m_drawing = 0;
    quint64 m_imageGeneration = 0;
    quint64 m_layerGeneration = 0;
    QThreadPool m_reader;
    QThreadPool m_drawer;
};

} // namespace lynceus
