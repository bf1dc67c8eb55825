// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/weights/model_file.h"
#include "tests/support/test_images.h"

#include <QtCore/QFile>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QTemporaryDir>
#include <QtCore/QTimeZone>
#include <QtTest/QTest>

#include <cstring>
#include <limits>
#include <memory>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

ModelInfo sampleInfo()
{
    ModelInfo info;
    info.method = u"memseg"_s;
    info.architecture = u"memseg-resnet18-full-w32"_s;
    info.options = {{u"decoder"_s, u"full"_s}, {u"width"_s, 32}};
    info.preprocessing.width = 320;
    info.preprocessing.height = 192;
    info.preprocessing.window16 = {100.0, 4095.0};
    info.calibration = {{u"kind"_s, u"good"_s}, {u"images"_s, 17}};
    info.thresholds = {0.7123456789012345, 0.6, 0.55, 24};
    info.trainingRun = 9007199254740993; // not a double
    info.dataHash = u"abc"_s;
    info.created = QDateTime(QDate(2026, 11, 22), QTime(21, 5, 6), QTimeZone(3600));
    info.programVersion = u"0.1.0"_s;
    info.metrics = {{u"image_auroc"_s, 0.98}};
    return info;
}

const std::vector<float>& sampleValues()
{
    static const std::vector<float> kValues{1.0f, -2.0f, 3.5f};
    return kValues;
}

std::vector<NamedTensor> sampleTensors()
{
    const auto* data = reinterpret_cast<const unsigned char*>(sampleValues().data());
    return {{"decoder.conv.weight", {DType::F32, {3}, data, 12}}, {"flags", {DType::U8, {3}, data, 3}}};
}

} // namespace

class TestModelFile : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void keepsEverything();
    void storesUtc();
    void refusesWithRemedy_data();
    void refusesWithRemedy();
    void refusesTruncatedFiles();
    void refusesToWriteWhatCannotBeRead();
    void updatesThresholdsAlone();
    void changesAreNoticed();
    void failedUpdateKeepsTheFile();

private:
    QString filePath() const { return m_dir->filePath(u"Prüfung 型.safetensors"_s); }
    QByteArray bytes() const
    {
        QFile file(filePath());
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestModelFile::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    QVERIFY(m_dir->isValid());
}

void TestModelFile::keepsEverything()
{
    const ModelInfo written = sampleInfo();
    writeModelFile(filePath(), written, sampleTensors());
    const ModelInfo read = readModelInfo(filePath(), u"memseg"_s);
    QCOMPARE(read.method, written.method);
    QCOMPARE(read.architecture, written.architecture);
    QCOMPARE(read.options, written.options);
    QCOMPARE(read.preprocessing.toJson(), written.preprocessing.toJson());
    QCOMPARE(read.calibration, written.calibration);
    QCOMPARE(read.thresholds.score, written.thresholds.score);
    QCOMPARE(read.thresholds.toJson(), written.thresholds.toJson());
    QCOMPARE(read.trainingRun, written.trainingRun);
    QCOMPARE(read.dataHash, written.dataHash);
    QCOMPARE(read.created, written.created);
    QCOMPARE(read.programVersion, written.programVersion);
    QCOMPARE(read.metrics, written.metrics);

    const SafetensorsFile file(filePath());
    QCOMPARE(file.names().size(), std::size_t(2));
    QCOMPARE(std::memcmp(file.view("decoder.conv.weight").data, sampleValues().data(), 12), 0);
}

void TestModelFile::storesUtc()
{
    writeModelFile(filePath(), sampleInfo(), {});
    const auto json =
        QJsonDocument::fromJson(SafetensorsFile(filePath()).metadata().value(u"lynceus"_s).toUtf8()).object();
    QCOMPARE(json[u"created"_s].toString(), u"2026-11-22T20:05:06Z"_s);
    QCOMPARE(json[u"format_version"_s].toInt(), 1);
}

void TestModelFile::refusesWithRemedy_data()
{
    QTest::addColumn<QString>("lynceus"); // null: no such entry
    QTest::addColumn<QString>("word");
    writeModelFile(filePath(), sampleInfo(), {});
    const QByteArray good = SafetensorsFile(filePath()).metadata().value(u"lynceus"_s).toUtf8();
    const auto changed = [&](const QString& key, const QJsonValue& value) {
        QJsonObject json = QJsonDocument::fromJson(good).object();
        json[key] = value;
        return QString::fromUtf8(QJsonDocument(json).toJson());
    };
    QTest::newRow("weights only") << QString() << u"not a Lynceus model"_s;
    QTest::newRow("empty") << u""_s << u"damaged"_s;
    QTest::newRow("not JSON") << u"{\"format_version\":"_s << u"damaged"_s;
    QTest::newRow("array") << u"[1]"_s << u"damaged"_s;
    QTest::newRow("no version") << u"{}"_s << u"damaged"_s;
    QTest::newRow("version 0") << changed(u"format_version"_s, 0) << u"damaged"_s;
    QTest::newRow("version as text") << changed(u"format_version"_s, u"1"_s) << u"damaged"_s;
    QTest::newRow("newer") << changed(u"format_version"_s, 2) << u"newer version"_s;
    QTest::newRow("another method") << changed(u"method"_s, u"raft"_s) << u"raft"_s;
    QTest::newRow("no thresholds") << changed(u"thresholds"_s, QJsonValue::Null) << u"damaged"_s;
    Thresholds beyond;
    beyond.score = 2.0;
    QTest::newRow("threshold beyond the scale") << changed(u"thresholds"_s, beyond.toJson()) << u"score"_s;
    QTest::newRow("absurd size") << changed(u"preprocessing"_s, QJsonObject{{u"width"_s, -5}}) << u"damaged"_s;
}

void TestModelFile::refusesWithRemedy()
{
    QFETCH(QString, lynceus);
    QFETCH(QString, word);
    QMap<QString, QString> metadata;
    if (!lynceus.isNull())
        metadata[u"lynceus"_s] = lynceus;
    writeSafetensors(filePath(), sampleTensors(), metadata);
    try {
        readModelInfo(filePath(), u"memseg"_s);
        QFAIL("was accepted");
    } catch (const Error& error) {
        QCOMPARE(int(error.kind()), int(ErrorKind::Format));
        QVERIFY2(error.message().contains(word), qPrintable(error.message()));
        QVERIFY(error.message().contains(filePath()));
        QVERIFY(!error.remedy().isEmpty());
    }
}

void TestModelFile::refusesTruncatedFiles()
{
    writeModelFile(filePath(), sampleInfo(), sampleTensors());
    const QByteArray whole = bytes();
    for (const qsizetype size : {qsizetype(0), qsizetype(5), qsizetype(100), whole.size() - 1}) {
        QVERIFY(QFile::resize(filePath(), size));
        QVERIFY_THROWS_EXCEPTION(Error, readModelInfo(filePath()));
    }
}

void TestModelFile::refusesToWriteWhatCannotBeRead()
{
    ModelInfo info = sampleInfo();
    info.thresholds.score = std::numeric_limits<double>::quiet_NaN();
    QVERIFY_THROWS_EXCEPTION(Error, writeModelFile(filePath(), info, {}));
    QVERIFY(!QFile::exists(filePath()));
}

void TestModelFile::updatesThresholdsAlone()
{
    writeModelFile(filePath(), sampleInfo(), sampleTensors());
    // An entry of a later version of this format and foreign metadata survive.
    QMap<QString, QString> metadata = SafetensorsFile(filePath()).metadata();
    QJsonObject json = QJsonDocument::fromJson(metadata[u"lynceus"_s].toUtf8()).object();
    json[u"station"_s] = u"7"_s;
    metadata = {{u"lynceus"_s, QString::fromUtf8(QJsonDocument(json).toJson())}, {u"format"_s, u"pt"_s}};
    writeSafetensors(filePath(), sampleTensors(), metadata);
    const auto dataOf = [this] { return bytes().last(15); };
    const QByteArray data = dataOf();

    const Thresholds thresholds{0.9, 0.8, 0.7, 100};
    updateModelThresholds(filePath(), thresholds, {{u"kind"_s, u"labelled"_s}});

    const SafetensorsFile file(filePath());
    const ModelInfo info = readModelInfo(file);
    QCOMPARE(info.thresholds.toJson(), thresholds.toJson());
    QCOMPARE(info.calibration, (QJsonObject{{u"kind"_s, u"labelled"_s}}));
    QCOMPARE(info.options, sampleInfo().options);
    QCOMPARE(info.trainingRun, sampleInfo().trainingRun);
    QCOMPARE(info.created, sampleInfo().created);
    QCOMPARE(dataOf(), data);
    QCOMPARE(file.metadata().value(u"format"_s), u"pt"_s);
    QVERIFY(file.metadata().value(u"lynceus"_s).contains(u"station"_s));
}

void TestModelFile::changesAreNoticed()
{
    writeModelFile(filePath(), sampleInfo(), sampleTensors());
    const QString hash = verifiedTensors(SafetensorsFile(filePath()));
    updateModelThresholds(filePath(), {0.75, 0.75, 0.5, 16}, {});
    QCOMPARE(verifiedTensors(SafetensorsFile(filePath())), hash);

    const QByteArray whole = bytes();
    const auto error = [&](const QByteArray& content) {
        QFile file(filePath());
        if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size())
            return u"not written"_s;
        file.close();
        return test::errorTextOf([&] { verifiedTensors(SafetensorsFile(filePath())); });
    };
    QCOMPARE(error(whole), QString());
    const auto isRefused = [&](const QByteArray& before, const QByteArray& after) {
        QByteArray changed = whole;
        const QString text = error(changed.replace(before, after));
        return changed.size() == whole.size() && changed != whole && text.contains(filePath());
    };
    QVERIFY(isRefused("0.75", "0.95"));                               // a threshold
    QVERIFY(isRefused("decoder.conv.weight", "decoder.conv.weighs")); // a name
    QByteArray last = whole;
    last.back() = char(last.back() ^ 4);
    QVERIFY(error(last).contains(filePath()));
    QVERIFY(test::errorTextOf([&] { updateModelThresholds(filePath(), {}, {}); }).contains(filePath()));
    QCOMPARE(bytes(), last); // not sealed again
    // Files from before there was a seal have none to compare with.
    writeSafetensors(filePath(), sampleTensors());
    QCOMPARE(verifiedTensors(SafetensorsFile(filePath())), hash);
}

void TestModelFile::failedUpdateKeepsTheFile()
{
    writeModelFile(filePath(), sampleInfo(), sampleTensors());
    const QByteArray before = bytes();
    const Thresholds upsideDown{0.5, 0.8, 0.5, 16};
    QVERIFY_THROWS_EXCEPTION(Error, updateModelThresholds(filePath(), upsideDown, {}));
    QCOMPARE(bytes(), before);
    QVERIFY_THROWS_EXCEPTION(Error, updateModelThresholds(m_dir->filePath(u"nichts"_s), {}, {}));
}

QTEST_GUILESS_MAIN(TestModelFile)
#include "tst_model_file.moc"
