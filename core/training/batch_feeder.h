// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace lynceus {

/// Makes the next batches on a thread of its own while the network learns from this one.
template <class Batch>
class BatchFeeder
{
public:
    /// `make` is called with one number after the other, from `first` on, on that thread alone; what it uses must
    /// outlive the feeder. `first`: for a training that goes on.
    explicit BatchFeeder(std::function<Batch(std::uint64_t number)> make, std::uint64_t first = 0)
        : m_make(std::move(make))
        , m_first(first)
        , m_thread([this] { work(); })
    {
    }

    ~BatchFeeder()
    {
        {
            const std::lock_guard lock(m_mutex);
            m_stop = true;
        }
        m_changed.notify_all();
        m_thread.join();
    }

    BatchFeeder(const BatchFeeder&) = delete;
    BatchFeeder& operator=(const BatchFeeder&) = delete;

    /// The next batch; rethrows what went wrong on the other thread.
    Batch next()
    {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [this] { return !m_ready.empty() || m_failure; });
        if (m_ready.empty())
            std::rethrow_exception(m_failure);
        Batch batch = std::move(m_ready.front());
        m_ready.pop_front();
        m_changed.notify_all();
        return batch;
    }

private:
    static constexpr std::size_t kBatchesAhead = 3;

    void work()
    {
        try {
            for (std::uint64_t number = m_first;; ++number) {
                Batch batch = m_make(number);
                std::unique_lock lock(m_mutex);
                m_changed.wait(lock, [this] { return m_stop || m_ready.size() < kBatchesAhead; });
                if (m_stop)
                    return;
                m_ready.push_back(std::move(batch));
                m_changed.notify_all();
            }
        } catch (...) {
            const std::lock_guard lock(m_mutex);
            m_failure = std::current_exception();
            m_changed.notify_all();
        }
    }

    std::function<Batch(std::uint64_t number)> m_make;
    std::uint64_t m_first;
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<Batch> m_ready;
    std::exception_ptr m_failure;
    bool m_stop = false;
    std::thread m_thread; ///< last, so that all it uses exists when it starts
};

} // namespace lynceus
