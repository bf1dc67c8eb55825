// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/jobs/inspection_service.h"
#include "core/weights/safetensors.h"
#include "tests/support/fake_inspector.h"

#include <QtCore/QDir>
#include <QtCore/QRegularExpression>
#include <QtCore/QScopeGuard>
#include <QtCore/QTemporaryDir>
#include <QtCore/QThread>
#include <QtTest/QSignalSpy>
#include <QtTest/QTest>

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <future>
#include <mutex>
#include <set>

using namespace lynceus;
using namespace lynceus::test;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

using Log = FakeInspector::Log;

constexpr int kCrew = 2;
constexpr int kLong = 40; ///< images: a run that takes a crew

InspectionService::InspectorFactory fake(std::shared_ptr<Log> log = std::make_shared<Log>(), Thresholds thresholds = {})
{
    return [log, thresholds] { return std::make_unique<FakeInspector>(log, thresholds); };
}

/// Lets a test hold the inspector in the middle of an image.
class Gate
{
public:
    void pass() { m_opened.wait(); }
    void open() ///< again does nothing
    {
        if (!std::exchange(m_isOpen, true))
            m_open.set_value();
    }

private:
    bool m_isOpen = false;
    std::promise<void> m_open;
    std::shared_future<void> m_opened{m_open.get_future()};
};

/// Holds threads until `count` of them are here at a time; then, and after a while in any case, all may pass.
class Barrier
{
public:
    explicit Barrier(int count)
        : m_missing(count)
    {
    }
    void arrive()
    {
        std::unique_lock lock(m_mutex);
        if (--m_missing <= 0)
            m_all.notify_all();
        m_met = m_all.wait_for(lock, 20s, [&] { return m_missing <= 0; }) && m_met;
    }
    bool met()
    {
        const std::lock_guard lock(m_mutex);
        return m_met && m_missing <= 0;
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_all;
    int m_missing;
    bool m_met = true;
};

int levelOf(const cv::Mat& image)
{
    return image.at<uchar>(0, 0);
}

std::multiset<std::size_t> indicesOf(const QSignalSpy& inspected)
{
    std::multiset<std::size_t> indices;
    for (const auto& arguments : inspected)
        indices.insert(arguments.at(0).value<InspectedImage>().index);
    return indices;
}

std::multiset<std::size_t> upTo(std::size_t count)
{
    std::multiset<std::size_t> indices;
    for (std::size_t i = 0; i < count; ++i)
        indices.insert(i);
    return indices;
}

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
    void imagesThatFillTheMemoryDoNotStopTheRun();
    void pauseKeepsWhatIsDone();
    void aPauseDuringTheLastImageIsNoEndlessOne();
    void whatIsDoneElsewhereIsLeftOut();
    void newListDropsOldResults();
    void newModelDropsOldResults();
    void newListKeepsTheModel();
    void thresholdsAreApplied();
    void judgingThatFailsIsAnError();
    void unreadableImagesAreResultsWithErrors();
    void startOnFinishedOrEmptyListFinishes();
    void destructorWaitsForNothingQueued();

    void longRunsHaveACrew();
    void shortRunsHaveNone_data();
    void shortRunsHaveNone();
    void focusComesBeforeTheCrew();
    void focusOnWhatIsInWork();
    void theCrewPausesAndGoesOn();
    void newListDropsWhatTheCrewDoes();
    void newModelDropsTheOldCrew();
    void withoutACrewTheFirstGoesOn_data();
    void withoutACrewTheFirstGoesOn();
    void thresholdsReachTheCrew();
    void destructorWaitsForTheCrew();

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
    std::atomic<bool> held{false};
    log->onInspect = [&](const cv::Mat&) {
        if (log->inspected == 1) {
            held = true;
            gate.pass();
        }
    };
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setInspector(fake(log));
    service.setImages(images(40));
    service.start();
    QTRY_VERIFY(held && inspected.size() == 1);
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

void TestInspectionService::imagesThatFillTheMemoryDoNotStopTheRun()
{
    InspectionService service(nullptr, 1);
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setInspector(fake());
    service.setImages(images(6));
    service.focus(1); // stays in memory
    QTRY_COMPARE(inspected.size(), 1);
    service.start();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(indicesOf(inspected), upTo(6));
}

void TestInspectionService::pauseKeepsWhatIsDone()
{
    auto log = std::make_shared<Log>();
    Gate gate;
    std::atomic<bool> held{false};
    log->onInspect = [&](const cv::Mat&) {
        if (log->inspected == 5) {
            held = true;
            gate.pass();
        }
    };
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setInspector(fake(log));
    service.setImages(images(10));
    service.start();
    QTRY_VERIFY(held && inspected.size() == 5);
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

void TestInspectionService::aPauseDuringTheLastImageIsNoEndlessOne()
{
    auto log = std::make_shared<Log>();
    Gate gate;
    std::atomic<bool> held{false};
    log->onInspect = [&](const cv::Mat&) {
        if (log->inspected == 2) {
            held = true;
            gate.pass();
        }
    };
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setInspector(fake(log));
    service.setImages(images(3));
    service.start();
    QTRY_VERIFY(held);
    service.pause();
    gate.open();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(indicesOf(inspected), upTo(3));
    service.focus(1); // no run: nothing that could end
    QTRY_COMPARE(inspected.size(), 4);
    QCOMPARE(finished.size(), 1);
}

void TestInspectionService::whatIsDoneElsewhereIsLeftOut()
{
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setInspector(fake());
    service.setImages(images(6));
    service.setDone({0, 1, 4, 77});
    service.start();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(indicesOf(inspected), (std::multiset<std::size_t>{2, 3, 5}));
    service.focus(4);
    QTRY_COMPARE(inspected.size(), 4);
    QVERIFY(!imageOf(inspected.last()).result.map.empty());

    // A run whose last images are done elsewhere meanwhile.
    service.setImages(images(6));
    inspected.clear();
    service.setDone({0, 1});
    service.start();
    service.setDone({2, 3, 4, 5});
    QTRY_COMPARE(finished.size(), 2);
    QVERIFY(!service.isRunning());
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

void TestInspectionService::judgingThatFailsIsAnError()
{
    struct WrongMap final : AnomalyInspector
    {
        AnomalyResult inspect(const cv::Mat&) override
        {
            AnomalyResult result;
            result.map = cv::Mat::ones(4, 4, CV_8U); // regions can't be found in it
            result.score = 1.0;
            return result;
        }
    };
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setInspector([] { return std::make_unique<WrongMap>(); });
    service.setImages(images(2));
    service.setThresholds({});
    service.start();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(indicesOf(inspected), upTo(2));
    for (const auto& arguments : inspected)
        QVERIFY(!imageOf(arguments).error.isEmpty());
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

void TestInspectionService::longRunsHaveACrew()
{
    auto first = std::make_shared<Log>();
    auto crew = std::make_shared<Log>();
    Barrier together(kCrew);
    crew->onInspect = [&](const cv::Mat&) { together.arrive(); };
    InspectionService service;
    QSignalSpy ready(&service, &InspectionService::modelReady);
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy progressed(&service, &InspectionService::progressed);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setImages(images(kLong));
    service.setInspector(fake(first), fake(crew), kCrew);
    QTRY_COMPARE(ready.size(), 1);
    QCOMPARE(crew->alive.load(), 0);                               // only a run needs them
    first->onInspect = [&](const cv::Mat&) { QTest::qSleep(20); }; // leaves something to do for the crew
    service.start();
    QTRY_COMPARE(finished.size(), 1);
    QVERIFY(together.met());
    QVERIFY(first->inspected < kLong / 2);
    QCOMPARE(first->inspected + crew->inspected, kLong);
    QCOMPARE(indicesOf(inspected), upTo(kLong));
    for (const auto& arguments : inspected) {
        const InspectedImage image = imageOf(arguments);
        QVERIFY2(image.error.isEmpty(), qPrintable(image.error));
        QVERIFY(std::abs(image.result.score - (100.0 + double(image.index)) / 255.0) < 1e-6);
        QVERIFY(image.result.map.empty() && image.image.empty());
        QCOMPARE(image.hash, fileSha256(image.path));
    }
    QCOMPARE(progressed.size(), kLong);
    for (int i = 0; i < kLong; ++i)
        QCOMPARE(progressed[i].mid(0, 2), (QVariantList{i + 1, kLong}));
    QTRY_COMPARE(crew->alive.load(), 0); // and go with it
    QCOMPARE(first->alive.load(), 1);
}

void TestInspectionService::shortRunsHaveNone_data()
{
    QTest::addColumn<int>("count");
    QTest::addColumn<int>("crew");
    QTest::newRow("few images") << kCrew * int(kImagesAnInspector) - 1 << kCrew;
    QTest::newRow("one thread") << kLong << 1;
    QTest::newRow("none asked for") << kLong << 0;
}

void TestInspectionService::shortRunsHaveNone()
{
    QFETCH(int, count);
    QFETCH(int, crew);
    std::atomic<bool> asked{false};
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setImages(images(count));
    service.setInspector(
        fake(),
        [&] {
            asked = true;
            return std::unique_ptr<AnomalyInspector>();
        },
        crew);
    service.start();
    QTRY_COMPARE(finished.size(), 1);
    QVERIFY(!asked);
    QCOMPARE(indicesOf(inspected), upTo(std::size_t(count)));
}

void TestInspectionService::focusComesBeforeTheCrew()
{
    auto first = std::make_shared<Log>();
    auto crew = std::make_shared<Log>();
    Gate crewGate;
    Gate firstGate;
    std::atomic<int> started{0};
    std::atomic<bool> focusStarted{false};
    crew->onInspect = [&](const cv::Mat&) {
        ++started;
        crewGate.pass();
    };
    first->onInspect = [&](const cv::Mat& image) {
        if (levelOf(image) == 100 + kLong - 1) {
            focusStarted = true;
            firstGate.pass();
        } else {
            QTest::qSleep(20);
        }
    };
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setImages(images(kLong));
    service.setInspector(fake(first), fake(crew), kCrew);
    service.start();
    QTRY_COMPARE(started.load(), kCrew); // each is in the middle of an image
    service.focus(kLong - 1);
    QTRY_VERIFY(focusStarted); // at once, while all of the crew are at work
    crewGate.open();
    QTRY_COMPARE(crew->inspected.load(), kCrew); // they end what they had ...
    QTest::qWait(50);
    QCOMPARE(started.load(), kCrew); // ... and leave the processor alone
    const auto before = inspected.size();
    firstGate.open();
    QTRY_COMPARE(finished.size(), 1);
    const InspectedImage answer = imageOf(inspected[before]);
    QCOMPARE(answer.index, std::size_t(kLong - 1));
    QCOMPARE(answer.result.map.size(), cv::Size(16, 12));
    QCOMPARE(indicesOf(inspected), upTo(kLong));
}

void TestInspectionService::focusOnWhatIsInWork()
{
    auto first = std::make_shared<Log>();
    auto crew = std::make_shared<Log>();
    Gate gate;
    std::atomic<int> level{0};
    crew->onInspect = [&](const cv::Mat& image) {
        int none = 0;
        level.compare_exchange_strong(none, levelOf(image));
        if (level == levelOf(image))
            gate.pass();
    };
    first->onInspect = [&](const cv::Mat&) { QTest::qSleep(20); };
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setImages(images(kLong));
    service.setInspector(fake(first), fake(crew), kCrew);
    service.start();
    QTRY_VERIFY(level > 0);
    const auto index = std::size_t(level - 100);
    service.focus(index);
    QTRY_VERIFY(indicesOf(inspected).count(index) == 1);
    gate.open();
    QTRY_COMPARE(finished.size(), 1);
    QTest::qWait(50);
    QCOMPARE(indicesOf(inspected), upTo(kLong)); // the crew's result came second, and without a map
    for (const auto& arguments : inspected)
        QCOMPARE(imageOf(arguments).result.map.empty(), imageOf(arguments).index != index);
}

void TestInspectionService::theCrewPausesAndGoesOn()
{
    auto first = std::make_shared<Log>();
    auto crew = std::make_shared<Log>();
    Gate gate;
    std::atomic<int> started{0};
    crew->onInspect = [&](const cv::Mat&) {
        ++started;
        gate.pass();
    };
    first->onInspect = [&](const cv::Mat&) { QTest::qSleep(20); };
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setImages(images(kLong));
    service.setInspector(fake(first), fake(crew), kCrew);
    service.start();
    QTRY_COMPARE(started.load(), kCrew);
    service.pause();
    gate.open();
    QTRY_COMPARE(crew->alive.load(), 0);
    QCOMPARE(started.load(), kCrew);
    QTRY_COMPARE(inspected.size(), first->inspected + kCrew); // what was in work is kept
    QVERIFY(!service.isRunning());
    QCOMPARE(finished.size(), 0);
    service.start();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(indicesOf(inspected), upTo(kLong));
    QCOMPARE(first->inspected + crew->inspected, kLong);
}

void TestInspectionService::newListDropsWhatTheCrewDoes()
{
    auto first = std::make_shared<Log>();
    auto crew = std::make_shared<Log>();
    Gate gate;
    std::atomic<int> started{0};
    crew->onInspect = [&](const cv::Mat&) {
        ++started;
        gate.pass();
    };
    first->onInspect = [&](const cv::Mat&) { QTest::qSleep(20); };
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setImages(images(kLong));
    service.setInspector(fake(first), fake(crew), kCrew);
    service.start();
    QTRY_COMPARE(started.load(), kCrew);
    service.setImages(images(kLong, 200));
    inspected.clear();
    service.start(); // before any of the crew has seen it
    gate.open();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(indicesOf(inspected), upTo(kLong));
    for (const auto& arguments : inspected)
        QVERIFY(imageOf(arguments).result.score > 0.75);
}

void TestInspectionService::newModelDropsTheOldCrew()
{
    auto first = std::make_shared<Log>();
    auto crew = std::make_shared<Log>();
    Gate gate;
    std::atomic<int> started{0};
    crew->onInspect = [&](const cv::Mat&) {
        ++started;
        gate.pass();
    };
    first->onInspect = [&](const cv::Mat&) { QTest::qSleep(20); };
    auto second = std::make_shared<Log>();
    const Thresholds limits{0.1, 0.1, 0.1, 1};
    InspectionService service;
    QSignalSpy ready(&service, &InspectionService::modelReady);
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setImages(images(kLong));
    service.setInspector(fake(first), fake(crew), kCrew);
    const auto openAtEnd = qScopeGuard([&] { gate.open(); }); // a failure must not hang
    service.start();
    QTRY_COMPARE(started.load(), kCrew);
    QTRY_COMPARE(ready.size(), 1); // the next model would overtake what is said of this one
    service.setInspector(fake(second, limits), fake(second, limits), kCrew);
    inspected.clear();
    QTRY_COMPARE(ready.size(), 2);
    service.start(); // the old crew still has the images that it had
    QTRY_VERIFY(second->inspected > 0);
    gate.open();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(indicesOf(inspected), upTo(kLong));
    for (const auto& arguments : inspected)
        QCOMPARE(imageOf(arguments).result.thresholds.score, 0.1);
    QCOMPARE(second->inspected.load(), kLong);
    QTRY_COMPARE(crew->alive.load(), 0);
}

void TestInspectionService::withoutACrewTheFirstGoesOn_data()
{
    QTest::addColumn<int>("made"); ///< of the crew, before it fails
    QTest::addColumn<bool>("throws");
    QTest::newRow("none throws") << 0 << true;
    QTest::newRow("second throws") << 1 << true;
    QTest::newRow("second is none") << 1 << false;
}

void TestInspectionService::withoutACrewTheFirstGoesOn()
{
    QFETCH(int, made);
    QFETCH(bool, throws);
    auto first = std::make_shared<Log>();
    auto crew = std::make_shared<Log>();
    first->onInspect = [&](const cv::Mat&) { QTest::qSleep(5); };
    crew->onInspect = [&](const cv::Mat&) { QTest::qSleep(5); };
    std::atomic<int> calls{0};
    InspectionService service;
    QSignalSpy failed(&service, &InspectionService::modelFailed);
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setImages(images(kLong));
    if (throws)
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"one inspector.*no memory"_s));
    service.setInspector(
        fake(first),
        [&]() -> std::unique_ptr<AnomalyInspector> {
            if (calls++ < made)
                return std::make_unique<FakeInspector>(crew);
            if (throws)
                throw std::runtime_error("no memory");
            return nullptr;
        },
        kCrew);
    service.start();
    QTRY_COMPARE(finished.size(), 1);
    QCOMPARE(calls.load(), made + 1);
    QCOMPARE(indicesOf(inspected), upTo(kLong)); // nothing is lost
    QVERIFY(first->inspected > kLong / 2);
    QTRY_COMPARE(crew->alive.load(), 0);
    QVERIFY(failed.isEmpty());
}

void TestInspectionService::thresholdsReachTheCrew()
{
    auto first = std::make_shared<Log>();
    auto crew = std::make_shared<Log>();
    Gate gate;
    std::atomic<int> started{0};
    crew->onInspect = [&](const cv::Mat&) {
        ++started;
        gate.pass();
    };
    first->onInspect = [&](const cv::Mat&) { QTest::qSleep(20); };
    InspectionService service;
    QSignalSpy inspected(&service, &InspectionService::inspected);
    QSignalSpy finished(&service, &InspectionService::finished);
    service.setImages(images(kLong));
    service.setInspector(fake(first), fake(crew), kCrew);
    service.start();
    QTRY_COMPARE(started.load(), kCrew);
    QTest::qWait(50);
    inspected.clear();
    service.setThresholds({0.3, 0.3, 0.3, 1});
    gate.open();
    QTRY_COMPARE(finished.size(), 1);
    int moved = 0;
    for (const auto& arguments : inspected) {
        const AnomalyResult result = imageOf(arguments).result;
        moved += result.thresholds.score == 0.3 && result.verdict == Verdict::Ng ? 1 : 0;
    }
    QVERIFY(inspected.size() > kLong / 2);
    QVERIFY(moved >= int(inspected.size()) - kCrew - 1); // all but what was in work
}

void TestInspectionService::destructorWaitsForTheCrew()
{
    auto first = std::make_shared<Log>();
    auto crew = std::make_shared<Log>();
    {
        InspectionService service;
        service.setInspector(fake(first), fake(crew), kCrew);
        service.setImages(std::vector<QString>(100'000, images(1).front()));
        service.start();
        QTRY_VERIFY(crew->inspected > 3);
    }
    QVERIFY(crew->inspected < 100'000);
    QCOMPARE(first->alive.load() + crew->alive.load(), 0);
}

QTEST_GUILESS_MAIN(TestInspectionService)
#include "tst_inspection_service.moc"
