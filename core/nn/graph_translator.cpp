// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/graph_translator.h"

#include "core/base/error.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QStringList>

#include <openvino/core/model.hpp>
#include <openvino/op/ops.hpp>

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/frozen_conv_folding.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

namespace jit = torch::jit;
namespace op = ov::op;
using Output = ov::Output<ov::Node>;
using Integers = std::vector<std::int64_t>;

template <class Operator, class... Arguments>
Output make(Arguments&&... arguments)
{
    return std::make_shared<Operator>(std::forward<Arguments>(arguments)...)->output(0);
}

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

QString shapeText(const ov::Shape& shape)
{
    QStringList sides;
    for (const std::size_t side : shape)
        sides.append(QString::number(side));
    return u'(' + sides.join(u" x "_s) + u')';
}

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

/// One operator of the traced graph, as the functions of the table see it. Arguments go by the names of LibTorch's
/// schema.
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
    ov::OutputVector tensors(const char* name) const
    {
        const jit::Value* list = m_node.namedInput(name);
        const auto known = m_values.find(list);
        if (known == m_values.end())
            unsupported(name);
        return known->second;
    }
    double real(const char* name) const
    {
        const auto value = argument(name);
        return value.isInt() ? double(value.toInt()) : value.isDouble() ? value.toDouble() : scalarOf(value, name);
    }
    double real(const char* name, double otherwise) const { return isNone(name) ? otherwise : real(name); }
    std::int64_t whole(const char* name) const
    {
        const auto value = argument(name);
        return value.isInt() ? value.toInt() : std::int64_t(scalarOf(value, name));
    }
    bool flag(const char* name) const { return argument(name).toBool(); }
    std::string text(const char* name) const { return argument(name).toStringRef(); }
    /// Empty for None.
    Integers wholes(const char* name) const
    {
        const auto value = argument(name);
        if (value.isNone())
            return {};
        return value.isInt() ? Integers{value.toInt()} : value.toIntVector();
    }
    std::vector<double> reals(const char* name) const { return argument(name).toDoubleVector(); }
    /// A list for `count` sides, of which one may have been given for all.
    Integers sides(const char* name, std::size_t count) const
    {
        Integers list = wholes(name);
        if (list.size() == 1)
            list.resize(count, list.front());
        return list;
    }
    /// A dimension of `x`, counted from 0.
    std::int64_t dimension(const char* name, const Output& x) const
    {
        const std::int64_t value = whole(name);
        return value < 0 ? value + std::int64_t(x.get_shape().size()) : value;
    }
    /// As LibTorch had it; throws where it is not known.
    Integers outputShape() const
    {
        const auto shape = tracedShape(*m_node.output(0));
        if (!shape)
            unsupported("a result of unknown shape");
        return *shape;
    }

    static std::optional<Integers> tracedShape(const jit::Value& value)
    {
        const auto type = value.type()->cast<c10::TensorType>();
        if (!type)
            return {};
        const auto sizes = type->sizes().concrete_sizes();
        return sizes ? std::optional<Integers>(*sizes) : std::nullopt;
    }

    QString description() const
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
        return shapes.isEmpty() ? name
                                : QCoreApplication::translate("core", "%1 of %2").arg(name, shapes.join(u", "_s));
    }

    [[noreturn]] void unsupported(const std::string& what) const
    {
        throw Error(ErrorKind::Internal,
                    QCoreApplication::translate("core", "OpenVINO cannot run %1: no translation for %2.")
                        .arg(description(), QString::fromStdString(what)),
                    QCoreApplication::translate("core", "Use the engine libtorch."));
    }

private:
    c10::IValue argument(const char* name) const
    {
        const auto value = constantOf(m_node.namedInput(name));
        if (!value)
            unsupported(std::string("an argument \"") + name + "\" that is computed");
        return *value;
    }

    double scalarOf(const c10::IValue& value, const char* name) const
    {
        if (!value.isTensor() || value.toTensor().numel() != 1)
            unsupported(std::string("such an argument \"") + name + '"');
        return value.toTensor().item<double>();
    }

    Output tensorOf(const jit::Value& value, const char* name) const
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

    const jit::Node& m_node;
    const Values& m_values;
};

using Translation = ov::OutputVector (*)(const Call&);

template <class Operator>
ov::OutputVector unary(const Call& call)
{
    return {make<Operator>(call.firstTensor())};
}

template <class Operator>
ov::OutputVector binary(const Call& call)
{
    return {make<Operator>(call.tensor("self"), call.tensor("other"))};
}

ov::OutputVector same(const Call& call)
{
    return {call.firstTensor()};
}

/// View, flatten, squeeze and the like: the result's shape says it all.
ov::OutputVector reshape(const Call& call)
{
    return {reshaped(call.firstTensor(), call.outputShape())};
}

ov::CoordinateDiff differences(const Integers& values)
{
    return {values.begin(), values.end()};
}

ov::Strides strides(const Integers& values)
{
    return {values.begin(), values.end()};
}

ov::Shape shape(const Integers& values)
{
    return {values.begin(), values.end()};
}

/// `bias` of C values on the second dimension of `x`.
Output withBias(const Output& x, const Output& bias)
{
    Integers sides(x.get_shape().size(), 1);
    sides[1] = std::int64_t(bias.get_shape().front());
    return make<op::v1::Add>(x, reshaped(bias, sides));
}

ov::OutputVector convolution(const Call& call)
{
    const Output x = call.tensor("input");
    Output weight = call.tensor("weight");
    const ov::Shape kernel = weight.get_shape();
    const std::size_t axes = kernel.size() - 2;
    if (call.has("transposed") && call.flag("transposed"))
        call.unsupported("a transposed convolution");
    const auto padding = differences(call.sides("padding", axes));
    const auto stride = strides(call.sides("stride", axes));
    const auto dilation = strides(call.sides("dilation", axes));
    const std::int64_t groups = call.whole("groups");
    Output y;
    if (groups == 1) {
        y = make<op::v1::Convolution>(x, weight, stride, padding, padding, dilation);
    } else {
        Integers grouped{groups, std::int64_t(kernel[0]) / groups};
        grouped.insert(grouped.end(), kernel.begin() + 1, kernel.end());
        // A constant of the new shape, so that int8 finds the weights without looking through a reshape.
        const auto values = ov::as_type_ptr<op::v0::Constant>(weight.get_node_shared_ptr());
        weight = values ? make<op::v0::Constant>(*values, shape(grouped)) : reshaped(weight, grouped);
        y = make<op::v1::GroupConvolution>(x, weight, stride, padding, padding, dilation);
    }
    return {call.isNone("bias") ? y : withBias(y, call.tensor("bias"))};
}

ov::OutputVector batchNorm(const Call& call)
{
    if (call.flag("training"))
        call.unsupported("a batch norm in training mode");
    const Output x = call.tensor("input");
    const Output mean = call.tensor("running_mean");
    const auto channels = std::int64_t(mean.get_shape().front());
    const Output weight = call.isNone("weight") ? constant(torch::ones({channels})) : call.tensor("weight");
    const Output bias = call.isNone("bias") ? constant(torch::zeros({channels})) : call.tensor("bias");
    return {make<op::v5::BatchNormInference>(x, weight, bias, mean, call.tensor("running_var"), call.real("eps"))};
}

ov::OutputVector instanceNorm(const Call& call)
{
    if (!call.flag("use_input_stats"))
        call.unsupported("an instance norm with running statistics");
    const Output x = call.tensor("input");
    Integers axes;
    for (std::size_t axis = 2; axis < x.get_shape().size(); ++axis)
        axes.push_back(std::int64_t(axis));
    Output y = make<op::v6::MVN>(x, integers(axes), true, float(call.real("eps")), op::MVNEpsMode::INSIDE_SQRT);
    if (!call.isNone("weight")) {
        Integers sides(x.get_shape().size(), 1);
        sides[1] = std::int64_t(x.get_shape()[1]);
        y = make<op::v1::Multiply>(y, reshaped(call.tensor("weight"), sides));
    }
    return {call.isNone("bias") ? y : withBias(y, call.tensor("bias"))};
}

ov::OutputVector layerNorm(const Call& call)
{
    const Output x = call.tensor("input");
    Integers axes;
    for (std::size_t i = 0; i < call.wholes("normalized_shape").size(); ++i)
        axes.push_back(-1 - std::int64_t(i));
    Output y = make<op::v6::MVN>(x, integers(axes), true, float(call.real("eps")), op::MVNEpsMode::INSIDE_SQRT);
    if (!call.isNone("weight"))
        y = make<op::v1::Multiply>(y, call.tensor("weight"));
    if (!call.isNone("bias"))
        y = make<op::v1::Add>(y, call.tensor("bias"));
    return {y};
}

ov::OutputVector linear(const Call& call)
{
    const Output y = make<op::v0::MatMul>(call.tensor("input"), call.tensor("weight"), false, true);
    return {call.isNone("bias") ? y : make<op::v1::Add>(y, call.tensor("bias"))};
}

ov::OutputVector addmm(const Call& call)
{
    const Output product = make<op::v0::MatMul>(call.tensor("mat1"), call.tensor("mat2"));
    return {make<op::v1::Add>(make<op::v1::Multiply>(call.tensor("self"), number(call.real("beta", 1.0))),
                              make<op::v1::Multiply>(product, number(call.real("alpha", 1.0))))};
}

/// `x` times the factor that add and sub know.
Output timesAlpha(const Call& call, const Output& x)
{
    const double alpha = call.real("alpha", 1.0);
    return alpha == 1.0 ? x : make<op::v1::Multiply>(x, number(alpha));
}

ov::OutputVector add(const Call& call)
{
    return {make<op::v1::Add>(call.tensor("self"), timesAlpha(call, call.tensor("other")))};
}

ov::OutputVector subtract(const Call& call)
{
    return {make<op::v1::Subtract>(call.tensor("self"), timesAlpha(call, call.tensor("other")))};
}

ov::OutputVector subtractFrom(const Call& call)
{
    return {make<op::v1::Subtract>(call.tensor("other"), timesAlpha(call, call.tensor("self")))};
}

ov::OutputVector divide(const Call& call)
{
    if (!call.isNone("rounding_mode"))
        call.unsupported("a division that rounds");
    return binary<op::v1::Divide>(call);
}

ov::OutputVector addcmul(const Call& call)
{
    Output product = make<op::v1::Multiply>(call.tensor("tensor1"), call.tensor("tensor2"));
    if (const double value = call.real("value", 1.0); value != 1.0)
        product = make<op::v1::Multiply>(product, number(value));
    return {make<op::v1::Add>(call.tensor("self"), product)};
}

ov::OutputVector power(const Call& call)
{
    return {make<op::v1::Power>(call.tensor("self"), call.tensor("exponent"))};
}

ov::OutputVector square(const Call& call)
{
    const Output x = call.firstTensor();
    return {make<op::v1::Multiply>(x, x)};
}

ov::OutputVector reciprocal(const Call& call)
{
    return {make<op::v1::Divide>(number(1.0), call.firstTensor())};
}

ov::OutputVector reciprocalRoot(const Call& call)
{
    return {make<op::v1::Power>(call.firstTensor(), number(-0.5))};
}

ov::OutputVector logOnePlus(const Call& call)
{
    return {make<op::v0::Log>(make<op::v1::Add>(call.firstTensor(), number(1.0)))};
}

ov::OutputVector lerp(const Call& call)
{
    const Output start = call.tensor("self");
    const Output way = make<op::v1::Subtract>(call.tensor("end"), start);
    return {make<op::v1::Add>(start, make<op::v1::Multiply>(way, call.tensor("weight")))};
}

Output clamped(const Output& x, double low, double high)
{
    if (std::isinf(low))
        return make<op::v1::Minimum>(x, number(high));
    if (std::isinf(high))
        return make<op::v1::Maximum>(x, number(low));
    return make<op::v0::Clamp>(x, low, high);
}

ov::OutputVector clamp(const Call& call)
{
    constexpr double kInfinite = std::numeric_limits<double>::infinity();
    return {clamped(call.firstTensor(), call.real("min", -kInfinite), call.real("max", kInfinite))};
}

ov::OutputVector hardtanh(const Call& call)
{
    return {clamped(call.firstTensor(), call.real("min_val"), call.real("max_val"))};
}

ov::OutputVector relu6(const Call& call)
{
    return {clamped(call.firstTensor(), 0.0, 6.0)};
}

ov::OutputVector leakyRelu(const Call& call)
{
    return {make<op::v0::PRelu>(call.firstTensor(), number(call.real("negative_slope")))};
}

ov::OutputVector gelu(const Call& call)
{
    const bool tanh = call.has("approximate") && call.text("approximate") == "tanh";
    return {make<op::v7::Gelu>(call.firstTensor(),
                               tanh ? op::GeluApproximationMode::TANH : op::GeluApproximationMode::ERF)};
}

ov::OutputVector softmax(const Call& call)
{
    return {make<op::v8::Softmax>(call.firstTensor(), call.whole("dim"))};
}

ov::OutputVector logSoftmax(const Call& call)
{
    return {make<op::v5::LogSoftmax>(call.firstTensor(), call.whole("dim"))};
}

template <class Reduction>
ov::OutputVector reduce(const Call& call)
{
    const Output x = call.firstTensor();
    Integers axes = call.has("dim") ? call.wholes("dim") : Integers{};
    if (axes.empty()) {
        for (std::size_t axis = 0; axis < x.get_shape().size(); ++axis)
            axes.push_back(std::int64_t(axis));
    }
    return {make<Reduction>(x, integers(axes), call.has("keepdim") && call.flag("keepdim"))};
}

ov::OutputVector permute(const Call& call)
{
    Integers order = call.wholes("dims");
    for (std::int64_t& axis : order)
        axis += axis < 0 ? std::int64_t(order.size()) : 0;
    return {make<op::v1::Transpose>(call.firstTensor(), integers(order))};
}

Output swapped(const Output& x, std::int64_t one, std::int64_t other)
{
    Integers order;
    for (std::size_t axis = 0; axis < x.get_shape().size(); ++axis)
        order.push_back(std::int64_t(axis));
    std::swap(order[std::size_t(one)], order[std::size_t(other)]);
    return make<op::v1::Transpose>(x, integers(order));
}

ov::OutputVector transpose(const Call& call)
{
    const Output x = call.firstTensor();
    return {swapped(x, call.dimension("dim0", x), call.dimension("dim1", x))};
}

ov::OutputVector matrixTranspose(const Call& call)
{
    const Output x = call.firstTensor();
    return {x.get_shape().size() < 2 ? x : swapped(x, 0, 1)};
}

ov::OutputVector expand(const Call& call)
{
    return {
        make<op::v3::Broadcast>(call.firstTensor(), integers(call.outputShape()), op::BroadcastType::BIDIRECTIONAL)};
}

ov::OutputVector concatenate(const Call& call)
{
    const auto parts = call.tensors("tensors");
    return {make<op::v0::Concat>(parts, call.dimension("dim", parts.front()))};
}

ov::OutputVector stack(const Call& call)
{
    auto parts = call.tensors("tensors");
    std::int64_t axis = call.whole("dim");
    if (axis < 0)
        axis += std::int64_t(parts.front().get_shape().size()) + 1;
    for (Output& part : parts)
        part = make<op::v0::Unsqueeze>(part, integer(axis));
    return {make<op::v0::Concat>(parts, axis)};
}

Output sliced(const Output& x, std::int64_t axis, std::int64_t start, std::int64_t stop, std::int64_t step = 1)
{
    return make<op::v8::Slice>(x, integers({start}), integers({stop}), integers({step}), integers({axis}));
}

ov::OutputVector slice(const Call& call)
{
    const Output x = call.firstTensor();
    const std::int64_t start = call.isNone("start") ? 0 : call.whole("start");
    const std::int64_t stop = call.isNone("end") ? std::numeric_limits<std::int64_t>::max() : call.whole("end");
    return {sliced(x, call.dimension("dim", x), start, stop, call.whole("step"))};
}

ov::OutputVector narrow(const Call& call)
{
    const Output x = call.firstTensor();
    const std::int64_t axis = call.dimension("dim", x);
    std::int64_t start = call.whole("start");
    if (start < 0)
        start += std::int64_t(x.get_shape()[std::size_t(axis)]);
    return {sliced(x, axis, start, start + call.whole("length"))};
}

ov::OutputVector select(const Call& call)
{
    const Output x = call.firstTensor();
    const std::int64_t axis = call.dimension("dim", x);
    return {make<op::v8::Gather>(x, integer(call.whole("index")), integer(axis))};
}

ov::OutputVector parts(const Output& x, std::int64_t axis, const Integers& lengths)
{
    return std::make_shared<op::v1::VariadicSplit>(x, integer(axis), integers(lengths))->outputs();
}

ov::OutputVector equalParts(const Output& x, std::int64_t axis, std::int64_t length)
{
    Integers lengths;
    for (std::int64_t rest = std::int64_t(x.get_shape()[std::size_t(axis)]); rest > 0; rest -= length)
        lengths.push_back(std::min(rest, length));
    return parts(x, axis, lengths);
}

ov::OutputVector splitSizes(const Call& call)
{
    const Output x = call.firstTensor();
    const char* sizes = call.has("split_sizes") ? "split_sizes" : "split_size";
    return parts(x, call.dimension("dim", x), call.wholes(sizes));
}

ov::OutputVector split(const Call& call)
{
    const Output x = call.firstTensor();
    if (!call.has("split_size") || call.wholes("split_size").size() != 1)
        return splitSizes(call);
    return equalParts(x, call.dimension("dim", x), call.whole("split_size"));
}

ov::OutputVector chunk(const Call& call)
{
    const Output x = call.firstTensor();
    const std::int64_t axis = call.dimension("dim", x);
    const auto side = std::int64_t(x.get_shape()[std::size_t(axis)]);
    const std::int64_t chunks = call.whole("chunks");
    return equalParts(x, axis, (side + chunks - 1) / chunks);
}

/// `pad` counts from the last dimension, two values each.
Output padded(const Call& call, op::PadMode mode, double value)
{
    const Output x = call.firstTensor();
    const char* name = call.has("pad") ? "pad" : "padding";
    const Integers pad = call.wholes(name);
    const std::size_t dimensions = x.get_shape().size();
    Integers before(dimensions, 0);
    Integers after(dimensions, 0);
    for (std::size_t i = 0; i < pad.size() / 2; ++i) {
        before[dimensions - 1 - i] = pad[2 * i];
        after[dimensions - 1 - i] = pad[2 * i + 1];
    }
    // The first version is the one that OpenVINO merges into convolutions; the twelfth also cuts off.
    const bool cuts = std::any_of(pad.begin(), pad.end(), [](std::int64_t side) { return side < 0; });
    return cuts ? make<op::v12::Pad>(x, integers(before), integers(after), number(value), mode)
                : make<op::v1::Pad>(x, integers(before), integers(after), number(value), mode);
}

ov::OutputVector padConstant(const Call& call)
{
    return {padded(call, op::PadMode::CONSTANT, call.real("value", 0.0))};
}

ov::OutputVector padReflecting(const Call& call)
{
    return {padded(call, op::PadMode::REFLECT, 0.0)};
}

ov::OutputVector padRepeating(const Call& call)
{
    return {padded(call, op::PadMode::EDGE, 0.0)};
}

/// The modes of at::padding_mode.
ov::OutputVector padEnum(const Call& call)
{
    switch (call.whole("mode")) {
    case 0:
        return padReflecting(call);
    case 1:
        return padRepeating(call);
    case 3:
        return padConstant(call);
    default:
        call.unsupported("circular padding");
    }
}

ov::OutputVector maxPool(const Call& call)
{
    const Output x = call.firstTensor();
    const std::size_t axes = x.get_shape().size() - 2;
    const auto kernel = call.sides("kernel_size", axes);
    const auto given = call.sides("stride", axes);
    const Integers steps = given.empty() ? kernel : given;
    const auto stride = strides(steps);
    const Integers margin = call.sides("padding", axes);
    const auto padding = shape(margin);
    const Integers dilation = call.sides("dilation", axes);
    const bool up = call.flag("ceil_mode");
    // LibTorch leaves out windows that begin outside; there are none like that without padding and gaps.
    const bool plain =
        margin == Integers(axes, 0) && std::equal(steps.begin(), steps.end(), kernel.begin(), std::less_equal<>());
    // The later versions also write indices, which costs a copy for each pool.
    if (dilation == Integers(axes, 1) && (!up || plain)) {
        return {make<op::v1::MaxPool>(x, stride, padding, padding, shape(kernel),
                                      up ? op::RoundingType::CEIL : op::RoundingType::FLOOR)};
    }
    return {make<op::v14::MaxPool>(x, stride, strides(dilation), padding, padding, shape(kernel),
                                   up ? op::RoundingType::CEIL_TORCH : op::RoundingType::FLOOR)};
}

ov::OutputVector averagePool(const Call& call)
{
    if (!call.isNone("divisor_override"))
        call.unsupported("a divisor of its own");
    const Output x = call.firstTensor();
    const std::size_t axes = x.get_shape().size() - 2;
    const auto kernel = call.sides("kernel_size", axes);
    const auto given = call.sides("stride", axes);
    const auto stride = strides(given.empty() ? kernel : given);
    const auto padding = shape(call.sides("padding", axes));
    const bool withoutPadding = !call.flag("count_include_pad");
    if (!call.flag("ceil_mode"))
        return {make<op::v1::AvgPool>(x, stride, padding, padding, shape(kernel), withoutPadding)};
    return {make<op::v14::AvgPool>(x, stride, padding, padding, shape(kernel), withoutPadding,
                                   op::RoundingType::CEIL_TORCH)};
}

ov::OutputVector adaptiveAveragePool(const Call& call)
{
    const Output x = call.firstTensor();
    const Integers wanted = call.outputShape();
    Integers averaged;
    bool kept = true;
    for (std::size_t axis = 0; axis < wanted.size(); ++axis) {
        const auto side = std::int64_t(x.get_shape()[axis]);
        if (wanted[axis] == 1 && side != 1)
            averaged.push_back(std::int64_t(axis));
        else
            kept = kept && wanted[axis] == side;
    }
    if (kept)
        return {averaged.empty() ? x : make<op::v1::ReduceMean>(x, integers(averaged), true)};
    return {make<op::v8::AdaptiveAvgPool>(x, integers({wanted.begin() + 2, wanted.end()}))};
}

using Interpolate = op::v11::Interpolate;

Output interpolated(const Call& call, Interpolate::InterpolateMode mode,
                    Interpolate::CoordinateTransformMode coordinates)
{
    const Output x = call.firstTensor();
    const Integers wanted = call.outputShape();
    Integers sizes;
    Integers axes;
    for (std::size_t axis = 2; axis < wanted.size(); ++axis) {
        sizes.push_back(wanted[axis]);
        axes.push_back(std::int64_t(axis));
    }
    // LibTorch steps by the factor that was given, OpenVINO by the ratio of the sides.
    std::vector<double> factors;
    if (call.has("scale_factors") && !call.isNone("scale_factors"))
        factors = call.reals("scale_factors");
    else if (!call.isNone("scales_h") && !call.isNone("scales_w"))
        factors = {call.real("scales_h"), call.real("scales_w")};
    if (coordinates != Interpolate::CoordinateTransformMode::ALIGN_CORNERS) {
        for (std::size_t i = 0; i < factors.size(); ++i) {
            if (std::abs(factors[i] * double(x.get_shape()[i + 2]) - double(sizes[i])) > 1e-6)
                call.unsupported("a scale factor that does not give whole sides");
        }
    }
    Interpolate::InterpolateAttrs attributes;
    attributes.mode = mode;
    attributes.shape_calculation_mode = Interpolate::ShapeCalcMode::SIZES;
    attributes.coordinate_transformation_mode = coordinates;
    attributes.nearest_mode = Interpolate::NearestMode::FLOOR;
    return make<Interpolate>(x, integers(sizes), integers(axes), attributes);
}

template <Interpolate::InterpolateMode mode>
ov::OutputVector interpolate(const Call& call)
{
    return {interpolated(call, mode,
                         call.flag("align_corners") ? Interpolate::CoordinateTransformMode::ALIGN_CORNERS
                                                    : Interpolate::CoordinateTransformMode::HALF_PIXEL)};
}

ov::OutputVector interpolateNearest(const Call& call)
{
    return {
        interpolated(call, Interpolate::InterpolateMode::NEAREST, Interpolate::CoordinateTransformMode::ASYMMETRIC)};
}

ov::OutputVector sampleGrid(const Call& call)
{
    using Sample = op::v9::GridSample;
    // By LibTorch's numbers.
    constexpr Sample::InterpolationMode kModes[] = {
        Sample::InterpolationMode::BILINEAR, Sample::InterpolationMode::NEAREST, Sample::InterpolationMode::BICUBIC};
    constexpr Sample::PaddingMode kPaddings[] = {Sample::PaddingMode::ZEROS, Sample::PaddingMode::BORDER,
                                                 Sample::PaddingMode::REFLECTION};
    const Sample::Attributes attributes(call.flag("align_corners"), kModes[call.whole("interpolation_mode")],
                                        kPaddings[call.whole("padding_mode")]);
    return {make<Sample>(call.tensor("input"), call.tensor("grid"), attributes)};
}

/// What is under each place of the kernel, as channels.
ov::OutputVector unfold(const Call& call)
{
    const Integers kernel = call.sides("kernel_size", 2);
    const Integers dilation = call.sides("dilation", 2);
    const Integers padding = call.sides("padding", 2);
    const Integers stride = call.sides("stride", 2);
    const Integers border{0, 0, padding[0], padding[1]};
    const Output x =
        make<op::v1::Pad>(call.firstTensor(), integers(border), integers(border), number(0.0), op::PadMode::CONSTANT);
    const auto under = [&](const Output& y, std::size_t axis, std::int64_t place) {
        const auto side = std::int64_t(y.get_shape()[axis + 2]);
        const std::int64_t start = place * dilation[axis];
        const std::int64_t stop = side - (kernel[axis] - 1 - place) * dilation[axis];
        return sliced(y, std::int64_t(axis) + 2, start, stop, stride[axis]);
    };
    ov::OutputVector places;
    for (std::int64_t row = 0; row < kernel[0]; ++row) {
        const Output rows = under(x, 0, row);
        for (std::int64_t column = 0; column < kernel[1]; ++column)
            places.push_back(make<op::v0::Unsqueeze>(under(rows, 1, column), integer(2)));
    }
    return {reshaped(make<op::v0::Concat>(places, 2), call.outputShape())};
}

ov::OutputVector pixelShuffle(const Call& call)
{
    return {make<op::v0::DepthToSpace>(call.firstTensor(), op::v0::DepthToSpace::DepthToSpaceMode::DEPTH_FIRST,
                                       std::size_t(call.whole("upscale_factor")))};
}

ov::OutputVector dropout(const Call& call)
{
    if (call.flag("train"))
        call.unsupported("dropout in training mode");
    return same(call);
}

/// A tensor of one value.
ov::OutputVector filled(const Call& call)
{
    return {constant(torch::full(call.outputShape(), call.has("fill_value") ? call.real("fill_value") : 0.0))};
}

ov::OutputVector ones(const Call& call)
{
    return {constant(torch::ones(call.outputShape()))};
}

ov::OutputVector matrixProduct(const Call& call)
{
    return {make<op::v0::MatMul>(call.firstTensor(), call.tensor(call.has("mat2") ? "mat2" : "other"))};
}

/// Names without "aten::", without the _ in front and that of operators that work in place.
const std::unordered_map<std::string, Translation>& translations()
{
    static const std::unordered_map<std::string, Translation> kTable{
        {"conv1d", convolution},
        {"conv2d", convolution},
        {"conv3d", convolution},
        {"convolution", convolution},
        {"batch_norm", batchNorm},
        {"instance_norm", instanceNorm},
        {"layer_norm", layerNorm},
        {"linear", linear},
        {"matmul", matrixProduct},
        {"mm", matrixProduct},
        {"bmm", matrixProduct},
        {"addmm", addmm},
        {"add", add},
        {"sub", subtract},
        {"rsub", subtractFrom},
        {"mul", binary<op::v1::Multiply>},
        {"div", divide},
        {"addcmul", addcmul},
        {"lerp", lerp},
        {"maximum", binary<op::v1::Maximum>},
        {"minimum", binary<op::v1::Minimum>},
        {"pow", power},
        {"square", square},
        {"sqrt", unary<op::v0::Sqrt>},
        {"rsqrt", reciprocalRoot},
        {"reciprocal", reciprocal},
        {"abs", unary<op::v0::Abs>},
        {"neg", unary<op::v0::Negative>},
        {"exp", unary<op::v0::Exp>},
        {"log", unary<op::v0::Log>},
        {"log1p", logOnePlus},
        {"relu", unary<op::v0::Relu>},
        {"relu6", relu6},
        {"hardtanh", hardtanh},
        {"clamp", clamp},
        {"clamp_min", clamp},
        {"clamp_max", clamp},
        {"leaky_relu", leakyRelu},
        {"hardswish", unary<op::v4::HSwish>},
        {"hardsigmoid", unary<op::v5::HSigmoid>},
        {"silu", unary<op::v4::Swish>},
        {"gelu", gelu},
        {"sigmoid", unary<op::v0::Sigmoid>},
        {"tanh", unary<op::v0::Tanh>},
        {"softmax", softmax},
        {"log_softmax", logSoftmax},
        {"mean", reduce<op::v1::ReduceMean>},
        {"sum", reduce<op::v1::ReduceSum>},
        {"amax", reduce<op::v1::ReduceMax>},
        {"amin", reduce<op::v1::ReduceMin>},
        {"max_pool1d", maxPool},
        {"max_pool2d", maxPool},
        {"avg_pool2d", averagePool},
        {"adaptive_avg_pool2d", adaptiveAveragePool},
        {"upsample_bilinear2d", interpolate<Interpolate::InterpolateMode::LINEAR_ONNX>},
        {"upsample_bicubic2d", interpolate<Interpolate::InterpolateMode::CUBIC>},
        {"upsample_nearest2d", interpolateNearest},
        {"grid_sampler", sampleGrid},
        {"im2col", unfold},
        {"pixel_shuffle", pixelShuffle},
        {"constant_pad_nd", padConstant},
        {"reflection_pad2d", padReflecting},
        {"replication_pad2d", padRepeating},
        {"pad_enum", padEnum},
        {"cat", concatenate},
        {"stack", stack},
        {"split", split},
        {"split_with_sizes", splitSizes},
        {"chunk", chunk},
        {"slice", slice},
        {"narrow", narrow},
        {"select", select},
        {"permute", permute},
        {"transpose", transpose},
        {"t", matrixTranspose},
        {"expand", expand},
        {"expand_as", expand},
        {"reshape", reshape},
        {"view", reshape},
        {"flatten", reshape},
        {"unflatten", reshape},
        {"squeeze", reshape},
        {"unsqueeze", reshape},
        {"reshape_as", reshape},
        {"view_as", reshape},
        {"full_like", filled},
        {"zeros_like", filled},
        {"ones_like", ones},
        {"contiguous", same},
        {"clone", same},
        {"detach", same},
        {"alias", same},
        {"to", same},
        {"type_as", same},
        {"dropout", dropout},
        {"feature_dropout", dropout},
    };
    return kTable;
}

std::string tableName(const jit::Node& node)
{
    std::string name = node.kind().toUnqualString();
    if (!name.empty() && name.back() == '_')
        name.pop_back();
    return name.substr(name.find_first_not_of('_'));
}

bool isEmptyTensor(const jit::Node& node)
{
    const std::string name = tableName(node);
    return name.rfind("empty", 0) == 0 || name.rfind("new_empty", 0) == 0;
}

/// Memory that is written to without an operator would become a constant of chance values.
void refuseUnseenValues(const jit::Graph& graph)
{
    for (const jit::Node* node : graph.nodes()) {
        if (!isEmptyTensor(*node))
            continue;
        for (const auto& use : node->output(0)->uses()) {
            const std::string user = tableName(*use.user);
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

/// What LibTorch executes, with the weights as constants. Inputs and outputs in the order of the names.
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

class GraphTranslator
{
public:
    GraphTranslator(const jit::Graph& graph, const NamedTensors& examples, const std::vector<std::string>& outputNames)
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
        const std::string name = tableName(node);
        const auto entry = translations().find(name);
        if (!kind.is_aten() || entry == translations().end()) {
            throw Error(ErrorKind::Internal,
                        QCoreApplication::translate("core", "OpenVINO cannot run %1: this operator has no translation.")
                            .arg(call.description()),
                        QCoreApplication::translate("core", "Use the engine libtorch."));
        }
        ov::OutputVector outputs = entry->second(call);
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
        if (wanted && shape(*wanted) != outputs.front().get_shape()) {
            throw Error(ErrorKind::Internal,
                        QCoreApplication::translate("core", "The translation of %1 gives %2 instead of %3.")
                            .arg(call.description(), shapeText(outputs.front().get_shape()), shapeText(shape(*wanted))),
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

std::shared_ptr<ov::Model> translate(const TensorFunction& network, const NamedTensors& examples)
{
    try {
        const c10::InferenceMode normal(false); // constants that are inference tensors cannot be traced
        const torch::NoGradGuard noGrad;
        std::vector<std::string> outputNames;
        const auto graph = trace(network, examples, outputNames);
        return GraphTranslator(*graph, examples, outputNames).model();
    } catch (...) {
        throw currentError(QCoreApplication::translate("core", "translating the network for OpenVINO"));
    }
}

} // namespace lynceus
