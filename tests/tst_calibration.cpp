// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/metrics/calibration.h"

#include <QtTest/QtTest>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace lynceus;

namespace {

std::vector<double> skewedScores(Random& random, int count)
{
    std::vector<double> scores;
    for (int i = 0; i < count; ++i)
        scores.push_back(std::exp(-2.5 + 0.4 * random.normal()));
    return scores;
}

/// Share of `skewedScores` at or above `threshold`, from the normal distribution.
double trueOverkill(double threshold)
{
    return 0.5 * std::erfc((std::log(threshold) + 2.5) / 0.4 / std::sqrt(2.0));
}

double passShare(const std::vector<double>& scores, double threshold)
{
    return double(std::count_if(scores.begin(), scores.end(), [=](double s) { return s < threshold; })) /
           double(scores.size());
}

} // namespace

class TestCalibration : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void upperBound_data();
    void upperBound();
    void upperBoundMeetsItsDefinition();
    void quantiles();
    void neverTheLowestScore_data();
    void neverTheLowestScore();
    void fewImagesHaveTheHighestAsLimit();
    void limitsCanBeReached();
    void oddImagesDoNotSetTheLimit();
    void oneMoreOddImageIsNoLeap();
    void scoresThatAreNoNumberAreRejects();
    void largeSetsUseTheQuantile();
    void promiseHoldsOnNewParts();
    void badGoodScores();
    void costsAgreeWithEveryThreshold();
    void costsTakeTheMiddleOfTheWidestGap();
    void costsMayRejectOrPassAll();
    void badCosts();
};

void TestCalibration::upperBound_data()
{
    QTest::addColumn<int>("events");
    QTest::addColumn<int>("trials");
    QTest::addColumn<double>("confidence");
    QTest::addColumn<double>("bound");
    // Without events the bound is 1 - (1-confidence)^(1/trials).
    QTest::newRow("0 of 60") << 0 << 60 << 0.95 << 1.0 - std::pow(0.05, 1.0 / 60);
    QTest::newRow("0 of 299") << 0 << 299 << 0.95 << 1.0 - std::pow(0.05, 1.0 / 299);
    QTest::newRow("0 of 1") << 0 << 1 << 0.95 << 0.95;
    QTest::newRow("0 of 100000") << 0 << 100000 << 0.99 << 1.0 - std::pow(0.01, 1e-5);
    // With one event short of all it is confidence^(1/trials).
    QTest::newRow("9 of 10") << 9 << 10 << 0.95 << std::pow(0.95, 0.1);
    QTest::newRow("all") << 10 << 10 << 0.95 << 1.0;
    QTest::newRow("no trials") << 0 << 0 << 0.95 << 1.0;
}

void TestCalibration::upperBound()
{
    QFETCH(int, events);
    QFETCH(int, trials);
    QFETCH(double, confidence);
    QFETCH(double, bound);
    QVERIFY(std::abs(rateUpperBound(events, trials, confidence) - bound) < 1e-9);
}

void TestCalibration::upperBoundMeetsItsDefinition()
{
    QVERIFY(std::abs(rateUpperBound(0, 60) - 0.0487) < 5e-5);
    // At the bound, this few events or fewer have probability 0.05.
    for (const int events : {1, 3, 7}) {
        const int trials = 25;
        const double p = rateUpperBound(events, trials);
        double sum = 0.0;
        double ways = 1.0;
        for (int k = 0; k <= events; ++k) {
            sum += ways * std::pow(p, k) * std::pow(1.0 - p, trials - k);
            ways = ways * (trials - k) / (k + 1);
        }
        QVERIFY(std::abs(sum - 0.05) < 1e-9);
    }
    QVERIFY(rateUpperBound(500, 20000) < 0.0275);
    QVERIFY(rateUpperBound(500, 20000) > 0.025);
}

void TestCalibration::quantiles()
{
    QCOMPARE(quantile({3, 1, 2}, 0.5), 2.0);
    QCOMPARE(quantile({1, 2, 3, 4}, 0.5), 2.5);
    QCOMPARE(quantile({1, 2, 3, 4}, 0.0), 1.0);
    QCOMPARE(quantile({1, 2, 3, 4}, 1.0), 4.0);
    QCOMPARE(quantile({7}, 0.3), 7.0);
    QVERIFY_THROWS_EXCEPTION(Error, quantile({}, 0.5));
}

void TestCalibration::neverTheLowestScore_data()
{
    QTest::addColumn<std::vector<double>>("scores");
    Random random(9);
    QTest::newRow("one") << std::vector<double>{0.3};
    QTest::newRow("two") << std::vector<double>{0.3, 0.2};
    QTest::newRow("zeros") << std::vector<double>(10, 0.0);
    QTest::newRow("equal") << std::vector<double>(1000, 0.25);
    QTest::newRow("negative") << std::vector<double>{-0.5, -0.4, -0.3};
    QTest::newRow("not a number") << std::vector<double>{0.1, std::nan(""), 0.2};
    QTest::newRow("twenty") << skewedScores(random, 20);
    QTest::newRow("thousand") << skewedScores(random, 1000);
    std::vector<double> tied = skewedScores(random, 500);
    std::sort(tied.begin(), tied.end());
    std::fill(tied.end() - 50, tied.end(), 0.5);
    QTest::newRow("tied at the top") << tied;
}

void TestCalibration::neverTheLowestScore()
{
    QFETCH(std::vector<double>, scores);
    const std::vector<double> finite = [&] {
        std::vector<double> kept;
        std::copy_if(scores.begin(), scores.end(), std::back_inserter(kept), [](double s) { return !std::isnan(s); });
        return kept;
    }();
    const double highest = *std::max_element(finite.begin(), finite.end());
    for (const double overkill : {0.0001, 0.005, 0.02, 0.1, 0.5, 0.999}) {
        const GoodCalibration result = thresholdFromGood(scores, overkill);
        QVERIFY(std::isfinite(result.threshold));
        QVERIFY(result.threshold > *std::min_element(finite.begin(), finite.end()));
        QVERIFY(result.threshold <= highest + std::max(0.01 * std::abs(highest), 1e-6)); // nothing beyond the data
        QVERIFY(result.review <= result.threshold);
    }
}

void TestCalibration::fewImagesHaveTheHighestAsLimit()
{
    Random random(10);
    for (const int images : {4, 6, 8, 10, 20, 48}) {
        const std::vector<double> scores = skewedScores(random, images);
        const double largest = *std::max_element(scores.begin(), scores.end());
        const GoodCalibration few = thresholdFromGood(scores, 0.02);
        QVERIFY(!few.supported);
        QVERIFY(few.threshold > largest);
        QVERIFY(few.threshold < 1.02 * largest);
        QVERIFY(std::abs(few.expected - 1.0 / (images + 1)) < 1e-12);
        QVERIFY(std::abs(few.upperBound - rateUpperBound(0, images)) < 1e-12);
        QVERIFY(overkillPromise(few.toJson()).contains(QStringLiteral("at least 49")));
    }
    QVERIFY(thresholdFromGood(skewedScores(random, 49), 0.02).supported);
    const GoodCalibration many = thresholdFromGood(skewedScores(random, 209), 0.02);
    QVERIFY(many.supported);
    QCOMPARE(many.rejected, 4);
    const QString promise = overkillPromise(many.toJson());
    QVERIFY2(promise.contains(QStringLiteral("about 2 %")) && promise.contains(QStringLiteral("at most 4.3 %")),
             qPrintable(promise));
    QVERIFY(overkillPromise({{QStringLiteral("kind"), QStringLiteral("cost")}}).isEmpty());
}

void TestCalibration::oneMoreOddImageIsNoLeap()
{
    std::vector<double> scores;
    for (int i = 0; i < 190; ++i)
        scores.push_back(0.3 + 0.001 * i);
    for (int i = 0; i < 10; ++i)
        scores.push_back(0.5 + 0.01 * i); // a tail
    double last = thresholdFromGood(scores).threshold;
    for (std::size_t odd = 1; odd <= 20; ++odd) {
        scores.push_back(0.95);
        const GoodCalibration result = thresholdFromGood(scores);
        QCOMPARE(result.odd.size(), odd);
        QVERIFY2(std::abs(result.threshold - last) < 0.02, qPrintable(QString::number(odd)));
        QVERIFY(result.expected >= double(odd) / double(scores.size() + 1));
        last = result.threshold;
    }
    QVERIFY(last < 0.55); // and many of them leave the others their share
}

void TestCalibration::limitsCanBeReached()
{
    for (const double high : {0.9, 0.995, 0.9999, 1.0}) {
        const GoodCalibration result = thresholdFromGood({0.2, 0.3, 0.4, 0.5, high}, 0.03);
        QVERIFY(result.threshold <= 1.0);
        QVERIFY(result.threshold > 0.5);
        if (high < 1.0)
            QVERIFY(result.threshold > high);
    }
}

void TestCalibration::oddImagesDoNotSetTheLimit()
{
    std::vector<double> scores;
    for (int i = 0; i < 150; ++i)
        scores.push_back(0.3 + 0.001 * i);
    const GoodCalibration clean = thresholdFromGood(scores, 0.02);
    QVERIFY(clean.odd.empty());
    // One may be rejected anyway.
    scores.insert(scores.begin() + 20, 0.95);
    const GoodCalibration one = thresholdFromGood(scores, 0.02);
    QCOMPARE(one.odd, std::vector<std::size_t>{20});
    QCOMPARE(one.images, 151);
    QVERIFY(one.threshold < 0.452);
    // Ten are more than that: the others set the limit.
    for (int i = 0; i < 9; ++i)
        scores.push_back(0.90 + 0.001 * i);
    scores.push_back(std::nan(""));
    const GoodCalibration eleven = thresholdFromGood(scores, 0.02);
    QCOMPARE(eleven.odd.size(), std::size_t(11));
    QCOMPARE(eleven.odd.front(), scores.size() - 1); // no number is furthest of all
    QCOMPARE(eleven.odd[1], std::size_t(20));
    QCOMPARE(eleven.images, 161);
    QCOMPARE(eleven.threshold, clean.threshold);
    QCOMPARE(eleven.rejected, 11 + clean.rejected); // the promise holds, whatever they are
    QCOMPARE(eleven.expected, (11.0 + 0.02 * 162.0) / 162.0); // of the others too
}

void TestCalibration::scoresThatAreNoNumberAreRejects()
{
    std::vector<double> scores;
    for (int i = 0; i < 150; ++i)
        scores.push_back(0.3 + 0.001 * i);
    const double clean = thresholdFromGood(scores, 0.02).threshold;
    for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
        std::vector<double> with = scores;
        with.push_back(bad);
        const GoodCalibration result = thresholdFromGood(with, 0.02);
        QCOMPARE(result.images, 151);
        QCOMPARE(result.rejected, 3); // it and two more
        QVERIFY(result.threshold > clean);
        QCOMPARE(result.odd, std::vector<std::size_t>{150});
    }
}

void TestCalibration::largeSetsUseTheQuantile()
{
    Random random(11);
    const std::vector<double> scores = skewedScores(random, 3000);
    const GoodCalibration result = thresholdFromGood(scores, 0.01);
    QVERIFY(result.upperBound > 0.01);
    QVERIFY(result.upperBound < 0.014);
    QVERIFY(std::abs(result.threshold - quantile(scores, 0.99)) < 0.005);
    QVERIFY(std::abs(result.review - quantile(scores, 1.0 - kReviewShare)) < 0.005);
    QCOMPARE(result.expected, 0.01);
}

void TestCalibration::promiseHoldsOnNewParts()
{
    // Calibrated again and again, the bound must hold in at least 95 % of the cases (allowing for chance), and the
    // overkill must be on average what is expected.
    Random random(12);
    for (const int images : {10, 40, 100, 350}) {
        int held = 0;
        double sum = 0.0;
        double expected = 0.0;
        const int rounds = 400;
        for (int i = 0; i < rounds; ++i) {
            const GoodCalibration result = thresholdFromGood(skewedScores(random, images), 0.02);
            held += trueOverkill(result.threshold) <= result.upperBound ? 1 : 0;
            sum += trueOverkill(result.threshold) / rounds;
            expected += result.expected / rounds;
        }
        QVERIFY2(held >= int(0.93 * rounds), qPrintable(QString::number(held)));
        QVERIFY2(sum > 0.7 * expected && sum < 1.3 * expected,
                 qPrintable(QStringLiteral("%1 of %2").arg(sum).arg(expected)));
    }
}

void TestCalibration::badGoodScores()
{
    QVERIFY_THROWS_EXCEPTION(Error, thresholdFromGood({}));
    QVERIFY_THROWS_EXCEPTION(Error, thresholdFromGood({std::nan(""), std::numeric_limits<double>::infinity()}));
    for (const double rate : {0.0, 1.0, -1.0, std::nan("")}) {
        QVERIFY_THROWS_EXCEPTION(Error, thresholdFromGood({0.1, 0.2}, rate));
        QVERIFY_THROWS_EXCEPTION(Error, thresholdFromGood({0.1, 0.2}, 0.01, rate));
    }
}

void TestCalibration::costsAgreeWithEveryThreshold()
{
    Random random(13);
    for (int round = 0; round < 20; ++round) {
        std::vector<double> good;
        std::vector<double> defective;
        for (int i = 0; i < 40; ++i)
            good.push_back(double(random.integer(0, 30)) / 40.0);
        for (int i = 0; i < 25; ++i)
            defective.push_back(double(random.integer(10, 40)) / 40.0);
        const double share = random.uniform(0.01, 0.5);
        const double escapeCost = random.uniform(1.0, 50.0);
        const auto cost = [&](double threshold) {
            return (1.0 - share) * (1.0 - passShare(good, threshold)) * 2.0 +
                   share * passShare(defective, threshold) * escapeCost;
        };
        const CostCalibration best = thresholdFromCosts(good, defective, 2.0, escapeCost, share);
        QVERIFY(std::abs(best.expectedCost - cost(best.threshold)) < 1e-12);
        QVERIFY(std::abs(best.overkill - (1.0 - passShare(good, best.threshold))) < 1e-12);
        for (int t = -1; t <= 42; ++t)
            QVERIFY(best.expectedCost <= cost(t / 40.0) + 1e-9);
    }
}

void TestCalibration::costsTakeTheMiddleOfTheWidestGap()
{
    const CostCalibration clean = thresholdFromCosts({0.1, 0.2}, {0.6, 0.9}, 1, 10, 0.1);
    QCOMPARE(clean.threshold, 0.4);
    QCOMPARE(clean.expectedCost, 0.0);

    // Rejecting the good part at 0.8 or passing the defective one at 0.5 cost the same; the lower gap is wider.
    const CostCalibration tied = thresholdFromCosts({0.1, 0.8}, {0.5, 0.9}, 1, 1, 0.5);
    QCOMPARE(tied.threshold, 0.3);
    QCOMPARE(tied.overkill, 0.5);
    QCOMPARE(tied.escape, 0.0);
}

void TestCalibration::costsMayRejectOrPassAll()
{
    const CostCalibration free = thresholdFromCosts({0.5, 0.9}, {0.1, 0.6}, 0.0, 100.0, 0.5);
    QCOMPARE(free.escape, 0.0);
    QVERIFY(free.threshold <= 0.1);
    const CostCalibration pass = thresholdFromCosts({0.5, 0.9}, {0.1, 0.6}, 100.0, 0.0, 0.5);
    QCOMPARE(pass.overkill, 0.0);
    QVERIFY(pass.threshold > 0.9);
}

void TestCalibration::badCosts()
{
    QVERIFY_THROWS_EXCEPTION(Error, thresholdFromCosts({}, {0.5}, 1, 1, 0.1));
    QVERIFY_THROWS_EXCEPTION(Error, thresholdFromCosts({0.5}, {}, 1, 1, 0.1));
    QVERIFY_THROWS_EXCEPTION(Error, thresholdFromCosts({0.5}, {std::nan("")}, 1, 1, 0.1));
    QVERIFY_THROWS_EXCEPTION(Error, thresholdFromCosts({0.5}, {0.6}, -1, 1, 0.1));
    QVERIFY_THROWS_EXCEPTION(Error, thresholdFromCosts({0.5}, {0.6}, 1, 1, 1.5));
}

QTEST_APPLESS_MAIN(TestCalibration)
#include "tst_calibration.moc"
