// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/state_dict.h"
#include "core/nn/torch.h"

#include <QtCore/QString>

namespace lynceus {

/// Where a training stands, enough to go on as if it had never stopped.
struct TrainingCheckpoint
{
    QString fingerprint; ///< of options and of all files that are learnt from; another one's checkpoint is refused
    int step = 0;        ///< steps done
    int plannedSteps = 0;
    double seconds = 0.0; ///< spent so far
    double lossSum = 0.0; ///< of the point of the loss curve that is being gathered
    int validatedAt = -1;
    double bestQuality = -1.0;
    StateDict network;     ///< all weights, exact
    StateDict best;        ///< those that validated best
    std::string optimizer; ///< as torch serialises it
};

/// Through a temporary file and a rename. Throws Error(File).
void writeCheckpoint(const QString& path, const TrainingCheckpoint& checkpoint);
/// Throws Error(File | Format | Model): unreadable, damaged, its best state not finite, or of other options or other
/// data.
TrainingCheckpoint readCheckpoint(const QString& path, const QString& fingerprint);

std::string optimizerState(const torch::optim::Optimizer& optimizer);
void restoreOptimizer(torch::optim::Optimizer& optimizer, const std::string& state);

} // namespace lynceus
