// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "ui/curve_plot.h"
#include "ui/theme.h"

#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>

using namespace lynceus;
using namespace Qt::StringLiterals;

class TestCurvePlot : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        theme::apply(theme::Scheme::Light);
        QVERIFY(m_dir.isValid());
    }

    void curvesAreExportedByStep()
    {
        CurvePlot plot;
        plot.setAxisTitles(u"step"_s, u"loss"_s, u"AUROC"_s);
        plot.addPoint(u"loss, total"_s, 1, 0.5);
        plot.addPoint(u"loss, total"_s, 2, 0.25);
        plot.addPoint(u"AUROC"_s, 2, 0.75, true);
        const QString file = m_dir.filePath(u"kurve_ä.csv"_s);
        plot.exportCsv(file);
        QCOMPARE(read(file), "step,\"loss, total\",AUROC\n1,0.5,\n2,0.25,0.75\n");
        plot.clearCurves();
        plot.exportCsv(file);
        QCOMPARE(read(file), "step\n");
    }

    void picturesAreWritten()
    {
        CurvePlot plot;
        plot.resize(320, 200);
        plot.addPoint(u"loss"_s, 1, 0.5);
        const QString file = m_dir.filePath(u"kurve.png"_s);
        plot.exportPng(file);
        QVERIFY(!QImage(file).isNull());
        QVERIFY_THROWS_EXCEPTION(Error, plot.exportPng(m_dir.filePath(u"no/such/folder.png"_s)));
        QVERIFY_THROWS_EXCEPTION(Error, plot.exportCsv(m_dir.filePath(u"no/such/folder.csv"_s)));
    }

    void colorsFollowTheTheme()
    {
        CurvePlot plot;
        plot.resize(320, 200);
        plot.show();
        const auto corner = [&] { return plot.grab().toImage().pixelColor(2, 2); };
        QTRY_COMPARE(corner(), theme::color(theme::Token::Panel, theme::Scheme::Light));
        theme::apply(theme::Scheme::Dark);
        QTRY_COMPARE(corner(), theme::color(theme::Token::Panel, theme::Scheme::Dark));
        theme::apply(theme::Scheme::Light);
    }

    void everyScoreIsInOneBin()
    {
        ScoreHistogram histogram;
        histogram.setScores({0.0, 0.019, 0.02}, {1.0, 0.5}, {std::numeric_limits<double>::quiet_NaN()});
        const QString file = m_dir.filePath(u"bins.csv"_s);
        histogram.exportCsv(file);
        const QList<QByteArray> lines = read(file).trimmed().split('\n');
        QCOMPARE(lines.size(), 51);
        QCOMPARE(lines[1], "0,0.02,2,0,0");
        QCOMPARE(lines[2], "0.02,0.04,1,0,0");
        QCOMPARE(lines[26], "0.5,0.52,0,1,0");
        QCOMPARE(lines[50], "0.98,1,0,1,1"); // NaN is judged NG
    }

    void theThresholdIsDragged()
    {
        ScoreHistogram histogram;
        histogram.resize(500, 200);
        histogram.setThreshold(0.4);
        histogram.show();
        QVERIFY(QTest::qWaitForWindowExposed(&histogram));
        QTRY_VERIFY(histogram.thresholdX() > 150); // the first, queued drawing places the axes
        QSignalSpy moved(&histogram, &ScoreHistogram::thresholdMoved);
        QSignalSpy released(&histogram, &ScoreHistogram::thresholdReleased);
        QCOMPARE(moved.size(), 0);

        const int x = histogram.thresholdX();
        const int y = histogram.height() / 2;
        QWidget* canvas = histogram.childAt(x, y);
        QVERIFY(canvas);
        QTest::mousePress(canvas, Qt::LeftButton, {}, {x, y});
        QTest::mouseMove(canvas, {x + 60, y});
        QTest::mouseMove(canvas, {x + 120, y});
        QVERIFY(moved.size() >= 1);
        QCOMPARE(released.size(), 0);
        QTest::mouseRelease(canvas, Qt::LeftButton, {}, {x + 120, y});
        QCOMPARE(released.size(), 1);
        QVERIFY(histogram.threshold() > 0.55);
        QCOMPARE(released[0][0].toDouble(), histogram.threshold());
        QVERIFY2(std::abs(histogram.thresholdX() - (x + 120)) <= 1,
                 qPrintable(u"%1 instead of %2"_s.arg(histogram.thresholdX()).arg(x + 120)));

        // Beside the line a press moves nothing.
        const double before = histogram.threshold();
        QTest::mouseClick(canvas, Qt::LeftButton, {}, {x - 40, y});
        QCOMPARE(histogram.threshold(), before);
    }

    void theThresholdStaysOnTheScale()
    {
        ScoreHistogram histogram;
        histogram.resize(500, 200);
        histogram.setThreshold(0.95);
        histogram.show();
        QTRY_VERIFY(histogram.thresholdX() > 150); // the first, queued drawing places the axes
        const int x = histogram.thresholdX();
        QWidget* canvas = histogram.childAt(x, 100);
        QTest::mousePress(canvas, Qt::LeftButton, {}, {x, 100});
        QTest::mouseMove(canvas, {x + 2000, 100});
        QTest::mouseRelease(canvas, Qt::LeftButton, {}, {x + 2000, 100});
        QCOMPARE(histogram.threshold(), 1.0);
    }

    void arrowKeysMoveTheThreshold()
    {
        ScoreHistogram histogram;
        histogram.setThreshold(0.5);
        QSignalSpy released(&histogram, &ScoreHistogram::thresholdReleased);
        QTest::keyClick(&histogram, Qt::Key_Right);
        QCOMPARE(histogram.threshold(), 0.501);
        QTest::keyClick(&histogram, Qt::Key_Left, Qt::ShiftModifier);
        QCOMPARE(histogram.threshold(), 0.491);
        QCOMPARE(released.size(), 2);
        QTest::keyClick(&histogram, Qt::Key_Q);
        QCOMPARE(released.size(), 2);
    }

private:
    static QByteArray read(const QString& path)
    {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

    QTemporaryDir m_dir;
};

QTEST_MAIN(TestCurvePlot)
#include "tst_curve_plot.moc"
