// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/operator_call.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QStringList>

namespace lynceus::graph {

using namespace Qt::StringLiterals;

namespace {

/// The value of a constant argument; a list of constants counts as one.
std::optional<c10::IValue> constantOf(const jit::Value* value)
{
    if (auto known = jit::toIValue(value))
        return *known;
    const jit::Node* node = value->node();
    if (node->kind() != c10::prim::ListConstruct)
        return {};
    Integers whole;
    for (const jit::Value* entry : node->inputs()) {
        const auto known = jit::toIValue(entry);
        if (!known || !known->isInt())
            return {};
        whole.push_back(known->toInt());
    }
    return c10::IValue(whole);
}

} // namespace

Output integers(const Integers& values)
{
    return make<op::v0::Constant>(ov::element::i64, ov::Shape{values.size()}, values);
}

Output integer(std::int64_t value)
{
    return make<op::v0::Constant>(ov::element::i64, ov::Shape{}, Integers{value});
}

Output number(double value)
{
    return make<op::v0::Constant>(ov::element::f32, ov::Shape{}, std::vector<float>{float(value)});
}

Output constant(const torch::Tensor& tensor)
{
    const auto values = tensor.detach().to(torch::kCPU, torch::kFloat).contiguous();
    return make<op::v0::Constant>(ov::element::f32, ov::Shape(values.sizes().begin(), values.sizes().end()),
                                  values.data_ptr<float>());
}

Output reshaped(const Output& x, const Integers& shape)
{
    return make<op::v1::Reshape>(x, integers(shape), false);
}

ov::Shape shapeOf(const Integers& sides)
{
    return {sides.begin(), sides.end()};
}

QString shapeText(const ov::Shape& shape)
{
    QStringList sides;
    for (const std::size_t side : shape)
        sides.append(QString::number(side));
    return u'(' + sides.join(u" x "_s) + u')';
}

ov::OutputVector Call::tensors(const char* name) const
{
    const jit::Value* list = m_node.namedInput(name);
    const auto known = m_values.find(list);
    if (known == m_values.end())
        unsupported(name);
    return known->second;
}

double Call::real(const char* name) const
{
    const auto value = argument(name);
    return value.isInt() ? double(value.toInt()) : value.isDouble() ? value.toDouble() : scalarOf(value, name);
}

std::int64_t Call::whole(const char* name) const
{
    const auto value = argument(name);
    return value.isInt() ? value.toInt() : std::int64_t(scalarOf(value, name));
}

Integers Call::wholes(const char* name) const
{
    const auto value = argument(name);
    if (value.isNone())
        return {};
    return value.isInt() ? Integers{value.toInt()} : value.toIntVector();
}

Integers Call::sides(const char* name, std::size_t count) const
{
    Integers list = wholes(name);
    if (list.size() == 1)
        list.resize(count, list.front());
    return list;
}

std::int64_t Call::dimension(const char* name, const Output& x) const
{
    const std::int64_t value = whole(name);
    return value < 0 ? value + std::int64_t(x.get_shape().size()) : value;
}

Integers Call::outputShape() const
{
    const auto shape = tracedShape(*m_node.output(0));
    if (!shape)
        unsupported("a result of unknown shape");
    return *shape;
}

std::optional<Integers> Call::tracedShape(const jit::Value& value)
{
    const auto type = value.type()->cast<c10::TensorType>();
    if (!type)
        return {};
    const auto sizes = type->sizes().concrete_sizes();
    return sizes ? std::optional<Integers>(*sizes) : std::nullopt;
}

QString Call::description() const
{
    QStringList shapes;
    for (const jit::Value* input : m_node.inputs()) {
        const auto known = m_values.find(input);
        if (known != m_values.end()) {
            for (const Output& output : known->second)
                shapes.append(shapeText(output.get_shape()));
        }
    }
    const QString name = QString::fromLatin1(m_node.kind().toQualString());
    return shapes.isEmpty() ? name : QCoreApplication::translate("core", "%1 of %2").arg(name, shapes.join(u", "_s));
}

void Call::unsupported(const std::string& what) const
{
    throw Error(ErrorKind::Internal,
                QCoreApplication::translate("core", "OpenVINO cannot run %1: no translation for %2.")
                    .arg(description(), QString::fromStdString(what)),
                QCoreApplication::translate("core", "Use the engine libtorch."));
}

c10::IValue Call::argument(const char* name) const
{
    const auto value = constantOf(m_node.namedInput(name));
    if (!value)
        unsupported(std::string("an argument \"") + name + "\" that is computed");
    return *value;
}

double Call::scalarOf(const c10::IValue& value, const char* name) const
{
    if (!value.isTensor() || value.toTensor().numel() != 1)
        unsupported(std::string("such an argument \"") + name + '"');
    return value.toTensor().item<double>();
}

Output Call::tensorOf(const jit::Value& value, const char* name) const
{
    const auto known = m_values.find(&value);
    if (known != m_values.end() && known->second.size() == 1)
        return known->second.front();
    const auto given = jit::toIValue(&value);
    if (!given || !(given->isTensor() || given->isScalar()))
        unsupported(std::string("such an argument \"") + name + '"');
    return given->isTensor() ? constant(given->toTensor())
                             : number(given->isInt() ? double(given->toInt()) : given->toDouble());
}

} // namespace lynceus::graph
