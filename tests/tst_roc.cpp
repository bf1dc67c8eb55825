// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/metrics/confusion.h"
#include "core/metrics/roc.h"

#include <QtTest/QtTest>

#include <cmath>
#include <limits>

using namespace lynceus;

namespace {

/// Many ties: scores are multiples of 1/20.
void randomScores(Random& random, int count, std::vector<double>& scores, std::vector<bool>& labels)
{
    scores = {0.5, 0.5};
    labels = {true, false};
    for (int i = 2; i < count; ++i) {
        labels.push_back(random.chance(0.3));
        scores.push_back(double(random.integer(0, 20) + (labels.back() ? 3 : 0)) / 20.0);
    }
}

double countedAuroc(const std::vector<double>& scores, const std::vector<bool>& labels)
{
    double wins = 0.0;
    double pairs = 0.0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        for (std::size_t j = 0; j < scores.size(); ++j) {
            if (!labels[i] || labels[j])
                continue;
            pairs += 1.0;
            wins += scores[i] > scores[j] ? 1.0 : scores[i] == scores[j] ? 0.5 : 0.0;
        }
    }
    return wins / pairs;
}

} // namespace

class TestRoc : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void knownExample();
    void tiesCountHalf();
    void agreesWithCountingPairs();
    void curveMeetsItsThresholds();
    void pixelAurocAgreesWithScores();
    void averagePrecisionOfKnownExample();
    void badInputIsRefused();
    void confusionCounts();
    void notANumberIsRejectedLikeJudge();
    void bestF1TakesLargestThresholdOnTies();
    void bestF1AgreesWithEveryThreshold();
    void bestBalancedErrorAgreesWithEveryThreshold();
    void bestBalancedErrorOfKnownExamples();
};

void TestRoc::knownExample()
{
    const std::vector<double> scores{0.9, 0.8, 0.1, 0.7, 0.2};
    const std::vector<bool> labels{true, false, false, true, true};
    QCOMPARE(auroc(scores, labels), 4.0 / 6.0);

    const RocCurve curve = rocCurve(scores, labels);
    QCOMPARE(curve.fpr, (std::vector<double>{0, 0, 0.5, 0.5, 0.5, 1}));
    QCOMPARE(curve.tpr, (std::vector<double>{0, 1.0 / 3, 1.0 / 3, 2.0 / 3, 1, 1}));
    QVERIFY(std::isinf(curve.threshold.front()));
    QCOMPARE(curve.threshold.back(), 0.1);
}

void TestRoc::tiesCountHalf()
{
    QCOMPARE(auroc({0.4, 0.4, 0.4, 0.4}, {true, false, true, false}), 0.5);
    QCOMPARE(auroc({1.0, 0.4, 0.4, 0.0}, {true, true, false, false}), 0.875);
    QCOMPARE(rocCurve({0.4, 0.4, 0.4}, {true, false, true}).fpr.size(), std::size_t(2));
}

void TestRoc::agreesWithCountingPairs()
{
    Random random(3);
    for (int round = 0; round < 20; ++round) {
        std::vector<double> scores;
        std::vector<bool> labels;
        randomScores(random, 150, scores, labels);
        QVERIFY(std::abs(auroc(scores, labels) - countedAuroc(scores, labels)) < 1e-14);
    }
}

void TestRoc::curveMeetsItsThresholds()
{
    Random random(4);
    std::vector<double> scores;
    std::vector<bool> labels;
    randomScores(random, 200, scores, labels);
    const RocCurve curve = rocCurve(scores, labels);
    QCOMPARE(curve.fpr.back(), 1.0);
    QCOMPARE(curve.tpr.back(), 1.0);
    for (std::size_t i = 0; i < curve.threshold.size(); ++i) {
        const Confusion counts = confusionAt(curve.threshold[i], scores, labels);
        QCOMPARE(curve.fpr[i], counts.overkill());
        QCOMPARE(curve.tpr[i], counts.recall());
    }
}

void TestRoc::pixelAurocAgreesWithScores()
{
    Random random(5);
    std::vector<cv::Mat> maps;
    std::vector<cv::Mat> masks;
    std::vector<double> scores;
    std::vector<bool> labels;
    for (int image = 0; image < 4; ++image) {
        cv::Mat map(9, 7, CV_32F);
        cv::Mat mask = cv::Mat::zeros(9, 7, CV_8U);
        for (int y = 0; y < map.rows; ++y) {
            for (int x = 0; x < map.cols; ++x) {
                map.at<float>(y, x) = float(random.integer(-6, 6)) / 8.0F; // negative ones sort right as well
                if (image > 0 && random.chance(0.2))
                    mask.at<uchar>(y, x) = uchar(random.integer(1, 255));
                if (map.at<float>(y, x) == 0.0F && random.chance(0.5))
                    map.at<float>(y, x) = -0.0F;
                scores.push_back(map.at<float>(y, x));
                labels.push_back(mask.at<uchar>(y, x) != 0);
            }
        }
        maps.push_back(map);
        masks.push_back(image > 0 ? mask : cv::Mat());
    }
    QCOMPARE(pixelAuroc(maps, masks), auroc(scores, labels));
}

void TestRoc::averagePrecisionOfKnownExample()
{
    // Precision 1 at recall 1/3, 2/4 at 2/3, 3/5 at 1.
    QCOMPARE(averagePrecision({0.9, 0.8, 0.1, 0.7, 0.2}, {true, false, false, true, true}), (1.0 + 2.0 / 3 + 0.75) / 3);
    QCOMPARE(averagePrecision({0.3, 0.3, 0.3, 0.3}, {true, false, false, false}), 0.25);
}

void TestRoc::badInputIsRefused()
{
    QVERIFY_THROWS_EXCEPTION(Error, auroc({}, {}));
    QVERIFY_THROWS_EXCEPTION(Error, auroc({0.1, 0.2}, {true}));
    QVERIFY_THROWS_EXCEPTION(Error, auroc({0.1, 0.2}, {true, true}));
    QVERIFY_THROWS_EXCEPTION(Error, rocCurve({0.1, 0.2}, {false, false}));
    QVERIFY_THROWS_EXCEPTION(Error, auroc({0.1, std::nan("")}, {true, false}));
    const cv::Mat map(4, 4, CV_32F, cv::Scalar(0.5));
    QVERIFY_THROWS_EXCEPTION(Error, pixelAuroc({map}, {cv::Mat()}));
    QVERIFY_THROWS_EXCEPTION(Error, pixelAuroc({map}, {cv::Mat(4, 5, CV_8U, cv::Scalar(1))}));
    QVERIFY_THROWS_EXCEPTION(Error, pixelAuroc({map}, {cv::Mat(4, 4, CV_16U, cv::Scalar(1))}));
    QVERIFY_THROWS_EXCEPTION(Error, pixelAuroc({map, map}, {cv::Mat()}));
}

void TestRoc::confusionCounts()
{
    const Confusion counts = confusionAt(0.5, {0.5, 0.4, 0.9, 0.1, 0.6}, {true, true, false, false, true});
    QCOMPARE(counts.truePositive, 2);
    QCOMPARE(counts.falseNegative, 1);
    QCOMPARE(counts.falsePositive, 1);
    QCOMPARE(counts.trueNegative, 1);
    QCOMPARE(counts.overkill(), 0.5);
    QCOMPARE(counts.escape(), 1.0 / 3);
    QCOMPARE(counts.precision(), 2.0 / 3);
    QCOMPARE(counts.f1(), 2.0 / 3);
    QCOMPARE(Confusion().f1(), 0.0);
    QCOMPARE(Confusion().escape(), 0.0);
}

void TestRoc::notANumberIsRejectedLikeJudge()
{
    const Confusion counts = confusionAt(0.5, {std::nan(""), std::nan("")}, {true, false});
    QCOMPARE(counts.truePositive, 1);
    QCOMPARE(counts.falsePositive, 1);
}

void TestRoc::bestF1TakesLargestThresholdOnTies()
{
    // F1 is 2/3 at 0.9 (1 of 2 found, none wrong) and again at 0.2 (both found, two wrong).
    const BestF1 best = bestF1({0.9, 0.6, 0.5, 0.2}, {true, false, false, true});
    QCOMPARE(best.f1, 2.0 / 3);
    QCOMPARE(best.threshold, 0.9);
    QVERIFY_THROWS_EXCEPTION(Error, bestF1({0.1, 0.2}, {false, false}));
}

void TestRoc::bestF1AgreesWithEveryThreshold()
{
    Random random(6);
    for (int round = 0; round < 20; ++round) {
        std::vector<double> scores;
        std::vector<bool> labels;
        randomScores(random, 60, scores, labels);
        const BestF1 best = bestF1(scores, labels);
        QCOMPARE(confusionAt(best.threshold, scores, labels).f1(), best.f1);
        for (const double threshold : scores)
            QVERIFY(confusionAt(threshold, scores, labels).f1() <= best.f1 + 1e-15);
    }
}

void TestRoc::bestBalancedErrorAgreesWithEveryThreshold()
{
    Random random(7);
    for (int round = 0; round < 20; ++round) {
        std::vector<double> scores;
        std::vector<bool> labels;
        randomScores(random, 60, scores, labels);
        const BestBalancedError best = bestBalancedError(scores, labels);
        QCOMPARE(confusionAt(best.threshold, scores, labels).balancedError(), best.error);
        std::vector<double> thresholds = scores;
        thresholds.insert(thresholds.end(), {-1e9, 1e9}); // everything rejected, everything passed
        for (const double threshold : thresholds) {
            const double error = confusionAt(threshold, scores, labels).balancedError();
            QVERIFY(error >= best.error);
            QVERIFY(error > best.error || threshold <= best.threshold || threshold == 1e9);
        }
    }
}

void TestRoc::bestBalancedErrorOfKnownExamples()
{
    // At 0.4: two of two found, one of four rejected.
    const BestBalancedError best =
        bestBalancedError({0.9, 0.5, 0.4, 0.3, 0.2, 0.1}, {true, false, true, false, false, false});
    QCOMPARE(best.error, 0.125);
    QCOMPARE(best.threshold, 0.4);
    const BestBalancedError turned = bestBalancedError({0.9, 0.1}, {false, true});
    QCOMPARE(turned.error, 0.5);
    QCOMPARE(confusionAt(0.4, {0.9, 0.5, 0.4, 0.3}, {true, false, true, false}).balancedError(), 0.25);
    QVERIFY_THROWS_EXCEPTION(Error, bestBalancedError({0.1, 0.2}, {false, false}));
    QVERIFY_THROWS_EXCEPTION(Error, bestBalancedError({0.1, 0.2}, {true, true}));
}

QTEST_APPLESS_MAIN(TestRoc)
#include "tst_roc.moc"
