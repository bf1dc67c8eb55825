// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/jobs/evaluation.h"

#include "core/base/error.h"
#include "core/image/image_io.h"
#include "core/jobs/inspection_pipeline.h"
#include "core/metrics/calibration.h"
#include "core/metrics/confusion.h"
#include "core/metrics/pro.h"
#include "core/metrics/roc.h"

#include <QtCore/QCoreApplication>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace lynceus {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// NaN has no place in JSON.
QJsonValue number(double value)
{
    return std::isfinite(value) ? QJsonValue(value) : QJsonValue(QJsonValue::Null);
}

cv::Size fitted(cv::Size source, int longerSide)
{
    const double scale = double(longerSide) / std::max(source.width, source.height);
    return {std::max(1, int(std::lround(source.width * scale))), std::max(1, int(std::lround(source.height * scale)))};
}

/// Maps and masks at evaluation size, pair by pair; an empty mask means "no defect".
struct PixelPairs
{
    std::vector<cv::Mat> maps;
    std::vector<cv::Mat> masks;

    void add(const cv::Mat& map, const cv::Mat& mask, int evaluationSize)
    {
        const cv::Size size = fitted(map.size(), evaluationSize);
        cv::Mat smallMap;
        cv::resize(map, smallMap, size, 0, 0, size.width < map.cols ? cv::INTER_AREA : cv::INTER_LINEAR);
        cv::Mat smallMask;
        if (!mask.empty())
            cv::resize(mask, smallMask, size, 0, 0, cv::INTER_NEAREST);
        maps.push_back(smallMap);
        masks.push_back(smallMask);
    }

    /// Pixel figures need pixels of both kinds.
    bool areComparable() const
    {
        bool good = false;
        bool defective = false;
        for (std::size_t i = 0; i < masks.size(); ++i) {
            const int count = masks[i].empty() ? 0 : cv::countNonZero(masks[i]);
            defective = defective || count > 0;
            good = good || count < int(maps[i].total());
        }
        return good && defective;
    }
};

/// The mask of a defective image, or why it can't be used.
cv::Mat readMaskFor(const Sample& sample, cv::Size size)
{
    const cv::Mat mask = readMask(sample.maskPath);
    if (mask.size() != size) {
        throw Error(ErrorKind::Format,
                    QCoreApplication::translate("core", "The mask %1 has %2 x %3 pixels, its image %4 x %5.")
                        .arg(sample.maskPath)
                        .arg(mask.cols)
                        .arg(mask.rows)
                        .arg(size.width)
                        .arg(size.height),
                    QCoreApplication::translate("core", "Draw the mask at the size of the image."));
    }
    return mask;
}

/// `goodScores` and one type's `scores`.
DefectFigures figuresOf(const QString& name, const std::vector<double>& scores, std::vector<double> goodScores,
                        double threshold)
{
    DefectFigures figures;
    figures.name = name;
    figures.images = int(scores.size());
    figures.escape = confusionAt(threshold, scores, std::vector<bool>(scores.size(), true)).escape();
    std::vector<bool> labels(goodScores.size(), false);
    labels.resize(goodScores.size() + scores.size(), true);
    figures.auroc = kNone;
    if (!goodScores.empty()) {
        goodScores.insert(goodScores.end(), scores.begin(), scores.end());
        figures.auroc = auroc(goodScores, labels);
    }
    return figures;
}

std::vector<Sample> labelledSamples(const AnomalyFolder& folder)
{
    std::vector<Sample> samples;
    std::copy_if(folder.test.begin(), folder.test.end(), std::back_inserter(samples),
                 [](const Sample& sample) { return sample.truth != Truth::Unknown; });
    if (samples.empty()) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "%1 holds no labelled images to evaluate.").arg(folder.root),
                    QCoreApplication::translate("core", "Put good images into test/good (or good) and defective ones "
                                                        "into test/<defect> (or bad)."));
    }
    return samples;
}

} // namespace

QJsonObject EvaluationReport::toJson() const
{
    QJsonObject byType;
    for (const DefectFigures& defect : perDefect) {
        byType.insert(defect.name, QJsonObject{{QStringLiteral("images"), defect.images},
                                               {QStringLiteral("auroc"), number(defect.auroc)},
                                               {QStringLiteral("escape"), number(defect.escape)}});
    }
    return {
        {QStringLiteral("method"), method},
        {QStringLiteral("images"), images},
        {QStringLiteral("failed"), failed},
        {QStringLiteral("image_auroc"), number(imageAuroc)},
        {QStringLiteral("pixel_auroc"), number(pixelAuroc)},
        {QStringLiteral("aupro"), number(aupro)},
        {QStringLiteral("threshold"), number(threshold)},
        {QStringLiteral("overkill"), number(overkill)},
        {QStringLiteral("escape"), number(escape)},
        {QStringLiteral("balanced_error"), number(balancedError)},
        {QStringLiteral("best_balanced_error"), number(bestBalancedError)},
        {QStringLiteral("best_threshold"), number(bestThreshold)},
        {QStringLiteral("per_defect"), byType},
        {QStringLiteral("f1"), number(f1)},
        {QStringLiteral("latency_ms"), QJsonObject{{QStringLiteral("p50"), number(p50)},
                                                   {QStringLiteral("p95"), number(p95)},
                                                   {QStringLiteral("p99"), number(p99)}}},
    };
}

void EvaluationReport::judgeAt(double newThreshold)
{
    threshold = newThreshold;
    const Confusion confusion = confusionAt(threshold, scores, labels);
    const auto defective = std::count(labels.begin(), labels.end(), true);
    const bool anyGood = defective < std::ptrdiff_t(labels.size());
    overkill = anyGood ? confusion.overkill() : kNone;
    escape = defective > 0 ? confusion.escape() : kNone;
    f1 = defective > 0 ? confusion.f1() : kNone;
    balancedError = anyGood && defective > 0 ? confusion.balancedError() : kNone;
    std::vector<double> good;
    std::map<QString, std::vector<double>> defectScores;
    for (std::size_t i = 0; i < scores.size(); ++i)
        (labels[i] ? defectScores[defects[qsizetype(i)]] : good).push_back(scores[i]);
    perDefect.clear();
    for (const auto& [name, ofDefect] : defectScores)
        perDefect.push_back(figuresOf(name, ofDefect, good, threshold));
}

EvaluationReport evaluate(AnomalyInspector& inspector, const AnomalyFolder& folder, const TaskContext& context,
                          int evaluationSize)
{
    const std::vector<Sample> samples = labelledSamples(folder);
    std::vector<QString> paths;
    for (const Sample& sample : samples)
        paths.push_back(sample.path);

    EvaluationReport report;
    PixelPairs pixels;
    std::vector<double> latencies;
    const auto judged = [&](InspectedImage&& inspected) {
        const Sample& sample = samples[inspected.index];
        if (!inspected.error.isEmpty()) {
            ++report.failed;
            report.problems.append(QStringLiteral("%1: %2").arg(sample.name, inspected.error));
            return;
        }
        const AnomalyResult& result = inspected.result;
        const bool defective = sample.truth == Truth::Defective;
        report.scores.push_back(result.score);
        report.labels.push_back(defective);
        report.defects.push_back(defective ? sample.defect : QString());
        report.paths.push_back(sample.path);
        report.threshold = result.thresholds.score;
        latencies.push_back(result.times.total() - result.times.load);
        if (defective && sample.maskPath.isEmpty())
            return;
        try {
            const cv::Mat mask = defective ? readMaskFor(sample, result.sourceSize()) : cv::Mat();
            pixels.add(result.sourceMap(), mask, evaluationSize);
        } catch (const Error& error) {
            report.problems.append(QStringLiteral("%1: %2").arg(sample.name, error.text()));
        }
    };
    inspectImages(paths, inspector, judged, context);
    if (folder.test.size() > samples.size()) {
        const auto unknown = std::find_if(folder.test.begin(), folder.test.end(),
                                          [](const Sample& sample) { return sample.truth == Truth::Unknown; });
        report.problems.append(
            QCoreApplication::translate("core",
                                        "%n image(s) lie in no folder of good or defective ones, first %1: "
                                        "not evaluated.",
                                        nullptr, int(folder.test.size() - samples.size()))
                .arg(unknown->name));
    }

    report.images = int(report.scores.size());
    if (report.images == 0) {
        throw Error(
            ErrorKind::Input,
            QCoreApplication::translate("core", "None of the %n images of %1 can be read.", nullptr, report.failed)
                .arg(folder.root),
            report.problems.first());
    }
    const auto defective = std::count(report.labels.begin(), report.labels.end(), true);
    const bool bothKinds = defective > 0 && defective < report.images;
    report.judgeAt(report.threshold);
    report.learntFromGood = folder.layout == AnomalyFolder::Layout::Plain;
    report.imageAuroc = bothKinds ? auroc(report.scores, report.labels) : kNone;
    report.bestBalancedError = report.bestThreshold = kNone;
    if (bothKinds) {
        const BestBalancedError best = bestBalancedError(report.scores, report.labels);
        report.bestBalancedError = best.error;
        report.bestThreshold = best.threshold;
    }
    const bool comparable = pixels.areComparable();
    report.pixelAuroc = comparable ? pixelAuroc(pixels.maps, pixels.masks) : kNone;
    report.aupro = comparable ? lynceus::aupro(proCurve(pixels.maps, pixels.masks, context.cancel)) : kNone;
    report.p50 = quantile(latencies, 0.50);
    report.p95 = quantile(latencies, 0.95);
    report.p99 = quantile(latencies, 0.99);
    return report;
}

} // namespace lynceus
