// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/schedule.h"

#include <cmath>

namespace lynceus {

namespace {

constexpr double kPi = 3.14159265358979323846;

/// From 1 to 0 while `part` goes from 0 to 1.
double cosineFall(double part)
{
    return 0.5 * (1.0 + std::cos(kPi * part));
}

} // namespace

double warmupCosine(int step, int steps, int warmupSteps, double low, double high)
{
    if (step >= steps)
        return low;
    if (step < warmupSteps)
        return low + (high - low) * step / warmupSteps;
    return low + (high - low) * cosineFall(double(step - warmupSteps) / (steps - warmupSteps));
}

double cosineToZero(int step, int steps, double high)
{
    return step >= steps ? 0.0 : high * cosineFall(double(step) / steps);
}

} // namespace lynceus
