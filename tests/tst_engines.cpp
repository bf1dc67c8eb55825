// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/engines/engine_choice.h"
#include "core/engines/engine_compiler.h"
#include "core/engines/engine_file.h"
#include "core/engines/network_set.h"
#include "core/engines/parity_gate.h"
#include "core/nn/layers.h"
#include "core/nn/network_bench.h"
#include "core/nn/torch.h"
#include "core/raft/gate_subject.h"
#include "core/u2net/gate_subject.h"
#include "core/weights/safetensors.h"
#include "tests/support/needs_engine.h"
#include "tests/support/test_images.h"

#include <QtCore/QDir>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <opencv2/imgproc.hpp>

#include <limits>
#include <memory>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

constexpr int kSide = 128;

/// A network of a method with random weights from `seed`.
std::unique_ptr<GateSubject> subjectOf(const QString& method, std::uint64_t seed)
{
    torch::manual_seed(seed);
    if (method == u"u2net"_s) {
        U2Net net(u"u2netp"_s);
        initialise(*net, seed);
        prepareForInference(*net);
        net->foldBatchNorms();
        return std::make_unique<U2NetGateSubject>(net, cv::Size(kSide, kSide), u"u2netp"_s);
    }
    Raft net(u"raft-small"_s);
    prepareForInference(*net);
    net->foldBatchNorms();
    return std::make_unique<RaftGateSubject>(net, cv::Size(kSide, kSide), 2, u"raft-small"_s);
}

/// Pictures for a method; for RAFT with a second one that moved.
std::vector<GateImage> imagesOf(const QString& method, int count)
{
    std::vector<GateImage> images;
    for (int i = 0; i < count; ++i) {
        cv::Mat picture;
        benchPicture({kSide, kSide}, std::uint64_t(i)).convertTo(picture, CV_8U);
        if (method == u"raft"_s) {
            cv::Mat moved;
            cv::warpAffine(picture, moved, cv::Matx23d(1.0, 0.0, 3.0, 0.0, 1.0, -2.0), picture.size(), cv::INTER_LINEAR,
                           cv::BORDER_REPLICATE);
            cv::merge(std::vector<cv::Mat>{picture, moved}, picture);
        }
        images.push_back({u"Bild %1"_s.arg(i), picture, false});
    }
    return images;
}

/// Outcomes are what the images' names say; nothing is computed.
class Fake final : public GateSubject
{
public:
    QString model() const override { return u"fake"_s; }
    GateMeasure measure() const override { return GateMeasure::Flow; }
    double mostShift() const override { return 3.0; }
    NamedTensors inputs(const GateImage& image) const override
    {
        return {{"value", torch::full({1}, image.name.toDouble())}};
    }
    std::vector<GateNetwork> networks(const std::vector<NamedTensors>&) override { return {}; }
    GateRun runWith(NetworkRunners) override { return outcome(0.0); }
    /// The input's value and `more`.
    static GateRun outcome(double more)
    {
        return [more](const NamedTensors& inputs) -> cv::Mat {
            return cv::Mat(1, 1, CV_64F, cv::Scalar(tensorOf(inputs, "value").item<double>() + more));
        };
    }
    GateShift compare(const cv::Mat& wanted, const cv::Mat& got) const override
    {
        GateShift found;
        found.rise = got.at<double>(0) - wanted.at<double>(0);
        found.shift = std::abs(found.rise);
        found.room = 10.0 - wanted.at<double>(0);
        found.mapShift = found.shift;
        found.text = u"moved by %1"_s.arg(found.shift);
        return found;
    }
};

} // namespace

class TestEngines : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void methodsCompileAndChoose_data();
    void methodsCompileAndChoose();
    void otherNetworksAreBlocked_data();
    void otherNetworksAreBlocked();
    void limitsAreTheSubjects();
    void goodImagesKeepTheirMargin();
    void noNumberIsAChange();
    void filesOfBeforeOpen();
    void imagesKeepTheirChannels();

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_model; ///< of which there is no file
};

void TestEngines::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    m_model = m_folder->filePath(u"Prüfmodell ✓.safetensors"_s);
}

void TestEngines::methodsCompileAndChoose_data()
{
    QTest::addColumn<QString>("method");
    QTest::addColumn<QString>("words"); ///< of the summary
    QTest::newRow("u2net") << u"u2net"_s << u"masks apart"_s;
    QTest::newRow("raft") << u"raft"_s << u"pixels"_s;
}

void TestEngines::methodsCompileAndChoose()
{
    NEEDS(Engine::OpenVinoFp32);
    QFETCH(QString, method);
    QFETCH(QString, words);
    const auto subject = subjectOf(method, 1);
    CompileRequest request;
    request.searchSeconds = 0.0;
    request.cacheFolder = m_folder->filePath(u"cache"_s);
    const auto reports = compileEngines(*subject, m_model, {imagesOf(method, 4), imagesOf(method, 6)}, request);
    QCOMPARE(reports.front().engine, Engine::OpenVinoFp32);
    QVERIFY2(reports.front().passed(), qPrintable(reports.front().summary()));
    QVERIFY2(reports.front().summary().contains(words), qPrintable(reports.front().summary()));
    QCOMPARE(reports.front().images, 6);
    QCOMPARE(reports.front().limit, subject->mostShift());
    for (const GateReport& report : reports)
        QVERIFY2(report.failure.isEmpty(), qPrintable(report.failure));

    const EngineSet set = loadEngineSet(engineFile(m_model));
    QCOMPARE(set.plain.size(), std::size_t(1));
    QCOMPARE(set.plain.begin()->first, method.toStdString());
    QCOMPARE(set.images.size(), std::size_t(6));
    QCOMPARE(set.reports.front().measure, subject->measure());

    SessionOptions options;
    options.cacheFolder = request.cacheFolder;
    options.engine = Engine::OpenVinoFp32;
    EngineChoice choice = chooseEngine(*subject, m_model, options);
    QVERIFY2(choice.note.isEmpty(), qPrintable(choice.note));
    QCOMPARE(choice.networks.at(method.toStdString())->engine(), std::string("openvino-fp32"));
    const GateImage unseen = imagesOf(method, 9).back();
    const cv::Mat wanted = subject->runWith({})(subject->inputs(unseen));
    const cv::Mat got = subject->runWith(std::move(choice.networks))(subject->inputs(unseen));
    const GateShift found = subject->compare(wanted, got);
    QVERIFY2(found.shift <= 0.1 * subject->mostShift(), qPrintable(found.text));
    QVERIFY(cv::norm(wanted, cv::NORM_INF) > 0.0);

    options.engine = Engine::LibTorch;
    QVERIFY(chooseEngine(*subject, m_model, options).networks.empty());
}

void TestEngines::otherNetworksAreBlocked_data()
{
    methodsCompileAndChoose_data();
}

void TestEngines::otherNetworksAreBlocked()
{
    NEEDS(Engine::OpenVinoFp32);
    QFETCH(QString, method);
    const auto subject = subjectOf(method, 1);
    EngineSet set;
    set.model = subject->model();
    set.machine = u"a machine where they agreed"_s;
    set.plain = translateNetworks(subjectOf(method, 2)->networks({}));
    set.images = imagesOf(method, 3);
    saveEngineSet(engineFile(m_model), set);
    SessionOptions options;
    options.engine = Engine::OpenVinoFp32;
    const EngineChoice choice = chooseEngine(*subject, m_model, options);
    QVERIFY(choice.networks.empty());
    QVERIFY2(choice.note.contains(u"blocked"_s), qPrintable(choice.note));

    set.model = u"another"_s;
    saveEngineSet(engineFile(m_model), set);
    QVERIFY(chooseEngine(*subject, m_model, options).note.contains(u"another model"_s));
}

void TestEngines::limitsAreTheSubjects()
{
    Fake subject;
    const std::vector<GateImage> images{{u"1"_s, {}, false}, {u"2"_s, {}, false}};
    const auto reports = compareEngines(
        subject, {{Engine::OpenVinoFp32, Fake::outcome(3.0)}, {Engine::OpenVinoBf16, Fake::outcome(-3.125)}}, images);
    QVERIFY2(reports[0].passed(), qPrintable(reports[0].summary()));
    QCOMPARE(reports[0].shift, 3.0);
    QVERIFY(reports[0].worst.isEmpty());
    QVERIFY(!reports[1].passed());
    QVERIFY2(reports[1].summary().contains(u"pixels"_s), qPrintable(reports[1].summary()));
    QCOMPARE(reports[1].worst, (QStringList{u"1: moved by 3.125"_s, u"2: moved by 3.125"_s}));
    const GateReport read = GateReport::fromJson(reports[1].toJson());
    QCOMPARE(read.measure, GateMeasure::Flow);
    QCOMPARE(read.limit, 3.0);
    QVERIFY(!read.passed());
    QJsonObject unknown = reports[0].toJson();
    unknown[u"measure"_s] = u"taste"_s;
    QVERIFY_THROWS_EXCEPTION(Error, GateReport::fromJson(unknown));
}

void TestEngines::goodImagesKeepTheirMargin()
{
    Fake subject;
    const std::vector<GateEngine> engine{{Engine::OpenVinoFp32, Fake::outcome(1.0)}};
    const auto reportOf = [&](bool good, const QString& value) {
        return compareEngines(subject, engine, {{value, {}, good}}).front();
    };
    QVERIFY(reportOf(true, u"8.5"_s).passed());
    QCOMPARE(reportOf(true, u"8.5"_s).margin, 1.5);
    QVERIFY(!reportOf(true, u"9.5"_s).passed());
    QVERIFY(reportOf(false, u"9.5"_s).passed());
    QVERIFY(reportOf(true, u"12"_s).passed()); // it was rejected before
}

void TestEngines::noNumberIsAChange()
{
    Fake subject;
    for (const double value : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        const GateReport report =
            compareEngines(subject, {{Engine::OpenVinoFp32, Fake::outcome(value)}}, {{u"1"_s, {}, true}}).front();
        QVERIFY(!report.passed());
        QCOMPARE(report.verdictsChanged, 1);
        QCOMPARE(report.worst.size(), 1);
        QVERIFY(!GateReport::fromJson(report.toJson()).passed()); // it can be kept
    }
}

/// A file as the program wrote it when there was nothing but MemSeg: reports without measure and limit.
void TestEngines::filesOfBeforeOpen()
{
    GateReport report;
    report.engine = Engine::OpenVinoFp32;
    report.images = 8;
    report.shift = 0.04;
    QJsonObject old = report.toJson();
    old.remove(u"measure"_s);
    old.remove(u"limit"_s);
    const QByteArray parts[] = {"<encoder/>", "weights 1", "<decoder/>", "weights 2"};
    const std::vector<unsigned char> pixels(2 * 4 * 4 * 3, 7);
    const auto view = [](const QByteArray& bytes) {
        return TensorView{DType::U8,
                          {bytes.size()},
                          reinterpret_cast<const unsigned char*>(bytes.constData()),
                          std::size_t(bytes.size())};
    };
    const std::vector<NamedTensor> tensors{{"plain.encoder.xml", view(parts[0])},
                                           {"plain.encoder.bin", view(parts[1])},
                                           {"plain.decoder.xml", view(parts[2])},
                                           {"plain.decoder.bin", view(parts[3])},
                                           {"images", {DType::U8, {2, 4, 4, 3}, pixels.data(), pixels.size()}}};
    const QJsonObject entry{{u"format_version"_s, 3},
                            {u"model"_s, u"identity"_s},
                            {u"machine"_s, u"machine"_s},
                            {u"engine"_s, u"auto"_s},
                            {u"thresholds"_s, Thresholds().toJson()},
                            {u"reports"_s, QJsonArray{old}},
                            {u"images"_s, QJsonArray{QJsonObject{{u"name"_s, u"a"_s}, {u"good"_s, true}},
                                                     QJsonObject{{u"name"_s, u"b"_s}, {u"good"_s, false}}}}};
    const QString text = QString::fromUtf8(QJsonDocument(entry).toJson(QJsonDocument::Compact));
    const QString path = engineFile(m_model);
    writeSafetensors(path, tensors, sealed({{u"lynceus_engines"_s, text}}, tensors));

    const EngineSet set = loadEngineSet(path);
    QCOMPARE(set.model, u"identity"_s);
    QCOMPARE(set.reports.size(), std::size_t(1));
    QCOMPARE(set.reports[0].measure, GateMeasure::Score);
    QCOMPARE(set.reports[0].limit, GateReport::kMostScoreShift);
    QVERIFY(set.reports[0].passed());
    QCOMPARE(set.plain.at("encoder").xml, parts[0]);
    QCOMPARE(set.plain.at("encoder").bin, parts[1]);
    QCOMPARE(set.plain.at("decoder").xml, parts[2]);
    QCOMPARE(set.plain.at("decoder").bin, parts[3]);
    QVERIFY(set.int8.empty());
    QCOMPARE(set.images.size(), std::size_t(2));
    QVERIFY(set.images[0].good && !set.images[1].good);
    QCOMPARE(set.images[1].picture.at<cv::Vec3b>(3, 3), cv::Vec3b(7, 7, 7));
}

void TestEngines::imagesKeepTheirChannels()
{
    EngineSet set;
    set.images = imagesOf(u"raft"_s, 2);
    saveEngineSet(engineFile(m_model), set);
    const EngineSet read = loadEngineSet(engineFile(m_model));
    for (std::size_t i = 0; i < 2; ++i) {
        QCOMPARE(read.images[i].picture.channels(), 6);
        QCOMPARE(cv::norm(read.images[i].picture, set.images[i].picture, cv::NORM_INF), 0.0);
    }
}

QTEST_GUILESS_MAIN(TestEngines)
#include "tst_engines.moc"
