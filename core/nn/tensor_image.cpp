// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/tensor_image.h"

#include "core/base/error.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <array>
#include <cstring>

namespace lynceus {

namespace {

// methods.md 0.1, `imagenet`, on values 0..255.
constexpr float kMean[3] = {0.485f * 255.0f, 0.456f * 255.0f, 0.406f * 255.0f};
constexpr float kDeviation[3] = {0.229f * 255.0f, 0.224f * 255.0f, 0.225f * 255.0f};

void normalise(const cv::Mat& rgb, float* out)
{
    for (int y = 0; y < rgb.rows; ++y) {
        const auto* row = rgb.ptr<float>(y);
        for (int x = 0; x < rgb.cols; ++x) {
            for (int c = 0; c < 3; ++c)
                *out++ = (*row++ - kMean[c]) / kDeviation[c];
        }
    }
}

[[noreturn]] void throwUnfit(const char* wanted)
{
    throw Error(
        ErrorKind::Internal,
        QCoreApplication::translate("core", "An image cannot go to the network: %1.").arg(QLatin1String(wanted)));
}

} // namespace

torch::Tensor imageToTensor(const cv::Mat& rgb)
{
    return imagesToTensor({rgb});
}

torch::Tensor imagesToTensor(const std::vector<cv::Mat>& rgb)
{
    if (rgb.empty())
        throwUnfit("the batch is empty");
    const cv::Size size = rgb.front().size();
    for (const cv::Mat& image : rgb) {
        if (image.empty() || image.type() != CV_32FC3 || image.size() != size)
            throwUnfit("it wants float RGB images of one size");
    }
    // Channels-last memory has the same order as the Mats.
    torch::Tensor batch = torch::empty({std::int64_t(rgb.size()), 3, size.height, size.width}, torch::kFloat,
                                       torch::MemoryFormat::ChannelsLast);
    auto* out = batch.data_ptr<float>();
    for (const cv::Mat& image : rgb) {
        normalise(image, out);
        out += image.total() * 3;
    }
    return batch;
}

torch::Tensor toSignedUnit(const torch::Tensor& images)
{
    const auto perChannel = [&](std::array<float, 3> values) {
        return torch::tensor(torch::ArrayRef<float>(values), images.options()).view({1, 3, 1, 1});
    };
    return torch::addcmul(perChannel({kMean[0] / 128.0f - 1.0f, kMean[1] / 128.0f - 1.0f, kMean[2] / 128.0f - 1.0f}),
                          images, perChannel({kDeviation[0] / 128.0f, kDeviation[1] / 128.0f, kDeviation[2] / 128.0f}));
}

cv::Mat tensorToMap(const torch::Tensor& map)
{
    if (map.dim() != 2)
        throwUnfit("a map has two dimensions");
    const torch::Tensor values = map.detach().to(torch::kCPU, torch::kFloat).contiguous();
    cv::Mat out(int(values.size(0)), int(values.size(1)), CV_32F);
    std::memcpy(out.data, values.data_ptr<float>(), values.nbytes());
    return out;
}

torch::Tensor maskToTensor(const cv::Mat& mask)
{
    if (mask.empty() || mask.type() != CV_8U)
        throwUnfit("it wants 8-bit masks");
    torch::Tensor out = torch::empty({mask.rows, mask.cols}, torch::kFloat);
    auto* values = out.data_ptr<float>();
    for (int y = 0; y < mask.rows; ++y) {
        const auto* row = mask.ptr<unsigned char>(y);
        values = std::transform(row, row + mask.cols, values, [](unsigned char v) { return v > 127 ? 1.0f : 0.0f; });
    }
    return out;
}

} // namespace lynceus
