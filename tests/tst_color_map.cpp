// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/color_map.h"
#include "tests/support/test_images.h"

#include <QtTest/QTest>

#include <limits>

using namespace lynceus;
using namespace lynceus::test;

class TestColorMap : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void lightnessRises()
    {
        for (const ColorMap colors : {ColorMap::Inferno, ColorMap::Cividis}) {
            double last = -1.0;
            for (int i = 0; i <= 255; ++i) {
                const cv::Vec3b color = colorAt(i / 255.0, colors);
                const double lightness = 0.114 * color[0] + 0.587 * color[1] + 0.299 * color[2];
                QVERIFY2(lightness > last - 1.0, qPrintable(QString::number(i)));
                last = std::max(last, lightness);
            }
            QVERIFY(last > 180.0);
        }
    }

    void scaleIsFixed()
    {
        const cv::Mat map =
            (cv::Mat_<float>(1, 6) << -1.0F, 0.0F, 0.3F, 1.0F, 7.0F, std::numeric_limits<float>::quiet_NaN());
        const cv::Mat colored = colorize(map, ColorMap::Inferno);
        QCOMPARE(colored.at<cv::Vec3b>(0), colorAt(0.0, ColorMap::Inferno));
        QCOMPARE(colored.at<cv::Vec3b>(2), colorAt(0.3, ColorMap::Inferno));
        QCOMPARE(colored.at<cv::Vec3b>(4), colorAt(1.0, ColorMap::Inferno));
        QCOMPARE(colored.at<cv::Vec3b>(5), colorAt(0.0, ColorMap::Inferno));
        // The same value has the same colour whatever else is in the map.
        const cv::Mat alone(1, 1, CV_32F, cv::Scalar(0.3F));
        QCOMPARE(colorize(alone, ColorMap::Inferno).at<cv::Vec3b>(0), colored.at<cv::Vec3b>(2));
    }

    void overlay()
    {
        const cv::Mat image = patternImage(16, 9, CV_8UC3);
        QVERIFY(isSame(heatOverlay(image, cv::Mat::zeros(9, 16, CV_32F), ColorMap::Inferno, 1.0), image));
        QVERIFY(isSame(heatOverlay(image, cv::Mat::ones(9, 16, CV_32F), ColorMap::Inferno, 0.0), image));
        const cv::Mat full = heatOverlay(image, cv::Mat::ones(9, 16, CV_32F), ColorMap::Cividis, 1.0);
        QCOMPARE(full.at<cv::Vec3b>(4, 4), colorAt(1.0, ColorMap::Cividis));
        const cv::Mat black = cv::Mat::zeros(9, 16, CV_8UC3);
        const cv::Mat half = heatOverlay(black, cv::Mat::ones(9, 16, CV_32F), ColorMap::Inferno, 0.5);
        QVERIFY(std::abs(2 * half.at<cv::Vec3b>(0)[2] - colorAt(1.0, ColorMap::Inferno)[2]) <= 2);
        QVERIFY(errorOf([&] { heatOverlay(image, cv::Mat::zeros(9, 15, CV_32F), ColorMap::Inferno, 1.0); }));
    }

    void legendShowsThreshold()
    {
        const cv::Mat bar = legend(10, 101, 0.25, ColorMap::Inferno);
        QCOMPARE(bar.size(), cv::Size(10, 101));
        QCOMPARE(bar.at<cv::Vec3b>(0, 5), colorAt(1.0, ColorMap::Inferno));
        QCOMPARE(bar.at<cv::Vec3b>(100, 5), colorAt(0.0, ColorMap::Inferno));
        QCOMPARE(bar.at<cv::Vec3b>(75, 5), cv::Vec3b(255, 255, 255));
        QCOMPARE(bar.at<cv::Vec3b>(50, 5), colorAt(0.5, ColorMap::Inferno));
        QCOMPARE(legend(0, 0, 0.5, ColorMap::Inferno).total(), std::size_t(1));
    }
};

QTEST_GUILESS_MAIN(TestColorMap)
#include "tst_color_map.moc"
