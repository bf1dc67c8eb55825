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

constexpr std::size_t kWorstNamed = 10;
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

    void add(const QString& name, const Judged& wanted, const Judged& got)
    {
        ++m_report.images;
        m_ms.push_back(got.ms);
        const AnomalyResult& a = wanted.result;
        const AnomalyResult& b = got.result;
        double shift = std::abs(b.score - a.score);
        if (!std::isfinite(shift))
            shift = 1.0; // no number is as wrong as can be
        const bool flipped = a.verdict != b.verdict;
        m_report.verdictsChanged += flipped ? 1 : 0;
        m_report.regionsChanged += a.regions.size() != b.regions.size() ? 1 : 0;
        m_report.scoreShift = std::max(m_report.scoreShift, shift);
        const cv::Mat difference = cv::abs(b.map - a.map);
        m_report.mapShift = std::max(m_report.mapShift, finite(cv::norm(difference, cv::NORM_INF)));
        m_report.meanMapShift = std::max(m_report.meanMapShift, finite(cv::mean(difference)[0]));
        if (flipped || shift > GateReport::kMostScoreShift) {
            m_blocking.push_back({(flipped ? 1.0 : 0.0) + shift,
                                  QCoreApplication::translate("core", "%1: score %2, with libtorch %3; %4, with "
                                                                      "libtorch %5")
                                      .arg(name)
                                      .arg(b.score, 0, 'f', 4)
                                      .arg(a.score, 0, 'f', 4)
                                      .arg(verdictName(b.verdict), verdictName(a.verdict))});
        }
    }

    void fail(const QString& reason) { m_report.failure = reason; }
    bool failed() const { return !m_report.failure.isEmpty(); }

    GateReport finished(double libTorchMs)
    {
        std::stable_sort(m_blocking.begin(), m_blocking.end(),
                         [](const auto& a, const auto& b) { return a.first > b.first; });
        for (std::size_t i = 0; i < std::min(m_blocking.size(), kWorstNamed); ++i)
            m_report.worst.append(m_blocking[i].second);
        m_report.ms = median(m_ms);
        m_report.libTorchMs = libTorchMs;
        return m_report;
    }

private:
    static double finite(double value) { return std::isfinite(value) ? value : 1.0; }

    GateReport m_report;
    std::vector<double> m_ms;
    std::vector<std::pair<double, QString>> m_blocking; ///< how bad, what
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
                    comparisons[e].add(image.name, wanted, got);
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
