// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/parity_gate.h"

#include "core/base/error.h"
#include "core/nn/tensor_image.h"

#include <QtCore/QCoreApplication>

#include <opencv2/core.hpp>

#include <algorithm>
#include <cmath>

namespace lynceus {

namespace {

constexpr qsizetype kWorstNamed = 10;
constexpr int kWarmUps = 2;

double median(std::vector<double> values)
{
    if (values.empty())
        return 0.0;
    const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

struct Judged
{
    AnomalyResult result;
    double ms = 0.0;
};

Judged judged(MemSegInference& inference, const torch::Tensor& input, const Thresholds& thresholds)
{
    const Stopwatch watch;
    const auto output = inference.run(input);
    Judged image;
    image.ms = watch.ms();
    image.result.map = output.map;
    image.result.score = imageScore(output.map);
    rejudge(image.result, thresholds);
    return image;
}

/// One engine's report as it grows.
class Comparison
{
public:
    explicit Comparison(Engine engine) { m_report.engine = engine; }

    void add(const GateImage& image, const Judged& wanted, const Judged& got)
    {
        ++m_report.images;
        m_ms.push_back(got.ms);
        const AnomalyResult& a = wanted.result;
        const AnomalyResult& b = got.result;
        const double rise = finite(b.score - a.score); // no number is as wrong as can be
        const double shift = std::abs(rise);
        const double below = a.thresholds.score - a.score;
        if (image.good)
            m_report.goodRise = std::max(m_report.goodRise, rise);
        if (image.good && below > 0.0)
            m_report.margin = std::min(m_report.margin, below);
        const bool flipped = a.verdict != b.verdict;
        m_report.verdictsChanged += flipped ? 1 : 0;
        m_report.regionsChanged += a.regions.size() != b.regions.size() ? 1 : 0;
        m_report.scoreShift = std::max(m_report.scoreShift, shift);
        const cv::Mat difference = cv::abs(b.map - a.map);
        m_report.mapShift = std::max(m_report.mapShift, finite(cv::norm(difference, cv::NORM_INF)));
        m_report.meanMapShift = std::max(m_report.meanMapShift, finite(cv::mean(difference)[0]));
        m_images.push_back({(flipped ? 1.0 : 0.0) + shift, image.good ? rise : 0.0,
                            QCoreApplication::translate("core", "%1: score %2, with libtorch %3; %4, with libtorch %5")
                                .arg(image.name)
                                .arg(b.score, 0, 'f', 4)
                                .arg(a.score, 0, 'f', 4)
                                .arg(verdictName(b.verdict), verdictName(a.verdict))});
    }

    void fail(const QString& reason) { m_report.failure = reason; }
    bool failed() const { return !m_report.failure.isEmpty(); }

    GateReport finished(double libTorchMs)
    {
        std::stable_sort(m_images.begin(), m_images.end(),
                         [](const auto& a, const auto& b) { return a.wrong > b.wrong; });
        for (const Compared& image : m_images) {
            const bool blocks = image.wrong > GateReport::kMostScoreShift || image.goodRise > m_report.margin;
            if (blocks && m_report.worst.size() < kWorstNamed)
                m_report.worst.append(image.text);
        }
        m_report.ms = median(m_ms);
        m_report.libTorchMs = libTorchMs;
        return m_report;
    }

private:
    static double finite(double value) { return std::isfinite(value) ? value : 1.0; }

    struct Compared
    {
        double wrong = 0.0; ///< how much the score moved, and 1 when the verdict did
        double goodRise = 0.0;
        QString text;
    };

    GateReport m_report;
    std::vector<double> m_ms;
    std::vector<Compared> m_images;
};

} // namespace

torch::Tensor gateInput(const GateImage& image)
{
    cv::Mat rgb;
    image.picture.convertTo(rgb, CV_32F);
    return imageToTensor(rgb);
}

std::vector<GateReport> compareEngines(MemSegInference& reference, const std::vector<GateEngine>& engines,
                                       const std::vector<GateImage>& images, const Thresholds& thresholds,
                                       const TaskContext& context)
{
    std::vector<Comparison> comparisons;
    for (const GateEngine& engine : engines)
        comparisons.emplace_back(engine.engine);
    std::vector<double> libTorchMs;
    const int count = int(images.size());
    for (int i = -kWarmUps; i < count && count > 0; ++i) {
        context.cancel.throwIfCancelled();
        const GateImage& image = images[std::size_t(std::max(i, 0))];
        const torch::Tensor input = gateInput(image);
        const Judged wanted = judged(reference, input, thresholds);
        for (std::size_t e = 0; e < engines.size(); ++e) {
            if (comparisons[e].failed())
                continue;
            try {
                const Judged got = judged(*engines[e].inference, input, thresholds);
                if (i >= 0)
                    comparisons[e].add(image, wanted, got);
            } catch (...) {
                comparisons[e].fail(currentError(QCoreApplication::translate("core", "comparing engines")).text());
            }
        }
        if (i < 0)
            continue;
        libTorchMs.push_back(wanted.ms);
        context.report(double(i + 1) / count,
                       QCoreApplication::translate("core", "comparing, image %1 of %2").arg(i + 1).arg(count));
    }
    std::vector<GateReport> reports;
    for (Comparison& comparison : comparisons)
        reports.push_back(comparison.finished(median(libTorchMs)));
    return reports;
}

} // namespace lynceus
