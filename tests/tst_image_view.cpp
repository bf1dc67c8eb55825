// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/image_io.h"
#include "ui/display_image.h"
#include "ui/image_view.h"
#include "ui/theme.h"

#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>
#include <QtGui/QWheelEvent>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>
#include <QtWidgets/QApplication>

#include <opencv2/imgproc.hpp>

using namespace lynceus;
using namespace Qt::StringLiterals;
using Layer = ImageView::Layer;

class TestImageView : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        theme::apply(theme::Scheme::Light);
        QVERIFY(m_dir.isValid());
        // Grey 100 with a red dot at (30, 20).
        cv::Mat image(100, 200, CV_8UC3, cv::Scalar::all(100));
        image.at<cv::Vec3b>(20, 30) = {1, 2, 255};
        m_file = m_dir.filePath(u"bild_ß.png"_s);
        writePng(m_file, image);
        cv::Mat mask(100, 200, CV_8U, cv::Scalar(0));
        mask(cv::Rect(50, 40, 20, 10)).setTo(255);
        m_mask = m_dir.filePath(u"bild_mask.png"_s);
        writePng(m_mask, mask);
    }

    void readoutNamesValues()
    {
        ImageView view;
        view.setImage(loadDisplayImage(m_file, {}));
        QCOMPARE(view.readout({30, 20}), u"x 30, y 20 = (255, 2, 1)"_s);
        QCOMPARE(view.readout({200, 20}), QString());
        QCOMPARE(view.readout({-1, 20}), QString());
        view.setResult(layers());
        QVERIFY(view.readout({60, 45}).endsWith(u"map 0.90"_s));

        cv::Mat deep(10, 10, CV_16U, cv::Scalar(4711));
        const QString file = m_dir.filePath(u"deep.png"_s);
        writePng(file, deep);
        const DisplayImagePtr image = loadDisplayImage(file, {});
        QCOMPARE(image->bits, 16);
        view.setImage(image);
        QVERIFY(view.readout({3, 4}).startsWith(u"x 3, y 4 = 4711"_s));
    }

    void knownDefectsAreOutlined()
    {
        const DisplayImagePtr image = loadDisplayImage(m_file, m_mask);
        QCOMPARE(image->truth.size(), std::size_t(1));
        QVERIFY(image->truth[0].boundingRect().contains(QPointF(60, 45)));
        // A mask that can't be read is no reason to show no image.
        QCOMPARE(loadDisplayImage(m_file, m_dir.filePath(u"none.png"_s))->error, QString());
    }

    void brokenFilesBecomeAMessage()
    {
        const QString file = m_dir.filePath(u"broken.png"_s);
        QFile out(file);
        QVERIFY(out.open(QIODevice::WriteOnly));
        out.write("\x89PNG\r\n\x1a\n but no more");
        out.close();
        const DisplayImagePtr image = loadDisplayImage(file, {});
        QVERIFY(image->error.contains(u"broken.png"_s));
        ImageView view;
        view.resize(300, 200);
        view.setImage(image);
        QVERIFY(!view.grab().isNull());
        QCOMPARE(view.readout({0, 0}), QString());
    }

    void largeImagesAreReduced()
    {
        const QString file = m_dir.filePath(u"wide.png"_s);
        writePng(file, cv::Mat(300, 12000, CV_8U, cv::Scalar(90)));
        const DisplayImagePtr image = loadDisplayImage(file, {});
        QCOMPARE(image->size, QSize(12000, 300));
        QCOMPARE(image->levels.front().width(), kDisplayLimit);
        ImageView view;
        view.resize(400, 300);
        view.setImage(image);
        QVERIFY(view.readout({11999, 299}).endsWith(u"= 90"_s));
    }

    void onePixelIsAnImageToo()
    {
        const QString file = m_dir.filePath(u"one.png"_s);
        writePng(file, cv::Mat(1, 1, CV_8U, cv::Scalar(7)));
        ImageView view;
        view.resize(100, 100);
        view.setImage(loadDisplayImage(file, {}));
        QVERIFY(!view.grab().isNull());
        QCOMPARE(view.readout({0, 0}), u"x 0, y 0 = 7"_s);
    }

    void theZoomOutlivesAPlaceholder()
    {
        ImageView view;
        view.resize(300, 200);
        const DisplayImagePtr image = loadDisplayImage(m_file, {});
        QImage thumbnail(40, 20, QImage::Format_RGB32);
        thumbnail.fill(Qt::gray);
        view.setImage(image);
        view.zoomTo(QRectF(50, 40, 20, 10));
        const double zoom = view.zoom();
        const QPointF corner = view.toImage({0, 0});
        view.setPlaceholder(thumbnail); // the next image is still being decoded
        QVERIFY(view.isFitting());
        view.setPlaceholder(thumbnail); // and the one after it
        view.setImage(image);
        QVERIFY(!view.isFitting());
        QCOMPARE(view.zoom(), zoom);
        QCOMPARE(view.toImage({0, 0}), corner);

        // One of another size has nothing of it, and who zooms the thumbnail wants that.
        const QString file = m_dir.filePath(u"other.png"_s);
        writePng(file, cv::Mat(50, 50, CV_8U, cv::Scalar(90)));
        view.setPlaceholder(thumbnail);
        view.setImage(loadDisplayImage(file, {}));
        QVERIFY(view.isFitting());
        view.setImage(image);
        view.zoomTo(QRectF(50, 40, 20, 10));
        view.setPlaceholder(thumbnail);
        view.fit();
        view.setImage(image);
        QVERIFY(view.isFitting());
    }

    void wheelKeepsThePointUnderTheCursor()
    {
        ImageView view;
        prepare(view);
        view.actualSize();
        const QPointF at(150, 120);
        view.zoomBy(4.0);
        const QPointF before = view.toImage(at);
        QWheelEvent event(at, view.mapToGlobal(at), {}, {0, 240}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase,
                          false);
        QApplication::sendEvent(&view, &event);
        QVERIFY(view.zoom() > 4.5);
        QVERIFY(QLineF(before, view.toImage(at)).length() < 0.01);
        view.fit();
        QVERIFY(view.isFitting());
        QVERIFY(view.toWidget({0, 0}).x() >= 0.0);
        QVERIFY(view.toWidget({200, 100}).x() <= view.width());
    }

    void dragPansWithinTheImage()
    {
        ImageView view;
        prepare(view);
        view.zoomTo(QRectF(90, 45, 20, 10));
        const QPointF before = view.toImage({150, 100});
        QTest::mousePress(&view, Qt::LeftButton, {}, {150, 100});
        QTest::mouseMove(&view, {130, 90});
        QTest::mouseRelease(&view, Qt::LeftButton, {}, {130, 90});
        QVERIFY(QLineF(before, view.toImage({130, 90})).length() < 0.01);
        QTest::mousePress(&view, Qt::LeftButton, {}, {150, 100});
        QTest::mouseMove(&view, {9000, 9000});
        QTest::mouseRelease(&view, Qt::LeftButton, {}, {9000, 9000});
        QCOMPARE(view.toWidget({0, 0}), QPointF(0, 0));
    }

    void zoomIsKeptBetweenEqualImages()
    {
        ImageView view;
        prepare(view);
        view.zoomTo(QRectF(90, 45, 20, 10));
        const double zoom = view.zoom();
        view.setImage(loadDisplayImage(m_file, m_mask));
        QCOMPARE(view.zoom(), zoom);
        const QString file = m_dir.filePath(u"other.png"_s);
        writePng(file, cv::Mat(50, 50, CV_8U, cv::Scalar(1)));
        view.setImage(loadDisplayImage(file, {}));
        QVERIFY(view.isFitting());
    }

    void layersShowAndPeekHides()
    {
        ImageView view;
        prepare(view);
        view.setResult(layers());
        const auto pixel = [&](QPointF image) {
            return view.grab().toImage().pixelColor(view.toWidget(image).toPoint());
        };
        const QPointF inside(60, 45);
        const QPointF outside(150, 80);
        const QColor raw(100, 100, 100);
        view.setLayerVisible(Layer::Contour, false);
        QCOMPARE(pixel(outside), raw); // where the map is 0 the image is untouched
        const QColor heated = pixel(inside);
        QVERIFY(heated != raw);
        view.setOpacity(0.0);
        QCOMPARE(pixel(inside), raw);
        view.setOpacity(1.0);
        QVERIFY(pixel(inside) != heated);
        view.setPeeking(true);
        QCOMPARE(pixel(inside), raw);
        view.setPeeking(false);
        view.setLayerVisible(Layer::Heat, false);
        QCOMPARE(pixel(inside), raw);
        view.setLayerVisible(Layer::Mask, true);
        QVERIFY(pixel(inside) != raw);
        QCOMPARE(pixel(outside), raw);
        view.setLayerVisible(Layer::Image, false);
        QCOMPARE(pixel(outside), QColor(Qt::black));
    }

    void heatMatchesReports()
    {
        // The window and heatOverlay() of reports mix the same colours.
        const ResultLayersPtr made = layers();
        ImageView view;
        prepare(view);
        view.actualSize();
        view.setResult(made);
        view.setLayerVisible(Layer::Contour, false);
        view.setOpacity(0.6);
        const cv::Mat expected =
            heatOverlay(cv::Mat(100, 200, CV_8UC3, cv::Scalar::all(100)), made->result.map, ColorMap::Inferno, 0.6);
        const cv::Vec3b bgr = expected.at<cv::Vec3b>(45, 60);
        const QColor shown = view.grab().toImage().pixelColor(view.toWidget({60.5, 45.5}).toPoint());
        QVERIFY(std::abs(shown.red() - bgr[2]) <= 2);
        QVERIFY(std::abs(shown.green() - bgr[1]) <= 2);
        QVERIFY(std::abs(shown.blue() - bgr[0]) <= 2);
    }

    void mouseTellsTheReadout()
    {
        ImageView view;
        prepare(view);
        QSignalSpy readout(&view, &ImageView::readoutChanged);
        QTest::mouseMove(&view, view.toWidget({30.5, 20.5}).toPoint());
        QTRY_VERIFY(!readout.isEmpty());
        QVERIFY(readout.last()[0].toString().startsWith(u"x "_s));
    }

private:
    void prepare(ImageView& view)
    {
        view.resize(300, 200);
        view.setImage(loadDisplayImage(m_file, m_mask));
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
    }

    static ResultLayersPtr layers()
    {
        AnomalyResult result;
        result.map = cv::Mat(100, 200, CV_32F, cv::Scalar(0));
        result.map(cv::Rect(50, 40, 20, 10)).setTo(0.9);
        result.score = 0.9;
        rejudge(result, {});
        return makeResultLayers(result, ColorMap::Inferno);
    }

    QTemporaryDir m_dir;
    QString m_file;
    QString m_mask;
};

QTEST_MAIN(TestImageView)
#include "tst_image_view.moc"
