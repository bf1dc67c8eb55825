// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/memseg/inference.h"
#include "core/memseg/session.h"

#include <QtCore/QString>

#include <memory>

namespace lynceus {

struct EngineChoice
{
    std::unique_ptr<MemSegInference> inference;
    QString note; ///< see MemSegSession::engineNote()
};

/// The one place that decides what runs a model. Engines that were compiled on another machine, by another version or
/// judged by other thresholds first compare with LibTorch on the images kept beside the model (some seconds, once:
/// what they found is kept in the cache folder). Whatever goes wrong on the way ends with LibTorch and a note; only
/// LibTorch's own errors and Cancelled are thrown.
EngineChoice chooseEngine(const MemSegModel& model, const QString& modelFile, const SessionOptions& options);

} // namespace lynceus
