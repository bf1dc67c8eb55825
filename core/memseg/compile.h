// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/data/anomaly_folder.h"
#include "core/engines/engine_compiler.h"

#include <QtCore/QString>

#include <vector>

namespace lynceus {

/// Compiles a MemSeg model (compileEngines) with the folder's good images and simulated defects. int8 is calibrated
/// with good training images; the comparison takes held-out ones first. Takes some 15 s, and the time to search. Throws
/// Error (no OpenVINO, too few images, images of another part, unreadable model or image), Cancelled; the file that was
/// there stays then. No torch types here, so pages and commands may use it.
std::vector<GateReport> compileMemSeg(const QString& modelFile, const AnomalyFolder& folder,
                                      const CompileRequest& request = {}, const TaskContext& context = {});

} // namespace lynceus
