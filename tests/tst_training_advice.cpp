// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/image/image_io.h"
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
    void tooFewImagesAreRefused();
    void rankingCanBeCancelled();
    void forecastIsPlausible();
    void forecastKeepsTheBudget();
    void withoutADecoderThereAreNoSteps();
    void forecastKnowsTheSmallestDefect();

private:
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
