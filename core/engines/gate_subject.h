// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/engines/gate_image.h"
#include "core/engines/gate_report.h"
#include "core/image/anomaly_result.h"
#include "core/nn/graph_translator.h"
#include "core/nn/network_runner.h"

#include <QtCore/QString>

#include <opencv2/core/mat.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lynceus {

/// One of a method's networks, as it is brought to OpenVINO.
struct GateNetwork
{
    std::string name;       ///< "encoder"; in NetworkRunners, in files
    TensorFunction network; ///< in LibTorch, as translate() takes it
    NamedTensors examples;  ///< inputs in the only shapes that it will get

    // For int8, see Int8Options:
    std::vector<NamedTensors> calibration;
    std::function<double(const NamedTensors& wanted, const NamedTensors& got)> error;
    std::optional<double> wantedError; ///< none: `error` is in the gate's measure, and the compiler knows what it wants
    double searchShare = 1.0;          ///< of the time to search
};

/// How far an engine's outcome for an image lies from LibTorch's.
struct GateShift
{
    double shift = 0.0;          ///< in the subject's measure, 0 or more; NaN or infinite is as wrong as can be
    bool verdictChanged = false; ///< another decision came out of it
    bool regionsChanged = false; ///< another number of regions
    double rise = 0.0;           ///< by how much nearer to a rejection; of meaning for good images
    double room = 0.0;     ///< what LibTorch's outcome leaves to another decision, below 0: beyond; 0: there is none
    double mapShift = 0.0; ///< largest of any pixel
    double meanMapShift = 0.0; ///< over the pixels
    QString text;              ///< both outcomes, for people
};

/// What a method makes of an image's inputs: a map, a mask, a flow, boxes as rows. Owns its memory.
using GateRun = std::function<cv::Mat(const NamedTensors& inputs)>;

/// What a method brings to the parity gate, the engine compiler and the choice of an engine: a model's networks and
/// what it means that an engine runs them otherwise. A network is compiled for the shapes of its examples alone; images
/// are of that size. One owner at a time. Errors are the method's own.
class GateSubject
{
public:
    virtual ~GateSubject() = default;

    /// What the networks depend on (modelIdentity()): engines compiled for another are not used.
    virtual QString model() const = 0;
    /// What decisions are made by; as they are where the method has none.
    virtual Thresholds thresholds() const { return {}; }
    virtual GateMeasure measure() const = 0;
    virtual double mostShift() const = 0; ///< an engine that shifts an image by more is blocked
    /// Whether it can be searched which layers int8 hurts: networks then have an `error`.
    virtual bool searches() const { return true; }

    virtual NamedTensors inputs(const GateImage& image) const = 0;
    /// `calibration`: inputs() of some images, for int8; empty where it isn't wanted.
    virtual std::vector<GateNetwork> networks(const std::vector<NamedTensors>& calibration) = 0;
    /// The method's way with these networks on the CPU; with its own in LibTorch where there are none.
    virtual GateRun runWith(NetworkRunners networks) = 0;
    virtual GateShift compare(const cv::Mat& wanted, const cv::Mat& got) const = 0;
};

} // namespace lynceus
