// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/key_search.h"

#include <limits>

#if defined(__x86_64__)
#define LYNCEUS_X86
#include <immintrin.h>
#endif

namespace lynceus {

namespace {

constexpr std::int32_t kLowest = std::numeric_limits<std::int32_t>::min();

using Queries = std::array<const std::int16_t*, kKeyQueries>;
using Found = std::array<FoundKey, kKeyQueries>;

/// The best of the lanes of a query: `values` and the tiles that they are from.
FoundKey bestLane(const std::int32_t* values, const std::int32_t* tiles)
{
    FoundKey best{kLowest, 0};
    for (std::int32_t lane = 0; lane < kKeyTile; ++lane) {
        if (values[lane] > best.value)
            best = {values[lane], std::int32_t(tiles[lane] * kKeyTile + lane)};
    }
    return best;
}

void searchPlainly(const Queries& queries, const KeyBlock& block, Found& found)
{
    for (std::size_t i = 0; i < kKeyQueries; ++i) {
        std::array<std::int32_t, kKeyTile> values;
        std::array<std::int32_t, kKeyTile> tiles{};
        values.fill(kLowest);
        const std::int8_t* keys = block.keys;
        for (std::int64_t tile = 0; tile < block.tiles; ++tile) {
            std::array<std::int32_t, kKeyTile> sums{};
            for (std::int64_t pair = 0; pair < block.pairs; ++pair, keys += 2 * kKeyTile) {
                const std::int32_t first = queries[i][2 * pair];
                const std::int32_t second = queries[i][2 * pair + 1];
                for (std::size_t lane = 0; lane < kKeyTile; ++lane)
                    sums[lane] += first * keys[2 * lane] + second * keys[2 * lane + 1];
            }
            for (std::size_t lane = 0; lane < kKeyTile; ++lane) {
                const std::int32_t value = sums[lane] - block.norms[std::size_t(tile * kKeyTile) + lane];
                if (value > values[lane]) {
                    values[lane] = value;
                    tiles[lane] = std::int32_t(tile);
                }
            }
        }
        found[i] = bestLane(values.data(), tiles.data());
    }
}

#ifdef LYNCEUS_X86

/// Two values of a query as one number, as all lanes get it.
inline std::int32_t pairAt(const std::int16_t* query, std::int64_t pair)
{
    std::int32_t both;
    __builtin_memcpy(&both, query + 2 * pair, sizeof both);
    return both;
}

__attribute__((target("avx2"))) void searchAvx2(const Queries& queries, const KeyBlock& block, Found& found)
{
    constexpr std::int64_t kHalf = kKeyTile / 2;
    alignas(32) std::int32_t values[kKeyQueries][kKeyTile];
    alignas(32) std::int32_t tiles[kKeyQueries][kKeyTile] = {};
    for (auto& lanes : values) {
        for (std::int32_t& lane : lanes)
            lane = kLowest;
    }
    for (std::int64_t tile = 0; tile < block.tiles; ++tile) {
        const __m256i current = _mm256_set1_epi32(std::int32_t(tile));
        for (std::int64_t half = 0; half < kKeyTile; half += kHalf) {
            const auto* norms = reinterpret_cast<const __m256i*>(block.norms + tile * kKeyTile + half);
            const __m256i start = _mm256_sub_epi32(_mm256_setzero_si256(), _mm256_loadu_si256(norms));
            __m256i sums[kKeyQueries] = {start, start, start, start, start, start, start, start, start};
            const std::int8_t* keys = block.keys + 2 * (tile * block.pairs * kKeyTile + half);
            for (std::int64_t pair = 0; pair < block.pairs; ++pair, keys += 2 * kKeyTile) {
                const __m256i wide = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(keys)));
                for (std::size_t i = 0; i < kKeyQueries; ++i) {
                    const __m256i query = _mm256_set1_epi32(pairAt(queries[i], pair));
                    sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(wide, query));
                }
            }
            for (std::size_t i = 0; i < kKeyQueries; ++i) {
                auto* best = reinterpret_cast<__m256i*>(values[i] + half);
                auto* where = reinterpret_cast<__m256i*>(tiles[i] + half);
                const __m256i better = _mm256_cmpgt_epi32(sums[i], _mm256_load_si256(best));
                _mm256_store_si256(best, _mm256_blendv_epi8(_mm256_load_si256(best), sums[i], better));
                _mm256_store_si256(where, _mm256_blendv_epi8(_mm256_load_si256(where), current, better));
            }
        }
    }
    for (std::size_t i = 0; i < kKeyQueries; ++i)
        found[i] = bestLane(values[i], tiles[i]);
}

__attribute__((target("avx512f,avx512bw,avx512vnni"))) void searchVnni(const Queries& queries, const KeyBlock& block,
                                                                       Found& found)
{
    __m512i best[kKeyQueries];
    __m512i where[kKeyQueries];
    for (std::size_t i = 0; i < kKeyQueries; ++i) {
        best[i] = _mm512_set1_epi32(kLowest);
        where[i] = _mm512_setzero_si512();
    }
    const std::int8_t* keys = block.keys;
    for (std::int64_t tile = 0; tile < block.tiles; ++tile) {
        const __m512i start =
            _mm512_sub_epi32(_mm512_setzero_si512(), _mm512_loadu_si512(block.norms + tile * kKeyTile));
        __m512i sums[kKeyQueries] = {start, start, start, start, start, start, start, start, start};
        for (std::int64_t pair = 0; pair < block.pairs; ++pair, keys += 2 * kKeyTile) {
            const __m512i wide = _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(keys)));
            for (std::size_t i = 0; i < kKeyQueries; ++i)
                sums[i] = _mm512_dpwssd_epi32(sums[i], wide, _mm512_set1_epi32(pairAt(queries[i], pair)));
        }
        const __m512i current = _mm512_set1_epi32(std::int32_t(tile));
        for (std::size_t i = 0; i < kKeyQueries; ++i) {
            const __mmask16 better = _mm512_cmpgt_epi32_mask(sums[i], best[i]);
            best[i] = _mm512_mask_mov_epi32(best[i], better, sums[i]);
            where[i] = _mm512_mask_mov_epi32(where[i], better, current);
        }
    }
    for (std::size_t i = 0; i < kKeyQueries; ++i) {
        alignas(64) std::int32_t values[kKeyTile];
        alignas(64) std::int32_t tiles[kKeyTile];
        _mm512_store_si512(values, best[i]);
        _mm512_store_si512(tiles, where[i]);
        found[i] = bestLane(values, tiles);
    }
}

#endif

} // namespace

std::vector<KeySearch> keySearches()
{
    std::vector<KeySearch> usable;
#ifdef LYNCEUS_X86
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni"))
        usable.push_back(searchVnni);
    if (__builtin_cpu_supports("avx2"))
        usable.push_back(searchAvx2);
#endif
    usable.push_back(searchPlainly);
    return usable;
}

} // namespace lynceus
