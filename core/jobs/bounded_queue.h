// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace lynceus {

/// A queue between one thread that fills it and one that empties it. Full when it holds `limit` items, or several with
/// together more than `byteLimit` bytes: one item is always let in, so that even a huge one gets through.
template <class T>
class BoundedQueue
{
public:
    BoundedQueue(std::size_t limit, std::size_t byteLimit)
        : m_limit(limit)
        , m_byteLimit(byteLimit)
    {
    }

    /// Waits for room; false when the queue was closed.
    bool push(T item, std::size_t bytes)
    {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [&] {
            return m_closed || m_items.empty() || (m_items.size() < m_limit && m_bytes + bytes <= m_byteLimit);
        });
        if (m_closed)
            return false;
        m_items.emplace_back(std::move(item), bytes);
        m_bytes += bytes;
        m_changed.notify_all();
        return true;
    }

    /// Waits for an item; nothing when the queue was closed.
    std::optional<T> pop()
    {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [&] { return m_closed || !m_items.empty(); });
        if (m_closed)
            return {};
        T item = std::move(m_items.front().first);
        m_bytes -= m_items.front().second;
        m_items.pop_front();
        m_changed.notify_all();
        return item;
    }

    /// Wakes both sides; what is in the queue is dropped.
    void close()
    {
        const std::lock_guard lock(m_mutex);
        m_closed = true;
        m_items.clear();
        m_changed.notify_all();
    }

private:
    const std::size_t m_limit;
    const std::size_t m_byteLimit;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<std::pair<T, std::size_t>> m_items;
    std::size_t m_bytes = 0;
    bool m_closed = false;
};

} // namespace lynceus
