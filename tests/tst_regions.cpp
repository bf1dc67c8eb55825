// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/regions.h"
#include "tests/support/test_images.h"

#include <QtTest/QTest>

#include <opencv2/imgproc.hpp>

#include <limits>

using namespace lynceus;
using namespace lynceus::test;

class TestRegions : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void describesRegions()
    {
        cv::Mat map = cv::Mat::zeros(40, 60, CV_32F);
        map(cv::Rect(5, 6, 10, 4)).setTo(0.6F);
        map.at<float>(8, 9) = 0.7F;
        map(cv::Rect(30, 20, 5, 5)).setTo(0.9F);
        const std::vector<Region> regions = findRegions(map, 0.5, 1.0);
        QCOMPARE(regions.size(), std::size_t(2));
        QCOMPARE(regions[0].box, cv::Rect(30, 20, 5, 5));
        QCOMPARE(regions[0].area, 25.0);
        QCOMPARE(regions[0].peak, 0.9F);
        QCOMPARE(regions[1].peak, 0.7F);
        QCOMPARE(regions[1].peakAt, cv::Point(9, 8));
        QCOMPARE(regions[1].area, 40.0);
        QCOMPARE(cv::boundingRect(regions[1].contour), regions[1].box);
    }

    void cornersConnectAndThresholdIsIncluded()
    {
        cv::Mat map = cv::Mat::zeros(8, 8, CV_32F);
        map.at<float>(2, 2) = 0.5F;
        map.at<float>(3, 3) = 0.5F;
        QCOMPARE(findRegions(map, 0.5, 1.0).size(), std::size_t(1));
        QCOMPARE(findRegions(map, 0.5, 2.0).size(), std::size_t(1));
        QVERIFY(findRegions(map, 0.5, 2.1).empty());
        QVERIFY(findRegions(map, 0.50001, 0.0).empty());
    }

    void ringHasItsOuterOutline()
    {
        cv::Mat map = cv::Mat::zeros(30, 30, CV_32F);
        cv::rectangle(map, cv::Rect(4, 4, 20, 20), cv::Scalar(0.8), 2);
        map.at<float>(14, 14) = 0.95F;
        const std::vector<Region> regions = findRegions(map, 0.5, 1.0);
        QCOMPARE(regions.size(), std::size_t(2));
        QCOMPARE(regions[0].contour.size(), std::size_t(1));
        QCOMPARE(cv::boundingRect(regions[1].contour), regions[1].box);
    }

    void limitKeepsTheLargestPeaks()
    {
        cv::Mat map = cv::Mat::zeros(100, 100, CV_32F);
        for (int i = 0; i < 2500; ++i)
            map.at<float>(2 * (i / 50), 2 * (i % 50)) = 0.5F + float(i) / 10000.0F;
        const std::vector<Region> regions = findRegions(map, 0.5, 1.0, 7);
        QCOMPARE(regions.size(), std::size_t(7));
        QCOMPARE(regions.front().peak, 0.5F + 0.2499F);
        QCOMPARE(regions.back().peak, 0.5F + 0.2493F);
    }

    void scalesToTheImage()
    {
        cv::Mat map = cv::Mat::zeros(20, 30, CV_32F);
        map(cv::Rect(4, 6, 8, 3)).setTo(0.6F);
        map.at<float>(7, 10) = 0.7F;
        std::vector<Region> regions = findRegions(map, 0.5, 1.0);
        scaleRegions(regions, map.size(), {75, 60});
        QCOMPARE(regions.size(), std::size_t(1));
        QCOMPARE(regions[0].box, cv::Rect(10, 18, 20, 9));
        QCOMPARE(regions[0].area, 24.0 * 7.5);
        QCOMPARE(regions[0].peak, 0.7F);
        QCOMPARE(regions[0].peakAt, cv::Point(26, 22));
        QVERIFY((cv::boundingRect(regions[0].contour) & regions[0].box) == cv::boundingRect(regions[0].contour));
    }

    void oddMaps()
    {
        QVERIFY(findRegions(cv::Mat(), 0.5, 1.0).empty());
        const cv::Mat nan(5, 5, CV_32F, cv::Scalar(std::numeric_limits<float>::quiet_NaN()));
        QVERIFY(findRegions(nan, 0.5, 1.0).empty());
        const cv::Mat full = cv::Mat::ones(5, 7, CV_32F);
        QCOMPARE(findRegions(full, 0.5, 1.0).at(0).area, 35.0);
        QVERIFY(errorOf([] { findRegions(cv::Mat::zeros(3, 3, CV_8U), 0.5, 1.0); }));
    }
};

QTEST_GUILESS_MAIN(TestRegions)
#include "tst_regions.moc"
