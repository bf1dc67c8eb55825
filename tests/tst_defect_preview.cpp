// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/base/settings.h"
#include "core/jobs/job_runner.h"
#include "tests/support/training_folder.h"
#include "ui/defect_preview_panel.h"
#include "ui/picture_grid.h"
#include "ui/simulator_form.h"

#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>
#include <QtWidgets/QComboBox>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QSlider>
#include <QtWidgets/QSpinBox>

#include <memory>

using namespace lynceus;
using namespace Qt::StringLiterals;

class TestDefectPreview : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void formChangesOptions();
    void formKeepsOpacityInOrder();
    void largerPatchesHaveLargerFigures();
    void formLeavesBadValuesOut();
    void picturesFollowSeedAndOptions();
    void unreadableImagesAreLeftOut();
    void cancelStops();
    void panelDrawsAndRemembers();
    void newestWishWins();

private:
    DefectPreview::Request request() const;

    std::unique_ptr<QTemporaryDir> m_home;
    QString m_folder;
    std::vector<Sample> m_good;
};

void TestDefectPreview::init()
{
    m_home = std::make_unique<QTemporaryDir>(QDir::tempPath() + u"/prüfung-XXXXXX"_s);
    QVERIFY(m_home->isValid());
    m_folder = m_home->filePath(u"teile"_s);
    test::writeParts(m_folder, 9);
    m_good = AnomalyFolder::open(m_folder, AnomalyFolder::Purpose::Training).train;
    QCOMPARE(m_good.size(), std::size_t(9));
}

DefectPreview::Request TestDefectPreview::request() const
{
    DefectPreview::Request request;
    request.good = m_good;
    request.options = test::tinyOptions(1);
    return request;
}

void TestDefectPreview::formChangesOptions()
{
    SimulatorForm form;
    form.show();
    QVERIFY(form.values().isEmpty());
    QSignalSpy changed(&form, &SimulatorForm::changed);
    const auto slider = [&](const QString& name) { return form.findChild<QSlider*>(name); };
    QTest::keyClick(slider(u"texture_probability"_s), Qt::Key_End);
    QTest::keyClick(slider(u"shape_probability"_s), Qt::Key_Home);
    QTest::keyClick(slider(u"perlin_threshold"_s), Qt::Key_Left);
    QTest::keyClick(slider(u"perlin_scale_limit"_s), Qt::Key_Right);
    QTest::keyClick(slider(u"opacity_low"_s), Qt::Key_Right);
    QTest::keyClick(slider(u"opacity_low"_s), Qt::Key_Right);
    QTest::keyClick(slider(u"opacity_low"_s), Qt::Key_Left);
    QCOMPARE(changed.size(), 7);
    MemSegOptions options;
    form.applyTo(options);
    QCOMPARE(options.simulator.textureProbability, 1.0);
    QCOMPARE(options.simulator.shapeProbability, 0.0);
    QCOMPARE(options.simulator.perlinThreshold, 0.55); // to the left is smaller: a higher threshold
    QCOMPARE(options.simulator.perlinScaleLimit, 7);
    QCOMPARE(options.simulator.opacityLow, 0.2);
    options.validate();

    auto* foreground = form.findChild<QComboBox*>(u"foreground"_s);
    auto* grey = form.findChild<QSpinBox*>(u"foreground_threshold"_s);
    QVERIFY(!grey->isVisible());
    QTest::keyClick(foreground, Qt::Key_Down);
    QVERIFY(grey->isVisible());
    grey->selectAll();
    QTest::keyClicks(grey, u"90"_s);
    form.setTextureFolder(m_folder);
    form.applyTo(options);
    QCOMPARE(options.simulator.foreground.mode, ForegroundOptions::Mode::Threshold);
    QCOMPARE(options.simulator.foreground.threshold, 90);
    QCOMPARE(options.simulator.textureFolder, m_folder);

    const QJsonObject values = form.values();
    QCOMPARE(values.size(), 8);
    SimulatorForm other;
    other.setValues(values);
    QCOMPARE(other.values(), values);
    other.setValues({});
    QVERIFY(other.values().isEmpty());
    QTest::keyClick(slider(u"opacity_low"_s), Qt::Key_Left); // back at the default, to the last digit
    QVERIFY(!form.values().contains(u"opacity_low"_s));
}

void TestDefectPreview::formKeepsOpacityInOrder()
{
    SimulatorForm form;
    form.findChild<QSlider*>(u"opacity_high"_s)->setValue(0);
    MemSegOptions options;
    form.applyTo(options);
    QCOMPARE(options.simulator.opacityLow, 0.0);
    form.findChild<QSlider*>(u"opacity_low"_s)->setValue(10);
    form.applyTo(options);
    QCOMPARE(options.simulator.opacityHigh, 0.5);
    options.validate();
}

void TestDefectPreview::largerPatchesHaveLargerFigures()
{
    SimulatorForm form;
    auto* slider = form.findChild<QSlider*>(u"perlin_threshold"_s);
    auto* figure = form.findChild<QLabel*>(u"perlin_threshold_value"_s);
    const auto shown = [&](int position) {
        slider->setValue(position);
        return figure->text().section(u' ', 0, 0).toInt();
    };
    const int small = shown(slider->minimum());
    const int middle = shown((slider->minimum() + slider->maximum()) / 2);
    QVERIFY(small < middle && middle < shown(slider->maximum()));
}

void TestDefectPreview::formLeavesBadValuesOut()
{
    SimulatorForm form;
    form.setValues({{u"opacity_low"_s, 7.0}, {u"foreground"_s, u"sideways"_s}, {u"perlin_scale_limit"_s, 3}});
    QCOMPARE(form.values(), (QJsonObject{{u"perlin_scale_limit"_s, 3}}));
}

void TestDefectPreview::picturesFollowSeedAndOptions()
{
    DefectPreview preview;
    DefectPreview::Request wish = request();
    const std::vector<QImage> first = preview.draw(wish, {});
    QCOMPARE(first.size(), std::size_t(6));
    QCOMPARE(first.front().size(), QSize(64, 64));
    QVERIFY(preview.draw(wish, {}) == first);
    wish.outline = Qt::green;
    QVERIFY(preview.draw(wish, {}) != first);
    wish.outline = {};
    wish.options.simulator.opacityLow = 1.0;
    QVERIFY(preview.draw(wish, {}) != first);
    wish = request();
    wish.seed = 2;
    QVERIFY(preview.draw(wish, {}) != first);
    wish = request();
    wish.options.autoSize = false;
    wish.options.preprocessing.width = 96;
    wish.options.preprocessing.height = 96;
    QCOMPARE(preview.draw(wish, {}).front().size(), QSize(96, 96));
    wish.options.simulator.textureFolder = m_home->filePath(u"nowhere"_s);
    QVERIFY_THROWS_EXCEPTION(Error, preview.draw(wish, {}));
}

void TestDefectPreview::unreadableImagesAreLeftOut()
{
    DefectPreview::Request wish = request();
    QVERIFY(QFile::remove(m_good[4].path));
    wish.count = 100;
    DefectPreview preview;
    QCOMPARE(preview.draw(wish, {}).size(), std::size_t(8));
}

void TestDefectPreview::cancelStops()
{
    CancelToken cancel;
    cancel.cancel();
    DefectPreview preview;
    QVERIFY_THROWS_EXCEPTION(Cancelled, preview.draw(request(), cancel));
}

void TestDefectPreview::panelDrawsAndRemembers()
{
    const QString file = m_home->filePath(u"settings.ini"_s);
    const auto other = m_home->filePath(u"andere"_s);
    JobRunner jobs;
    {
        Settings settings(file);
        DefectPreviewPanel panel(jobs, settings);
        panel.resize(320, 480);
        panel.show();
        auto* grid = panel.findChild<PictureGrid*>(u"defectPreview"_s);
        QVERIFY(grid->pictures().empty());
        panel.setFolder(m_folder, m_good);
        panel.setOptions(test::tinyOptions(1));
        QVERIFY(!panel.isIdle());
        QTRY_VERIFY(panel.isIdle());
        QCOMPARE(grid->pictures().size(), std::size_t(6));

        std::vector<QImage> before = grid->pictures();
        QTest::mouseClick(panel.findChild<QPushButton*>(u"newSamplesButton"_s), Qt::LeftButton);
        QTRY_VERIFY(grid->pictures() != before);

        QVERIFY(!panel.form()->isVisible());
        QTest::mouseClick(panel.findChild<QPushButton*>(u"adjustButton"_s), Qt::LeftButton);
        QVERIFY(panel.form()->isVisible());
        before = grid->pictures();
        QTest::keyClick(panel.findChild<QSlider*>(u"texture_probability"_s), Qt::Key_End);
        QTRY_VERIFY(grid->pictures() != before);

        panel.setFolder(other, m_good); // which has none of its own yet
        QVERIFY(panel.form()->values().isEmpty());
        panel.setProblem(u"no"_s);
        QVERIFY(grid->pictures().empty());
    }
    Settings settings(file);
    DefectPreviewPanel panel(jobs, settings);
    panel.setFolder(m_folder, m_good);
    MemSegOptions options;
    panel.applyTo(options);
    QCOMPARE(options.simulator.textureProbability, 1.0);
    panel.show();
    panel.findChild<QPushButton*>(u"adjustButton"_s)->click();
    QTest::mouseClick(panel.findChild<QPushButton*>(u"resetDefectsButton"_s), Qt::LeftButton);
    QVERIFY(panel.form()->values().isEmpty());
    QVERIFY(settings.defectOptions(m_folder).isEmpty());
}

void TestDefectPreview::newestWishWins()
{
    Settings settings(m_home->filePath(u"settings.ini"_s));
    JobRunner jobs;
    QSignalSpy ended(&jobs, &JobRunner::ended);
    DefectPreviewPanel panel(jobs, settings);
    panel.setFolder(m_folder, m_good);
    panel.setOptions(test::tinyOptions(1));
    auto* fresh = panel.findChild<QPushButton*>(u"newSamplesButton"_s);
    for (int i = 0; i < 5; ++i)
        fresh->click();
    QTRY_COMPARE(ended.size(), 5);
    QCOMPARE(ended.back().front().value<JobStatus>().state, JobStatus::State::Finished);
    const auto cancelled = std::count_if(ended.begin(), ended.end(), [](const QList<QVariant>& signal) {
        return signal.front().value<JobStatus>().state == JobStatus::State::Cancelled;
    });
    QVERIFY(cancelled >= 3);
    QVERIFY(panel.isIdle());
}

QTEST_MAIN(TestDefectPreview)
#include "tst_defect_preview.moc"
