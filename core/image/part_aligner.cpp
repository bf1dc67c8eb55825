// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/part_aligner.h"

#include "core/base/error.h"
#include "core/image/json_fields.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QJsonArray>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr double kPi = 3.14159265358979323846;
/// Another thing of this share of the part's area is a part too.
constexpr double kSecondPart = 0.25;
/// Areas, against the good parts', that a part may have; a foreground is only right to some percent.
constexpr double kSmallestArea = 0.6;
constexpr double kLargestArea = 1.6;
/// What is found has to be at least this much like the mean good part, as a share of the least alike good one.
constexpr double kLeastLikeness = 0.5;
/// Scales beyond those of the good parts that are still searched.
constexpr double kScaleMargin = 1.05;
/// Largest side of a frame that is accepted from a file.
constexpr int kMostFrame = 1 << 20;

QString tr(const char* text)
{
    return QCoreApplication::translate("core", text);
}

double quantile(std::vector<double> values, double share)
{
    std::sort(values.begin(), values.end());
    return values[std::size_t(std::lround(share * double(values.size() - 1)))];
}

cv::Matx23d inverse(const cv::Matx23d& map)
{
    cv::Matx23d result;
    cv::invertAffineTransform(map, result);
    return result;
}

cv::Matx23d product(const cv::Matx23d& second, const cv::Matx23d& first)
{
    const auto whole = [](const cv::Matx23d& m) {
        return cv::Matx33d(m(0, 0), m(0, 1), m(0, 2), m(1, 0), m(1, 1), m(1, 2), 0.0, 0.0, 1.0);
    };
    return (whole(second) * whole(first)).get_minor<2, 3>(0, 0);
}

/// Upright coordinates to source pixels.
cv::Matx23d matrixOf(const Similarity& pose)
{
    const cv::Point2d origin = pose.apply({0.0, 0.0});
    const cv::Point2d x = pose.apply({1.0, 0.0}) - origin;
    const cv::Point2d y = pose.apply({0.0, 1.0}) - origin;
    return {x.x, y.x, origin.x, x.y, y.y, origin.y};
}

GreyPyramid maskPyramid(const cv::Mat& mask, int factor)
{
    cv::Mat values;
    mask.convertTo(values, CV_32F, 1.0 / 255.0);
    return makeGreyPyramid(values, factor);
}

cv::Point2d toSource(const cv::Point2d& work, int factor)
{
    const double shift = 0.5 * (factor - 1);
    return {work.x * factor + shift, work.y * factor + shift};
}

/// Sums up pictures of one size to tell how unlike they are.
class Unlikeness
{
public:
    explicit Unlikeness(cv::Size size)
        : m_sum(cv::Mat::zeros(size, CV_64F))
        , m_squares(cv::Mat::zeros(size, CV_64F))
        , m_detailSum(cv::Mat::zeros(size, CV_64F))
        , m_detailSquares(cv::Mat::zeros(size, CV_64F))
        , m_coverage(cv::Mat::zeros(size, CV_32F))
    {
    }

    void add(const cv::Mat& grey, const cv::Mat& mask)
    {
        cv::accumulate(grey, m_sum);
        cv::accumulateSquare(grey, m_squares);
        // Broad light does not turn with a part and says nothing about where it lies.
        cv::Mat detail;
        cv::blur(grey, detail, cv::Size(kBroad, kBroad));
        cv::subtract(grey, detail, detail);
        cv::accumulate(detail, m_detailSum);
        cv::accumulateSquare(detail, m_detailSquares);
        m_coverage += mask;
        m_area += cv::sum(mask)[0];
        ++m_count;
    }

    cv::Mat mean() const { return m_sum / m_count; }
    cv::Mat variance() const { return cv::max(m_squares / m_count - mean().mul(mean()), 0.0); }
    /// Sum of the pictures' masks.
    const cv::Mat& coverage() const { return m_coverage; }
    /// Standard deviation of the details, summed over what any mask covers, by the mean area of a mask.
    double value() const
    {
        const cv::Mat mean = m_detailSum / m_count;
        cv::Mat deviation;
        cv::sqrt(cv::max(m_detailSquares / m_count - mean.mul(mean), 0.0), deviation);
        deviation.setTo(0.0, m_coverage < 0.5);
        return cv::sum(deviation)[0] / std::max(m_area / m_count, 1.0);
    }

private:
    static constexpr int kBroad = 15;

    cv::Mat m_sum;
    cv::Mat m_squares;
    cv::Mat m_detailSum;
    cv::Mat m_detailSquares;
    cv::Mat m_coverage;
    double m_area = 0.0;
    int m_count = 0;
};

} // namespace

struct PartAligner::Registered
{
    PartReference::Fit fit;
    double match = 0.0;      ///< of what the turn was chosen by
    double turnMargin = 0.0; ///< to the next best turn's
};

/// The good pictures while they are learnt from.
struct PartAligner::Learner
{
    struct Sample
    {
        std::size_t index = 0;
        WorkPicture work;
        GreyPyramid grey;
        Foreground part;
        GreyPyramid mask;
        cv::Size source;
        Similarity pose;
        double likeness = 0.0;
        double match = 0.0;
        double turnMargin = 0.0;
        bool isUsed = true;
    };

    /// Finds the parts by the rule that misses fewest of them and leaves least of what differs from the ground.
    void findParts(PartAligner& aligner)
    {
        double lowest = 1e9;
        for (const ForegroundRule rule : {ForegroundRule::Contrast, ForegroundRule::Outline}) {
            std::vector<Foreground> parts;
            std::vector<double> left;
            double missed = 0.0;
            for (const Sample& sample : samples) {
                parts.push_back(findForeground(sample.work, aligner.m_noise, rule));
                const Foreground& part = parts.back();
                missed += isSingle(part) ? 0.0 : 1.0;
                if (part.area > 0.0)
                    left.push_back(part.unexplained / part.area);
            }
            const double cost = missed / double(samples.size()) + (left.empty() ? 1.0 : quantile(left, 0.5));
            if (cost >= lowest)
                continue;
            lowest = cost;
            aligner.m_rule = rule;
            for (std::size_t i = 0; i < samples.size(); ++i)
                samples[i].part = parts[i];
        }
    }

    static bool isSingle(const Foreground& part)
    {
        return part.area > 0.0 && !part.touchesBorder && part.secondArea < kSecondPart * part.area;
    }

    /// Leaves out the pictures without a single whole part; says why when those are too many.
    QString chooseSingle()
    {
        std::size_t none = 0;
        std::size_t touching = 0;
        std::size_t several = 0;
        for (Sample& sample : samples) {
            sample.isUsed = isSingle(sample.part);
            if (sample.isUsed)
                continue;
            if (sample.part.area <= 0.0)
                ++none;
            else if (sample.part.touchesBorder)
                ++touching;
            else
                ++several;
        }
        const std::size_t missed = none + touching + several;
        if (double(missed) <= kMostMissed * double(samples.size()))
            return {};
        const auto text = [&](const char* sentence, std::size_t count) {
            return tr(sentence).arg(count).arg(samples.size());
        };
        if (touching >= std::max(none, several)) {
            return text(
                "In %1 of %2 good pictures the part fills the picture or reaches its border, so that it can't be "
                "told from the ground.",
                touching);
        }
        if (none >= several)
            return text("In %1 of %2 good pictures no part stands out from the ground.", none);
        return text("In %1 of %2 good pictures there are several parts.", several);
    }

    std::vector<Sample*> used()
    {
        std::vector<Sample*> result;
        for (Sample& sample : samples) {
            if (sample.isUsed)
                result.push_back(&sample);
        }
        return result;
    }

    /// Area in source pixels.
    static double areaOf(const Sample& sample) { return sample.part.area * sample.work.factor * sample.work.factor; }

    /// The half sides of a canvas around the centre that holds every part that is used.
    cv::Size2d reachOf(bool isElongated)
    {
        cv::Size2d reach(1.0, 1.0);
        for (const Sample* sample : used()) {
            std::vector<std::vector<cv::Point>> outlines;
            cv::findContours(sample->part.mask, outlines, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_NONE);
            const double c = std::cos(sample->part.axis);
            const double s = std::sin(sample->part.axis);
            for (const cv::Point& point : outlines.front()) {
                const cv::Point2d from = (cv::Point2d(point) - sample->part.centre) * double(sample->work.factor);
                const double along = isElongated ? std::abs(c * from.x + s * from.y) : std::hypot(from.x, from.y);
                const double across = isElongated ? std::abs(c * from.y - s * from.x) : along;
                reach.width = std::max(reach.width, along);
                reach.height = std::max(reach.height, across);
            }
        }
        return reach;
    }

    Unlikeness sum(const std::vector<Sample*>& parts, cv::Size size) const
    {
        Unlikeness result(size);
        for (const Sample* part : parts) {
            result.add(PartReference::sample(part->grey, part->pose, size, resolution),
                       PartReference::sample(part->mask, part->pose, size, resolution));
        }
        return result;
    }

    /// The mean of posed parts as a reference.
    PartReference reference(const std::vector<Sample*>& parts) const
    {
        const Unlikeness all = sum(parts, canvas);
        cv::Mat support;
        const int rim = 2 * int(std::ceil(0.03 * std::max(canvas.width, canvas.height))) + 1;
        cv::dilate(all.coverage() > 0.5, support, cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(rim, rim)));
        // What varies among good parts, such as glints, counts less.
        const cv::Mat variance = all.variance();
        const double typical = std::max(cv::mean(variance, support)[0], 1.0);
        cv::Mat weight = typical / (variance + typical);
        weight.setTo(0.0, ~support);
        double low = 0.0;
        double high = 0.0;
        const cv::Mat mean = all.mean();
        cv::minMaxLoc(mean, &low, &high, nullptr, nullptr, support);
        const double gain = 255.0 / std::max(high - low, 1e-6);
        cv::Mat channels[2];
        mean.convertTo(channels[0], CV_8U, gain, -low * gain);
        weight.convertTo(channels[1], CV_8U, 255.0);
        cv::Mat picture;
        cv::merge(channels, 2, picture);
        return {picture, resolution};
    }

    /// Registers every part that is used to the aligner's reference.
    void registerAll(const PartAligner& aligner)
    {
        for (Sample* sample : used()) {
            context.cancel.throwIfCancelled();
            const Registered found = aligner.registered(sample->grey, sample->part);
            sample->pose = found.fit.pose;
            sample->likeness = found.fit.likeness;
            sample->match = found.match;
            sample->turnMargin = found.turnMargin;
        }
    }

    /// The share of the parts whose turns are told best: a wrong turn in the mean would breed others.
    std::vector<Sample*> surest(double share)
    {
        std::vector<Sample*> parts = used();
        std::stable_sort(parts.begin(), parts.end(),
                         [](const Sample* a, const Sample* b) { return a->turnMargin > b->turnMargin; });
        parts.resize(std::max<std::size_t>(1, std::size_t(std::lround(share * double(parts.size())))));
        return parts;
    }

    /// The pictures that the others are most like, as references, the best first.
    std::vector<PartReference> mostTypical(PartAligner& aligner, std::size_t count)
    {
        constexpr std::size_t kTried = 12;
        constexpr std::size_t kCompared = 24;
        const std::vector<Sample*> parts = used();
        const std::size_t step = std::max<std::size_t>(1, parts.size() / kTried);
        const std::size_t skip = std::max<std::size_t>(1, parts.size() / kCompared);
        std::vector<std::pair<double, PartReference>> tried;
        for (std::size_t i = 0; i < parts.size(); i += step) {
            context.cancel.throwIfCancelled();
            parts[i]->pose = aligner.startPose(parts[i]->part, parts[i]->work.factor);
            if (aligner.m_turning == Turning::Axis)
                parts[i]->pose.angle = parts[i]->part.axis;
            aligner.m_reference = reference({parts[i]});
            double total = 0.0;
            for (std::size_t k = 0; k < parts.size(); k += skip)
                total += aligner.registered(parts[k]->grey, parts[k]->part).match;
            tried.emplace_back(total, aligner.m_reference);
        }
        std::stable_sort(tried.begin(), tried.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
        std::vector<PartReference> result;
        for (std::size_t i = 0; i < std::min(count, tried.size()); ++i)
            result.push_back(tried[i].second);
        return result;
    }

    /// Learns the reference for one way of turning and scaling; returns how unlike the upright parts are then.
    double learnReference(PartAligner& aligner, Turning turning, bool scales)
    {
        aligner.m_turning = turning;
        aligner.m_smallest = scales ? scaleRange[0] / kScaleMargin : 1.0;
        aligner.m_largest = scales ? scaleRange[1] * kScaleMargin : 1.0;
        // From another start the details may settle on other turns; where all agree, the turns are told most clearly.
        const std::size_t starts = turning == Turning::Details ? 3 : 1;
        PartReference best;
        double clearest = -1.0;
        for (const PartReference& start : mostTypical(aligner, starts)) {
            aligner.m_reference = start;
            for (const double share : {0.35, 0.7, 1.0, 1.0}) {
                registerAll(aligner);
                aligner.m_reference = reference(surest(share));
            }
            registerAll(aligner);
            std::vector<double> margins;
            for (const Sample* sample : used())
                margins.push_back(sample->turnMargin);
            const double clear = quantile(margins, 0.1);
            if (clear > clearest) {
                clearest = clear;
                best = aligner.m_reference;
            }
        }
        aligner.m_reference = best;
        if (starts > 1)
            registerAll(aligner);
        return sum(used(), canvas).value();
    }

    static constexpr double kMostMissed = 0.25;

    std::vector<Sample> samples;
    TaskContext context;
    double scaleRange[2] = {1.0, 1.0};
    cv::Size canvas;
    double resolution = 1.0;
};

void PartAligner::Options::validate() const
{
    if (!(margin >= 0.0 && margin <= 0.5)) {
        throw Error(ErrorKind::Input,
                    tr("The margin around upright parts is %1; it must be from 0 to 0.5.").arg(margin));
    }
    if (!(window16.low >= 0.0 && window16.high <= 65535.0 && window16.low < window16.high)) {
        throw Error(ErrorKind::Input, tr("The intensity window is %1 to %2; it must rise and lie within 0 to 65535.")
                                          .arg(window16.low)
                                          .arg(window16.high));
    }
}

PartAligner::Fit PartAligner::learn(std::size_t count, const std::function<cv::Mat(std::size_t)>& picture,
                                    const Options& options, const TaskContext& context)
{
    constexpr std::size_t kFewest = 3;
    constexpr double kElongated = 1.25;
    constexpr double kSizesDiffer = 1.6;
    /// From here on the sizes vary enough for scaling to be tried.
    constexpr double kSizesVary = 1.04;
    /// What turning or scaling has to gain before it is done.
    constexpr double kWorthIt = 0.9;
    constexpr double kAlike = 0.5;

    options.validate();
    Fit fit;
    PartAligner aligner;
    aligner.m_window16 = options.window16;
    Learner learner;
    learner.context = context;
    fit.looked = std::min(count, std::max(options.mostPictures, kFewest));
    for (std::size_t i = 0; i < fit.looked; ++i) {
        context.cancel.throwIfCancelled();
        context.report(0.5 * double(i) / double(fit.looked),
                       tr("looking for parts: picture %1 of %2").arg(i + 1).arg(fit.looked));
        Learner::Sample sample;
        sample.index = i * count / fit.looked;
        const cv::Mat source = picture(sample.index);
        checkImage(source);
        sample.source = source.size();
        sample.work = makeWorkPicture(source, options.window16);
        sample.grey = makeGreyPyramid(sample.work.grey, sample.work.factor);
        learner.samples.push_back(std::move(sample));
    }
    const auto leaveOut = [&] {
        fit.leftOut.clear();
        for (const Learner::Sample& sample : learner.samples) {
            if (!sample.isUsed)
                fit.leftOut.push_back(sample.index);
        }
    };
    const auto decline = [&](const QString& why) {
        leaveOut();
        fit.whyNot = why;
        return fit;
    };
    if (fit.looked < kFewest)
        return decline(tr("At least %1 good pictures are needed to learn how parts lie.").arg(kFewest));

    std::vector<double> noises;
    std::vector<double> roughnesses;
    for (const Learner::Sample& sample : learner.samples) {
        noises.push_back(sample.work.noise);
        roughnesses.push_back(sample.work.roughness);
    }
    aligner.m_noise = {quantile(noises, 0.5), quantile(roughnesses, 0.5)};

    learner.findParts(aligner);
    if (const QString why = learner.chooseSingle(); !why.isEmpty())
        return decline(why);
    std::vector<double> areas;
    for (const Learner::Sample* sample : learner.used())
        areas.push_back(Learner::areaOf(*sample));
    aligner.m_area = quantile(areas, 0.5);
    if (std::sqrt(quantile(areas, 0.9) / quantile(areas, 0.1)) > kSizesDiffer) {
        return decline(tr("The sizes of what stands out from the ground differ too much, from %1 to %2 pixels.")
                           .arg(qint64(quantile(areas, 0.1)))
                           .arg(qint64(quantile(areas, 0.9))));
    }
    std::vector<double> elongations;
    std::vector<double> scales;
    for (Learner::Sample* sample : learner.used()) {
        const double area = Learner::areaOf(*sample) / aligner.m_area;
        sample->isUsed = area >= kSmallestArea && area <= kLargestArea;
        if (!sample->isUsed)
            continue;
        sample->mask = maskPyramid(sample->part.mask, sample->work.factor);
        elongations.push_back(sample->part.elongation);
        scales.push_back(std::sqrt(area));
    }
    if (scales.size() < kFewest)
        return decline(
            tr("A single whole part was found in %1 of %2 good pictures only.").arg(scales.size()).arg(fit.looked));
    learner.scaleRange[0] = quantile(scales, 0.02);
    learner.scaleRange[1] = quantile(scales, 0.98);

    const bool isElongated = quantile(elongations, 0.1) > kElongated;
    const cv::Size2d reach = learner.reachOf(isElongated) * 1.1;
    learner.resolution = 0.5 * PartReference::kSide / std::max(reach.width, reach.height);
    learner.canvas = {std::max(16, int(2.0 * reach.width * learner.resolution)),
                      std::max(16, int(2.0 * reach.height * learner.resolution))};

    std::vector<std::pair<Turning, bool>> ways;
    if (!isElongated)
        ways.push_back({Turning::Kept, false});
    ways.push_back({isElongated ? Turning::Axis : Turning::Details, false});
    const bool sizesVary = quantile(scales, 0.9) / quantile(scales, 0.1) > kSizesVary;
    if (sizesVary) {
        for (std::size_t i = 0, plain = ways.size(); i < plain; ++i)
            ways.push_back({ways[i].first, true});
    }
    std::optional<PartAligner> best;
    std::vector<Learner::Sample> bestSamples;
    for (std::size_t i = 0; i < ways.size(); ++i) {
        context.report(0.5 + 0.5 * double(i) / double(ways.size()), tr("comparing parts"));
        PartAligner tried = aligner;
        const double unlike = learner.learnReference(tried, ways[i].first, ways[i].second);
        if (best && unlike > kWorthIt * fit.alikeAfter)
            continue;
        best = tried;
        bestSamples = learner.samples;
        fit.alikeAfter = unlike;
    }
    aligner = *best;
    learner.samples = bestSamples;

    std::vector<double> likenesses;
    for (const Learner::Sample* sample : learner.used())
        likenesses.push_back(sample->likeness);
    const double typical = quantile(likenesses, 0.5);
    if (typical < kAlike)
        return decline(tr("What stands out from the ground looks different in each good picture."));
    const double lowest = typical - 3.0 * (typical - quantile(likenesses, 0.1));
    for (Learner::Sample* sample : learner.used())
        sample->isUsed = sample->likeness >= std::min(lowest, typical - 0.05);
    aligner.m_reference = learner.reference(learner.used());
    learner.registerAll(aligner);

    const std::vector<Learner::Sample*> parts = learner.used();
    const Unlikeness after = learner.sum(parts, learner.canvas);
    fit.alikeAfter = after.value();
    cv::Size whole;
    for (const Learner::Sample* sample : parts)
        whole = {std::max(whole.width, sample->source.width), std::max(whole.height, sample->source.height)};
    std::vector<Learner::Sample> lying;
    std::vector<Learner::Sample*> asTheyLie;
    lying.reserve(parts.size());
    for (const Learner::Sample* sample : parts) {
        lying.push_back(*sample);
        lying.back().pose = {0.0, 1.0, {0.5 * (sample->source.width - 1), 0.5 * (sample->source.height - 1)}};
        asTheyLie.push_back(&lying.back());
    }
    const Unlikeness before =
        learner.sum(asTheyLie, {int(whole.width * learner.resolution) + 1, int(whole.height * learner.resolution) + 1});
    fit.alikeBefore = before.value();

    const float enough = parts.size() >= 20 ? 1.5F : 0.5F;
    const cv::Rect box = cv::boundingRect(after.coverage() > enough);
    const double margin = options.margin * std::max(box.width, box.height);
    const auto side = [&](double begin, double end, int pixels) {
        const double centre = 0.5 * (pixels - 1);
        const int low = int(std::floor((begin - 0.5 - margin - centre) / learner.resolution));
        const int high = int(std::ceil((end - 0.5 + margin - centre) / learner.resolution));
        return std::pair(low, high - low);
    };
    const auto [x, width] = side(box.x, box.br().x, learner.canvas.width);
    const auto [y, height] = side(box.y, box.br().y, learner.canvas.height);
    aligner.m_frame = {x, y, width, height};

    aligner.m_likeness = 1.0;
    aligner.m_match = 1.0;
    double smallest = 1e9;
    double largest = 0.0;
    std::vector<double> mirrorMargins;
    for (const Learner::Sample* sample : parts) {
        context.cancel.throwIfCancelled();
        aligner.m_likeness = std::min(aligner.m_likeness, sample->likeness);
        smallest = std::min(smallest, sample->pose.scale);
        largest = std::max(largest, sample->pose.scale);
        aligner.m_match = std::min(aligner.m_match, sample->match);
        mirrorMargins.push_back(sample->match - aligner.registered(sample->grey, sample->part, true).match);
    }
    aligner.m_smallest = smallest;
    aligner.m_largest = largest;
    constexpr double kMirrorTold = 0.02;
    aligner.m_chiral = quantile(mirrorMargins, 0.1) > kMirrorTold;
    leaveOut();
    fit.aligner = aligner;
    return fit;
}

Similarity PartAligner::startPose(const Foreground& part, int factor) const
{
    const double size = std::sqrt(part.area * factor * factor / m_area);
    return {0.0, std::clamp(size, m_smallest, m_largest), toSource(part.centre, factor)};
}

PartReference::Freedom PartAligner::freedom() const
{
    return {m_turning != Turning::Kept, m_smallest < m_largest};
}

PartAligner::Registered PartAligner::registered(const GreyPyramid& grey, const Foreground& part, bool mirrored) const
{
    Similarity start = startPose(part, grey.factor);
    start.mirrored = mirrored;
    Registered result;
    if (m_turning == Turning::Axis) {
        start.angle = part.axis;
        const PartReference::Fit one = m_reference.refineCoarsely(grey, start, freedom());
        start.angle += kPi;
        const PartReference::Fit other = m_reference.refineCoarsely(grey, start, freedom());
        result.fit = one.likeness >= other.likeness ? one : other;
        result.turnMargin = std::abs(one.likeness - other.likeness);
        result.fit = m_reference.refine(grey, result.fit.pose, freedom());
        result.match = result.fit.likeness;
        return result;
    }
    // The centre first: a shadow may have moved it.
    result.fit = m_reference.refineCoarsely(grey, start, {false, freedom().scale});
    if (m_turning == Turning::Details) {
        // Once more with the centre that this turn gives.
        constexpr int kRounds = 2;
        for (int round = 0; round < kRounds; ++round) {
            const PartReference::Turn turn = m_reference.bestTurn(grey, result.fit.pose);
            result.fit.pose.angle += turn.angle;
            result.match = turn.match;
            result.turnMargin = turn.margin;
            result.fit = m_reference.refineCoarsely(grey, result.fit.pose, freedom());
        }
    }
    result.fit = m_reference.refine(grey, result.fit.pose, freedom());
    if (m_turning == Turning::Kept)
        result.match = result.fit.likeness;
    return result;
}

double PartAligner::shareOutside(const Foreground& part, int factor, const cv::Matx23d& toUpright) const
{
    const double shift = 0.5 * (factor - 1);
    const cv::Matx23d map = product(toUpright, {double(factor), 0.0, shift, 0.0, double(factor), shift});
    double inFrame = 0.0;
    for (int y = 0; y < part.mask.rows; ++y) {
        const auto* row = part.mask.ptr<uchar>(y);
        for (int x = 0; x < part.mask.cols; ++x) {
            if (row[x] == 0)
                continue;
            const double u = map(0, 0) * x + map(0, 1) * y + map(0, 2);
            const double v = map(1, 0) * x + map(1, 1) * y + map(1, 2);
            inFrame += u >= -0.5 && v >= -0.5 && u < m_frame.width - 0.5 && v < m_frame.height - 0.5 ? 1.0 : 0.0;
        }
    }
    return 1.0 - inFrame / part.area;
}

PartPose PartAligner::align(const cv::Mat& source) const
{
    checkImage(source);
    PartPose result;
    const auto fail = [&](PartStatus status, const QString& reason) {
        result.status = status;
        result.reason = reason;
        return result;
    };
    const WorkPicture work = makeWorkPicture(source, m_window16);
    const Foreground part = findForeground(work, m_noise, m_rule);
    if (part.area <= 0.0)
        return fail(PartStatus::NotFound, tr("No part stands out from the ground."));
    if (part.touchesBorder)
        return fail(PartStatus::TouchesBorder, tr("The part reaches the picture's border."));
    const double unit = m_area / (double(work.factor) * work.factor);
    if (part.secondArea > kSecondPart * unit)
        return fail(PartStatus::SeveralParts, tr("There are several parts in the picture."));
    if (part.area > kLargestArea * unit * m_largest * m_largest) {
        return fail(PartStatus::SeveralParts,
                    tr("What stands out from the ground is larger than a part; several parts may touch each other."));
    }
    if (part.area < kSmallestArea * unit * m_smallest * m_smallest)
        return fail(PartStatus::NotFound, tr("What stands out from the ground is smaller than a part."));

    const GreyPyramid grey = makeGreyPyramid(work.grey, work.factor);
    const Registered found = registered(grey, part);
    const PartReference::Fit& fit = found.fit;
    result.turnMargin = found.turnMargin;
    result.angle = std::remainder(fit.pose.angle, 2.0 * kPi) * 180.0 / kPi;
    result.scale = fit.pose.scale;
    result.likeness = fit.likeness;
    result.toUpright = inverse(matrixOf(fit.pose));
    result.toUpright(0, 2) -= m_frame.x + 0.5;
    result.toUpright(1, 2) -= m_frame.y + 0.5;
    if (m_chiral && found.match < m_match && registered(grey, part, true).match > found.match)
        return fail(PartStatus::Mirrored, tr("The part is the mirror image of a good part, or lies upside down."));
    if (fit.likeness < kLeastLikeness * m_likeness)
        return fail(PartStatus::NotFound, tr("What stands out from the ground does not look like a part."));
    if (fit.pose.scale < m_smallest / kScaleMargin || fit.pose.scale > m_largest * kScaleMargin) {
        return fail(PartStatus::NotFound, tr("The part's size is %1 times the usual one; good parts had %2 to %3.")
                                              .arg(fit.pose.scale, 0, 'f', 2)
                                              .arg(m_smallest, 0, 'f', 2)
                                              .arg(m_largest, 0, 'f', 2));
    }
    result.status = PartStatus::Found;
    result.stray = part.unexplained / unit;
    result.outside = shareOutside(part, work.factor, result.toUpright);
    return result;
}

cv::Matx23d PartAligner::transform(const PartPose& pose, cv::Size target) const
{
    const double scale = std::min(double(target.width) / m_frame.width, double(target.height) / m_frame.height);
    const auto shift = [&](int frame, int pixels) { return 0.5 * (pixels - scale * frame) + 0.5 * scale - 0.5; };
    return product({scale, 0.0, shift(m_frame.width, target.width), 0.0, scale, shift(m_frame.height, target.height)},
                   pose.toUpright);
}

cv::Mat PartAligner::warpUpright(const cv::Mat& source, const PartPose& pose, cv::Size target) const
{
    checkImage(source);
    if (pose.status != PartStatus::Found)
        throw Error(ErrorKind::Input, pose.reason);
    // Drawn as many times larger as the source has pixels, then averaged.
    const cv::Matx23d whole = transform(pose, target);
    const double shrink = 1.0 / std::hypot(whole(0, 0), whole(1, 0));
    const int factor = std::max(1, int(std::ceil(shrink - 0.01)));
    const double shift = 0.5 * (factor - 1);
    const cv::Matx23d map = product({double(factor), 0.0, shift, 0.0, double(factor), shift}, whole);
    const cv::Size size(target.width * factor, target.height * factor);

    // A part lies in its picture, and the margin at most doubles its frame; a damaged model must not ask for more
    // memory.
    constexpr double kMost = 32.0;
    if (double(size.width) * size.height > kMost * double(std::max<std::size_t>(source.total(), target.area()))) {
        throw Error(ErrorKind::Model, tr("The frame of %1 x %2 pixels that the model has for its part does not fit a "
                                         "picture of %3 x %4.")
                                          .arg(m_frame.width)
                                          .arg(m_frame.height)
                                          .arg(source.cols)
                                          .arg(source.rows));
    }

    // Only the source's part that is seen: OpenCV's warping is limited to sides of 32767 pixels.
    const cv::Matx23d back = inverse(map);
    double left = 1e9;
    double top = 1e9;
    double right = -1e9;
    double bottom = -1e9;
    for (const cv::Point2d& corner : {cv::Point2d(0, 0), cv::Point2d(size.width, 0), cv::Point2d(0, size.height),
                                      cv::Point2d(size.width, size.height)}) {
        const double x = back(0, 0) * corner.x + back(0, 1) * corner.y + back(0, 2);
        const double y = back(1, 0) * corner.x + back(1, 1) * corner.y + back(1, 2);
        left = std::min(left, x);
        top = std::min(top, y);
        right = std::max(right, x);
        bottom = std::max(bottom, y);
    }
    const cv::Rect seen = cv::Rect(int(left) - 2, int(top) - 2, int(right - left) + 5, int(bottom - top) + 5) &
                          cv::Rect(0, 0, source.cols, source.rows);
    if (seen.empty())
        throw Error(ErrorKind::Internal, tr("The pose belongs to another picture."));
    // The ground at the border goes on outside: a step from the uneven ground to one colour would look like a defect.
    cv::Mat drawn;
    cv::warpAffine(source(seen), drawn, product(map, {1.0, 0.0, double(seen.x), 0.0, 1.0, double(seen.y)}), size,
                   cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    if (factor > 1)
        cv::resize(drawn, drawn, target, 0, 0, cv::INTER_AREA);
    return drawn;
}

cv::Mat PartAligner::mapToSource(const cv::Mat& map, const PartPose& pose, cv::Size source) const
{
    if (map.type() != CV_32FC1 || map.empty() || pose.status != PartStatus::Found)
        throw Error(ErrorKind::Internal, tr("The map does not fit an upright part."));
    cv::Mat result;
    cv::warpAffine(map, result, transform(pose, map.size()), source, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                   cv::BORDER_CONSTANT);
    return result;
}

cv::Mat PartAligner::example() const
{
    constexpr double kMostPixels = 1e8;
    const cv::Size size(2 * m_frame.width, 2 * m_frame.height);
    if (double(size.width) * size.height > kMostPixels) {
        throw Error(ErrorKind::Model,
                    tr("The frame of %1 x %2 pixels that the model has for its part is too large to be drawn.")
                        .arg(m_frame.width)
                        .arg(m_frame.height));
    }
    cv::Mat channels[2];
    cv::split(m_reference.picture(), channels);
    const cv::Scalar ground = cv::mean(channels[0], channels[1] == 0);
    const double scale = 1.0 / m_reference.resolution();
    const cv::Matx23d place(scale, 0.0, 0.5 * (size.width - scale * channels[0].cols), 0.0, scale,
                            0.5 * (size.height - scale * channels[0].rows));
    channels[0].setTo(ground, channels[1] == 0);
    cv::Mat grey;
    cv::warpAffine(channels[0], grey, place, size, cv::INTER_LINEAR, cv::BORDER_CONSTANT, ground);
    cv::Mat picture;
    cv::cvtColor(grey, picture, cv::COLOR_GRAY2BGR);
    return picture;
}

QJsonObject PartAligner::toJson() const
{
    return {{u"rule"_s, int(m_rule)},
            {u"turning"_s, int(m_turning)},
            {u"noise"_s, m_noise.noise},
            {u"roughness"_s, m_noise.roughness},
            {u"window16_low"_s, m_window16.low},
            {u"window16_high"_s, m_window16.high},
            {u"area"_s, m_area},
            {u"smallest"_s, m_smallest},
            {u"largest"_s, m_largest},
            {u"likeness"_s, m_likeness},
            {u"match"_s, m_match},
            {u"chiral"_s, m_chiral},
            {u"frame_x"_s, m_frame.x},
            {u"frame_y"_s, m_frame.y},
            {u"frame_width"_s, m_frame.width},
            {u"frame_height"_s, m_frame.height},
            {u"resolution"_s, m_reference.resolution()}};
}

PartAligner PartAligner::fromJson(const QJsonObject& json, const cv::Mat& reference)
{
    const auto number = [&](const QString& key, double low, double high) {
        const double value = jsonNumber(json, key);
        if (value < low || value > high) {
            throw Error(ErrorKind::Format,
                        tr("The value \"%1\" is %2; it must be from %3 to %4.").arg(key).arg(value).arg(low).arg(high));
        }
        return value;
    };
    PartAligner result;
    result.m_rule = ForegroundRule(jsonInteger(json, u"rule"_s, 0, int(ForegroundRule::Outline)));
    result.m_turning = Turning(jsonInteger(json, u"turning"_s, 0, int(Turning::Details)));
    result.m_noise = {number(u"noise"_s, 0.0, 450.0), number(u"roughness"_s, 0.0, 450.0)};
    result.m_window16 = {number(u"window16_low"_s, 0.0, 65534.0), number(u"window16_high"_s, 1.0, 65535.0)};
    if (result.m_window16.low >= result.m_window16.high)
        throw Error(ErrorKind::Format, tr("The intensity window of the alignment does not rise."));
    result.m_area = number(u"area"_s, 1.0, 1e12);
    result.m_smallest = number(u"smallest"_s, 0.2, 5.0);
    result.m_largest = number(u"largest"_s, result.m_smallest, 5.0);
    result.m_likeness = number(u"likeness"_s, 0.0, 1.0);
    result.m_match = number(u"match"_s, -1.0, 1.0);
    if (!json[u"chiral"_s].isBool())
        throw Error(ErrorKind::Format,
                    tr("The value \"%1\" is missing or is neither true nor false.").arg(u"chiral"_s));
    result.m_chiral = json[u"chiral"_s].toBool();
    result.m_frame = {jsonInteger(json, u"frame_x"_s, -kMostFrame, 0), jsonInteger(json, u"frame_y"_s, -kMostFrame, 0),
                      jsonInteger(json, u"frame_width"_s, 2, 2 * kMostFrame),
                      jsonInteger(json, u"frame_height"_s, 2, 2 * kMostFrame)};
    const bool fits = reference.type() == CV_8UC2 && reference.dims == 2 && reference.cols >= 16 &&
                      reference.rows >= 16 && std::max(reference.cols, reference.rows) <= PartReference::kSide;
    if (!fits || cv::countNonZero(reference.reshape(1, int(reference.total())).col(1)) == 0)
        throw Error(ErrorKind::Format, tr("The reference picture of the alignment is damaged."));
    result.m_reference = {reference, number(u"resolution"_s, 1e-5, 100.0)};
    return result;
}

} // namespace lynceus
