// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/engine.h"

#include <QtTest/QTest>

/// Skips the test where there is no such engine, and says why.
#define NEEDS(engine)                                                                                                  \
    if (const QString why = lynceus::whyNoEngine(engine); !why.isEmpty())                                              \
    QSKIP(qPrintable(why))
