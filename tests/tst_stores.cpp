// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/storage/database.h"
#include "core/storage/inspection_store.h"
#include "core/storage/product_store.h"
#include "core/storage/run_lock.h"
#include "core/storage/run_store.h"

#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>
#include <QtTest/QtTest>

#include <atomic>
#include <cmath>
#include <memory>
#include <thread>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

ResultRecord sampleResult(const QString& image)
{
    ResultRecord record;
    record.image = image;
    record.imageHash = u"ab12"_s;
    record.result.score = 0.1 + 0.2; // no short decimal text
    record.result.verdict = Verdict::Review;
    record.result.thresholds = {0.7, 1.0 / 3.0, 0.25, 9.0};
    record.result.nearestGood = 12;
    record.result.times = {1.5, 12.75, 2.25, 1.0 / 7.0, 0.5};
    Region first;
    first.box = {3, 4, 50, 60};
    first.area = 1234.0;
    first.peak = 0.1F;
    first.peakAt = {11, 22};
    Region second;
    second.box = {100, 0, 1, 1};
    second.area = 1.0;
    record.result.regions = {first, second};
    return record;
}

} // namespace

class TestStores : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup() { m_database.reset(); }
    void productsComeBackByName();
    void productNamesAreUnique();
    void inspectionComesBackAsItWas();
    void aPartThatCouldNotBeJudgedSaysWhy();
    void newestResultsOfAFolder();
    void failedAndNotANumber();
    void resultsAreAllOrNone();
    void removeTakesEverythingAlong();
    void inspectionOutlivesItsProduct();
    void newestInspectionFirst();
    void runComesBackAsItWas();
    void metricsByStep();
    void eventsInOrder();
    void samplesAreReplacedByKind();
    void peopleWriteOnRuns();
    void runIsAliveWhileItsLockIs();
    void oneTrainingAModelFile();
    void interruptedRunGoesOn();
    void onlyUnfinishedRunsGoOn_data();
    void onlyUnfinishedRunsGoOn();
    void newRunTakesTheCheckpointOver();
    void removedRunTellsItsFiles();
    void unknownRowsAreErrors();

private:
    int rows(const QString& table) const
    {
        QSqlQuery query = m_database->run(u"SELECT count(*) FROM "_s + table);
        return query.next() ? query.value(0).toInt() : -1;
    }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Database> m_database;
};

void TestStores::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    m_database = std::make_unique<Database>(m_dir->filePath(u"Datenbank é.sqlite"_s));
}

void TestStores::productsComeBackByName()
{
    ProductStore store(*m_database);
    const qint64 id = store.add({0, u"flansch"_s, u"/teile/flänsche"_s, u"/m.safetensors"_s, u"zwei\nZeilen"_s});
    store.add({0, u"Achse"_s, {}, {}, {}});
    store.add({0, u"'; DROP TABLE products; --"_s, {}, {}, {}});
    const auto list = store.list();
    QCOMPARE(list.size(), std::size_t(3));
    QCOMPARE(list[1].name, u"Achse"_s);
    QCOMPARE(list[2].name, u"flansch"_s);

    auto found = store.find(id);
    QVERIFY(found);
    QCOMPARE(found->folder, u"/teile/flänsche"_s);
    QCOMPARE(found->modelPath, u"/m.safetensors"_s);
    QCOMPARE(found->notes, u"zwei\nZeilen"_s);
    found->folder = u"/neu"_s;
    store.update(*found);
    QCOMPARE(store.findByName(u"flansch"_s)->folder, u"/neu"_s);
    store.remove(id);
    QVERIFY(!store.find(id));
    QVERIFY(!store.findByName(u"flansch"_s));
}

void TestStores::productNamesAreUnique()
{
    ProductStore store(*m_database);
    store.add({0, u"a"_s, {}, {}, {}});
    const qint64 b = store.add({0, u"b"_s, {}, {}, {}});
    QVERIFY_THROWS_EXCEPTION(Error, store.add({0, u"a"_s, {}, {}, {}}));
    QVERIFY_THROWS_EXCEPTION(Error, store.add({0, u"  "_s, {}, {}, {}}));
    QVERIFY_THROWS_EXCEPTION(Error, store.update({b, u"a"_s, {}, {}, {}}));
    store.update({b, u"b"_s, u"/x"_s, {}, {}});
    QCOMPARE(store.list().size(), std::size_t(2));
}

void TestStores::inspectionComesBackAsItWas()
{
    const qint64 product = ProductStore(*m_database).add({0, u"p"_s, {}, {}, {}});
    InspectionRecord record;
    record.productId = product;
    record.folder = u"/bilder/Öl"_s;
    record.modelPath = u"/modelle/m.safetensors"_s;
    record.modelHash = u"cafe"_s;
    record.engine = u"openvino-int8"_s;
    record.thresholds = {0.1 + 0.2, 0.2, 1.0 / 3.0, 17.0};
    record.started = QDateTime::fromMSecsSinceEpoch(1790000000123, Qt::UTC);
    record.programVersion = u"0.1.0"_s;
    InspectionStore store(*m_database);
    const qint64 id = store.begin(record);
    const ResultRecord result = sampleResult(u"teil 1.png"_s);
    store.add(id, {result, sampleResult(u"teil 2.png"_s)});
    QVERIFY(!store.find(id)->finished.isValid());
    store.finish(id);

    const auto found = store.find(id);
    QCOMPARE(found->productId, product);
    QCOMPARE(found->folder, record.folder);
    QCOMPARE(found->modelPath, record.modelPath);
    QCOMPARE(found->modelHash, record.modelHash);
    QCOMPARE(found->engine, u"openvino-int8"_s);
    QCOMPARE(store.list().front().engine, u"openvino-int8"_s);
    QVERIFY(found->thresholds.score == record.thresholds.score);
    QVERIFY(found->thresholds.pixel == record.thresholds.pixel);
    QVERIFY(found->thresholds.minRegionArea == 17.0);
    QCOMPARE(found->started, record.started);
    QVERIFY(found->finished >= found->started.addDays(-36500));
    QVERIFY(found->finished.isValid());
    QCOMPARE(found->programVersion, u"0.1.0"_s);

    const auto results = store.results(id);
    QCOMPARE(results.size(), std::size_t(2));
    QCOMPARE(results[0].image, u"teil 1.png"_s);
    QCOMPARE(results[1].image, u"teil 2.png"_s);
    const AnomalyResult& got = results[0].result;
    QVERIFY(got.score == result.result.score); // every bit
    QCOMPARE(got.verdict, Verdict::Review);
    QVERIFY(got.thresholds.review == 1.0 / 3.0);
    QVERIFY(got.times.infer == 1.0 / 7.0);
    QCOMPARE(got.times.align, 12.75);
    QCOMPARE(got.nearestGood, 12);
    QVERIFY(got.map.empty());
    QCOMPARE(got.regions.size(), std::size_t(2));
    QCOMPARE(got.regions[0].box, cv::Rect(3, 4, 50, 60));
    QCOMPARE(got.regions[0].area, 1234.0);
    QVERIFY(got.regions[0].peak == 0.1F);
    QCOMPARE(got.regions[0].peakAt, cv::Point(11, 22));
    QCOMPARE(got.regions[1].box.x, 100);
    QCOMPARE(results[1].result.regions.size(), std::size_t(2));
}

void TestStores::aPartThatCouldNotBeJudgedSaysWhy()
{
    InspectionStore store(*m_database);
    const qint64 id = store.begin({});
    ResultRecord record;
    record.image = u"/daten/leer.png"_s;
    record.result.score = 1.0;
    record.result.verdict = Verdict::Ng;
    record.result.problem = u"Kein Teil gefunden"_s;
    store.add(id, {record});
    const std::vector<ResultRecord> read = store.results(id);
    QCOMPARE(read.size(), std::size_t(1));
    QCOMPARE(read.front().result.problem, record.result.problem);
    QVERIFY(read.front().result.regions.empty());
    QVERIFY(read.front().error.isEmpty());
}

void TestStores::newestResultsOfAFolder()
{
    InspectionStore store(*m_database);
    const auto inspect = [&](const QString& folder, const QString& model, const QString& image, double score,
                             const QString& error = {}) {
        InspectionRecord record;
        record.folder = folder;
        record.modelPath = u"m.safetensors"_s;
        record.modelHash = model;
        ResultRecord result = sampleResult(image);
        result.imageHash = u"c0ffee"_s;
        result.result.score = score;
        result.error = error;
        store.add(store.begin(record), {result}); // never finished
    };
    inspect(u"/teile_ä"_s, u"abc"_s, u"1.png"_s, 0.1);
    inspect(u"/teile_ä"_s, u"abc"_s, u"2.png"_s, 0.2);
    inspect(u"/teile_ä"_s, u"abc"_s, u"1.png"_s, 0.3);
    inspect(u"/teile_ä"_s, u"abc"_s, u"3.png"_s, 0.4);
    inspect(u"/teile_ä"_s, u"abc"_s, u"3.png"_s, 0.0, u"can't be read any more"_s);
    inspect(u"/teile_ä"_s, u"def"_s, u"1.png"_s, 0.5);
    inspect(u"/others"_s, u"abc"_s, u"1.png"_s, 0.6);
    const std::vector<ResultRecord> found = store.newest(u"abc"_s, u"/teile_ä"_s);
    QCOMPARE(found.size(), std::size_t(2));
    QCOMPARE(found[0].image, u"2.png"_s);
    QCOMPARE(found[1].image, u"1.png"_s);
    QCOMPARE(found[1].result.score, 0.3);
    QCOMPARE(found[1].result.regions.size(), std::size_t(2));
    QVERIFY(store.newest(u"none"_s, u"/teile_ä"_s).empty());
}

void TestStores::failedAndNotANumber()
{
    InspectionStore store(*m_database);
    const qint64 id = store.begin({});
    ResultRecord failed;
    failed.image = u"kaputt.png"_s;
    failed.error = u"can't be read"_s;
    ResultRecord nan = sampleResult(u"n.png"_s);
    nan.result.score = std::nan("");
    nan.result.verdict = Verdict::Ng;
    nan.result.regions.clear();
    store.add(id, {failed, nan});
    const auto results = store.results(id);
    QCOMPARE(results.size(), std::size_t(2));
    QCOMPARE(results[0].error, failed.error);
    QVERIFY(std::isnan(results[1].result.score));
    QCOMPARE(results[1].result.verdict, Verdict::Ng);
    QCOMPARE(store.find(id)->productId, qint64(0));
    QCOMPARE(store.find(id)->modelPath, QString());
    QCOMPARE(store.find(id)->engine, QString());
}

void TestStores::resultsAreAllOrNone()
{
    InspectionStore store(*m_database);
    const qint64 id = store.begin({});
    ResultRecord bad = sampleResult(u"b.png"_s);
    bad.result.regions[1].peak = std::nanf(""); // NULL in a column that takes none
    QVERIFY_THROWS_EXCEPTION(Error, store.add(id, {sampleResult(u"a.png"_s), bad}));
    QCOMPARE(rows(u"results"_s), 0);
    QCOMPARE(rows(u"regions"_s), 0);
    QVERIFY_THROWS_EXCEPTION(Error, store.add(id + 1, {sampleResult(u"a.png"_s)})); // no such inspection
    QCOMPARE(rows(u"results"_s), 0);
}

void TestStores::removeTakesEverythingAlong()
{
    InspectionStore store(*m_database);
    const qint64 id = store.begin({});
    const qint64 other = store.begin({});
    store.add(id, {sampleResult(u"a.png"_s)});
    store.add(other, {sampleResult(u"b.png"_s)});
    store.remove(id);
    QVERIFY(!store.find(id));
    QCOMPARE(rows(u"results"_s), 1);
    QCOMPARE(rows(u"regions"_s), 2);
    QCOMPARE(store.results(other).size(), std::size_t(1));
    QCOMPARE(m_database->check(), u"ok"_s);
}

void TestStores::inspectionOutlivesItsProduct()
{
    ProductStore products(*m_database);
    InspectionRecord record;
    record.productId = products.add({0, u"p"_s, {}, {}, {}});
    InspectionStore store(*m_database);
    const qint64 id = store.begin(record);
    products.remove(record.productId);
    QCOMPARE(store.find(id)->productId, qint64(0));
}

void TestStores::newestInspectionFirst()
{
    InspectionStore store(*m_database);
    InspectionRecord record;
    record.modelPath = u"/m"_s;
    for (const int day : {2, 3, 1}) {
        record.folder = QString::number(day);
        record.started = QDateTime(QDate(2026, 5, day), QTime(1, 2, 3), Qt::UTC);
        store.begin(record);
    }
    const auto list = store.list(2);
    QCOMPARE(list.size(), std::size_t(2));
    QCOMPARE(list[0].folder, u"3"_s);
    QCOMPARE(list[1].folder, u"2"_s);
    QCOMPARE(rows(u"models"_s), 1); // one row for the model that all three used
}

void TestStores::runComesBackAsItWas()
{
    RunRecord record;
    record.name = u"erster Lauf"_s;
    record.method = u"memseg"_s;
    record.dataFolder = u"/daten/Öse"_s;
    record.dataHash = u"d00d"_s;
    record.options = {{u"steps"_s, 100}, {u"lr"_s, 0.003}};
    record.seed = 0xFFFFFFFFFFFFFFF1u; // beyond what SQLite's signed integers show
    record.machine = u"2 threads"_s;
    record.programVersion = u"0.1.0"_s;
    record.libraries = {{u"Qt"_s, u"6.4.2"_s}};
    record.targetFile = m_dir->filePath(u"ö.safetensors"_s);
    record.encoderFile = u"/e.safetensors"_s;
    record.checkpoint = record.targetFile + u".checkpoint"_s;
    record.tags = QStringList{u"Kamera 2"_s};
    record.notes = u"erste\nZeile"_s;
    const RunLock lock(record.targetFile);
    RunStore store(*m_database);
    const qint64 id = store.begin(record, &lock);
    auto found = store.find(id);
    QCOMPARE(found->state, RunRecord::State::Running);
    QCOMPARE(found->libraries, record.libraries);
    QCOMPARE(found->targetFile, record.targetFile);
    QCOMPARE(found->encoderFile, record.encoderFile);
    QCOMPARE(found->checkpoint, record.checkpoint);
    QCOMPARE(found->tags, record.tags);
    QCOMPARE(found->notes, record.notes);
    QVERIFY(found->started.isValid());
    QVERIFY(!found->finished.isValid());

    store.finish(id, RunRecord::State::Finished, {}, u"/m/ö.safetensors"_s, u"beef"_s, {{u"loss"_s, 0.25}});
    found = store.find(id);
    QCOMPARE(found->name, record.name);
    QCOMPARE(found->method, record.method);
    QCOMPARE(found->dataFolder, record.dataFolder);
    QCOMPARE(found->dataHash, record.dataHash);
    QCOMPARE(found->options, record.options);
    QCOMPARE(found->seed, record.seed);
    QCOMPARE(found->machine, record.machine);
    QCOMPARE(found->state, RunRecord::State::Finished);
    QCOMPARE(found->modelPath, u"/m/ö.safetensors"_s);
    QCOMPARE(found->modelHash, u"beef"_s);
    QCOMPARE(found->final.value(u"loss"_s).toDouble(), 0.25);
    QVERIFY(found->finished >= found->started);

    const qint64 second = store.begin({});
    store.finish(second, RunRecord::State::Failed, u"no room"_s);
    QCOMPARE(store.find(second)->message, u"no room"_s);
    QCOMPARE(store.find(second)->state, RunRecord::State::Failed);
    QCOMPARE(store.list().front().id, second);
    QCOMPARE(store.list(1).size(), std::size_t(1));
}

void TestStores::metricsByStep()
{
    RunStore store(*m_database);
    const qint64 id = store.begin({});
    store.addMetrics(id, {{u"loss"_s, 2, 0.5}, {u"loss"_s, 1, 1.0 / 3.0}, {u"rate"_s, 1, std::nan("")}});
    store.addMetrics(id, {{u"loss"_s, 2, 0.4}}); // written again after a resume
    const auto loss = store.metrics(id, u"loss"_s);
    QCOMPARE(loss.size(), std::size_t(2));
    QCOMPARE(loss[0].step, 1);
    QVERIFY(loss[0].value == 1.0 / 3.0);
    QCOMPARE(loss[1].value, 0.4);
    QVERIFY(std::isnan(store.metrics(id, u"rate"_s).at(0).value));
    QCOMPARE(store.metrics(id).size(), std::size_t(3));
    QCOMPARE(store.find(id)->lastStep, 2);
    store.dropMetricsAfter(id, 1);
    QCOMPARE(store.find(id)->lastStep, 1);
    store.remove(id);
    QCOMPARE(rows(u"run_metrics"_s), 0);
}

void TestStores::eventsInOrder()
{
    RunStore store(*m_database);
    const qint64 id = store.begin({});
    store.addEvent(id, u"paused"_s);
    store.setEvent(id, u"checkpoint"_s, u"step 100"_s);
    store.addEvent(id, u"resumed"_s);
    store.setEvent(id, u"checkpoint"_s, u"step 200"_s);
    store.finish(id, RunRecord::State::Failed, u"The disk is full."_s);
    const auto events = store.events(id);
    QStringList kinds;
    for (const RunEvent& event : events) {
        kinds += event.kind;
        QVERIFY(event.time.isValid());
    }
    QCOMPARE(kinds, (QStringList{u"started"_s, u"paused"_s, u"resumed"_s, u"checkpoint"_s, u"failed"_s}));
    QCOMPARE(events[3].detail, u"step 200"_s);
    QCOMPARE(events[4].detail, u"The disk is full."_s);
    store.remove(id);
    QCOMPARE(rows(u"run_events"_s), 0);
}

void TestStores::samplesAreReplacedByKind()
{
    RunStore store(*m_database);
    const qint64 id = store.begin({});
    const QByteArray png("\x89PNG\0\xff", 6);
    store.setSamples(id, u"maps"_s, 10, {png, png, png});
    store.setSamples(id, u"defects"_s, 0, {png});
    store.setSamples(id, u"maps"_s, 20, {png, "x"});
    const auto samples = store.samples(id);
    QCOMPARE(samples.size(), std::size_t(3));
    QCOMPARE(samples[0].kind, u"defects"_s);
    QCOMPARE(samples[0].png, png);
    QCOMPARE(samples[2].kind, u"maps"_s);
    QCOMPARE(samples[2].position, 1);
    QCOMPARE(samples[2].step, 20);
    QCOMPARE(samples[2].png, QByteArray("x"));
    store.remove(id);
    QCOMPARE(rows(u"run_samples"_s), 0);
}

void TestStores::peopleWriteOnRuns()
{
    RunStore store(*m_database);
    const qint64 id = store.begin({});
    store.rename(id, u"  Flansch, neues Licht "_s);
    store.setTags(id, {u" Linie 3 "_s, u"größer, \"besser\""_s, u"Linie 3"_s, u" "_s});
    store.setNotes(id, u"zwei\nZeilen"_s);
    store.setDataHash(id, u"d00d"_s);
    const RunRecord run = store.get(id);
    QCOMPARE(run.name, u"Flansch, neues Licht"_s);
    QCOMPARE(run.tags, (QStringList{u"Linie 3"_s, u"größer, \"besser\""_s}));
    QCOMPARE(run.notes, u"zwei\nZeilen"_s);
    QCOMPARE(run.dataHash, u"d00d"_s);
    store.setTags(id, {});
    QVERIFY(store.get(id).tags.isEmpty());
    QVERIFY_THROWS_EXCEPTION(Error, store.rename(id, u" "_s));
}

void TestStores::runIsAliveWhileItsLockIs()
{
    RunRecord record;
    record.targetFile = m_dir->filePath(u"Modell é.safetensors"_s);
    RunStore store(*m_database);
    qint64 first = 0;
    {
        const RunLock lock(record.targetFile);
        first = store.begin(record, &lock);
        QCOMPARE(store.get(first).state, RunRecord::State::Running);
        QVERIFY_THROWS_EXCEPTION(Error, store.remove(first));
    }
    QVERIFY(!QFile::exists(record.targetFile + u".lock"_s));
    QCOMPARE(store.get(first).state, RunRecord::State::Interrupted);
    // A killed process leaves the file, which says nothing by itself.
    QFile left(record.targetFile + u".lock"_s);
    QVERIFY(left.open(QIODevice::WriteOnly));
    left.close();
    QCOMPARE(store.get(first).state, RunRecord::State::Interrupted);
    // Another run at work on the same file does not bring the first one back to life.
    const RunLock lock(record.targetFile);
    const qint64 second = store.begin(record, &lock);
    QCOMPARE(store.get(first).state, RunRecord::State::Interrupted);
    QCOMPARE(store.list().front().id, second);
    QCOMPARE(store.list().front().state, RunRecord::State::Running);
}

void TestStores::oneTrainingAModelFile()
{
    const QString model = m_dir->filePath(u"m.safetensors"_s);
    auto lock = std::make_unique<RunLock>(model);
    try {
        const RunLock second(model);
        QFAIL("two trainings would write one model");
    } catch (const Error& error) {
        QVERIFY2(error.message().contains(model), qPrintable(error.message()));
        QVERIFY(!error.remedy().isEmpty());
    }
    QCOMPARE(RunLock::tokenAtWork(model), lock->token());
    const RunLock other(m_dir->filePath(u"n.safetensors"_s));
    lock.reset();
    QVERIFY(RunLock::tokenAtWork(model).isEmpty());
    // Those who look must never be in the way of one who takes it.
    std::atomic<bool> stop{false};
    std::thread looking([&] {
        while (!stop)
            RunLock::tokenAtWork(model);
    });
    bool taken = true;
    for (int i = 0; taken && i < 200; ++i) {
        try {
            const RunLock again(model);
        } catch (const Error&) {
            taken = false;
        }
    }
    stop = true;
    looking.join();
    QVERIFY(taken);
    QVERIFY_THROWS_EXCEPTION(Error, RunLock(m_dir->filePath(u"missing/m.safetensors"_s)));
}

void TestStores::interruptedRunGoesOn()
{
    RunRecord record;
    record.targetFile = m_dir->filePath(u"m.safetensors"_s);
    record.checkpoint = m_dir->filePath(u"m.safetensors.checkpoint"_s);
    RunStore store(*m_database);
    const qint64 id = store.begin(record);
    QVERIFY(!store.get(id).canResume()); // it was gone before it kept anything
    QFile checkpoint(record.checkpoint);
    QVERIFY(checkpoint.open(QIODevice::WriteOnly));
    QVERIFY(store.get(id).canResume());
    store.addMetrics(id, {{u"loss"_s, 70, 0.5}});

    const RunLock lock(record.targetFile);
    store.resume(id, lock, u"0.2"_s);
    const RunRecord run = store.get(id);
    QCOMPARE(run.state, RunRecord::State::Running);
    QVERIFY(!run.canResume());
    QVERIFY(!run.finished.isValid());
    const auto events = store.events(id);
    QCOMPARE(events.size(), std::size_t(3));
    QCOMPARE(events[1].kind, u"interrupted"_s);
    QVERIFY(events[1].detail.contains(u"70"));
    QCOMPARE(events[2].kind, u"resumed"_s);
    QCOMPARE(events[2].detail, u"0.2"_s);

    store.finish(id, RunRecord::State::Failed, u"no power"_s);
    QVERIFY(store.get(id).canResume());
    store.resume(id, lock);
    QCOMPARE(store.get(id).message, QString());
    QCOMPARE(store.events(id).back().kind, u"resumed"_s);
    QCOMPARE(store.events(id).size(), std::size_t(5));
}

void TestStores::onlyUnfinishedRunsGoOn_data()
{
    QTest::addColumn<RunRecord::State>("state");
    QTest::newRow("finished") << RunRecord::State::Finished;
    QTest::newRow("cancelled") << RunRecord::State::Cancelled;
    QTest::newRow("at work") << RunRecord::State::Running;
}

void TestStores::onlyUnfinishedRunsGoOn()
{
    QFETCH(RunRecord::State, state);
    RunRecord record;
    record.targetFile = m_dir->filePath(u"m.safetensors"_s);
    RunStore store(*m_database);
    const RunLock lock(record.targetFile);
    const qint64 id = store.begin(record, &lock);
    if (state != RunRecord::State::Running)
        store.finish(id, state);
    QVERIFY_THROWS_EXCEPTION(Error, store.resume(id, lock));
    QCOMPARE(store.get(id).state, state);
    QVERIFY_THROWS_EXCEPTION(Error, store.resume(id + 1, lock));
}

void TestStores::newRunTakesTheCheckpointOver()
{
    RunRecord record;
    record.checkpoint = u"/m.safetensors.checkpoint"_s;
    RunStore store(*m_database);
    const qint64 first = store.begin(record);
    const qint64 second = store.begin(record);
    QCOMPARE(store.get(first).checkpoint, QString());
    QCOMPARE(store.get(second).checkpoint, record.checkpoint);
}

void TestStores::removedRunTellsItsFiles()
{
    RunRecord record;
    record.targetFile = m_dir->filePath(u"ü.safetensors"_s);
    record.checkpoint = record.targetFile + u".checkpoint"_s;
    for (const QString& path : {record.targetFile, record.checkpoint}) {
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
    }
    RunStore store(*m_database);
    const qint64 first = store.begin(record);
    store.finish(first, RunRecord::State::Finished, {}, record.targetFile, u"1"_s);
    QCOMPARE(store.files(first).model, record.targetFile);
    const qint64 second = store.begin(record);
    store.finish(second, RunRecord::State::Finished, {}, record.targetFile, u"2"_s);
    // The second training has written the model anew and took the checkpoint over.
    const RunFiles ofFirst = store.remove(first);
    QVERIFY(ofFirst.model.isEmpty() && ofFirst.checkpoint.isEmpty());
    const RunFiles ofSecond = store.remove(second);
    QCOMPARE(ofSecond.model, record.targetFile);
    QCOMPARE(ofSecond.checkpoint, record.checkpoint);
    QVERIFY(store.list().empty());
    QVERIFY_THROWS_EXCEPTION(Error, store.remove(second));
}

void TestStores::unknownRowsAreErrors()
{
    QVERIFY_THROWS_EXCEPTION(Error, RunStore(*m_database).addEvent(5, u"paused"_s));
    QVERIFY_THROWS_EXCEPTION(Error, RunStore(*m_database).setTags(5, {u"x"_s}));
    QVERIFY_THROWS_EXCEPTION(Error, RunStore(*m_database).setSamples(5, u"maps"_s, 1, {"x"}));
    QVERIFY_THROWS_EXCEPTION(Error, RunStore(*m_database).get(5));
    QVERIFY_THROWS_EXCEPTION(Error, RunStore(*m_database).finish(5, RunRecord::State::Finished));
    QVERIFY_THROWS_EXCEPTION(Error, RunStore(*m_database).addMetrics(5, {{u"loss"_s, 1, 1.0}}));
    QVERIFY_THROWS_EXCEPTION(Error, InspectionStore(*m_database).finish(5));
    QVERIFY_THROWS_EXCEPTION(Error, ProductStore(*m_database).update({5, u"x"_s, {}, {}, {}}));
    QVERIFY(!InspectionStore(*m_database).find(5));
    QVERIFY(InspectionStore(*m_database).results(5).empty());
}

QTEST_GUILESS_MAIN(TestStores)
#include "tst_stores.moc"
