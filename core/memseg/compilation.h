// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/memseg/inference.h"
#include "core/nn/engine.h"
#include "core/nn/network_ir.h"

#include <QtCore/QStringList>

#include <vector>

namespace lynceus {

/// A model's networks for OpenVINO. The memory and the nearest-good branch are not among them: they are always computed
/// from the model file, as they are.
struct MemSegIr
{
    NetworkIr encoder; ///< of the model's input, or of one tile of it (tilingOf)
    NetworkIr decoder; ///< empty where MemSegNetworks has none

    bool isEmpty() const { return encoder.isEmpty(); }
};

/// In single precision, for openvino-fp32 and openvino-bf16. Throws Error(Input) in a build without OpenVINO.
MemSegIr translateMemSeg(const MemSegModel& model);

/// For openvino-int8. `calibration`: images as imageToTensor gives them, some ten or more. With `searchSeconds` the
/// convolutions whose rounding moves the scores of these images most go back into single precision until none moves by
/// more than `wantedShift`, or the time is over; `kept` names them. There is no search where the input is seen in
/// tiles. Throws Error(Input) without images, Cancelled during the search.
MemSegIr quantiseMemSeg(const MemSegModel& model, const std::vector<torch::Tensor>& calibration,
                        double searchSeconds = 0.0, double wantedShift = 0.0, QStringList* kept = nullptr,
                        const CancelToken& cancel = {});

/// `engine`: one of OpenVINO's that `ir` was made for. `cacheFolder` as for CompileOptions.
MemSegNetworks compileMemSeg(const MemSegIr& ir, Engine engine, const QString& cacheFolder = {});

} // namespace lynceus
