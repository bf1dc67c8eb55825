// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/memseg/memory_bank.h"
#include "core/memseg/network.h"
#include "core/weights/model_file.h"

#include <QtCore/QString>

namespace lynceus {

/// What a MemSeg model file holds.
struct MemSegModel
{
    ModelInfo info;
    MemSegOptions options; ///< read from info
    MemSegNetwork network{nullptr};
    MemoryBank bank;
};

/// Writes network and memory as one model file, atomically. `half` halves the file: tensors with more than 1024 values
/// are rounded to F16, which moves scores by less than 1e-3; thresholds belong to the file as it is read again.
void saveMemSegModel(const QString& path, const ModelInfo& info, const MemSegNetworkImpl& network,
                     const MemoryBank& bank, bool half = true);

/// An untrained model with random weights from the options' seed and a memory of noise: for benchmarks and tests.
MemSegModel untrainedMemSegModel(const MemSegOptions& options);

/// Reads such a file; strict. The network is in eval mode and needs no gradients. Throws Error(File | Format | Model)
/// naming the file.
MemSegModel loadMemSegModel(const QString& path);

} // namespace lynceus
