// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/error.h"
#include "core/memseg/fusion.h"
#include "core/memseg/memory_bank.h"
#include "core/memseg/nearest_good.h"
#include "core/memseg/network.h"
#include "core/weights/model_file.h"

#include <QtCore/QString>

#include <opencv2/core/mat.hpp>

namespace lynceus {

/// What a MemSeg model file holds.
struct MemSegModel
{
    QString hash;    ///< sha256 of the file it was loaded from
    QString tensors; ///< verifiedTensors() of it
    ModelInfo info;
    MemSegOptions options; ///< read from info
    MemSegNetwork network{nullptr};
    MemoryBank bank;     ///< empty without a decoder
    NearestGood nearest; ///< empty when the options leave the branch out
    Fusion fusion;       ///< of no meaning without the branch
    cv::Mat part;        ///< CV_8U at network size, 255 where the map counts; empty: everywhere
};

/// Writes a model as one file, atomically; options and fusion of `info` come from the model. `half` halves the file:
/// tensors with more than 1024 values are rounded to F16, which moves scores by less than 1e-3; thresholds belong to
/// the file as it is read again.
void saveMemSegModel(const QString& path, const MemSegModel& model, bool half = true);

/// The error of a model file that cannot be written.
Error notWritable(const QString& modelFile, const QString& reason);

/// An untrained model with random weights from the options' seed and a memory of noise: for benchmarks and tests.
MemSegModel untrainedMemSegModel(const MemSegOptions& options);

/// Random weights for the encoder, from `seed` alone.
void initialiseEncoder(MemSegNetworkImpl& network, std::uint64_t seed);

/// Reads such a file; strict: nothing missing or left over, nothing changed since it was written, all numbers finite.
/// The network is in eval mode and needs no gradients. Throws Error(File | Format | Model) naming the file.
MemSegModel loadMemSegModel(const QString& path);

} // namespace lynceus
