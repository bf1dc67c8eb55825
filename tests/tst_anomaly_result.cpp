// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/anomaly_result.h"
#include "tests/support/test_images.h"

#include <QtTest/QTest>

#include <limits>

using namespace lynceus;
using namespace lynceus::test;
using namespace Qt::StringLiterals;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Thresholds withReview()
{
    Thresholds thresholds;
    thresholds.score = 0.6;
    thresholds.review = 0.4;
    return thresholds;
}

} // namespace

class TestAnomalyResult : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void judges_data()
    {
        QTest::addColumn<double>("score");
        QTest::addColumn<QString>("verdict");
        QTest::newRow("low") << 0.39 << u"OK"_s;
        QTest::newRow("at review") << 0.4 << u"Review"_s;
        QTest::newRow("just below") << std::nextafter(0.6, 0.0) << u"Review"_s;
        QTest::newRow("at the threshold") << 0.6 << u"NG"_s;
        QTest::newRow("infinite") << std::numeric_limits<double>::infinity() << u"NG"_s;
        QTest::newRow("no number") << kNan << u"NG"_s;
    }

    void judges()
    {
        QFETCH(double, score);
        QFETCH(QString, verdict);
        QCOMPARE(verdictName(judge(score, withReview())), verdict);
    }

    void namesAndBack()
    {
        for (const Verdict verdict : {Verdict::Ok, Verdict::Review, Verdict::Ng})
            QCOMPARE(verdictFromName(verdictName(verdict)), verdict);
        for (const QString& word : {u"ok"_s, u""_s, u"REVIEW"_s}) {
            const auto error = errorOf([&] { verdictFromName(word); });
            QVERIFY(error && error->kind() == ErrorKind::Format);
        }
    }

    void scoreIsTheMeanOfTheHundredLargest()
    {
        cv::Mat map(30, 40, CV_32F);
        for (int i = 0; i < 1200; ++i)
            map.at<float>(i / 40, i % 40) = float((i * 7919) % 1200) / 1200.0F;
        double expected = 0.0;
        for (int i = 1100; i < 1200; ++i)
            expected += i / 1200.0 / 100.0;
        QVERIFY(std::abs(imageScore(map) - expected) < 1e-6);
        QVERIFY(std::abs(imageScore(map(cv::Rect(3, 3, 5, 4))) - cv::mean(map(cv::Rect(3, 3, 5, 4)))[0]) < 1e-7);
    }

    void brokenMapsAreNeverGood()
    {
        cv::Mat map = cv::Mat::zeros(20, 20, CV_32F);
        map.at<float>(3, 3) = std::numeric_limits<float>::quiet_NaN();
        QCOMPARE(judge(imageScore(map), Thresholds()), Verdict::Ng);
        QCOMPARE(judge(imageScore(cv::Mat()), Thresholds()), Verdict::Ng);
        QVERIFY(errorOf([] { imageScore(cv::Mat::zeros(3, 3, CV_64F)); }));

        Thresholds none;
        none.score = none.review = std::numeric_limits<double>::quiet_NaN();
        QCOMPARE(judge(0.1, none), Verdict::Ng);
        none.score = 0.5;
        QCOMPARE(judge(0.1, none), Verdict::Review);
    }

    void thresholdsRoundTrip()
    {
        Thresholds thresholds = withReview();
        thresholds.pixel = 1.0 / 3.0;
        thresholds.minRegionArea = 40;
        const Thresholds back = Thresholds::fromJson(thresholds.toJson());
        QCOMPARE(back.toJson(), thresholds.toJson());
        QCOMPARE(back.pixel, 1.0 / 3.0);
    }

    void badThresholds_data()
    {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QJsonValue>("value");
        QTest::newRow("text") << u"score"_s << QJsonValue(u"0.5"_s);
        QTest::newRow("null") << u"pixel"_s << QJsonValue();
        QTest::newRow("review above score") << u"review"_s << QJsonValue(0.9);
        QTest::newRow("score that nothing reaches") << u"score"_s << QJsonValue(1.01);
        QTest::newRow("score below the scale") << u"score"_s << QJsonValue(-0.1);
        QTest::newRow("review below the scale") << u"review"_s << QJsonValue(-0.1);
        QTest::newRow("pixel that nothing reaches") << u"pixel"_s << QJsonValue(2.0);
        QTest::newRow("negative area") << u"min_region_area"_s << QJsonValue(-1);
    }

    void badThresholds()
    {
        QFETCH(QString, key);
        QFETCH(QJsonValue, value);
        QJsonObject json = Thresholds().toJson();
        json.insert(key, value);
        const auto error = errorOf([&] { Thresholds::fromJson(json); });
        QVERIFY(error && error->kind() == ErrorKind::Format);
        QVERIFY(key != u"score" || error->message().contains(key));
        json.remove(key);
        QVERIFY(errorOf([&] { Thresholds::fromJson(json); }));
    }

    void rejudges()
    {
        AnomalyResult result;
        result.map = cv::Mat::zeros(20, 20, CV_32F);
        result.map(cv::Rect(2, 2, 6, 6)).setTo(0.55F);
        result.score = 0.5;
        rejudge(result, withReview());
        QCOMPARE(result.verdict, Verdict::Review);
        QCOMPARE(result.regions.size(), std::size_t(1));
        result.map.release();
        Thresholds strict;
        strict.score = strict.review = 0.3;
        strict.pixel = 0.9;
        rejudge(result, strict);
        QCOMPARE(result.verdict, Verdict::Ng);
        QCOMPARE(result.regions.size(), std::size_t(1));
        QCOMPARE(result.thresholds.pixel, 0.9);
    }
};

QTEST_GUILESS_MAIN(TestAnomalyResult)
#include "tst_anomaly_result.moc"
