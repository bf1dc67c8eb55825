// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/input_size.h"

#include <QtTest/QTest>

#include <cmath>

using namespace Qt::StringLiterals;
using namespace lynceus;

class TestInputSize : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void lengthsAreRead_data();
    void lengthsAreRead();
    void defectsSetTheSize_data();
    void defectsSetTheSize();
    void longPicturesKeepTheirShortSide_data();
    void longPicturesKeepTheirShortSide();
    void saysWhatIsSeen_data();
    void saysWhatIsSeen();
};

void TestInputSize::lengthsAreRead_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<double>("pixels"); ///< at 20 to a millimetre; 0: no length
    QTest::addColumn<QString>("written");
    QTest::newRow("bare") << u"12"_s << 12.0 << u"12 px"_s;
    QTest::newRow("px") << u"7.5 px"_s << 7.5 << u"7.5 px"_s;
    QTest::newRow("mm") << u" 0.3mm "_s << 6.0 << u"0.3 mm"_s;
    QTest::newRow("empty") << QString() << 0.0 << QString();
    QTest::newRow("zero") << u"0 px"_s << 0.0 << QString();
    QTest::newRow("negative") << u"-12 px"_s << 0.0 << QString();
    QTest::newRow("word") << u"abc"_s << 0.0 << QString();
    QTest::newRow("unit alone") << u"mm"_s << 0.0 << QString();
    QTest::newRow("other unit") << u"12 cm"_s << 0.0 << QString();
    QTest::newRow("beyond numbers") << QString(400, u'9') << 0.0 << QString();
}

void TestInputSize::lengthsAreRead()
{
    QFETCH(const QString, text);
    QFETCH(const double, pixels);
    QFETCH(const QString, written);
    const auto length = Length::fromText(text);
    QCOMPARE(length.has_value(), pixels > 0.0);
    if (!length)
        return;
    QCOMPARE(length->pixels(20.0), pixels);
    QCOMPARE(length->text(), written);
    QCOMPARE(Length::fromText(length->text())->pixels(20.0), pixels);
}

void TestInputSize::defectsSetTheSize_data()
{
    QTest::addColumn<double>("side");
    QTest::addColumn<bool>("isPart");
    QTest::addColumn<double>("smallest");
    QTest::addColumn<double>("wanted");
    QTest::newRow("as fine as it needs") << 2000.0 << false << 2.0 * kSeenPixels << 1000.0;
    QTest::newRow("no finer than the picture") << 1500.0 << false << 3.0 << 1500.0;
    QTest::newRow("no larger than the limit") << 8000.0 << false << 4.0 << std::sqrt(kMostInputPixels);
    QTest::newRow("no smaller than without") << 2000.0 << false << 500.0 << 384.0;
    QTest::newRow("of a small picture") << 300.0 << false << 4.0 << 300.0;
    QTest::newRow("of a small part") << 200.0 << true << 4.0 << 256.0;
    QTest::newRow("of a part") << 900.0 << true << kSeenPixels << 900.0;
}

void TestInputSize::defectsSetTheSize()
{
    QFETCH(const double, side);
    QFETCH(const bool, isPart);
    QFETCH(const double, smallest);
    QFETCH(const double, wanted);
    const int pixels = int(side);
    QCOMPARE(sideForDefects(cv::Size(pixels, pixels), isPart, smallest), wanted);
}

void TestInputSize::longPicturesKeepTheirShortSide_data()
{
    QTest::addColumn<cv::Size>("picture");
    QTest::addColumn<bool>("isPart");
    QTest::addColumn<cv::Size>("input");
    QTest::newRow("square") << cv::Size(300, 300) << false << cv::Size(256, 256);
    QTest::newRow("large square") << cv::Size(900, 900) << false << cv::Size(384, 384);
    QTest::newRow("long") << cv::Size(640, 261) << false << cv::Size(640, 256);
    QTest::newRow("upright") << cv::Size(261, 640) << false << cv::Size(256, 640);
    QTest::newRow("never enlarged") << cv::Size(800, 130) << false << cv::Size(800, 128);
    QTest::newRow("very long") << cv::Size(4000, 500) << false << cv::Size(1440, 192);
    QTest::newRow("a part") << cv::Size(600, 300) << true << cv::Size(544, 256);
    QTest::newRow("not that long") << cv::Size(266, 330) << false << cv::Size(224, 288);
    QTest::newRow("a small part") << cv::Size(300, 100) << true << cv::Size(448, 160);
}

void TestInputSize::longPicturesKeepTheirShortSide()
{
    QFETCH(const cv::Size, picture);
    QFETCH(const bool, isPart);
    QFETCH(const cv::Size, input);
    QCOMPARE(inputOf(automaticSide(picture, isPart), double(picture.width) / picture.height), input);
}

void TestInputSize::saysWhatIsSeen_data()
{
    QTest::addColumn<cv::Size>("picture");
    QTest::addColumn<cv::Size>("input");
    QTest::addColumn<double>("smallest");
    QTest::addColumn<double>("pixelsPerMm");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("advice"); ///< a word of it
    const cv::Size camera(2448, 2048);
    QTest::newRow("about as fine") << cv::Size(512, 512) << cv::Size(384, 384) << 0.0 << 0.0 << QString() << QString();
    QTest::newRow("nobody said") << camera << cv::Size(416, 352) << 0.0 << 0.0
                                 << u"The network sees 416 x 352 of 2448 x 2048 pixels: defects below about 59 px may "
                                    "pass."_s
                                 << u"smallest_defect"_s;
    QTest::newRow("seen") << camera << cv::Size(1216, 1024) << 24.0 << 20.0
                          << u"The network sees 1216 x 1024 of 2448 x 2048 pixels: defects of 24 px (1.2 mm) can be "
                             "seen."_s
                          << QString();
    QTest::newRow("below the picture's own pixels")
        << cv::Size(640, 480) << cv::Size(640, 480) << 3.0 << 0.0
        << u"The network sees 640 x 480 of 640 x 480 pixels: defects of 3 px are too small for it, those below about "
           "10 px may pass."_s
        << u"closer"_s;
    QTest::newRow("size named by hand") << camera << cv::Size(512, 512) << 12.0 << 0.0
                                        << u"The network sees 512 x 512 of 2448 x 2048 pixels: defects of 12 px are "
                                           "too small for it, those below about 48 px may pass."_s
                                        << u"auto_size"_s;
    QTest::newRow("beyond the limit") << cv::Size(8192, 8192) << cv::Size(2304, 2304) << 12.0 << 0.0
                                      << u"The network sees 2304 x 2304 of 8192 x 8192 pixels: defects of 12 px are "
                                         "too small for it, those below about 36 px may pass."_s
                                      << u"smaller region"_s;
}

void TestInputSize::saysWhatIsSeen()
{
    QFETCH(const cv::Size, picture);
    QFETCH(const cv::Size, input);
    QFETCH(const double, smallest);
    QFETCH(const double, pixelsPerMm);
    QFETCH(const QString, text);
    QFETCH(const QString, advice);
    const Sight sight{picture, input, smallest, pixelsPerMm};
    QCOMPARE(sight.text(), text);
    QCOMPARE(sight.advice().isEmpty(), advice.isEmpty());
    QVERIFY2(sight.advice().contains(advice), qPrintable(sight.advice()));
}

QTEST_GUILESS_MAIN(TestInputSize)
#include "tst_input_size.moc"
