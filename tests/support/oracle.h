// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/state_dict.h"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QRegularExpression>
#include <QtTest/QTest>

#include <torch/types.h>

#include <cmath>
#include <map>

/// Oracle files: inputs and outputs of reference implementations, in LYNCEUS_ORACLES or beside the source tree.
/// Tests take every file of their kind, and skip by name when there is none.
namespace lynceus::oracle {

inline QString folder()
{
    const QString given = qEnvironmentVariable("LYNCEUS_ORACLES");
    return given.isEmpty() ? QStringLiteral(LYNCEUS_SOURCE_DIR "/../shared/oracles") : given;
}

/// Paths of all `kind`*.safetensors.
inline QStringList files(const QString& kind)
{
    QStringList paths;
    const QDir dir(folder());
    for (const QString& name : dir.entryList({kind + QStringLiteral("*.safetensors")}, QDir::Files, QDir::Name))
        paths += dir.filePath(name);
    return paths;
}

/// For a _data function: a column "path" with a row for each file of the kind; skips the test when there is none.
inline void addRows(const QString& kind)
{
    QTest::addColumn<QString>("path");
    const QStringList paths = files(kind);
    if (paths.isEmpty())
        QSKIP(qPrintable(QStringLiteral("no oracle file %1*.safetensors").arg(kind)));
    for (const QString& path : paths)
        QTest::newRow(qPrintable(QFileInfo(path).completeBaseName())) << path;
}

/// Empty when `got` equals `want`: max|got - want| <= tolerance * max|want|, whole numbers exactly. Else what differs.
inline QByteArray difference(const torch::Tensor& got, const torch::Tensor& want, double tolerance = 1e-4)
{
    if (got.sizes() != want.sizes()) {
        return "shape " + QByteArray::fromStdString(c10::str(got.sizes())) + " instead of " +
               QByteArray::fromStdString(c10::str(want.sizes()));
    }
    if (want.numel() == 0)
        return {};
    if (!want.is_floating_point())
        return torch::equal(got.to(want.scalar_type()), want) ? QByteArray() : QByteArray("other whole numbers");
    const torch::Tensor wanted = want.detach().to(torch::kDouble);
    const double distance = (got.detach().to(torch::kDouble) - wanted).abs().max().item<double>();
    const double limit = tolerance * wanted.abs().max().item<double>();
    if (distance <= limit) // false for NaN
        return {};
    return "differs by " + QByteArray::number(distance) + ", allowed " + QByteArray::number(limit);
}

/// The entry `name` of an oracle file against `got`, with the name in the answer.
inline QByteArray difference(const SafetensorsFile& file, const std::string& name, const torch::Tensor& got,
                             double tolerance = 1e-4)
{
    const QByteArray text = difference(got, readTensor(file, name), tolerance);
    return text.isEmpty() ? text : QByteArray::fromStdString(name) + ": " + text;
}

/// How the weights of a `gen_*` file are computed from their keys ("Generated weights" of the oracles' README).
struct Recipe
{
    std::string salt;
    double gain = 1.0;
    std::map<std::string, double> otherGains; ///< for single keys

    /// From the file's description: `salt "", gain 1.0, except decoder.final_conv.weight: 0.5, ...)`.
    static Recipe of(const SafetensorsFile& file)
    {
        static const QRegularExpression kPattern(
            QStringLiteral("salt \"([^\"]*)\", gain ([0-9.]+)(?:, except ([^)]*))?\\)"));
        const auto match = kPattern.match(file.metadata().value(QStringLiteral("description")));
        Recipe recipe;
        if (!match.hasMatch()) {
            QTest::qFail("no recipe in the description of the oracle file", __FILE__, __LINE__);
            return recipe;
        }
        recipe.salt = match.captured(1).toStdString();
        recipe.gain = match.captured(2).toDouble();
        for (const QString& item : match.captured(3).split(QStringLiteral(", "), Qt::SkipEmptyParts))
            recipe.otherGains[item.section(u':', 0, 0).toStdString()] = item.section(u':', 1).trimmed().toDouble();
        return recipe;
    }

    torch::Tensor tensor(const std::string& key, torch::IntArrayRef shape) const
    {
        std::uint64_t hash = 0xcbf29ce484222325;
        for (const char c : salt + key)
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;

        const auto other = otherGains.find(key);
        torch::Tensor out = torch::empty(shape, torch::kFloat);
        const double fanIn = shape.size() >= 2 ? double(out.numel() / shape[0]) : 1.0;
        const double scale = (other == otherGains.end() ? gain : other->second) * std::sqrt(3.0 / fanIn);
        const QString name = QString::fromStdString(key);
        auto* values = out.data_ptr<float>();
        for (std::int64_t i = 0; i < out.numel(); ++i) {
            std::uint64_t z = hash + std::uint64_t(i + 1) * 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            z ^= z >> 31;
            values[i] = float(double(z >> 40) / double(1 << 24));
        }
        // u is a multiple of 2^-24, so float holds it exactly and the rules can work on whole tensors.
        const torch::Tensor u = out.to(torch::kDouble);
        const torch::Tensor s = 2.0 * u - 1.0;
        if (name.endsWith(QStringLiteral("running_mean")))
            out = 0.2 * s;
        else if (name.endsWith(QStringLiteral("running_var")))
            out = 0.5 + u;
        else if (shape.size() >= 2)
            out = s * scale;
        else
            out = name.endsWith(QStringLiteral("weight")) ? 0.5 + u : 0.1 * s;
        return out.to(torch::kFloat);
    }

    /// Fills all floating parameters and buffers, keyed by `prefix` + name.
    void fill(torch::nn::Module& module, const std::string& prefix = {}) const
    {
        const torch::NoGradGuard noGrad;
        for (auto& [key, value] : stateDict(module)) {
            if (value.is_floating_point())
                value.copy_(tensor(prefix + key, value.sizes()));
        }
    }
};

/// Compares the `check.<key>` entries of a `gen_*` file with the module that was filled; empty when all agree.
inline QByteArray checkGenerated(const SafetensorsFile& file, const torch::nn::Module& module)
{
    const StateDict state = stateDict(module);
    for (const auto& [key, want] : readStateDict(file, "check.")) {
        const auto own = state.find(key);
        if (own == state.end())
            return "the network has no " + QByteArray::fromStdString(key);
        const QByteArray text = difference(own->second.detach().flatten().narrow(0, 0, want.numel()), want, 1e-6);
        if (!text.isEmpty())
            return QByteArray::fromStdString(key) + ": " + text;
    }
    return {};
}

} // namespace lynceus::oracle
