// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/engines/parity_gate.h"

#include "core/base/error.h"
#include "core/engines/engine_file.h"
#include "core/engines/network_set.h"
#include "core/nn/engine_bench.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <cmath>
#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr qsizetype kWorstNamed = 10;
constexpr int kWarmUps = 2;

struct Outcome
{
    cv::Mat result;
    double ms = 0.0;
};

Outcome outcomeOf(const GateRun& run, const NamedTensors& inputs)
{
    const Stopwatch watch;
    Outcome outcome;
    outcome.result = run(inputs);
    outcome.ms = watch.ms();
    return outcome;
}

GateReport emptyReport(const GateSubject& subject, Engine engine)
{
    GateReport report;
    report.engine = engine;
    report.measure = subject.measure();
    report.limit = report.margin = subject.mostShift();
    return report;
}

/// One engine's report as it grows.
class Comparison
{
public:
    explicit Comparison(GateReport report)
        : m_report(std::move(report))
    {
    }

    void add(const GateImage& image, const GateShift& found, double ms)
    {
        ++m_report.images;
        m_ms.push_back(ms);
        Compared& compared = m_images.emplace_back();
        compared.text = image.name + u": "_s + found.text;
        const bool isNumber = std::isfinite(found.shift);
        compared.changed = found.verdictChanged || !isNumber;
        m_report.verdictsChanged += compared.changed ? 1 : 0;
        if (!isNumber) // nor are the figures
            return;
        compared.shift = found.shift;
        compared.goodRise = image.good ? found.rise : 0.0;
        if (image.good)
            m_report.goodRise = std::max(m_report.goodRise, found.rise);
        if (image.good && found.room > 0.0)
            m_report.margin = std::min(m_report.margin, found.room);
        m_report.regionsChanged += found.regionsChanged ? 1 : 0;
        m_report.shift = std::max(m_report.shift, found.shift);
        m_report.mapShift = std::max(m_report.mapShift, found.mapShift);
        m_report.meanMapShift = std::max(m_report.meanMapShift, found.meanMapShift);
    }

    void fail(const QString& reason) { m_report.failure = reason; }
    bool failed() const { return !m_report.failure.isEmpty(); }

    GateReport finished(double libTorchMs)
    {
        std::stable_sort(m_images.begin(), m_images.end(), [](const auto& a, const auto& b) {
            return std::pair(a.changed, a.shift) > std::pair(b.changed, b.shift);
        });
        for (const Compared& image : m_images) {
            const bool blocks = image.changed || image.shift > m_report.limit || image.goodRise > m_report.margin;
            if (blocks && m_report.worst.size() < kWorstNamed)
                m_report.worst.append(image.text);
        }
        m_report.ms = m_ms.empty() ? 0.0 : median(m_ms);
        m_report.libTorchMs = libTorchMs;
        return m_report;
    }

private:
    struct Compared
    {
        bool changed = false;
        double shift = 0.0;
        double goodRise = 0.0;
        QString text;
    };

    GateReport m_report;
    std::vector<double> m_ms;
    std::vector<Compared> m_images;
};

} // namespace

std::vector<GateEngine> compiledEngines(GateSubject& subject, const EngineSet& set, const QString& cacheFolder,
                                        std::vector<GateReport>& failures, const CancelToken& cancel)
{
    std::vector<GateEngine> engines;
    for (const Engine engine : allEngines()) {
        if (engine == Engine::LibTorch || set.networks(engine).empty() || !engineAvailable(engine))
            continue;
        cancel.throwIfCancelled();
        try {
            engines.push_back({engine, subject.runWith(compileNetworks(set.networks(engine), engine, cacheFolder))});
        } catch (...) {
            GateReport report = emptyReport(subject, engine);
            report.failure = currentError(QCoreApplication::translate("core", "compiling a model")).text();
            failures.push_back(report);
        }
    }
    return engines;
}

std::vector<GateReport> compareEngines(GateSubject& subject, const std::vector<GateEngine>& engines,
                                       const std::vector<GateImage>& images, const TaskContext& context)
{
    std::vector<Comparison> comparisons;
    for (const GateEngine& engine : engines)
        comparisons.emplace_back(emptyReport(subject, engine.engine));
    const GateRun reference = subject.runWith({});
    std::vector<double> libTorchMs;
    const int count = int(images.size());
    for (int i = -kWarmUps; i < count && count > 0; ++i) {
        context.cancel.throwIfCancelled();
        const GateImage& image = images[std::size_t(std::max(i, 0))];
        const NamedTensors inputs = subject.inputs(image);
        const Outcome wanted = outcomeOf(reference, inputs);
        for (std::size_t e = 0; e < engines.size(); ++e) {
            if (comparisons[e].failed())
                continue;
            try {
                const Outcome got = outcomeOf(engines[e].run, inputs);
                if (i >= 0)
                    comparisons[e].add(image, subject.compare(wanted.result, got.result), got.ms);
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
        reports.push_back(comparison.finished(libTorchMs.empty() ? 0.0 : median(libTorchMs)));
    return reports;
}

} // namespace lynceus
