// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/graph_translator.h"

#include "core/base/error.h"
#include "core/nn/graph_operators.h"
#include "core/nn/graph_trace.h"

#include <QtCore/QCoreApplication>

#include <map>
#include <set>
#include <utility>

namespace lynceus {

namespace graph {

namespace {

/// Null where there is none.
Translation translationOf(const std::string& name)
{
    for (const Translations* table : {&computingOperators(), &arrangingOperators()}) {
        if (const auto entry = table->find(name); entry != table->end())
            return entry->second;
    }
    return nullptr;
}

class ModelBuilder
{
public:
    ModelBuilder(const jit::Graph& graph, const NamedTensors& examples, const std::vector<std::string>& outputNames)
    {
        ov::ParameterVector parameters;
        for (std::size_t i = 0; i < examples.size(); ++i) {
            const auto& [name, tensor] = examples[i];
            const auto parameter = std::make_shared<op::v0::Parameter>(
                ov::element::f32, ov::Shape(tensor.sizes().begin(), tensor.sizes().end()));
            parameter->set_friendly_name(name);
            parameter->output(0).add_names({name});
            parameters.push_back(parameter);
            m_values[graph.inputs()[i]] = {parameter->output(0)};
        }
        for (const jit::Node* node : graph.nodes())
            translateNode(*node);
        ov::ResultVector results;
        std::set<Output> taken;
        for (std::size_t i = 0; i < outputNames.size(); ++i) {
            const auto found = m_values.find(graph.outputs()[i]);
            if (found == m_values.end() || found->second.size() != 1) {
                throw Error(ErrorKind::Internal,
                            QCoreApplication::translate("core", "The output %1 does not depend on the inputs.")
                                .arg(QString::fromStdString(outputNames[i])));
            }
            // OpenVINO leaves the given memory of an output alone whose tensor is an input, too; one each is safe.
            Output output = found->second.front();
            if (ov::is_type<op::v0::Parameter>(output.get_node()) || !taken.insert(output).second)
                output = make<op::v1::Multiply>(output, number(1.0));
            output.add_names({outputNames[i]});
            results.push_back(std::make_shared<op::v0::Result>(output));
            results.back()->set_friendly_name(outputNames[i]);
        }
        m_model = std::make_shared<ov::Model>(results, parameters);
    }

    std::shared_ptr<ov::Model> model() const { return m_model; }

private:
    void translateNode(const jit::Node& node)
    {
        const auto kind = node.kind();
        if (kind == c10::prim::Constant)
            return;
        if (isEmptyTensor(node)) // only its shape is used
            return;
        const Call call(node, m_values);
        if (kind == c10::prim::ListConstruct) {
            makeList(node);
            return;
        }
        if (kind == c10::prim::ListUnpack) {
            const ov::OutputVector list = m_values.at(node.input(0));
            for (std::size_t i = 0; i < node.outputs().size(); ++i)
                m_values[node.output(i)] = {list.at(i)};
            return;
        }
        const std::string name = operatorName(node);
        const Translation translation = kind.is_aten() ? translationOf(name) : nullptr;
        if (!translation) {
            throw Error(ErrorKind::Internal,
                        QCoreApplication::translate("core", "OpenVINO cannot run %1: this operator has no translation.")
                            .arg(call.description()),
                        QCoreApplication::translate("core", "Use the engine libtorch."));
        }
        ov::OutputVector outputs = translation(call);
        check(node, call, outputs);
        const std::string numbered = name + '_' + std::to_string(m_counts[name]++);
        nameNodes(outputs, numbered);
        m_values[node.output(0)] = std::move(outputs);
    }

    /// Lists of tensors; lists of numbers are read where they are needed.
    void makeList(const jit::Node& node)
    {
        ov::OutputVector list;
        for (const jit::Value* entry : node.inputs()) {
            const auto known = m_values.find(entry);
            if (known != m_values.end())
                list.push_back(known->second.front());
            else if (const auto value = jit::toIValue(entry); value && value->isTensor())
                list.push_back(constant(value->toTensor()));
        }
        if (list.size() == node.inputs().size())
            m_values[node.output(0)] = list;
    }

    /// A wrong translation must not stay quiet: OpenVINO's shapes have to be those that LibTorch had.
    static void check(const jit::Node& node, const Call& call, const ov::OutputVector& outputs)
    {
        const auto type = node.output(0)->type()->cast<c10::TensorType>();
        if (!type)
            return;
        if (type->scalarType().value_or(torch::kFloat) != torch::kFloat)
            call.unsupported("values other than float32");
        const auto wanted = Call::tracedShape(*node.output(0));
        if (wanted && shapeOf(*wanted) != outputs.front().get_shape()) {
            throw Error(
                ErrorKind::Internal,
                QCoreApplication::translate("core", "The translation of %1 gives %2 instead of %3.")
                    .arg(call.description(), shapeText(outputs.front().get_shape()), shapeText(shapeOf(*wanted))),
                QCoreApplication::translate("core", "Use the engine libtorch."));
        }
    }

    /// What is quantised carries the operator's name, the bias behind it another one.
    static void nameNodes(const ov::OutputVector& outputs, const std::string& name)
    {
        const auto last = outputs.front().get_node_shared_ptr();
        if (last->get_friendly_name() != last->get_name()) // nothing was made: contiguous() and the like
            return;
        const auto inner = last->get_input_size() > 0 ? last->get_input_node_shared_ptr(0) : last;
        if (ov::is_type<op::v1::Add>(last) && inner->get_friendly_name() == inner->get_name()) {
            inner->set_friendly_name(name);
            last->set_friendly_name(name + "_bias");
        } else {
            last->set_friendly_name(name);
        }
    }

    Call::Values m_values;
    std::map<std::string, int> m_counts;
    std::shared_ptr<ov::Model> m_model;
};

} // namespace

} // namespace graph

std::shared_ptr<ov::Model> translate(const TensorFunction& network, const NamedTensors& examples)
{
    try {
        const c10::InferenceMode normal(false); // constants that are inference tensors cannot be traced
        const torch::NoGradGuard noGrad;
        std::vector<std::string> outputNames;
        const auto traced = graph::trace(network, examples, outputNames);
        return graph::ModelBuilder(*traced, examples, outputNames).model();
    } catch (...) {
        throw currentError(QCoreApplication::translate("core", "translating the network for OpenVINO"));
    }
}

} // namespace lynceus
