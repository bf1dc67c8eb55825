// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/torch.h"

#include <QtCore/QString>

#include <openvino/core/model.hpp>
#include <openvino/op/ops.hpp>

#include <torch/csrc/jit/ir/ir.h>

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

/// The parts of translate(): what the tables of operators and the builder of the model share.
namespace lynceus::graph {

namespace jit = torch::jit;
namespace op = ov::op;
using Output = ov::Output<ov::Node>;
using Integers = std::vector<std::int64_t>;

template <class Operator, class... Arguments>
Output make(Arguments&&... arguments)
{
    return std::make_shared<Operator>(std::forward<Arguments>(arguments)...)->output(0);
}

/// Constants: of one dimension, of none, and with the tensor's values in float32.
Output integers(const Integers& values);
Output integer(std::int64_t value);
Output number(double value);
Output constant(const torch::Tensor& tensor);

Output reshaped(const Output& x, const Integers& shape);
ov::Shape shapeOf(const Integers& sides);
QString shapeText(const ov::Shape& shape); ///< "(1 x 3 x 8 x 8)"

/// One operator of the traced graph, as the functions of the tables see it. Arguments go by the names of LibTorch's
/// schema; unsupported() is thrown where one is not of the wanted kind or is computed by the graph.
class Call
{
public:
    using Values = std::unordered_map<const jit::Value*, ov::OutputVector>;

    Call(const jit::Node& node, const Values& values)
        : m_node(node)
        , m_values(values)
    {
    }

    bool has(const char* name) const { return m_node.hasNamedInput(name); }
    /// Left out or None.
    bool isNone(const char* name) const { return !has(name) || argument(name).isNone(); }
    Output tensor(const char* name) const { return tensorOf(*m_node.namedInput(name), name); }
    Output firstTensor() const { return tensorOf(*m_node.input(0), "self"); }
    ov::OutputVector tensors(const char* name) const;
    double real(const char* name) const;
    double real(const char* name, double otherwise) const { return isNone(name) ? otherwise : real(name); }
    std::int64_t whole(const char* name) const;
    bool flag(const char* name) const { return argument(name).toBool(); }
    std::string text(const char* name) const { return argument(name).toStringRef(); }
    /// Empty for None.
    Integers wholes(const char* name) const;
    std::vector<double> reals(const char* name) const { return argument(name).toDoubleVector(); }
    /// A list for `count` sides, of which one may have been given for all.
    Integers sides(const char* name, std::size_t count) const;
    /// A dimension of `x`, counted from 0.
    std::int64_t dimension(const char* name, const Output& x) const;
    /// As LibTorch had it; throws where it is not known.
    Integers outputShape() const;
    /// The operator and the shapes of its inputs, for messages.
    QString description() const;
    /// Throws Error(Internal): `what` has no translation.
    [[noreturn]] void unsupported(const std::string& what) const;

    static std::optional<Integers> tracedShape(const jit::Value& value);

private:
    c10::IValue argument(const char* name) const;
    double scalarOf(const c10::IValue& value, const char* name) const;
    Output tensorOf(const jit::Value& value, const char* name) const;

    const jit::Node& m_node;
    const Values& m_values;
};

} // namespace lynceus::graph
