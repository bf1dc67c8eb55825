// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"

#include <opencv2/core/mat.hpp>

#include <cstdint>
#include <vector>

namespace lynceus {

/// All pixels of a test set, largest score first. A key is a score as an integer that grows as the score falls; equal
/// scores have equal keys. Four bytes for a defect-free pixel and eight for a defective one, because a test set has
/// tens of millions.
struct PixelScores
{
    std::vector<std::uint32_t> good;      ///< keys of defect-free pixels
    std::vector<std::uint64_t> defective; ///< key in the upper half, number of the pixel's region in the lower
    std::vector<int> regionAreas;         ///< pixels of each region, all masks together

    static std::uint32_t key(std::uint64_t defectivePixel) { return std::uint32_t(defectivePixel >> 32); }
};

/// Regions are the 8-connected components of `mask != 0`; an empty mask means "no defect". Maps CV_32F, masks CV_8U.
/// Throws Error(Input) on sizes or types that differ and on a score that is not a number.
PixelScores sortPixelScores(const std::vector<cv::Mat>& maps, const std::vector<cv::Mat>& masks,
                            const CancelToken& cancel = {});

} // namespace lynceus
