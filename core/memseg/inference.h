// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/memseg/fusion.h"
#include "core/memseg/memory_bank.h"
#include "core/memseg/nearest_good.h"
#include "core/memseg/network.h"
#include "core/nn/device.h"
#include "core/nn/engine.h"
#include "core/nn/network_runner.h"

#include <memory>
#include <vector>

namespace lynceus {

struct MemSegModel;

/// The network path of an inspection, for sessions and benchmarks alike: encode, compare with the memory, decode, and
/// beside it the distance to the nearest good places.
/// One owner at a time; may move between threads.
class MemSegInference
{
public:
    struct Output
    {
        cv::Mat map;      ///< H x W, CV_32F, 0..1: the defect probability, or both branches joined; 0 off the part
        int nearest = -1; ///< index of the memory sample that was compared with
        double encodeMs = 0.0;
        double matchMs = 0.0;
        double decodeMs = 0.0;
        double distanceMs = 0.0; ///< the nearest-good branch
        BranchMaps branches;     ///< what was joined; empty without the nearest-good branch
    };

    /// Takes the model's network over: folds its batch norms and lays its weights out channels-last. `engine` runs the
    /// encoder and the decoder (on another device than the CPU: LibTorch only); the memory and the nearest-good branch
    /// are always computed as they are. openvino-int8 is calibrated with `calibration`, images as imageToTensor gives
    /// them, some ten or more. Throws Error(Input) when the engine is not available.
    explicit MemSegInference(const MemSegModel& model, DeviceKind device = DeviceKind::Cpu,
                             Engine engine = Engine::LibTorch, const std::vector<torch::Tensor>& calibration = {});

    /// `image`: 1 x 3 x H x W as imageToTensor gives it.
    Output run(const torch::Tensor& image);
    Engine engine() const { return m_engine; } ///< what Auto became

private:
    void leaveBackgroundOut(cv::Mat& map) const;
    NamedTensors decoderInputs(NamedTensors features, Output& output) const;
    void compile(const MemSegModel& model, const std::vector<torch::Tensor>& calibration);

    torch::Device m_device;
    Engine m_engine;
    MemoryBank m_bank;
    NearestGood m_nearest;
    Fusion m_fusion;
    cv::Mat m_background;                     ///< CV_8U, 255 where nothing counts; may be empty
    std::unique_ptr<NetworkRunner> m_encoder; ///< "image" to "f0".."f4"
    std::unique_ptr<NetworkRunner> m_decoder; ///< "f0".."f4", "d1".."d3" to "logits"; none without a decoder
};

} // namespace lynceus
