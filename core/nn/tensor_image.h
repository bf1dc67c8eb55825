// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <opencv2/core/mat.hpp>

#include <torch/types.h>

#include <vector>

namespace lynceus {

/// CV_32FC3 RGB 0..255 (as `prepare` gives it) to 1 x 3 x H x W float32, `imagenet` normalised (methods.md 0.1),
/// channels-last memory. Copies.
torch::Tensor imageToTensor(const cv::Mat& rgb);
/// The same for a batch of equally sized images: N x 3 x H x W.
torch::Tensor imagesToTensor(const std::vector<cv::Mat>& rgb);

/// `imagenet` normalised images as (v - 128) / 128, which MobileNetV2 was trained with.
torch::Tensor toSignedUnit(const torch::Tensor& images);

/// H x W float tensor (any device) to a CV_32F Mat that owns its memory.
cv::Mat tensorToMap(const torch::Tensor& map);
/// CV_8U mask (0/255) to H x W float32 of 0 and 1.
torch::Tensor maskToTensor(const cv::Mat& mask);

} // namespace lynceus
