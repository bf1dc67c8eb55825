// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"

#include <QtTest/QTest>

#include <opencv2/core/mat.hpp>

using namespace lynceus;

namespace {

/// RGB that differs in every value.
cv::Mat ramp(int rows, int columns, float start = 0.0f)
{
    cv::Mat image(rows, columns, CV_32FC3);
    float value = start;
    for (int y = 0; y < rows; ++y) {
        for (int x = 0; x < columns; ++x)
            image.at<cv::Vec3f>(y, x) = {value, value + 80.0f, value + 160.0f}, value += 0.25f;
    }
    return image;
}

} // namespace

class TestTensorImage : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void normalisesAsImageNet();
    void batchesAreTheirImages();
    void readsRegionsOfLargerImages();
    void refusesOtherMats();
    void mapsOwnTheirMemory();
    void masksBecomeZeroAndOne();
};

void TestTensorImage::normalisesAsImageNet()
{
    const cv::Mat image = ramp(5, 7);
    const torch::Tensor tensor = imageToTensor(image);
    QVERIFY(tensor.sizes() == torch::IntArrayRef({1, 3, 5, 7}));
    QVERIFY(tensor.is_contiguous(torch::MemoryFormat::ChannelsLast));
    const double mean[] = {0.485, 0.456, 0.406};
    const double deviation[] = {0.229, 0.224, 0.225};
    for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < 5; ++y) {
            for (int x = 0; x < 7; ++x) {
                const double wanted = (double(image.at<cv::Vec3f>(y, x)[c]) / 255.0 - mean[c]) / deviation[c];
                QVERIFY(std::abs(tensor[0][c][y][x].item<double>() - wanted) < 2e-6);
            }
        }
    }
}

void TestTensorImage::batchesAreTheirImages()
{
    const cv::Mat first = ramp(6, 4);
    const cv::Mat second = ramp(6, 4, 50.0f);
    const torch::Tensor batch = imagesToTensor({first, second});
    QVERIFY(batch.sizes() == torch::IntArrayRef({2, 3, 6, 4}));
    QVERIFY(batch.is_contiguous(torch::MemoryFormat::ChannelsLast));
    QVERIFY(torch::equal(batch.narrow(0, 0, 1), imageToTensor(first)));
    QVERIFY(torch::equal(batch.narrow(0, 1, 1), imageToTensor(second)));
    QVERIFY(!torch::equal(batch[0], batch[1]));
}

void TestTensorImage::readsRegionsOfLargerImages()
{
    const cv::Mat whole = ramp(20, 30);
    const cv::Mat region = whole(cv::Rect(3, 5, 8, 9));
    QVERIFY(!region.isContinuous());
    QVERIFY(torch::equal(imageToTensor(region), imageToTensor(region.clone())));
}

void TestTensorImage::refusesOtherMats()
{
    QVERIFY_THROWS_EXCEPTION(Error, imageToTensor(cv::Mat()));
    QVERIFY_THROWS_EXCEPTION(Error, imageToTensor(cv::Mat(4, 4, CV_8UC3, cv::Scalar::all(1))));
    QVERIFY_THROWS_EXCEPTION(Error, imagesToTensor({}));
    QVERIFY_THROWS_EXCEPTION(Error, imagesToTensor({ramp(4, 4), ramp(4, 5)}));
    QVERIFY_THROWS_EXCEPTION(Error, maskToTensor(cv::Mat(4, 4, CV_32F, cv::Scalar(1))));
    QVERIFY_THROWS_EXCEPTION(Error, tensorToMap(torch::zeros({1, 4, 4})));
}

void TestTensorImage::mapsOwnTheirMemory()
{
    torch::Tensor tensor = torch::arange(12, torch::kFloat).view({4, 3});
    const cv::Mat map = tensorToMap(tensor.t());
    tensor.fill_(-1.0);
    QCOMPARE(map.type(), CV_32F);
    QCOMPARE(map.rows, 3);
    QCOMPARE(map.cols, 4);
    for (int y = 0; y < 3; ++y) {
        for (int x = 0; x < 4; ++x)
            QCOMPARE(map.at<float>(y, x), float(3 * x + y));
    }
    QCOMPARE(tensorToMap(torch::full({2, 2}, 0.5, torch::kDouble).set_requires_grad(true)).at<float>(1, 1), 0.5f);
}

void TestTensorImage::masksBecomeZeroAndOne()
{
    cv::Mat mask = cv::Mat::zeros(6, 8, CV_8U);
    mask.at<uchar>(2, 5) = 255;
    mask.at<uchar>(4, 1) = 255;
    const torch::Tensor tensor = maskToTensor(mask);
    QVERIFY(tensor.sizes() == torch::IntArrayRef({6, 8}));
    QCOMPARE(tensor.sum().item<float>(), 2.0f);
    QCOMPARE(tensor[2][5].item<float>(), 1.0f);
    QVERIFY(torch::equal(maskToTensor(mask(cv::Rect(4, 1, 3, 3))), tensor.narrow(0, 1, 3).narrow(1, 4, 3)));
}

QTEST_GUILESS_MAIN(TestTensorImage)
#include "tst_tensor_image.moc"
