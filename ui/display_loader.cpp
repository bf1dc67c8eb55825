// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/display_loader.h"

#include "core/base/log.h"

#include <algorithm>
#include <exception>

namespace lynceus {

namespace {

constexpr int kImageMegabytes = 512;
constexpr int kLayerMegabytes = 256;

} // namespace

DisplayLoader::DisplayLoader(QObject* parent)
    : QObject(parent)
    , m_images(kImageMegabytes)
    , m_layers(kLayerMegabytes)
{
    for (QThreadPool* pool : {&m_reader, &m_drawer}) {
        pool->setMaxThreadCount(1);
        pool->setExpiryTimeout(-1);
    }
}

DisplayLoader::~DisplayLoader()
{
    for (QThreadPool* pool : {&m_reader, &m_drawer}) {
        pool->clear();
        pool->waitForDone();
    }
}

void DisplayLoader::clear()
{
    ++m_imageGeneration;
    m_images.clear();
    m_wanted.clear();
    clearLayers();
}

void DisplayLoader::want(std::vector<std::pair<int, Sample>> rows)
{
    m_wanted = std::move(rows);
    readNext();
}

DisplayImagePtr DisplayLoader::image(int row) const
{
    const DisplayImagePtr* image = m_images.object(row);
    return image ? *image : nullptr;
}

/// One picture at a time, the choice is made here when the last one is done: so the newest wish always goes first.
void DisplayLoader::readNext()
{
    if (m_reading)
        return;
    // What could not be read is tried again: it may have come back.
    const auto isKept = [this](int row) {
        const DisplayImagePtr kept = image(row);
        return kept && kept->error.isEmpty();
    };
    while (!m_wanted.empty() && isKept(m_wanted.front().first))
        m_wanted.erase(m_wanted.begin());
    if (m_wanted.empty())
        return;
    m_reading = true;
    const auto [row, sample] = m_wanted.front();
    m_wanted.erase(m_wanted.begin());
    m_reader.start([this, row = row, sample = sample, generation = m_imageGeneration] {
        DisplayImagePtr image = loadDisplayImage(sample.path, sample.maskPath);
        const auto deliver = [this, row, image = std::move(image), generation] {
            m_reading = false;
            if (generation == m_imageGeneration) {
                // One that is larger than the whole cache is kept alone.
                m_images.insert(row, new DisplayImagePtr(image), std::min(image->megabytes(), kImageMegabytes));
                Q_EMIT imageReady(row);
            }
            readNext();
        };
        QMetaObject::invokeMethod(this, deliver, Qt::QueuedConnection);
    });
}

void DisplayLoader::makeLayers(int row, const AnomalyResult& result, const Thresholds& thresholds, ColorMap colors)
{
    m_ordered[row] = {result, thresholds, colors};
    drawNext();
}

void DisplayLoader::drawNext()
{
    if (m_drawing || m_ordered.empty())
        return;
    m_drawing = true;
    const auto next = m_ordered.begin();
    m_drawer.start(
        [this, row = next->first, order = std::move(next->second), generation = m_layerGeneration]() mutable {
            ResultLayersPtr layers;
            try {
                if (!(order.result.thresholds == order.thresholds))
                    rejudge(order.result, order.thresholds);
                layers = makeResultLayers(order.result, order.colors);
            } catch (const std::exception& error) {
                qCWarning(logUi) << "No heat map for row" << row << ':' << error.what();
            }
            const auto deliver = [this, row, layers = std::move(layers), generation] {
                m_drawing = false;
                if (generation == m_layerGeneration && layers) {
                    m_layers.insert(row, new ResultLayersPtr(layers), std::min(layers->megabytes(), kLayerMegabytes));
                    Q_EMIT layersReady(row);
                }
                drawNext();
            };
            QMetaObject::invokeMethod(this, deliver, Qt::QueuedConnection);
        });
    m_ordered.erase(next);
}

ResultLayersPtr DisplayLoader::layers(int row) const
{
    const ResultLayersPtr* layers = m_layers.object(row);
    return layers ? *layers : nullptr;
}

void DisplayLoader::clearLayers()
{
    ++m_layerGeneration;
    m_layers.clear();
    m_ordered.clear();
}

} // namespace lynceus
