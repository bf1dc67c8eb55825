// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Stands in for compiled_network.cpp, graph_translator.cpp and quantisation.cpp in a build without OpenVINO.

#include "core/nn/compiled_network.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>

namespace lynceus {

namespace {

[[noreturn]] void throwNone()
{
    throw Error(ErrorKind::Input, CompiledNetwork::whyNot(Engine::OpenVinoFp32),
                QCoreApplication::translate("core", "Use the engine libtorch."));
}

} // namespace

std::shared_ptr<ov::Model> translate(const TensorFunction& network, const NamedTensors& examples)
{
    Q_UNUSED(network)
    Q_UNUSED(examples)
    throwNone();
}

struct CompiledNetwork::Private
{
};

CompiledNetwork::CompiledNetwork(const TensorFunction& network, const NamedTensors& examples,
                                 const CompileOptions& options)
{
    Q_UNUSED(network)
    Q_UNUSED(examples)
    Q_UNUSED(options)
    throwNone();
}

CompiledNetwork::CompiledNetwork(const NetworkIr& ir, const CompileOptions& options)
{
    Q_UNUSED(ir)
    Q_UNUSED(options)
    throwNone();
}

CompiledNetwork::~CompiledNetwork() = default;

NamedTensors CompiledNetwork::run(const NamedTensors& inputs)
{
    Q_UNUSED(inputs)
    throwNone();
}

std::string CompiledNetwork::engine() const
{
    throwNone();
}

double CompiledNetwork::compileMs() const
{
    throwNone();
}

const Int8Report& CompiledNetwork::int8Report() const
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

QString CompiledNetwork::whyNot(Engine engine)
{
    Q_UNUSED(engine)
    return QCoreApplication::translate("core", "this program was built without OpenVINO.");
}

} // namespace lynceus
