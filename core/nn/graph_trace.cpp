// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/graph_trace.h"

#include "core/base/error.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/frozen_conv_folding.h>

namespace lynceus::graph {

namespace jit = torch::jit;

namespace {

/// Memory that is written to without an operator would become a constant of chance values.
void refuseUnseenValues(const jit::Graph& graph)
{
    for (const jit::Node* node : graph.nodes()) {
        if (!isEmptyTensor(*node))
            continue;
        for (const auto& use : node->output(0)->uses()) {
            const std::string user = operatorName(*use.user);
            if (user != "full_like" && user != "zeros_like") { // as fill_() and zero_() are traced
                throw Error(ErrorKind::Internal,
                            QCoreApplication::translate("core", "The network fills a tensor (%1) past LibTorch's "
                                                                "operators, which cannot be traced.")
                                .arg(QString::fromLatin1(node->kind().toQualString())),
                            QCoreApplication::translate("core", "Use the engine libtorch."));
            }
        }
    }
}

} // namespace

std::string operatorName(const jit::Node& node)
{
    std::string name = node.kind().toUnqualString();
    if (!name.empty() && name.back() == '_')
        name.pop_back();
    return name.substr(name.find_first_not_of('_'));
}

bool isEmptyTensor(const jit::Node& node)
{
    const std::string name = operatorName(node);
    return name.rfind("empty", 0) == 0 || name.rfind("new_empty", 0) == 0;
}

std::shared_ptr<jit::Graph> trace(const TensorFunction& network, const NamedTensors& examples,
                                  std::vector<std::string>& outputNames)
{
    jit::Stack inputs;
    for (const auto& [name, tensor] : examples)
        inputs.emplace_back(tensor.detach().to(torch::kCPU, torch::kFloat).clone());
    const auto traced = [&](jit::Stack given) {
        NamedTensors named;
        for (std::size_t i = 0; i < given.size(); ++i)
            named.emplace_back(examples[i].first, given[i].toTensor());
        jit::Stack outputs;
        outputNames.clear();
        for (auto& [name, tensor] : network(named)) {
            outputNames.push_back(name);
            outputs.emplace_back(tensor);
        }
        return outputs;
    };
    const auto noNames = [](const torch::Tensor&) { return std::string(); };
    const auto state = jit::tracer::trace(inputs, traced, noNames, true, /*force_outplace=*/true).first;
    auto graph = state->graph;
    refuseUnseenValues(*graph);
    jit::EliminateDeadCode(graph);
    jit::ConstantPropagation(graph);
    jit::FoldFrozenConvBatchnorm(graph);
    jit::EliminateDeadCode(graph);
    return graph;
}

} // namespace lynceus::graph
