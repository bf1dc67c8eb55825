// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/encoder/encoder_trainer.h"
#include "core/encoder/training_pictures.h"

#include "core/base/error.h"
#include "core/image/image_io.h"
#include "core/nn/mobilenet.h"
#include "core/nn/resnet.h"
#include "core/nn/state_dict.h"
#include "core/nn/torch.h"
#include "core/weights/model_store.h"

#include <QtTest/QtTest>

#include <opencv2/core.hpp>

using namespace Qt::StringLiterals;
using namespace lynceus;

class TestEncoder : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void levelsHaveTheirShapes();
    void paddingIsTensorFlows();
    void shippedWeightsFit();
    void picturesAreInRange();
    void foldersAreRead();
    void learnsFromATeacher_data();
    void learnsFromATeacher();
    void badRequestsAreRefused();

private:
    QTemporaryDir m_folder{QDir::tempPath() + u"/kodierer-größe-XXXXXX"_s};
    QString m_teacher;
};

void TestEncoder::initTestCase()
{
    QVERIFY(m_folder.isValid());
    m_teacher = m_folder.filePath(u"teacher.safetensors"_s);
    MobileNetV2 teacher;
    initialise(*teacher, 5);
    std::vector<torch::Tensor> storage;
    writeSafetensors(m_teacher, viewsOf(stateDict(*teacher), storage));
}

void TestEncoder::levelsHaveTheirShapes()
{
    const torch::NoGradGuard noGrad;
    MobileNetV2 net;
    std::int64_t parameters = 0;
    for (const auto& parameter : net->parameters())
        parameters += parameter.numel();
    // MobileNetV2's own count for these layers, a bias for each channel instead of a batch norm.
    QCOMPARE(parameters, std::int64_t(534'464));
    const auto levels = net->levels(torch::zeros({2, 3, 64, 96}));
    QCOMPARE(levels[0].sizes(), torch::IntArrayRef({2, 16, 32, 48}));
    QCOMPARE(levels[1].sizes(), torch::IntArrayRef({2, 24, 16, 24}));
    QCOMPARE(levels[2].sizes(), torch::IntArrayRef({2, 32, 8, 12}));
    QCOMPARE(levels[3].sizes(), torch::IntArrayRef({2, 96, 4, 6}));
    QVERIFY(stateDict(*net).count("features.0.0.weight") == 1);
    QVERIFY(stateDict(*net).count("features.1.conv.1.bias") == 1);
    QVERIFY(stateDict(*net).count("features.13.conv.2.weight") == 1);
}

/// Stride 2 pads after the image only, so the stem's first value sees the pixels 0 to 2, and its last one a 0.
void TestEncoder::paddingIsTensorFlows()
{
    const torch::NoGradGuard noGrad;
    MobileNetV2 net;
    auto state = stateDict(*net);
    state.at("features.0.0.weight").fill_(1.0);
    state.at("features.0.0.bias").zero_();
    // 1/27 a pixel before the conversion to (v - 128) / 128 is undone.
    const auto unit = torch::full({1, 3, 8, 8}, 1.0 / 27.0);
    const auto mean = torch::tensor({0.485F, 0.456F, 0.406F}).view({1, 3, 1, 1}) * 255.0;
    const auto deviation = torch::tensor({0.229F, 0.224F, 0.225F}).view({1, 3, 1, 1}) * 255.0;
    const auto image = (unit * 128.0 + 128.0 - mean) / deviation;
    const auto stem = net->stem(image);
    QVERIFY(std::abs(stem[0][0][0][0].item<float>() - 1.0F) < 1e-4F);
    QVERIFY(std::abs(stem[0][0][0][3].item<float>() - 2.0F / 3.0F) < 1e-4F);
    QVERIFY(std::abs(stem[0][0][3][3].item<float>() - 4.0F / 9.0F) < 1e-4F);
}

void TestEncoder::shippedWeightsFit()
{
    const ModelStore store(QStringLiteral(LYNCEUS_SOURCE_DIR "/models"), {});
    const QString file = store.encoderFile(u"auto"_s, u"mobilenetv2"_s);
    QVERIFY(!file.isEmpty());
    QVERIFY(store.verify(*store.find(u"lynceus-mobilenetv2"_s)));
    MobileNetV2 net;
    loadState(*net, readStateDict(SafetensorsFile(file)), file);
    const torch::NoGradGuard noGrad;
    torch::manual_seed(1);
    for (const auto& level : net->levels(torch::randn({1, 3, 64, 64})))
        QVERIFY(torch::isfinite(level).all().item<bool>() && level.std().item<float>() > 0.05F);
    const QString second = store.encoderFile(u"auto"_s, u"resnet18"_s);
    QVERIFY(store.verify(*store.find(u"lynceus-resnet18"_s)));
    ResNet18 resnet;
    loadState(*resnet, readStateDict(SafetensorsFile(second)), second, {{"layer4."}, {}});
    QVERIFY(store.encoderFile(u"random"_s, u"mobilenetv2"_s).isEmpty());
    QVERIFY_THROWS_EXCEPTION(Error, store.encoderFile(u"nowhere"_s, u"mobilenetv2"_s));
}

void TestEncoder::picturesAreInRange()
{
    const TrainingPictures pictures({}, 64);
    QCOMPARE(pictures.photographs(), std::size_t(0));
    double spread = 0.0;
    for (std::uint64_t i = 0; i < 20; ++i) {
        Random random(i);
        const cv::Mat picture = pictures.draw(64, random);
        QCOMPARE(picture.type(), CV_32FC3);
        QCOMPARE(picture.size(), cv::Size(64, 64));
        double low = 0.0;
        double high = 0.0;
        cv::minMaxLoc(picture.reshape(1), &low, &high);
        QVERIFY(low >= 0.0 && high <= 255.0);
        spread += high - low;
        Random again(i);
        QVERIFY(cv::norm(pictures.draw(64, again), picture) == 0.0);
    }
    QVERIFY(spread / 20.0 > 50.0);
}

void TestEncoder::foldersAreRead()
{
    const QString folder = m_folder.filePath(u"bilder"_s);
    QVERIFY(QDir().mkpath(folder));
    writePng(folder + u"/small.png"_s, cv::Mat(20, 200, CV_8UC3, cv::Scalar(1, 2, 3)));
    QVERIFY_THROWS_EXCEPTION(Error, TrainingPictures(folder, 64));
    writePng(folder + u"/large.png"_s, cv::Mat(100, 200, CV_8UC3, cv::Scalar(1, 2, 3)));
    QCOMPARE(TrainingPictures(folder, 64).photographs(), std::size_t(1));
}

void TestEncoder::learnsFromATeacher_data()
{
    QTest::addColumn<QString>("architecture");
    QTest::newRow("mobilenetv2") << u"mobilenetv2"_s;
    QTest::newRow("resnet18") << u"resnet18"_s;
}

void TestEncoder::learnsFromATeacher()
{
    QFETCH(QString, architecture);
    EncoderOptions options;
    options.architecture = architecture;
    options.teacherFile = m_teacher;
    options.minutes = 0.1;
    options.batch = 4;
    options.side = 64;
    const QString out = m_folder.filePath(architecture + u".safetensors"_s);
    const EncoderOutcome outcome = trainEncoder(options, out);
    QVERIFY(outcome.steps > 1);
    for (const double value : outcome.unexplained)
        QVERIFY(std::isfinite(value) && value > 0.0);
    const SafetensorsFile file(out);
    if (architecture == u"mobilenetv2") {
        MobileNetV2 net;
        loadState(*net, readStateDict(file), out);
    } else {
        ResNet18 net;
        net->dropLayer4();
        loadState(*net, readStateDict(file), out);
    }
}

void TestEncoder::badRequestsAreRefused()
{
    EncoderOptions options;
    options.teacherFile = m_teacher;
    options.architecture = u"vgg"_s;
    QVERIFY_THROWS_EXCEPTION(Error, trainEncoder(options, m_folder.filePath(u"x"_s)));
    options.architecture = u"mobilenetv2"_s;
    options.side = 50;
    QVERIFY_THROWS_EXCEPTION(Error, trainEncoder(options, m_folder.filePath(u"x"_s)));
    options.side = 64;
    options.teacherFile = m_folder.filePath(u"missing.safetensors"_s);
    QVERIFY_THROWS_EXCEPTION(Error, trainEncoder(options, m_folder.filePath(u"x"_s)));
    QVERIFY(!QFileInfo::exists(m_folder.filePath(u"x"_s)));
}

QTEST_GUILESS_MAIN(TestEncoder)
#include "tst_encoder.moc"
