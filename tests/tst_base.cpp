// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/base/random.h"
#include "core/base/settings.h"

#include <QtCore/QDir>
#include <QtCore/QTemporaryDir>
#include <QtTest/QtTest>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

/// What currentError() makes of an exception.
template <class Exception>
Error translated(const Exception& exception)
{
    try {
        throw exception;
    } catch (...) {
        return currentError(u"reading image x.png"_s);
    }
}

} // namespace

class TestBase : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void randomIsKnownAndRepeats();
    void randomRanges();
    void randomIsUniform();
    void normalHasItsMoments();
    void forksAreIndependent();
    void shufflePermutes();
    void errorKeepsItsParts();
    void foreignExceptionsBecomeErrors();
    void cancelIsNoError();
    void cancelTokenIsShared();
    void contextReports();
    void timeLeft();
    void durations_data();
    void durations();
    void settingsLastAndSignal();
    void recentFoldersAreTenAndUnique();
    void brokenSettingsFallBack();
};

void TestBase::randomIsKnownAndRepeats()
{
    // SplitMix64 with seed 0, from its published definition.
    Random random(0);
    QCOMPARE(random.next(), quint64(0xE220A8397B1DCDAF));
    QCOMPARE(random.next(), quint64(0x6E789E6AA1B965F4));
    Random first(77);
    Random second(77);
    for (int i = 0; i < 100; ++i)
        QCOMPARE(first.next(), second.next());
    Random resumed(first.state());
    QCOMPARE(resumed.next(), first.next());
    QVERIFY(Random(1).next() != Random(2).next());
}

void TestBase::randomRanges()
{
    Random random(5);
    std::set<std::int64_t> seen;
    for (int i = 0; i < 1000; ++i) {
        const double u = random.uniform();
        QVERIFY(u >= 0.0 && u < 1.0);
        const double v = random.uniform(-3.0, 5.0);
        QVERIFY(v >= -3.0 && v < 5.0);
        seen.insert(random.integer(-2, 3));
        QVERIFY(random.index(7) < 7);
    }
    QCOMPARE(seen, (std::set<std::int64_t>{-2, -1, 0, 1, 2, 3}));
    QCOMPARE(random.integer(9, 9), std::int64_t(9));
    QVERIFY(!random.chance(0.0));
    QVERIFY(random.chance(1.0));
    const auto lowest = std::numeric_limits<std::int64_t>::min();
    const auto largest = std::numeric_limits<std::int64_t>::max();
    QVERIFY(random.integer(lowest, largest) != random.integer(lowest, largest));
    QVERIFY(random.integer(largest - 1, largest) >= largest - 1);
}

void TestBase::randomIsUniform()
{
    // Chi-square with 99 degrees of freedom: beyond 149 once in a thousand seeds; the seed is fixed.
    Random random(6);
    std::vector<int> ofUniform(100);
    std::vector<int> ofInteger(100);
    const int draws = 100000;
    for (int i = 0; i < draws; ++i) {
        ++ofUniform[std::size_t(random.uniform() * 100)];
        ++ofInteger[std::size_t(random.integer(0, 99))];
    }
    for (const auto& counts : {ofUniform, ofInteger}) {
        double chiSquare = 0.0;
        for (const int count : counts)
            chiSquare += (count - draws / 100.0) * (count - draws / 100.0) / (draws / 100.0);
        QVERIFY2(chiSquare < 149.0 && chiSquare > 60.0, qPrintable(QString::number(chiSquare)));
    }
}

void TestBase::normalHasItsMoments()
{
    Random random(7);
    const int draws = 100000;
    double sum = 0.0;
    double squares = 0.0;
    int beyondTwo = 0;
    for (int i = 0; i < draws; ++i) {
        const double x = random.normal();
        QVERIFY(std::isfinite(x));
        sum += x;
        squares += x * x;
        beyondTwo += std::abs(x) > 2.0 ? 1 : 0;
    }
    QVERIFY(std::abs(sum / draws) < 0.015);
    QVERIFY(std::abs(squares / draws - 1.0) < 0.02);
    QVERIFY(std::abs(beyondTwo / double(draws) - 0.0455) < 0.003);
}

void TestBase::forksAreIndependent()
{
    Random random(8);
    const auto before = random.state();
    Random a = random.fork(0);
    Random b = random.fork(1);
    QCOMPARE(random.state(), before);
    QCOMPARE(random.fork(1).next(), b.next());
    b = random.fork(1);
    double product = 0.0;
    std::set<quint64> values;
    for (int i = 0; i < 10000; ++i) {
        product += (a.uniform() - 0.5) * (b.uniform() - 0.5);
        values.insert(a.next());
        values.insert(b.next());
        values.insert(random.next());
    }
    QCOMPARE(values.size(), std::size_t(30000));
    QVERIFY(std::abs(product / 10000 * 12.0) < 0.04); // correlation
}

void TestBase::shufflePermutes()
{
    Random random(9);
    std::vector<int> firsts(5);
    for (int round = 0; round < 5000; ++round) {
        std::vector<int> values{0, 1, 2, 3, 4};
        random.shuffle(values);
        ++firsts[std::size_t(values.front())];
        std::sort(values.begin(), values.end());
        QCOMPARE(values, (std::vector<int>{0, 1, 2, 3, 4}));
    }
    for (const int count : firsts)
        QVERIFY(std::abs(count - 1000) < 120);
    std::vector<int> empty;
    random.shuffle(empty);
}

void TestBase::errorKeepsItsParts()
{
    const Error error(ErrorKind::File, u"ü.png is missing."_s, u"Put it back."_s);
    QCOMPARE(error.kind(), ErrorKind::File);
    QCOMPARE(error.message(), u"ü.png is missing."_s);
    QCOMPARE(error.text(), u"ü.png is missing. Put it back."_s);
    QCOMPARE(QString::fromUtf8(error.what()), error.text());
    QCOMPARE(Error(ErrorKind::Input, u"No."_s).text(), u"No."_s);
}

void TestBase::foreignExceptionsBecomeErrors()
{
    const Error own = translated(Error(ErrorKind::Format, u"bad"_s, u"fix"_s));
    QCOMPARE(own.kind(), ErrorKind::Format);
    QCOMPARE(own.text(), u"bad fix"_s);

    const Error standard = translated(std::runtime_error("size mismatch\nException raised from f at x.cpp:1"));
    QCOMPARE(standard.kind(), ErrorKind::Internal);
    QVERIFY(standard.message().contains(u"reading image x.png"));
    QVERIFY(standard.message().endsWith(u"size mismatch"));

    const Error memory = translated(std::bad_alloc());
    QVERIFY(memory.message().contains(u"memory") && memory.message().contains(u"x.png"));
    QVERIFY(!memory.remedy().isEmpty());
    QVERIFY(translated(42).message().contains(u"x.png"));
}

void TestBase::cancelIsNoError()
{
    QVERIFY_THROWS_EXCEPTION(Cancelled, translated(Cancelled()));
}

void TestBase::cancelTokenIsShared()
{
    const CancelToken token;
    CancelToken copy = token;
    token.throwIfCancelled();
    std::thread([&copy] { copy.cancel(); }).join();
    QVERIFY(token.isCancelled());
    QVERIFY_THROWS_EXCEPTION(Cancelled, token.throwIfCancelled());
    QVERIFY(!CancelToken().isCancelled());
}

void TestBase::contextReports()
{
    TaskContext context;
    context.report(0.5, u"nobody listens"_s);
    std::vector<Progress> reports;
    context.progress = [&reports](const Progress& progress) { reports.push_back(progress); };
    context.report(0.25, u"step 1 of 4"_s, 12.0);
    QCOMPARE(reports.size(), std::size_t(1));
    QCOMPARE(reports[0].fraction, 0.25);
    QCOMPARE(reports[0].what, u"step 1 of 4"_s);
    QCOMPARE(reports[0].secondsLeft.value(), 12.0);
}

void TestBase::timeLeft()
{
    TimeLeft left;
    QVERIFY(!left.update(0.5)); // silent during the first second
    QTRY_VERIFY_WITH_TIMEOUT(left.elapsedSeconds() > 1.0, 5000);
    QVERIFY(!left.update(0.0));
    const double elapsed = left.elapsedSeconds();
    const auto quarter = left.update(0.25);
    QVERIFY(quarter && *quarter >= 3.0 * elapsed && *quarter < 3.0 * elapsed + 1.0);
    QCOMPARE(left.update(1.0).value(), 0.0);
    QCOMPARE(left.update(1.5).value(), 0.0);
}

void TestBase::durations_data()
{
    QTest::addColumn<double>("seconds");
    QTest::addColumn<QString>("text");
    QTest::newRow("none") << 0.0 << u"0 s"_s;
    QTest::newRow("negative") << -5.0 << u"0 s"_s;
    QTest::newRow("seconds") << 8.4 << u"8 s"_s;
    QTest::newRow("rounds to a minute") << 59.7 << u"1 min"_s;
    QTest::newRow("minutes") << 725.0 << u"12 min"_s;
    QTest::newRow("rounds to an hour") << 3590.0 << u"1 h 00 min"_s;
    QTest::newRow("hours") << 3900.0 << u"1 h 05 min"_s;
    QTest::newRow("days") << 100000.0 << u"27 h 47 min"_s;
}

void TestBase::durations()
{
    QFETCH(double, seconds);
    QTEST(durationText(seconds), "text");
}

void TestBase::settingsLastAndSignal()
{
    const QTemporaryDir dir;
    const QString file = dir.filePath(u"Einstellungen é/lynceus.ini"_s);
    {
        Settings settings(file);
        QCOMPARE(settings.theme(), Settings::Theme::System);
        QVERIFY(!settings.colorBlindMap());
        QCOMPARE(settings.threads(), 0);
        QCOMPARE(settings.lastModel(), QString());

        QSignalSpy theme(&settings, &Settings::themeChanged);
        QSignalSpy map(&settings, &Settings::colorBlindMapChanged);
        settings.setTheme(Settings::Theme::Dark);
        settings.setTheme(Settings::Theme::Dark);
        settings.setColorBlindMap(true);
        settings.setColorBlindMap(true);
        QCOMPARE(theme.size(), 1);
        QCOMPARE(map.size(), 1);
        settings.setThreads(3);
        settings.setLastModel(u"/modelle/ö.safetensors"_s);
        settings.setLastProduct(7);
        settings.setLayout(u"inspect"_s, QByteArray("\0\1\xFF", 3));
        settings.setDefectOptions(u"/daten/größe/"_s, {{u"opacity_low"_s, 0.3}});
        settings.setDefectOptions(u"/daten"_s, {{u"opacity_low"_s, 0.4}});
    }
    Settings settings(file);
    QCOMPARE(settings.theme(), Settings::Theme::Dark);
    QVERIFY(settings.colorBlindMap());
    QCOMPARE(settings.threads(), 3);
    QCOMPARE(settings.lastModel(), u"/modelle/ö.safetensors"_s);
    QCOMPARE(settings.layout(u"inspect"_s), QByteArray("\0\1\xFF", 3));
    QCOMPARE(settings.defectOptions(u"/daten/größe"_s), (QJsonObject{{u"opacity_low"_s, 0.3}}));
    settings.setDefectOptions(u"/daten/größe"_s, {});
    QVERIFY(settings.defectOptions(u"/daten/größe"_s).isEmpty());
    QCOMPARE(settings.defectOptions(u"/daten"_s), (QJsonObject{{u"opacity_low"_s, 0.4}}));
    settings.setExcludedImages(u"/daten"_s, {u"a.png"_s});
    settings.followFolder(u"/daten"_s, u"/neu"_s);
    QCOMPARE(settings.defectOptions(u"/neu"_s), (QJsonObject{{u"opacity_low"_s, 0.4}}));
    QCOMPARE(settings.excludedImages(u"/neu"_s), QStringList{u"a.png"_s});
    settings.setDefectOptions(u"/eigenes"_s, {{u"opacity_low"_s, 0.5}});
    settings.followFolder(u"/daten"_s, u"/eigenes"_s);
    QCOMPARE(settings.defectOptions(u"/eigenes"_s), (QJsonObject{{u"opacity_low"_s, 0.5}}));
    QCOMPARE(settings.lastProduct(), qint64(7));
    settings.clearLayouts();
    QVERIFY(settings.layout(u"inspect"_s).isEmpty());
    QCOMPARE(settings.threads(), 3);
}

void TestBase::recentFoldersAreTenAndUnique()
{
    const QTemporaryDir dir;
    Settings settings(dir.filePath(u"a.ini"_s));
    QSignalSpy changed(&settings, &Settings::recentFoldersChanged);
    for (int i = 0; i < 12; ++i)
        settings.addRecentFolder(u"/daten/%1"_s.arg(i));
    settings.addRecentFolder(u"/daten/5/"_s);
    QCOMPARE(changed.size(), 13);
    const QStringList folders = settings.recentFolders();
    QCOMPARE(folders.size(), 10);
    QCOMPARE(folders[1], u"/daten/11"_s);
    QVERIFY(QDir(folders[0]) == QDir(u"/daten/5"_s));
    QCOMPARE(folders.filter(u"/daten/5"_s).size(), 1);
}

void TestBase::brokenSettingsFallBack()
{
    const QTemporaryDir dir;
    QFile file(dir.filePath(u"a.ini"_s));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("theme=purple\nthreads=-5\ncolorBlindMap=\nrecentFolders=\n[[[");
    file.close();
    const Settings settings(file.fileName());
    QCOMPARE(settings.theme(), Settings::Theme::System);
    QCOMPARE(settings.threads(), 0);
    QVERIFY(!settings.colorBlindMap());
}

QTEST_GUILESS_MAIN(TestBase)
#include "tst_base.moc"
