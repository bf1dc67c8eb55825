// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace lynceus {

/// Seeded random numbers (SplitMix64): the same seed gives the same numbers on every platform, and the whole state is
/// one number that a checkpoint can hold. Not for secrets. One owner at a time.
class Random
{
public:
    explicit Random(std::uint64_t seed = 0)
        : m_state(seed)
    {
    }

    std::uint64_t next();                                      ///< 64 random bits
    double uniform();                                          ///< [0, 1)
    double uniform(double low, double high);                   ///< [low, high)
    std::int64_t integer(std::int64_t low, std::int64_t high); ///< [low, high], both included
    double normal();                                           ///< mean 0, standard deviation 1
    bool chance(double probability) { return uniform() < probability; }
    std::size_t index(std::size_t count) { return std::size_t(integer(0, std::int64_t(count) - 1)); }

    /// An independent generator for sub-task `stream`; does not advance this one.
    Random fork(std::uint64_t stream) const;

    template <class T>
    void shuffle(std::vector<T>& values)
    {
        for (std::size_t i = values.size(); i > 1; --i)
            std::swap(values[i - 1], values[index(i)]);
    }

    std::uint64_t state() const { return m_state; }

private:
    std::uint64_t m_state;
};

} // namespace lynceus
