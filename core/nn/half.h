// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <c10/util/Half.h>

#include <cstdint>

namespace lynceus {

// Half precision for data that is read once for every image: where memory is what the processor waits for, half of the
// bytes is half of the time. With the processor's own conversion (F16C) where it has one.

/// The inner product of `count` values, summed in single precision.
float product(const c10::Half* left, const float* right, std::int64_t count);

} // namespace lynceus
