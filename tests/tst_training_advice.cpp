// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/data/demo_product.h"
#include "core/image/image_io.h"
#include "core/memseg/align_strip.h"
#include "core/memseg/odd_images.h"
#include "core/memseg/training_forecast.h"

#include <QtCore/QDir>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <opencv2/imgproc.hpp>

#include <algorithm>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

constexpr int kImages = 14;
constexpr int kDefective = 9;

/// A plate with a hole under slightly uneven light; `defective`: with a dark stain.
cv::Mat plate(int number, bool defective)
{
    Random random(std::uint64_t(number) + 1);
    cv::Mat image(128, 128, CV_8UC3, cv::Scalar(60, 60, 60));
    const double light = random.uniform(170.0, 180.0);
    cv::rectangle(image, cv::Rect(16, 16, 96, 96), cv::Scalar::all(light), cv::FILLED);
    cv::circle(image, cv::Point(64, 64), 18, cv::Scalar(40, 40, 40), cv::FILLED);
    if (defective)
        cv::circle(image, cv::Point(92, 36), 8, cv::Scalar(30, 60, 90), cv::FILLED);
    cv::Mat noise(image.size(), CV_8UC3);
    cv::RNG generator(random.next());
    generator.fill(noise, cv::RNG::UNIFORM, 0, 8);
    image += noise;
    return image;
}

MemSegOptions smallOptions()
{
    MemSegOptions options;
    options.autoSize = false;
    options.preprocessing.width = 128;
    options.preprocessing.height = 128;
    options.memoryImages = 4;
    options.batch = 2;
    return options;
}

} // namespace

/// What a training tells before it starts.
class TestTrainingAdvice : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void aDefectiveImageIsOddest();
    void excludedImagesAreNotRanked();
    void anOddPartThatLiesFreelyComesFirst();
    void alignmentIsShownBeforeATraining();
    void tooFewImagesAreRefused();
    void rankingCanBeCancelled();
    void forecastIsPlausible();
    void forecastKeepsTheBudget();
    void withoutADecoderThereAreNoSteps();
    void forecastKnowsTheSmallestDefect();

private:
    AnomalyFolder freeBrackets(int count, int defective);

    QTemporaryDir m_folder{QDir::tempPath() + u"/lynceus-Prüfstück-XXXXXX"_s};
    AnomalyFolder m_images;
};

void TestTrainingAdvice::initTestCase()
{
    const QString good = m_folder.filePath(u"Platte/good"_s);
    QVERIFY(QDir().mkpath(good));
    for (int i = 0; i < kImages; ++i)
        writePng(good + u"/%1.png"_s.arg(i, 2, 10, QLatin1Char('0')), plate(i, i == kDefective));
    m_images = AnomalyFolder::open(m_folder.filePath(u"Platte"_s), AnomalyFolder::Purpose::Training);
}

/// Good images of brackets that lie freely, but for one with a defect, and a picture of the ground alone.
AnomalyFolder TestTrainingAdvice::freeBrackets(int count, int defective)
{
    const QString folder = m_folder.filePath(u"Winkel"_s);
    const QString good = folder + u"/good"_s;
    if (QDir().mkpath(good) && QDir(good).isEmpty()) {
        DemoOptions demo;
        demo.size = 320;
        demo.shape = DemoShape::Bracket;
        demo.pose = DemoPose::Free;
        for (int i = 0; i < count; ++i) {
            const QString defect = i == defective ? demoDefectKinds(demo.shape).first() : QString();
            writePng(good + u"/%1.png"_s.arg(i, 2, 10, QLatin1Char('0')),
                     renderDemoPart(demo, std::uint64_t(i), defect).image);
        }
        writePng(good + u"/leer.png"_s, cv::Mat(320, 320, CV_8UC3, cv::Scalar(90, 95, 92)));
    }
    return AnomalyFolder::open(folder, AnomalyFolder::Purpose::Training);
}

void TestTrainingAdvice::aDefectiveImageIsOddest()
{
    const auto ranked = rankByOddness(m_images, smallOptions(), {});
    QCOMPARE(ranked.size(), std::size_t(kImages));
    QVERIFY2(ranked[0].sample.name.endsWith(u"09.png"_s), qPrintable(ranked[0].sample.name));
    QVERIFY(ranked[0].oddness > kSuspicious);
    QVERIFY(ranked[0].oddness > 2.0 * ranked[1].oddness);
    QVERIFY(std::is_sorted(ranked.begin(), ranked.end(),
                           [](const OddImage& a, const OddImage& b) { return a.oddness > b.oddness; }));
}

void TestTrainingAdvice::excludedImagesAreNotRanked()
{
    MemSegOptions options = smallOptions();
    options.exclude = m_images.train[kDefective].name;
    const auto ranked = rankByOddness(m_images, options, {});
    QCOMPARE(ranked.size(), std::size_t(kImages - 1));
    for (const OddImage& image : ranked)
        QVERIFY(image.sample.name != options.exclude);
}

void TestTrainingAdvice::anOddPartThatLiesFreelyComesFirst()
{
    const AnomalyFolder brackets = freeBrackets(24, 7);
    MemSegOptions options;
    options.threads = 1;
    const QString encoder = QStringLiteral(LYNCEUS_SOURCE_DIR "/models/encoder_mobilenetv2.safetensors");
    const auto ranked = rankByOddness(brackets, options, encoder);
    QCOMPARE(ranked.size(), brackets.train.size());
    QVERIFY2(ranked[0].sample.name.endsWith(u"leer.png"_s), qPrintable(ranked[0].sample.name));
    QVERIFY(!ranked[0].problem.isEmpty());
    QVERIFY2(ranked[1].sample.name.endsWith(u"07.png"_s), qPrintable(ranked[1].sample.name));
    QVERIFY(ranked[1].problem.isEmpty());
    QVERIFY2(ranked[1].oddness > kSuspicious, qPrintable(QString::number(ranked[1].oddness)));
    QVERIFY(ranked[1].oddness > 1.5 * ranked[2].oddness);

    // The forecast sees the input that the training will have.
    options.decoder = u"none"_s;
    const TrainingForecast forecast = forecastTraining(brackets, options, encoder);
    QVERIFY(forecast.width > forecast.height);
}

void TestTrainingAdvice::alignmentIsShownBeforeATraining()
{
    const AnomalyFolder brackets = freeBrackets(24, 7);
    MemSegOptions options;
    const AlignStrip strip = makeAlignStrip(brackets.train, options);
    QVERIFY(strip.isUpright);
    QVERIFY2(strip.text.contains(u"leer.png"_s), qPrintable(strip.text));
    QCOMPARE(strip.notFound.size(), 1);
    QCOMPARE(strip.pictures.size(), std::size_t(5));
    QCOMPARE(strip.shown.size(), 5);
    QVERIFY(!strip.shown.contains(strip.notFound.front()));
    for (const cv::Mat& picture : strip.pictures) {
        QCOMPARE(picture.type(), CV_8UC4);
        QVERIFY(picture.size() == strip.pictures.front().size());
    }
    QCOMPARE(strip.picture().rows, strip.pictures.front().rows);
    QVERIFY(strip.picture().cols > 5 * strip.pictures.front().cols);
    // The upright parts below are much more alike than the pictures above.
    const auto difference = [&](int top, int bottom) {
        return cv::norm(strip.pictures[0].rowRange(top, bottom), strip.pictures[1].rowRange(top, bottom), cv::NORM_L1) /
               (bottom - top);
    };
    const int width = strip.pictures.front().cols; // the pictures above are square
    QVERIFY2(difference(width + 8, strip.pictures.front().rows) < 0.7 * difference(0, width),
             qPrintable(u"%1 %2"_s.arg(difference(width + 8, strip.pictures.front().rows)).arg(difference(0, width))));

    options.align = u"off"_s;
    const AlignStrip off = makeAlignStrip(brackets.train, options);
    QVERIFY(!off.isUpright && off.pictures.empty() && off.picture().empty());
    QVERIFY(!off.text.isEmpty());

    // Parts that lie alike have nothing to turn, and where none is found a forced turning can't be trained.
    options.align = u"auto"_s;
    const AlignStrip plates = makeAlignStrip(m_images.train, options);
    QVERIFY(!plates.isUpright && plates.pictures.empty());
    QVERIFY(!plates.text.isEmpty());
    options.align = u"on"_s;
    std::vector<Sample> noise;
    for (int i = 0; i < 6; ++i) {
        cv::Mat picture(128, 128, CV_8UC3);
        cv::RNG(std::uint64_t(i) + 1).fill(picture, cv::RNG::UNIFORM, 0, 256);
        noise.push_back({m_folder.filePath(u"rauschen%1.png"_s.arg(i)), u"%1"_s.arg(i), {}, Truth::Good, {}});
        writePng(noise.back().path, picture);
    }
    const AlignStrip forced = makeAlignStrip(noise, options);
    QVERIFY(!forced.isUpright && forced.pictures.empty());
    QVERIFY2(forced.text.contains(u"can't be turned upright"_s), qPrintable(forced.text));

    TaskContext context;
    context.cancel.cancel();
    QVERIFY_THROWS_EXCEPTION(Cancelled, makeAlignStrip(brackets.train, {}, context));
}

void TestTrainingAdvice::tooFewImagesAreRefused()
{
    AnomalyFolder few = m_images;
    few.train.resize(3);
    try {
        rankByOddness(few, smallOptions(), {});
        QFAIL("three images were ranked");
    } catch (const Error& error) {
        QVERIFY(error.message().contains(u'3'));
        QVERIFY(!error.remedy().isEmpty());
    }
}

void TestTrainingAdvice::rankingCanBeCancelled()
{
    TaskContext context;
    context.progress = [&](const Progress& progress) {
        if (progress.fraction > 0.0)
            context.cancel.cancel();
    };
    QVERIFY_THROWS_EXCEPTION(Cancelled, rankByOddness(m_images, smallOptions(), {}, context));
}

void TestTrainingAdvice::forecastIsPlausible()
{
    MemSegOptions options = smallOptions();
    options.steps = 40;
    const TrainingForecast forecast = forecastTraining(m_images, options, {});
    QCOMPARE(forecast.images, kImages);
    QCOMPARE(forecast.width, 128);
    QCOMPARE(forecast.height, 128);
    QCOMPARE(forecast.steps, 40);
    QVERIFY(forecast.secondsPerStep > 0.0);
    QVERIFY(forecast.seconds > 40.0 * forecast.secondsPerStep);
    QVERIFY(forecast.memoryMb > 50.0 && forecast.memoryMb < 20'000.0);
}

void TestTrainingAdvice::forecastKeepsTheBudget()
{
    MemSegOptions options = smallOptions();
    options.steps = 1'000'000; // more than fit
    options.decoder = u"light"_s;
    options.minutes = 10.0;
    const TrainingForecast forecast = forecastTraining(m_images, options, {});
    QVERIFY(forecast.steps > 0 && forecast.steps < options.steps);
    QVERIFY2(forecast.seconds > 300.0 && forecast.seconds < 660.0, qPrintable(QString::number(forecast.seconds)));
}

void TestTrainingAdvice::withoutADecoderThereAreNoSteps()
{
    MemSegOptions options = smallOptions();
    options.decoder = u"none"_s;
    const TrainingForecast forecast = forecastTraining(m_images, options, {});
    QCOMPARE(forecast.steps, 0);
    QVERIFY(forecast.seconds > 0.0 && forecast.seconds < 60.0);
}

void TestTrainingAdvice::forecastKnowsTheSmallestDefect()
{
    MemSegOptions options = smallOptions();
    options.autoSize = true;
    options.smallestDefect = u"4 px"_s;
    const TrainingForecast forecast = forecastTraining(m_images, options, {});
    QCOMPARE(cv::Size(forecast.width, forecast.height), forecast.sight.input);
    QVERIFY(forecast.sight.isTooCoarse());
    options.smallestDefect = u"100000 px"_s;
    QVERIFY_THROWS_EXCEPTION(Error, forecastTraining(m_images, options, {}));
}

QTEST_GUILESS_MAIN(TestTrainingAdvice)
#include "tst_training_advice.moc"
