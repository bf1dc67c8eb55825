// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/image_io.h"
#include "ui/image_list_filter.h"
#include "ui/image_list_model.h"
#include "ui/region_table_model.h"
#include "ui/thumbnail_loader.h"

#include <QtCore/QElapsedTimer>
#include <QtCore/QTemporaryDir>
#include <QtTest/QAbstractItemModelTester>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>

#include <cmath>
#include <limits>

using namespace lynceus;
using namespace Qt::StringLiterals;
using Show = ImageListFilter::Show;
using Order = ImageListFilter::Order;

namespace {

std::vector<Sample> makeSamples(int count)
{
    std::vector<Sample> samples;
    for (int i = 0; i < count; ++i) {
        const QString name = u"teil_ö/%1.png"_s.arg(i, 5, 10, QChar(u'0'));
        samples.push_back(
            {u"/nowhere/"_s + name, name, i % 2 ? u"bad"_s : u"good"_s, i % 2 ? Truth::Defective : Truth::Good, {}});
    }
    return samples;
}

AnomalyResult resultOf(double score)
{
    AnomalyResult result;
    result.score = score;
    Thresholds thresholds;
    thresholds.review = 0.4;
    rejudge(result, thresholds);
    return result;
}

QStringList shown(const ImageListFilter& filter)
{
    QStringList names;
    for (int row = 0; row < filter.rowCount(); ++row)
        names << filter.index(row, 0).data().toString().left(5);
    return names;
}

} // namespace

class TestImageListModel : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void keepsTheRulesOfModels()
    {
        ImageListModel model;
        ImageListFilter filter;
        filter.setSourceModel(&model);
        const QAbstractItemModelTester modelTester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        const QAbstractItemModelTester filterTester(&filter, QAbstractItemModelTester::FailureReportingMode::QtTest);
        model.setSamples(makeSamples(8));
        filter.setOrder(Order::HighestScore);
        for (int row = 0; row < 8; ++row)
            model.setResult(row, {}, resultOf(row / 8.0));
        QTRY_COMPARE(filter.index(0, 0).data().toString(), u"00007.png"_s);
        filter.setShow(Show::Ng);
        QCOMPARE(filter.rowCount(), 4);
        model.rejudgeAll({0.9, 0.9, 0.5, 16});
        QTRY_COMPARE(filter.rowCount(), 0);
        model.setSamples({});
        QCOMPARE(filter.rowCount(), 0);
    }

    void regionTableKeepsTheRulesOfModels()
    {
        RegionTableModel model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        Region region;
        region.area = 5214;
        region.peak = 0.987F;
        region.peakAt = {352, 158};
        model.setRegions({region, region});
        QCOMPARE(model.rowCount(), 2);
        QCOMPARE(model.index(1, RegionTableModel::Number).data().toInt(), 2);
        QCOMPARE(model.index(0, RegionTableModel::Place).data().toString(), u"352, 158"_s);
        QCOMPARE(model.index(0, RegionTableModel::Peak).data().toString(), QLocale().toString(0.99, 'f', 2));
    }

    void filtersAndSorts()
    {
        ImageListModel model;
        ImageListFilter filter;
        filter.setSourceModel(&model);
        model.setSamples(makeSamples(6));
        model.setResult(0, {}, resultOf(0.1));  // good, OK
        model.setResult(1, {}, resultOf(0.45)); // defective, Review
        model.setResult(2, {}, resultOf(0.8));  // good, NG: overkill
        model.setResult(3, {}, resultOf(0.2));  // defective, OK: escape
        model.setResult(4, u"unreadable"_s, {});

        const auto with = [&](Show show) {
            filter.setShow(show);
            return shown(filter);
        };
        QCOMPARE(with(Show::Ng), QStringList{u"00002"_s});
        QCOMPARE(with(Show::Ok), (QStringList{u"00000"_s, u"00003"_s}));
        QCOMPARE(with(Show::Review), QStringList{u"00001"_s});
        QCOMPARE(with(Show::Wrong), (QStringList{u"00002"_s, u"00003"_s}));
        QCOMPARE(with(Show::Failed), QStringList{u"00004"_s});
        QCOMPARE(with(Show::NotDone), QStringList{u"00005"_s});
        QCOMPARE(with(Show::All).size(), 6);

        filter.setOrder(Order::HighestScore);
        QCOMPARE(shown(filter), (QStringList{u"00004"_s, u"00002"_s, u"00001"_s, u"00003"_s, u"00000"_s, u"00005"_s}));
        filter.setOrder(Order::LowestScore);
        QCOMPARE(shown(filter), (QStringList{u"00004"_s, u"00000"_s, u"00003"_s, u"00001"_s, u"00002"_s, u"00005"_s}));
        filter.setOrder(Order::Name);
        filter.setNameFilter(u"Ö/00003"_s);
        QCOMPARE(shown(filter), QStringList{u"00003"_s});

        const ImageListModel::Counts counts = model.counts();
        QCOMPARE(counts.total, 6);
        QCOMPARE(counts.ok, 2);
        QCOMPARE(counts.review, 1);
        QCOMPARE(counts.ng, 1);
        QCOMPARE(counts.failed, 1);
        QCOMPARE(counts.good, 2);
        QCOMPARE(counts.defective, 2);
        QCOMPARE(counts.escapes, 1);
        QCOMPARE(counts.overkill, 1);
    }

    void verdictsFollowTheThresholds()
    {
        ImageListModel model;
        model.setSamples(makeSamples(3));
        model.setResult(0, {}, resultOf(0.5));
        model.setResult(1, {}, resultOf(std::numeric_limits<double>::quiet_NaN()));
        QCOMPARE(model.item(0).result.verdict, Verdict::Ng);
        model.rejudgeAll({0.6, 0.55, 0.5, 16});
        QCOMPARE(model.item(0).result.verdict, Verdict::Ok);
        QCOMPARE(model.item(1).result.verdict, Verdict::Ng); // NaN never passes
        QVERIFY(!model.item(2).judged);
    }

    void mapsAreNotKept()
    {
        ImageListModel model;
        model.setSamples(makeSamples(1));
        AnomalyResult result;
        result.map = cv::Mat(32, 32, CV_32F, cv::Scalar(0.9));
        result.score = 0.9;
        rejudge(result, {});
        QCOMPARE(result.regions.size(), std::size_t(1));
        model.setResult(0, {}, result);
        QVERIFY(model.item(0).result.map.empty());
        QCOMPARE(model.item(0).result.regions.size(), std::size_t(1));
        QVERIFY(model.item(0).result.regions[0].contour.empty());
        QCOMPARE(model.item(0).result.regions[0].area, 1024.0);
    }

    void resultsAreToldInBatches()
    {
        ImageListModel model;
        model.setSamples(makeSamples(1000));
        QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
        for (int row = 0; row < 1000; ++row)
            model.setResult(row, {}, resultOf(0.1));
        QTRY_COMPARE(changed.size(), 1);
        QCOMPARE(changed[0][0].toModelIndex().row(), 0);
        QCOMPARE(changed[0][1].toModelIndex().row(), 999);
    }

    void thumbnailsAreLoadedWhenAskedFor()
    {
        QTemporaryDir dir;
        const QString file = dir.filePath(u"größe.png"_s);
        writePng(file, cv::Mat(400, 800, CV_8UC3, cv::Scalar(10, 20, 200)));
        ImageListModel model;
        model.setSamples({{file, u"größe.png"_s, {}, Truth::Unknown, {}},
                          {dir.filePath(u"none.png"_s), u"none.png"_s, {}, Truth::Unknown, {}}});
        QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
        QVERIFY(model.thumbnails().isIdle());
        QVERIFY(model.index(0).data(Qt::DecorationRole).value<QImage>().isNull());
        QVERIFY(model.index(1).data(Qt::DecorationRole).value<QImage>().isNull());
        QTRY_VERIFY(model.thumbnails().isIdle());
        QCOMPARE(changed.size(), 1);
        const QImage image = model.index(0).data(Qt::DecorationRole).value<QImage>();
        QCOMPARE(image.size(), QSize(96, 48));
        QCOMPARE(image.pixelColor(40, 20), QColor(200, 20, 10));
        // The unreadable one is not tried again and again.
        QVERIFY(model.index(1).data(Qt::DecorationRole).value<QImage>().isNull());
        QVERIFY(model.thumbnails().isIdle());
    }

    void twentyThousandRowsSortFast()
    {
        ImageListModel model;
        ImageListFilter filter;
        filter.setSourceModel(&model);
        model.setSamples(makeSamples(20000));
        for (int row = 0; row < 20000; ++row)
            model.setResult(row, {}, resultOf(double((row * 7919) % 20000) / 20000.0));
        filter.index(0, 0);
        qint64 best = std::numeric_limits<qint64>::max();
        for (int attempt = 0; attempt < 5; ++attempt) { // the machine may be busy with something else
            QElapsedTimer timer;
            timer.start();
            filter.setOrder(attempt % 2 ? Order::LowestScore : Order::HighestScore);
            QCOMPARE(filter.rowCount(), 20000);
            model.rejudgeAll({0.3 + attempt * 0.1, 0.3, 0.5, 16});
            best = std::min(best, timer.elapsed());
        }
        qInfo("sorting and judging 20,000 rows: %lld ms", best);
        QVERIFY2(best < 50, qPrintable(QString::number(best)));
    }
};

QTEST_MAIN(TestImageListModel)
#include "tst_image_list_model.moc"
