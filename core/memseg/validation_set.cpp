// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/validation_set.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace lynceus {

namespace {

constexpr std::size_t kValidationImages = 16;
constexpr std::size_t kLeastImages = 6;
constexpr std::size_t kMostPixels = 32'000'000; ///< of the good images of a set
constexpr double kUsualSide = 384.0; ///< of an input; defects on larger ones are no larger, as the features see them
constexpr int kDraws = 30;
constexpr double kLeastChange = 6.0; ///< mean grey levels; less cannot be told from good
constexpr double kPi = 3.14159265358979323846;

/// CV_8U 0/255: an angular or a round outline, 4 to 30 % of the image wide, at most of 384 pixels.
cv::Mat outlineMask(cv::Size size, Random& random)
{
    const double side = std::min(kUsualSide, double(std::min(size.width, size.height)));
    const cv::Point2d centre(random.uniform(0.0, size.width), random.uniform(0.0, size.height));
    const double radius = side * std::exp(random.uniform(std::log(0.02), std::log(0.15)));
    const bool round = random.chance(0.4);
    const double flat = random.uniform(0.4, 1.0);
    const double turn = random.uniform(0.0, 2.0 * kPi);
    const auto corners = round ? 32 : random.integer(3, 7);
    std::vector<cv::Point> outline;
    for (std::int64_t i = 0; i < corners; ++i) {
        const double angle = 2.0 * kPi * double(i) / double(corners);
        const double reach = radius * (round ? 1.0 : random.uniform(0.5, 1.0));
        const cv::Point2d p(reach * std::cos(angle), flat * reach * std::sin(angle));
        outline.emplace_back(centre + cv::Point2d(std::cos(turn) * p.x - std::sin(turn) * p.y,
                                                  std::sin(turn) * p.x + std::cos(turn) * p.y));
    }
    cv::Mat mask(size, CV_8U, cv::Scalar(0));
    cv::fillPoly(mask, std::vector<std::vector<cv::Point>>{outline}, cv::Scalar(255));
    return mask;
}

/// The image as it would look if the defect were everywhere.
cv::Mat changed(const cv::Mat& good, const cv::Mat& mask, Random& random)
{
    cv::Mat result;
    switch (random.integer(0, 3)) {
    case 0: { // out of place
        const cv::Mat shift = (cv::Mat_<double>(2, 3) << 1.0, 0.0, random.uniform(-0.4, 0.4) * good.cols, 0.0, 1.0,
                               random.uniform(-0.4, 0.4) * good.rows);
        cv::warpAffine(good, result, shift, good.size(), cv::INTER_LINEAR, cv::BORDER_REFLECT_101);
        return result;
    }
    case 1: // out of focus
        cv::GaussianBlur(good, result, {}, random.uniform(2.0, 6.0));
        return result;
    case 2: { // dented: lit on one flank, dark on the other
        cv::Mat depth;
        mask.convertTo(depth, CV_32F, 1.0 / 255.0);
        cv::GaussianBlur(depth, depth, {}, random.uniform(2.0, 5.0));
        cv::Mat slopeX;
        cv::Mat slopeY;
        cv::Sobel(depth, slopeX, CV_32F, 1, 0);
        cv::Sobel(depth, slopeY, CV_32F, 0, 1);
        const double light = random.uniform(0.0, 2.0 * kPi);
        cv::Mat relief = slopeX * std::cos(light) + slopeY * std::sin(light);
        double most = 0.0;
        cv::minMaxLoc(cv::abs(relief), nullptr, &most);
        relief *= random.uniform(40.0, 120.0) / std::max(most, 1e-6);
        cv::cvtColor(relief, relief, cv::COLOR_GRAY2BGR);
        return good + relief;
    }
    default: { // darkened towards its middle
        cv::Mat distance;
        cv::distanceTransform(mask, distance, cv::DIST_L2, 3);
        double most = 0.0;
        cv::minMaxLoc(distance, nullptr, &most);
        cv::Mat factor = 1.0 - distance * (random.uniform(0.2, 0.8) / std::max(most, 1.0));
        cv::cvtColor(factor, factor, cv::COLOR_GRAY2BGR);
        return good.mul(factor);
    }
    }
}

} // namespace

SimulatedDefect heldBackDefect(const cv::Mat& good, const SimulatorOptions& options, Random& random)
{
    const cv::Mat foreground = foregroundMask(good, options.foreground);
    for (int draw = 0; draw < kDraws; ++draw) {
        const cv::Mat mask = outlineMask(good.size(), random) & foreground;
        if (cv::countNonZero(mask) < options.minPixels)
            continue;
        cv::Mat image = good.clone();
        changed(good, mask, random).copyTo(image, mask);
        // By way of 8 bit, as DefectSimulator does.
        image.convertTo(image, CV_8U);
        image.convertTo(image, CV_32F);
        const cv::Scalar change = cv::mean(cv::abs(image - good), mask);
        if ((change[0] + change[1] + change[2]) / 3.0 >= kLeastChange)
            return {image, mask};
    }
    return {good, cv::Mat(good.size(), CV_8U, cv::Scalar(0))};
}

cv::Mat ValidationSet::image(std::size_t index) const
{
    cv::Mat image;
    images[index].convertTo(image, CV_32F);
    return image;
}

ValidationSet makeValidationSet(const PreparedImages& heldOut, const SimulatorOptions& options, const Random& seed,
                                int copies)
{
    ValidationSet set;
    bool anyDefect = false;
    const std::size_t pixels = heldOut.size() > 0 ? heldOut.at(0).total() : 1;
    const std::size_t most = std::clamp(kMostPixels / pixels, kLeastImages, kValidationImages);
    for (std::size_t i = 0; i < std::min(heldOut.size(), most); ++i) {
        const auto add = [&](const cv::Mat& image, const cv::Mat& mask, bool defective) {
            set.images.emplace_back();
            image.convertTo(set.images.back(), CV_8U);
            set.masks.push_back(mask);
            set.defective.push_back(defective);
            set.sources.push_back(heldOut.sample(i).path);
        };
        const cv::Mat good = heldOut.at(i);
        add(good, cv::Mat(good.size(), CV_8U, cv::Scalar(0)), false);
        for (int copy = 0; copy < copies; ++copy) {
            Random random = seed.fork(i * std::uint64_t(copies) + std::uint64_t(copy));
            const SimulatedDefect defect = heldBackDefect(good, options, random);
            if (cv::countNonZero(defect.mask) > 0) {
                add(defect.image, defect.mask, true);
                anyDefect = true;
            }
        }
    }
    if (!anyDefect) {
        throw Error(
            ErrorKind::Input,
            QCoreApplication::translate("core", "No simulated defect of at least min_pixels can be seen on the part."),
            QCoreApplication::translate("core", "Lower min_pixels, or set foreground to \"off\"."));
    }
    return set;
}

} // namespace lynceus
