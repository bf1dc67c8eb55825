// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/validation_set.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>

#include <opencv2/core.hpp>

#include <algorithm>

namespace lynceus {

namespace {

constexpr std::size_t kValidationImages = 16;

} // namespace

ValidationSet makeValidationSet(const PreparedImages& heldOut, const DefectSimulator& simulator, const Random& seed)
{
    ValidationSet set;
    const auto add = [&](const cv::Mat& image, const cv::Mat& mask, bool defective) {
        set.images.push_back(image);
        set.masks.push_back(mask);
        set.defective.push_back(defective);
    };
    bool anyDefect = false;
    for (std::size_t i = 0; i < std::min(heldOut.size(), kValidationImages); ++i) {
        const cv::Mat good = heldOut.at(i);
        add(good, cv::Mat(good.size(), CV_8U, cv::Scalar(0)), false);
        Random random = seed.fork(i);
        const SimulatedDefect defect = simulator.simulate(good, random);
        if (cv::countNonZero(defect.mask) > 0) {
            add(defect.image, defect.mask, true);
            anyDefect = true;
        }
    }
    if (!anyDefect) {
        throw Error(
            ErrorKind::Input,
            QCoreApplication::translate("core", "No simulated defect of at least min_pixels fits on the part."),
            QCoreApplication::translate("core", "Lower min_pixels or perlin_threshold, or set foreground to \"off\"."));
    }
    return set;
}

} // namespace lynceus
