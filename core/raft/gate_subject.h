// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/engines/gate_subject.h"
#include "core/raft/network.h"

#include <QtCore/QString>

namespace lynceus {

/// RAFT before the parity gate: one network, "raft" ("image1", "image2" to "flow"). Images have six channels, RGB of
/// both pictures. Outcomes are flows (H x W, CV_32FC2, pixels); what counts is the mean distance of their ends.
class RaftGateSubject final : public GateSubject
{
public:
    /// `net`: in eval mode, its batch norms folded. `size`: of the images. `updates`: of the flow. `model`: see
    /// model().
    RaftGateSubject(Raft net, cv::Size size, int updates, QString model);

    QString model() const override { return m_model; }
    GateMeasure measure() const override { return GateMeasure::Flow; }
    double mostShift() const override;

    NamedTensors inputs(const GateImage& image) const override; ///< "image1" and "image2"
    std::vector<GateNetwork> networks(const std::vector<NamedTensors>& calibration) override;
    GateRun runWith(NetworkRunners networks) override;
    GateShift compare(const cv::Mat& wanted, const cv::Mat& got) const override;

private:
    TensorFunction network() const;

    Raft m_net;
    cv::Size m_size;
    int m_updates;
    QString m_model;
};

} // namespace lynceus
