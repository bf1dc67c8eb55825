// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/nn/device.h"
#include "core/nn/engine.h"

#include <QtCore/QString>

namespace lynceus {

/// How a session runs its networks.
struct SessionOptions
{
    DeviceKind device = DeviceKind::Cpu;
    /// Auto: the fastest that the parity gate let through on this machine; LibTorch for a model that was never
    /// compiled. An engine that can't be used, or did not pass, is replaced by LibTorch and the session says why.
    Engine engine = Engine::Auto;
    QString cacheFolder;      ///< for what this machine found and compiled; empty: nothing is kept
    int threads = 0;          ///< of this session's networks; 0: as chosen for the process (nn/device)
    bool evenBlocked = false; ///< use `engine` even when it did not pass: to measure it
    CancelToken cancel;       ///< of the loading, which may compile and compare engines for some seconds
};

} // namespace lynceus
