// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/engines/gate_subject.h"
#include "core/nn/engine.h"
#include "core/nn/network_ir.h"

#include <QtCore/QStringList>

#include <vector>

namespace lynceus {

// All networks of a method at a time: nn translates, quantises and runs one.

/// In single precision, for openvino-fp32 and openvino-bf16. Throws Error(Input) in a build without OpenVINO.
NetworkIrs translateNetworks(const std::vector<GateNetwork>& networks);

/// For openvino-int8. With `searchSeconds` the operators whose rounding hurts most go back into single precision until
/// no calibration input errs by more than is wanted (`wantedError` where the network has no wish of its own), or the
/// time is over; `kept` names them. Throws Error(Input) without calibration inputs, Cancelled during the search.
NetworkIrs quantiseNetworks(const std::vector<GateNetwork>& networks, double searchSeconds = 0.0,
                            double wantedError = 0.0, QStringList* kept = nullptr, const CancelToken& cancel = {});

/// `engine`: one of OpenVINO's that `networks` were made for. `cacheFolder` as for CompileOptions. Tensors of four
/// dimensions lie channels-last.
NetworkRunners compileNetworks(const NetworkIrs& networks, Engine engine, const QString& cacheFolder = {});

} // namespace lynceus
