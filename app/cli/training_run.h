// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "app/cli/cli.h"
#include "core/memseg/trainer.h"

namespace lynceus::cli {

/// Trains MemSeg; the run is kept in the database. `options` are checked already.
TrainingOutcome runTraining(Cli& cli, const QString& folder, const MemSegOptions& options, const QString& modelFile,
                            const TaskContext& task);

/// Keys of cli.md: model steps seconds seconds_per_step final{} peak_memory_mb, and the run's id.
QJsonObject trainingJson(const TrainingOutcome& outcome);

} // namespace lynceus::cli
