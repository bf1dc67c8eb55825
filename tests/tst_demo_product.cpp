// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/data/demo_product.h"
#include "core/data/folder_doctor.h"
#include "core/image/anomaly_result.h"
#include "core/image/image_io.h"
#include "tests/support/test_images.h"

#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <opencv2/imgproc.hpp>

#include <algorithm>

using namespace lynceus;
using namespace lynceus::test;
using namespace Qt::StringLiterals;

namespace {

DemoOptions ofSize(int size)
{
    DemoOptions options;
    options.size = size;
    return options;
}

cv::Mat changed(const cv::Mat& a, const cv::Mat& b)
{
    cv::Mat difference;
    cv::absdiff(a, b, difference);
    cv::Mat grey;
    cv::transform(difference, grey, cv::Matx13f(1, 1, 1));
    return grey > 0;
}

/// What somebody without a network would do: how far a picture is from the mean of good ones, a little blurred.
double naiveScore(const cv::Mat& image, const cv::Mat& mean)
{
    cv::Mat blurred;
    image.convertTo(blurred, CV_32F);
    cv::absdiff(blurred, mean, blurred);
    cv::cvtColor(blurred, blurred, cv::COLOR_BGR2GRAY);
    cv::GaussianBlur(blurred, blurred, {}, 2.0);
    return imageScore(blurred);
}

/// Share of pairs of a good and a defective part that the scores put in order.
double auroc(const std::vector<double>& good, const std::vector<double>& bad)
{
    double ordered = 0.0;
    for (const double b : bad) {
        for (const double g : good)
            ordered += b > g ? 1.0 : b == g ? 0.5 : 0.0;
    }
    return ordered / double(good.size() * bad.size());
}

} // namespace

class TestDemoProduct : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void defectsAreExact_data()
    {
        QTest::addColumn<QString>("kind");
        QTest::addColumn<int>("size");
        QVERIFY(demoDefectKinds().size() >= 6);
        for (const QString& kind : demoDefectKinds()) {
            for (const int size : {256, 512})
                QTest::addRow("%s %d", qPrintable(kind), size) << kind << size;
        }
    }

    void defectsAreExact()
    {
        QFETCH(QString, kind);
        QFETCH(int, size);
        const std::uint64_t count = size == 256 ? 8 : 2;
        for (std::uint64_t index = 40; index < 40 + count; ++index) {
            const DemoImage good = renderDemoPart(ofSize(size), index);
            const DemoImage bad = renderDemoPart(ofSize(size), index, kind);
            QCOMPARE(bad.image.size(), cv::Size(size, size));
            QCOMPARE(bad.image.type(), CV_8UC3);
            QCOMPARE(bad.mask.type(), CV_8UC1);
            QCOMPARE(cv::countNonZero(good.mask), 0);

            const cv::Mat different = changed(good.image, bad.image);
            QCOMPARE(cv::countNonZero(different & ~bad.mask), 0);
            const int area = cv::countNonZero(bad.mask);
            QCOMPARE(cv::countNonZero(bad.mask == 255), area);
            QVERIFY2(area >= size * size / 2500, qPrintable(QString::number(area)));
            QVERIFY2(area <= size * size / 20, qPrintable(QString::number(area)));
            QVERIFY(cv::countNonZero(different & bad.mask) > 0.75 * area);
            // Visible to people: the mean change inside is well above the camera's noise.
            cv::Mat change;
            cv::absdiff(good.image, bad.image, change);
            const cv::Scalar mean = cv::mean(change, bad.mask);
            QVERIFY2(std::max({mean[0], mean[1], mean[2]}) > 6.0, qPrintable(QString::number(mean[1])));
        }
    }

    void partsThatDoNotFillThePicture_data()
    {
        QTest::addColumn<QString>("shape");
        QTest::addColumn<QString>("pose");
        for (const char* shape : {"flange", "bracket"}) {
            for (const char* pose : {"fixed", "free"})
                QTest::addRow("%s %s", shape, pose) << QString::fromLatin1(shape) << QString::fromLatin1(pose);
        }
    }

    void partsThatDoNotFillThePicture()
    {
        QFETCH(QString, shape);
        QFETCH(QString, pose);
        DemoOptions options = ofSize(384);
        options.shape = demoShapeFromName(shape);
        options.pose = demoPoseFromName(pose);
        int quarters[4] = {};
        const QStringList& kinds = demoDefectKinds(options.shape);
        for (int i = 0; i < 24; ++i) {
            const auto index = std::uint64_t(i);
            const DemoImage good = renderDemoPart(options, index);
            // The part, brighter than the ground, touches no border, and its middle is where it is said to be.
            cv::Mat grey;
            cv::cvtColor(good.image, grey, cv::COLOR_BGR2GRAY);
            cv::Mat part = grey > 90;
            const cv::Rect box = cv::boundingRect(part);
            QVERIFY(box.x > 3 && box.y > 3 && box.br().x < 381 && box.br().y < 381);
            QVERIFY(box.contains(good.centre));
            if (options.shape == DemoShape::Flange)
                QVERIFY(cv::norm(good.centre - cv::Point2d(box.x + box.br().x - 1, box.y + box.br().y - 1) * 0.5) <
                        2.0);
            ++quarters[int((good.angle + 180.0) / 90.0) & 3];
            if (options.pose == DemoPose::Fixed)
                QVERIFY(std::abs(good.angle) <= 1.0 && cv::norm(good.centre - cv::Point2d(191.5, 191.5)) < 5.0);

            const DemoImage bad = renderDemoPart(options, index, kinds.at(i % kinds.size()));
            QCOMPARE(cv::countNonZero(changed(good.image, bad.image) & ~bad.mask), 0);
            const int area = cv::countNonZero(bad.mask);
            QVERIFY2(area >= 384 * 384 / 10000 && area <= 384 * 384 / 50, qPrintable(QString::number(area)));
            QVERIFY(isSame(renderDemoPart(options, index).image, good.image));
        }
        const int most = *std::max_element(quarters, quarters + 4);
        QVERIFY(options.pose == DemoPose::Free ? most < 14 : quarters[1] + quarters[2] == 24);
    }

    void sameNumbersSamePicture()
    {
        DemoOptions options = ofSize(256);
        const DemoImage first = renderDemoPart(options, 3, u"scratch"_s);
        QVERIFY(isSame(renderDemoPart(options, 3, u"scratch"_s).image, first.image));
        QVERIFY(isSame(renderDemoPart(options, 3, u"scratch"_s).mask, first.mask));
        QVERIFY(!isSame(renderDemoPart(options, 4, u"scratch"_s).image, first.image));
        options.seed = 2;
        QVERIFY(!isSame(renderDemoPart(options, 3, u"scratch"_s).image, first.image));
    }

    void sizesShowTheSamePart()
    {
        const cv::Mat large = renderDemoPart(ofSize(1024), 5).image;
        cv::Mat smaller;
        cv::resize(large, smaller, {256, 256}, 0, 0, cv::INTER_AREA);
        cv::Mat difference;
        cv::absdiff(smaller, renderDemoPart(ofSize(256), 5).image, difference);
        QVERIFY(cv::mean(difference)[1] < 6.0);
    }

    void differenceToTheMeanFails()
    {
        const DemoOptions options = ofSize(256);
        cv::Mat mean = cv::Mat::zeros(256, 256, CV_32FC3);
        for (std::uint64_t i = 0; i < 30; ++i)
            cv::accumulate(renderDemoPart(options, i).image, mean);
        mean /= 30.0;
        std::vector<double> good;
        std::vector<double> bad;
        for (std::uint64_t i = 100; i < 130; ++i)
            good.push_back(naiveScore(renderDemoPart(options, i).image, mean));
        for (int i = 0; i < 48; ++i) {
            const QString& kind = demoDefectKinds().at(i % demoDefectKinds().size());
            bad.push_back(naiveScore(renderDemoPart(options, std::uint64_t(200 + i), kind).image, mean));
        }
        const double area = auroc(good, bad);
        qInfo("image AUROC of the difference to the mean: %.3f", area);
        QVERIFY(area < 0.85);
    }

    void writesDataSet()
    {
        QTemporaryDir dir;
        const QString folder = dir.filePath(u"Vorführung 演示"_s);
        DemoOptions options = ofSize(256);
        options.trainGood = 5;
        options.testGood = 3;
        options.testDefective = int(demoDefectKinds().size()) + 1;
        TaskContext context;
        double last = -1.0;
        context.progress = [&](const Progress& progress) {
            QVERIFY(progress.fraction >= last);
            last = progress.fraction;
        };
        writeDemoProduct(folder, options, context);
        writeDemoProduct(folder, options);
        QCOMPARE(last, 1.0);
        const FolderReport report = examineFolder(folder);
        QCOMPARE(report.folder.layout, AnomalyFolder::Layout::MvTec);
        QCOMPARE(report.trainGood, 5);
        QCOMPARE(report.testGood, 3);
        QCOMPARE(report.testDefective, options.testDefective);
        QCOMPARE(report.masks, options.testDefective);
        QVERIFY(report.canTrain());
        for (const Finding& finding : report.findings)
            QCOMPARE(finding.code, u"few-good"_s);
        // The first defective image comes after the eight good ones, whatever folder it lies in.
        const DemoImage expected = renderDemoPart(options, 8, demoDefectKinds().first());
        const QString kind = demoDefectKinds().first();
        QVERIFY(isSame(readImage(folder + u"/test/"_s + kind + u"/000.png"_s), expected.image));
        QVERIFY(isSame(readMask(folder + u"/ground_truth/"_s + kind + u"/000_mask.png"_s), expected.mask));
    }

    void cancels()
    {
        QTemporaryDir dir;
        TaskContext context;
        context.progress = [&](const Progress& progress) {
            if (progress.fraction > 0.02)
                context.cancel.cancel();
        };
        QVERIFY_THROWS_EXCEPTION(Cancelled, writeDemoProduct(dir.path(), ofSize(256), context));
        QVERIFY(QFile::exists(dir.filePath(u"train/good/000.png"_s)));
        QVERIFY(!QFile::exists(dir.filePath(u"train/good/020.png"_s)));
    }

    void badInput()
    {
        for (const int size : {0, 255, 1025}) {
            const auto error = errorOf([&] { renderDemoPart(ofSize(size), 0); });
            QVERIFY(error && error->kind() == ErrorKind::Input && error->message().contains(QString::number(size)));
        }
        DemoOptions negative;
        negative.testGood = -1;
        QVERIFY(errorOf([&] { negative.validate(); }));
        QVERIFY(errorOf([] { demoShapeFromName(u"teapot"_s); })->message().contains(u"teapot"_s));
        QVERIFY(errorOf([] { demoPoseFromName(u"upside"_s); })->message().contains(u"upside"_s));
        DemoOptions bracket = ofSize(256);
        bracket.shape = DemoShape::Bracket;
        QVERIFY(errorOf([&] { renderDemoPart(bracket, 0, u"chatter"_s); }));
        QVERIFY(errorOf([] { renderDemoPart(ofSize(256), 0, u"rust"_s); })->message().contains(u"rust"_s));
        QTemporaryDir dir;
        writeFile(dir.filePath(u"file"_s), "x");
        const auto error = errorOf([&] { writeDemoProduct(dir.filePath(u"file"_s), ofSize(256)); });
        QVERIFY(error && error->kind() == ErrorKind::File);
    }
};

QTEST_GUILESS_MAIN(TestDemoProduct)
#include "tst_demo_product.moc"
