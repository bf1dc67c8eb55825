// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/metrics/roc.h"
#include "ui/curve_plot.h"
#include "ui/theme.h"

#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>
#include <QtTest/QSignalSpy>
#include <QtCore/QElapsedTimer>
#include <QtTest/QTest>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QVBoxLayout>

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
        plot.addPoint(u"AUROC"_s, 2, 0.75, CurvePlot::Axis::Right);
        const QString file = m_dir.filePath(u"kurve_ä.csv"_s);
        plot.exportCsv(file);
        QCOMPARE(read(file), "step,\"loss, total\",AUROC\n1,0.5,\n2,0.25,0.75\n");
        plot.clearCurves();
        plot.exportCsv(file);
        QCOMPARE(read(file), "step\n");
    }

    void aCurveOfItsOwnScaleKeepsItsValues()
    {
        CurvePlot plot;
        plot.addPoint(u"loss"_s, 1, 0.5);
        plot.addPoint(u"rate"_s, 1, 0.003, CurvePlot::Axis::Own);
        const QString file = m_dir.filePath(u"rate.csv"_s);
        plot.exportCsv(file);
        QCOMPARE(read(file), "x,loss,rate\n1,0.5,0.003\n");
        plot.clearCurves();
        plot.addPoint(u"rate"_s, 1, 0.002, CurvePlot::Axis::Own);
        plot.exportCsv(file);
        QCOMPARE(read(file), "x,rate\n1,0.002\n");
    }

    void runsAreComparedByName()
    {
        CurvePlot plot;
        plot.setAxisTitles(u"step"_s, u"loss"_s, u"AUROC"_s);
        plot.addPoint(u"before"_s, 1, 0.5);
        plot.compare(
            {{u"first"_s, {{1, 0.5}, {2, 0.25}}, {{2, 0.75}}}, {u"second"_s, {{1, 0.4}}, {}}, {u"none"_s, {}, {}}});
        QCOMPARE(plot.curveNames(), (QStringList{u"first"_s, u"second"_s}));
        const QString file = m_dir.filePath(u"vergleich.csv"_s);
        plot.exportCsv(file);
        QCOMPARE(read(file), "step,\"first, loss\",\"first, AUROC\",\"second, loss\"\n1,0.5,,0.4\n2,0.25,0.75,\n");
        plot.setCurveVisible(u"first"_s, false);
        QVERIFY(!plot.isCurveVisible(u"first"_s));
        QVERIFY(plot.isCurveVisible(u"second"_s));
        plot.clearCurves();
        plot.addPoint(u"loss"_s, 1, 0.5);
        plot.exportCsv(file);
        QCOMPARE(read(file), "step,loss\n1,0.5\n");
    }

    void aClickOnTheLegendHidesACurve()
    {
        CurvePlot plot;
        plot.resize(500, 240);
        for (int step = 0; step < 20; ++step)
            plot.addPoint(u"loss"_s, step, 1.0 / (step + 1));
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        QWidget* canvas = plot.childAt(250, 120);
        QVERIFY(canvas);
        QVERIFY(plot.isCurveVisible(u"loss"_s));
        // The legend is the row above the curves, its one entry near the left; layouts settle with the first drawing.
        QTRY_VERIFY((QTest::mouseClick(canvas, Qt::LeftButton, {}, {canvas->width() / 2, 12}),
                     !plot.isCurveVisible(u"loss"_s)));
        QTest::mouseClick(canvas, Qt::LeftButton, {}, {canvas->width() / 2, 12});
        QVERIFY(plot.isCurveVisible(u"loss"_s));
        plot.setCurveVisible(u"none"_s, false);
        QVERIFY(!plot.isCurveVisible(u"none"_s));
    }

    void manyPointsAreNoTrouble()
    {
        CurvePlot plot;
        QElapsedTimer clock;
        clock.start();
        for (int step = 0; step < 60'000; ++step)
            plot.addPoint(u"loss"_s, step, 1.0 / (step + 1));
        QVERIFY2(clock.elapsed() < 2000, qPrintable(QString::number(clock.elapsed()))); // a tenth of it, in fact
    }

    void withoutCurvesThereIsNoScale()
    {
        CurvePlot plot;
        plot.resize(320, 200);
        const QString file = m_dir.filePath(u"leer.png"_s);
        /// Lines from left to right: the axis alone, or the grid and the axis.
        const auto lines = [&] {
            plot.exportPng(file);
            const QImage image(file);
            int found = 0;
            const QRgb ground = image.pixel(image.width() / 2, 2);
            for (int y = 1; y < image.height(); ++y) {
                const bool isLine = image.pixel(image.width() / 3, y) != ground;
                found += isLine && image.pixel(image.width() / 3, y - 1) == ground ? 1 : 0;
            }
            return found;
        };
        QCOMPARE(lines(), 1);
        plot.addPoint(u"loss"_s, 0, 0.0);
        plot.addPoint(u"loss"_s, 5, 5.0);
        const int withCurve = lines();
        QVERIFY2(withCurve > 1, qPrintable(QString::number(withCurve)));
        plot.clearCurves();
        QCOMPARE(lines(), 1);
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

    void labelledCountsKeepApart_data()
    {
        QTest::addColumn<int>("largest");
        QTest::addColumn<std::vector<int>>("counts");
        QTest::newRow("1") << 1 << std::vector<int>{0, 1};
        QTest::newRow("3") << 3 << std::vector<int>{0, 1, 3};
        QTest::newRow("10") << 10 << std::vector<int>{0, 5, 10};
        QTest::newRow("11, was beside 10") << 11 << std::vector<int>{0, 5, 11};
        QTest::newRow("40") << 40 << std::vector<int>{0, 20, 40};
        QTest::newRow("1900") << 1900 << std::vector<int>{0, 500, 1900};
    }

    void labelledCountsKeepApart()
    {
        QFETCH(int, largest);
        QTEST(ScoreHistogram::labelledCounts(largest), "counts");
    }

    void fewGoodScoresShowBesideManyDefective()
    {
        ScoreHistogram histogram;
        histogram.resize(900, 240);
        histogram.setScores({0.51, 0.51, 0.51, 0.51}, std::vector<double>(9, 0.51), {});
        histogram.setThreshold(0.9);
        histogram.show();
        QVERIFY(QTest::qWaitForWindowExposed(&histogram));
        const auto greenest = [&] {
            const QImage image = histogram.grab().toImage();
            int most = 0;
            for (int y = 40; y < image.height(); ++y) {
                for (int x = 0; x < image.width(); ++x) {
                    const QColor color = image.pixelColor(x, y);
                    most = std::max(most, color.green() - color.red());
                }
            }
            return most;
        };
        QTRY_VERIFY(greenest() > 70); // the colour for good itself, not seen through another
    }

    void aReadOnlyThresholdStays()
    {
        ScoreHistogram histogram;
        histogram.resize(500, 200);
        histogram.setReadOnly(true);
        histogram.setThreshold(0.4);
        histogram.show();
        QTRY_VERIFY(histogram.thresholdX() > 150);
        const int x = histogram.thresholdX();
        QWidget* canvas = histogram.childAt(x, 100);
        QTest::mousePress(canvas, Qt::LeftButton, {}, {x, 100});
        QTest::mouseMove(canvas, {x + 60, 100});
        QTest::mouseRelease(canvas, Qt::LeftButton, {}, {x + 60, 100});
        QTest::keyClick(&histogram, Qt::Key_Right);
        QCOMPARE(histogram.threshold(), 0.4);
    }

    void theRocIsExported()
    {
        RocPlot plot;
        plot.resize(200, 200);
        plot.setRoc(rocCurve({0.1, 0.4, 0.3, 0.9}, {false, false, true, true}), 0.0, 0.5);
        const QString file = m_dir.filePath(u"roc_ä.csv"_s);
        plot.exportCsv(file);
        QCOMPARE(read(file), "threshold,overkill,recall\ninf,0,0\n0.9,0,0.5\n0.4,0.5,0.5\n0.3,0.5,1\n0.1,1,1\n");
        plot.exportPng(m_dir.filePath(u"roc.png"_s));
        QVERIFY(!QImage(m_dir.filePath(u"roc.png"_s)).isNull());
        plot.clear();
        plot.exportCsv(file);
        QCOMPARE(read(file), "threshold,overkill,recall\n");
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

    void barsAreToldWithoutTheirColour()
    {
        /// How often the picture changes along a column through a bar at 0.75.
        const auto changes = [](const std::vector<double>& good, const std::vector<double>& defective) {
            ScoreHistogram histogram;
            histogram.resize(500, 240);
            histogram.setThreshold(0.1);
            histogram.setScores(good, defective, {});
            const QImage image = histogram.grab().toImage();
            int most = 0;
            for (int x = image.width() / 2; x < image.width(); ++x) {
                int found = 0;
                for (int y = 1; y < image.height(); ++y)
                    found += image.pixel(x, y) != image.pixel(x, y - 1) ? 1 : 0;
                most = std::max(most, found);
            }
            return most;
        };
        const std::vector<double> scores(50, 0.75);
        QVERIFY(changes({}, scores) > changes(scores, {}) + 10);
    }

    void onlyTheLineTakesTheFocus()
    {
        QWidget window;
        auto* other = new QLineEdit(&window);
        auto* histogram = new ScoreHistogram(&window);
        auto* layout = new QVBoxLayout(&window);
        layout->addWidget(other);
        layout->addWidget(histogram);
        window.resize(500, 260);
        histogram->setThreshold(0.4);
        window.show();
        QVERIFY(QTest::qWaitForWindowActive(&window));
        QTRY_VERIFY(histogram->thresholdX() > 150);
        other->setFocus();
        const int x = histogram->thresholdX();
        const int y = histogram->height() / 2;
        QWidget* canvas = histogram->childAt(x, y);
        QTest::mouseClick(canvas, Qt::LeftButton, {}, {x - 60, y}); // a look at a bar
        QVERIFY(other->hasFocus());
        QTest::mouseClick(canvas, Qt::LeftButton, {}, {x, y});
        QVERIFY(histogram->hasFocus());

        // A key held while the focus goes elsewhere ends its move.
        QSignalSpy released(histogram, &ScoreHistogram::thresholdReleased);
        QTest::keyPress(histogram, Qt::Key_Right);
        QCOMPARE(released.size(), 0);
        other->setFocus();
        QCOMPARE(released.size(), 1);
        QCOMPARE(released[0][0].toDouble(), histogram->threshold());
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
