// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lynceus {

// The innermost loop of the nearest-good branch: keys of 8 bits, compared sixteen at a time with all cells that look at
// them, so that each key is read once. In whole numbers, so every processor finds the same.

constexpr std::int64_t kKeyTile = 16;                  ///< keys that are compared at once
constexpr std::size_t kKeyQueries = 9;                 ///< cells that look at a place: its own and the eight around it
constexpr std::int32_t kNoKey = std::int32_t(1) << 30; ///< the norm of a key that is not there

/// The keys of a place: |values| up to 127, channels in pairs (the last one filled up with 0).
struct KeyBlock
{
    const std::int8_t* keys = nullptr;   ///< tiles x pairs x kKeyTile x 2
    const std::int32_t* norms = nullptr; ///< tiles x kKeyTile: what is taken off, or kNoKey
    std::int64_t tiles = 0;
    std::int64_t pairs = 0; ///< at most 512
};

/// The key with the largest query . key - norm. Where queries are twice a place's features and norms the squared ones
/// of the keys, it is the nearest one.
struct FoundKey
{
    std::int32_t value = 0;
    std::int32_t key = 0;
};

/// `queries`: 2 x pairs values each, up to 16376 with up to 128 pairs, up to 4094 with more. A block has a tile at
/// least; of equals the first key of a lane counts, and of lanes the first.
using KeySearch = void (*)(const std::array<const std::int16_t*, kKeyQueries>& queries, const KeyBlock& block,
                           std::array<FoundKey, kKeyQueries>& found);

/// Those that this processor can run, the fastest first. The last one is plain C++.
std::vector<KeySearch> keySearches();

} // namespace lynceus
