// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/jobs/folder_fit.h"
#include "core/weights/model_file.h"

#include <QtCore/QJsonArray>
#include <QtTest/QTest>

#include <cmath>
#include <limits>
#include <vector>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

/// A score at a distance from the middle of the scale, as maps of a model are scaled.
double at(double u)
{
    return 0.5 + 0.5 * u / (1.0 + std::abs(u));
}

/// `count` scores between two distances.
std::vector<double> spread(int count, double low, double high)
{
    std::vector<double> scores;
    for (int i = 0; i < count; ++i)
        scores.push_back(at(low + (high - low) * i / std::max(1, count - 1)));
    return scores;
}

/// A model as one of bottles turned out: good scores from -0.4 to 1.7, threshold at 1.2.
ModelInfo bottles()
{
    ModelInfo info;
    info.thresholds.score = at(1.2);
    QJsonArray good;
    for (const double score : spread(200, -0.4, 1.7))
        good.append(score);
    info.calibration.insert(u"good_scores"_s, good);
    return info;
}

FolderFit fed(const ModelInfo& info, const std::vector<double>& scores, int pictures = 0)
{
    FolderFit fit(info, std::max(pictures, int(scores.size())));
    for (const double score : scores)
        fit.add(score);
    return fit;
}

} // namespace

class TestFolderFit : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void distributions_data();
    void distributions();
    void saysNothingTooEarly();
    void saysNothingWithoutGoodScores();
    void oddGoodImagesDoNotBlindIt();
    void whatPassesIsNotForeign();
    void alikeGoodImagesLeaveRoom();
    void numbersThatAreNoneAreForeign();
};

void TestFolderFit::distributions_data()
{
    QTest::addColumn<std::vector<double>>("scores");
    QTest::addColumn<bool>("fits");
    const auto joined = [](std::vector<double> a, const std::vector<double>& b) {
        a.insert(a.end(), b.begin(), b.end());
        return a;
    };
    // Ranges as measured: castings, metal surfaces and tiles under a model of bottles, and the bottles themselves.
    QTest::newRow("castings") << spread(83, 6.4, 8.4) << false;
    QTest::newRow("surfaces") << spread(12, 9.7, 10.0) << false;
    QTest::newRow("tiles") << spread(40, 7.2, 9.8) << false;
    QTest::newRow("one of forty resembles it") << joined(spread(39, 6.0, 8.0), spread(1, 0.5, 0.5)) << false;
    QTest::newRow("good bottles") << spread(20, -0.2, 0.8) << true;
    QTest::newRow("nine of ten defective") << joined(spread(45, 1.8, 8.1), spread(5, -0.2, 0.8)) << true;
    QTest::newRow("nine of ten broken to pieces") << joined(spread(45, 4.0, 8.1), spread(5, -0.2, 0.8)) << true;
    QTest::newRow("all defective") << spread(36, 1.8, 8.1) << true;
    QTest::newRow("half of another kind") << joined(spread(20, 6.0, 8.0), spread(20, -0.2, 0.8)) << true;
    QTest::newRow("good ones under brighter light") << spread(30, 1.3, 3.5) << true;
}

void TestFolderFit::distributions()
{
    QFETCH(const std::vector<double>, scores);
    QFETCH(const bool, fits);
    const FolderFit fit = fed(bottles(), scores);
    QVERIFY(fit.fits().has_value());
    QCOMPARE(*fit.fits(), fits);
    QCOMPARE(fit.reason().isEmpty(), fits);
    QCOMPARE(fit.remedy().isEmpty(), fits);
    QCOMPARE(fit.toJson()[u"fits"_s], QJsonValue(fits));
    QCOMPARE(fit.toJson()[u"reason"_s].toString(), fit.reason());
}

void TestFolderFit::saysNothingTooEarly()
{
    const std::vector<double> foreign = spread(20, 6.0, 8.0);
    const auto first = [&](int count) { return std::vector<double>(foreign.begin(), foreign.begin() + count); };
    QVERIFY(!fed(bottles(), first(7)).fits());
    QCOMPARE(fed(bottles(), first(8)).fits(), std::optional(false));
    QVERIFY(!fed(bottles(), first(8), 100).fits()); // the first of a hundred may be the defective ones
    QVERIFY(!fed(bottles(), first(19), 100).fits());
    QVERIFY(fed(bottles(), first(19), 100).toJson()[u"fits"_s].isNull());
    QCOMPARE(fed(bottles(), first(20), 100).fits(), std::optional(false));
}

void TestFolderFit::saysNothingWithoutGoodScores()
{
    ModelInfo info = bottles();
    info.calibration = {};
    QVERIFY(!fed(info, spread(30, 6.0, 8.0)).fits());
    QVERIFY(fed(info, spread(30, 6.0, 8.0)).reason().isEmpty());
}

void TestFolderFit::oddGoodImagesDoNotBlindIt()
{
    ModelInfo info = bottles();
    QJsonArray good = info.calibration[u"good_scores"_s].toArray();
    good.append(at(9.0));
    info.calibration.insert(u"good_scores"_s, good);
    QCOMPARE(fed(info, spread(30, 6.0, 8.0)).fits(), std::optional(true));
    info.calibration.insert(u"odd"_s, QJsonArray{u"good/011.png"_s});
    QCOMPARE(fed(info, spread(30, 6.0, 8.0)).fits(), std::optional(false));
}

void TestFolderFit::whatPassesIsNotForeign()
{
    ModelInfo info = bottles();
    info.thresholds.score = at(7.0); // raised by hand
    QCOMPARE(fed(info, spread(30, 5.0, 6.5)).fits(), std::optional(true));
    QCOMPARE(fed(info, spread(30, 7.1, 8.0)).fits(), std::optional(false));
}

void TestFolderFit::alikeGoodImagesLeaveRoom()
{
    ModelInfo info = bottles();
    info.thresholds.score = at(0.05);
    info.calibration.insert(u"good_scores"_s, QJsonArray{at(0.0), at(0.0), at(0.01)});
    QCOMPARE(fed(info, spread(10, 0.2, 0.9)).fits(), std::optional(true));
    QCOMPARE(fed(info, spread(10, 1.1, 1.9)).fits(), std::optional(false));
}

void TestFolderFit::numbersThatAreNoneAreForeign()
{
    QCOMPARE(fed(bottles(), std::vector<double>(8, std::numeric_limits<double>::quiet_NaN())).fits(),
             std::optional(false));
    QCOMPARE(fed(bottles(), std::vector<double>(8, 1.0)).fits(), std::optional(false));
}

QTEST_GUILESS_MAIN(TestFolderFit)
#include "tst_folder_fit.moc"
