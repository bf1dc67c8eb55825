// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <functional>

namespace lynceus {

// Learning rates as pure functions of the step (LibTorch 1.13 has StepLR only).

/// lo + (hi - lo) * t / Tw for t < Tw, then cosine from hi to lo at `steps`, lo afterwards (methods.md 1.3).
double warmupCosine(int step, int steps, int warmupSteps, double low, double high);

/// Cosine from `high` to 0.
double cosineToZero(int step, int steps, double high);

} // namespace lynceus
