// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/half.h"

#include <numeric>

#if defined(__GNUC__) && defined(__x86_64__)
#define LYNCEUS_F16C __attribute__((target("avx2,fma,f16c")))
#include <immintrin.h>
#endif

namespace lynceus {

namespace {

float plainProduct(const c10::Half* left, const float* right, std::int64_t count)
{
    return std::inner_product(left, left + count, right, 0.0F);
}

#ifdef LYNCEUS_F16C

constexpr std::int64_t kLanes = 8;
constexpr std::int64_t kSums = 4; ///< sums that do not wait for each other

LYNCEUS_F16C inline __m256 eightAt(const c10::Half* values)
{
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(values)));
}

LYNCEUS_F16C float fastProduct(const c10::Half* left, const float* right, std::int64_t count)
{
    __m256 sums[kSums] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
    std::int64_t i = 0;
    for (; i + kSums * kLanes <= count; i += kSums * kLanes) {
        for (std::int64_t sum = 0; sum < kSums; ++sum) {
            const std::int64_t at = i + sum * kLanes;
            sums[sum] = _mm256_fmadd_ps(eightAt(left + at), _mm256_loadu_ps(right + at), sums[sum]);
        }
    }
    float lanes[kLanes];
    _mm256_storeu_ps(lanes, _mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
    return std::accumulate(lanes, lanes + kLanes, plainProduct(left + i, right + i, count - i));
}

const bool kF16c = __builtin_cpu_supports("f16c") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");

#else

constexpr bool kF16c = false;
constexpr auto fastProduct = plainProduct;

#endif

} // namespace

float product(const c10::Half* left, const float* right, std::int64_t count)
{
    return kF16c ? fastProduct(left, right, count) : plainProduct(left, right, count);
}

} // namespace lynceus
