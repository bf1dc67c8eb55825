// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/memseg/compilation.h"
#include "core/memseg/parity_gate.h"
#include "core/weights/model_file.h"

#include <QtCore/QString>

#include <optional>
#include <vector>

namespace lynceus {

/// What was compiled from a model, with what the parity gate found. Lies beside it as `<model file>.engines`.
struct EngineSet
{
    QString model;                ///< modelIdentity()
    QString machine;              ///< engineMachine() that `reports` were made on
    Engine engine = Engine::Auto; ///< what Auto is for this model; Auto: the fastest that passed
    Thresholds thresholds;
    std::vector<GateReport> reports;
    MemSegIr plain; ///< for openvino-fp32 and openvino-bf16
    MemSegIr int8;  ///< may be empty
    /// Images that judged hardest: another machine, or another threshold, compares with these before it uses an engine.
    std::vector<GateImage> images;
};

/// What the networks of a model depend on: tensors, options and preprocessing, but not its thresholds.
/// `tensors`: verifiedTensors() of its file.
QString modelIdentity(const QString& tensors, const ModelInfo& info);
/// Processor and versions of program and libraries.
QString engineMachine();

/// Atomically. Throws Error(File).
void saveEngineSet(const QString& path, const EngineSet& set);
/// Throws Error(File | Format) naming the file.
EngineSet loadEngineSet(const QString& path);

/// What the gate found on this machine with these thresholds: when the set was made, or later, as kept in the cache
/// folder. Nothing when nobody compared them yet.
std::optional<std::vector<GateReport>> knownReports(const EngineSet& set, const QString& setFile,
                                                    const Thresholds& thresholds, const QString& cacheFolder);
/// Keeps what was found on this machine. Without a folder, or where it can't be written, it is found out again next
/// time.
void keepReports(const std::vector<GateReport>& reports, const QString& setFile, const Thresholds& thresholds,
                 const QString& cacheFolder);

/// Compiles those of OpenVINO's engines that this machine has. One that can't be compiled is a report with its failure.
/// Throws Cancelled between two of them.
std::vector<GateEngine> compileAll(const MemSegModel& model, const EngineSet& set, const QString& cacheFolder,
                                   std::vector<GateReport>& failures, const CancelToken& cancel = {});

} // namespace lynceus
