// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/jobs/inspection_service.h"
#include "core/weights/safetensors.h"
#include "tests/support/fake_inspector.h"

#include <QtCore/QDir>
#include <QtCore/QTemporaryDir>
#include <QtCore/QThread>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>

#include <cmath>
#include <future>
#include <set>

using namespace lynceus;
using namespace lynceus::test;
using namespace Qt::StringLiterals;

namespace {

using Log = FakeInspector::Log;

InspectionService::InspectorFactory fake(std::shared_ptr<Log> log = std::make_shared<Log>(), Thresholds thresholds = {})
{
    return [log, thresholds] { return std::make_unique<FakeInspector>(log, thresholds); };
}

/// Lets a test hold the inspector in the middle of an image.
class Gate
{
public:
    void pass() { m_opened.wait(); }
    void open() { m_open.set_value(); }

private:
    std::promise<void> m_open;
    std::shared_future<void> m_opened{m_open.get_future()};
};

InspectedImage imageOf(const QList<QVariant>& arguments)
{
    return arguments.at(0).value<InspectedImage>();
}

} // namespace

class TestInspectionService : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void modelLoadsOnItsOwnThread();
    void failingModelIsTold();
    void aModelCanGo();
    void backgroundRunCoversEverythingWithoutMaps();
    void focusCarriesTheMapAndComesFirst();
    void focusAgainGivesTheMapAgain();
    void focusBeforeTheModelWaitsForIt();
    void pauseKeepsWhatIsDone();
    void newListDropsOldResults();
    void newModelDropsOldResults();
    void newListKeepsTheModel();
    void thresholdsAreApplied();
    void unreadableImagesAreResultsWithErrors();
    void startOnFinishedOrEmptyListFinishes();
    void destructorWaitsForNothingQueued();

private:
    std::vector<QString> images(int count, int level = 100) const;

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestInspectionService::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    QVERIFY(QDir().mkpath(m_dir->path() + u"/画像"_s));
}

/// `count` pictures; picture i has the grey value level + i.
std::vector<QString> TestInspectionService::images(int count, int level) const
{
    std::vector<QString> paths;
    for (int i = 0; i < count; ++i) {
        paths.push_back(u"%1/画像/%2.png"_s.arg(m_dir->path()).arg(level + i));
        writeGrey(paths.back(), level + i);
    }
    return paths;
}

void TestInspectionService::modelLoadsOnItsOwnThread()
{
    auto log = std::make_shared<Log>();
    std::atomic<bool> elsewhere{false};
    {
        InspectionService service;
        QSignalSpy ready(&service, &InspectionService::modelReady);
        service.setInspector([&, main = std::this_thread::get_id()] {
            elsewhere = std::this_thread::get_id() != main;
            return std::make_unique<FakeInspector>(log);
        });
        QTRY_COMPARE(ready.size(), 1);
        QVERIFY(elsewhere);
        QCOMPARE(log->alive.load(), 1);
    }
    QCOMPARE(log->alive.load(), 0);
}

void TestInspectionService::failingModelIsTold()
{
    InspectionService service;
    QSignalSpy ready(&service, &InspectionService::modelReady);
    QSignalSpy failed(&service, &InspectionService::modelFailed);
    service.setImages(images(3));
    service.setInspector([]() -> std::unique_ptr<AnomalyInspector> {
        throw Error(ErrorKind::Format, u"m.safetensors is truncated."_s, u"Copy it again."_s);
    });
    service.start();
    QTRY_COMPARE(failed.size(), 1);
    QCOMPARE(failed[0][0].toString(), u"m.safetensors is truncated."_s);
    QCOMPARE(failed[0][1].toString(), u"Copy it again."_s);
    QVERIFY(!service.isRunning());
    service.setInspector(fake());
    QTRY_COMPARE(ready.size(), 1);
}

void TestInspectionService::aModelCanGo()
{
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy failed(&service, &InspectionService::modelFailed);
    const auto log = std::make_shared<test::FakeInspector::Log>();
    service.setImages(images(3));
    service.setInspector(fake(log));
    service.focus(0);
    QTRY_COMPARE(inspected.size(), 1);
    service.setInspector([] { return std::unique_ptr<AnomalyInspector>(); });
    QTRY_COMPARE(log->alive.load(), 0);
    service.focus(1);
    service.start();
    QTRY_VERIFY(!service.isRunning());
    QVERIFY(failed.isEmpty()); // nothing went wrong
    service.setInspector(fake(log));
    QTRY_COMPARE(inspected.size(), 2);
    QCOMPARE(inspected.last().front().value<InspectedImage>().index, std::size_t(1));
}

void TestInspectionService::backgroundRunCoversEverythingWithoutMaps()
{
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy progressed(&service, &InspectionService::progressed);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setInspector(fake());
    service.setImages(images(30));
    service.start();
    QTRY_COMPARE(finished.size(), 1);
    QVERIFY(!service.isRunning());
    QCOMPARE(inspected.size(), 30);
    for (int i = 0; i < 30; ++i) {
        const InspectedImage image = imageOf(inspected[i]);
        QCOMPARE(image.index, std::size_t(i));
        QVERIFY(std::abs(image.result.score - (100 + i) / 255.0) < 1e-6);
        QVERIFY(image.result.map.empty());
        QVERIFY(image.image.empty());
        QCOMPARE(image.hash, fileSha256(image.path));
    }
    QCOMPARE(progressed.last()[0].toInt(), 30);
    QCOMPARE(progressed.last()[1].toInt(), 30);
}

void TestInspectionService::focusCarriesTheMapAndComesFirst()
{
    auto log = std::make_shared<Log>();
    Gate gate;
    log->onInspect = [&](const cv::Mat&) {
        if (log->inspected == 1)
            gate.pass();
    };
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setInspector(fake(log));
    service.setImages(images(40));
    service.start();
    QTRY_COMPARE(inspected.size(), 1);
    service.focus(35); // while image 1 is in work
    gate.open();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(inspected.size(), 40);
    QCOMPARE(imageOf(inspected[1]).index, std::size_t(1));
    QCOMPARE(imageOf(inspected[2]).index, std::size_t(35));
    QCOMPARE(imageOf(inspected[2]).result.map.size(), cv::Size(16, 12));
    std::set<std::size_t> indices;
    for (const auto& arguments : inspected)
        indices.insert(imageOf(arguments).index);
    QCOMPARE(indices.size(), std::size_t(40));
}

void TestInspectionService::focusAgainGivesTheMapAgain()
{
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    service.setInspector(fake());
    service.setImages(images(3));
    for (int i = 1; i <= 3; ++i) {
        service.focus(1);
        QTRY_COMPARE(inspected.size(), i);
        QVERIFY(!imageOf(inspected.last()).result.map.empty());
    }
    service.focus(7); // not in the list: ignored
    service.focus(2);
    QTRY_COMPARE(inspected.size(), 4);
    QCOMPARE(imageOf(inspected.last()).index, std::size_t(2));
}

void TestInspectionService::focusBeforeTheModelWaitsForIt()
{
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    service.setImages(images(3));
    service.focus(2);
    service.setInspector(fake());
    QTRY_COMPARE(inspected.size(), 1);
    QCOMPARE(imageOf(inspected[0]).index, std::size_t(2));
}

void TestInspectionService::pauseKeepsWhatIsDone()
{
    auto log = std::make_shared<Log>();
    Gate gate;
    log->onInspect = [&](const cv::Mat&) {
        if (log->inspected == 5)
            gate.pass();
    };
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setInspector(fake(log));
    service.setImages(images(10));
    service.start();
    QTRY_COMPARE(inspected.size(), 5);
    service.pause();
    gate.open();
    QTRY_COMPARE(inspected.size(), 6); // what was in work is kept
    QVERIFY(!service.isRunning());
    QCOMPARE(finished.size(), 0);
    service.start();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(inspected.size(), 10);
    QCOMPARE(log->inspected.load(), 10);
}

void TestInspectionService::newListDropsOldResults()
{
    auto log = std::make_shared<Log>();
    Gate gate;
    log->onInspect = [&](const cv::Mat& image) {
        if (image.at<uchar>(0, 0) == 101)
            gate.pass();
    };
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setInspector(fake(log));
    service.setImages(images(10));
    service.start();
    QTRY_COMPARE(inspected.size(), 1);
    service.setImages(images(3, 200)); // image 101 is in work now
    QVERIFY(!service.isRunning());
    inspected.clear();
    gate.open();
    service.start();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(inspected.size(), 3);
    for (const auto& arguments : inspected)
        QVERIFY(imageOf(arguments).result.score > 0.75);
}

void TestInspectionService::newModelDropsOldResults()
{
    auto log = std::make_shared<Log>();
    Gate gate;
    log->onInspect = [&](const cv::Mat&) { gate.pass(); };
    auto second = std::make_shared<Log>();
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy ready(&service, &InspectionService::modelReady);
    service.setImages(images(4));
    service.setInspector(fake(log));
    QTRY_COMPARE(ready.size(), 1);
    service.focus(1);
    service.setInspector(fake(second, {0.1, 0.1, 0.1, 1}));
    gate.open();
    QTRY_COMPARE(inspected.size(), 1); // the image in focus, by the new model only
    QTRY_COMPARE(ready.size(), 2);
    QCOMPARE(imageOf(inspected[0]).result.thresholds.score, 0.1);
    QCOMPARE(second->inspected.load(), 1);
    QCOMPARE(log->alive.load(), 0);
}

void TestInspectionService::newListKeepsTheModel()
{
    InspectionService service;
    QSignalSpy ready(&service, &InspectionService::modelReady);
    QSignalSpy finished(&service, &InspectionService::finished);
    Gate gate;
    auto log = std::make_shared<Log>();
    service.setInspector([&gate, log] {
        gate.pass();
        return std::make_unique<FakeInspector>(log);
    });
    service.setImages(images(2)); // while the model is being loaded
    service.start();
    gate.open();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(ready.size(), 1);
    QCOMPARE(log->inspected.load(), 2);
}

void TestInspectionService::thresholdsAreApplied()
{
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    service.setInspector(fake());
    service.setImages(images(1)); // scores 100 / 255
    service.focus(0);
    QTRY_COMPARE(inspected.size(), 1);
    QCOMPARE(imageOf(inspected[0]).result.verdict, Verdict::Ok);
    service.setThresholds({0.3, 0.3, 0.3, 1});
    service.focus(0);
    QTRY_COMPARE(inspected.size(), 2);
    const AnomalyResult result = imageOf(inspected[1]).result;
    QCOMPARE(result.verdict, Verdict::Ng);
    QCOMPARE(result.thresholds.score, 0.3);
    QCOMPARE(result.regions.size(), std::size_t(1));
}

void TestInspectionService::unreadableImagesAreResultsWithErrors()
{
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    std::vector<QString> paths = images(2);
    paths.insert(paths.begin() + 1, m_dir->path() + u"/missing.png"_s);
    service.setInspector(fake());
    service.setImages(paths);
    service.start();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(inspected.size(), 3);
    QVERIFY(imageOf(inspected[0]).error.isEmpty());
    QVERIFY(imageOf(inspected[1]).error.contains(u"missing.png"_s));
    QVERIFY(imageOf(inspected[1]).hash.isEmpty());
    QVERIFY(imageOf(inspected[2]).error.isEmpty());
}

void TestInspectionService::startOnFinishedOrEmptyListFinishes()
{
    InspectionService service;
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setInspector(fake());
    service.start();
    QTRY_COMPARE(finished.size(), 1);
    service.setImages(images(1));
    service.start();
    QTRY_COMPARE(finished.size(), 2);
    service.start();
    QTRY_COMPARE(finished.size(), 3);
    QVERIFY(!service.isRunning());
}

void TestInspectionService::destructorWaitsForNothingQueued()
{
    auto log = std::make_shared<Log>();
    {
        InspectionService service;
        service.setInspector(fake(log));
        service.setImages(std::vector<QString>(100'000, images(1).front()));
        service.focus(50'000);
        service.start();
        QTRY_VERIFY(log->inspected > 3);
    }
    QVERIFY(log->inspected < 100'000);
    QCOMPARE(log->alive.load(), 0);
}

QTEST_GUILESS_MAIN(TestInspectionService)
#include "tst_inspection_service.moc"
