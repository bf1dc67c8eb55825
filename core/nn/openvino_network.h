// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/engine.h"
#include "core/nn/graph_translator.h"
#include "core/nn/network_ir.h"
#include "core/nn/network_runner.h"
#include "core/nn/quantisation.h"

#include <QtCore/QString>

#include <memory>

namespace lynceus {

struct CompileOptions
{
    Engine engine = Engine::OpenVinoFp32; ///< one of OpenVINO's
    /// Inputs and outputs of four dimensions lie channels-last in memory (their shapes stay N x C x H x W).
    bool channelsLast = false;
    /// OpenVINO keeps what it compiled there and loads it next time; files that changed since are made anew. Empty:
    /// nothing is kept.
    QString cacheFolder;
    Int8Options int8; ///< for OpenVinoInt8, which needs calibration inputs
};

/// OpenVINO's version, empty in a build without it.
QString openVinoVersion();
/// A model to write or to send. Throws Error(Internal) on what cannot be written.
NetworkIr irOf(const ov::Model& model);

/// A LibTorch network that OpenVINO compiled for the CPU, for one shape of its inputs and the number of threads chosen
/// at that time (nn/device). One owner at a time; may move between threads. All foreign exceptions become Error.
class OpenVinoNetwork final : public NetworkRunner
{
public:
    /// Traces `network` at `examples` (see translate()) and compiles it.
    OpenVinoNetwork(const TensorFunction& network, const NamedTensors& examples, const CompileOptions& options = {});
    /// Compiles a model as it is; OpenVinoInt8 says here only how it is called.
    OpenVinoNetwork(std::shared_ptr<ov::Model> model, const CompileOptions& options);
    /// The same for what irOf() gave. Throws Error(Format) when OpenVINO can't read it.
    OpenVinoNetwork(const NetworkIr& ir, const CompileOptions& options);
    ~OpenVinoNetwork() override;
    OpenVinoNetwork(const OpenVinoNetwork&) = delete;
    OpenVinoNetwork& operator=(const OpenVinoNetwork&) = delete;

    /// Takes the inputs that it was compiled with by name and ignores others; float32 CPU tensors in the expected
    /// layout are not copied. Outputs own their memory, which is used again when nobody else holds them. Throws
    /// Error(Input) naming the wanted shape.
    NamedTensors run(const NamedTensors& inputs) override;
    std::string engine() const override;

    double compileMs() const;             ///< tracing, quantising and compiling
    const Int8Report& int8Report() const; ///< of no meaning for other engines

    /// Why there is no such engine; empty when there is.
    static QString whyNot(Engine engine);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace lynceus
