// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/operator_call.h"

#include <string>
#include <unordered_map>

namespace lynceus::graph {

/// The operators of OpenVINO that compute what one of LibTorch's does. Throws Error(Internal) where they can't.
using Translation = ov::OutputVector (*)(const Call&);
/// By LibTorch's names (operatorName()).
using Translations = std::unordered_map<std::string, Translation>;

/// Those that compute values,
const Translations& computingOperators();
/// and those that only move, cut, join, repeat or fill.
const Translations& arrangingOperators();

} // namespace lynceus::graph
