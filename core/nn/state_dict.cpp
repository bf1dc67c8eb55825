// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/state_dict.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QStringList>

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <sstream>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr std::int64_t kHalfMinElements = 1024;

constexpr std::pair<DType, torch::ScalarType> kTypes[] = {
    {DType::F64, torch::kDouble}, {DType::F32, torch::kFloat},     {DType::F16, torch::kHalf},
    {DType::I64, torch::kLong},   {DType::BF16, torch::kBFloat16}, {DType::I32, torch::kInt},
    {DType::U8, torch::kByte},    {DType::I8, torch::kChar},       {DType::Bool, torch::kBool},
};

torch::ScalarType toTorch(DType type)
{
    return std::find_if(std::begin(kTypes), std::end(kTypes), [&](const auto& pair) { return pair.first == type; })
        ->second;
}

DType toDType(torch::ScalarType type)
{
    for (const auto& [ours, theirs] : kTypes) {
        if (theirs == type)
            return ours;
    }
    throw Error(ErrorKind::Internal, QCoreApplication::translate("core", "Tensors of type %1 cannot be stored.")
                                         .arg(QLatin1String(c10::toString(type))));
}

bool endsWith(const std::string& text, const std::string& suffix)
{
    return text.size() >= suffix.size() && text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

bool startsWithAny(const std::string& text, const std::vector<std::string>& prefixes)
{
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](const std::string& prefix) { return text.rfind(prefix, 0) == 0; });
}

QString shapeText(const torch::Tensor& tensor)
{
    std::ostringstream text;
    text << tensor.sizes();
    return QString::fromStdString(text.str());
}

QStringList faultsOf(const StateDict& own, const StateDict& values, const LoadTolerance& tolerance)
{
    QStringList faults;
    for (const auto& [key, tensor] : own) {
        const QString name = QString::fromStdString(key);
        const auto value = values.find(key);
        if (value == values.end()) {
            if (!endsWith(key, "num_batches_tracked") && !startsWithAny(key, tolerance.missing))
                faults += QCoreApplication::translate("core", "%1 is missing").arg(name);
        } else if (value->second.sizes() != tensor.sizes()) {
            faults += QCoreApplication::translate("core", "%1 has the shape %2 instead of %3")
                          .arg(name, shapeText(value->second), shapeText(tensor));
        } else if (value->second.is_floating_point() != tensor.is_floating_point()) {
            faults += QCoreApplication::translate("core", "%1 has another type of numbers").arg(name);
        }
    }
    for (const auto& [key, value] : values) {
        if (own.count(key) == 0 && !startsWithAny(key, tolerance.unexpected))
            faults += QCoreApplication::translate("core", "%1 is not known").arg(QString::fromStdString(key));
    }
    return faults;
}

std::uint32_t fnv1a(const std::string& key)
{
    std::uint32_t hash = 2166136261u;
    for (const char c : key)
        hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
    return hash;
}

/// u(key, i) of methods.md 0.3, with the hash of the key computed once.
double uniformAt(std::uint32_t keyHash, std::int64_t index)
{
    std::uint32_t x = std::uint32_t(index) * 2654435761u + keyHash;
    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    x *= 3266489917u;
    x ^= x >> 16;
    return x / 4294967296.0;
}

/// A float32 tensor whose elements are low + (high - low) * u(key, i).
torch::Tensor formulaTensor(const std::string& key, torch::IntArrayRef shape, double low, double high)
{
    torch::Tensor tensor = torch::empty(shape, torch::kFloat);
    auto* values = tensor.data_ptr<float>();
    const std::uint32_t hash = fnv1a(key);
    for (std::int64_t i = 0; i < tensor.numel(); ++i)
        values[i] = float(low + (high - low) * uniformAt(hash, i));
    return tensor;
}

} // namespace

StateDict stateDict(const torch::nn::Module& module)
{
    StateDict state;
    for (const auto& item : module.named_parameters())
        state.emplace(item.key(), item.value());
    for (const auto& item : module.named_buffers())
        state.emplace(item.key(), item.value());
    return state;
}

torch::Tensor readTensor(const SafetensorsFile& file, const std::string& name)
{
    const TensorView& view = file.view(name);
    // A byte of a damaged Bool tensor may be anything, which a C++ bool must not be.
    const torch::ScalarType type = view.dtype == DType::Bool ? torch::kByte : toTorch(view.dtype);
    torch::Tensor tensor = torch::empty(view.shape, type);
    if (view.bytes > 0)
        std::memcpy(tensor.data_ptr(), view.data, view.bytes);
    if (view.dtype == DType::Bool)
        return tensor.ne(0);
    return type == torch::kHalf || type == torch::kBFloat16 ? tensor.to(torch::kFloat) : tensor;
}

StateDict readStateDict(const SafetensorsFile& file, const std::string& prefix)
{
    StateDict state;
    for (const std::string& name : file.names()) {
        if (startsWithAny(name, {prefix}))
            state.emplace(name.substr(prefix.size()), readTensor(file, name));
    }
    return state;
}

void requireFinite(const StateDict& values, const QString& source)
{
    for (const auto& [name, tensor] : values) {
        if (!tensor.is_floating_point())
            continue;
        const auto plain = tensor.to(torch::kCPU, torch::kFloat).contiguous();
        const float* begin = plain.data_ptr<float>();
        if (std::all_of(begin, begin + plain.numel(), [](float value) { return std::isfinite(value); }))
            continue;
        throw Error(ErrorKind::Model,
                    QCoreApplication::translate("core", "%1 is damaged: %2 holds values that are not finite.")
                        .arg(source, QString::fromStdString(name)),
                    QCoreApplication::translate("core", "Copy the file again, or train again."));
    }
}

void loadState(torch::nn::Module& module, const StateDict& values, const QString& source,
               const LoadTolerance& tolerance)
{
    StateDict own = stateDict(module);
    const QStringList faults = faultsOf(own, values, tolerance);
    if (!faults.isEmpty()) {
        throw Error(
            ErrorKind::Model,
            QCoreApplication::translate("core", "%1 does not fit this network: %2.").arg(source, faults.join(u"; "_s)),
            QCoreApplication::translate("core", "Choose weights that were made for it."));
    }
    const torch::NoGradGuard noGrad;
    for (auto& [key, tensor] : own) {
        const auto value = values.find(key);
        if (value != values.end())
            tensor.copy_(value->second);
    }
}

std::vector<NamedTensor> viewsOf(const StateDict& values, std::vector<torch::Tensor>& storage, bool half)
{
    std::vector<NamedTensor> views;
    for (const auto& [key, value] : values) {
        torch::Tensor tensor = value.detach().to(torch::kCPU);
        if (half && tensor.is_floating_point() && tensor.numel() > kHalfMinElements)
            tensor = tensor.to(torch::kHalf);
        tensor = tensor.contiguous();
        storage.push_back(tensor);
        views.push_back({key,
                         {toDType(tensor.scalar_type()), tensor.sizes().vec(),
                          static_cast<const unsigned char*>(tensor.data_ptr()), tensor.nbytes()}});
    }
    return views;
}

void formulaFill(torch::nn::Module& module, const std::string& prefix)
{
    const torch::NoGradGuard noGrad;
    for (auto& [name, tensor] : stateDict(module)) {
        const std::string key = prefix + name;
        double low = 0.0;
        double high = 0.0;
        if (endsWith(key, "running_var") || (tensor.dim() == 1 && endsWith(key, ".weight"))) {
            low = 0.75;
            high = 1.25;
        } else if (endsWith(key, "running_mean") || (tensor.dim() == 1 && endsWith(key, ".bias"))) {
            low = -0.1;
            high = 0.1;
        } else if (tensor.dim() >= 2) {
            high = std::sqrt(6.0 / double(tensor.numel() / tensor.size(0)));
            low = -high;
        } else {
            continue;
        }
        tensor.copy_(formulaTensor(key, tensor.sizes(), low, high));
    }
}

torch::Tensor formulaInput(const std::string& key, const std::vector<std::int64_t>& shape)
{
    return formulaTensor(key, shape, -1.0, 1.0);
}

} // namespace lynceus
