// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/defect_simulator.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace lynceus {

namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr int kMaskDraws = 20;
/// A "part" smaller than this share of the picture is taken for a failed binarisation.
constexpr double kLeastForeground = 0.02;

double fade(double t)
{
    return t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
}

double lerp(double a, double b, double t)
{
    return a + t * (b - a);
}

cv::Mat rotated(const cv::Mat& image, double degrees, int border)
{
    const cv::Point2f centre((float(image.cols) - 1.0F) / 2.0F, (float(image.rows) - 1.0F) / 2.0F);
    cv::Mat out;
    cv::warpAffine(image, out, cv::getRotationMatrix2D(centre, degrees, 1.0), image.size(), cv::INTER_LINEAR, border);
    return out;
}

double shareOnBorder(const cv::Mat& mask)
{
    const int onBorder = cv::countNonZero(mask) - cv::countNonZero(mask(cv::Rect(1, 1, mask.cols - 2, mask.rows - 2)));
    return double(onBorder) / double(2 * (mask.cols + mask.rows) - 4);
}

cv::Mat largestComponent(const cv::Mat& mask)
{
    cv::Mat labels;
    cv::Mat stats;
    cv::Mat centroids;
    const int count = cv::connectedComponentsWithStats(mask, labels, stats, centroids, 8);
    int best = 0;
    for (int i = 1; i < count; ++i) {
        if (best == 0 || stats.at<int>(i, cv::CC_STAT_AREA) > stats.at<int>(best, cv::CC_STAT_AREA))
            best = i;
    }
    return best == 0 ? mask : cv::Mat(labels == best);
}

cv::Mat withoutHoles(const cv::Mat& mask)
{
    std::vector<std::vector<cv::Point>> outlines;
    cv::findContours(mask, outlines, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_SIMPLE);
    cv::Mat filled(mask.size(), CV_8U, cv::Scalar(0));
    cv::drawContours(filled, outlines, -1, cv::Scalar(255), cv::FILLED);
    return filled;
}

// The augmentations of the structure source, each on an RGB CV_8UC3 picture in place (the reference's list).

using ColorTable = cv::Mat_<cv::Vec3b>;

template <class Curve> // double(int value, int channel)
void applyCurve(cv::Mat& image, const Curve& curve)
{
    ColorTable table(1, 256);
    for (int value = 0; value < 256; ++value) {
        for (int channel = 0; channel < 3; ++channel)
            table(0, value)[channel] = cv::saturate_cast<uchar>(curve(value, channel));
    }
    cv::LUT(image, table, image);
}

void changeGamma(cv::Mat& image, Random& random)
{
    std::array<double, 3> gamma{};
    for (double& g : gamma)
        g = random.uniform(0.5, 2.0);
    applyCurve(image, [&](int v, int c) { return 255.0 * std::pow(v / 255.0, gamma[std::size_t(c)]); });
}

void changeBrightness(cv::Mat& image, Random& random)
{
    const double factor = random.uniform(0.8, 1.2);
    const double offset = random.uniform(-30.0, 30.0);
    applyCurve(image, [&](int v, int) { return factor * v + offset; });
}

void sharpen(cv::Mat& image, Random& random)
{
    // 0: smoothed, 1: as it is, 2: contours doubled.
    const double amount = random.uniform(0.0, 2.0);
    cv::Mat smooth;
    cv::GaussianBlur(image, smooth, cv::Size(3, 3), 0.0);
    cv::addWeighted(image, amount, smooth, 1.0 - amount, 0.0, image);
}

void shiftHueAndSaturation(cv::Mat& image, Random& random)
{
    // OpenCV's 8-bit hue has 180 steps a turn, the reference's +-50 is out of 255.
    const double hue = random.uniform(-50.0, 50.0) * 180.0 / 255.0;
    const double saturation = random.uniform(-50.0, 50.0);
    cv::cvtColor(image, image, cv::COLOR_RGB2HSV);
    applyCurve(image, [&](int v, int c) {
        if (c == 0)
            return std::fmod(v + hue + 180.0, 180.0);
        return c == 1 ? v + saturation : double(v);
    });
    cv::cvtColor(image, image, cv::COLOR_HSV2RGB);
}

void solarise(cv::Mat& image, Random& random)
{
    if (!random.chance(0.5))
        return;
    const auto threshold = int(random.integer(32, 128));
    applyCurve(image, [&](int v, int) { return v >= threshold ? 255 - v : v; });
}

void posterise(cv::Mat& image, Random& random)
{
    const auto bits = int(random.integer(1, 7));
    applyCurve(image, [&](int v, int) { return v & (0xff << (8 - bits)); });
}

void invert(cv::Mat& image, Random&)
{
    applyCurve(image, [](int v, int) { return 255 - v; });
}

void stretchContrast(cv::Mat& image, Random&)
{
    std::array<cv::Mat, 3> channels;
    cv::split(image, channels.data());
    for (cv::Mat& channel : channels)
        cv::normalize(channel, channel, 0, 255, cv::NORM_MINMAX);
    cv::merge(channels.data(), channels.size(), image);
}

void equalise(cv::Mat& image, Random&)
{
    std::array<cv::Mat, 3> channels;
    cv::split(image, channels.data());
    for (cv::Mat& channel : channels)
        cv::equalizeHist(channel, channel);
    cv::merge(channels.data(), channels.size(), image);
}

void turn(cv::Mat& image, Random& random)
{
    image = rotated(image, random.uniform(-45.0, 45.0), cv::BORDER_REFLECT_101);
}

/// Three distinct augmentations, drawn and applied in random order.
cv::Mat augmented(const cv::Mat& rgb, Random& random)
{
    using Augmentation = void (*)(cv::Mat&, Random&);
    std::vector<Augmentation> list = {
        changeGamma,     changeBrightness, sharpen, shiftHueAndSaturation, solarise, posterise, invert,
        stretchContrast, equalise,         turn};
    random.shuffle(list);
    cv::Mat image;
    rgb.convertTo(image, CV_8U);
    for (std::size_t i = 0; i < 3; ++i)
        list[i](image, random);
    image.convertTo(image, CV_32F);
    return image;
}

} // namespace

cv::Mat perlinNoise(int rows, int columns, int cellsY, int cellsX, Random& random)
{
    cv::Mat_<cv::Vec2d> gradient(cellsY + 1, cellsX + 1);
    for (cv::Vec2d& g : gradient) {
        const double angle = random.uniform(0.0, 2.0 * kPi);
        g = {std::cos(angle), std::sin(angle)};
    }

    cv::Mat_<float> noise(rows, columns);
    for (int i = 0; i < rows; ++i) {
        const double u = double(i) * cellsY / rows;
        const int cellY = int(u);
        const double fu = u - cellY;
        const double su = fade(fu);
        for (int j = 0; j < columns; ++j) {
            const double v = double(j) * cellsX / columns;
            const int cellX = int(v);
            const double fv = v - cellX;
            const auto corner = [&](int p, int q) {
                const cv::Vec2d& g = gradient(cellY + p, cellX + q);
                return (fu - p) * g[0] + (fv - q) * g[1];
            };
            noise(i, j) = float(std::sqrt(2.0) * lerp(lerp(corner(0, 0), corner(1, 0), su),
                                                      lerp(corner(0, 1), corner(1, 1), su), fade(fv)));
        }
    }
    return noise;
}

cv::Mat shapeMask(cv::Size size, Random& random)
{
    cv::Mat mask(size, CV_8U, cv::Scalar(0));
    const double side = std::min(size.width, size.height);
    cv::Point2d at(random.uniform(0.0, size.width), random.uniform(0.0, size.height));
    if (random.chance(0.6)) {
        constexpr int kPieces = 16;
        const double length = side * random.uniform(0.05, 0.5);
        const int width = std::max(1, int(std::lround(side * random.uniform(0.004, 0.03))));
        const double bend = random.uniform(-2.0, 2.0);
        double angle = random.uniform(0.0, 2.0 * kPi);
        for (int i = 0; i < kPieces; ++i) {
            const cv::Point2d next = at + cv::Point2d(std::cos(angle), std::sin(angle)) * (length / kPieces);
            cv::line(mask, at, next, cv::Scalar(255), width);
            at = next;
            angle += (bend + random.uniform(-1.0, 1.0)) / kPieces;
        }
        return mask;
    }
    constexpr int kCorners = 24;
    const double radius = side * random.uniform(0.01, 0.06);
    const double stretch = random.uniform(0.6, 1.6);
    const double first = random.uniform(0.0, 2.0 * kPi);
    const double second = random.uniform(0.0, 2.0 * kPi);
    std::vector<cv::Point> outline;
    for (int i = 0; i < kCorners; ++i) {
        const double angle = 2.0 * kPi * i / kCorners;
        const double reach =
            radius * (1.0 + 0.25 * std::sin(2.0 * angle + first) + 0.15 * std::sin(5.0 * angle + second));
        outline.emplace_back(at + cv::Point2d(std::cos(angle) * stretch, std::sin(angle) / stretch) * reach);
    }
    cv::fillPoly(mask, std::vector<std::vector<cv::Point>>{outline}, cv::Scalar(255));
    return mask;
}

cv::Mat foregroundMask(const cv::Mat& rgb, const ForegroundOptions& options)
{
    const cv::Mat everything(rgb.size(), CV_8U, cv::Scalar(255));
    if (options.mode == ForegroundOptions::Mode::Off)
        return everything;

    cv::Mat grey;
    rgb.convertTo(grey, CV_8U);
    cv::cvtColor(grey, grey, cv::COLOR_RGB2GRAY);
    cv::Mat mask;
    const bool otsu = options.mode == ForegroundOptions::Mode::Otsu;
    cv::threshold(grey, mask, options.threshold, 255, otsu ? cv::THRESH_OTSU : cv::THRESH_BINARY);

    using Polarity = ForegroundOptions::Polarity;
    const bool partIsDark =
        options.polarity == Polarity::Auto ? shareOnBorder(mask) > 0.5 : options.polarity == Polarity::Dark;
    if (partIsDark)
        cv::bitwise_not(mask, mask);

    const cv::Mat square = cv::getStructuringElement(cv::MORPH_RECT, cv::Size(5, 5));
    cv::morphologyEx(mask, mask, cv::MORPH_OPEN, square);
    cv::morphologyEx(mask, mask, cv::MORPH_CLOSE, square);
    if (options.largestOnly)
        mask = largestComponent(mask);
    if (options.fillHoles)
        mask = withoutHoles(mask);
    return cv::countNonZero(mask) < kLeastForeground * double(mask.total()) ? everything : mask;
}

cv::Mat shuffleGrid(const cv::Mat& image, int rows, int columns, Random& random)
{
    if (rows < 1 || columns < 1 || image.rows % rows != 0 || image.cols % columns != 0) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "A picture of %1 x %2 pixels can't be cut into %3 rows and "
                                                        "%4 columns of equal cells.")
                        .arg(image.cols)
                        .arg(image.rows)
                        .arg(rows)
                        .arg(columns),
                    QCoreApplication::translate("core", "Choose grid numbers that divide height and width."));
    }
    const cv::Size cell(image.cols / columns, image.rows / rows);
    std::vector<int> order(std::size_t(rows) * std::size_t(columns));
    std::iota(order.begin(), order.end(), 0);
    random.shuffle(order);

    const auto cellRect = [&](int index) {
        return cv::Rect(cv::Point((index % columns) * cell.width, (index / columns) * cell.height), cell);
    };
    cv::Mat out(image.size(), image.type());
    for (std::size_t i = 0; i < order.size(); ++i)
        image(cellRect(order[i])).copyTo(out(cellRect(int(i))));
    return out;
}

DefectSimulator::DefectSimulator(const SimulatorOptions& options)
    : m_options(options)
    , m_textures(options.textureFolder.isEmpty() ? proceduralTextures() : folderTextures(options.textureFolder))
{
}

SimulatedDefect DefectSimulator::simulate(const cv::Mat& good, Random& random) const
{
    const cv::Mat mask = drawMask(foregroundMask(good, m_options.foreground), random);
    if (mask.empty())
        return {good, cv::Mat(good.size(), CV_8U, cv::Scalar(0))};

    const cv::Mat noise = drawNoise(good, random);
    const double opacity = random.uniform(m_options.opacityLow, m_options.opacityHigh);
    cv::Mat blend;
    cv::addWeighted(noise, opacity, good, 1.0 - opacity, 0.0, blend);
    cv::Mat image = good.clone();
    blend.copyTo(image, mask);
    // By way of 8 bit: cameras deliver whole numbers, so fractions must not betray a simulated defect.
    image.convertTo(image, CV_8U);
    image.convertTo(image, CV_32F);
    return {image, mask};
}

cv::Mat DefectSimulator::drawNoise(const cv::Mat& good, Random& random) const
{
    // Stains and shades change the part's own colours; half as many as there are strokes and spots.
    if (random.chance(0.5 * m_options.shapeProbability)) {
        const double gain = random.chance(0.5) ? random.uniform(0.2, 0.8) : random.uniform(1.2, 1.8);
        cv::Mat shaded;
        good.convertTo(shaded, CV_32F, gain);
        const cv::Scalar tint(random.uniform(-25.0, 25.0), random.uniform(-25.0, 25.0), random.uniform(-25.0, 25.0));
        cv::add(shaded, tint, shaded);
        return shaded;
    }
    return random.chance(m_options.textureProbability)
               ? m_textures->draw(good.size(), random)
               : shuffleGrid(augmented(good, random), m_options.gridRows, m_options.gridColumns, random);
}

cv::Mat DefectSimulator::drawMask(const cv::Mat& foreground, Random& random) const
{
    const bool isShape = random.chance(m_options.shapeProbability);
    for (int draw = 0; draw < kMaskDraws; ++draw) {
        if (isShape) {
            const cv::Mat mask = shapeMask(foreground.size(), random) & foreground;
            if (cv::countNonZero(mask) >= m_options.minPixels)
                return mask;
            continue;
        }
        const int cellsX = 1 << random.integer(0, m_options.perlinScaleLimit - 1);
        const int cellsY = 1 << random.integer(0, m_options.perlinScaleLimit - 1);
        const cv::Mat noise = perlinNoise(foreground.rows, foreground.cols, cellsY, cellsX, random);
        const cv::Mat turned = rotated(noise, random.uniform(-90.0, 90.0), cv::BORDER_CONSTANT);
        const cv::Mat mask = (turned > m_options.perlinThreshold) & foreground;
        if (cv::countNonZero(mask) >= m_options.minPixels)
            return mask;
    }
    return {};
}

} // namespace lynceus
