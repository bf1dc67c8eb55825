// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/nn/network_runner.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace ov {
class Model;
}

namespace lynceus {

/// How a network is brought to 8-bit integers.
struct Int8Options
{
    /// Inputs as the network will see them; some ten to a hundred.
    std::vector<NamedTensors> calibration;
    /// Operators that stay in single precision ("convolution_0", see translate()).
    std::vector<std::string> keepFloat;
    /// Time for the search of operators that hurt; 0: none, all that can be are quantised.
    double searchSeconds = 0.0;
    /// The search puts operators back into single precision, the worst first, until the error is at most this.
    double wantedError = 0.02;
    /// Error of the quantised outputs against the float ones of one calibration input, 0 for no difference; empty: the
    /// largest over the outputs of rms(difference) / rms(float).
    std::function<double(const NamedTensors& wanted, const NamedTensors& got)> error;
    CancelToken cancel; ///< asked between two calibration inputs of the search
};

struct Int8Report
{
    std::vector<std::string> quantised; ///< convolutions and matrix products in int8
    std::vector<std::string> kept;      ///< those in single precision
    double error = 0.0;                 ///< largest over the calibration inputs; -1 when it was not measured
};

/// A copy of `model` whose convolutions and matrix products with constant weights are quantised: weights symmetric for
/// each output channel (7 bits on processors without VNNI), activations for the whole tensor with the range of the
/// least squared error, biases corrected for the mean shift. OpenVINO makes int8 kernels of that where the processor
/// has them. Throws Error(Input) without calibration inputs or when they do not fit, Cancelled.
std::shared_ptr<ov::Model> quantise(const ov::Model& model, const Int8Options& options, Int8Report& report);

} // namespace lynceus
