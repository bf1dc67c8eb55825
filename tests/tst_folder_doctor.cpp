// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/data/folder_doctor.h"
#include "tests/support/test_images.h"

#include <QtCore/QJsonArray>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <memory>

using namespace lynceus;
using namespace lynceus::test;
using namespace Qt::StringLiterals;
using Severity = Finding::Severity;

namespace {

const Finding* find(const FolderReport& report, const QString& code)
{
    for (const Finding& finding : report.findings) {
        if (finding.code == code)
            return &finding;
    }
    return nullptr;
}

QStringList codes(const FolderReport& report)
{
    QStringList result;
    for (const Finding& finding : report.findings)
        result += finding.code;
    return result;
}

} // namespace

class TestFolderDoctor : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_dir = std::make_unique<QTemporaryDir>();
        m_next = 0;
    }

    void healthyFolder()
    {
        fill();
        const FolderReport report = examineFolder(root());
        QVERIFY2(report.findings.empty(), qPrintable(codes(report).join(u' ')));
        QVERIFY(report.canTrain());
        QCOMPARE(report.trainGood, 20);
        QCOMPARE(report.testGood, 1);
        QCOMPARE(report.testDefective, 2);
        QCOMPARE(report.masks, 2);
        const QJsonObject json = report.toJson();
        QCOMPARE(json[u"train_good"_s].toInt(), 20);
        QCOMPARE(json[u"layout"_s].toString(), u"mvtec"_s);
        QCOMPARE(json[u"can_train"_s].toBool(), true);
    }

    void whatIsLeftOutIsSaid()
    {
        fill();
        writeImage(path(u"train/later/1.png"_s), part());
        QVERIFY(QFile::link(path(u"nowhere"_s), path(u"train/good/link.png"_s)));
        const FolderReport report = examineFolder(root());
        expect(report, u"left-out"_s, Severity::Info, {u"train/later/1.png"_s});
        expect(report, u"not-looked-at"_s, Severity::Warning, {u"train/good/link.png"_s});
        const QJsonArray json = report.toJson()[u"left_out"_s].toArray();
        QCOMPARE(json.size(), 3);
        QCOMPARE(json[0][u"count"_s].toInt(), 2); // the masks
        QCOMPARE(json[1][u"example"_s].toString(), u"train/later/1.png"_s);
        QVERIFY(!json[1][u"reason"_s].toString().isEmpty());
    }

    void unreadableFiles()
    {
        fill();
        writeFile(path(u"test/good/kaputt ü.png"_s), "no picture");
        FolderReport report = examineFolder(root());
        expect(report, u"unreadable"_s, Severity::Warning, {u"test/good/kaputt ü.png"_s});
        QVERIFY(report.canTrain());
        QVERIFY(find(report, u"unreadable"_s)->message.contains(u"kaputt ü.png"_s));

        writeFile(path(u"train/good/x.png"_s), encoded(part(), ".png").chopped(30));
        report = examineFolder(root());
        expect(report, u"unreadable"_s, Severity::Error, {u"train/good/x.png"_s});
        QCOMPARE(report.findings.front().severity, Severity::Error);
        QCOMPARE(report.unreadable, 2);
        QCOMPARE(report.trainGood, 20);
        QVERIFY(!report.canTrain());
    }

    void largePicturesHideSmallDefects()
    {
        fill();
        cv::Mat large(1200, 1600, CV_8U, cv::Scalar(90));
        writeImage(path(u"test/good/groß.png"_s), large);
        QVERIFY(find(examineFolder(root()), u"small-defects"_s) == nullptr); // it is not learnt from
        writeImage(path(u"train/good/groß.png"_s), large + cv::Scalar(1));
        const FolderReport report = examineFolder(root());
        const Finding* finding = find(report, u"small-defects"_s);
        QVERIFY(finding != nullptr);
        QCOMPARE(finding->severity, Severity::Info);
        QCOMPARE(finding->message, u"The network sees 448 x 320 of 1600 x 1200 pixels: defects below about 38 px may "
                                   "pass."_s);
        QVERIFY(finding->remedy.contains(u"smallest_defect"_s));
    }

    void duplicates()
    {
        fill();
        const cv::Mat once = part();
        const cv::Mat twice = part();
        const cv::Mat both = part();
        writeImage(path(u"train/good/t1.png"_s), once);
        writeImage(path(u"test/good/t1 again.png"_s), once);
        writeImage(path(u"train/good/u1.png"_s), twice);
        writeImage(path(u"train/good/u2.png"_s), twice);
        FolderReport report = examineFolder(root());
        expect(report, u"duplicate-train-test"_s, Severity::Warning,
               {u"train/good/t1.png"_s, u"test/good/t1 again.png"_s});
        expect(report, u"duplicate"_s, Severity::Warning, {u"train/good/u1.png"_s, u"train/good/u2.png"_s});
        QVERIFY(report.canTrain());

        writeImage(path(u"train/good/c.png"_s), both);
        addDefective(u"c"_s, both, maskOf(both));
        report = examineFolder(root());
        expect(report, u"duplicate-good-defective"_s, Severity::Error, {u"train/good/c.png"_s, u"test/crack/c.png"_s});
        QVERIFY(!report.canTrain());
    }

    void masks()
    {
        fill();
        addDefective(u"small"_s, part(), cv::Mat(20, 20, CV_8U, cv::Scalar(255)));
        addDefective(u"empty"_s, part(), cv::Mat::zeros(32, 32, CV_8U));
        addDefective(u"ones"_s, part(), cv::Mat::ones(32, 32, CV_8U));
        writeImage(path(u"test/crack/bare.png"_s), part());
        writeImage(path(u"test/crack/torn.png"_s), part());
        writeFile(path(u"ground_truth/crack/torn_mask.png"_s), "no mask");
        writeImage(path(u"ground_truth/crack/nobody_mask.png"_s), maskOf(part()));
        const FolderReport report = examineFolder(root());
        expect(report, u"mask-size"_s, Severity::Warning, {u"ground_truth/crack/small_mask.png"_s});
        expect(report, u"empty-mask"_s, Severity::Warning,
               {u"ground_truth/crack/empty_mask.png"_s, u"ground_truth/crack/ones_mask.png"_s});
        expect(report, u"image-without-mask"_s, Severity::Warning, {u"test/crack/bare.png"_s});
        expect(report, u"mask-without-image"_s, Severity::Warning, {u"ground_truth/crack/nobody_mask.png"_s});
        expect(report, u"unreadable-mask"_s, Severity::Warning, {u"ground_truth/crack/torn_mask.png"_s});
        QVERIFY(report.canTrain());
    }

    void noMasksAtAll()
    {
        for (int i = 0; i < 20; ++i)
            writeImage(path(u"good/%1.png"_s.arg(i)), part());
        writeImage(path(u"bad/1.png"_s), part());
        const FolderReport report = examineFolder(root());
        expect(report, u"image-without-mask"_s, Severity::Info, {u"bad/1.png"_s});
        QCOMPARE(report.findings.size(), std::size_t(1));
        QCOMPARE(report.toJson()[u"layout"_s].toString(), u"plain"_s);
    }

    void mixtures()
    {
        fill();
        writeImage(path(u"train/good/large.png"_s), part({64, 64}));
        writeImage(path(u"train/good/wide.png"_s), part({64, 32}));
        writeImage(path(u"train/good/grey.png"_s), patternImage(32, 32, CV_8UC1));
        writeImage(path(u"train/good/deep.png"_s), patternImage(32, 32, CV_16UC3));
        QByteArray rotated = encoded(part(), ".jpg");
        rotated.insert(2, QByteArray("\xFF\xE1\x00\x22"
                                     "Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0\0\0\0\0",
                                     36));
        writeFile(path(u"train/good/turned.jpg"_s), rotated);
        const FolderReport report = examineFolder(root());
        expect(report, u"mixed-sizes"_s, Severity::Info, {u"train/good/large.png"_s, u"train/good/wide.png"_s});
        expect(report, u"mixed-aspect"_s, Severity::Warning, {u"train/good/wide.png"_s});
        expect(report, u"mixed-channels"_s, Severity::Warning, {u"train/good/grey.png"_s});
        expect(report, u"mixed-depths"_s, Severity::Warning, {u"train/good/deep.png"_s});
        expect(report, u"exif-rotated"_s, Severity::Warning, {u"train/good/turned.jpg"_s});
        QCOMPARE(report.findings.size(), std::size_t(5));
        QCOMPARE(report.findings.back().severity, Severity::Info);
    }

    void amounts_data()
    {
        QTest::addColumn<int>("good");
        QTest::addColumn<int>("bad");
        QTest::addColumn<QString>("code");
        QTest::addColumn<bool>("canTrain");
        QTest::newRow("nothing") << 0 << 0 << u"no-images"_s << false;
        QTest::newRow("all defective") << 0 << 3 << u"all-defective"_s << false;
        QTest::newRow("too few") << 3 << 1 << u"too-few-good"_s << false;
        QTest::newRow("few") << 4 << 1 << u"few-good"_s << true;
        QTest::newRow("none defective") << 20 << 0 << u"no-defective"_s << true;
    }

    void amounts()
    {
        QFETCH(int, good);
        QFETCH(int, bad);
        QFETCH(QString, code);
        QFETCH(bool, canTrain);
        for (int i = 0; i < good; ++i)
            writeImage(path(u"good/%1.png"_s.arg(i)), part());
        for (int i = 0; i < bad; ++i)
            writeImage(path(u"bad/%1.png"_s.arg(i)), part());
        const FolderReport report = examineFolder(root());
        QVERIFY2(find(report, code), qPrintable(codes(report).join(u' ')));
        QVERIFY(!find(report, code)->message.isEmpty() && !find(report, code)->remedy.isEmpty());
        QCOMPARE(report.canTrain(), canTrain);
    }

    void goodOnesInTestOnly()
    {
        writeImage(path(u"test/good/1.png"_s), part());
        writeImage(path(u"test/crack/1.png"_s), part());
        QVERIFY(find(examineFolder(root()), u"no-good-images"_s));
    }

    void progressAndCancel()
    {
        fill();
        TaskContext context;
        std::vector<double> fractions;
        context.progress = [&](const Progress& progress) { fractions.push_back(progress.fraction); };
        examineFolder(root(), context);
        QVERIFY(fractions.size() >= 20 && std::is_sorted(fractions.begin(), fractions.end()));
        QCOMPARE(fractions.back(), 1.0);

        context.progress = [&](const Progress& progress) {
            if (progress.fraction > 0.5)
                context.cancel.cancel();
        };
        QVERIFY_THROWS_EXCEPTION(Cancelled, examineFolder(root(), context));
        QVERIFY_THROWS_EXCEPTION(Error, examineFolder(path(u"none"_s)));
    }

private:
    QString root() const { return m_dir->path(); }
    QString path(const QString& name) const { return root() + u'/' + name; }

    /// A picture that no other one equals.
    cv::Mat part(cv::Size size = {32, 32})
    {
        cv::Mat image = patternImage(size.width, size.height, CV_8UC3);
        image.at<cv::Vec3b>(0, 0) = {uchar(++m_next), 1, 2};
        return image;
    }

    static cv::Mat maskOf(const cv::Mat& image)
    {
        cv::Mat mask = cv::Mat::zeros(image.size(), CV_8U);
        mask.row(3).setTo(255);
        return mask;
    }

    void addDefective(const QString& name, const cv::Mat& image, const cv::Mat& mask)
    {
        writeImage(path(u"test/crack/"_s + name + u".png"_s), image);
        writeImage(path(u"ground_truth/crack/"_s + name + u"_mask.png"_s), mask);
    }

    void fill()
    {
        for (int i = 0; i < 20; ++i)
            writeImage(path(u"train/good/%1.png"_s.arg(i)), part());
        writeImage(path(u"test/good/0.png"_s), part());
        for (int i = 0; i < 2; ++i) {
            const cv::Mat image = part();
            addDefective(QString::number(i), image, maskOf(image));
        }
    }

    static void expect(const FolderReport& report, const QString& code, Severity severity, const QStringList& files)
    {
        const Finding* finding = find(report, code);
        QVERIFY2(finding, qPrintable(code + u" not in "_s + codes(report).join(u' ')));
        QCOMPARE(finding->severity, severity);
        QCOMPARE(finding->files, files);
        QVERIFY(finding->message.contains(files.first()) && !finding->remedy.isEmpty());
        QVERIFY(!finding->message.contains(u"%"_s));
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    int m_next = 0;
};

QTEST_GUILESS_MAIN(TestFolderDoctor)
#include "tst_folder_doctor.moc"
