// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/random.h"

#include <cmath>

namespace lynceus {

namespace {

std::uint64_t mix(std::uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15u;
constexpr double kPi = 3.14159265358979323846;

} // namespace

std::uint64_t Random::next()
{
    m_state += kGolden;
    return mix(m_state);
}

double Random::uniform()
{
    return double(next() >> 11) * 0x1.0p-53;
}

double Random::uniform(double low, double high)
{
    return low + (high - low) * uniform();
}

std::int64_t Random::integer(std::int64_t low, std::int64_t high)
{
    // Unsigned, because the distance of two numbers may be too large for a signed one.
    const std::uint64_t span = std::uint64_t(high) - std::uint64_t(low) + 1;
    if (span == 0)
        return std::int64_t(next());
    // Rejection keeps every value equally likely.
    const std::uint64_t limit = UINT64_MAX - UINT64_MAX % span;
    std::uint64_t value = next();
    while (value >= limit)
        value = next();
    return std::int64_t(std::uint64_t(low) + value % span);
}

double Random::normal()
{
    // Box-Muller; the second value is dropped so that the state stays one number.
    const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * kPi * uniform());
}

Random Random::fork(std::uint64_t stream) const
{
    return Random(mix(m_state ^ mix(stream + kGolden)));
}

} // namespace lynceus
