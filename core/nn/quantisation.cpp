// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/quantisation.h"

#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/nn/openvino_network.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>

#include <openvino/core/model.hpp>
#include <openvino/op/ops.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

namespace lynceus {

namespace {

namespace op = ov::op;
using Output = ov::Output<ov::Node>;

constexpr std::int64_t kValuesPerInput = 16'384; ///< of an activation that are looked at, spread evenly
constexpr std::size_t kMostMeasured = 8;         ///< calibration inputs that errors and mean shifts are measured on
constexpr double kLeastRange = 1e-6;

/// Processors without VNNI add two 8-bit products in 16 bits, which 2 x 255 x 127 exceeds: only half of the codes of a
/// weight are used there, 2 x 255 x 64.
double weightRoom()
{
#ifdef __x86_64__
    static const bool exact = __builtin_cpu_supports("avx512vnni") || __builtin_cpu_supports("avxvnni");
    return exact ? 1.0 : 127.0 / 64.0;
#else
    return 1.0;
#endif
}

/// What activations are rounded to: 0..high in 255 steps, or -high..high in 254.
struct Range
{
    double high = 1.0;
    bool isSigned = false;
};

Output scalar(double value)
{
    return op::v0::Constant::create(ov::element::f32, ov::Shape{}, {float(value)})->output(0);
}

Output constant(const torch::Tensor& tensor)
{
    const auto values = tensor.to(torch::kFloat).contiguous();
    const ov::Shape shape(values.sizes().begin(), values.sizes().end());
    return std::make_shared<op::v0::Constant>(ov::element::f32, shape, values.data_ptr<float>())->output(0);
}

torch::Tensor tensorOfConstant(const op::v0::Constant& node)
{
    const ov::Shape& shape = node.get_shape();
    return torch::tensor(node.cast_vector<float>(), torch::kFloat)
        .view(std::vector<std::int64_t>(shape.begin(), shape.end()));
}

Output fakeQuantised(const Output& x, const Range& range)
{
    const double low = range.isSigned ? -range.high * 128.0 / 127.0 : 0.0;
    const auto node = std::make_shared<op::v0::FakeQuantize>(x, scalar(low), scalar(range.high), scalar(low),
                                                             scalar(range.high), 256);
    node->set_friendly_name(x.get_node()->get_friendly_name() + "_int8");
    return node->output(0);
}

/// A convolution or matrix product whose weights are constant.
struct Product
{
    std::shared_ptr<ov::Node> node;

    static bool is(const std::shared_ptr<ov::Node>& node)
    {
        const bool kind = ov::is_type<op::v1::Convolution>(node) || ov::is_type<op::v1::GroupConvolution>(node) ||
                          ov::is_type<op::v0::MatMul>(node);
        return kind && ov::is_type<op::v0::Constant>(node->get_input_node_shared_ptr(1));
    }
    const std::string& name() const { return node->get_friendly_name(); }
    /// Where rounding comes in: before a border of zeros, which stays zero and which OpenVINO then merges with the
    /// convolution.
    ov::Input<ov::Node> entry() const
    {
        const auto border = ov::as_type_ptr<op::v1::Pad>(node->get_input_node_shared_ptr(0));
        if (!border || border->get_pad_mode() != op::PadMode::CONSTANT)
            return node->input(0);
        const auto value = ov::as_type_ptr<op::v0::Constant>(border->get_input_node_shared_ptr(3));
        return value && value->cast_vector<float>() == std::vector<float>{0.0F} ? border->input(0) : node->input(0);
    }
    bool isMatrix() const { return ov::is_type<op::v0::MatMul>(node); }
    std::int64_t channelAxis() const { return isMatrix() ? std::int64_t(node->get_shape().size()) - 1 : 1; }

    /// Weights rounded to -127..127 for each output channel, or to half of that (weightRoom()).
    Output roundedWeight() const
    {
        const auto values = ov::as_type_ptr<op::v0::Constant>(node->get_input_node_shared_ptr(1));
        const torch::Tensor weight = tensorOfConstant(*values);
        std::vector<std::int64_t> within;
        for (std::int64_t axis = 0; axis < weight.dim(); ++axis) {
            const auto* matrix = ov::as_type<op::v0::MatMul>(node.get());
            const bool isChannel = matrix ? axis == weight.dim() - (matrix->get_transpose_b() ? 2 : 1)
                                          : axis < (ov::is_type<op::v1::GroupConvolution>(node) ? 2 : 1);
            if (!isChannel)
                within.push_back(axis);
        }
        const auto high = weightRoom() * weight.abs().amax(within, true).clamp_min(kLeastRange);
        return std::make_shared<op::v0::FakeQuantize>(values, constant(-high), constant(high), constant(-high),
                                                      constant(high), 255)
            ->output(0);
    }
};

std::vector<Product> productsOf(const ov::Model& model)
{
    std::vector<Product> products;
    for (const auto& node : model.get_ordered_ops()) {
        if (Product::is(node))
            products.push_back({node});
    }
    return products;
}

/// A tensor's name within the model, the same in its copies.
std::string keyOf(const Output& output)
{
    return output.get_node()->get_friendly_name() + ':' + std::to_string(output.get_index());
}

/// The values of an activation, a sample of them from each calibration input.
class Values
{
public:
    void add(const torch::Tensor& tensor)
    {
        const auto flat = tensor.flatten();
        m_low = std::min(m_low, flat.min().item<double>());
        m_high = std::max(m_high, flat.max().item<double>());
        const std::int64_t step = std::max<std::int64_t>(1, flat.numel() / kValuesPerInput) | 1;
        m_samples.push_back(flat.slice(0, 0, flat.numel(), step).clone());
    }

    /// The range of the least squared error. Cutting off the rarest values makes all others finer.
    Range range() const
    {
        Range best;
        best.isSigned = m_low < 0.0;
        const double widest = std::max({m_high, -m_low, kLeastRange});
        const auto values = torch::cat(m_samples);
        double least = std::numeric_limits<double>::infinity();
        for (int percent = 100; percent >= 20; percent -= 4) {
            const double high = widest * percent / 100.0;
            const double step = high / (best.isSigned ? 127.0 : 255.0);
            const auto rounded = (values / step).round_().clamp_(best.isSigned ? -128.0 : 0.0, high / step).mul_(step);
            const double error = (rounded - values).square_().mean().item<double>();
            if (error < least) {
                least = error;
                best.high = high;
            }
        }
        return best;
    }

private:
    double m_low = 0.0;
    double m_high = 0.0;
    std::vector<torch::Tensor> m_samples;
};

double relativeError(const NamedTensors& wanted, const NamedTensors& got)
{
    double worst = 0.0;
    for (const auto& [name, want] : wanted) {
        const auto difference = tensorOf(got, name) - want;
        const double size = want.square().mean().item<double>();
        worst = std::max(worst, std::sqrt(difference.square().mean().item<double>() / std::max(size, 1e-20)));
    }
    return worst;
}

/// Runs a model in single precision, or as it is quantised.
class Runner
{
public:
    explicit Runner(std::shared_ptr<ov::Model> model, Engine engine = Engine::OpenVinoFp32)
    {
        CompileOptions options;
        options.engine = engine;
        m_network = std::make_unique<OpenVinoNetwork>(std::move(model), options);
    }
    NamedTensors operator()(const NamedTensors& inputs) { return m_network->run(inputs); }

private:
    std::unique_ptr<OpenVinoNetwork> m_network;
};

void addResult(ov::Model& model, const Output& output, const std::string& name)
{
    // Times 1, because OpenVINO leaves the given memory of an output alone whose tensor is an input, too.
    const auto result =
        std::make_shared<op::v0::Result>(std::make_shared<op::v1::Multiply>(output, scalar(1.0))->output(0));
    result->set_friendly_name(name);
    model.add_results({result});
}

class Quantiser
{
public:
    Quantiser(const ov::Model& model, const Int8Options& options)
        : m_model(model)
        , m_options(options)
        , m_measured(std::min(kMostMeasured, options.calibration.size()))
    {
        findRanges();
        findShifts();
    }

    /// All but `kept`.
    std::shared_ptr<ov::Model> build(const std::set<std::string>& kept) const
    {
        const auto copy = m_model.clone();
        std::map<std::string, Output> rounded;
        for (const Product& product : productsOf(*copy)) {
            if (kept.count(product.name()))
                continue;
            round(product, rounded);
            correct(product);
        }
        copy->validate_nodes_and_infer_types();
        return copy;
    }

    double error(const std::set<std::string>& kept) const
    {
        Runner runner(build(kept), Engine::OpenVinoInt8);
        double worst = 0.0;
        for (std::size_t i = 0; i < m_measured; ++i) {
            m_options.cancel.throwIfCancelled();
            const NamedTensors got = runner(m_options.calibration[i]);
            worst =
                std::max(worst, m_options.error ? m_options.error(m_wanted[i], got) : relativeError(m_wanted[i], got));
        }
        return worst;
    }

    std::vector<std::string> names() const
    {
        std::vector<std::string> names;
        for (const Product& product : productsOf(m_model))
            names.push_back(product.name());
        return names;
    }

private:
    /// The activations in front of products, as they are in single precision.
    void findRanges()
    {
        const auto copy = m_model.clone();
        std::map<std::string, Values> values;
        for (const Product& product : productsOf(*copy)) {
            const Output source = product.entry().get_source_output();
            if (values.try_emplace(keyOf(source)).second)
                addResult(*copy, source, keyOf(source));
        }
        const auto outputs = m_model.get_results().size();
        Runner runner(copy);
        for (const NamedTensors& inputs : m_options.calibration) {
            const NamedTensors got = runner(inputs);
            for (auto& [key, entry] : values)
                entry.add(tensorOf(got, key));
            if (m_wanted.size() < m_measured) {
                m_wanted.emplace_back();
                for (std::size_t i = 0; i < outputs; ++i)
                    m_wanted.back().emplace_back(got[i].first, got[i].second.clone());
            }
        }
        for (const auto& [key, entry] : values)
            m_ranges[key] = entry.range();
    }

    /// How far rounding moves the mean of each output channel.
    void findShifts()
    {
        const auto copy = m_model.clone();
        std::vector<std::string> names;
        for (const Product& product : productsOf(*copy)) {
            const auto entry = product.entry();
            const Output source = entry.get_source_output();
            Output input = fakeQuantised(source, m_ranges.at(keyOf(source)));
            if (ov::Node* border = entry.get_node(); border != product.node.get()) {
                ov::OutputVector inputs = border->input_values();
                inputs[0] = input;
                input = border->clone_with_new_inputs(inputs)->output(0);
            }
            const auto twin = product.node->clone_with_new_inputs({input, product.roundedWeight()});
            twin->set_friendly_name(product.name() + "_twin");
            std::vector<std::int64_t> axes;
            for (std::int64_t axis = 0; axis < std::int64_t(twin->get_shape().size()); ++axis) {
                if (axis != product.channelAxis())
                    axes.push_back(axis);
            }
            const auto difference = std::make_shared<op::v1::Subtract>(product.node, twin);
            const auto mean = std::make_shared<op::v1::ReduceMean>(
                difference, op::v0::Constant::create(ov::element::i64, ov::Shape{axes.size()}, axes), true);
            addResult(*copy, mean->output(0), product.name() + "_shift");
            names.push_back(product.name());
        }
        Runner runner(copy);
        for (std::size_t i = 0; i < m_measured; ++i) {
            const NamedTensors got = runner(m_options.calibration[i]);
            for (const std::string& name : names) {
                const auto share = tensorOf(got, name + "_shift") / double(m_measured);
                auto& shift = m_shifts[name];
                shift = shift.defined() ? shift + share : share;
            }
        }
    }

    void round(const Product& product, std::map<std::string, Output>& rounded) const
    {
        auto entry = product.entry();
        const Output source = entry.get_source_output();
        product.node->input(1).replace_source_output(product.roundedWeight());
        if (ov::is_type<op::v0::FakeQuantize>(source.get_node())) // two products behind one border
            return;
        const std::string key = keyOf(source);
        auto known = rounded.find(key);
        if (known == rounded.end())
            known = rounded.emplace(key, fakeQuantised(source, m_ranges.at(key))).first;
        entry.replace_source_output(known->second);
    }

    void correct(const Product& product) const
    {
        const auto users = product.node->output(0).get_target_inputs();
        const auto sum = std::make_shared<op::v1::Add>(product.node, constant(m_shifts.at(product.name())));
        for (auto user : users)
            user.replace_source_output(sum->output(0));
    }

    const ov::Model& m_model;
    const Int8Options& m_options;
    std::size_t m_measured;
    std::map<std::string, Range> m_ranges;         ///< by keyOf()
    std::map<std::string, torch::Tensor> m_shifts; ///< by product
    std::vector<NamedTensors> m_wanted;
};

/// Puts products back into single precision, those first that hurt most on their own, until the error is small enough
/// or the time is over.
void search(const Quantiser& quantiser, const Int8Options& options, std::set<std::string>& kept, double& error)
{
    const Stopwatch watch;
    const double limitMs = 1000.0 * options.searchSeconds;
    error = quantiser.error(kept);
    if (error <= options.wantedError)
        return;
    const auto names = quantiser.names();
    const std::set<std::string> all(names.begin(), names.end());
    std::vector<std::pair<double, std::string>> harm;
    for (const std::string& name : names) {
        if (kept.count(name))
            continue;
        if (watch.ms() > 0.7 * limitMs)
            break;
        std::set<std::string> others = all;
        others.erase(name);
        harm.emplace_back(quantiser.error(others), name);
    }
    std::sort(harm.rbegin(), harm.rend());
    for (const auto& [alone, name] : harm) {
        if (error <= options.wantedError || watch.ms() > limitMs)
            return;
        std::set<std::string> more = kept;
        more.insert(name);
        const double left = quantiser.error(more);
        if (left < error) {
            error = left;
            kept = more;
        }
    }
}

} // namespace

std::shared_ptr<ov::Model> quantise(const ov::Model& model, const Int8Options& options, Int8Report& report)
{
    if (options.calibration.empty()) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "The engine openvino-int8 needs images to calibrate with."),
                    QCoreApplication::translate("core", "Give it some good images, or use another engine."));
    }
    const torch::NoGradGuard noGrad;
    const Quantiser quantiser(model, options);
    std::set<std::string> kept(options.keepFloat.begin(), options.keepFloat.end());
    report = {};
    report.error = -1.0;
    if (options.searchSeconds > 0.0)
        search(quantiser, options, kept, report.error);
    for (const std::string& name : quantiser.names())
        (kept.count(name) ? report.kept : report.quantised).push_back(name);
    return quantiser.build(kept);
}

} // namespace lynceus
