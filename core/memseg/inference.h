// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/memseg/memory_bank.h"
#include "core/memseg/network.h"
#include "core/nn/device.h"
#include "core/nn/network_runner.h"

#include <memory>

namespace lynceus {

/// The network path of an inspection, for sessions and benchmarks alike: encode, compare with the memory, decode.
/// One owner at a time; may move between threads.
class MemSegInference
{
public:
    struct Output
    {
        torch::Tensor map; ///< H x W, defect probability, on the CPU
        int nearest = -1;  ///< index of the memory sample that was compared with
        double encodeMs = 0.0;
        double matchMs = 0.0;
        double decodeMs = 0.0;
    };

    /// Takes the network over: folds its batch norms and lays its weights out channels-last.
    MemSegInference(MemSegNetwork network, const MemoryBank& bank, DeviceKind device = DeviceKind::Cpu);

    /// `image`: 1 x 3 x H x W as imageToTensor gives it.
    Output run(const torch::Tensor& image);

private:
    torch::Device m_device;
    MemoryBank m_bank;
    std::unique_ptr<NetworkRunner> m_encoder; ///< "image" to "f0".."f4"
    std::unique_ptr<NetworkRunner> m_decoder; ///< "f0".."f4", "d1".."d3" to "logits"
};

} // namespace lynceus
