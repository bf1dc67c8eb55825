// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/jobs/inspection_service.h"
#include "core/weights/safetensors.h"
#include "tests/support/fake_inspector.h"

#include <QtCore/QDir>
#include <QtCore/QRegularExpression>
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

/// A service, what it says, the logs of its inspectors and the gates that hold them. The gates open before the service
/// goes: an assertion that fails must end the test, not hang it.
struct Fixture
{
    ~Fixture()
    {
        gate.open();
        firstGate.open();
    }

    /// The first inspector waits at the gate when `count` images are done.
    void holdAfter(int count)
    {
        first->onInspect = [this, count](const cv::Mat&) {
            if (first->inspected == count) {
                held = true;
                gate.pass();
            }
        };
    }

    /// A run over `pictures` that the first inspector holds so.
    void startAndHold(const std::vector<QString>& pictures, int count)
    {
        holdAfter(count);
        service.setInspector(fake(first));
        service.setImages(pictures);
        service.start();
    }

    /// The crew waits at the gate, each in the middle of an image, while the first leaves something to do for them.
    void holdCrew()
    {
        crew->onInspect = [this](const cv::Mat&) {
            ++started;
            gate.pass();
        };
        first->onInspect = [](const cv::Mat&) { QTest::qSleep(20); };
    }

    std::shared_ptr<Log> first = std::make_shared<Log>();
    std::shared_ptr<Log> crew = std::make_shared<Log>();
    Gate gate;
    Gate firstGate; ///< where the first has one of its own
    std::atomic<bool> held{false};
    std::atomic<int> started{0}; ///< images that the held crew has begun
    InspectionService service;
    QSignalSpy ready{&service, &InspectionService::modelReady};
    QSignalSpy failed{&service, &InspectionService::modelFailed};
    QSignalSpy inspected{&service, &InspectionService::inspected};
    QSignalSpy progressed{&service, &InspectionService::progressed};
    QSignalSpy finished{&service, &InspectionService::finished};
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
    Fixture f;
    f.service.setImages(images(3));
    f.service.setInspector([]() -> std::unique_ptr<AnomalyInspector> {
        throw Error(ErrorKind::Format, u"m.safetensors is truncated."_s, u"Copy it again."_s);
    });
    f.service.start();
    QTRY_COMPARE(f.failed.size(), 1);
    QCOMPARE(f.failed[0][0].toString(), u"m.safetensors is truncated."_s);
    QCOMPARE(f.failed[0][1].toString(), u"Copy it again."_s);
    QVERIFY(!f.service.isRunning());
    f.service.setInspector(fake());
    QTRY_COMPARE(f.ready.size(), 1);
}

void TestInspectionService::aModelCanGo()
{
    Fixture f;
    f.service.setImages(images(3));
    f.service.setInspector(fake(f.first));
    f.service.focus(0);
    QTRY_COMPARE(f.inspected.size(), 1);
    f.service.setInspector([] { return std::unique_ptr<AnomalyInspector>(); });
    QTRY_COMPARE(f.first->alive.load(), 0);
    f.service.focus(1);
    f.service.start();
    QTRY_VERIFY(!f.service.isRunning());
    QVERIFY(f.failed.isEmpty()); // nothing went wrong
    f.service.setInspector(fake(f.first));
    QTRY_COMPARE(f.inspected.size(), 2);
    QCOMPARE(f.inspected.last().front().value<InspectedImage>().index, std::size_t(1));
}

void TestInspectionService::backgroundRunCoversEverythingWithoutMaps()
{
    Fixture f;
    f.service.setInspector(fake());
    f.service.setImages(images(30));
    f.service.start();
    QTRY_COMPARE(f.finished.size(), 1);
    QVERIFY(!f.service.isRunning());
    QCOMPARE(f.inspected.size(), 30);
    for (int i = 0; i < 30; ++i) {
        const InspectedImage image = imageOf(f.inspected[i]);
        QCOMPARE(image.index, std::size_t(i));
        QVERIFY(std::abs(image.result.score - (100 + i) / 255.0) < 1e-6);
        QVERIFY(image.result.map.empty());
        QVERIFY(image.image.empty());
        QCOMPARE(image.hash, fileSha256(image.path));
    }
    QCOMPARE(f.progressed.last()[0].toInt(), 30);
    QCOMPARE(f.progressed.last()[1].toInt(), 30);
}

void TestInspectionService::focusCarriesTheMapAndComesFirst()
{
    Fixture f;
    f.startAndHold(images(40), 1);
    QTRY_VERIFY(f.held && f.inspected.size() == 1);
    f.service.focus(35); // while image 1 is in work
    f.gate.open();
    QTRY_COMPARE(f.finished.size(), 1);
    QCOMPARE(f.inspected.size(), 40);
    QCOMPARE(imageOf(f.inspected[1]).index, std::size_t(1));
    QCOMPARE(imageOf(f.inspected[2]).index, std::size_t(35));
    QCOMPARE(imageOf(f.inspected[2]).result.map.size(), cv::Size(16, 12));
    std::set<std::size_t> indices;
    for (const auto& arguments : f.inspected)
        indices.insert(imageOf(arguments).index);
    QCOMPARE(indices.size(), std::size_t(40));
}

void TestInspectionService::focusAgainGivesTheMapAgain()
{
    Fixture f;
    f.service.setInspector(fake());
    f.service.setImages(images(3));
    for (int i = 1; i <= 3; ++i) {
        f.service.focus(1);
        QTRY_COMPARE(f.inspected.size(), i);
        QVERIFY(!imageOf(f.inspected.last()).result.map.empty());
    }
    f.service.focus(7); // not in the list: ignored
    f.service.focus(2);
    QTRY_COMPARE(f.inspected.size(), 4);
    QCOMPARE(imageOf(f.inspected.last()).index, std::size_t(2));
}

void TestInspectionService::focusBeforeTheModelWaitsForIt()
{
    Fixture f;
    f.service.setImages(images(3));
    f.service.focus(2);
    f.service.setInspector(fake());
    QTRY_COMPARE(f.inspected.size(), 1);
    QCOMPARE(imageOf(f.inspected[0]).index, std::size_t(2));
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
    Fixture f;
    f.startAndHold(images(10), 5);
    QTRY_VERIFY(f.held && f.inspected.size() == 5);
    f.service.pause();
    f.gate.open();
    QTRY_COMPARE(f.inspected.size(), 6); // what was in work is kept
    QVERIFY(!f.service.isRunning());
    QCOMPARE(f.finished.size(), 0);
    f.service.start();
    QTRY_COMPARE(f.finished.size(), 1);
    QCOMPARE(f.inspected.size(), 10);
    QCOMPARE(f.first->inspected.load(), 10);
}

void TestInspectionService::aPauseDuringTheLastImageIsNoEndlessOne()
{
    Fixture f;
    f.startAndHold(images(3), 2);
    QTRY_VERIFY(f.held);
    f.service.pause();
    f.gate.open();
    QTRY_COMPARE(f.finished.size(), 1);
    QCOMPARE(indicesOf(f.inspected), upTo(3));
    f.service.focus(1); // no run: nothing that could end
    QTRY_COMPARE(f.inspected.size(), 4);
    QCOMPARE(f.finished.size(), 1);
}

void TestInspectionService::whatIsDoneElsewhereIsLeftOut()
{
    Fixture f;
    f.service.setInspector(fake());
    f.service.setImages(images(6));
    f.service.setDone({0, 1, 4, 77});
    f.service.start();
    QTRY_COMPARE(f.finished.size(), 1);
    QCOMPARE(indicesOf(f.inspected), (std::multiset<std::size_t>{2, 3, 5}));
    f.service.focus(4);
    QTRY_COMPARE(f.inspected.size(), 4);
    QVERIFY(!imageOf(f.inspected.last()).result.map.empty());

    // A run whose last images are done elsewhere meanwhile.
    f.service.setImages(images(6));
    f.inspected.clear();
    f.service.setDone({0, 1});
    f.service.start();
    f.service.setDone({2, 3, 4, 5});
    QTRY_COMPARE(f.finished.size(), 2);
    QVERIFY(!f.service.isRunning());
}

void TestInspectionService::newListDropsOldResults()
{
    Fixture f;
    f.first->onInspect = [&](const cv::Mat& image) {
        if (image.at<uchar>(0, 0) == 101)
            f.gate.pass();
    };
    f.service.setInspector(fake(f.first));
    f.service.setImages(images(10));
    f.service.start();
    QTRY_COMPARE(f.inspected.size(), 1);
    f.service.setImages(images(3, 200)); // image 101 is in work now
    QVERIFY(!f.service.isRunning());
    f.inspected.clear();
    f.gate.open();
    f.service.start();
    QTRY_COMPARE(f.finished.size(), 1);
    QCOMPARE(f.inspected.size(), 3);
    for (const auto& arguments : f.inspected)
        QVERIFY(imageOf(arguments).result.score > 0.75);
}

void TestInspectionService::newModelDropsOldResults()
{
    Fixture f;
    f.first->onInspect = [&](const cv::Mat&) { f.gate.pass(); };
    auto second = std::make_shared<Log>();
    f.service.setImages(images(4));
    f.service.setInspector(fake(f.first));
    QTRY_COMPARE(f.ready.size(), 1);
    f.service.focus(1);
    f.service.setInspector(fake(second, {0.1, 0.1, 0.1, 1}));
    f.gate.open();
    QTRY_COMPARE(f.inspected.size(), 1); // the image in focus, by the new model only
    QTRY_COMPARE(f.ready.size(), 2);
    QCOMPARE(imageOf(f.inspected[0]).result.thresholds.score, 0.1);
    QCOMPARE(second->inspected.load(), 1);
    QCOMPARE(f.first->alive.load(), 0);
}

void TestInspectionService::newListKeepsTheModel()
{
    Fixture f;
    f.service.setInspector([&f] {
        f.gate.pass();
        return std::make_unique<FakeInspector>(f.first);
    });
    f.service.setImages(images(2)); // while the model is being loaded
    f.service.start();
    f.gate.open();
    QTRY_COMPARE(f.finished.size(), 1);
    QCOMPARE(f.ready.size(), 1);
    QCOMPARE(f.first->inspected.load(), 2);
}

void TestInspectionService::thresholdsAreApplied()
{
    Fixture f;
    f.service.setInspector(fake());
    f.service.setImages(images(1)); // scores 100 / 255
    f.service.focus(0);
    QTRY_COMPARE(f.inspected.size(), 1);
    QCOMPARE(imageOf(f.inspected[0]).result.verdict, Verdict::Ok);
    f.service.setThresholds({0.3, 0.3, 0.3, 1});
    f.service.focus(0);
    QTRY_COMPARE(f.inspected.size(), 2);
    const AnomalyResult result = imageOf(f.inspected[1]).result;
    QCOMPARE(result.verdict, Verdict::Ng);
    QCOMPARE(result.thresholds.score, 0.3);
    QCOMPARE(result.regions.size(), std::size_t(1));
}

void TestInspectionService::judgingThatFailsIsAnError()
{
    Fixture f;
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
    f.service.setInspector([] { return std::make_unique<WrongMap>(); });
    f.service.setImages(images(2));
    f.service.setThresholds({});
    f.service.start();
    QTRY_COMPARE(f.finished.size(), 1);
    QCOMPARE(indicesOf(f.inspected), upTo(2));
    for (const auto& arguments : f.inspected)
        QVERIFY(!imageOf(arguments).error.isEmpty());
}

void TestInspectionService::unreadableImagesAreResultsWithErrors()
{
    Fixture f;
    std::vector<QString> paths = images(2);
    paths.insert(paths.begin() + 1, m_dir->path() + u"/missing.png"_s);
    f.service.setInspector(fake());
    f.service.setImages(paths);
    f.service.start();
    QTRY_COMPARE(f.finished.size(), 1);
    QCOMPARE(f.inspected.size(), 3);
    QVERIFY(imageOf(f.inspected[0]).error.isEmpty());
    QVERIFY(imageOf(f.inspected[1]).error.contains(u"missing.png"_s));
    QVERIFY(imageOf(f.inspected[1]).hash.isEmpty());
    QVERIFY(imageOf(f.inspected[2]).error.isEmpty());
}

void TestInspectionService::startOnFinishedOrEmptyListFinishes()
{
    Fixture f;
    f.service.setInspector(fake());
    f.service.start();
    QTRY_COMPARE(f.finished.size(), 1);
    f.service.setImages(images(1));
    f.service.start();
    QTRY_COMPARE(f.finished.size(), 2);
    f.service.start();
    QTRY_COMPARE(f.finished.size(), 3);
    QVERIFY(!f.service.isRunning());
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
    Barrier together(kCrew);
    Fixture f;
    f.crew->onInspect = [&](const cv::Mat&) { together.arrive(); };
    f.service.setImages(images(kLong));
    f.service.setInspector(fake(f.first), fake(f.crew), kCrew);
    QTRY_COMPARE(f.ready.size(), 1);
    QCOMPARE(f.crew->alive.load(), 0);                               // only a run needs them
    f.first->onInspect = [&](const cv::Mat&) { QTest::qSleep(20); }; // leaves something to do for the crew
    f.service.start();
    QTRY_COMPARE(f.finished.size(), 1);
    QVERIFY(together.met());
    QVERIFY(f.first->inspected < kLong / 2);
    QCOMPARE(f.first->inspected + f.crew->inspected, kLong);
    QCOMPARE(indicesOf(f.inspected), upTo(kLong));
    for (const auto& arguments : f.inspected) {
        const InspectedImage image = imageOf(arguments);
        QVERIFY2(image.error.isEmpty(), qPrintable(image.error));
        QVERIFY(std::abs(image.result.score - (100.0 + double(image.index)) / 255.0) < 1e-6);
        QVERIFY(image.result.map.empty() && image.image.empty());
        QCOMPARE(image.hash, fileSha256(image.path));
    }
    QCOMPARE(f.progressed.size(), kLong);
    for (int i = 0; i < kLong; ++i)
        QCOMPARE(f.progressed[i].mid(0, 2), (QVariantList{i + 1, kLong}));
    QTRY_COMPARE(f.crew->alive.load(), 0); // and go with it
    QCOMPARE(f.first->alive.load(), 1);
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
    Fixture f;
    f.service.setImages(images(count));
    f.service.setInspector(
        fake(),
        [&] {
            asked = true;
            return std::unique_ptr<AnomalyInspector>();
        },
        crew);
    f.service.start();
    QTRY_COMPARE(f.finished.size(), 1);
    QVERIFY(!asked);
    QCOMPARE(indicesOf(f.inspected), upTo(std::size_t(count)));
}

void TestInspectionService::focusComesBeforeTheCrew()
{
    std::atomic<bool> focusStarted{false};
    Fixture f;
    f.crew->onInspect = [&](const cv::Mat&) {
        ++f.started;
        f.gate.pass();
    };
    f.first->onInspect = [&](const cv::Mat& image) {
        if (levelOf(image) == 100 + kLong - 1) {
            focusStarted = true;
            f.firstGate.pass();
        } else {
            QTest::qSleep(20);
        }
    };
    f.service.setImages(images(kLong));
    f.service.setInspector(fake(f.first), fake(f.crew), kCrew);
    f.service.start();
    QTRY_COMPARE(f.started.load(), kCrew); // each is in the middle of an image
    f.service.focus(kLong - 1);
    QTRY_VERIFY(focusStarted); // at once, while all of the crew are at work
    f.gate.open();
    QTRY_COMPARE(f.crew->inspected.load(), kCrew); // they end what they had ...
    QTest::qWait(50);
    QCOMPARE(f.started.load(), kCrew); // ... and leave the processor alone
    const auto before = f.inspected.size();
    f.firstGate.open();
    QTRY_COMPARE(f.finished.size(), 1);
    const InspectedImage answer = imageOf(f.inspected[before]);
    QCOMPARE(answer.index, std::size_t(kLong - 1));
    QCOMPARE(answer.result.map.size(), cv::Size(16, 12));
    QCOMPARE(indicesOf(f.inspected), upTo(kLong));
}

void TestInspectionService::focusOnWhatIsInWork()
{
    std::atomic<int> level{0};
    Fixture f;
    f.crew->onInspect = [&](const cv::Mat& image) {
        int none = 0;
        level.compare_exchange_strong(none, levelOf(image));
        if (level == levelOf(image))
            f.gate.pass();
    };
    f.first->onInspect = [&](const cv::Mat&) { QTest::qSleep(20); };
    f.service.setImages(images(kLong));
    f.service.setInspector(fake(f.first), fake(f.crew), kCrew);
    f.service.start();
    QTRY_VERIFY(level > 0);
    const auto index = std::size_t(level - 100);
    f.service.focus(index);
    QTRY_VERIFY(indicesOf(f.inspected).count(index) == 1);
    f.gate.open();
    QTRY_COMPARE(f.finished.size(), 1);
    QTest::qWait(50);
    QCOMPARE(indicesOf(f.inspected), upTo(kLong)); // the crew's result came second, and without a map
    for (const auto& arguments : f.inspected)
        QCOMPARE(imageOf(arguments).result.map.empty(), imageOf(arguments).index != index);
}

void TestInspectionService::theCrewPausesAndGoesOn()
{
    Fixture f;
    f.holdCrew();
    f.service.setImages(images(kLong));
    f.service.setInspector(fake(f.first), fake(f.crew), kCrew);
    f.service.start();
    QTRY_COMPARE(f.started.load(), kCrew);
    f.service.pause();
    f.gate.open();
    QTRY_COMPARE(f.crew->alive.load(), 0);
    QCOMPARE(f.started.load(), kCrew);
    QTRY_COMPARE(f.inspected.size(), f.first->inspected + kCrew); // what was in work is kept
    QVERIFY(!f.service.isRunning());
    QCOMPARE(f.finished.size(), 0);
    f.service.start();
    QTRY_COMPARE(f.finished.size(), 1);
    QCOMPARE(indicesOf(f.inspected), upTo(kLong));
    QCOMPARE(f.first->inspected + f.crew->inspected, kLong);
}

void TestInspectionService::newListDropsWhatTheCrewDoes()
{
    Fixture f;
    f.holdCrew();
    f.service.setImages(images(kLong));
    f.service.setInspector(fake(f.first), fake(f.crew), kCrew);
    f.service.start();
    QTRY_COMPARE(f.started.load(), kCrew);
    f.service.setImages(images(kLong, 200));
    f.inspected.clear();
    f.service.start(); // before any of the crew has seen it
    f.gate.open();
    QTRY_COMPARE(f.finished.size(), 1);
    QCOMPARE(indicesOf(f.inspected), upTo(kLong));
    for (const auto& arguments : f.inspected)
        QVERIFY(imageOf(arguments).result.score > 0.75);
}

void TestInspectionService::newModelDropsTheOldCrew()
{
    Fixture f;
    f.holdCrew();
    auto second = std::make_shared<Log>();
    const Thresholds limits{0.1, 0.1, 0.1, 1};
    f.service.setImages(images(kLong));
    f.service.setInspector(fake(f.first), fake(f.crew), kCrew);
    f.service.start();
    QTRY_COMPARE(f.started.load(), kCrew);
    QTRY_COMPARE(f.ready.size(), 1); // the next model would overtake what is said of this one
    f.service.setInspector(fake(second, limits), fake(second, limits), kCrew);
    f.inspected.clear();
    QTRY_COMPARE(f.ready.size(), 2);
    f.service.start(); // the old crew still has the images that it had
    QTRY_VERIFY(second->inspected > 0);
    f.gate.open();
    QTRY_COMPARE(f.finished.size(), 1);
    QCOMPARE(indicesOf(f.inspected), upTo(kLong));
    for (const auto& arguments : f.inspected)
        QCOMPARE(imageOf(arguments).result.thresholds.score, 0.1);
    QCOMPARE(second->inspected.load(), kLong);
    QTRY_COMPARE(f.crew->alive.load(), 0);
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
    std::atomic<int> calls{0};
    Fixture f;
    f.first->onInspect = [&](const cv::Mat&) { QTest::qSleep(5); };
    f.crew->onInspect = [&](const cv::Mat&) { QTest::qSleep(5); };
    f.service.setImages(images(kLong));
    if (throws)
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"one inspector.*no memory"_s));
    f.service.setInspector(
        fake(f.first),
        [&]() -> std::unique_ptr<AnomalyInspector> {
            if (calls++ < made)
                return std::make_unique<FakeInspector>(f.crew);
            if (throws)
                throw std::runtime_error("no memory");
            return nullptr;
        },
        kCrew);
    f.service.start();
    QTRY_COMPARE(f.finished.size(), 1);
    QCOMPARE(calls.load(), made + 1);
    QCOMPARE(indicesOf(f.inspected), upTo(kLong)); // nothing is lost
    QVERIFY(f.first->inspected > kLong / 2);
    QTRY_COMPARE(f.crew->alive.load(), 0);
    QVERIFY(f.failed.isEmpty());
}

void TestInspectionService::thresholdsReachTheCrew()
{
    Fixture f;
    f.holdCrew();
    f.service.setImages(images(kLong));
    f.service.setInspector(fake(f.first), fake(f.crew), kCrew);
    f.service.start();
    QTRY_COMPARE(f.started.load(), kCrew);
    QTest::qWait(50);
    f.inspected.clear();
    f.service.setThresholds({0.3, 0.3, 0.3, 1});
    f.gate.open();
    QTRY_COMPARE(f.finished.size(), 1);
    int moved = 0;
    for (const auto& arguments : f.inspected) {
        const AnomalyResult result = imageOf(arguments).result;
        moved += result.thresholds.score == 0.3 && result.verdict == Verdict::Ng ? 1 : 0;
    }
    QVERIFY(f.inspected.size() > kLong / 2);
    QVERIFY(moved >= int(f.inspected.size()) - kCrew - 1); // all but what was in work
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
