// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/base/settings.h"
#include "core/jobs/job_runner.h"
#include "core/memseg/session.h"
#include "core/storage/database.h"
#include "core/weights/model_store.h"
#include "tests/support/training_folder.h"
#include "ui/curve_plot.h"
#include "ui/test_images_panel.h"
#include "ui/worst_image_model.h"

#include <QtCore/QTemporaryDir>
#include <QtTest/QAbstractItemModelTester>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>
#include <QtWidgets/QLabel>
#include <QtWidgets/QListView>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

const QString kModel = QStringLiteral(LYNCEUS_SOURCE_DIR "/models/demo_memseg.safetensors");

/// What the panel is given.
struct Fixture
{
    QTemporaryDir home{QDir::tempPath() + u"/dienste-XXXXXX"_s};
    Settings settings{home.filePath(u"settings.ini"_s)};
    Database database{home.filePath(u"lynceus.db"_s)};
    ModelStore store{QString(), home.filePath(u"weights"_s)};
    JobRunner jobs;
    TestImagesPanel panel{{settings, database, store, jobs, home.filePath(u"models"_s)}};
};

EvaluationReport sampleReport()
{
    EvaluationReport report;
    report.paths = {u"/a"_s, u"/b"_s, u"/c"_s, u"/d"_s, u"/e"_s};
    report.scores = {0.1, 0.7, 0.3, 0.9, 0.2};
    report.labels = {false, false, false, true, true};
    return report;
}

QStringList pathsOf(const std::vector<WorstImage>& images)
{
    QStringList paths;
    for (const WorstImage& image : images)
        paths << image.path;
    return paths;
}

} // namespace

class TestTestImages : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void worstComeFirst();
    void modelIsSound();
    void realImagesAreMeasured();
    void onlyGoodImagesHaveNoRoc();
    void nothingLabelledIsAnError();
};

void TestTestImages::worstComeFirst()
{
    const EvaluationReport report = sampleReport();
    QCOMPARE(pathsOf(worstImages(report, false, 2)), (QStringList{u"/b"_s, u"/c"_s}));
    QCOMPARE(pathsOf(worstImages(report, true, 5)), (QStringList{u"/e"_s, u"/d"_s}));
    QVERIFY(worstImages(EvaluationReport(), true, 5).empty());
}

void TestTestImages::modelIsSound()
{
    WorstImageModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QCOMPARE(model.rowCount(), 0);
    model.setImages(worstImages(sampleReport(), false, 3));
    QCOMPARE(model.rowCount(), 3);
    const QModelIndex first = model.index(0, 0);
    QCOMPARE(first.data().toString(), QLocale().toString(0.7, 'f', 3));
    QVERIFY(first.data(Qt::ToolTipRole).toString().contains(u"b"_s));
    QCOMPARE(model.image(0).path, u"/b"_s);
    model.setImages({});
    QCOMPARE(model.rowCount(), 0);
}

void TestTestImages::realImagesAreMeasured()
{
    QTemporaryDir home(QDir::tempPath() + u"/prüfung-XXXXXX"_s);
    test::writeParts(home.filePath(u"train/good"_s), 2);
    test::writeParts(home.filePath(u"test/good"_s), 3);
    test::writeParts(home.filePath(u"test/kratzer"_s), 2, true);
    Fixture f;
    TestImagesPanel& panel = f.panel;
    panel.resize(600, 420);
    panel.show();
    QSignalSpy chosen(&panel, &TestImagesPanel::imageChosen);
    panel.measure(); // nothing to measure
    QVERIFY(panel.isIdle());
    panel.setModel(kModel, home.path());
    panel.measure();
    QVERIFY(!panel.isIdle());
    auto* good = panel.findChild<QListView*>(u"worstGood"_s);
    auto* defective = panel.findChild<QListView*>(u"worstDefective"_s);
    QTRY_VERIFY_WITH_TIMEOUT(good->isVisible(), 60'000);
    QCOMPARE(good->model()->rowCount(), 3);
    QCOMPARE(defective->model()->rowCount(), 2);
    QVERIFY(!good->model()->index(0, 0).data(Qt::DecorationRole).value<QIcon>().isNull());
    QVERIFY(panel.findChild<RocPlot*>()->isVisible());
    QVERIFY(panel.findChild<QLabel*>(u"testFigures"_s)->text().contains(u"AUROC"_s));

    QTest::mouseClick(defective->viewport(), Qt::LeftButton, {},
                      defective->visualRect(defective->model()->index(0, 0)).center());
    QCOMPARE(chosen.size(), 1);
    QCOMPARE(chosen.front().at(0).toString(), kModel);
    QCOMPARE(chosen.front().at(1).toString(), home.path());
    QVERIFY(chosen.front().at(2).toString().contains(u"kratzer"_s));

    // What was measured is still known when the model comes back.
    panel.setModel({}, {});
    QVERIFY(!good->isVisible());
    panel.setModel(kModel, home.path());
    QVERIFY(good->isVisible());
}

void TestTestImages::onlyGoodImagesHaveNoRoc()
{
    QTemporaryDir home(QDir::tempPath() + u"/prüfung-XXXXXX"_s);
    test::writeParts(home.path(), 2);
    QDir().mkpath(home.filePath(u"good"_s));
    for (int i = 0; i < 2; ++i)
        QFile::rename(home.filePath(u"part%1.png"_s.arg(i)), home.filePath(u"good/part%1.png"_s.arg(i)));
    const ModelMeasurement measured = measureModel(kModel, {}, home.path(), {});
    QVERIFY(!measured.roc);
    QVERIFY(measured.report.learntFromGood);
    QCOMPARE(measured.good.size(), std::size_t(2));
    QVERIFY(measured.defective.empty());
}

void TestTestImages::nothingLabelledIsAnError()
{
    QTemporaryDir home(QDir::tempPath() + u"/prüfung-XXXXXX"_s);
    test::writeParts(home.path(), 2); // without good/ nothing is known about them
    Fixture f;
    TestImagesPanel& panel = f.panel;
    QSignalSpy ended(&f.jobs, &JobRunner::ended);
    panel.setModel(kModel, home.path());
    panel.measure();
    QTRY_COMPARE_WITH_TIMEOUT(ended.size(), 1, 60'000);
    QCOMPARE(ended.front().front().value<JobStatus>().state, JobStatus::State::Failed);
    QVERIFY(panel.isIdle());
    QVERIFY(!panel.findChild<QLabel*>(u"testImagesHint"_s)->text().isEmpty());
}

QTEST_MAIN(TestTestImages)
#include "tst_test_images.moc"
