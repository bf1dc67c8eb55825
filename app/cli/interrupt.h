// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"

namespace lynceus::cli {

/// Ctrl-C (and SIGTERM, SIGHUP) cancels the returned token, so that work stops cleanly; a second one ends the program
/// at once. Call once, in main().
CancelToken cancelOnInterrupt();

} // namespace lynceus::cli
