// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/model.h"
#include "core/memseg/training_windows.h"
#include "core/nn/torch.h"

#include <QtTest/QTest>

#include <cmath>
#include <set>

using namespace lynceus;

class TestTrainingWindows : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void windowsHoldTheDefect();
    void windowsOfGoodImagesGoEverywhere();
    void smallImagesStayWhole();
    void sameSeedSameWindows();
    void levelsAreCutAtTheSamePlace();
    void wholeWindowsAreTheWholeLoss();
};

void TestTrainingWindows::windowsHoldTheDefect()
{
    auto masks = torch::zeros({3, 160, 256});
    masks[0][0][0] = 1.0;
    masks[1][159][255] = 1.0;
    masks[2].slice(0, 60, 80).slice(1, 100, 140).fill_(1.0);
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Random random(seed);
        const auto windows = chooseWindows(masks, random);
        QCOMPARE(windows.size(), std::size_t(3));
        for (const cv::Rect& window : windows) {
            QCOMPARE(window.size(), cv::Size(128, 96));
            QVERIFY(window.x % 32 == 0 && window.y % 32 == 0);
            QCOMPARE(window & cv::Rect(0, 0, 256, 160), window);
        }
        QVERIFY(windows[0].contains({0, 0}));
        QVERIFY(windows[1].contains({255, 159}));
        QVERIFY((windows[2] & cv::Rect(100, 60, 40, 20)).area() > 0);
    }
}

void TestTrainingWindows::windowsOfGoodImagesGoEverywhere()
{
    Random random(1);
    std::set<std::pair<int, int>> places;
    for (int i = 0; i < 200; ++i) {
        const cv::Rect window = chooseWindows(torch::zeros({1, 256, 256}), random).front();
        QCOMPARE(window & cv::Rect(0, 0, 256, 256), window);
        places.insert({window.x, window.y});
    }
    QCOMPARE(places.size(), std::size_t(25)); // 0, 32, .. 128 both ways
}

void TestTrainingWindows::smallImagesStayWhole()
{
    Random random(1);
    QCOMPARE(chooseWindows(torch::ones({1, 64, 32}), random).front(), cv::Rect(0, 0, 32, 64));
}

void TestTrainingWindows::sameSeedSameWindows()
{
    const auto masks = (torch::rand({4, 128, 128}) > 0.99).to(torch::kFloat);
    Random one(7);
    Random two(7);
    QVERIFY(chooseWindows(masks, one) == chooseWindows(masks, two));
}

void TestTrainingWindows::levelsAreCutAtTheSamePlace()
{
    // Each value says where it was.
    const auto masks = torch::arange(128 * 128).view({1, 128, 128}).to(torch::kFloat);
    const auto level =
        torch::nn::functional::avg_pool2d(masks.unsqueeze(1), torch::nn::functional::AvgPool2dFuncOptions(4));
    const std::vector<cv::Rect> windows{{32, 64, 64, 64}};
    const auto cut = cutWindows(level, windows, 4);
    QCOMPARE(cut.sizes().vec(), (std::vector<std::int64_t>{1, 1, 16, 16}));
    const auto pixels = cutWindows(masks, windows, 1);
    QCOMPARE(pixels.sizes().vec(), (std::vector<std::int64_t>{1, 64, 64}));
    const auto pooled =
        torch::nn::functional::avg_pool2d(pixels.unsqueeze(1), torch::nn::functional::AvgPool2dFuncOptions(4));
    QVERIFY(torch::allclose(pooled, cut));
    QCOMPARE(pixels[0][0][0].item<float>(), float(64 * 128 + 32));
}

void TestTrainingWindows::wholeWindowsAreTheWholeLoss()
{
    MemSegOptions options;
    options.preprocessing.width = 96;
    options.preprocessing.height = 64;
    options.memoryImages = 2;
    MemSegModel model = untrainedMemSegModel(options);
    TrainingBatch batch;
    batch.images = torch::randn({2, 3, 64, 96});
    batch.masks = torch::zeros({2, 64, 96});
    batch.masks[1].slice(0, 10, 30).slice(1, 40, 60).fill_(1.0);
    const torch::NoGradGuard noGrad;
    const auto loss = [&](const std::vector<cv::Rect>& windows) {
        return batchLoss(*model.network, model.bank, batch, windows).item<double>();
    };
    const cv::Rect all(0, 0, 96, 64);
    QVERIFY(std::abs(loss({all, all}) - loss({})) < 1e-5);
    QVERIFY(std::abs(loss({{0, 0, 64, 64}, {32, 0, 64, 64}}) - loss({})) > 1e-4);
    int windows = 0;
    for (int step = 0; step < 100; ++step)
        windows += learnsFromWindows(step) ? 1 : 0;
    QCOMPARE(windows, 75);
}

QTEST_GUILESS_MAIN(TestTrainingWindows)
#include "tst_training_windows.moc"
