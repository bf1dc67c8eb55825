// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/random.h"
#include "core/data/textures.h"
#include "core/memseg/options.h"

#include <opencv2/core/mat.hpp>

#include <memory>
#include <vector>

namespace lynceus {

/// Gradient noise of methods.md 1.3 step 1 before rotation: `rows` x `columns` pixels, CV_32F, -1..1, exactly 0 at the
/// lattice points. Cells: `cellsY` x `cellsX`.
cv::Mat perlinNoise(int rows, int columns, int cellsY, int cellsX, Random& random);

/// The part (255) against the background (0) of an RGB image (CV_32FC3 0..255): binarised, opened, closed (5x5), as the
/// options say. Mode::Off, or a mask that came out below 2 % of the image: all 255.
cv::Mat foregroundMask(const cv::Mat& rgb, const ForegroundOptions& options);

/// A stroke (a smooth curve, 1 to 3 % of the image wide and 5 to 50 % long) or a spot (an uneven round of 2 to 12 %),
/// CV_8U 0/255, anywhere in the image.
cv::Mat shapeMask(cv::Size size, Random& random);

/// Cuts into rows x columns cells and permutes them; sides must divide. The multiset of pixels stays.
cv::Mat shuffleGrid(const cv::Mat& image, int rows, int columns, Random& random);

/// A good image with a simulated defect.
struct SimulatedDefect
{
    cv::Mat image; ///< CV_32FC3 RGB 0..255, rounded to whole numbers
    cv::Mat mask;  ///< CV_8U 0/255; all 0 when no usable mask was drawn (then image is the input)
};

/// Makes simulated defects (methods.md 1.3). Immutable after construction; simulate() may run on any thread.
class DefectSimulator
{
public:
    explicit DefectSimulator(const SimulatorOptions& options);

    /// `good`: CV_32FC3 RGB 0..255. All randomness comes from `random`.
    SimulatedDefect simulate(const cv::Mat& good, Random& random) const;

private:
    cv::Mat drawNoise(const cv::Mat& good, Random& random) const;
    /// Perlin noise above the threshold, inside the foreground; empty when all draws came out too small.
    cv::Mat drawMask(const cv::Mat& foreground, Random& random) const;

    SimulatorOptions m_options;
    std::shared_ptr<const TextureSource> m_textures;
};

} // namespace lynceus
