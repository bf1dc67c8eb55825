// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/model_calibration.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/image/image_io.h"
#include "core/memseg/inference.h"
#include "core/metrics/calibration.h"
#include "core/metrics/confusion.h"
#include "core/metrics/pro.h"
#include "core/metrics/roc.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"

#include <QtCore/QJsonArray>
#include <QtCore/QTemporaryFile>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr double kClearlyBetter = 0.005; ///< mean of image and pixel AUROC
constexpr double kDecoderWeight = 0.25;  ///< of its say, if it has one
constexpr double kFewEscapes = 0.02;     ///< of simulated defects: no review band is needed

/// The model as a file beside the one it will become.
class TemporaryModel
{
public:
    TemporaryModel(const MemSegModel& model, const QString& modelFile)
        : m_file(modelFile + u".XXXXXX"_s)
    {
        if (!m_file.open())
            throw notWritable(modelFile, m_file.errorString());
        saveMemSegModel(m_file.fileName(), model);
    }

    QString path() const { return m_file.fileName(); }

private:
    QTemporaryFile m_file;
};

/// The network path of the model as its file will have it, which still knows the images of its branch.
MemSegInference inferenceOf(const MemSegModel& model, const QString& modelFile)
{
    const TemporaryModel file(model, modelFile);
    MemSegModel asLoaded = loadMemSegModel(file.path());
    asLoaded.nearest = model.nearest;
    asLoaded.fusion = model.fusion;
    return MemSegInference(asLoaded);
}

std::optional<std::size_t> branchIndex(const QHash<QString, std::size_t>& inBranch, const QString& path)
{
    const auto found = inBranch.constFind(path);
    return found == inBranch.constEnd() ? std::nullopt : std::optional(*found);
}

/// How well a map tells good images from the same with held-back defects: mean of image and pixel AUROC.
double quality(const std::vector<cv::Mat>& maps, const ValidationSet& set)
{
    std::vector<double> scores;
    for (const cv::Mat& map : maps)
        scores.push_back(imageScore(map));
    return 0.5 * (auroc(scores, set.defective) + pixelAuroc(maps, set.masks));
}

/// Both branches' maps of the set, if there are two.
std::vector<BranchMaps> branchesOf(MemSegModel model, const ValidationSet& set,
                                   const QHash<QString, std::size_t>& inBranch, const QString& modelFile,
                                   const std::function<void()>& throwIfStopped)
{
    model.fusion.weight = model.network->hasDecoder() ? kDecoderWeight : 0.0;
    MemSegInference inference = inferenceOf(model, modelFile);
    std::vector<BranchMaps> all;
    for (std::size_t i = 0; i < set.images.size(); ++i) {
        throwIfStopped();
        all.push_back(inference.run(imageToTensor(set.image(i)), branchIndex(inBranch, set.sources[i])).branches);
    }
    return all;
}

/// The decoder gets a say only if it clearly finds more simulated defects than the branch alone; these flatter it.
Fusion joinBranches(const MemSegModel& model, const CalibrationData& data, const QString& modelFile,
                    const std::function<void()>& throwIfStopped)
{
    const ValidationSet& set = data.joining;
    const std::vector<BranchMaps> all = branchesOf(model, set, data.inBranch, modelFile, throwIfStopped);
    std::vector<BranchMaps> good;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!set.defective[i])
            good.push_back(all[i]);
    }
    double best = -1.0;
    Fusion chosen;
    for (const double weight : {0.0, kDecoderWeight}) {
        if (weight > 0.0 && !model.network->hasDecoder())
            break;
        Fusion fusion;
        fusion.weight = weight;
        fusion.calibrate(good);
        std::vector<cv::Mat> maps;
        for (const BranchMaps& branches : all)
            maps.push_back(fusion.map(branches));
        const double found = quality(maps, set);
        qCInfo(logTraining) << "Decoder's weight" << weight << "finds held-back defects with" << found;
        if (best < 0.0 || found > best + kClearlyBetter) {
            best = found;
            chosen = fusion;
        }
    }
    return chosen;
}

/// A good image's score as a new part would get it.
struct GoodScore
{
    Sample sample;
    double score = 0.0;
    bool learnt = false; ///< by the decoder
};

std::vector<GoodScore> goodScores(const MemSegModel& model, const CalibrationData& data, MemSegInference& inference,
                                  QStringList& unreadable, const std::function<void()>& throwIfStopped)
{
    const bool leavesOut = !model.nearest.isEmpty();
    const bool decoderCounts = !leavesOut || model.fusion.weight > 0.0;
    std::vector<GoodScore> result;
    std::optional<Error> failure;
    for (const Sample& sample : leavesOut ? data.good : data.heldOut) {
        throwIfStopped();
        cv::Mat image;
        try {
            image = readImage(sample.path);
        } catch (const Error& error) {
            // It was there when the training began, hours ago perhaps. That is no reason to lose the model.
            unreadable << sample.path;
            failure = error;
            continue;
        }
        const PreparedImage prepared = prepareImage(image, model.info.preprocessing);
        if (!prepared.problem.isEmpty()) { // a part that would be NG
            result.push_back({sample, std::numeric_limits<double>::quiet_NaN(), false});
            continue;
        }
        const auto input = imageToTensor(prepared.image);
        const bool isHeldOut = std::any_of(data.heldOut.begin(), data.heldOut.end(),
                                           [&](const Sample& other) { return other.path == sample.path; });
        const double score = imageScore(inference.run(input, branchIndex(data.inBranch, sample.path)).map);
        result.push_back({sample, score, decoderCounts && !isHeldOut});
    }
    if (result.empty() && failure)
        throw *failure;
    return result;
}

/// The decoder knows the images that it has learnt from, and thinks better of them than of new ones.
void raiseLearntOnes(std::vector<GoodScore>& good)
{
    std::vector<double> learnt;
    std::vector<double> others;
    for (const GoodScore& one : good)
        (one.learnt ? learnt : others).push_back(one.score);
    if (learnt.empty() || others.empty())
        return;
    const double flattery = std::max(0.0, quantile(others, 0.5) - quantile(learnt, 0.5));
    for (GoodScore& one : good) {
        if (one.learnt)
            one.score = std::min(1.0, one.score + flattery);
    }
}

/// Sets the thresholds; gives the names of odd images.
QStringList calibrateThresholds(ModelInfo& info, double overkill, const std::vector<GoodScore>& good)
{
    std::vector<double> scores;
    for (const GoodScore& one : good)
        scores.push_back(one.score);
    const GoodCalibration found = thresholdFromGood(scores, overkill);
    info.thresholds.score = found.threshold;
    info.thresholds.review = found.review;
    info.thresholds.pixel = found.threshold;
    info.calibration = found.toJson();
    QStringList odd;
    for (const std::size_t i : found.odd)
        odd << good[i].sample.name;
    info.calibration.insert(u"odd"_s, QJsonArray::fromStringList(odd));
    for (double& score : scores)
        score = std::isfinite(score) ? score : 1.0;
    std::sort(scores.begin(), scores.end());
    QJsonArray kept;
    for (const double score : scores)
        kept.append(std::round(score * 1e4) / 1e4);
    info.calibration.insert(u"good_scores"_s, kept);
    return odd;
}

/// Scores and maps of a validation set.
struct Measured
{
    std::vector<double> scores;
    std::vector<cv::Mat> maps;
};

Measured measure(const ValidationSet& set, const CalibrationData& data, MemSegInference& inference,
                 const std::function<void()>& throwIfStopped)
{
    Measured result;
    for (std::size_t i = 0; i < set.images.size(); ++i) {
        throwIfStopped();
        result.maps.push_back(
            inference.run(imageToTensor(set.image(i)), branchIndex(data.inBranch, set.sources[i])).map);
        result.scores.push_back(imageScore(result.maps.back()));
    }
    return result;
}

QJsonObject finalMetrics(const ValidationSet& set, const Measured& measured, double threshold)
{
    const Confusion confusion = confusionAt(threshold, measured.scores, set.defective);
    return {{u"images"_s, qint64(measured.scores.size())},
            {u"defective"_s, qint64(std::count(set.defective.begin(), set.defective.end(), true))},
            {u"image_auroc"_s, auroc(measured.scores, set.defective)},
            {u"pixel_auroc"_s, pixelAuroc(measured.maps, set.masks)},
            {u"aupro"_s, aupro(measured.maps, set.masks)},
            {u"threshold"_s, threshold},
            {u"overkill"_s, confusion.overkill()},
            {u"escape"_s, confusion.escape()},
            {u"f1"_s, confusion.f1()}};
}

} // namespace

double branchQuality(const MemSegModel& model, const ValidationSet& set, const QHash<QString, std::size_t>& inBranch)
{
    MemSegNetwork network = model.network;
    std::vector<cv::Mat> maps;
    for (std::size_t i = 0; i < set.images.size(); ++i) {
        const auto features = network->encode(imageToTensor(set.image(i)));
        const auto cells =
            model.nearest.distances({features[1], features[2], features[3]}, branchIndex(inBranch, set.sources[i]));
        maps.push_back(distanceMap(cells, set.images[i].size()));
    }
    return quality(maps, set);
}

CalibrationFindings calibrateModel(MemSegModel& model, const CalibrationData& data, const QString& modelFile,
                                   const std::function<void()>& throwIfStopped)
{
    if (!model.nearest.isEmpty())
        model.fusion = joinBranches(model, data, modelFile, throwIfStopped);
    MemSegInference inference = inferenceOf(model, modelFile);
    CalibrationFindings findings;
    std::vector<GoodScore> good = goodScores(model, data, inference, findings.unreadable, throwIfStopped);
    raiseLearntOnes(good);
    findings.odd = calibrateThresholds(model.info, model.options.overkill, good);

    Thresholds& thresholds = model.info.thresholds;
    QJsonObject& metrics = model.info.metrics;
    metrics =
        finalMetrics(data.validation, measure(data.validation, data, inference, throwIfStopped), thresholds.score);
    metrics.insert(u"input_width"_s, model.info.preprocessing.width);
    metrics.insert(u"input_height"_s, model.info.preprocessing.height);
    if (metrics[u"escape"_s].toDouble() <= kFewEscapes)
        thresholds.review = thresholds.score; // nothing to look at: good parts and defects lie apart
    return findings;
}

} // namespace lynceus
