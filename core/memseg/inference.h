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
#include <optional>

namespace lynceus {

struct MemSegModel;

/// The model's networks in LibTorch: "encoder", "image" to "f0".."f4", and "decoder", "f0".."f4" and "d1".."d3" to
/// "logits". Levels that the decoder does not read are left out. There is no decoder where the model has none or where
/// it has no say. Batch norms are folded, weights laid out channels-last, both in the model's own modules.
NetworkRunners libTorchNetworks(const MemSegModel& model, DeviceKind device = DeviceKind::Cpu);

/// Distances of cells (H x W) as a map of `size`: enlarged and blurred by half a cell.
cv::Mat distanceMap(const torch::Tensor& cells, cv::Size size);

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
        double totalMs() const { return encodeMs + matchMs + decodeMs + distanceMs; }
        BranchMaps branches; ///< what was joined; empty without the nearest-good branch
    };

    /// In LibTorch. Takes the model's network over: folds its batch norms and lays its weights out channels-last.
    explicit MemSegInference(const MemSegModel& model, DeviceKind device = DeviceKind::Cpu);
    /// With compiled networks, called as libTorchNetworks() does, on the CPU. Throws Error(Internal) without an
    /// encoder.
    MemSegInference(const MemSegModel& model, NetworkRunners networks);

    /// `image`: 1 x 3 x H x W as imageToTensor gives it. `leftOut`: as NearestGood::distances() takes it.
    Output run(const torch::Tensor& image, std::optional<std::size_t> leftOut = {});
    /// The same in two steps: encoder, and all that comes after it.
    NamedTensors encode(const torch::Tensor& image);
    Output judge(const NamedTensors& features, std::optional<std::size_t> leftOut = {});
    /// What the decoder is given: the features, and "d1".."d3". They may be traced.
    NamedTensors decoderInputs(const NamedTensors& features) const;

    bool hasDecoder() const { return m_decoder != nullptr; }
    Engine engine() const;

private:
    MemSegInference(const MemSegModel& model, torch::Device device, NetworkRunners networks);
    void leaveBackgroundOut(cv::Mat& map) const;
    NamedTensors match(const NamedTensors& features, Output& output) const;

    torch::Device m_device;
    cv::Size m_size;
    MemoryBank m_bank;
    NearestGood m_nearest;
    Fusion m_fusion;
    cv::Mat m_background; ///< CV_8U, 255 where nothing counts; may be empty
    std::unique_ptr<NetworkRunner> m_encoder;
    std::unique_ptr<NetworkRunner> m_decoder; ///< may be none
};

} // namespace lynceus
