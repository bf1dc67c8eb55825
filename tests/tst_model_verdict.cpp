// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/jobs/evaluation.h"
#include "core/jobs/model_verdict.h"
#include "core/metrics/confusion.h"
#include "core/weights/model_file.h"

#include <QtCore/QJsonArray>
#include <QtTest/QTest>

#include <cmath>
#include <vector>

using namespace lynceus;
using namespace Qt::StringLiterals;

using Grade = ModelVerdict::Grade;
Q_DECLARE_METATYPE(lynceus::ModelVerdict::Grade)

namespace {

/// As a training writes it; `escape` of sixteen simulated defects.
ModelInfo trained(double escape, int images = 209)
{
    const double expected = std::max(0.02, 1.0 / (images + 1));
    ModelInfo info;
    info.thresholds.score = info.thresholds.pixel = 0.77;
    info.thresholds.review = 0.71;
    info.metrics = {{u"escape"_s, escape}, {u"defective"_s, 16}, {u"images"_s, 32}, {u"threshold"_s, 0.77}};
    info.calibration = {
        {u"kind"_s, u"good"_s},        {u"images"_s, images},     {u"overkill"_s, 0.02},
        {u"expected"_s, expected},     {u"upper_bound"_s, 0.043}, {u"confidence"_s, 0.95},
        {u"supported"_s, images > 48}, {u"odd"_s, QJsonArray()},  {u"good_scores"_s, QJsonArray{0.4, 0.5, 0.6, 0.79}}};
    info.options = {{u"decoder"_s, u"full"_s}, {u"fusion"_s, QJsonObject{{u"weight"_s, 0.25}}}};
    return info;
}

/// Scores of good images and of two types of defects.
EvaluationReport measured(const std::vector<double>& good, const std::vector<double>& scratches,
                          const std::vector<double>& dents = {})
{
    EvaluationReport report;
    const auto add = [&](const std::vector<double>& scores, const QString& defect) {
        for (const double score : scores) {
            report.scores.push_back(score);
            report.labels.push_back(!defect.isEmpty());
            report.defects.push_back(defect);
        }
    };
    add(good, {});
    add(scratches, u"Kratzer"_s);
    add(dents, u"Delle"_s);
    report.judgeAt(0.9); // not the model's
    report.balancedError = report.bestBalancedError = report.bestThreshold = std::nan("");
    if (!good.empty() && good.size() < report.scores.size()) {
        const BestBalancedError best = bestBalancedError(report.scores, report.labels);
        report.bestBalancedError = best.error;
        report.bestThreshold = best.threshold;
    }
    return report;
}

std::vector<double> times(int count, double score)
{
    return std::vector<double>(std::size_t(count), score);
}

std::vector<double> joined(std::vector<double> a, const std::vector<double>& b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

QString all(const QStringList& lines)
{
    return lines.join(u'\n');
}

} // namespace

class TestModelVerdict : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void simulatedDefectsGrade_data();
    void simulatedDefectsGrade();
    void saysItInPlainWords();
    void fewGoodImagesNeedReview();
    void oddImagesAreNamed();
    void decodersUseIsSaid();
    void whatTheInputShowsIsSaid();
    void movedThresholdsAreSaid();
    void thresholdsByHandCountTheGoodScores();
    void filesThatSayNothingNeedReview();
    void realImagesGrade_data();
    void realImagesGrade();
    void realImagesStandAboveSimulatedOnes();
    void aBetterThresholdIsSuggested();
    void noThresholdFromImagesThatItLearntFrom();
    void realGoodImagesAlone();
    void jsonHasItAll();
};

void TestModelVerdict::simulatedDefectsGrade_data()
{
    QTest::addColumn<double>("escape");
    QTest::addColumn<Grade>("grade");
    // As data sets turned out, with the share of simulated defects that passes.
    QTest::newRow("nothing passes") << 0.0 << Grade::Usable;
    QTest::newRow("bottles, all real defects are found") << 7.0 / 16 << Grade::Usable;
    QTest::newRow("half") << 0.5 << Grade::Usable;
    QTest::newRow("castings") << 11.0 / 16 << Grade::UsableWithReview;
    QTest::newRow("tiles") << 12.0 / 16 << Grade::UsableWithReview;
    QTest::newRow("a threshold set by an odd image") << 15.0 / 16 << Grade::NotUsable;
    QTest::newRow("everything passes") << 1.0 << Grade::NotUsable;
}

void TestModelVerdict::simulatedDefectsGrade()
{
    QFETCH(const double, escape);
    QFETCH(const Grade, grade);
    const ModelVerdict verdict = verdictOn(trained(escape));
    QCOMPARE(verdict.grade, grade);
    QVERIFY(!verdict.headline.isEmpty());
    QVERIFY(!verdict.advice.isEmpty());
    QVERIFY(!verdict.betterThreshold);
}

void TestModelVerdict::saysItInPlainWords()
{
    const ModelVerdict verdict = verdictOn(trained(11.0 / 16));
    QCOMPARE(verdict.reasons[0], u"11 of 16 simulated small defects would pass. Those nearest to the threshold come up "
                                 "for review."_s);
    QVERIFY2(verdict.reasons[1].startsWith(u"About 2 % of good parts are rejected"_s), qPrintable(verdict.reasons[1]));
    QVERIFY(!(all(verdict.reasons) + all(verdict.advice) + verdict.headline).contains(u"AUROC"_s));
    ModelInfo older = trained(0.75);
    older.metrics.remove(u"defective"_s);
    QVERIFY(verdictOn(older).reasons[0].startsWith(u"75 % of the simulated"_s));
}

void TestModelVerdict::fewGoodImagesNeedReview()
{
    const ModelVerdict verdict = verdictOn(trained(0.0, 20));
    QCOMPARE(verdict.grade, Grade::UsableWithReview);
    QVERIFY2(all(verdict.advice).contains(u"49"_s), qPrintable(all(verdict.advice)));
}

void TestModelVerdict::oddImagesAreNamed()
{
    ModelInfo info = trained(0.0);
    info.calibration.insert(u"odd"_s, QJsonArray{u"good/011.png"_s, u"good/größe.png"_s});
    const ModelVerdict verdict = verdictOn(info);
    QVERIFY(all(verdict.reasons).contains(u"good/011.png, good/größe.png"_s));
    QVERIFY(verdict.advice[0].contains(u"odd images"_s));
    QJsonArray many;
    for (int i = 0; i < 8; ++i)
        many.append(u"%1.png"_s.arg(i));
    info.calibration.insert(u"odd"_s, many);
    QVERIFY(all(verdictOn(info).reasons).contains(u"4.png and 3 more"_s));
}

void TestModelVerdict::decodersUseIsSaid()
{
    ModelInfo info = trained(0.0);
    QVERIFY(all(verdictOn(info).reasons).contains(u"both are used"_s));
    info.options.insert(u"fusion"_s, QJsonObject{{u"weight"_s, 0.0}});
    QVERIFY(all(verdictOn(info).reasons).contains(u"it is not used"_s));
    info.options.insert(u"decoder"_s, u"none"_s);
    QVERIFY(!all(verdictOn(info).reasons).contains(u"decoder"_s));
}

void TestModelVerdict::whatTheInputShowsIsSaid()
{
    ModelInfo info = trained(0.0);
    info.preprocessing.width = 448;
    info.preprocessing.height = 320;
    QVERIFY(!all(verdictOn(info).reasons).contains(u"448"_s)); // models of before know no size of pictures
    info.metrics.insert(u"picture_width"_s, 1600);
    info.metrics.insert(u"picture_height"_s, 1200);
    ModelVerdict verdict = verdictOn(info);
    QCOMPARE(verdict.grade, Grade::Usable);
    QVERIFY2(all(verdict.reasons).contains(u"448 x 320 of 1600 x 1200 pixels: defects below about 38 px may pass"_s),
             qPrintable(all(verdict.reasons)));
    QVERIFY(all(verdict.advice).contains(u"smallest_defect"_s));

    info.options.insert(u"smallest_defect"_s, u"0.3 mm"_s);
    info.options.insert(u"pixels_per_mm"_s, 50.0);
    verdict = verdictOn(info);
    QCOMPARE(verdict.grade, Grade::UsableWithReview);
    QVERIFY2(all(verdict.reasons).contains(u"defects of 15 px (0.3 mm) are too small"_s),
             qPrintable(all(verdict.reasons)));
    info.options.insert(u"smallest_defect"_s, u"1 mm"_s);
    verdict = verdictOn(info);
    QCOMPARE(verdict.grade, Grade::Usable);
    QVERIFY2(all(verdict.reasons).contains(u"50 px (1 mm) can be seen"_s), qPrintable(all(verdict.reasons)));
}

void TestModelVerdict::movedThresholdsAreSaid()
{
    ModelInfo info = trained(0.0);
    info.thresholds.score = 0.85;
    ModelVerdict verdict = verdictOn(info);
    QCOMPARE(verdict.grade, Grade::UsableWithReview);
    QVERIFY2(verdict.reasons[0].contains(u"0.770; at 0.850, as it is now, more would"_s),
             qPrintable(verdict.reasons[0]));
    info.thresholds.score = 0.6;
    verdict = verdictOn(info);
    QCOMPARE(verdict.grade, Grade::Usable);
    QVERIFY(verdict.reasons[0].contains(u"fewer"_s));
}

void TestModelVerdict::thresholdsByHandCountTheGoodScores()
{
    ModelInfo info = trained(0.0);
    info.calibration = {{u"kind"_s, u"manual"_s}, {u"good_scores"_s, QJsonArray{0.1, 0.2, 0.3, 0.9}}};
    ModelVerdict verdict = verdictOn(info);
    QVERIFY2(verdict.reasons[1].startsWith(u"1 of the 4 good images"_s), qPrintable(verdict.reasons[1]));
    QCOMPARE(verdict.grade, Grade::UsableWithReview);
    info.thresholds.score = 0.95;
    info.metrics.insert(u"threshold"_s, 0.95);
    QCOMPARE(verdictOn(info).grade, Grade::Usable);
}

void TestModelVerdict::filesThatSayNothingNeedReview()
{
    const ModelVerdict verdict = verdictOn(ModelInfo());
    QCOMPARE(verdict.grade, Grade::UsableWithReview);
    QCOMPARE(verdict.reasons.size(), 2);
}

void TestModelVerdict::realImagesGrade_data()
{
    QTest::addColumn<EvaluationReport>("report");
    QTest::addColumn<Grade>("grade");
    QTest::newRow("all found") << measured(times(20, 0.5), times(63, 0.9)) << Grade::Usable;
    QTest::newRow("one of twenty passes")
        << measured(times(20, 0.5), joined(times(19, 0.9), times(1, 0.6))) << Grade::Usable;
    QTest::newRow("some pass") << measured(times(20, 0.5), joined(times(56, 0.9), times(7, 0.76)))
                               << Grade::UsableWithReview;
    QTest::newRow("half pass") << measured(times(20, 0.5), joined(times(10, 0.9), times(10, 0.6))) << Grade::NotUsable;
    QTest::newRow("good ones are rejected")
        << measured(joined(times(16, 0.5), times(4, 0.8)), times(20, 0.9)) << Grade::UsableWithReview;
    QTest::newRow("half of the good ones are")
        << measured(joined(times(10, 0.5), times(10, 0.8)), times(20, 0.9)) << Grade::NotUsable;
    QTest::newRow("few are found") << measured(times(20, 0.5), times(3, 0.9)) << Grade::UsableWithReview;
    QTest::newRow("no good ones") << measured({}, times(63, 0.9)) << Grade::Usable;
}

void TestModelVerdict::realImagesGrade()
{
    QFETCH(const EvaluationReport, report);
    QFETCH(const Grade, grade);
    QCOMPARE(verdictOn(trained(11.0 / 16), report).grade, grade);
}

void TestModelVerdict::realImagesStandAboveSimulatedOnes()
{
    const auto report =
        measured(times(20, 0.5), joined(times(28, 0.9), times(12, 0.6)), joined(times(22, 0.95), times(1, 0.7)));
    const ModelVerdict verdict = verdictOn(trained(1.0), report);
    QCOMPARE(verdict.grade, Grade::UsableWithReview);
    QVERIFY2(verdict.reasons[0].startsWith(u"13 of 63 defective test images pass (at most"_s),
             qPrintable(verdict.reasons[0]));
    QCOMPARE(verdict.reasons[1], u"By type: Kratzer 12 of 40, Delle 1 of 23 pass."_s);
    QVERIFY(verdict.reasons[2].startsWith(u"0 of 20 good test images are rejected"_s));
    QVERIFY(!all(verdict.reasons).contains(u"simulated"_s));
}

void TestModelVerdict::aBetterThresholdIsSuggested()
{
    // Seven of 63 escape at 0.77; between 0.72 and 0.76 nothing would be judged wrongly.
    const auto report = measured(joined(times(19, 0.5), times(1, 0.72)), joined(times(56, 0.9), times(7, 0.76)));
    const ModelVerdict verdict = verdictOn(trained(0.5), report);
    QVERIFY(verdict.betterThreshold.has_value());
    QCOMPARE(*verdict.betterThreshold, 0.74);
    QVERIFY2(verdict.advice[0].contains(u"0.740: there 0 of 63 defective and 0 of 20 good"_s),
             qPrintable(verdict.advice[0]));
    QVERIFY2(verdict.advice[0].contains(u"1 of the 4 good images of the training lie above it"_s),
             qPrintable(verdict.advice[0]));
    ModelInfo moved = trained(0.5);
    moved.thresholds.score = 0.74;
    QVERIFY(!verdictOn(moved, report).betterThreshold);
    QCOMPARE(verdictOn(moved, report).grade, Grade::Usable);
}

void TestModelVerdict::noThresholdFromImagesThatItLearntFrom()
{
    auto report = measured(times(20, 0.1), joined(times(56, 0.9), times(7, 0.3)));
    report.learntFromGood = true;
    const ModelVerdict verdict = verdictOn(trained(0.5), report);
    QVERIFY(!verdict.betterThreshold);
    QVERIFY(!all(verdict.reasons).contains(u"good test images"_s));
    QVERIFY(all(verdict.reasons).contains(u"About 2 %"_s));
}

void TestModelVerdict::realGoodImagesAlone()
{
    const ModelVerdict verdict = verdictOn(trained(11.0 / 16), measured(joined(times(40, 0.5), times(1, 0.8)), {}));
    QCOMPARE(verdict.grade, Grade::UsableWithReview);
    QVERIFY(verdict.reasons[0].startsWith(u"11 of 16 simulated"_s));
    QVERIFY(verdict.reasons[1].startsWith(u"1 of 41 good test images are rejected"_s));
    QVERIFY(!verdict.betterThreshold);
}

void TestModelVerdict::jsonHasItAll()
{
    const auto report = measured(times(20, 0.5), joined(times(56, 0.9), times(7, 0.76)));
    const QJsonObject json = verdictOn(trained(0.5), report).toJson();
    QCOMPARE(json[u"grade"_s].toString(), u"usable_with_review"_s);
    QVERIFY(!json[u"headline"_s].toString().isEmpty());
    QVERIFY(!json[u"reasons"_s].toArray().isEmpty());
    QVERIFY(!json[u"advice"_s].toArray().isEmpty());
    QVERIFY(json[u"better_threshold"_s].isDouble());
    QCOMPARE(verdictOn(trained(0.0)).toJson()[u"grade"_s].toString(), u"usable"_s);
    QCOMPARE(verdictOn(trained(1.0)).toJson()[u"grade"_s].toString(), u"not_usable"_s);
    QVERIFY(!verdictOn(trained(1.0)).toJson().contains(u"better_threshold"_s));
}

QTEST_GUILESS_MAIN(TestModelVerdict)
#include "tst_model_verdict.moc"
