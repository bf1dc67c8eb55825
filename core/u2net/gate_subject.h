// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/engines/gate_subject.h"
#include "core/u2net/network.h"

#include <QtCore/QString>

namespace lynceus {

/// U2-Net before the parity gate: one network, "u2net" ("image" to "d0"). Outcomes are probabilities of the object (H x
/// W, CV_32F); what counts is the mask of those above 0.5.
class U2NetGateSubject final : public GateSubject
{
public:
    /// `net`: one output channel, in eval mode, its batch norms folded. `size`: of the images. `model`: see model().
    U2NetGateSubject(U2Net net, cv::Size size, QString model);

    QString model() const override { return m_model; }
    GateMeasure measure() const override { return GateMeasure::Mask; }
    double mostShift() const override;

    NamedTensors inputs(const GateImage& image) const override; ///< "image"
    std::vector<GateNetwork> networks(const std::vector<NamedTensors>& calibration) override;
    GateRun runWith(NetworkRunners networks) override;
    GateShift compare(const cv::Mat& wanted, const cv::Mat& got) const override;

private:
    TensorFunction network() const;

    U2Net m_net;
    cv::Size m_size;
    QString m_model;
};

} // namespace lynceus
