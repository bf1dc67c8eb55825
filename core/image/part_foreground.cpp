// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/part_foreground.h"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace lynceus {

namespace {

constexpr int kWorkSide = 384;
/// Width of the border that shows the ground, as a share of the longer side.
constexpr double kBorder = 0.02;
/// Times the ground's noise from which on a pixel differs from it for certain.
constexpr double kDiffers = 12.0;
constexpr double kContrast = 6.0;
constexpr double kEdge = 5.0;
/// Smallest thing, as a share of the picture.
constexpr double kSmallest = 0.001;
/// What is thinner than this share of the part's own thickness is no part of its body, which holds most of its area.
constexpr double kThread = 0.3;
constexpr double kBody = 0.8;

cv::Mat ellipse(int side)
{
    return cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(side, side));
}

/// Colour of the ground as a plane over the picture: a + b x + c y for each channel, x and y from -0.5 to 0.5.
struct Plane
{
    cv::Matx33d coefficients; ///< rows: a, b, c; columns: channels
    double noise = 0.0;       ///< median distance of the border to it
};

std::vector<cv::Point> borderPixels(const cv::Size& size)
{
    const int width = std::max(2, int(kBorder * std::max(size.width, size.height)));
    std::vector<cv::Point> pixels;
    for (int y = 0; y < size.height; ++y) {
        const bool wholeRow = y < width || y >= size.height - width;
        for (int x = y % 3; x < size.width; x += 3) {
            if (wholeRow || x < width || x >= size.width - width)
                pixels.emplace_back(x, y);
        }
    }
    return pixels;
}

/// Least squares, leaving out what lies far from the plane, such as a part that reaches into the border.
template <class Pixel>
Plane fitGround(const cv::Mat& picture)
{
    constexpr int kRounds = 4;
    constexpr double kOutlier = 3.0;
    const std::vector<cv::Point> pixels = borderPixels(picture.size());
    const auto place = [&](const cv::Point& at) {
        return cv::Vec3d(1.0, (at.x + 0.5) / picture.cols - 0.5, (at.y + 0.5) / picture.rows - 0.5);
    };
    const auto value = [&](const cv::Point& at) {
        cv::Vec3d result;
        const Pixel& pixel = picture.at<Pixel>(at);
        for (int c = 0; c < Pixel::channels; ++c)
            result[c] = pixel[c];
        return result;
    };
    Plane plane;
    std::vector<double> distances(pixels.size(), 0.0);
    double limit = 1.0;
    for (int round = 0; round < kRounds; ++round) {
        cv::Matx33d a = cv::Matx33d::eye() * 1e-6;
        cv::Matx33d b = cv::Matx33d::zeros();
        for (std::size_t i = 0; i < pixels.size(); ++i) {
            if (distances[i] > limit)
                continue;
            const cv::Vec3d at = place(pixels[i]);
            a += at * at.t();
            b += at * value(pixels[i]).t();
        }
        plane.coefficients = a.inv() * b;
        for (std::size_t i = 0; i < pixels.size(); ++i)
            distances[i] = cv::norm(value(pixels[i]) - plane.coefficients.t() * place(pixels[i]));
        std::vector<double> sorted = distances;
        const auto middle = sorted.begin() + std::ptrdiff_t(sorted.size() / 2);
        std::nth_element(sorted.begin(), middle, sorted.end());
        plane.noise = *middle;
        limit = kOutlier * std::max(plane.noise, 0.5);
    }
    return plane;
}

/// Fills grey and distance of `work` from a picture with one or three channels.
template <class Pixel>
void subtractGround(const cv::Mat& picture, WorkPicture& work)
{
    constexpr int kChannels = Pixel::channels;
    const Plane plane = fitGround<Pixel>(picture);
    const cv::Vec3f weights = kChannels == 1 ? cv::Vec3f(1.0F, 0.0F, 0.0F) : cv::Vec3f(0.114F, 0.587F, 0.299F);
    work.grey.create(picture.size(), CV_32F);
    work.distance.create(picture.size(), CV_8U);
    for (int y = 0; y < picture.rows; ++y) {
        const auto* in = picture.ptr<Pixel>(y);
        auto* grey = work.grey.ptr<float>(y);
        auto* distance = work.distance.ptr<uchar>(y);
        float start[kChannels];
        float step[kChannels];
        for (int c = 0; c < kChannels; ++c) {
            step[c] = float(plane.coefficients(1, c) / picture.cols);
            start[c] = float(plane.coefficients(0, c) + plane.coefficients(2, c) * ((y + 0.5) / picture.rows - 0.5) +
                             plane.coefficients(1, c) * (0.5 / picture.cols - 0.5));
        }
        for (int x = 0; x < picture.cols; ++x) {
            float sum = 0.0F;
            float squares = 0.0F;
            for (int c = 0; c < kChannels; ++c) {
                const float difference = float(in[x][c]) - (start[c] + step[c] * float(x));
                sum += weights[c] * difference;
                squares += difference * difference;
            }
            grey[x] = sum;
            distance[x] = uchar(std::min(std::sqrt(squares) + 0.5F, 255.0F));
        }
    }
    work.noise = plane.noise;
}

cv::Mat gradientOf(const cv::Mat& grey)
{
    cv::Mat across;
    cv::Mat down;
    cv::Scharr(grey, across, CV_32F, 1, 0, 1.0 / 32.0);
    cv::Scharr(grey, down, CV_32F, 0, 1, 1.0 / 32.0);
    cv::Mat gradient;
    cv::magnitude(across, down, gradient);
    return gradient;
}

/// Fills in mask, areas and touchesBorder.
Foreground largestThing(const cv::Mat& mask)
{
    cv::Mat labels;
    cv::Mat stats;
    cv::Mat centroids;
    const int count = cv::connectedComponentsWithStats(mask, labels, stats, centroids, 8, CV_32S);
    Foreground result;
    int largest = 0;
    for (int i = 1; i < count; ++i) {
        const double area = stats.at<int>(i, cv::CC_STAT_AREA);
        if (area > result.area) {
            result.secondArea = result.area;
            result.area = area;
            largest = i;
        } else if (area > result.secondArea) {
            result.secondArea = area;
        }
    }
    if (largest == 0)
        return {};
    const cv::Rect box(stats.at<int>(largest, cv::CC_STAT_LEFT), stats.at<int>(largest, cv::CC_STAT_TOP),
                       stats.at<int>(largest, cv::CC_STAT_WIDTH), stats.at<int>(largest, cv::CC_STAT_HEIGHT));
    result.touchesBorder = box.x == 0 || box.y == 0 || box.br().x == mask.cols || box.br().y == mask.rows;
    result.mask = labels == largest;
    return result;
}

} // namespace

WorkPicture makeWorkPicture(const cv::Mat& source, const IntensityWindow& window16)
{
    WorkPicture work;
    const int side = std::max(source.cols, source.rows);
    work.factor = std::max(1, int(std::lround(double(side) / kWorkSide)));
    // A whole factor keeps the geometry exact; the few pixels that are over at the right and at the bottom are left
    // out.
    const cv::Size size(std::max(1, source.cols / work.factor), std::max(1, source.rows / work.factor));
    const cv::Rect whole(0, 0, std::min(source.cols, size.width * work.factor),
                         std::min(source.rows, size.height * work.factor));
    cv::Mat picture;
    cv::resize(source(whole), picture, size, 0, 0, cv::INTER_AREA);
    if (picture.depth() == CV_16U) {
        const double gain = 255.0 / (window16.high - window16.low);
        picture.convertTo(picture, CV_8U, gain, -window16.low * gain);
    }
    if (picture.channels() == 4)
        cv::cvtColor(picture, picture, cv::COLOR_BGRA2BGR);
    cv::GaussianBlur(picture, picture, cv::Size(5, 5), 1.0);
    if (picture.channels() == 1)
        subtractGround<cv::Vec<uchar, 1>>(picture, work);
    else
        subtractGround<cv::Vec3b>(picture, work);

    const cv::Mat gradient = gradientOf(work.grey);
    std::vector<float> border;
    for (const cv::Point& at : borderPixels(size))
        border.push_back(gradient.at<float>(at));
    const auto quartile = border.begin() + std::ptrdiff_t(border.size() * 3 / 4);
    std::nth_element(border.begin(), quartile, border.end());
    work.roughness = double(*quartile);
    return work;
}

Foreground findForeground(const WorkPicture& picture, const GroundNoise& ground, ForegroundRule rule)
{
    // The noise of a drawn or overexposed ground can be 0; a grey value is the least that counts.
    const double noise = std::max(ground.noise, 0.7);
    cv::Mat mask;
    if (rule == ForegroundRule::Contrast) {
        const double otsu = cv::threshold(picture.distance, mask, 0, 255, cv::THRESH_BINARY | cv::THRESH_OTSU);
        if (otsu < kContrast * noise)
            mask = picture.distance > kContrast * noise;
    } else {
        mask = gradientOf(picture.grey) > kEdge * std::max(ground.roughness, 0.4);
        mask |= picture.distance > kDiffers * noise;
        cv::morphologyEx(mask, mask, cv::MORPH_CLOSE, ellipse(7));
    }
    std::vector<std::vector<cv::Point>> outlines;
    cv::findContours(mask, outlines, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_NONE);
    mask = cv::Scalar(0);
    cv::drawContours(mask, outlines, -1, cv::Scalar(255), cv::FILLED);
    cv::morphologyEx(mask, mask, cv::MORPH_OPEN, ellipse(rule == ForegroundRule::Contrast ? 3 : 7));

    Foreground result = largestThing(mask);
    if (result.touchesBorder) {
        // A thread that hangs over a part's edge must not hide the part.
        cv::Mat depth;
        cv::distanceTransform(mask, depth, cv::DIST_L2, cv::DIST_MASK_5, CV_32F);
        double deepest = 0.0;
        cv::minMaxLoc(depth, nullptr, &deepest, nullptr, nullptr, result.mask);
        // Opening by distances: with so large an element it takes a tenth of the time.
        const double thread = kThread * deepest;
        cv::distanceTransform(depth <= thread, depth, cv::DIST_L2, cv::DIST_MASK_5, CV_32F);
        mask &= depth <= thread;
        const Foreground body = largestThing(mask);
        if (!body.touchesBorder && body.area > kBody * result.area)
            result = body;
    }
    if (result.area < kSmallest * double(mask.total()))
        return {};
    const cv::Moments moments = cv::moments(result.mask, true);
    result.centre = {moments.m10 / moments.m00, moments.m01 / moments.m00};
    result.axis = 0.5 * std::atan2(2.0 * moments.mu11, moments.mu20 - moments.mu02);
    const double middle = 0.5 * (moments.mu20 + moments.mu02);
    const double spread = std::hypot(0.5 * (moments.mu20 - moments.mu02), moments.mu11);
    result.elongation = std::sqrt((middle + spread) / std::max(middle - spread, 1e-3 * middle));

    cv::Mat near;
    cv::dilate(result.mask, near, ellipse(7));
    result.unexplained = double(cv::countNonZero((picture.distance > kContrast * noise) & ~near));
    return result;
}

} // namespace lynceus
