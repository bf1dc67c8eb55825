// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/anomaly_result.h"
#include "core/image/preprocessing.h"
#include "tests/support/test_images.h"

#include <QtTest/QTest>

#include <cmath>
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

Q_DECLARE_METATYPE(Thresholds)

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

    void mapsAreEnlargedWhereTheyAreShown()
    {
        AnomalyResult result;
        result.map = cv::Mat::zeros(64, 96, CV_32F);
        result.map(cv::Rect(32, 16, 16, 8)).setTo(0.8F);
        result.score = 0.8;
        Preprocessing how;
        how.width = 96;
        how.height = 64;
        // A photo, and more pixels than are looked at one by one: the same part of the image.
        for (const cv::Size source : {cv::Size(960, 640), cv::Size(9600, 6400)}) {
            result.geometry = ImageGeometry(source, how);
            QCOMPARE(result.sourceSize(), source);
            QCOMPARE(result.mapAt({192, 128}).size(), cv::Size(192, 128));
            rejudge(result, {});
            QCOMPARE(result.regions.size(), std::size_t(1));
            const double scale = source.width / 96.0;
            const Region& region = result.regions.front();
            // At 0.5 of 0.8 the outline lies an eighth of a map pixel inside.
            QVERIFY(std::abs(region.box.x / scale - 32.125) < 0.15);
            QVERIFY(std::abs(region.box.y / scale - 16.125) < 0.15);
            QVERIFY(std::abs(region.box.width / scale - 15.75) < 0.3);
            QVERIFY(std::abs(region.area / (scale * scale) - 15.75 * 7.75) < 3.0);
            QVERIFY(cv::Rect({}, source).contains(region.peakAt));
            QVERIFY(region.box.contains(region.peakAt));
        }
        QCOMPARE(result.map.size(), cv::Size(96, 64));
        result.map.release();
        QCOMPARE(result.sourceSize(), cv::Size(9600, 6400));
        QVERIFY(errorOf([&] { result.mapAt({10, 10}); }));
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

    void limitsMoveTogether()
    {
        const Thresholds before{0.6, 0.45, 0.3, 16};
        const Thresholds same = withScore(before, 0.6);
        QCOMPARE(same.review, 0.45);
        QCOMPARE(same.pixel, 0.3);
        const Thresholds lower = withScore(before, 0.4);
        QCOMPARE(lower.score, 0.4);
        QCOMPARE(lower.review, 0.25);
        QCOMPARE(lower.pixel, 0.2);
        QCOMPARE(lower.minRegionArea, 16.0);
        QCOMPARE(withScore(before, 0.1).review, 0.0);
        const Thresholds none = withScore(before, 0.0);
        QCOMPARE(none.review, 0.0);
        QCOMPARE(none.pixel, 0.0);
        // No band stays none, and a pixel limit above the score limit comes down to it.
        const Thresholds apart{0.5, 0.5, 0.7, 16};
        for (const double score : {0.1, 0.5, 0.333, 1.0}) {
            QCOMPARE(withScore(apart, score).review, score);
            QCOMPARE(withScore(apart, score).pixel, score);
        }
        QCOMPARE(withScore({0.0, 0.0, 0.0, 16}, 0.4).pixel, 0.4);
    }

    void regionsShowWhyAPartIsNotOk_data()
    {
        QTest::addColumn<double>("score");
        QTest::addColumn<Thresholds>("thresholds");
        QTest::addColumn<QList<double>>("areas"); // of the regions, largest peak first
        // The map: 8 x 8 pixels of 0.8, 3 x 3 of 0.6 and one of 0.5; elsewhere 0.
        QTest::newRow("OK: none") << 0.4 << Thresholds{0.5, 0.5, 0.3, 0} << QList<double>{};
        QTest::newRow("NG: those at the pixel limit") << 0.5 << Thresholds{0.5, 0.5, 0.55, 0} << QList<double>{64, 9};
        QTest::newRow("NG: small ones are left out") << 0.5 << Thresholds{0.5, 0.5, 0.55, 16} << QList<double>{64};
        QTest::newRow("NG: unless all are") << 0.5 << Thresholds{0.5, 0.5, 0.55, 100} << QList<double>{64};
        QTest::newRow("NG: none is that high") << 0.58 << Thresholds{0.58, 0.58, 0.9, 0} << QList<double>{64, 9};
        QTest::newRow("NG: nor as the score limit") << 0.85 << Thresholds{0.82, 0.82, 0.9, 0} << QList<double>{64};
        QTest::newRow("NG: no number") << std::nan("") << Thresholds{0.5, 0.5, 0.9, 0} << QList<double>{64, 9, 1};
        QTest::newRow("Review: the review limit") << 0.45 << Thresholds{0.7, 0.45, 0.7, 0} << QList<double>{64, 9, 1};
        QTest::newRow("Review: a lower pixel limit") << 0.65 << Thresholds{0.7, 0.65, 0.55, 0} << QList<double>{64, 9};
    }

    void regionsShowWhyAPartIsNotOk()
    {
        QFETCH(double, score);
        QFETCH(Thresholds, thresholds);
        QFETCH(QList<double>, areas);
        AnomalyResult result;
        result.map = cv::Mat::zeros(40, 40, CV_32F);
        result.map(cv::Rect(2, 2, 8, 8)).setTo(0.8F);
        result.map(cv::Rect(20, 20, 3, 3)).setTo(0.6F);
        result.map.at<float>(30, 4) = 0.5F;
        result.score = score;
        result.regions.resize(1); // of before
        rejudge(result, thresholds);
        QList<double> got;
        for (const Region& region : result.regions)
            got << region.area;
        QCOMPARE(got, areas);
    }

    void anOkPartLosesItsRegionsWithoutTheMapToo()
    {
        AnomalyResult result;
        result.score = 0.4;
        result.regions.resize(2);
        rejudge(result, {});
        QVERIFY(result.regions.empty());
    }
};

QTEST_GUILESS_MAIN(TestAnomalyResult)
#include "tst_anomaly_result.moc"
