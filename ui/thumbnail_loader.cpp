// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/thumbnail_loader.h"

#include "core/image/image_io.h"
#include "ui/display_image.h"

#include <exception>

namespace lynceus {

namespace {

constexpr int kKept = 1000;   // pictures, about 36 KB each
constexpr int kWaiting = 100; // more than a list shows at once
constexpr int kThreads = 2;

} // namespace

ThumbnailLoader::ThumbnailLoader(QObject* parent)
    : QObject(parent)
    , m_cache(kKept)
{
    m_pool.setMaxThreadCount(kThreads);
    m_pool.setExpiryTimeout(-1);
}

ThumbnailLoader::~ThumbnailLoader()
{
    m_pool.clear();
    m_pool.waitForDone();
}

QImage ThumbnailLoader::thumbnail(int key, const QString& path)
{
    if (const QImage* known = m_cache.object(key))
        return *known;
    if (m_pending.contains(key))
        return {};
    m_pending.insert(key);
    const int number = ++m_newest;
    const quint64 generation = m_generation;
    const auto work = [this, key, path, number, generation] {
        QImage image;
        const bool dropped = m_newest - number > kWaiting;
        if (!dropped) {
            try {
                image = toQImage(readThumbnail(path, kSize));
            } catch (const std::exception&) {
                // An unreadable file has no picture; the inspection reports what is wrong with it.
            }
        }
        QMetaObject::invokeMethod(
            this, [=] { take(generation, key, dropped, image); }, Qt::QueuedConnection);
    };
    m_pool.start(work, number);
    return {};
}

void ThumbnailLoader::clear()
{
    ++m_generation;
    m_pool.clear();
    m_pending.clear();
    m_cache.clear();
}

void ThumbnailLoader::take(quint64 generation, int key, bool dropped, const QImage& image)
{
    if (generation != m_generation)
        return;
    m_pending.remove(key);
    if (dropped)
        return;
    m_cache.insert(key, new QImage(image));
    if (!image.isNull())
        Q_EMIT loaded(key);
}

} // namespace lynceus
