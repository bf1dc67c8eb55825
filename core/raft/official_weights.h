// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/state_dict.h"

namespace lynceus {

/// Weights under the keys of RAFT's authors, renamed to torchvision's, which Raft has (methods.md 3.2, Keys); a
/// "module." in front is taken off. norm3 and norm4 are second names of downsample.1 there and are dropped. Throws
/// Error(Model) naming `source` and all keys that are none of the authors'; keys that are missing are for loadState()
/// to find.
StateDict fromOfficialKeys(const StateDict& official, const QString& source);

} // namespace lynceus
