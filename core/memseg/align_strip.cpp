// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/align_strip.h"

#include "core/base/error.h"
#include "core/image/image_io.h"
#include "core/image/part_aligner.h"
#include "core/memseg/training_plan.h"
#include "core/memseg/training_setup.h"

#include <QtCore/QCoreApplication>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr std::size_t kShown = 5;
constexpr int kSide = 240; ///< longest side of one picture, pixels
constexpr int kGap = 8;
const cv::Scalar kOutline(212, 182, 34); ///< BGR, seen on metal and on dark grounds alike

/// The affine map of points backwards.
cv::Point2d sourceOf(const cv::Matx23d& toUpright, const cv::Point2d& upright)
{
    cv::Matx23d back;
    cv::invertAffineTransform(toUpright, back);
    return {back(0, 0) * upright.x + back(0, 1) * upright.y + back(0, 2),
            back(1, 0) * upright.x + back(1, 1) * upright.y + back(1, 2)};
}

/// `picture` (8-bit BGR) with its longer side at kSide.
cv::Mat fitted(const cv::Mat& picture)
{
    const double scale = double(kSide) / std::max(picture.cols, picture.rows);
    cv::Mat result;
    cv::resize(
        picture, result,
        {std::max(1, int(std::lround(scale * picture.cols))), std::max(1, int(std::lround(scale * picture.rows)))}, 0,
        0, scale < 1.0 ? cv::INTER_AREA : cv::INTER_LINEAR);
    return result;
}

/// The picture as it was taken, with the frame that is cut out.
cv::Mat asTaken(const cv::Mat& source, const Preprocessing& how, const PartPose& pose)
{
    constexpr int kFraction = 4; ///< bits of the corners' coordinates
    cv::Mat picture = fitted(toDisplay(source, how.window16));
    const double scale = double(picture.cols) / source.cols;
    const cv::Size frame = how.part->frame();
    std::vector<cv::Point> corners;
    for (const cv::Point2d& corner : {cv::Point2d(0, 0), cv::Point2d(frame.width, 0),
                                      cv::Point2d(frame.width, frame.height), cv::Point2d(0, frame.height)}) {
        const cv::Point2d at = sourceOf(pose.toUpright, corner - cv::Point2d(0.5, 0.5));
        corners.emplace_back(int(std::lround(((at.x + 0.5) * scale - 0.5) * (1 << kFraction))),
                             int(std::lround(((at.y + 0.5) * scale - 0.5) * (1 << kFraction))));
    }
    cv::polylines(picture, corners, true, kOutline, 2, cv::LINE_AA, kFraction);
    return picture;
}

cv::Mat asSeen(const cv::Mat& source, const Preprocessing& how)
{
    cv::Mat picture;
    prepare(source, how).convertTo(picture, CV_8U);
    cv::cvtColor(picture, picture, cv::COLOR_RGB2BGR);
    return fitted(picture);
}

/// Each in the middle of its column; what they leave free is transparent.
cv::Mat belowEachOther(const cv::Mat& above, const cv::Mat& below, cv::Size largestAbove, cv::Size largestBelow)
{
    cv::Mat cell(largestAbove.height + kGap + largestBelow.height, std::max(largestAbove.width, largestBelow.width),
                 CV_8UC4, cv::Scalar::all(0));
    const auto put = [&](const cv::Mat& picture, int top, int height) {
        cv::Mat opaque;
        cv::cvtColor(picture, opaque, cv::COLOR_BGR2BGRA);
        opaque.copyTo(cell(
            cv::Rect((cell.cols - picture.cols) / 2, top + (height - picture.rows) / 2, picture.cols, picture.rows)));
    };
    put(above, 0, largestAbove.height);
    put(below, largestAbove.height + kGap, largestBelow.height);
    return cell;
}

cv::Size largest(const std::vector<cv::Mat>& pictures)
{
    cv::Size size;
    for (const cv::Mat& picture : pictures)
        size = {std::max(size.width, picture.cols), std::max(size.height, picture.rows)};
    return size;
}

} // namespace

cv::Mat AlignStrip::picture() const
{
    if (pictures.empty())
        return {};
    const cv::Size cell = pictures.front().size();
    cv::Mat strip(cell.height, int(pictures.size()) * (cell.width + kGap) - kGap, CV_8UC4, cv::Scalar::all(0));
    for (std::size_t i = 0; i < pictures.size(); ++i)
        pictures[i].copyTo(strip(cv::Rect({int(i) * (cell.width + kGap), 0}, cell)));
    return strip;
}

AlignStrip makeAlignStrip(const std::vector<Sample>& good, const MemSegOptions& options, const TaskContext& context)
{
    AlignStrip strip;
    if (options.align == "off"_L1) {
        strip.text = QCoreApplication::translate("core", "Parts are judged as they lie: align is off.");
        return strip;
    }
    MemSegOptions how = options;
    const std::vector<Sample> samples = withoutExcluded(good, options);
    PartsFound found;
    try {
        found = findParts(how, samples, context);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::Input)
            throw;
        strip.text = error.text();
        return strip;
    }
    strip.text = found.text;
    strip.isUpright = how.preprocessing.part != nullptr;
    if (!strip.isUpright)
        return strip;
    strip.notFound = sampleNames(found.notFound);
    if (!strip.notFound.isEmpty()) {
        strip.text += u' ' + QCoreApplication::translate("core", "In %n of them no part was found: %1.", nullptr,
                                                         int(strip.notFound.size()))
                                 .arg(shortList(strip.notFound));
    }
    fitInput(how, samples, context.cancel);

    std::vector<Sample> usable;
    std::copy_if(samples.begin(), samples.end(), std::back_inserter(usable),
                 [&](const Sample& sample) { return !strip.notFound.contains(sample.name); });
    std::vector<cv::Mat> above;
    std::vector<cv::Mat> below;
    const std::size_t count = std::min(kShown, usable.size());
    for (std::size_t i = 0; i < count; ++i) {
        context.cancel.throwIfCancelled();
        const Sample& sample = usable[i * usable.size() / count];
        const cv::Mat source = readImage(sample.path);
        const PartPose pose = how.preprocessing.part->align(source);
        above.push_back(asTaken(source, how.preprocessing, pose));
        below.push_back(asSeen(source, how.preprocessing));
        strip.shown << sample.name;
    }
    for (std::size_t i = 0; i < count; ++i)
        strip.pictures.push_back(belowEachOther(above[i], below[i], largest(above), largest(below)));
    return strip;
}

} // namespace lynceus
