// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/interrupt.h"

#include <csignal>

namespace lynceus::cli {

namespace {

// Made before the handler is installed and never destroyed, so the handler only stores into a lock-free atomic.
CancelToken* interrupted = nullptr;

extern "C" void handleInterrupt(int)
{
    interrupted->cancel();
}

} // namespace

CancelToken cancelOnInterrupt()
{
    static CancelToken* const token = new CancelToken();
    interrupted = token;
    struct sigaction action = {};
    action.sa_handler = handleInterrupt;
    action.sa_flags = SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        sigaction(signal, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return *token;
}

} // namespace lynceus::cli
