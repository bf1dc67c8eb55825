// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/graph_operators.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace lynceus::graph {

namespace {

ov::OutputVector same(const Call& call)
{
    return {call.firstTensor()};
}

/// View, flatten, squeeze and the like: the result's shape says it all.
ov::OutputVector reshape(const Call& call)
{
    return {reshaped(call.firstTensor(), call.outputShape())};
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

} // namespace

const Translations& arrangingOperators()
{
    static const Translations kTable{
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

} // namespace lynceus::graph
