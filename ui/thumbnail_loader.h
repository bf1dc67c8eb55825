// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QCache>
#include <QtCore/QObject>
#include <QtCore/QSet>
#include <QtCore/QThreadPool>
#include <QtGui/QImage>

#include <atomic>

namespace lynceus {

/// Small pictures for lists, read on long-lived threads when somebody asks for them; the newest wish goes first and
/// wishes that have long scrolled out of view are dropped. Keeps the most recently used. UI thread only.
class ThumbnailLoader : public QObject
{
    Q_OBJECT

public:
    static constexpr int kSize = 96; ///< longer side, pixels

    explicit ThumbnailLoader(QObject* parent = nullptr);
    ~ThumbnailLoader() override;

    /// The picture of the file, or a null image: then loaded(key) follows unless the file can't be read or the wish is
    /// dropped. `key` stands for `path` until clear().
    QImage thumbnail(int key, const QString& path);
    void clear();
    bool isIdle() const { return m_pending.isEmpty(); }

Q_SIGNALS:
    void loaded(int key);

private:
    void take(quint64 generation, int key, bool dropped, const QImage& image);

    QCache<int, QImage> m_cache;
    QSet<int> m_pending;
    quint64 m_generation = 0;
    std::atomic<int> m_newest = 0;
    QThreadPool m_pool;
};

} // namespace lynceus
