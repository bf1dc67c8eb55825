// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/jobs/bounded_queue.h"
#include "core/jobs/inspection_pipeline.h"
#include "tests/support/fake_inspector.h"

#include <QtCore/QCryptographicHash>
#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <atomic>
#include <chrono>
#include <cmath>
#include <stdexcept>
#include <thread>

#include <unistd.h>

using namespace lynceus;
using namespace lynceus::test;
using namespace Qt::StringLiterals;

namespace {

/// Resident memory of this process now, MiB.
double residentMb()
{
    QFile file(u"/proc/self/statm"_s);
    if (!file.open(QIODevice::ReadOnly))
        return 0.0;
    return file.readAll().split(' ').value(1).toDouble() * double(sysconf(_SC_PAGESIZE)) / 1048576.0;
}

/// Works on any thread, as sessions do; the score is the grey value.
class MovableInspector final : public AnomalyInspector
{
public:
    explicit MovableInspector(std::function<void(const cv::Mat&)> onInspect)
        : m_onInspect(std::move(onInspect))
    {
    }
    AnomalyResult inspect(const cv::Mat& image) override
    {
        m_onInspect(image);
        AnomalyResult result;
        result.score = image.at<uchar>(0, 0) / 255.0;
        return result;
    }

private:
    std::function<void(const cv::Mat&)> m_onInspect;
};

} // namespace

class TestInspectionPipeline : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void resultsComeInOrder();
    void badFilesDoNotStopTheBatch();
    void hashAndPictureAreThoseThatWereJudged();
    void failingInspectorIsThatImagesError();
    void cancelFinishesTheCurrentImage();
    void exceptionOfTheReceiverStopsTheLoader();
    void emptyListIsNothing();
    void progressGoesToOne();
    void severalInspectorsKeepTheOrder();
    void onlyAFewImagesAreAhead();
    void hugeItemsPassTheQueueAlone();
    void memoryStaysFlatOver5000Images();

private:
    QString write(const QString& name, int level) const
    {
        const QString path = m_folder + name;
        writeGrey(path, level);
        return path;
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_folder;
};

void TestInspectionPipeline::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    m_folder = m_dir->path() + u"/Prüfteile 部品/"_s;
    QVERIFY(QDir().mkpath(m_folder));
}

void TestInspectionPipeline::resultsComeInOrder()
{
    std::vector<QString> paths;
    for (int i = 0; i < 20; ++i)
        paths.push_back(write(u"%1.png"_s.arg(i), i * 10));
    FakeInspector inspector;
    std::size_t expected = 0;
    inspectImages(paths, inspector, [&](InspectedImage&& image) {
        QCOMPARE(image.index, expected);
        QCOMPARE(image.path, paths[expected]);
        QVERIFY2(image.error.isEmpty(), qPrintable(image.error));
        QVERIFY(std::abs(image.result.score - double(expected) * 10 / 255.0) < 1e-6);
        QCOMPARE(image.image.size(), image.result.map.size());
        QVERIFY(image.result.times.load > 0.0);
        ++expected;
    });
    QCOMPARE(expected, paths.size());
}

void TestInspectionPipeline::badFilesDoNotStopTheBatch()
{
    const QString truncated = m_folder + u"truncated.png"_s;
    QFile source(write(u"whole.png"_s, 90));
    QVERIFY(source.open(QIODevice::ReadOnly));
    QFile cut(truncated);
    QVERIFY(cut.open(QIODevice::WriteOnly));
    cut.write(source.read(40));
    cut.close();
    QFile text(m_folder + u"text.png"_s);
    QVERIFY(text.open(QIODevice::WriteOnly));
    text.write("no picture");
    text.close();
    const QString one = m_folder + u"one.png"_s;
    writeGrey(one, 255, {1, 1});

    const std::vector<QString> paths{truncated, text.fileName(), m_folder + u"missing.png"_s, one, source.fileName()};
    FakeInspector inspector;
    std::vector<InspectedImage> images;
    inspectImages(paths, inspector, [&](InspectedImage&& image) { images.push_back(std::move(image)); });
    QCOMPARE(images.size(), paths.size());
    for (std::size_t i = 0; i < 3; ++i)
        QVERIFY2(images[i].error.contains(QFileInfo(paths[i]).fileName()), qPrintable(images[i].error));
    QVERIFY(images[3].error.isEmpty());
    QCOMPARE(images[3].result.score, 1.0);
    QVERIFY(images[4].error.isEmpty());
}

void TestInspectionPipeline::hashAndPictureAreThoseThatWereJudged()
{
    MovableInspector first([](const cv::Mat&) {});
    MovableInspector second([](const cv::Mat&) {});
    for (const std::vector<AnomalyInspector*>& inspectors :
         {std::vector<AnomalyInspector*>{&first}, std::vector<AnomalyInspector*>{&first, &second}}) {
        std::vector<QString> paths;
        std::vector<QString> hashes;
        for (int i = 0; i < 20; ++i) {
            paths.push_back(write(u"%1.png"_s.arg(i), i * 10));
            QFile file(paths.back());
            QVERIFY(file.open(QIODevice::ReadOnly));
            hashes.push_back(
                QString::fromLatin1(QCryptographicHash::hash(file.readAll(), QCryptographicHash::Sha256).toHex()));
        }
        int done = 0;
        int judged = 0;
        inspectImages(paths, inspectors, [&](InspectedImage&& image) {
            for (const QString& path : paths)
                QFile::remove(path); // from now on only what was read ahead can be judged
            ++done;
            if (!image.error.isEmpty())
                return;
            ++judged;
            QCOMPARE(image.hash, hashes[image.index]);
            QCOMPARE(int(image.image.at<uchar>(0, 0)), int(image.index) * 10);
        });
        QCOMPARE(done, 20);
        QVERIFY(judged >= 1 && judged < 20);
    }
}

void TestInspectionPipeline::failingInspectorIsThatImagesError()
{
    const std::vector<QString> paths{write(u"a.png"_s, 10), write(u"b.png"_s, 20), write(u"c.png"_s, 30)};
    auto log = std::make_shared<FakeInspector::Log>();
    log->onInspect = [&](const cv::Mat& image) {
        if (image.at<uchar>(0, 0) == 20)
            throw std::runtime_error("out of cheese");
    };
    FakeInspector inspector(log);
    QStringList errors;
    inspectImages(paths, inspector, [&](InspectedImage&& image) { errors.append(image.error); });
    QCOMPARE(errors.size(), 3);
    QVERIFY(errors[0].isEmpty());
    QVERIFY(errors[1].contains(u"b.png"_s) && errors[1].contains(u"out of cheese"_s));
    QVERIFY(errors[2].isEmpty());
}

void TestInspectionPipeline::cancelFinishesTheCurrentImage()
{
    std::vector<QString> paths(50, write(u"a.png"_s, 10));
    auto log = std::make_shared<FakeInspector::Log>();
    TaskContext context;
    log->onInspect = [&](const cv::Mat&) {
        if (log->inspected == 4)
            context.cancel.cancel();
    };
    FakeInspector inspector(log);
    int received = 0;
    const auto count = [&](InspectedImage&&) { ++received; };
    QVERIFY_THROWS_EXCEPTION(Cancelled, inspectImages(paths, inspector, count, context));
    QCOMPARE(received, 5);
}

void TestInspectionPipeline::exceptionOfTheReceiverStopsTheLoader()
{
    std::vector<QString> paths(50, write(u"a.png"_s, 10));
    FakeInspector inspector;
    const auto full = [](InspectedImage&&) { throw Error(ErrorKind::File, u"disk full"_s); };
    QVERIFY_THROWS_EXCEPTION(Error, inspectImages(paths, inspector, full));
}

void TestInspectionPipeline::emptyListIsNothing()
{
    FakeInspector inspector;
    inspectImages({}, inspector, [](InspectedImage&&) { QFAIL("there was no image"); });
}

void TestInspectionPipeline::progressGoesToOne()
{
    std::vector<QString> paths(7, write(u"a.png"_s, 10));
    FakeInspector inspector;
    std::vector<double> fractions;
    TaskContext context;
    context.progress = [&](const Progress& progress) { fractions.push_back(progress.fraction); };
    inspectImages(
        paths, inspector, [](InspectedImage&&) {}, context);
    QCOMPARE(fractions.size(), paths.size());
    QVERIFY(std::is_sorted(fractions.begin(), fractions.end()));
    QCOMPARE(fractions.back(), 1.0);
}

void TestInspectionPipeline::severalInspectorsKeepTheOrder()
{
    std::vector<QString> paths;
    for (int i = 0; i < 40; ++i)
        paths.push_back(write(u"%1.png"_s.arg(i), i * 6));
    paths[7] = m_folder + u"missing.png"_s;
    std::atomic<int> atWork{0};
    std::atomic<int> mostAtWork{0};
    const auto work = [&](const cv::Mat& image) {
        const int now = ++atWork;
        int most = mostAtWork;
        while (now > most && !mostAtWork.compare_exchange_weak(most, now))
            ;
        // The earlier ones take longer.
        std::this_thread::sleep_for(std::chrono::milliseconds(image.at<uchar>(0, 0) % 4 == 0 ? 8 : 1));
        --atWork;
    };
    MovableInspector first(work);
    MovableInspector second(work);
    std::size_t expected = 0;
    std::vector<double> fractions;
    TaskContext context;
    context.progress = [&](const Progress& progress) { fractions.push_back(progress.fraction); };
    inspectImages(
        paths, {&first, &second},
        [&](InspectedImage&& image) {
            QCOMPARE(image.index, expected);
            QCOMPARE(image.path, paths[expected]);
            QCOMPARE(image.error.isEmpty(), expected != 7);
            if (expected != 7)
                QVERIFY(std::abs(image.result.score - double(expected) * 6 / 255.0) < 1e-6);
            ++expected;
        },
        context);
    QCOMPARE(expected, paths.size());
    QCOMPARE(int(mostAtWork), 2);
    QCOMPARE(fractions.back(), 1.0);

    int received = 0;
    const auto full = [&](InspectedImage&&) {
        if (++received == 5)
            throw Error(ErrorKind::File, u"disk full"_s);
    };
    QVERIFY_THROWS_EXCEPTION(Error, inspectImages(paths, {&first, &second}, full));
    context.cancel.cancel();
    QVERIFY_THROWS_EXCEPTION(Cancelled, inspectImages(paths, {&first, &second}, full, context));
    QCOMPARE(received, 5);
}

void TestInspectionPipeline::onlyAFewImagesAreAhead()
{
    BoundedQueue<int> queue(3, 1000);
    std::atomic<int> pushed{0};
    std::thread producer([&] {
        while (queue.push(int(pushed), 1))
            ++pushed;
    });
    for (int i = 0; i < 100; ++i) {
        QCOMPARE(queue.pop().value(), i);
        QVERIFY(pushed <= i + 1 + 3);
    }
    queue.close();
    producer.join();
    QVERIFY(!queue.pop());
}

void TestInspectionPipeline::hugeItemsPassTheQueueAlone()
{
    BoundedQueue<int> queue(10, 100);
    std::atomic<int> pushed{0};
    std::thread producer([&] {
        for (int i = 0; i < 5; ++i) {
            queue.push(i, 400);
            ++pushed;
        }
    });
    for (int i = 0; i < 5; ++i) {
        QVERIFY(pushed <= i + 1);
        QCOMPARE(queue.pop().value(), i);
    }
    producer.join();
}

void TestInspectionPipeline::memoryStaysFlatOver5000Images()
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    QSKIP("a sanitizer keeps freed memory back");
#endif
    // Few files, read over and over; each decodes to 75 KiB, so keeping them would cost 375 MiB.
    const QString path = m_folder + u"large.png"_s;
    writeGrey(path, 100, {320, 240});
    const std::vector<QString> paths(5000, path);
    FakeInspector inspector;
    int count = 0;
    double before = 0.0;
    double largest = 0.0;
    inspectImages(paths, inspector, [&](InspectedImage&&) {
        if (++count == 100)
            before = residentMb();
        if (count % 100 == 0)
            largest = std::max(largest, residentMb());
    });
    QCOMPARE(count, 5000);
    if (before == 0.0)
        QSKIP("this system does not tell the resident memory");
    QVERIFY2(largest - before < 40.0, qPrintable(u"grew by %1 MiB"_s.arg(largest - before)));
}

QTEST_GUILESS_MAIN(TestInspectionPipeline)
#include "tst_inspection_pipeline.moc"
