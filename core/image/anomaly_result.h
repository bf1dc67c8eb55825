// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/image/image_geometry.h"
#include "core/image/regions.h"

#include <QtCore/QJsonObject>
#include <QtCore/QString>

#include <opencv2/core/mat.hpp>

#include <vector>

namespace lynceus {

enum class Verdict { Ok, Review, Ng };

/// "OK", "Review", "NG": the words users see and files hold; never translated.
QString verdictName(Verdict verdict);
/// The inverse; throws Error(Format) on any other word.
Verdict verdictFromName(const QString& name);

/// The limits that turn a map into a verdict. Stored in the model file; the only place they come from.
struct Thresholds
{
    double score = 0.5;        ///< image score at or above: NG
    double review = 0.5;       ///< at or above but below `score`: Review; equal to `score`: no review band
    double pixel = 0.5;        ///< map values at or above belong to a region
    double minRegionArea = 16; ///< source pixels; smaller regions are not listed, unless there is no larger one

    QJsonObject toJson() const;
    /// Throws Error(Format) naming the key: missing, `review` above `score`, or outside of the maps' scale, 0..1: a
    /// threshold that no score can reach would let everything pass.
    static Thresholds fromJson(const QJsonObject& json);
    bool operator==(const Thresholds& other) const;
};

/// `thresholds` with the score limit at `score`: the review limit moves by as much, within 0 and `score`; the pixel
/// limit keeps its share of the score limit, and is no higher. An image score is the mean of the map's largest values,
/// so the highest of an NG part then reaches the pixel limit.
Thresholds withScore(const Thresholds& thresholds, double score);

/// The one place where a score becomes a verdict, for window, command line, report and live. NaN is NG, be it the score
/// or the threshold.
Verdict judge(double score, const Thresholds& thresholds);

constexpr int kScorePixels = 100; ///< whose mean is an image's score

/// The image score of a map (CV_32F): mean of its 100 largest values, of all if there are fewer (methods.md 1.1).
double imageScore(const cv::Mat& map);

/// Milliseconds by stage for one image.
struct StageTimes
{
    double load = 0.0;    ///< read and decode the file
    double align = 0.0;   ///< find the part, turn it upright and cut it out; 0 where the model takes it as it lies
    double prepare = 0.0; ///< resize, colours, normalise
    double infer = 0.0;   ///< the network
    double post = 0.0;    ///< regions in source pixels, verdict
    double total() const { return load + align + prepare + infer + post; }
};

/// Everything a reader of an inspected image needs; nobody downstream asks the network again.
struct AnomalyResult
{
    cv::Mat map; ///< network size, CV_32F, 0..1 on the fixed scale; may be released by whoever stores many results
    ImageGeometry geometry; ///< where the map lies on the source
    double score = 0.0;
    Verdict verdict = Verdict::Ok;
    Thresholds thresholds;
    std::vector<Region> regions; ///< in source pixels; an OK part has none, NG and Review at least one
    StageTimes times;
    int nearestGood = -1; ///< index of the nearest memory sample, -1 when unknown
    QString problem;      ///< not empty: why the part could not be judged; it is NG then, with the highest score

    cv::Size sourceSize() const; ///< of the image
    /// The map over the whole image with `size` pixels. Throws Error(Internal) without a map.
    cv::Mat mapAt(cv::Size size) const;
    /// The same at source size: four bytes a pixel of the sensor, for exports and pixel figures.
    cv::Mat sourceMap() const { return mapAt(sourceSize()); }
};

/// Re-judges a result with other thresholds. Regions show why a part is not OK, so they follow the verdict:
///  - OK: none, whatever the map; those that were there go, with the map or without;
///  - Review: those at the lower of the limits `review` and `pixel`;
///  - a part that could not be judged: none;
///  - NG: those at `pixel`; where no value is that high, those at `score`, else where the map is highest.
/// Regions under `minRegionArea` are left out, unless all are: then the largest is listed. Without a map the regions of
/// an NG or Review part stay as they are. NaN belongs to no region.
/// They are found at source size, or at eight megapixels in larger images, whose boxes and areas are then that much
/// coarser: memory does not grow with the sensor. Throws Error(Internal) on a map of another type.
void rejudge(AnomalyResult& result, const Thresholds& thresholds);

/// The value from which on `map`, as result.mapAt() draws it, belongs to the result's regions; infinite for an OK part.
double regionLimit(const AnomalyResult& result, const cv::Mat& map);

/// Something that inspects images: MemSeg in LibTorch today, a compiled one tomorrow, a fake in tests.
/// One owner at a time; may move between threads.
class AnomalyInspector
{
public:
    virtual ~AnomalyInspector() = default;
    /// `image` as readImage gives it. Fills everything but times.load. Throws Error.
    virtual AnomalyResult inspect(const cv::Mat& image) = 0;
};

} // namespace lynceus
