// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/engines/gate_image.h"
#include "core/engines/gate_report.h"
#include "core/image/anomaly_result.h"
#include "core/nn/network_ir.h"
#include "core/weights/model_file.h"

#include <QtCore/QString>
#include <QtCore/QStringList>

#include <optional>
#include <vector>

namespace lynceus {

// What lies beside a model once it was compiled. No torch types here, so pages and commands may ask.

/// What was compiled from a model, with what the parity gate found.
struct EngineSet
{
    QString model;                ///< modelIdentity()
    QString machine;              ///< engineMachine() that `reports` were made on
    Engine engine = Engine::Auto; ///< what Auto is for this model; Auto: the fastest that passed
    Thresholds thresholds;
    std::vector<GateReport> reports;
    NetworkIrs plain; ///< for openvino-fp32 and openvino-bf16
    NetworkIrs int8;  ///< may be empty
    /// Images that judged hardest, all of one form: another machine, or another threshold, compares with these before
    /// it uses an engine.
    std::vector<GateImage> images;

    /// Those that `engine`, one of OpenVINO's, runs.
    const NetworkIrs& networks(Engine wanted) const { return wanted == Engine::OpenVinoInt8 ? int8 : plain; }
};

/// Where a model's compiled networks lie: `<model file>.engines`.
QString engineFile(const QString& modelFile);

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

/// What the gate found on this machine, or where the model was compiled as long as nobody has compared here; empty when
/// it was not compiled, or when the file belongs to another model. Throws Error(File | Format) naming the file.
std::vector<GateReport> readGateReports(const QString& modelFile, const QString& cacheFolder = {});

/// What Auto is for a model: Auto, the fastest that passed, unless it was compiled with another wish. Throws as
/// readGateReports().
Engine readModelEngine(const QString& modelFile);

/// Writes the model's compiled networks as OpenVINO's tools read them, for each an .xml under its name and a .bin with
/// its weights, and parity.json with the gate's report. `engine`: OpenVinoFp32 or OpenVinoInt8. Returns the report;
/// `files` are the paths. Throws Error (not compiled for this engine, folder not writable).
GateReport exportOpenVino(const QString& modelFile, Engine engine, const QString& folder, QStringList& files);

} // namespace lynceus
