// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/data/anomaly_folder.h"
#include "core/memseg/gate_report.h"

#include <QtCore/QString>

#include <optional>
#include <vector>

namespace lynceus {

// What compiled networks are made with and asked for; no torch types here, so pages and commands may use it.

struct CompileRequest
{
    double searchSeconds = 40.0; ///< for int8, when it does not pass at once: which layers have to stay as they are
    int images = 48;             ///< good images that are compared, each once as it is and once with a simulated defect
    std::optional<Engine> engine; ///< what Auto is to be for this model; none: what it was, at first the fastest
    QString cacheFolder;          ///< see CompileOptions
};

/// Compiles a MemSeg model for OpenVINO's engines on this machine and lets each judge the folder's good images and
/// simulated defects beside LibTorch; the parity gate's reports and the networks go into engineFile(modelFile). int8 is
/// calibrated with good training images; the comparison takes held-out ones first. An engine that does not pass is kept
/// with its report, and nobody uses it. Takes some 15 s, and the time to search. Throws Error (no OpenVINO, too few
/// images, images of another part, unreadable model or image), Cancelled; the file that was there stays then.
std::vector<GateReport> compileEngines(const QString& modelFile, const AnomalyFolder& folder,
                                       const CompileRequest& request = {}, const TaskContext& context = {});

/// Where a model's compiled networks lie: `<model file>.engines`.
QString engineFile(const QString& modelFile);

/// What the gate found on this machine, or where the model was compiled as long as nobody has compared here; empty when
/// it was not compiled, or when the file belongs to another model. Throws Error(File | Format) naming the file.
std::vector<GateReport> readGateReports(const QString& modelFile, const QString& cacheFolder = {});

/// What Auto is for a model: Auto, the fastest that passed, unless it was compiled with another wish. Throws as
/// readGateReports().
Engine readModelEngine(const QString& modelFile);

/// Writes the model's compiled networks as OpenVINO's tools read them: encoder.xml, decoder.xml where there is one,
/// their weights as .bin, and parity.json with the gate's report. `engine`: OpenVinoFp32 or OpenVinoInt8. Returns the
/// report; `files` are the paths. Throws Error (not compiled for this engine, folder not writable).
GateReport exportOpenVino(const QString& modelFile, Engine engine, const QString& folder, QStringList& files);

} // namespace lynceus
