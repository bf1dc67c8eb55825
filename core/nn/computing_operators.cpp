// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/graph_operators.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace lynceus::graph {

namespace {

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

ov::CoordinateDiff differences(const Integers& values)
{
    return {values.begin(), values.end()};
}

ov::Strides strides(const Integers& values)
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
        weight = values ? make<op::v0::Constant>(*values, shapeOf(grouped)) : reshaped(weight, grouped);
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

ov::OutputVector maxPool(const Call& call)
{
    const Output x = call.firstTensor();
    const std::size_t axes = x.get_shape().size() - 2;
    const auto kernel = call.sides("kernel_size", axes);
    const auto given = call.sides("stride", axes);
    const Integers steps = given.empty() ? kernel : given;
    const auto stride = strides(steps);
    const Integers margin = call.sides("padding", axes);
    const auto padding = shapeOf(margin);
    const Integers dilation = call.sides("dilation", axes);
    const bool up = call.flag("ceil_mode");
    // LibTorch leaves out windows that begin outside; there are none like that without padding and gaps.
    const bool plain =
        margin == Integers(axes, 0) && std::equal(steps.begin(), steps.end(), kernel.begin(), std::less_equal<>());
    // The later versions also write indices, which costs a copy for each pool.
    if (dilation == Integers(axes, 1) && (!up || plain)) {
        return {make<op::v1::MaxPool>(x, stride, padding, padding, shapeOf(kernel),
                                      up ? op::RoundingType::CEIL : op::RoundingType::FLOOR)};
    }
    return {make<op::v14::MaxPool>(x, stride, strides(dilation), padding, padding, shapeOf(kernel),
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
    const auto padding = shapeOf(call.sides("padding", axes));
    const bool withoutPadding = !call.flag("count_include_pad");
    if (!call.flag("ceil_mode"))
        return {make<op::v1::AvgPool>(x, stride, padding, padding, shapeOf(kernel), withoutPadding)};
    return {make<op::v14::AvgPool>(x, stride, padding, padding, shapeOf(kernel), withoutPadding,
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

ov::OutputVector matrixProduct(const Call& call)
{
    return {make<op::v0::MatMul>(call.firstTensor(), call.tensor(call.has("mat2") ? "mat2" : "other"))};
}

} // namespace

const Translations& computingOperators()
{
    static const Translations kTable{
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
    };
    return kTable;
}

} // namespace lynceus::graph
