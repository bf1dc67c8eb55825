// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/image/image_geometry.h"
#include "core/image/preprocessing.h"
#include "tests/support/test_images.h"

#include <QtTest/QTest>

#include <opencv2/imgproc.hpp>

using namespace lynceus;
using namespace lynceus::test;
using namespace Qt::StringLiterals;

class TestPreprocessing : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void averagesAreasWithoutRounding()
    {
        cv::Mat source(128, 128, CV_8UC3);
        for (int y = 0; y < 128; ++y) {
            for (int x = 0; x < 128; ++x)
                source.at<cv::Vec3b>(y, x) = {uchar(x % 2), uchar(10 + y % 2),
                                              uchar(x % 4 == 3 && y % 4 == 3 ? 255 : 0)};
        }
        const cv::Mat input = prepare(source, small());
        QCOMPARE(input.type(), CV_32FC3);
        QCOMPARE(input.size(), cv::Size(32, 32));
        const auto pixel = input.at<cv::Vec3f>(9, 5);
        QCOMPARE(pixel[0], 255.0F / 16.0F); // red first
        QCOMPARE(pixel[1], 10.5F);
        QCOMPARE(pixel[2], 0.5F);
    }

    void agreesWithAreaAveraging_data()
    {
        QTest::addColumn<int>("type");
        QTest::addColumn<QSize>("size");
        for (const int type : {CV_8UC1, CV_8UC3, CV_8UC4, CV_16UC1, CV_16UC3}) {
            for (const QSize size : {QSize(64, 64), QSize(33, 47), QSize(500, 301), QSize(32, 32)})
                QTest::addRow("type %d, %dx%d", type, size.width(), size.height()) << type << size;
        }
    }

    void agreesWithAreaAveraging()
    {
        QFETCH(int, type);
        QFETCH(QSize, size);
        const cv::Mat source = patternImage(size.width(), size.height(), type);
        cv::Mat expected;
        source.convertTo(expected, CV_32F, source.depth() == CV_16U ? 255.0 / 65535.0 : 1.0);
        cv::resize(expected, expected, {32, 32}, 0, 0, cv::INTER_AREA);
        const int channels = source.channels();
        cv::cvtColor(expected, expected,
                     channels == 1   ? cv::COLOR_GRAY2RGB
                     : channels == 3 ? cv::COLOR_BGR2RGB
                                     : cv::COLOR_BGRA2RGB);
        QVERIFY(cv::norm(prepare(source, small()), expected, cv::NORM_INF) < 1e-3);
    }

    void enlargesSmoothly()
    {
        const cv::Mat dot(1, 1, CV_8UC1, cv::Scalar(77));
        QVERIFY(cv::norm(prepare(dot, small()), cv::Mat(32, 32, CV_32FC3, cv::Scalar::all(77)), cv::NORM_INF) == 0.0);
        // Wider than the network, but lower: averaged along one axis, interpolated along the other.
        cv::Mat strip(2, 64, CV_8UC1, cv::Scalar(0));
        strip.row(1).setTo(100);
        const cv::Mat input = prepare(strip, small());
        QCOMPARE(input.at<cv::Vec3f>(0, 3)[0], 0.0F);
        QCOMPARE(input.at<cv::Vec3f>(31, 3)[0], 100.0F);
        QVERIFY(std::abs(input.at<cv::Vec3f>(16, 3)[0] - 53.125F) < 1e-3F);
    }

    void windowMaps16BitOnly()
    {
        Preprocessing how = small();
        how.window16 = {1000.0, 3000.0};
        for (const auto& [raw, expected] :
             {std::pair(0, 0.0F), {1000, 0.0F}, {1500, 63.75F}, {3000, 255.0F}, {65535, 255.0F}}) {
            const cv::Mat source(40, 40, CV_16UC1, cv::Scalar(raw));
            QVERIFY(std::abs(prepare(source, how).at<cv::Vec3f>(7, 7)[1] - expected) < 1e-3F);
        }
        const cv::Mat source8(40, 40, CV_8UC1, cv::Scalar(200));
        QVERIFY(std::abs(prepare(source8, how).at<cv::Vec3f>(7, 7)[1] - 200.0F) < 1e-3F);
    }

    void windowCutsBeforeAveraging()
    {
        Preprocessing how = small();
        how.window16 = {0.0, 1000.0};
        cv::Mat source(64, 64, CV_16UC1, cv::Scalar(0));
        for (int y = 0; y < 64; y += 2) {
            for (int x = 0; x < 64; x += 2)
                source.at<ushort>(y, x) = 60000;
        }
        QVERIFY(std::abs(prepare(source, how).at<cv::Vec3f>(3, 3)[0] - 63.75F) < 1e-3F);
    }

    void centreCropAndBack()
    {
        Preprocessing how = small();
        how.resizeTo = 64;
        cv::Mat source(128, 128, CV_8UC1, cv::Scalar(0));
        source(cv::Rect(32, 32, 64, 64)).setTo(250);
        QVERIFY(cv::norm(prepare(source, how), cv::Mat(32, 32, CV_32FC3, cv::Scalar::all(250)), cv::NORM_INF) < 1e-3);

        const cv::Mat map = ImageGeometry({128, 128}, how).mapAt(cv::Mat::ones(32, 32, CV_32F), {128, 128});
        QCOMPARE(map.size(), cv::Size(128, 128));
        QCOMPARE(map.at<float>(64, 64), 1.0F);
        QCOMPARE(map.at<float>(10, 64), 0.0F);
        QVERIFY(std::abs(cv::mean(map)[0] - 0.25) < 0.01);

        const cv::Mat mask = prepareMask(source > 0, how);
        QCOMPARE(mask.size(), cv::Size(32, 32));
        QCOMPARE(cv::countNonZero(mask), 32 * 32);
    }

    void mapLandsOnItsPixel()
    {
        cv::Mat map = cv::Mat::zeros(32, 32, CV_32F);
        map.at<float>(8, 20) = 1.0F;
        const cv::Mat large = ImageGeometry({320, 640}, small()).mapAt(map, {320, 640});
        cv::Point peak;
        cv::minMaxLoc(large, nullptr, nullptr, nullptr, &peak);
        QVERIFY(std::abs(peak.x - 204.5) <= 1.0 && std::abs(peak.y - 169.5) <= 1.0);
    }

    void singleValuesAreThoseOfTheWholeMap()
    {
        cv::Mat map(32, 32, CV_32F);
        cv::RNG random(3);
        random.fill(map, cv::RNG::UNIFORM, 0.0, 1.0);
        Preprocessing cropped = small();
        cropped.resizeTo = 50;
        for (const Preprocessing& how : {small(), cropped}) {
            for (const cv::Size source : {cv::Size(77, 201), cv::Size(20, 9), cv::Size(1, 1)}) {
                const ImageGeometry geometry(source, how);
                const cv::Mat whole = geometry.mapAt(map, source);
                for (int y = 0; y < source.height; ++y) {
                    for (int x = 0; x < source.width; ++x)
                        QVERIFY(std::abs(geometry.valueAt(map, {x, y}) - whole.at<float>(y, x)) < 1e-5F);
                }
            }
        }
        QCOMPARE(ImageGeometry().valueAt(map, {7, 9}), map.at<float>(9, 7));
        QVERIFY(isSame(ImageGeometry().mapAt(map, map.size()), map));
    }

    void masksStayBinary()
    {
        cv::Mat mask = cv::Mat::zeros(101, 77, CV_8U);
        mask(cv::Rect(20, 30, 25, 40)).setTo(255);
        const cv::Mat small32 = prepareMask(mask, small());
        QCOMPARE(cv::countNonZero(small32 == 0) + cv::countNonZero(small32 == 255), 32 * 32);
        QVERIFY(cv::countNonZero(small32) > 100);
    }

    void displays()
    {
        const cv::Mat deep(2, 2, CV_16UC1, cv::Scalar(65535));
        QVERIFY(isSame(toDisplay(deep), cv::Mat(2, 2, CV_8UC3, cv::Scalar::all(255))));
        const cv::Mat some(2, 2, CV_16UC3, cv::Scalar(100, 600, 5000));
        QVERIFY(isSame(toDisplay(some, {100.0, 1100.0}), cv::Mat(2, 2, CV_8UC3, cv::Scalar(0, 128, 255))) ||
                isSame(toDisplay(some, {100.0, 1100.0}), cv::Mat(2, 2, CV_8UC3, cv::Scalar(0, 127, 255))));
        const cv::Mat alpha(2, 2, CV_8UC4, cv::Scalar(1, 2, 3, 4));
        QVERIFY(isSame(toDisplay(alpha), cv::Mat(2, 2, CV_8UC3, cv::Scalar(1, 2, 3))));
    }

    void refusesOtherMats()
    {
        for (const cv::Mat& bad :
             {cv::Mat(), cv::Mat(4, 4, CV_32FC3), cv::Mat(4, 4, CV_8UC2), cv::Mat(4, 4, CV_16SC1)}) {
            const auto error = errorOf([&] { prepare(bad, small()); });
            QVERIFY(error && error->kind() == ErrorKind::Input);
            QVERIFY(errorOf([&] { toDisplay(bad); }));
        }
        const ImageGeometry geometry({10, 10}, small());
        for (const cv::Mat& bad : {cv::Mat(), cv::Mat(31, 32, CV_32F), cv::Mat(32, 32, CV_8U)}) {
            QVERIFY(errorOf([&] { geometry.mapAt(bad, {10, 10}); }));
            QVERIFY(errorOf([&] { geometry.valueAt(bad, {1, 1}); }));
        }
    }

    void jsonRoundTrip()
    {
        Preprocessing how;
        how.width = 320;
        how.height = 224;
        how.resizeTo = 352;
        how.window16 = {12.5, 4095.0};
        const Preprocessing back = Preprocessing::fromJson(how.toJson());
        QCOMPARE(back.toJson(), how.toJson());
        QVERIFY(back.window16 == how.window16);
    }

    void refusesAbsurdJson_data()
    {
        QTest::addColumn<QString>("key");
        QTest::addColumn<QJsonValue>("value");
        QTest::newRow("text") << u"width"_s << QJsonValue(u"256"_s);
        QTest::newRow("missing") << u"height"_s << QJsonValue(QJsonValue::Undefined);
        QTest::newRow("not of 32") << u"width"_s << QJsonValue(100);
        QTest::newRow("fraction") << u"width"_s << QJsonValue(256.5);
        QTest::newRow("huge") << u"height"_s << QJsonValue(1e9);
        QTest::newRow("negative") << u"resize"_s << QJsonValue(-1);
        QTest::newRow("crop larger than resize") << u"resize"_s << QJsonValue(128);
        QTest::newRow("falling window") << u"window16_low"_s << QJsonValue(65535);
    }

    void refusesAbsurdJson()
    {
        QFETCH(QString, key);
        QFETCH(QJsonValue, value);
        QJsonObject json = Preprocessing().toJson();
        json.remove(key);
        if (!value.isUndefined())
            json.insert(key, value);
        const auto error = errorOf([&] { Preprocessing::fromJson(json); });
        QVERIFY(error);
        QCOMPARE(error->kind(), ErrorKind::Format);
    }

private:
    static Preprocessing small()
    {
        Preprocessing how;
        how.width = 32;
        how.height = 32;
        return how;
    }
};

QTEST_GUILESS_MAIN(TestPreprocessing)
#include "tst_preprocessing.moc"
