// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/memseg/options.h"

#include <QtTest/QTest>

using namespace Qt::StringLiterals;
using namespace lynceus;

class TestMemSegOptions : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void defaultsAreValid();
    void jsonKeepsEverything();
    void unknownJsonKeysAreIgnored();
    void everyDescribedKeyCanBeSet();
    void unknownKeyListsTheKnownOnes();
    void badTextIsRefused_data();
    void badTextIsRefused();
    void badCombinationsAreRefused_data();
    void badCombinationsAreRefused();
    void millimetresNeedTheScale();
    void architectureNamesDecoderAndWidth();
};

void TestMemSegOptions::defaultsAreValid()
{
    MemSegOptions().validate();
}

void TestMemSegOptions::jsonKeepsEverything()
{
    MemSegOptions options = MemSegOptions::paper();
    options.set(u"encoder"_s, u"/tmp/gewichte-größe.safetensors"_s);
    options.set(u"width"_s, u"32"_s);
    options.set(u"decoder"_s, u"lite"_s);
    options.set(u"resize_to"_s, u"288"_s);
    options.set(u"learning_rate"_s, u"2.5e-4"_s);
    options.set(u"seed"_s, u"9007199254740991"_s);
    options.set(u"foreground"_s, u"threshold"_s);
    options.set(u"foreground_polarity"_s, u"dark"_s);
    options.set(u"fill_holes"_s, u"true"_s);
    const MemSegOptions read = MemSegOptions::fromJson(options.toJson());
    QCOMPARE(read.toJson(), options.toJson());
    QCOMPARE(read.encoder, u"/tmp/gewichte-größe.safetensors"_s);
    QCOMPARE(read.width, 32);
    QCOMPARE(read.preprocessing.resizeTo, 288);
    QCOMPARE(read.learningRate, 2.5e-4);
    QCOMPARE(read.seed, 9007199254740991ULL);
    QVERIFY(read.simulator.foreground.mode == ForegroundOptions::Mode::Threshold);
    QVERIFY(read.simulator.foreground.polarity == ForegroundOptions::Polarity::Dark);
    QVERIFY(read.simulator.foreground.fillHoles);
}

void TestMemSegOptions::unknownJsonKeysAreIgnored()
{
    QCOMPARE(MemSegOptions::fromJson({{u"of_tomorrow"_s, 1}, {u"backbone"_s, u"mobilenetv2"_s}}).toJson(),
             MemSegOptions().toJson());
    // Models from before there was a choice of backbones are what they were.
    QCOMPARE(MemSegOptions::fromJson({}).toJson(), MemSegOptions::paper().toJson());
    QVERIFY_THROWS_EXCEPTION(Error, MemSegOptions::fromJson({{u"width"_s, u"64"_s}}));
    QVERIFY_THROWS_EXCEPTION(Error, MemSegOptions::fromJson({{u"decoder"_s, u"huge"_s}}));
}

void TestMemSegOptions::everyDescribedKeyCanBeSet()
{
    const QJsonObject json = MemSegOptions().toJson();
    const auto lines = MemSegOptions::describe();
    QCOMPARE(qsizetype(lines.size()), json.size());
    for (const auto& [key, description] : lines) {
        QVERIFY2(!description.isEmpty(), qPrintable(key));
        MemSegOptions options;
        options.set(key, json[key].toVariant().toString());
        QJsonObject wanted = json;
        if (key == u"input_width"_s || key == u"input_height"_s)
            wanted[u"auto_size"_s] = false; // who names a side has chosen
        QCOMPARE(options.toJson(), wanted);
    }
}

void TestMemSegOptions::unknownKeyListsTheKnownOnes()
{
    try {
        MemSegOptions().set(u"widht"_s, u"64"_s);
        QFAIL("an unknown key was taken");
    } catch (const Error& error) {
        QVERIFY(error.message().contains(u"widht"_s));
        QVERIFY(error.remedy().contains(u"memory_images"_s));
    }
}

void TestMemSegOptions::badTextIsRefused_data()
{
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("text");
    QTest::newRow("no number") << u"batch"_s << u"eight"_s;
    QTest::newRow("a fraction") << u"batch"_s << u"8.5"_s;
    QTest::newRow("below") << u"steps"_s << u"-1"_s;
    QTest::newRow("above") << u"overkill"_s << u"0.9"_s;
    QTest::newRow("nan") << u"minutes"_s << u"nan"_s;
    QTest::newRow("no flag") << u"fill_holes"_s << u"maybe"_s;
    QTest::newRow("no choice") << u"profile"_s << u"Paper"_s;
    QTest::newRow("empty") << u"width"_s << QString();
    QTest::newRow("no length") << u"smallest_defect"_s << u"abc"_s;
    QTest::newRow("negative length") << u"smallest_defect"_s << u"-3 px"_s;
    QTest::newRow("no length at all") << u"smallest_defect"_s << u"0"_s;
    QTest::newRow("negative scale") << u"pixels_per_mm"_s << u"-1"_s;
}

void TestMemSegOptions::badTextIsRefused()
{
    QFETCH(QString, key);
    QFETCH(QString, text);
    MemSegOptions options;
    try {
        options.set(key, text);
        QFAIL("a bad value was taken");
    } catch (const Error& error) {
        QVERIFY(error.kind() == ErrorKind::Input);
        QVERIFY(error.message().contains(key));
        QVERIFY(!error.remedy().isEmpty());
    }
    QCOMPARE(options.toJson(), MemSegOptions().toJson());
}

void TestMemSegOptions::badCombinationsAreRefused_data()
{
    QTest::addColumn<QString>("key");
    QTest::addColumn<QString>("text");
    QTest::newRow("width") << u"width"_s << u"36"_s;
    QTest::newRow("odd batch") << u"batch"_s << u"7"_s;
    QTest::newRow("input") << u"input_width"_s << u"250"_s;
    QTest::newRow("grid") << u"grid_columns"_s << u"7"_s;
    QTest::newRow("opacity") << u"opacity_high"_s << u"0.1"_s;
    QTest::newRow("encoder") << u"encoder"_s << QString();
    QTest::newRow("millimetres without a scale") << u"smallest_defect"_s << u"0.3 mm"_s;
    QTest::newRow("decoder without layer4") << u"decoder"_s << u"full"_s;
}

void TestMemSegOptions::badCombinationsAreRefused()
{
    QFETCH(QString, key);
    QFETCH(QString, text);
    MemSegOptions options;
    options.set(key, text);
    QVERIFY_THROWS_EXCEPTION(Error, options.validate());
}

void TestMemSegOptions::millimetresNeedTheScale()
{
    MemSegOptions options;
    QCOMPARE(options.smallestDefectPixels(), 0.0);
    options.set(u"smallest_defect"_s, u"0.3 mm"_s);
    options.set(u"pixels_per_mm"_s, u"40"_s);
    options.validate();
    QCOMPARE(options.smallestDefectPixels(), 12.0);
    QCOMPARE(MemSegOptions::fromJson(options.toJson()).smallestDefectPixels(), 12.0);
    options.set(u"smallest_defect"_s, u"9"_s);
    QCOMPARE(options.smallestDefectPixels(), 9.0);
    options.set(u"smallest_defect"_s, QString());
    QCOMPARE(options.smallestDefectPixels(), 0.0);
}

void TestMemSegOptions::architectureNamesDecoderAndWidth()
{
    MemSegOptions options;
    QCOMPARE(options.architecture(), u"memseg-mobilenetv2-light"_s);
    options.set(u"profile"_s, u"paper"_s);
    QCOMPARE(options.architecture(), u"memseg-resnet18-full"_s);
    QVERIFY(!options.nearestGood && !options.keepAspect);
    QCOMPARE(options.simulator.shapeProbability, 0.0);
    options.decoder = u"lite"_s;
    options.width = 32;
    QCOMPARE(options.architecture(), u"memseg-resnet18-lite-w32"_s);
}

QTEST_GUILESS_MAIN(TestMemSegOptions)
#include "tst_memseg_options.moc"
