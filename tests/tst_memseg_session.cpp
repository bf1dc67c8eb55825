// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/memseg/bench.h"
#include "core/memseg/inference.h"
#include "core/memseg/model.h"
#include "core/memseg/session.h"
#include "core/nn/state_dict.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"

#include <QtCore/QFile>
#include <QtCore/QJsonArray>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

MemSegOptions smallOptions()
{
    MemSegOptions options = MemSegOptions::paper();
    options.width = 16;
    options.memoryImages = 4;
    options.preprocessing.width = 96;
    options.preprocessing.height = 64;
    return options;
}

cv::Mat picture(cv::Size size, int type = CV_8UC3)
{
    cv::Mat image(size, type);
    cv::RNG random(7);
    random.fill(image, cv::RNG::UNIFORM, 0, CV_MAT_DEPTH(type) == CV_16U ? 65536 : 256);
    cv::GaussianBlur(image, image, {}, 3.0);
    return image;
}

double largestDifference(const cv::Mat& a, const cv::Mat& b)
{
    return cv::norm(a, b, cv::NORM_INF);
}

} // namespace

class TestMemSegSession : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void cleanup() { setThreads(0); }
    void inspectFillsTheResult();
    void mapIsThatOfTheNetworkAsWritten();
    void threadsDoNotMatter();
    void imagesOfManyKinds_data();
    void imagesOfManyKinds();
    void emptyImageIsRefused();
    void thresholdsOfTheSessionDecide();
    void halfPrecisionHardlyMovesScores();
    void brokenFilesAreRefused_data();
    void brokenFilesAreRefused();
    void whatWouldPassEverythingIsRefused();
    void benchTimesTheNetworkPath();

private:
    /// Writes the model again with `change` applied to its tensors.
    template <class Change>
    QString changed(const QString& name, Change change) const;

    QTemporaryDir m_folder;
    QString m_file;
};

void TestMemSegSession::initTestCase()
{
    QVERIFY(m_folder.isValid());
    m_file = m_folder.filePath(u"modèle ✓.safetensors"_s);
    MemSegModel model = untrainedMemSegModel(smallOptions());
    model.info.thresholds.score = 0.25;
    model.info.thresholds.review = 0.25;
    saveMemSegModel(m_file, model);
}

template <class Change>
QString TestMemSegSession::changed(const QString& name, Change change) const
{
    const SafetensorsFile file(m_file);
    StateDict tensors = readStateDict(file);
    ModelInfo info = readModelInfo(file);
    change(tensors, info);
    std::vector<torch::Tensor> storage;
    QString path = m_folder.filePath(name);
    writeModelFile(path, info, viewsOf(tensors, storage));
    return path;
}

void TestMemSegSession::inspectFillsTheResult()
{
    const auto session = MemSegSession::load(m_file);
    QCOMPARE(session->modelFile(), m_file);
    QCOMPARE(session->modelHash(), fileSha256(m_file));
    QCOMPARE(session->info().architecture, u"memseg-resnet18-full-w16"_s);
    QCOMPARE(session->thresholds().score, 0.25);

    const cv::Mat image = picture({301, 177});
    Thresholds thresholds = session->thresholds();
    thresholds.score = thresholds.review = thresholds.pixel = 0.0;
    session->setThresholds(thresholds);
    const AnomalyResult result = session->inspect(image);
    QVERIFY(result.map.size() == cv::Size(96, 64)); // whatever the size of the image
    QVERIFY(result.sourceSize() == image.size());
    QCOMPARE(result.map.type(), CV_32F);
    double low = -1.0;
    double high = 2.0;
    cv::minMaxLoc(result.map, &low, &high);
    QVERIFY(low >= 0.0 && high <= 1.0 && high > low);
    const cv::Mat map = session->mapAtNetworkSize(image);
    QCOMPARE(largestDifference(map, result.map), 0.0);
    QCOMPARE(result.score, imageScore(map));
    QVERIFY(result.verdict == judge(result.score, thresholds));
    QVERIFY(result.nearestGood >= 0 && result.nearestGood < 4);
    QCOMPARE(result.regions.size(), std::size_t(1));
    QVERIFY(result.regions[0].box == cv::Rect({}, image.size()));
    QVERIFY(result.times.prepare > 0.0 && result.times.infer > 0.0 && result.times.post > 0.0);
    QCOMPARE(result.times.load, 0.0);
    QCOMPARE(result.times.align, 0.0); // this model takes pictures as they are
}

void TestMemSegSession::mapIsThatOfTheNetworkAsWritten()
{
    MemSegModel model = loadMemSegModel(m_file);
    const cv::Mat image = picture({96, 64});
    torch::Tensor wanted;
    {
        const torch::InferenceMode guard;
        const auto features = model.network->encode(imageToTensor(prepare(image, model.info.preprocessing)));
        const auto match = model.bank.match({features[1], features[2], features[3]});
        wanted = torch::softmax(model.network->decode(features, match.difference), 1)[0][1].contiguous();
    }
    const auto session = MemSegSession::load(m_file);
    QVERIFY(largestDifference(session->mapAtNetworkSize(image), tensorToMap(wanted)) < 1e-5);
}

void TestMemSegSession::threadsDoNotMatter()
{
    const auto session = MemSegSession::load(m_file);
    const cv::Mat image = picture({200, 150});
    setThreads(1);
    const AnomalyResult one = session->inspect(image);
    setThreads(2);
    const AnomalyResult two = session->inspect(image);
    const AnomalyResult again = session->inspect(image);
    QVERIFY(largestDifference(one.map, two.map) < 1e-5);
    QCOMPARE(largestDifference(two.map, again.map), 0.0);
    QCOMPARE(two.score, again.score);
    QCOMPARE(one.nearestGood, two.nearestGood);
}

void TestMemSegSession::imagesOfManyKinds_data()
{
    QTest::addColumn<int>("type");
    QTest::newRow("grey") << int(CV_8UC1);
    QTest::newRow("alpha") << int(CV_8UC4);
    QTest::newRow("16 bit") << int(CV_16UC3);
    QTest::newRow("grey 16 bit") << int(CV_16UC1);
}

void TestMemSegSession::imagesOfManyKinds()
{
    QFETCH(int, type);
    const auto session = MemSegSession::load(m_file);
    const AnomalyResult result = session->inspect(picture({50, 40}, type));
    QVERIFY(result.sourceMap().size() == cv::Size(50, 40));
    QVERIFY(std::isfinite(result.score));
}

void TestMemSegSession::emptyImageIsRefused()
{
    const auto session = MemSegSession::load(m_file);
    QVERIFY_THROWS_EXCEPTION(Error, session->inspect({}));
    QVERIFY_THROWS_EXCEPTION(Error, session->inspect(cv::Mat::zeros(8, 8, CV_32FC3)));
}

void TestMemSegSession::thresholdsOfTheSessionDecide()
{
    const auto session = MemSegSession::load(m_file);
    const cv::Mat image = picture({96, 64});
    Thresholds thresholds;
    thresholds.score = 2.0;
    thresholds.review = 2.0;
    session->setThresholds(thresholds);
    QVERIFY(session->inspect(image).verdict == Verdict::Ok);
    thresholds.score = 0.0;
    thresholds.review = 0.0;
    session->setThresholds(thresholds);
    QVERIFY(session->inspect(image).verdict == Verdict::Ng);
    QCOMPARE(MemSegSession::load(m_file)->thresholds().score, 0.25);
}

void TestMemSegSession::halfPrecisionHardlyMovesScores()
{
    const MemSegModel model = untrainedMemSegModel(smallOptions());
    const QString whole = m_folder.filePath(u"whole.safetensors"_s);
    const QString half = m_folder.filePath(u"half.safetensors"_s);
    saveMemSegModel(whole, model, false);
    saveMemSegModel(half, model, true);
    QVERIFY(QFile(half).size() < 0.6 * double(QFile(whole).size()));
    const cv::Mat image = picture({96, 64});
    const double before = MemSegSession::load(whole)->inspect(image).score;
    const double after = MemSegSession::load(half)->inspect(image).score;
    QVERIFY2(std::abs(before - after) < 1e-3, qPrintable(QString::number(before - after)));
}

void TestMemSegSession::brokenFilesAreRefused_data()
{
    QTest::addColumn<QString>("path");
    QTest::addColumn<int>("kind");
    QTest::newRow("missing") << m_folder.filePath(u"keins ä.safetensors"_s) << int(ErrorKind::File);

    QFile whole(m_file);
    QVERIFY(whole.open(QIODevice::ReadOnly));
    QFile cut(m_folder.filePath(u"cut.safetensors"_s));
    QVERIFY(cut.open(QIODevice::WriteOnly));
    cut.write(whole.read(whole.size() / 2));
    cut.close();
    QTest::newRow("truncated") << cut.fileName() << int(ErrorKind::Format);

    QTest::newRow("other method") << changed(u"method.safetensors"_s, [](StateDict&, ModelInfo& info) {
        info.method = u"u2net"_s;
    }) << int(ErrorKind::Format);
    QTest::newRow("missing key") << changed(u"missing.safetensors"_s, [](StateDict& tensors, ModelInfo&) {
        tensors.erase("decoder.conv.bias");
    }) << int(ErrorKind::Model);
    QTest::newRow("unknown key") << changed(u"unknown.safetensors"_s, [](StateDict& tensors, ModelInfo&) {
        tensors["decoder.conv9.bias"] = torch::zeros({3});
    }) << int(ErrorKind::Model);
    QTest::newRow("misshapen") << changed(u"shape.safetensors"_s, [](StateDict& tensors, ModelInfo&) {
        tensors["decoder.conv.bias"] = torch::zeros({3});
    }) << int(ErrorKind::Model);
    QTest::newRow("no memory") << changed(u"memory.safetensors"_s, [](StateDict& tensors, ModelInfo&) {
        tensors.erase("memory.level1");
    }) << int(ErrorKind::Model);
    QTest::newRow("memory of another size") << changed(u"size.safetensors"_s, [](StateDict& tensors, ModelInfo&) {
        auto& level = tensors["memory.level0"];
        level = level.narrow(3, 0, level.size(3) / 2).contiguous();
    }) << int(ErrorKind::Model);
    QTest::newRow("uneven memory") << changed(u"uneven.safetensors"_s, [](StateDict& tensors, ModelInfo&) {
        auto& level = tensors["memory.level2"];
        level = level.narrow(0, 0, 2).contiguous();
    }) << int(ErrorKind::Model);
    for (const char* name : {"feature_extractor.conv1.weight", "decoder.conv.bias", "memory.level1"}) {
        for (const double value : {std::nan(""), HUGE_VAL}) {
            const QString file = u"%1 %2.safetensors"_s.arg(QLatin1String(name)).arg(value);
            QTest::addRow("%s with %g", name, value)
                << changed(file, [&](StateDict& tensors, ModelInfo&) { tensors[name].view(-1)[7] = value; })
                << int(ErrorKind::Model);
        }
    }
    QFile bit(m_folder.filePath(u"bit.safetensors"_s));
    QVERIFY(QFile::copy(m_file, bit.fileName()));
    QVERIFY(bit.open(QIODevice::ReadWrite));
    QVERIFY(bit.seek(bit.size() - 10'000));
    const QByteArray byte = bit.peek(1);
    QCOMPARE(bit.write(QByteArray(1, char(byte[0] ^ 1))), qint64(1));
    bit.close();
    QTest::newRow("a bit") << bit.fileName() << int(ErrorKind::Format);
    QTest::newRow("bad options") << changed(u"options.safetensors"_s, [](StateDict&, ModelInfo& info) {
        info.options[u"width"_s] = 13;
    }) << int(ErrorKind::Model);
}

void TestMemSegSession::brokenFilesAreRefused()
{
    QFETCH(QString, path);
    QFETCH(int, kind);
    try {
        MemSegSession::load(path);
        QFAIL("a broken file was loaded");
    } catch (const Error& error) {
        QVERIFY2(int(error.kind()) == kind, error.what());
        QVERIFY2(error.message().contains(path), error.what());
        QVERIFY(!error.remedy().isEmpty());
    }
}

void TestMemSegSession::whatWouldPassEverythingIsRefused()
{
    MemSegOptions options = smallOptions();
    options.nearestGood = true;
    options.ignoreBackground = true;
    options.decoder = u"none"_s;
    MemSegModel model = untrainedMemSegModel(options);
    model.part = cv::Mat(64, 96, CV_8U, cv::Scalar(255));
    const QString file = m_folder.filePath(u"Zweig.safetensors"_s);
    const auto refusal = [&] {
        saveMemSegModel(file, model);
        try {
            loadMemSegModel(file);
        } catch (const Error& error) {
            return error.message();
        }
        return QString();
    };
    QCOMPARE(refusal(), QString());
    model.fusion.spread = 1e308;
    QVERIFY2(refusal().contains(file) && refusal().contains(u"spread"_s), qPrintable(refusal()));
    model.fusion = {};
    model.fusion.weight = 1.0; // of a decoder that is not there
    QVERIFY2(refusal().contains(file), qPrintable(refusal()));
    model.fusion.weight = 0.0;
    model.part.setTo(0);
    QVERIFY2(refusal().contains(file), qPrintable(refusal()));
    model.part(cv::Rect(0, 0, 9, 11)).setTo(255);
    QVERIFY2(refusal().contains(file), qPrintable(refusal()));
    model.part(cv::Rect(0, 0, 10, 10)).setTo(255);
    QCOMPARE(refusal(), QString());
}

void TestMemSegSession::benchTimesTheNetworkPath()
{
    const QJsonObject json = benchMemSeg({96, 64}, 3, smallOptions());
    QCOMPARE(json[u"name"_s].toString(), u"memseg"_s);
    QCOMPARE(json[u"width"_s].toInt(), 96);
    QCOMPARE(json[u"height"_s].toInt(), 64);
    QCOMPARE(json[u"runs"_s].toInt(), 3);
    const QJsonObject engine = json[u"engines"_s].toArray().at(0).toObject();
    const QJsonObject latency = engine[u"latency_ms"_s].toObject();
    QVERIFY(latency[u"min"_s].toDouble() > 0.0);
    QVERIFY(latency[u"p99"_s].toDouble() >= latency[u"p50"_s].toDouble());
    for (const QString& stage : {u"load"_s, u"prepare"_s, u"encode"_s, u"match"_s, u"decode"_s})
        QVERIFY2(json[u"stage_ms"_s][stage].toDouble() > 0.0, qPrintable(stage));
    QVERIFY_THROWS_EXCEPTION(Error, benchMemSeg({100, 64}, 3, smallOptions()));
    QVERIFY_THROWS_EXCEPTION(Error, benchMemSeg({96, 64}, 0, smallOptions()));
}

QTEST_GUILESS_MAIN(TestMemSegSession)
#include "tst_memseg_session.moc"
