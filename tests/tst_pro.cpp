// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/metrics/pro.h"

#include <QtTest/QtTest>

#include <opencv2/imgproc.hpp>

#include <cmath>
#include <set>

using namespace lynceus;

namespace {

cv::Mat row(const std::vector<float>& values)
{
    return cv::Mat(values, true).reshape(1, 1);
}

cv::Mat mask(const std::vector<uchar>& values)
{
    return cv::Mat(values, true).reshape(1, 1);
}

cv::Mat noise(Random& random, int size, int levels = 0)
{
    cv::Mat map(size, size, CV_32F);
    for (auto it = map.begin<float>(); it != map.end<float>(); ++it)
        *it = levels > 0 ? float(random.integer(0, levels)) / float(levels) : float(random.uniform());
    return map;
}

} // namespace

class TestPro : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void knownExample();
    void agreesWithTheDefinition();
    void cornersConnect();
    void eachRegionCountsTheSame();
    void randomMapGivesHalfTheLimit();
    void perfectMapGivesOne();
    void badInputIsRefused();
    void cancelStopsIt();
    void sixHundredMasksInTime();
};

void TestPro::knownExample()
{
    const std::vector<cv::Mat> maps{row({0.9F, 0.8F, 0.1F, 0.7F, 0.2F})};
    const std::vector<cv::Mat> masks{mask({1, 0, 0, 1, 1})};
    const ProCurve curve = proCurve(maps, masks);
    QCOMPARE(curve.fpr, (std::vector<double>{0, 0, 0.5, 0.5, 0.5, 1}));
    QCOMPARE(curve.pro, (std::vector<double>{0, 0.5, 0.5, 0.75, 1, 1}));
    QCOMPARE(aupro(curve), 0.5);
    QCOMPARE(aupro(curve, 1.0), 0.75);
    QCOMPARE(aupro(maps, masks), 0.5);
}

void TestPro::agreesWithTheDefinition()
{
    Random random(1);
    std::vector<cv::Mat> maps;
    std::vector<cv::Mat> masks;
    std::vector<std::vector<float>> regions; // the scores of each region
    std::vector<float> good;
    for (int i = 0; i < 3; ++i) {
        maps.push_back(noise(random, 12, 15));
        cv::Mat m = cv::Mat::zeros(12, 12, CV_8U);
        cv::rectangle(m, cv::Rect(1, 1, 2 + i, 3), 255, cv::FILLED);
        cv::rectangle(m, cv::Rect(7, 6, 4, 2 + i), 1, cv::FILLED);
        masks.push_back(m);
        std::vector<float> first;
        std::vector<float> second;
        for (int y = 0; y < 12; ++y)
            for (int x = 0; x < 12; ++x)
                (m.at<uchar>(y, x) == 0     ? good
                 : m.at<uchar>(y, x) == 255 ? first
                                            : second)
                    .push_back(maps.back().at<float>(y, x));
        regions.push_back(first);
        regions.push_back(second);
    }
    const auto share = [](const std::vector<float>& values, float threshold) {
        return double(std::count_if(values.begin(), values.end(), [=](float v) { return v >= threshold; })) /
               double(values.size());
    };
    const ProCurve curve = proCurve(maps, masks);
    QCOMPARE(curve.fpr.size(), std::size_t(17)); // 16 levels and the start
    for (int level = 15; level >= 0; --level) {
        const float threshold = float(level) / 15.0F;
        double pro = 0.0;
        for (const auto& region : regions)
            pro += share(region, threshold) / double(regions.size());
        const auto point = std::size_t(16 - level);
        QVERIFY(std::abs(curve.fpr[point] - share(good, threshold)) < 1e-12);
        QVERIFY(std::abs(curve.pro[point] - pro) < 1e-12);
    }
    QCOMPARE(curve.fpr.back(), 1.0);
    QCOMPARE(curve.pro.back(), 1.0);
    for (const double limit : {0.05, 0.3, 1.0})
        QVERIFY(std::abs(aupro(maps, masks, limit) - aupro(curve, limit)) < 1e-12);
}

void TestPro::cornersConnect()
{
    // Two pixels that touch by a corner are one region of which half is found before any false positive.
    cv::Mat map = cv::Mat::zeros(3, 3, CV_32F);
    cv::Mat m = cv::Mat::zeros(3, 3, CV_8U);
    m.at<uchar>(0, 0) = m.at<uchar>(1, 1) = 255;
    map.at<float>(0, 0) = 1.0F;
    QCOMPARE(proCurve({map}, {m}).pro[1], 0.5);
    m.at<uchar>(1, 1) = 0;
    m.at<uchar>(2, 2) = 255;
    map.at<float>(2, 2) = 0.5F;
    QCOMPARE(proCurve({map}, {m}).pro, (std::vector<double>{0, 0.5, 1, 1}));
}

void TestPro::eachRegionCountsTheSame()
{
    // A region of one pixel weighs as much as one of nine.
    cv::Mat map = cv::Mat::zeros(8, 8, CV_32F);
    cv::Mat m = cv::Mat::zeros(8, 8, CV_8U);
    m(cv::Rect(0, 0, 3, 3)) = 255;
    m.at<uchar>(6, 6) = 255;
    map.at<float>(6, 6) = 1.0F;
    QCOMPARE(proCurve({map}, {m}).pro[1], 0.5);
}

void TestPro::randomMapGivesHalfTheLimit()
{
    Random random(2);
    std::vector<cv::Mat> maps;
    std::vector<cv::Mat> masks;
    for (int i = 0; i < 30; ++i) {
        maps.push_back(noise(random, 128));
        cv::Mat m = cv::Mat::zeros(128, 128, CV_8U);
        m(cv::Rect(20, 30, 25, 25)) = 255;
        masks.push_back(m);
    }
    QVERIFY(std::abs(aupro(maps, masks) - 0.15) < 0.005);
    QVERIFY(std::abs(aupro(maps, masks, 1.0) - 0.5) < 0.01);
}

void TestPro::perfectMapGivesOne()
{
    cv::Mat m = cv::Mat::zeros(16, 16, CV_8U);
    m(cv::Rect(2, 2, 4, 4)) = 255;
    cv::Mat map;
    m.convertTo(map, CV_32F, 1.0 / 255.0);
    QCOMPARE(aupro({map, cv::Mat::zeros(16, 16, CV_32F)}, {m, cv::Mat()}), 1.0);
}

void TestPro::badInputIsRefused()
{
    const cv::Mat map(4, 4, CV_32F, cv::Scalar(0.5));
    const cv::Mat all(4, 4, CV_8U, cv::Scalar(255));
    QVERIFY_THROWS_EXCEPTION(Error, proCurve({}, {}));
    QVERIFY_THROWS_EXCEPTION(Error, proCurve({map}, {cv::Mat()}));                  // no region
    QVERIFY_THROWS_EXCEPTION(Error, proCurve({map}, {all}));                        // nothing defect-free
    QVERIFY_THROWS_EXCEPTION(Error, proCurve({map}, {all, all}));                   // counts differ
    QVERIFY_THROWS_EXCEPTION(Error, proCurve({map}, {cv::Mat::ones(4, 3, CV_8U)})); // sizes differ
    QVERIFY_THROWS_EXCEPTION(Error, proCurve({cv::Mat(4, 4, CV_64F)}, {all}));      // type
    cv::Mat corner = cv::Mat::zeros(4, 4, CV_8U);
    corner.at<uchar>(0, 0) = 1;
    cv::Mat broken = map.clone();
    broken.at<float>(3, 3) = std::nanf("");
    QVERIFY_THROWS_EXCEPTION(Error, proCurve({broken}, {corner}));
    for (const double limit : {0.0, -0.1, 1.1, std::nan("")})
        QVERIFY_THROWS_EXCEPTION(Error, aupro({map}, {corner}, limit));
}

void TestPro::cancelStopsIt()
{
    CancelToken cancel;
    cancel.cancel();
    QVERIFY_THROWS_EXCEPTION(Cancelled, proCurve({cv::Mat::zeros(4, 4, CV_32F)}, {cv::Mat::eye(4, 4, CV_8U)}, cancel));
}

void TestPro::sixHundredMasksInTime()
{
    // The goal is 600 masks of 256 x 256 in 10 s. A tenth of them keeps the test short; the sweep is linear, so a tenth
    // of the time must do. LYNCEUS_FULL_SIZE=1 runs all.
    const int count = qEnvironmentVariableIntValue("LYNCEUS_FULL_SIZE") != 0 ? 600 : 60;
    Random random(3);
    std::vector<cv::Mat> maps;
    std::vector<cv::Mat> masks;
    for (int i = 0; i < count; ++i) {
        maps.push_back(noise(random, 256));
        cv::Mat m = cv::Mat::zeros(256, 256, CV_8U);
        for (int k = 0; k < 3; ++k)
            cv::circle(m, {int(random.integer(20, 235)), int(random.integer(20, 235))}, 12, 255, cv::FILLED);
        masks.push_back(m);
    }
    const Stopwatch watch;
    const double area = aupro(maps, masks);
    const double ms = watch.ms();
    qInfo("AUPRO over %d masks of 256 x 256: %.0f ms", count, ms);
    QVERIFY(std::abs(area - 0.15) < 0.01);
    QVERIFY2(ms < 10000.0 * count / 600, qPrintable(QString::number(ms)));
}

QTEST_APPLESS_MAIN(TestPro)
#include "tst_pro.moc"
