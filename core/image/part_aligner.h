// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/image/part_foreground.h"
#include "core/image/part_reference.h"

#include <QtCore/QJsonObject>
#include <QtCore/QString>

#include <opencv2/core/mat.hpp>
#include <opencv2/core/types.hpp>

#include <functional>
#include <optional>
#include <vector>

namespace lynceus {

enum class PartStatus { Found, NotFound, TouchesBorder, SeveralParts, Mirrored };

/// Where the part lies in one picture. Only with PartStatus::Found may the part be judged in its upright frame.
struct PartPose
{
    PartStatus status = PartStatus::NotFound;
    QString reason;          ///< translated, why it isn't Found; empty when it is
    cv::Matx23d toUpright;   ///< source to upright frame at its natural size; OpenCV's pixel coordinates
    double angle = 0.0;      ///< degrees, -180..180, that the part is turned clockwise as seen in the picture
    double scale = 1.0;      ///< size against the reference; 1 unless the good parts' sizes varied
    double likeness = 0.0;   ///< correlation with the mean good part, -1..1
    double turnMargin = 0.0; ///< by how much the turn fits better than the next best one; 0: they look the same
    double outside = 0.0;    ///< share of the part that lies outside of the upright frame and is not seen there
    double stray = 0.0;      ///< what else differs from the ground, away from the part, in areas of a good part
};

/// Finds parts that lie freely on a plain ground, turns them upright and cuts them out. Learnt from pictures of good
/// parts and stored with the model. Immutable after learning, thread-safe.
class PartAligner
{
public:
    struct Options
    {
        IntensityWindow window16{0.0, 65535.0}; ///< for 16-bit sources, as Preprocessing has it
        double margin = 0.03;                   ///< ground kept around the longest good part, as a share of it; 0..0.5
        std::size_t mostPictures = 64;          ///< more good pictures than that are thinned out evenly

        void validate() const; ///< throws Error(Input)
    };

    struct Fit;

    /// `picture` is called with 0..count-1, at most once for each, on this thread; it may throw. Throws Error(Input) on
    /// a picture that is not one prepare() takes, and Cancelled. The turns of nearly round parts are told reliably from
    /// some 16 pictures on.
    static Fit learn(std::size_t count, const std::function<cv::Mat(std::size_t)>& picture, const Options& options,
                     const TaskContext& context = {});

    /// Sources as for prepare(): CV_8U or CV_16U; 1, 3 BGR or 4 BGRA channels; throws Error(Input) on others.
    PartPose align(const cv::Mat& source) const;

    /// Size in source pixels of the frame that holds every good part; its longer side is the width where the part's
    /// axis tells the angle.
    cv::Size frame() const { return m_frame.size(); }
    /// True when the angle is found; false when the part looks the same at every angle and is left as it lies.
    bool findsAngle() const { return m_turning != Turning::Kept; }
    bool isElongated() const { return m_turning == Turning::Axis; }

    /// The affine map from source pixels to an upright picture of another size: the frame at the same scale on both
    /// axes, centred.
    cv::Matx23d transform(const PartPose& pose, cv::Size target) const;
    /// The upright part, averaged over areas when it shrinks; depth and channels of the source. Beyond the source its
    /// border goes on. Throws Error(Input) when the pose is not Found or the source is another type than align() takes,
    /// and Error(Model) when the learnt frame can't belong to such a picture.
    cv::Mat warpUpright(const cv::Mat& source, const PartPose& pose, cv::Size target) const;
    /// A map of the upright picture (CV_32F) on the source's pixels, bilinear, 0 outside of the frame.
    cv::Mat mapToSource(const cv::Mat& map, const PartPose& pose, cv::Size source) const;

    /// The mean good part on a plain ground as a camera might show it, CV_8UC3, twice as wide and high as the frame:
    /// for measurements without pictures. Throws Error(Model) when the learnt frame is absurdly large.
    cv::Mat example() const;

    QJsonObject toJson() const;
    /// The mean good part with its weights, CV_8UC2, at most PartReference::kSide on its longer side.
    const cv::Mat& reference() const { return m_reference.picture(); }
    /// Throws Error(Format) on missing or absurd values.
    static PartAligner fromJson(const QJsonObject& json, const cv::Mat& reference);

private:
    /// What tells the angle.
    enum class Turning {
        Kept,   ///< nothing
        Axis,   ///< the longer axis; the looks tell head from tail
        Details ///< the looks alone
    };
    struct Registered;
    struct Learner;

    Similarity startPose(const Foreground& part, int factor) const;
    PartReference::Freedom freedom() const;
    /// Registers a part that was found in its picture; its size and looks are not judged.
    Registered registered(const GreyPyramid& grey, const Foreground& part, bool mirrored = false) const;
    double shareOutside(const Foreground& part, int factor, const cv::Matx23d& toUpright) const;

    ForegroundRule m_rule = ForegroundRule::Contrast;
    Turning m_turning = Turning::Kept;
    GroundNoise m_noise;
    IntensityWindow m_window16;
    double m_area = 0.0;     ///< median, source pixels
    double m_smallest = 1.0; ///< scales of the good parts
    double m_largest = 1.0;
    double m_likeness = 0.0; ///< lowest of the good parts
    double m_match = 0.0;    ///< lowest of the good parts
    bool m_chiral = false;   ///< the mirror image can be told
    cv::Rect m_frame;        ///< upright coordinates
    PartReference m_reference;
};

/// What was learnt, or why the parts can't be aligned.
struct PartAligner::Fit
{
    std::optional<PartAligner> aligner;
    QString whyNot;                   ///< translated, a whole sentence; empty when there is an aligner
    std::size_t looked = 0;           ///< good pictures that were looked at
    std::vector<std::size_t> leftOut; ///< those among them in which no part was found as expected
    /// How unlike the details of good pictures are where parts lie: standard deviation over the pictures, in grey
    /// values against their surroundings, summed over the pixels that any part covers and divided by the area of one
    /// part; as the parts lie, and upright.
    double alikeBefore = 0.0;
    double alikeAfter = 0.0;
};

} // namespace lynceus
