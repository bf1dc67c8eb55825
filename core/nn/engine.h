// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QString>

#include <vector>

namespace lynceus {

/// What computes a network. All of them run the same network: it is written once, for LibTorch, and compiled from what
/// LibTorch traces. Auto is the fastest that was shown to judge as LibTorch does (engines/parity_gate). No torch types
/// here, so anybody may ask.
enum class Engine { Auto, LibTorch, OpenVinoFp32, OpenVinoBf16, OpenVinoInt8 };

/// All but Auto, LibTorch first.
const std::vector<Engine>& allEngines();
/// "auto", "libtorch", "openvino-fp32", "openvino-bf16" or "openvino-int8".
QString engineName(Engine engine);
/// Throws Error(Input) that lists the names.
Engine engineFromName(const QString& name);

/// Why this program on this processor has no such engine; empty when it has.
QString whyNoEngine(Engine engine);
bool engineAvailable(Engine engine);
/// Throws Error(Input) with the reason and the remedy when there is no such engine.
void requireEngine(Engine engine);

} // namespace lynceus
