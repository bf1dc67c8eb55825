// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Stands in for openvino_network.cpp, graph_translator.cpp and quantisation.cpp in a build without OpenVINO.

#include "core/nn/openvino_network.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>

namespace lynceus {

namespace {

[[noreturn]] void throwNone()
{
    throw Error(ErrorKind::Input, OpenVinoNetwork::whyNot(Engine::OpenVinoFp32),
                QCoreApplication::translate("core", "Use the engine libtorch."));
}

} // namespace

std::shared_ptr<ov::Model> translate(const TensorFunction& network, const NamedTensors& examples)
{
    Q_UNUSED(network)
    Q_UNUSED(examples)
    throwNone();
}

struct OpenVinoNetwork::Private
{
};

OpenVinoNetwork::OpenVinoNetwork(const TensorFunction& network, const NamedTensors& examples,
                                 const CompileOptions& options)
{
    Q_UNUSED(network)
    Q_UNUSED(examples)
    Q_UNUSED(options)
    throwNone();
}

OpenVinoNetwork::OpenVinoNetwork(const NetworkIr& ir, const CompileOptions& options)
{
    Q_UNUSED(ir)
    Q_UNUSED(options)
    throwNone();
}

OpenVinoNetwork::~OpenVinoNetwork() = default;

NamedTensors OpenVinoNetwork::run(const NamedTensors& inputs)
{
    Q_UNUSED(inputs)
    throwNone();
}

std::string OpenVinoNetwork::engine() const
{
    throwNone();
}

double OpenVinoNetwork::compileMs() const
{
    throwNone();
}

const Int8Report& OpenVinoNetwork::int8Report() const
{
    throwNone();
}

NetworkIr irOf(const ov::Model& model)
{
    Q_UNUSED(model)
    throwNone();
}

std::shared_ptr<ov::Model> quantise(const ov::Model& model, const Int8Options& options, Int8Report& report)
{
    Q_UNUSED(model)
    Q_UNUSED(options)
    Q_UNUSED(report)
    throwNone();
}

QString openVinoVersion()
{
    return {};
}

QString OpenVinoNetwork::whyNot(Engine engine)
{
    Q_UNUSED(engine)
    return QCoreApplication::translate("core", "this program was built without OpenVINO.");
}

} // namespace lynceus
