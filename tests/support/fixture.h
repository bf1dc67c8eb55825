// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/torch.h"

#include <QtCore/QByteArray>
#include <QtTest/QTest>

#include <vector>

namespace lynceus {

/// A row of Annex B of the methods document.
struct Fixture
{
    std::vector<std::int64_t> shape;
    double mean;
    double absMean;
    double first;
    double middle;
    double last;
};

/// Empty when `got` agrees within 1e-3 of the mean absolute value, else what it has.
inline QByteArray compareFixture(const torch::Tensor& got, const Fixture& want)
{
    if (got.sizes() != torch::IntArrayRef(want.shape))
        return "shape " + QByteArray::fromStdString(c10::str(got.sizes()));
    const auto flat = got.contiguous().flatten().to(torch::kDouble);
    const auto values = torch::stack({flat.mean(), flat.abs().mean(), flat[0], flat[flat.numel() / 2], flat[-1]});
    const auto wanted = torch::tensor({want.mean, want.absMean, want.first, want.middle, want.last}, torch::kDouble);
    if (torch::allclose(values, wanted, 0.0, 1e-3 * want.absMean))
        return {};
    return QByteArray::fromStdString(c10::str(values));
}

inline std::int64_t countParameters(const torch::nn::Module& module)
{
    std::int64_t count = 0;
    for (const auto& parameter : module.parameters())
        count += parameter.numel();
    return count;
}

} // namespace lynceus

/// QVERIFY that a tensor agrees with a row of the annex.
#define COMPARE_FIXTURE(tensor, ...)                                                                                   \
    do {                                                                                                               \
        const QByteArray misfit = lynceus::compareFixture(tensor, __VA_ARGS__);                                        \
        QVERIFY2(misfit.isEmpty(), misfit.constData());                                                                \
    } while (false)
