// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/engines/gate_subject.h"

namespace lynceus {

struct MemSegModel;

/// A MemSeg model before the parity gate: two networks, "encoder" ("image" to "f0".."f4") and, where it has a say,
/// "decoder" ("f0".."f4", "d1".."d3" to "logits"); the memory and the nearest-good branch are always computed from the
/// model file, as they are. Outcomes are maps (H x W, CV_32F); what counts are scores and verdicts. `model` is read
/// whenever something is asked, and folded as MemSegInference says; it must stay.
class MemSegGateSubject final : public GateSubject
{
public:
    explicit MemSegGateSubject(const MemSegModel& model)
        : m_model(model)
    {
    }

    QString model() const override;
    Thresholds thresholds() const override;
    GateMeasure measure() const override { return GateMeasure::Score; }
    double mostShift() const override { return GateReport::kMostScoreShift; }
    bool searches() const override;

    NamedTensors inputs(const GateImage& image) const override; ///< "image"
    std::vector<GateNetwork> networks(const std::vector<NamedTensors>& calibration) override;
    GateRun runWith(NetworkRunners networks) override;
    GateShift compare(const cv::Mat& wanted, const cv::Mat& got) const override;

private:
    const MemSegModel& m_model;
};

} // namespace lynceus
