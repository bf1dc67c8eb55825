// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/data/textures.h"

#include "core/base/error.h"
#include "core/data/anomaly_folder.h"
#include "core/image/image_io.h"
#include "core/image/preprocessing.h"

#include <QtCore/QCoreApplication>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace lynceus {

namespace {

constexpr double kPi = 3.14159265358979323846;

// A kind of texture is a field: CV_32F, about 0..1, of any size. Colours come afterwards.
using Field = cv::Mat_<float>;

Field whiteNoise(cv::Size size, Random& random)
{
    Field field(size);
    for (float& value : field)
        value = float(random.uniform());
    return field;
}

Field stretched(Field field)
{
    cv::normalize(field, field, 0.0, 1.0, cv::NORM_MINMAX);
    return field;
}

/// Random values on a grid of about `cells` cells a side, interpolated.
Field valueNoise(cv::Size size, double cellsX, double cellsY, Random& random)
{
    const cv::Size grid(std::clamp(int(std::lround(cellsX)) + 2, 2, size.width),
                        std::clamp(int(std::lround(cellsY)) + 2, 2, size.height));
    Field field;
    cv::resize(whiteNoise(grid, random), field, size, 0.0, 0.0, cv::INTER_CUBIC);
    return field;
}

/// Octaves of value noise; `roughness` 0.3 gives clouds, 1 gives sand.
Field spectralNoise(cv::Size size, double cells, double roughness, Random& random)
{
    Field sum(size, 0.0F);
    double weight = 1.0;
    for (double c = cells; c < size.width / 2.0; c *= 2.0) {
        sum += weight * valueNoise(size, c, c, random);
        weight *= roughness;
    }
    return stretched(sum);
}

double logUniform(double low, double high, Random& random)
{
    return std::exp(random.uniform(std::log(low), std::log(high)));
}

/// Coordinates in a turned frame, in picture widths, bent by smooth noise.
struct Frame
{
    Field x;
    Field y;
};

Frame turnedFrame(cv::Size size, double bend, Random& random)
{
    const double angle = random.uniform(0.0, kPi);
    const double c = std::cos(angle) / size.width;
    const double s = std::sin(angle) / size.width;
    Frame frame{Field(size), Field(size)};
    for (int i = 0; i < size.height; ++i) {
        for (int j = 0; j < size.width; ++j) {
            frame.x(i, j) = float(c * j + s * i);
            frame.y(i, j) = float(c * i - s * j);
        }
    }
    if (bend > 0.0) {
        frame.x += bend * valueNoise(size, 4.0, 4.0, random);
        frame.y += bend * valueNoise(size, 4.0, 4.0, random);
    }
    return frame;
}

/// Applies `shape`, a function of one field, in place.
template <class Shape>
Field mapped(Field field, const Shape& shape)
{
    for (float& value : field)
        value = float(shape(double(value)));
    return field;
}

double fraction(double value)
{
    return value - std::floor(value);
}

Field clouds(cv::Size size, Random& random)
{
    return spectralNoise(size, logUniform(2.0, 12.0, random), random.uniform(0.3, 0.6), random);
}

Field sand(cv::Size size, Random& random)
{
    return spectralNoise(size, logUniform(16.0, 48.0, random), random.uniform(0.8, 1.2), random);
}

Field grain(cv::Size size, Random& random)
{
    Field noise = whiteNoise(size, random);
    cv::GaussianBlur(noise, noise, cv::Size(), random.uniform(0.4, 2.0));
    return stretched(noise);
}

Field stripes(cv::Size size, Random& random)
{
    const Frame frame = turnedFrame(size, random.chance(0.5) ? 0.1 : 0.0, random);
    const double count = logUniform(4.0, 60.0, random);
    const double duty = random.uniform(0.2, 0.8);
    const bool sharp = random.chance(0.5);
    return mapped(frame.x, [=](double x) {
        return sharp ? double(fraction(x * count) < duty) : 0.5 + 0.5 * std::sin(2.0 * kPi * count * x);
    });
}

Field checks(cv::Size size, Random& random)
{
    const Frame frame = turnedFrame(size, random.chance(0.3) ? 0.05 : 0.0, random);
    const double countX = logUniform(4.0, 40.0, random);
    const double countY = random.chance(0.5) ? countX : logUniform(4.0, 40.0, random);
    Field out(size);
    for (int i = 0; i < size.height; ++i) {
        for (int j = 0; j < size.width; ++j) {
            const int sum = int(std::floor(frame.x(i, j) * countX)) + int(std::floor(frame.y(i, j) * countY));
            out(i, j) = float(sum & 1);
        }
    }
    return out;
}

/// Tiles of random grey with joints between them.
Field bricks(cv::Size size, Random& random)
{
    const Frame frame = turnedFrame(size, 0.0, random);
    const double countX = logUniform(3.0, 20.0, random);
    const double countY = countX * random.uniform(1.0, 3.0);
    const double joint = random.uniform(0.04, 0.2);
    const Random shades = random.fork(0);
    random.next();
    Field out(size);
    for (int i = 0; i < size.height; ++i) {
        for (int j = 0; j < size.width; ++j) {
            const double y = frame.y(i, j) * countY;
            const double row = std::floor(y);
            const double x = frame.x(i, j) * countX + (std::fmod(row, 2.0) == 0.0 ? 0.0 : 0.5);
            const bool inJoint = fraction(x) < joint || fraction(y) < joint * countY / countX;
            const auto tile = std::uint64_t(std::int64_t(row) * 4099 + std::int64_t(std::floor(x)));
            out(i, j) = inJoint ? 0.0F : float(0.3 + 0.7 * shades.fork(tile).uniform());
        }
    }
    return out;
}

/// Voronoi cells: random greys, or dark borders, or distance from the seed points.
Field cells(cv::Size size, Random& random)
{
    const auto count = int(logUniform(12.0, 600.0, random));
    cv::Mat_<uchar> seeds(size, uchar(255));
    for (int i = 0; i < count; ++i)
        seeds(int(random.index(std::size_t(size.height))), int(random.index(std::size_t(size.width)))) = 0;
    Field distance;
    cv::Mat_<int> labels;
    cv::distanceTransform(seeds, distance, labels, cv::DIST_L2, 5, cv::DIST_LABEL_PIXEL);
    if (random.chance(0.3))
        return stretched(distance);

    std::vector<float> shades(std::size_t(count) + 1);
    for (float& shade : shades)
        shade = float(random.uniform());
    Field out(size);
    for (int i = 0; i < size.height; ++i) {
        for (int j = 0; j < size.width; ++j)
            out(i, j) = shades[std::size_t(labels(i, j))];
    }
    if (random.chance(0.5)) {
        Field low;
        Field high;
        cv::erode(out, low, cv::Mat());
        cv::dilate(out, high, cv::Mat());
        out.setTo(0.0F, high - low > 0.0F);
    }
    return out;
}

/// Round blobs of one or many sizes, thrown at random.
Field speckle(cv::Size size, Random& random)
{
    Field out(size, float(random.uniform(0.0, 0.3)));
    const double largest = logUniform(1.0, 14.0, random) * size.width / 256.0;
    const auto count = int(random.uniform(0.1, 0.5) * size.area() / (kPi * largest * largest));
    for (int i = 0; i < std::clamp(count, 10, 4000); ++i) {
        const cv::Point centre(int(random.index(std::size_t(size.width))), int(random.index(std::size_t(size.height))));
        const auto radius = int(std::lround(random.uniform(0.3, 1.0) * largest));
        cv::circle(out, centre, radius, cv::Scalar(random.uniform(0.4, 1.0)), cv::FILLED, cv::LINE_AA);
    }
    return out;
}

/// Brushed metal, wood grain, rain: noise drawn out along one direction.
Field brushed(cv::Size size, Random& random)
{
    const Frame frame = turnedFrame(size, random.chance(0.4) ? random.uniform(0.02, 0.15) : 0.0, random);
    const Field source =
        valueNoise(cv::Size(512, 512), random.uniform(2.0, 10.0), logUniform(60.0, 500.0, random), random);
    Field x = (frame.x + 1.0F) * (source.cols / 3.0F);
    Field y = (frame.y + 1.0F) * (source.rows / 3.0F);
    Field out;
    cv::remap(source, out, x, y, cv::INTER_LINEAR, cv::BORDER_REFLECT);
    return stretched(out);
}

Field gradient(cv::Size size, Random& random)
{
    const Frame frame = turnedFrame(size, 0.0, random);
    const double centre = random.uniform(-0.3, 1.0);
    const bool round = random.chance(0.5);
    Field out(size);
    for (int i = 0; i < size.height; ++i) {
        for (int j = 0; j < size.width; ++j) {
            const double x = frame.x(i, j) - centre;
            out(i, j) = float(round ? std::hypot(x, frame.y(i, j) - centre) : x);
        }
    }
    return stretched(out);
}

/// Veins: sines of a coordinate that turbulence has bent.
Field marble(cv::Size size, Random& random)
{
    const Frame frame = turnedFrame(size, 0.0, random);
    const Field turbulence = spectralNoise(size, random.uniform(2.0, 6.0), 0.55, random);
    const double count = logUniform(2.0, 14.0, random);
    const Field phase = frame.x * count + turbulence * random.uniform(1.0, 5.0);
    return mapped(phase, [](double p) { return std::abs(std::sin(kPi * p)); });
}

Field rings(cv::Size size, Random& random)
{
    const Frame frame = turnedFrame(size, random.uniform(0.0, 0.15), random);
    const double centre = random.uniform(-0.5, 1.0);
    const double count = logUniform(4.0, 40.0, random);
    Field out(size);
    for (int i = 0; i < size.height; ++i) {
        for (int j = 0; j < size.width; ++j)
            out(i, j) = float(fraction(count * std::hypot(frame.x(i, j) - centre, frame.y(i, j) - centre)));
    }
    return out;
}

/// Two sets of threads that pass over and under each other.
Field weave(cv::Size size, Random& random)
{
    const Frame frame = turnedFrame(size, random.chance(0.4) ? 0.04 : 0.0, random);
    const double count = logUniform(6.0, 50.0, random);
    Field out(size);
    for (int i = 0; i < size.height; ++i) {
        for (int j = 0; j < size.width; ++j) {
            const double x = frame.x(i, j) * count;
            const double y = frame.y(i, j) * count;
            const bool over = ((int(std::floor(x)) + int(std::floor(y))) & 1) != 0;
            out(i, j) = float(std::sin(kPi * fraction(over ? x : y)));
        }
    }
    return out;
}

Field fibres(cv::Size size, Random& random)
{
    Field out(size, float(random.uniform(0.0, 1.0)));
    const auto count = int(logUniform(20.0, 400.0, random));
    for (int i = 0; i < count; ++i) {
        cv::Point2d point(random.uniform(0.0, size.width), random.uniform(0.0, size.height));
        double angle = random.uniform(0.0, 2.0 * kPi);
        const double shade = random.uniform();
        for (int step = 0; step < 8; ++step) {
            angle += random.uniform(-0.5, 0.5);
            const cv::Point2d next = point + cv::Point2d(std::cos(angle), std::sin(angle)) * (size.width / 40.0);
            cv::line(out, cv::Point(point), cv::Point(next), cv::Scalar(shade), 1, cv::LINE_AA);
            point = next;
        }
    }
    return out;
}

/// Camouflage: smooth noise cut into few levels.
Field blotches(cv::Size size, Random& random)
{
    const auto levels = double(random.integer(2, 5));
    return mapped(clouds(size, random), [=](double v) { return std::floor(v * levels * 0.999) / (levels - 1.0); });
}

Field plain(cv::Size size, Random& random)
{
    return Field(size, float(random.uniform()));
}

using Kind = Field (*)(cv::Size, Random&);
constexpr Kind kKinds[] = {clouds,  sand,     grain,  stripes, checks, bricks, cells,    speckle,
                           brushed, gradient, marble, rings,   weave,  fibres, blotches, plain};

cv::Vec3f randomColor(Random& random)
{
    return {float(random.uniform(0.0, 255.0)), float(random.uniform(0.0, 255.0)), float(random.uniform(0.0, 255.0))};
}

/// A ramp of colours over 0..1: greys, tints of one hue, or anything.
std::vector<cv::Vec3f> randomRamp(Random& random)
{
    std::vector<cv::Vec3f> ramp(std::size_t(random.integer(2, 4)));
    const double style = random.uniform();
    const cv::Vec3f tint = randomColor(random);
    for (cv::Vec3f& color : ramp) {
        const auto light = float(random.uniform(0.0, 255.0));
        if (style < 0.35)
            color = cv::Vec3f::all(light);
        else if (style < 0.65)
            color = tint * 0.5F + cv::Vec3f::all(0.5F * light);
        else
            color = randomColor(random);
    }
    return ramp;
}

cv::Mat colored(const Field& field, const std::vector<cv::Vec3f>& ramp)
{
    const auto last = float(ramp.size() - 1);
    cv::Mat_<cv::Vec3f> out(field.size());
    std::transform(field.begin(), field.end(), out.begin(), [&](float value) {
        const float position = std::clamp(value, 0.0F, 1.0F) * last;
        const auto low = std::min(std::size_t(position), ramp.size() - 2);
        const float share = position - float(low);
        return cv::Vec3f(ramp[low] * (1.0F - share) + ramp[low + 1] * share);
    });
    return std::move(out);
}

class ProceduralTextures final : public TextureSource
{
public:
    cv::Mat draw(cv::Size size, Random& random) const override
    {
        cv::Mat picture = one(size, random);
        // Some are seen through a second one, so that patterns of two scales meet.
        if (random.chance(0.3)) {
            const double share = random.uniform(0.3, 0.7);
            cv::addWeighted(picture, share, one(size, random), 1.0 - share, 0.0, picture);
        }
        return picture;
    }

private:
    static cv::Mat one(cv::Size size, Random& random)
    {
        const Field field = kKinds[random.index(std::size(kKinds))](size, random);
        return colored(field, randomRamp(random));
    }
};

class FolderTextures final : public TextureSource
{
public:
    explicit FolderTextures(const QString& folder)
        : m_files(findImages(folder))
    {
        if (m_files.empty()) {
            throw Error(
                ErrorKind::Input,
                QCoreApplication::translate("core", "There are no pictures in the texture folder %1.").arg(folder),
                QCoreApplication::translate("core",
                                            "Choose a folder with pictures, or none for the built-in textures."));
        }
    }

    cv::Mat draw(cv::Size size, Random& random) const override
    {
        // Decoded at each draw: a collection of thousands of pictures would not fit into memory.
        const cv::Mat picture =
            readThumbnail(m_files[random.index(m_files.size())], 2 * std::max(size.width, size.height));
        Preprocessing how;
        how.width = size.width;
        how.height = size.height;
        return prepare(picture, how);
    }

private:
    std::vector<QString> m_files;
};

} // namespace

std::unique_ptr<TextureSource> proceduralTextures()
{
    return std::make_unique<ProceduralTextures>();
}

std::unique_ptr<TextureSource> folderTextures(const QString& folder)
{
    return std::make_unique<FolderTextures>(folder);
}

} // namespace lynceus
