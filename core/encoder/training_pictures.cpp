// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/encoder/training_pictures.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/data/anomaly_folder.h"
#include "core/image/image_io.h"

#include <QtCore/QCoreApplication>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

namespace lynceus {

namespace {

constexpr double kPhotographShare = 0.75;
constexpr double kPi = 3.14159265358979323846;

/// A closed outline: an ellipse, a polygon, a bar or a thin stroke.
std::vector<cv::Point> outline(int side, Random& random)
{
    const cv::Point2d centre(random.uniform(0.0, side), random.uniform(0.0, side));
    const double radius = side * std::exp(random.uniform(std::log(0.04), std::log(0.6)));
    const double narrow = random.chance(0.3) ? random.uniform(0.03, 0.2) : random.uniform(0.3, 1.0);
    const double turn = random.uniform(0.0, 2.0 * kPi);
    const bool round = random.chance(0.4);
    const auto corners = round ? 40 : random.integer(3, 8);
    std::vector<cv::Point> points;
    for (std::int64_t i = 0; i < corners; ++i) {
        const double angle = 2.0 * kPi * double(i) / double(corners);
        const double r = radius * (round ? 1.0 : random.uniform(0.6, 1.0));
        const cv::Point2d p(r * std::cos(angle), narrow * r * std::sin(angle));
        points.emplace_back(centre + cv::Point2d(std::cos(turn) * p.x - std::sin(turn) * p.y,
                                                 std::sin(turn) * p.x + std::cos(turn) * p.y));
    }
    return points;
}

/// Light that falls off across the picture, as a factor.
cv::Mat shade(int side, Random& random)
{
    cv::Mat_<float> coarse(2, 2);
    for (float& value : coarse)
        value = float(random.uniform(0.4, 1.4));
    cv::Mat light;
    cv::resize(coarse, light, cv::Size(side, side), 0.0, 0.0, cv::INTER_LINEAR);
    cv::cvtColor(light, light, cv::COLOR_GRAY2BGR);
    return light;
}

/// What cameras and lamps do to a picture.
cv::Mat exposed(cv::Mat picture, Random& random)
{
    if (random.chance(0.25)) {
        cv::cvtColor(picture, picture, cv::COLOR_RGB2GRAY);
        cv::cvtColor(picture, picture, cv::COLOR_GRAY2RGB);
    }
    if (random.chance(0.2))
        cv::GaussianBlur(picture, picture, {}, random.uniform(0.4, 2.0));
    const double contrast = std::exp(random.uniform(-0.7, 0.4));
    const double brightness = random.uniform(-40.0, 40.0);
    picture = (picture - cv::Scalar::all(128.0)) * contrast + cv::Scalar::all(128.0 + brightness);
    if (random.chance(0.3)) {
        cv::Mat noise(picture.size(), picture.type());
        cv::RNG generator(random.next());
        generator.fill(noise, cv::RNG::NORMAL, 0.0, random.uniform(1.0, 12.0));
        picture += noise;
    }
    cv::min(picture, 255.0, picture);
    cv::max(picture, 0.0, picture);
    return picture;
}

} // namespace

TrainingPictures::TrainingPictures(const QString& folder, int leastSide, const TaskContext& context)
{
    if (folder.isEmpty())
        return;
    const std::vector<QString> files = findImages(folder, context.cancel);
    for (std::size_t i = 0; i < files.size(); ++i) {
        context.cancel.throwIfCancelled();
        context.report(double(i) / double(files.size()), QCoreApplication::translate("core", "reading pictures"));
        try {
            cv::Mat picture = readThumbnail(files[i], kLongSide);
            if (std::min(picture.rows, picture.cols) < leastSide)
                continue;
            cv::cvtColor(picture, picture, cv::COLOR_BGR2RGB);
            m_pictures.push_back(picture);
        } catch (const Error& error) {
            qCWarning(logTraining) << error.text();
        }
    }
    if (m_pictures.empty()) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "%1 holds no picture of at least %2 pixels a side.")
                        .arg(folder)
                        .arg(leastSide),
                    QCoreApplication::translate("core", "Choose a folder with photographs, or none."));
    }
}

cv::Mat TrainingPictures::draw(int side, Random& random) const
{
    const bool photograph = !m_pictures.empty() && random.chance(kPhotographShare);
    return exposed(photograph ? piece(side, random) : scene(side, random), random);
}

cv::Mat TrainingPictures::piece(int side, Random& random) const
{
    const cv::Mat& picture = m_pictures[random.index(m_pictures.size())];
    const double most = std::min(picture.rows, picture.cols);
    const double least = std::min(most, 0.7 * side);
    const int cut = int(std::exp(random.uniform(std::log(least), std::log(most))));
    const cv::Rect place(int(random.integer(0, picture.cols - cut)), int(random.integer(0, picture.rows - cut)), cut,
                         cut);
    cv::Mat result;
    cv::resize(picture(place), result, cv::Size(side, side), 0.0, 0.0, cut > side ? cv::INTER_AREA : cv::INTER_LINEAR);
    if (random.chance(0.5))
        cv::flip(result, result, 1);
    const std::int64_t turns = random.integer(0, 3);
    if (turns > 0)
        cv::rotate(result, result, int(turns) - 1);
    result.convertTo(result, CV_32F);
    return result;
}

cv::Mat TrainingPictures::scene(int side, Random& random) const
{
    const cv::Size size(side, side);
    cv::Mat picture = m_textures->draw(size, random);
    const std::int64_t shapes = random.chance(0.3) ? 0 : random.integer(1, 10);
    for (std::int64_t i = 0; i < shapes; ++i) {
        cv::Mat mask(size, CV_8U, cv::Scalar(0));
        cv::fillPoly(mask, std::vector<std::vector<cv::Point>>{outline(side, random)}, cv::Scalar(255));
        cv::Mat surface;
        if (random.chance(0.5)) {
            surface = m_textures->draw(size, random);
        } else {
            surface =
                cv::Mat(size, CV_32FC3,
                        cv::Scalar(random.uniform(0.0, 255.0), random.uniform(0.0, 255.0), random.uniform(0.0, 255.0)));
        }
        cv::multiply(surface, shade(side, random), surface);
        surface.copyTo(picture, mask);
    }
    cv::multiply(picture, shade(side, random), picture);
    return picture;
}

} // namespace lynceus
