// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/engines/session_options.h"
#include "core/nn/network_runner.h"

#include <QtCore/QString>

namespace lynceus {

class GateSubject;

struct EngineChoice
{
    NetworkRunners networks; ///< compiled, for the CPU; empty: the model's own in LibTorch on the device asked for
    QString note;            ///< not empty: why it is not the engine that was asked for, and what to do
};

/// The one place that decides what runs a model. Engines that were compiled on another machine, by another version or
/// judged by other thresholds first compare with LibTorch on the images kept beside the model (some seconds, once:
/// what they found is kept in the cache folder). Whatever goes wrong on the way ends with LibTorch and a note; only
/// Cancelled is thrown.
EngineChoice chooseEngine(GateSubject& subject, const QString& modelFile, const SessionOptions& options);

} // namespace lynceus
