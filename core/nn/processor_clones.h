// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

/// Before a function of plain loops: it is compiled for several processors, and the best one is taken when the program
/// starts. Sanitizers start after that choice and cannot watch it.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) &&               \
    !defined(__SANITIZE_THREAD__)
#define LYNCEUS_FOR_EACH_PROCESSOR                                                                                     \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), optimize("O3")))
#else
#define LYNCEUS_FOR_EACH_PROCESSOR
#endif
