// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/defect_simulator.h"

#include "core/base/error.h"
#include "core/image/image_io.h"

#include <QtCore/QDir>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <set>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

/// A dark disc with grain on a light ground.
cv::Mat discOnGround(int size, bool bright = false)
{
    Random random(3);
    cv::Mat image(size, size, CV_32FC3, cv::Scalar::all(bright ? 40 : 220));
    cv::circle(image, {size / 2, size / 2}, size / 3, cv::Scalar(90, 80, 70) + cv::Scalar::all(bright ? 120 : 0),
               cv::FILLED);
    for (auto& pixel : cv::Mat_<cv::Vec3f>(image))
        pixel += cv::Vec3f::all(float(random.integer(-4, 4)));
    return image;
}

bool sameInside(const cv::Mat& a, const cv::Mat& b, const cv::Mat& mask)
{
    cv::Mat difference;
    cv::absdiff(a, b, difference);
    cv::Mat inside(difference.size(), difference.type(), cv::Scalar::all(0));
    difference.copyTo(inside, mask);
    return cv::countNonZero(inside.reshape(1)) == 0;
}

std::vector<cv::Vec3f> sortedPixels(const cv::Mat& image)
{
    std::vector<cv::Vec3f> pixels(image.begin<cv::Vec3f>(), image.end<cv::Vec3f>());
    std::sort(pixels.begin(), pixels.end(), [](const cv::Vec3f& a, const cv::Vec3f& b) {
        return std::lexicographical_compare(a.val, a.val + 3, b.val, b.val + 3);
    });
    return pixels;
}

/// Options under which simulate() draws plain red everywhere the noise says so.
SimulatorOptions redTexture(const QString& folder)
{
    QDir().mkpath(folder);
    writePng(folder + u"/red.png"_s, cv::Mat(40, 60, CV_8UC3, cv::Scalar(10, 20, 200)));
    SimulatorOptions options;
    options.textureFolder = folder;
    options.textureProbability = 1.0;
    options.foreground.mode = ForegroundOptions::Mode::Off;
    return options;
}

const cv::Scalar kRed(200, 20, 10); // RGB

} // namespace

class TestDefectSimulator : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void noiseVanishesOnTheLattice_data();
    void noiseVanishesOnTheLattice();
    void noiseHasTheStatisticsOfTheReference_data();
    void noiseHasTheStatisticsOfTheReference();
    void foregroundIsThePart_data();
    void foregroundIsThePart();
    void foregroundIsOpenedThenClosed();
    void failedForegroundIsEverything();
    void holesAreFilledOnRequest();
    void shuffleIsAPermutationOfCells();
    void shuffleRefusesCellsThatDoNotFit();
    void defectStaysInsideForegroundAndMask();
    void fullOpacityShowsTheTexture();
    void halfOpacityMixesBoth();
    void structureShowsThePartItself();
    void impossibleMaskLeavesTheImageAlone();
    void smallMasksAreRedrawn();
    void shapesAreThinOrSmall();
    void sameSeedSameDefect();
    void texturesAreVaried();
    void textureFolderWithoutPicturesIsAnError();

private:
    QTemporaryDir m_folder{QDir::tempPath() + u"/lynceus-Prüfstück-XXXXXX"_s};
};

void TestDefectSimulator::noiseVanishesOnTheLattice_data()
{
    QTest::addColumn<int>("cellsY");
    QTest::addColumn<int>("cellsX");
    QTest::newRow("1x1") << 1 << 1;
    QTest::newRow("2x8") << 2 << 8;
    QTest::newRow("32x4") << 32 << 4;
}

void TestDefectSimulator::noiseVanishesOnTheLattice()
{
    QFETCH(int, cellsY);
    QFETCH(int, cellsX);
    Random random(7);
    const cv::Mat noise = perlinNoise(128, 256, cellsY, cellsX, random);
    QCOMPARE(noise.type(), CV_32F);
    for (int y = 0; y < 128; y += 128 / cellsY) {
        for (int x = 0; x < 256; x += 256 / cellsX)
            QCOMPARE(noise.at<float>(y, x), 0.0F);
    }
    QVERIFY(cv::countNonZero(noise) > int(noise.total()) * 3 / 4);
}

void TestDefectSimulator::noiseHasTheStatisticsOfTheReference_data()
{
    QTest::addColumn<int>("cells");
    for (int cells : {1, 2, 4, 8, 16, 32})
        QTest::addRow("%d", cells) << cells;
}

void TestDefectSimulator::noiseHasTheStatisticsOfTheReference()
{
    QFETCH(int, cells);
    // Few cells mean few independent values in a picture: more draws.
    const int draws = std::max(12, 3000 / (cells * cells));
    Random random(11);
    double sum = 0.0;
    double squares = 0.0;
    double above = 0.0;
    double pixels = 0.0;
    for (int i = 0; i < draws; ++i) {
        const cv::Mat_<float> noise = perlinNoise(128, 128, cells, cells, random);
        for (const float value : noise) {
            QVERIFY(std::abs(value) <= 1.0F);
            sum += value;
            squares += double(value) * value;
            above += value > 0.5F ? 1.0 : 0.0;
        }
        pixels += double(noise.total());
    }
    const double mean = sum / pixels;
    QVERIFY2(std::abs(mean) < 0.03, qPrintable(QString::number(mean)));
    const double deviation = std::sqrt(squares / pixels - mean * mean);
    QVERIFY2(std::abs(deviation - 0.30) < 0.02, qPrintable(QString::number(deviation)));
    // The expectation is the same for every number of cells: each cell has four independent gradients.
    QVERIFY2(std::abs(above / pixels - 0.054) < 0.006, qPrintable(QString::number(above / pixels)));
}

void TestDefectSimulator::foregroundIsThePart_data()
{
    QTest::addColumn<bool>("bright");
    QTest::addColumn<int>("mode");
    QTest::addColumn<int>("polarity");
    using Mode = ForegroundOptions::Mode;
    using Polarity = ForegroundOptions::Polarity;
    QTest::newRow("dark, otsu, auto") << false << int(Mode::Otsu) << int(Polarity::Auto);
    QTest::newRow("bright, otsu, auto") << true << int(Mode::Otsu) << int(Polarity::Auto);
    QTest::newRow("dark, threshold, auto") << false << int(Mode::Threshold) << int(Polarity::Auto);
    QTest::newRow("dark, otsu, dark") << false << int(Mode::Otsu) << int(Polarity::Dark);
    QTest::newRow("bright, threshold, bright") << true << int(Mode::Threshold) << int(Polarity::Bright);
}

void TestDefectSimulator::foregroundIsThePart()
{
    QFETCH(bool, bright);
    QFETCH(int, mode);
    QFETCH(int, polarity);
    ForegroundOptions options;
    options.mode = ForegroundOptions::Mode(mode);
    options.polarity = ForegroundOptions::Polarity(polarity);
    const cv::Mat mask = foregroundMask(discOnGround(128, bright), options);
    cv::Mat disc(128, 128, CV_8U, cv::Scalar(0));
    cv::circle(disc, {64, 64}, 128 / 3, cv::Scalar(255), cv::FILLED);
    cv::Mat wrong;
    cv::bitwise_xor(mask, disc, wrong);
    QVERIFY2(cv::countNonZero(wrong) < 60, qPrintable(QString::number(cv::countNonZero(wrong))));
}

void TestDefectSimulator::foregroundIsOpenedThenClosed()
{
    ForegroundOptions options;
    options.largestOnly = false;
    const auto part = cv::Scalar::all(60);
    cv::Mat image(96, 96, CV_32FC3, cv::Scalar::all(220));
    cv::rectangle(image, {40, 30}, {80, 70}, part, cv::FILLED);
    cv::rectangle(image, {60, 50}, {62, 52}, cv::Scalar::all(220), cv::FILLED); // a glint: closed
    for (int y = 5; y < 30; y += 5) {
        for (int x = 5; x < 30; x += 5)
            cv::rectangle(image, {x, y}, {x + 2, y + 2}, part,
                          cv::FILLED); // dust: opened away; closing first would join it
    }
    const cv::Mat mask = foregroundMask(image, options);
    QCOMPARE(int(mask.at<uchar>(51, 61)), 255);
    QCOMPARE(cv::countNonZero(mask(cv::Rect(0, 0, 32, 32))), 0);
    QCOMPARE(cv::countNonZero(mask), 41 * 41);

    options.largestOnly = true;
    cv::rectangle(image, {5, 80}, {20, 92}, cv::Scalar::all(60), cv::FILLED);
    QCOMPARE(int(foregroundMask(image, options).at<uchar>(86, 12)), 0);
}

void TestDefectSimulator::failedForegroundIsEverything()
{
    ForegroundOptions options;
    options.mode = ForegroundOptions::Mode::Threshold;
    options.threshold = 250;
    options.polarity = ForegroundOptions::Polarity::Bright;
    const cv::Mat image = discOnGround(64);
    QCOMPARE(cv::countNonZero(foregroundMask(image, options)), 64 * 64);
    options.mode = ForegroundOptions::Mode::Off;
    QCOMPARE(cv::countNonZero(foregroundMask(image, options)), 64 * 64);
}

void TestDefectSimulator::holesAreFilledOnRequest()
{
    cv::Mat image = discOnGround(128);
    cv::circle(image, {64, 64}, 15, cv::Scalar::all(220), cv::FILLED);
    ForegroundOptions options;
    QCOMPARE(int(foregroundMask(image, options).at<uchar>(64, 64)), 0);
    options.fillHoles = true;
    QCOMPARE(int(foregroundMask(image, options).at<uchar>(64, 64)), 255);
}

void TestDefectSimulator::shuffleIsAPermutationOfCells()
{
    // Every cell has a colour of its own, so cells can be counted afterwards.
    cv::Mat_<cv::Vec3f> image(256, 256);
    for (int y = 0; y < 256; ++y) {
        for (int x = 0; x < 256; ++x)
            image(y, x) = {float(y / 64), float(x / 32), float((y % 64) * 32 + x % 32)};
    }
    Random random(5);
    const cv::Mat_<cv::Vec3f> shuffled = shuffleGrid(image, 4, 8, random);
    QVERIFY(sortedPixels(shuffled) == sortedPixels(image));
    std::set<std::pair<float, float>> cells;
    int moved = 0;
    for (int y = 0; y < 256; y += 64) {
        for (int x = 0; x < 256; x += 32) {
            const cv::Vec3f first = shuffled(y, x);
            cells.insert({first[0], first[1]});
            moved += first != image(y, x) ? 1 : 0;
            const cv::Rect from(int(first[1]) * 32, int(first[0]) * 64, 32, 64);
            QCOMPARE(cv::norm(shuffled(cv::Rect(x, y, 32, 64)), image(from), cv::NORM_INF), 0.0);
        }
    }
    QCOMPARE(cells.size(), std::size_t(32));
    QVERIFY(moved > 20);
}

void TestDefectSimulator::shuffleRefusesCellsThatDoNotFit()
{
    Random random(1);
    try {
        shuffleGrid(cv::Mat(64, 100, CV_32FC3), 4, 8, random);
        QFAIL("cells of unequal size were accepted");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Input);
        QVERIFY(error.message().contains(u"100 x 64"_s));
    }
}

void TestDefectSimulator::defectStaysInsideForegroundAndMask()
{
    const cv::Mat good = discOnGround(128);
    const SimulatorOptions options;
    const cv::Mat foreground = foregroundMask(good, options.foreground);
    const DefectSimulator simulator(options);
    int changed = 0;
    for (int i = 0; i < 60; ++i) {
        Random random(std::uint64_t(i) + 100);
        const SimulatedDefect defect = simulator.simulate(good, random);
        QCOMPARE(defect.image.type(), CV_32FC3);
        QCOMPARE(defect.mask.type(), CV_8U);
        QVERIFY(cv::countNonZero(defect.mask) >= options.minPixels);
        QCOMPARE(cv::countNonZero(defect.mask & ~foreground), 0);
        QVERIFY(sameInside(defect.image, good, ~defect.mask));
        changed += sameInside(defect.image, good, defect.mask) ? 0 : 1;

        cv::Mat rounded;
        defect.image.convertTo(rounded, CV_8U);
        rounded.convertTo(rounded, CV_32F);
        QCOMPARE(cv::norm(rounded, defect.image, cv::NORM_INF), 0.0);
    }
    QVERIFY(changed >= 58);
}

void TestDefectSimulator::fullOpacityShowsTheTexture()
{
    SimulatorOptions options = redTexture(m_folder.filePath(u"Blätter"_s));
    options.opacityLow = options.opacityHigh = 1.0;
    Random random(2);
    const cv::Mat good = discOnGround(64);
    const SimulatedDefect defect = DefectSimulator(options).simulate(good, random);
    QVERIFY(sameInside(defect.image, cv::Mat(good.size(), CV_32FC3, kRed), defect.mask));
    QVERIFY(sameInside(defect.image, good, ~defect.mask));
}

void TestDefectSimulator::halfOpacityMixesBoth()
{
    SimulatorOptions options = redTexture(m_folder.filePath(u"halb"_s));
    options.opacityLow = options.opacityHigh = 0.25;
    const cv::Mat good(64, 64, CV_32FC3, cv::Scalar(100, 100, 100));
    Random random(2);
    const SimulatedDefect defect = DefectSimulator(options).simulate(good, random);
    // 100 + 0.25 * (200 - 100), 100 + 0.25 * (20 - 100), 100 + 0.25 * (10 - 100) = 77.5, rounded to even
    QVERIFY(sameInside(defect.image, cv::Mat(good.size(), CV_32FC3, cv::Scalar(125, 80, 78)), defect.mask));
}

void TestDefectSimulator::structureShowsThePartItself()
{
    SimulatorOptions options;
    options.shapeProbability = 0.0;
    options.textureProbability = 0.0;
    options.foreground.mode = ForegroundOptions::Mode::Off;
    options.opacityLow = options.opacityHigh = 1.0;
    // On a plain picture every augmentation but noise-free ones leaves a plain picture: one colour inside the mask.
    const cv::Mat plain(64, 64, CV_32FC3, cv::Scalar(120, 90, 60));
    const DefectSimulator simulator(options);
    for (int i = 0; i < 20; ++i) {
        Random random{std::uint64_t(i)};
        const SimulatedDefect defect = simulator.simulate(plain, random);
        cv::Scalar mean;
        cv::Scalar deviation;
        cv::meanStdDev(defect.image, mean, deviation, defect.mask);
        QVERIFY(cv::norm(deviation) < 1e-2);
    }
}

void TestDefectSimulator::impossibleMaskLeavesTheImageAlone()
{
    SimulatorOptions options;
    options.minPixels = 64 * 64 + 1;
    const cv::Mat good = discOnGround(64);
    Random random(1);
    const SimulatedDefect defect = DefectSimulator(options).simulate(good, random);
    QCOMPARE(cv::countNonZero(defect.mask), 0);
    QCOMPARE(cv::norm(defect.image, good, cv::NORM_INF), 0.0);
}

void TestDefectSimulator::smallMasksAreRedrawn()
{
    // Many single draws have fewer pixels than this; after up to 20 hardly any do.
    SimulatorOptions options;
    options.shapeProbability = 0.0;
    options.foreground.mode = ForegroundOptions::Mode::Off;
    options.minPixels = 64 * 64 / 40;
    const DefectSimulator simulator(options);
    const cv::Mat good = discOnGround(64);
    for (int i = 0; i < 40; ++i) {
        Random random{std::uint64_t(i)};
        QVERIFY(cv::countNonZero(simulator.simulate(good, random).mask) >= options.minPixels);
    }
}

void TestDefectSimulator::shapesAreThinOrSmall()
{
    int thin = 0;
    for (int i = 0; i < 200; ++i) {
        Random random{std::uint64_t(i)};
        const cv::Mat mask = shapeMask(cv::Size(256, 256), random);
        QCOMPARE(mask.type(), CV_8UC1);
        // Starts inside the picture, so something is always there; never more than a spot of 12 % across, stretched.
        const int pixels = cv::countNonZero(mask);
        QVERIFY2(pixels > 0 && pixels < 256 * 256 / 20, qPrintable(QString::number(pixels)));
        cv::Mat eroded;
        cv::erode(mask, eroded, cv::Mat::ones(9, 9, CV_8U));
        thin += cv::countNonZero(eroded) == 0;
    }
    QVERIFY2(thin > 100 && thin < 190, qPrintable(QString::number(thin)));
}

void TestDefectSimulator::sameSeedSameDefect()
{
    const DefectSimulator simulator{SimulatorOptions()};
    const cv::Mat good = discOnGround(64);
    Random first(9);
    Random second(9);
    Random other(10);
    const SimulatedDefect a = simulator.simulate(good, first);
    const SimulatedDefect b = simulator.simulate(good, second);
    const SimulatedDefect c = simulator.simulate(good, other);
    QCOMPARE(cv::norm(a.image, b.image, cv::NORM_INF), 0.0);
    QCOMPARE(cv::norm(a.mask, b.mask, cv::NORM_INF), 0.0);
    QVERIFY(cv::norm(a.image, c.image, cv::NORM_INF) > 0.0);
}

void TestDefectSimulator::texturesAreVaried()
{
    const auto textures = proceduralTextures();
    Random random(1);
    constexpr int kDraws = 200;
    int grey = 0;
    int fine = 0;
    int coarse = 0;
    for (int i = 0; i < kDraws; ++i) {
        const cv::Mat picture = textures->draw({96, 64}, random);
        QCOMPARE(picture.type(), CV_32FC3);
        QCOMPARE(picture.size(), cv::Size(96, 64));
        double low = 0.0;
        double high = 0.0;
        cv::minMaxLoc(picture.reshape(1), &low, &high);
        QVERIFY(low >= 0.0 && high <= 255.0);

        std::array<cv::Mat, 3> channels;
        cv::split(picture, channels.data());
        grey += cv::norm(channels[0], channels[2], cv::NORM_INF) < 1.0 ? 1 : 0;
        // Roughness: change from pixel to pixel against the spread of the whole picture.
        cv::Scalar mean;
        cv::Scalar spread;
        cv::meanStdDev(channels[1], mean, spread);
        cv::Mat slope;
        cv::absdiff(channels[1].colRange(1, 96), channels[1].colRange(0, 95), slope);
        const double roughness = cv::mean(slope)[0] / (spread[0] + 0.1);
        fine += roughness > 0.6 ? 1 : 0;
        coarse += roughness < 0.2 ? 1 : 0;
    }
    QVERIFY2(grey > kDraws / 10 && grey < kDraws * 2 / 3, qPrintable(QString::number(grey)));
    QVERIFY2(fine > kDraws / 10, qPrintable(QString::number(fine)));
    QVERIFY2(coarse > kDraws / 10, qPrintable(QString::number(coarse)));
}

void TestDefectSimulator::textureFolderWithoutPicturesIsAnError()
{
    const QString folder = m_folder.filePath(u"leer"_s);
    QDir().mkpath(folder);
    SimulatorOptions options;
    options.textureFolder = folder;
    try {
        DefectSimulator simulator(options);
        QFAIL("an empty texture folder was accepted");
    } catch (const Error& error) {
        QVERIFY(error.message().contains(folder));
        QVERIFY(!error.remedy().isEmpty());
    }
    options.textureFolder = m_folder.filePath(u"fehlt"_s);
    QVERIFY_THROWS_EXCEPTION(Error, DefectSimulator{options});
}

QTEST_GUILESS_MAIN(TestDefectSimulator)
#include "tst_defect_simulator.moc"
