// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/half.h"
#include "core/nn/torch.h"

#include <QtTest/QTest>

#include <cmath>

using namespace lynceus;

class TestHalf : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void productsOfAllLengths();
};

void TestHalf::productsOfAllLengths()
{
    torch::manual_seed(2);
    for (std::int64_t length : {0, 1, 7, 8, 31, 32, 33, 100, 5000}) {
        const auto left = torch::randn({length}).to(torch::kHalf);
        const auto right = torch::randn({length});
        const double wanted = (left.to(torch::kDouble) * right.to(torch::kDouble)).sum().item<double>();
        const double got = product(left.data_ptr<c10::Half>(), right.data_ptr<float>(), length);
        QVERIFY2(std::abs(got - wanted) <= 1e-5 * double(length + 1), qPrintable(QString::number(got - wanted)));
    }
}

QTEST_GUILESS_MAIN(TestHalf)
#include "tst_half.moc"
