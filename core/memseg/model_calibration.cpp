// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/model_calibration.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/image/image_io.h"
#include "core/memseg/inference.h"
#include "core/memseg/session.h"
#include "core/metrics/calibration.h"
#include "core/metrics/confusion.h"
#include "core/metrics/pro.h"
#include "core/metrics/roc.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QTemporaryFile>

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <optional>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr double kClearlyBetter = 0.01; ///< AUROC that the decoder must add to the branch to have a say

/// A threshold that some score can reach: maps end at 1.
double reachable(double threshold, const std::vector<double>& goodScores)
{
    const double highest = std::min(1.0, *std::max_element(goodScores.begin(), goodScores.end()));
    return std::min(threshold, 0.5 * (1.0 + highest));
}

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

/// Both branches' maps.
std::vector<BranchMaps> branchesOf(const QString& modelFile, const std::vector<cv::Mat>& images,
                                   const std::function<void()>& throwIfStopped)
{
    MemSegModel model = loadMemSegModel(modelFile);
    model.fusion.weight = 0.5; // any: both branches run
    MemSegInference inference(model);
    std::vector<BranchMaps> result;
    for (const cv::Mat& image : images) {
        throwIfStopped();
        result.push_back(inference.run(imageToTensor(image)).branches);
    }
    return result;
}

/// The decoder gets a say only if it clearly finds more simulated defects than the branch alone; these flatter it.
Fusion joinBranches(const MemSegModel& model, const ValidationSet& set, const QString& modelFile,
                    const std::function<void()>& throwIfStopped)
{
    const TemporaryModel file(model, modelFile);
    const std::vector<BranchMaps> all = branchesOf(file.path(), set.images, throwIfStopped);
    std::vector<BranchMaps> good;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!set.defective[i])
            good.push_back(all[i]);
    }
    double best = -1.0;
    Fusion chosen;
    for (const double weight : {0.0, 0.25}) {
        if (weight > 0.0 && !model.network->hasDecoder())
            break;
        Fusion fusion;
        fusion.weight = weight;
        fusion.calibrate(good);
        std::vector<double> scores;
        std::vector<cv::Mat> maps;
        for (const BranchMaps& branches : all) {
            maps.push_back(fusion.map(branches));
            scores.push_back(imageScore(maps.back()));
        }
        const double quality = auroc(scores, set.defective) + pixelAuroc(maps, set.masks);
        qCInfo(logTraining) << "Decoder's weight" << weight << "finds held-back defects with" << quality / 2.0;
        if (best < 0.0 || quality > best + kClearlyBetter) {
            best = quality;
            chosen = fusion;
        }
    }
    return chosen;
}

/// Sets the thresholds; gives the paths of images that can't be read any more.
QStringList calibrateThresholds(ModelInfo& info, double overkill, const std::vector<Sample>& heldOut,
                                MemSegSession& session, const std::function<void()>& throwIfStopped)
{
    std::vector<double> scores;
    std::vector<double> peaks;
    QStringList gone;
    std::optional<Error> failure;
    for (const Sample& sample : heldOut) {
        throwIfStopped();
        cv::Mat image;
        try {
            image = readImage(sample.path);
        } catch (const Error& error) {
            // It was there when the training began, hours ago perhaps. That is no reason to lose the model.
            gone << sample.path;
            failure = error;
            continue;
        }
        const AnomalyResult result = session.inspect(image);
        scores.push_back(result.score);
        peaks.push_back(*std::max_element(result.map.begin<float>(), result.map.end<float>()));
    }
    if (scores.empty() && failure)
        throw *failure;
    const GoodCalibration score = thresholdFromGood(scores, overkill);
    info.thresholds.score = reachable(score.threshold, scores);
    info.thresholds.review = info.thresholds.score;
    // A good part should show no region at all, so this one is about each map's highest value.
    info.thresholds.pixel = reachable(thresholdFromGood(peaks, overkill).threshold, peaks);
    info.calibration = {{u"kind"_s, u"good"_s},
                        {u"images"_s, score.images},
                        {u"overkill"_s, score.overkill},
                        {u"upper_bound"_s, score.upperBound},
                        {u"confidence"_s, score.confidence},
                        {u"extrapolated"_s, score.extrapolated}};
    return gone;
}

QJsonObject finalMetrics(const ValidationSet& set, double threshold, MemSegSession& session,
                         const std::function<void()>& throwIfStopped)
{
    std::vector<double> scores;
    std::vector<cv::Mat> maps;
    for (const cv::Mat& image : set.images) {
        throwIfStopped();
        cv::Mat picture;
        image.convertTo(picture, CV_8U);
        cv::cvtColor(picture, picture, cv::COLOR_RGB2BGR);
        maps.push_back(session.mapAtNetworkSize(picture));
        scores.push_back(imageScore(maps.back()));
    }
    const Confusion confusion = confusionAt(threshold, scores, set.defective);
    return {{u"images"_s, qint64(scores.size())},
            {u"image_auroc"_s, auroc(scores, set.defective)},
            {u"pixel_auroc"_s, pixelAuroc(maps, set.masks)},
            {u"aupro"_s, aupro(maps, set.masks)},
            {u"threshold"_s, threshold},
            {u"overkill"_s, confusion.overkill()},
            {u"escape"_s, confusion.escape()},
            {u"f1"_s, confusion.f1()}};
}

} // namespace

QStringList calibrateModel(MemSegModel& model, const CalibrationData& data, const QString& modelFile,
                           const std::function<void()>& throwIfStopped)
{
    if (!model.nearest.isEmpty())
        model.fusion = joinBranches(model, data.joining, modelFile, throwIfStopped);
    const TemporaryModel file(model, modelFile);
    const auto session = MemSegSession::load(file.path());
    const QStringList gone =
        calibrateThresholds(model.info, model.options.overkill, data.heldOut, *session, throwIfStopped);
    QJsonObject& metrics = model.info.metrics;
    metrics = finalMetrics(data.validation, model.info.thresholds.score, *session, throwIfStopped);
    metrics.insert(u"input_width"_s, model.info.preprocessing.width);
    metrics.insert(u"input_height"_s, model.info.preprocessing.height);
    return gone;
}

} // namespace lynceus
