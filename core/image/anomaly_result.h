// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

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
    double minRegionArea = 16; ///< source pixels; smaller regions are not listed (they do not change the verdict)

    QJsonObject toJson() const;
    /// Throws Error(Format) naming the key: missing, `review` above `score`, or outside of the maps' scale, 0..1: a
    /// threshold that no score can reach would let everything pass.
    static Thresholds fromJson(const QJsonObject& json);
};

/// The one place where a score becomes a verdict, for window, command line, report and live. NaN is
/// NG, be it the score or the threshold.
Verdict judge(double score, const Thresholds& thresholds);

constexpr int kScorePixels = 100; ///< whose mean is an image's score

/// The image score of a map (CV_32F): mean of its 100 largest values, of all if there are fewer (methods.md 1.1).
double imageScore(const cv::Mat& map);

/// Milliseconds by stage for one image.
struct StageTimes
{
    double load = 0.0;    ///< read and decode the file
    double prepare = 0.0; ///< resize, colours, normalise
    double infer = 0.0;   ///< the network
    double post = 0.0;    ///< map to source pixels, regions, verdict
    double total() const { return load + prepare + infer + post; }
};

/// Everything a reader of an inspected image needs; nobody downstream asks the network again.
struct AnomalyResult
{
    cv::Mat map; ///< source size, CV_32F, 0..1 on the fixed scale; may be released by whoever stores many results
    double score = 0.0;
    Verdict verdict = Verdict::Ok;
    Thresholds thresholds;
    std::vector<Region> regions; ///< in source pixels
    StageTimes times;
    int nearestGood = -1; ///< index of the nearest memory sample, -1 when unknown
};

/// Re-judges a result with other thresholds: verdict always, regions only when the map is still there.
void rejudge(AnomalyResult& result, const Thresholds& thresholds);

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
