// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/jobs/evaluation.h"
#include "tests/support/fake_inspector.h"

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QJsonDocument>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <cmath>

using namespace lynceus;
using namespace lynceus::test;
using namespace Qt::StringLiterals;

class TestEvaluation : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void perfectMapsGivePerfectFigures();
    void figuresAtTheThreshold();
    void figuresOfEachDefect();
    void anotherThresholdForTheSameScores();
    void onlyGoodImagesLeaveFiguresOut();
    void masksOfAnotherSizeAreNamedNotFatal();
    void unreadableImagesAreCounted();
    void nothingLabelledIsAnError();
    void nothingReadableIsAnError();
    void jsonHasTheAgreedKeys();
    void cancelStops();

private:
    void add(const QString& name, Truth truth, const cv::Mat& image, const cv::Mat& mask = {});

    std::unique_ptr<QTemporaryDir> m_dir;
    AnomalyFolder m_folder;
};

namespace {

/// A dark part with a bright square: what the fake inspector sees as the defect.
cv::Mat part(int background, int square = -1, cv::Size size = {96, 64})
{
    cv::Mat image(size, CV_8UC1, cv::Scalar(background));
    if (square >= 0)
        image(cv::Rect(24, 16, 24, 24)).setTo(square);
    return image;
}

cv::Mat squareMask(cv::Size size = {96, 64})
{
    cv::Mat mask = cv::Mat::zeros(size, CV_8UC1);
    mask(cv::Rect(24, 16, 24, 24)).setTo(255);
    return mask;
}

} // namespace

void TestEvaluation::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    m_folder = {};
    m_folder.root = m_dir->path() + u"/Größe"_s;
    QVERIFY(QDir().mkpath(m_folder.root));
}

void TestEvaluation::add(const QString& name, Truth truth, const cv::Mat& image, const cv::Mat& mask)
{
    Sample sample;
    sample.name = name;
    sample.path = m_folder.root + u'/' + name;
    sample.truth = truth;
    if (!image.empty())
        cv::imwrite(sample.path.toStdString(), image);
    if (!mask.empty()) {
        sample.maskPath = m_folder.root + u"/mask_"_s + name;
        cv::imwrite(sample.maskPath.toStdString(), mask);
    }
    m_folder.test.push_back(sample);
}

void TestEvaluation::perfectMapsGivePerfectFigures()
{
    add(u"good1.png"_s, Truth::Good, part(20));
    add(u"good2.png"_s, Truth::Good, part(30));
    add(u"bad1.png"_s, Truth::Defective, part(20, 200), squareMask());
    add(u"bad2.png"_s, Truth::Defective, part(25, 240), squareMask());
    add(u"unknown.png"_s, Truth::Unknown, part(255));
    FakeInspector inspector;
    const EvaluationReport report = evaluate(inspector, m_folder, {}, 48);
    QCOMPARE(report.problems.size(), 1);
    QVERIFY2(report.problems[0].contains(u"unknown.png"_s), qPrintable(report.problems[0]));
    QCOMPARE(report.images, 4);
    QCOMPARE(report.failed, 0);
    QCOMPARE(report.imageAuroc, 1.0);
    QVERIFY(report.pixelAuroc > 0.999);
    QVERIFY(report.aupro > 0.99);
    QCOMPARE(report.threshold, 0.5);
    QCOMPARE(report.overkill, 0.0);
    QCOMPARE(report.escape, 0.0);
    QCOMPARE(report.f1, 1.0);
    QCOMPARE(report.p50, 6.0); // prepare + infer + post of the fake
}

void TestEvaluation::figuresAtTheThreshold()
{
    for (const int level : {20, 40, 60, 220}) // one of four good parts is rejected
        add(u"good%1.png"_s.arg(level), Truth::Good, part(level));
    for (const int level : {50, 200}) // one of two defective parts passes
        add(u"bad%1.png"_s.arg(level), Truth::Defective, part(10, level));
    FakeInspector inspector;
    const EvaluationReport report = evaluate(inspector, m_folder);
    QCOMPARE(report.overkill, 0.25);
    QCOMPARE(report.escape, 0.5);
    QCOMPARE(report.f1, 0.5);
    QCOMPARE(report.balancedError, 0.375);
    QCOMPARE(report.bestBalancedError, 0.25); // at 50: both defective parts are found, two of four good ones rejected
    QCOMPARE(report.bestThreshold, report.scores[4]);
    QCOMPARE(report.imageAuroc, 5.0 / 8.0); // 50 beats 20 and 40, 200 beats 20, 40 and 60
    QVERIFY(std::isnan(report.pixelAuroc)); // no masks
    QVERIFY(std::isnan(report.aupro));
}

void TestEvaluation::figuresOfEachDefect()
{
    for (const int level : {20, 40, 60, 220})
        add(u"good%1.png"_s.arg(level), Truth::Good, part(level));
    for (const int level : {50, 230, 240})
        add(u"Riß%1.png"_s.arg(level), Truth::Defective, part(10, level));
    for (const std::size_t i : {4, 5, 6})
        m_folder.test[i].defect = i < 6 ? u"Riß"_s : u"Loch"_s;
    add(u"gone.png"_s, Truth::Defective, {});
    FakeInspector inspector;
    const EvaluationReport report = evaluate(inspector, m_folder);
    QCOMPARE(report.perDefect.size(), std::size_t(2));
    const QJsonObject json = report.toJson().value(u"per_defect"_s).toObject();
    QCOMPARE(json.size(), 2);
    const QJsonValue crack = json.value(u"Riß"_s);
    QCOMPARE(crack[u"images"_s].toInt(), 2);
    QCOMPARE(crack[u"auroc"_s].toDouble(), 6.0 / 8.0); // 50 beats two of four, 230 all
    QCOMPARE(crack[u"escape"_s].toDouble(), 0.5);
    const QJsonValue hole = json.value(u"Loch"_s);
    QCOMPARE(hole[u"images"_s].toInt(), 1);
    QCOMPARE(hole[u"auroc"_s].toDouble(), 1.0);
    QCOMPARE(hole[u"escape"_s].toDouble(), 0.0);
}

void TestEvaluation::anotherThresholdForTheSameScores()
{
    for (const int level : {20, 40, 60, 220})
        add(u"good%1.png"_s.arg(level), Truth::Good, part(level));
    for (const int level : {50, 200})
        add(u"bad%1.png"_s.arg(level), Truth::Defective, part(10, level));
    for (const std::size_t i : {4, 5})
        m_folder.test[i].defect = i < 5 ? u"Riß"_s : u"Loch"_s;
    FakeInspector inspector;
    EvaluationReport report = evaluate(inspector, m_folder);
    QCOMPARE(report.defects, (QStringList{{}, {}, {}, {}, u"Riß"_s, u"Loch"_s}));
    QCOMPARE(report.perDefect[1].escape, 1.0);
    report.judgeAt(report.bestThreshold);
    QCOMPARE(report.threshold, report.bestThreshold);
    QCOMPARE(report.escape, 0.0);
    QCOMPARE(report.overkill, 0.5);
    QCOMPARE(report.balancedError, report.bestBalancedError);
    QCOMPARE(report.perDefect[1].name, u"Riß"_s);
    QCOMPARE(report.perDefect[1].escape, 0.0);
}

void TestEvaluation::onlyGoodImagesLeaveFiguresOut()
{
    add(u"a.png"_s, Truth::Good, part(20));
    add(u"b.png"_s, Truth::Good, part(200));
    FakeInspector inspector;
    const EvaluationReport report = evaluate(inspector, m_folder);
    QCOMPARE(report.overkill, 0.5);
    QVERIFY(std::isnan(report.imageAuroc));
    QVERIFY(std::isnan(report.escape));
    const QJsonObject json = report.toJson();
    QVERIFY(json.value(u"image_auroc"_s).isNull());
    QVERIFY(json.value(u"escape"_s).isNull());
    for (const QString& key : {u"balanced_error"_s, u"best_balanced_error"_s, u"best_threshold"_s})
        QVERIFY2(json.value(key).isNull(), qPrintable(key));
    QVERIFY(json.value(u"per_defect"_s).toObject().isEmpty());
    QCOMPARE(json.value(u"overkill"_s).toDouble(), 0.5);
}

void TestEvaluation::masksOfAnotherSizeAreNamedNotFatal()
{
    add(u"good.png"_s, Truth::Good, part(20));
    add(u"bad1.png"_s, Truth::Defective, part(20, 200), squareMask());
    add(u"bad2.png"_s, Truth::Defective, part(20, 200), squareMask({80, 64}));
    FakeInspector inspector;
    const EvaluationReport report = evaluate(inspector, m_folder);
    QCOMPARE(report.images, 3);
    QCOMPARE(report.imageAuroc, 1.0);
    QVERIFY(report.pixelAuroc > 0.999);
    QCOMPARE(report.problems.size(), 1);
    QVERIFY2(report.problems[0].contains(u"mask_bad2.png"_s) && report.problems[0].contains(u"80"_s),
             qPrintable(report.problems[0]));
}

void TestEvaluation::unreadableImagesAreCounted()
{
    add(u"good.png"_s, Truth::Good, part(20));
    add(u"gone.png"_s, Truth::Good, {});
    add(u"bad.png"_s, Truth::Defective, part(20, 200), squareMask());
    FakeInspector inspector;
    const EvaluationReport report = evaluate(inspector, m_folder);
    QCOMPARE(report.images, 2);
    QCOMPARE(report.failed, 1);
    QVERIFY(report.problems.value(0).contains(u"gone.png"_s));
    QCOMPARE(report.scores.size(), report.labels.size());
    QCOMPARE(report.paths, (QStringList{m_folder.test[0].path, m_folder.test[2].path}));
}

void TestEvaluation::nothingLabelledIsAnError()
{
    FakeInspector inspector;
    QVERIFY_THROWS_EXCEPTION(Error, evaluate(inspector, m_folder));
    add(u"a.png"_s, Truth::Unknown, part(20));
    QVERIFY_THROWS_EXCEPTION(Error, evaluate(inspector, m_folder));
}

void TestEvaluation::nothingReadableIsAnError()
{
    add(u"gone.png"_s, Truth::Good, {});
    FakeInspector inspector;
    try {
        evaluate(inspector, m_folder);
        QFAIL("there was nothing to evaluate");
    } catch (const Error& error) {
        QVERIFY(error.text().contains(u"gone.png"_s));
    }
}

void TestEvaluation::jsonHasTheAgreedKeys()
{
    add(u"good.png"_s, Truth::Good, part(20));
    add(u"bad.png"_s, Truth::Defective, part(20, 200), squareMask());
    FakeInspector inspector;
    const QJsonObject json = evaluate(inspector, m_folder).toJson();
    for (const QString& key :
         {u"images"_s, u"image_auroc"_s, u"pixel_auroc"_s, u"aupro"_s, u"threshold"_s, u"overkill"_s, u"escape"_s,
          u"f1"_s, u"balanced_error"_s, u"best_balanced_error"_s, u"best_threshold"_s})
        QVERIFY2(json.value(key).isDouble(), qPrintable(key));
    QCOMPARE(json.value(u"method"_s).toString(), u"memseg"_s);
    for (const QString& key : {u"p50"_s, u"p95"_s, u"p99"_s})
        QVERIFY(json.value(u"latency_ms"_s).toObject().value(key).isDouble());
    QVERIFY(!QJsonDocument(json).toJson().isEmpty());
}

void TestEvaluation::cancelStops()
{
    add(u"good.png"_s, Truth::Good, part(20));
    TaskContext context;
    context.cancel.cancel();
    FakeInspector inspector;
    QVERIFY_THROWS_EXCEPTION(Cancelled, evaluate(inspector, m_folder, context));
}

QTEST_GUILESS_MAIN(TestEvaluation)
#include "tst_evaluation.moc"
