// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/engines/gate_report.h"
#include "core/engines/gate_subject.h"

#include <QtCore/QString>

#include <vector>

namespace lynceus {

struct EngineSet;

struct GateEngine
{
    Engine engine;
    GateRun run;
};

/// Compiles those of OpenVINO's engines that this machine has. One that can't be compiled is a report with its failure.
/// Throws Cancelled between two of them.
std::vector<GateEngine> compiledEngines(GateSubject& subject, const EngineSet& set, const QString& cacheFolder,
                                        std::vector<GateReport>& failures, const CancelToken& cancel = {});

/// All `engines` run all images, taking turns with LibTorch; one report for each engine, in order. An engine that
/// throws has it as its failure; the others go on.
std::vector<GateReport> compareEngines(GateSubject& subject, const std::vector<GateEngine>& engines,
                                       const std::vector<GateImage>& images, const TaskContext& context = {});

} // namespace lynceus
