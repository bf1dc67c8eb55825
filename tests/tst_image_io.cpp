// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/image/image_header.h"
#include "core/image/image_io.h"
#include "tests/support/test_images.h"

#include <QtCore/QElapsedTimer>
#include <QtCore/QRandomGenerator>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <opencv2/imgproc.hpp>

using namespace lynceus;
using namespace lynceus::test;
using namespace Qt::StringLiterals;

namespace {

void append16(QByteArray& bytes, quint32 value)
{
    bytes.append(char(value & 0xFF)).append(char(value >> 8 & 0xFF));
}

void append32(QByteArray& bytes, quint32 value)
{
    append16(bytes, value & 0xFFFF);
    append16(bytes, value >> 16);
}

struct Tag
{
    quint32 id;
    quint32 value;
};

/// A little-endian TIFF of one strip; all tags hold one SHORT, the strip's place and length are added.
QByteArray tiff(const QByteArray& pixels, QList<Tag> tags)
{
    QByteArray file("II*\0", 4);
    const qsizetype padded = pixels.size() + pixels.size() % 2;
    append32(file, quint32(8 + padded));
    file += pixels + QByteArray(padded - pixels.size(), '\0');
    tags += {{273, 8}, {279, quint32(pixels.size())}};
    std::sort(tags.begin(), tags.end(), [](const Tag& a, const Tag& b) { return a.id < b.id; });
    append16(file, quint32(tags.size()));
    for (const Tag& tag : tags) {
        append16(file, tag.id);
        append16(file, 3);
        append32(file, 1);
        append32(file, tag.value);
    }
    append32(file, 0);
    return file;
}

QByteArray greyTiff(int bits, quint32 photometric, quint32 orientation, const QByteArray& pixels, QList<Tag> more = {})
{
    more += {{256, 3}, {257, 2}, {258, quint32(bits)}, {259, 1}, {262, photometric}, {274, orientation},
             {277, 1}, {278, 2}};
    return tiff(pixels, more);
}

QByteArray exif(int orientation)
{
    QByteArray bytes("II*\0", 4);
    append32(bytes, 8);
    append16(bytes, 1);
    append16(bytes, 274);
    append16(bytes, 3);
    append32(bytes, 1);
    append32(bytes, quint32(orientation));
    append32(bytes, 0);
    return bytes;
}

QByteArray withJpegOrientation(const QByteArray& jpeg, int orientation)
{
    const QByteArray block = QByteArray("Exif\0\0", 6) + exif(orientation);
    QByteArray segment("\xFF\xE1");
    segment.append(char((block.size() + 2) >> 8)).append(char((block.size() + 2) & 0xFF));
    return jpeg.left(2) + segment + block + jpeg.mid(2);
}

QByteArray withPngOrientation(const QByteArray& png, int orientation)
{
    const QByteArray chunk = "eXIf" + exif(orientation);
    quint32 crc = 0xFFFFFFFF;
    for (const char byte : chunk) {
        crc ^= uchar(byte);
        for (int bit = 0; bit < 8; ++bit)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
    }
    const auto bigEndian = [](quint32 value) {
        QByteArray bytes;
        for (int shift = 24; shift >= 0; shift -= 8)
            bytes.append(char(value >> shift & 0xFF));
        return bytes;
    };
    constexpr int kAfterHeader = 33;
    return png.left(kAfterHeader) + bigEndian(quint32(chunk.size() - 4)) + chunk + bigEndian(~crc) +
           png.mid(kAfterHeader);
}

/// The plain WebP of a picture in the extended layout, which can carry EXIF.
QByteArray withWebPOrientation(const QByteArray& webp, int width, int height, int orientation)
{
    QByteArray body("WEBPVP8X\x0A\0\0\0\x08\0\0\0", 16);
    append16(body, quint32(width - 1));
    body.append('\0');
    append16(body, quint32(height - 1));
    body.append('\0');
    const QByteArray block = exif(orientation);
    body += webp.mid(12) + "EXIF";
    append32(body, quint32(block.size()));
    body += block;
    QByteArray file("RIFF");
    append32(file, quint32(body.size()));
    return file + body;
}

QByteArray withPngSize(QByteArray png, quint32 width, quint32 height)
{
    for (int i = 0; i < 4; ++i) {
        png[16 + i] = char(width >> (24 - 8 * i) & 0xFF);
        png[20 + i] = char(height >> (24 - 8 * i) & 0xFF);
    }
    return png;
}

/// What EXIF's numbers mean, written down from the standard: the row and column that the picture's first row and first
/// column of the file are.
cv::Mat turned(const cv::Mat& image, int orientation)
{
    cv::Mat result;
    switch (orientation) {
    case 2:
        cv::flip(image, result, 1);
        return result;
    case 3:
        cv::rotate(image, result, cv::ROTATE_180);
        return result;
    case 4:
        cv::flip(image, result, 0);
        return result;
    case 5:
        cv::transpose(image, result);
        return result;
    case 6:
        cv::rotate(image, result, cv::ROTATE_90_CLOCKWISE);
        return result;
    case 7:
        cv::rotate(image, result, cv::ROTATE_180);
        cv::transpose(result, result);
        return result;
    case 8:
        cv::rotate(image, result, cv::ROTATE_90_COUNTERCLOCKWISE);
        return result;
    default:
        return image.clone();
    }
}

} // namespace

class TestImageIo : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void keepsDepthAndChannels_data()
    {
        QTest::addColumn<QByteArray>("suffix");
        QTest::addColumn<int>("type");
        const QList<int> all{CV_8UC1, CV_8UC3, CV_8UC4, CV_16UC1, CV_16UC3, CV_16UC4};
        for (const int type : all)
            QTest::addRow("png type %d", type) << QByteArray(".png") << type;
        for (const int type : {CV_8UC1, CV_8UC3, CV_16UC1, CV_16UC3, CV_16UC4})
            QTest::addRow("tiff type %d", type) << QByteArray(".tiff") << type;
        for (const int type : {CV_8UC1, CV_8UC3})
            QTest::addRow("bmp type %d", type) << QByteArray(".bmp") << type;
    }

    void keepsDepthAndChannels()
    {
        QFETCH(QByteArray, suffix);
        QFETCH(int, type);
        const cv::Mat image = patternImage(37, 21, type);
        QVERIFY(isSame(
            readImage(file(u"Prüfling 你好"_s + QString::fromLatin1(suffix), encoded(image, suffix.constData()))),
            image));
    }

    void readsLossyFormats_data()
    {
        QTest::addColumn<QByteArray>("suffix");
        QTest::addColumn<int>("type");
        QTest::newRow("jpeg grey") << QByteArray(".jpg") << CV_8UC1;
        QTest::newRow("jpeg colour") << QByteArray(".jpg") << CV_8UC3;
        QTest::newRow("webp colour") << QByteArray(".webp") << CV_8UC3;
        QTest::newRow("webp alpha") << QByteArray(".webp") << CV_8UC4;
    }

    void readsLossyFormats()
    {
        QFETCH(QByteArray, suffix);
        QFETCH(int, type);
        const cv::Mat image(40, 30, type, cv::Scalar(30, 60, 200, 100));
        const cv::Mat read =
            readImage(file(u"lossy"_s + QString::fromLatin1(suffix), encoded(image, suffix.constData())));
        QCOMPARE(read.type(), type);
        QCOMPARE(read.cols, 30);
        QVERIFY(cv::norm(read, image, cv::NORM_INF) < 6.0);
    }

    void appliesOrientation_data()
    {
        QTest::addColumn<int>("orientation");
        for (int orientation = 0; orientation <= 9; ++orientation)
            QTest::addRow("orientation %d", orientation) << orientation;
    }

    void appliesOrientation()
    {
        QFETCH(int, orientation);
        const QByteArray jpeg = encoded(patternImage(24, 16, CV_8UC3), ".jpg");
        const cv::Mat upright = readImage(file(u"upright.jpg"_s, jpeg));
        const QByteArray rotated = withJpegOrientation(jpeg, orientation);
        QVERIFY(isSame(readImage(file(u"rotated.jpg"_s, rotated)), turned(upright, orientation)));
        QCOMPARE(parseImageHeader(rotated)->orientation, orientation >= 1 && orientation <= 8 ? orientation : 1);

        // Alpha and 16 bits, for which OpenCV would not do it.
        const cv::Mat deep = patternImage(9, 5, CV_16UC4);
        QVERIFY(isSame(decodeImage(withPngOrientation(encoded(deep, ".png"), orientation), u"x"_s),
                       turned(deep, orientation)));
        const QByteArray webp = encoded(patternImage(24, 16, CV_8UC3), ".webp");
        QVERIFY(isSame(decodeImage(withWebPOrientation(webp, 24, 16, orientation), u"x"_s),
                       turned(decodeImage(webp, u"x"_s), orientation)));

        const cv::Mat stored = (cv::Mat_<uchar>(2, 3) << 1, 2, 3, 4, 5, 6);
        if (orientation >= 1 && orientation <= 8) {
            const QByteArray pixels("\1\2\3\4\5\6");
            QVERIFY(isSame(readImage(file(u"a.tif"_s, greyTiff(8, 1, quint32(orientation), pixels))),
                           turned(stored, orientation)));
        }
    }

    void rotatedThumbnail()
    {
        cv::Mat image(80, 160, CV_8UC3, cv::Scalar::all(0));
        image.colRange(0, 80).setTo(cv::Scalar::all(255));
        const QString path = file(u"t.jpg"_s, withJpegOrientation(encoded(image, ".jpg"), 6));
        const cv::Mat thumbnail = readThumbnail(path, 40);
        QCOMPARE(thumbnail.rows, 40);
        QCOMPARE(thumbnail.cols, 20);
        QVERIFY(thumbnail.at<cv::Vec3b>(5, 10)[0] > 240);
        QVERIFY(thumbnail.at<cv::Vec3b>(35, 10)[0] < 15);
    }

    void thumbnails_data()
    {
        QTest::addColumn<QByteArray>("suffix");
        QTest::addColumn<int>("type");
        QTest::newRow("png 16 bit") << QByteArray(".png") << CV_16UC1;
        QTest::newRow("png alpha") << QByteArray(".png") << CV_8UC4;
        QTest::newRow("jpeg grey") << QByteArray(".jpg") << CV_8UC1;
        QTest::newRow("bmp") << QByteArray(".bmp") << CV_8UC3;
    }

    void thumbnails()
    {
        QFETCH(QByteArray, suffix);
        QFETCH(int, type);
        const double half = CV_MAT_DEPTH(type) == CV_16U ? 32768 : 128;
        for (const cv::Size size : {cv::Size(1000, 10), cv::Size(300, 500), cv::Size(7, 3)}) {
            const cv::Mat image(size, type, cv::Scalar::all(half));
            const QString path = file(u"thumb"_s + QString::fromLatin1(suffix), encoded(image, suffix.constData()));
            const cv::Mat thumbnail = readThumbnail(path, 64);
            QCOMPARE(thumbnail.type(), CV_8UC3);
            QCOMPARE(std::max(thumbnail.cols, thumbnail.rows), std::min(64, std::max(size.width, size.height)));
            QVERIFY(std::abs(int(thumbnail.at<cv::Vec3b>(0, 0)[1]) - 128) <= 1);
        }
    }

    void tinyImage()
    {
        const cv::Mat image(1, 1, CV_16UC1, cv::Scalar(12345));
        QVERIFY(isSame(readImage(file(u"1.png"_s, encoded(image, ".png"))), image));
    }

    void whiteIsZeroTiff()
    {
        const QByteArray pixels("\x01\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06\x00", 12);
        const cv::Mat expected = (cv::Mat_<ushort>(2, 3) << 65534, 65533, 65532, 65531, 65530, 65529);
        QVERIFY(isSame(readImage(file(u"w.tif"_s, greyTiff(16, 0, 1, pixels))), expected));
        const cv::Mat bits = (cv::Mat_<uchar>(2, 3) << 255, 0, 255, 0, 255, 0);
        QVERIFY(isSame(readImage(file(u"b.tif"_s, greyTiff(1, 1, 1, "\xA0\x40"))), bits));
    }

    void memoryIsBounded_data()
    {
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<bool>("isTooLarge");
        const auto png = [](int type, quint32 width, quint32 height) {
            return withPngSize(encoded(cv::Mat(2, 2, type, cv::Scalar::all(9)), ".png"), width, height);
        };
        QTest::newRow("16 bit with alpha") << png(CV_16UC4, 22000, 22000) << true;
        QTest::newRow("16 bit") << png(CV_16UC1, 22000, 22000) << false; // 968 MB
        QTest::newRow("8 bit colour") << png(CV_8UC3, 20000, 20000) << true;
        QTest::newRow("150 megapixels, 16 bit colour") << png(CV_16UC3, 14204, 10652) << false;
        QByteArray jpeg = encoded(cv::Mat(2, 2, CV_8UC3, cv::Scalar::all(9)), ".jpg");
        const auto frame = jpeg.indexOf("\xFF\xC0");
        for (const qsizetype at : {frame + 5, frame + 7}) { // 20,000 x 20,000
            jpeg[at] = '\x4E';
            jpeg[at + 1] = '\x20';
        }
        QTest::newRow("jpeg") << jpeg << true;
        QTest::newRow("tiff") << tiff(QByteArray(6, '\0'), {{256, 60000}, {257, 6000}, {258, 16}, {262, 2}, {277, 3}})
                              << true;
        QTest::newRow("grey tiff") << tiff(QByteArray(6, '\0'), {{256, 60000}, {257, 6000}, {258, 16}, {262, 1}})
                                   << false;
    }

    void memoryIsBounded()
    {
        QFETCH(QByteArray, content);
        QFETCH(bool, isTooLarge);
        const QString path = file(u"bomb"_s, content);
        const auto header = parseImageHeader(content);
        QVERIFY(header && header->width > 1000);
        QCOMPARE(header->width * header->height * header->bytesPerPixel > kMaxDecodedBytes, isTooLarge);
        if (!isTooLarge)
            return; // decoding these would take long
        const auto error = errorOf([&] { readImage(path); });
        QVERIFY(error);
        QVERIFY2(error->message().contains(u"bomb"_s) && error->message().contains(u"MB"_s),
                 qPrintable(error->message()));
        QVERIFY2(error->remedy().contains(u"1073 MB"_s), qPrintable(error->remedy()));
    }

    void onlyTheFirstPage()
    {
        const cv::Mat first = patternImage(30, 20, CV_8UC3);
        const QString path = m_dir.filePath(u"pages.tif"_s);
        QVERIFY(cv::imwritemulti(path.toStdString(), std::vector<cv::Mat>{first, 255 - first, first}));
        QVERIFY(isSame(readImage(path), first));
        QVERIFY2(imageWarning(readImageFile(path)).contains(u"3"_s), qPrintable(imageWarning(readImageFile(path))));
        const QByteArray single = encoded(first, ".tiff");
        QVERIFY(imageWarning(single).isEmpty());
        // A small version of the same page is none; and a list that forms a loop ends.
        QByteArray loop = greyTiff(8, 1, 1, "\1\2\3\4\5\6", {{254, 0}});
        loop.replace(loop.size() - 4, 4, loop.mid(4, 4));
        QCOMPARE(parseImageHeader(loop)->pictures, 1);
        QVERIFY(isSame(decodeImage(loop, u"x"_s), (cv::Mat_<uchar>(2, 3) << 1, 2, 3, 4, 5, 6)));
        QCOMPARE(parseImageHeader(greyTiff(8, 1, 1, "\1\2\3\4\5\6", {{254, 1}}))->pictures, 0);
        QVERIFY(imageWarning("no picture").isEmpty());
    }

    void animationsAreNamed()
    {
        const QByteArray still = encoded(patternImage(24, 16, CV_8UC3), ".webp");
        QByteArray body("WEBPVP8X\x0A\0\0\0\x02\0\0\0\x17\0\0\x0F\0\0"
                        "ANIM\x06\0\0\0\0\0\0\0\0\0"
                        "ANMF",
                        40);
        append32(body, quint32(16 + still.size() - 12));
        body += QByteArray("\0\0\0\0\0\0\x17\0\0\x0F\0\0\x64\0\0\0", 16) + still.mid(12);
        QByteArray animated("RIFF");
        append32(animated, quint32(body.size()));
        const QString path = file(u"a.webp"_s, animated + body);
        const auto error = errorOf([&] { readImage(path); });
        QVERIFY(error);
        QVERIFY2(error->message().contains(u"animation"_s), qPrintable(error->message()));
        QVERIFY(!error->message().contains(u"damaged"_s));
    }

    void unsupportedTiff_data()
    {
        QTest::addColumn<QByteArray>("content");
        QTest::newRow("float") << greyTiff(32, 1, 1, QByteArray(24, '\0'), {{339, 3}});
        QTest::newRow("32 bit") << greyTiff(32, 1, 1, QByteArray(24, '\0'));
        QTest::newRow("signed") << greyTiff(16, 1, 1, QByteArray(12, '\0'), {{339, 2}});
        const QList<Tag> size{{256, 3}, {257, 2}, {258, 8}, {259, 1}, {278, 2}};
        QTest::newRow("planes") << tiff(QByteArray(18, '\0'), size + QList<Tag>{{262, 2}, {277, 3}, {284, 2}});
        QTest::newRow("grey and alpha") << tiff(QByteArray(12, '\0'), size + QList<Tag>{{262, 1}, {277, 2}});
        QTest::newRow("five channels") << tiff(QByteArray(30, '\0'), size + QList<Tag>{{262, 2}, {277, 5}});
    }

    void unsupportedTiff()
    {
        QFETCH(QByteArray, content);
        const QString path = file(u"x.tif"_s, content);
        const auto error = errorOf([&] { readImage(path); });
        QVERIFY(error);
        QCOMPARE(error->kind(), ErrorKind::Format);
        QVERIFY(error->message().contains(u"x.tif"_s) && error->message().contains(u"holds"_s));
        QVERIFY(!error->remedy().isEmpty());
    }

    void truncatedFiles_data()
    {
        QTest::addColumn<QByteArray>("content");
        const cv::Mat image = patternImage(90, 70, CV_8UC3);
        for (const char* suffix : {".png", ".jpg", ".tiff", ".bmp", ".webp"}) {
            const QByteArray whole = encoded(image, suffix);
            for (const double share : {0.002, 0.02, 0.3, 0.7, 0.95, 0.999})
                QTest::addRow("%s %g", suffix, share) << whole.left(qsizetype(double(whole.size()) * share));
            QTest::addRow("%s one byte less", suffix) << whole.chopped(1);
        }
        // The end marker of an embedded thumbnail must not count as the picture's.
        const QByteArray jpeg = encoded(image, ".jpg");
        const QByteArray inner = encoded(patternImage(8, 8, CV_8UC1), ".jpg");
        QByteArray segment("\xFF\xE2");
        segment.append(char((inner.size() + 2) >> 8)).append(char((inner.size() + 2) & 0xFF));
        QTest::newRow("jpeg with thumbnail") << (jpeg.left(2) + segment + inner + jpeg.mid(2)).chopped(200);
    }

    void truncatedFiles()
    {
        QFETCH(QByteArray, content);
        const QString path = file(u"half ü.img"_s, content);
        for (const bool thumbnail : {false, true}) {
            const auto error = errorOf([&] { thumbnail ? readThumbnail(path, 32) : readImage(path); });
            QVERIFY(error);
            QCOMPARE(error->kind(), ErrorKind::Format);
            QVERIFY(error->message().contains(u"half ü.img"_s));
            QVERIFY(!error->remedy().isEmpty());
        }
    }

    void hugeBmpIsNotComplete()
    {
        // 2^30 x 2^31 pixels of 4 bytes are 2^63 bytes.
        QByteArray bmp = encoded(patternImage(4, 4, CV_8UC4), ".bmp");
        QByteArray sides;
        append32(sides, 1U << 30);
        append32(sides, 1U << 31);
        bmp.replace(18, 8, sides);
        const auto header = parseImageHeader(bmp);
        QVERIFY(header && !header->complete);
        bmp.replace(28, 2, QByteArray(2, '\xFF')); // bits a pixel
        QVERIFY(!parseImageHeader(bmp)->complete);
    }

    void manyStripsAndTagsTakeNoTime()
    {
        constexpr int kTags = 60'000;
        constexpr int kStrips = 1'000'000;
        QByteArray content("II*\0", 4);
        append32(content, 8);
        append16(content, kTags + 2);
        const quint32 strips = 8 + 2 + 12 * (kTags + 2);
        const auto append = [&](quint32 id, quint32 type, quint32 count, quint32 value) {
            append16(content, id);
            append16(content, type);
            append32(content, count);
            append32(content, value);
        };
        for (int i = 0; i < kTags; ++i)
            append(1, 3, 1, 0);
        append(273, 4, kStrips, strips);
        append(279, 4, kStrips, strips);
        content += QByteArray(4 * kStrips, '\0');
        QElapsedTimer clock;
        clock.start();
        QVERIFY(parseImageHeader(content).has_value());
        QVERIFY2(clock.elapsed() < 2000, qPrintable(QString::number(clock.elapsed())));
    }

    void bytesAfterTheEndAreHarmless()
    {
        const cv::Mat image = patternImage(20, 20, CV_8UC3);
        for (const char* suffix : {".png", ".jpg", ".bmp", ".tiff"}) {
            const QByteArray whole = encoded(image, suffix);
            QVERIFY(isSame(decodeImage(whole + QByteArray(100, '\0'), u"x"_s), decodeImage(whole, u"x"_s)));
        }
    }

    void refusesHugeImagesUndecoded_data()
    {
        QTest::addColumn<quint32>("width");
        QTest::addColumn<quint32>("height");
        QTest::newRow("30000 square") << 30000u << 30000u;
        QTest::newRow("too long a side") << 2'000'000u << 1u;
        QTest::newRow("largest number") << 0x7FFFFFFFu << 0x7FFFFFFFu;
    }

    void refusesHugeImagesUndecoded()
    {
        QFETCH(quint32, width);
        QFETCH(quint32, height);
        const QByteArray png = withPngSize(encoded(patternImage(4, 4, CV_8UC1), ".png"), width, height);
        const QString path = file(u"a %2 huge.png"_s, png);
        const auto error = errorOf([&] { readImage(path); });
        QVERIFY(error);
        QVERIFY(error->message().contains(u"too large"_s));
        QVERIFY(error->message().contains(QString::number(width)));
        QVERIFY(error->message().contains(u"a %2 huge.png"_s));
        QVERIFY(errorOf([&] { readThumbnail(path, 64); }));
    }

    void otherThingsThanImages()
    {
        const auto messageOf = [](const QString& path) { return errorOf([&] { readImage(path); }).value().message(); };
        QVERIFY(messageOf(file(u"text.png"_s, "This is no picture.")).contains(u"not an image"_s));
        QVERIFY(messageOf(file(u"empty.png"_s, "")).contains(u"empty"_s));
        QVERIFY(messageOf(m_dir.path()).contains(u"not a file"_s));
        QVERIFY(messageOf(m_dir.filePath(u"none.png"_s)).contains(u"not exist"_s));
        QVERIFY(messageOf(file(u"gif.png"_s, "GIF89a\1\1\1\1\1")).contains(u"not an image"_s));
    }

    void survivesRandomDamage()
    {
        QRandomGenerator random(7);
        const cv::Mat image = patternImage(40, 30, CV_8UC3);
        for (const char* suffix : {".png", ".jpg", ".tiff", ".bmp", ".webp"}) {
            const QByteArray whole = encoded(image, suffix);
            for (int round = 0; round < 300; ++round) {
                QByteArray broken = whole;
                for (int i = random.bounded(1, 6); i > 0; --i)
                    broken[random.bounded(int(std::min<qsizetype>(broken.size(), 400)))] = char(random.bounded(256));
                const auto header = parseImageHeader(broken);
                if (header && header->width * header->height > 10'000'000)
                    continue; // only slow
                const auto error = errorOf([&] { decodeImage(broken, u"x"_s); });
                QVERIFY(!error || !error->message().isEmpty());
            }
        }
    }

    void masks()
    {
        const cv::Mat grey = (cv::Mat_<uchar>(1, 5) << 0, 1, 127, 128, 255);
        const cv::Mat expected = (cv::Mat_<uchar>(1, 5) << 0, 0, 0, 255, 255);
        QVERIFY(isSame(readMask(file(u"m.png"_s, encoded(grey, ".png"))), expected));
        cv::Mat deep;
        grey.convertTo(deep, CV_16U, 257.0);
        QVERIFY(isSame(readMask(file(u"m16.png"_s, encoded(deep, ".png"))), expected));
        cv::Mat opaque(1, 2, CV_8UC4, cv::Scalar(0, 0, 0, 255));
        opaque.at<cv::Vec4b>(0, 1) = {0, 0, 200, 255};
        QVERIFY(isSame(readMask(file(u"rgba.png"_s, encoded(opaque, ".png"))), (cv::Mat_<uchar>(1, 2) << 0, 255)));
    }

    void writesPng()
    {
        const QString path = m_dir.filePath(u"Größe 写.png"_s);
        for (const int type : {CV_8UC1, CV_8UC3, CV_8UC4, CV_16UC1, CV_16UC3}) {
            const cv::Mat image = patternImage(31, 17, type);
            writePng(path, image);
            QVERIFY(isSame(readImage(path), image));
        }
        const auto error = errorOf([&] { writePng(m_dir.filePath(u"none/x.png"_s), cv::Mat::zeros(2, 2, CV_8U)); });
        QVERIFY(error);
        QCOMPARE(error->kind(), ErrorKind::File);
        QVERIFY(errorOf([&] { writePng(path, cv::Mat::zeros(2, 2, CV_32F)); }));
        QVERIFY(errorOf([&] { writePng(path, cv::Mat()); }));
        QCOMPARE(readImage(path).cols, 31);
    }

    void suffixes()
    {
        QVERIFY(hasImageSuffix(u"a/b.PNG"_s) && hasImageSuffix(u"x.y.TiFf"_s));
        QVERIFY(!hasImageSuffix(u"png"_s) && !hasImageSuffix(u"a.png/b"_s) && !hasImageSuffix(u"a.txt"_s));
    }

private:
    QString file(const QString& name, const QByteArray& content)
    {
        const QString path = m_dir.filePath(name);
        writeFile(path, content);
        return path;
    }

    QTemporaryDir m_dir;
};

QTEST_GUILESS_MAIN(TestImageIo)
#include "tst_image_io.moc"
