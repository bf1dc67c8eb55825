// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/nn/engine_bench.h"

#include "core/base/error.h"
#include "core/nn/device.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <cmath>
#include <future>
#include <map>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kWarmUps = 3;
constexpr int kThroughputTurns = 3;
constexpr double kLatencyShare = 0.6; ///< of the progress

/// Nearest-rank quantile of sorted values.
double quantile(const std::vector<double>& sorted, double share)
{
    const auto rank = std::size_t(std::ceil(share * double(sorted.size())));
    return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

/// An inference that keeps to one thread, its own.
class Stream
{
public:
    Stream(const EngineBench& bench, Engine engine)
    {
        const ThreadShare one(1);
        m_inference = bench.load(engine);
    }

    void start(int runs)
    {
        m_running = std::async(std::launch::async, [this, runs] {
            const ThreadShare one(1);
            for (int i = 0; i < runs; ++i)
                m_inference->run();
        });
    }

    void wait() { m_running.get(); }

private:
    std::unique_ptr<BenchInference> m_inference;
    std::future<void> m_running;
};

/// One engine and its times.
class TimedEngine
{
public:
    TimedEngine(const EngineBench& bench, Engine engine)
        : m_engine(engine)
    {
        if (engine != Engine::LibTorch)
            bench.prepare(engine);
        Stopwatch watch;
        m_inference = bench.load(engine);
        m_loadMs = watch.restart();
        m_inference->run();
        m_firstMs = watch.ms();
        for (int i = 0; i < threads(); ++i)
            m_streams.push_back(std::make_unique<Stream>(bench, engine));
    }

    void run(bool counts)
    {
        const Stopwatch watch;
        const QJsonObject stages = m_inference->run();
        const double ms = watch.ms();
        if (!counts)
            return;
        m_latency.push_back(ms);
        for (auto stage = stages.begin(); stage != stages.end(); ++stage)
            m_stages[stage.key()].push_back(stage.value().toDouble());
    }

    /// One thread, then all of them, `runs` inferences each.
    void runStreams(int runs)
    {
        const auto fps = [&](std::size_t count) {
            const Stopwatch watch;
            for (std::size_t i = 0; i < count; ++i)
                m_streams[i]->start(runs);
            for (std::size_t i = 0; i < count; ++i)
                m_streams[i]->wait();
            return 1000.0 * double(count) * runs / watch.ms();
        };
        m_oneThread.push_back(fps(1));
        m_allThreads.push_back(fps(m_streams.size()));
    }

    double latency() const { return median(m_latency); }

    QJsonObject json(double referenceMs) const
    {
        const double one = median(m_oneThread);
        const double all = median(m_allThreads);
        QJsonObject stages;
        for (const auto& [name, times] : m_stages)
            stages.insert(name, median(times));
        return {{u"engine"_s, engineName(m_engine)},
                {u"latency_ms"_s, latencyJson(m_latency)},
                {u"fps"_s, 1000.0 / latency()},
                {u"ratio"_s, referenceMs / latency()},
                {u"load_ms"_s, m_loadMs},
                {u"first_ms"_s, m_firstMs},
                {u"stage_ms"_s, stages},
                {u"throughput"_s, QJsonObject{{u"one_thread"_s, one},
                                              {u"streams"_s, int(m_streams.size())},
                                              {u"fps"_s, all},
                                              {u"ratio"_s, all / one}}}};
    }

private:
    Engine m_engine;
    std::unique_ptr<BenchInference> m_inference;
    std::vector<std::unique_ptr<Stream>> m_streams;
    double m_loadMs = 0.0;
    double m_firstMs = 0.0;
    std::vector<double> m_latency;
    std::map<QString, std::vector<double>> m_stages;
    std::vector<double> m_oneThread; ///< inferences a second
    std::vector<double> m_allThreads;
};

} // namespace

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return quantile(values, 0.5);
}

QJsonObject latencyJson(std::vector<double> milliseconds)
{
    std::sort(milliseconds.begin(), milliseconds.end());
    return {{u"p50"_s, quantile(milliseconds, 0.5)},
            {u"p95"_s, quantile(milliseconds, 0.95)},
            {u"p99"_s, quantile(milliseconds, 0.99)},
            {u"min"_s, milliseconds.front()}};
}

QJsonArray benchEngines(const EngineBench& bench, const std::vector<Engine>& engines, int runs,
                        const TaskContext& context)
{
    if (runs < 1) {
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "%1 runs cannot be timed.").arg(runs),
                    QCoreApplication::translate("core", "Ask for at least 1 run."));
    }
    std::vector<std::unique_ptr<TimedEngine>> timed;
    timed.push_back(std::make_unique<TimedEngine>(bench, Engine::LibTorch));
    for (const Engine engine : engines) {
        context.cancel.throwIfCancelled();
        if (engine == Engine::LibTorch)
            continue;
        requireEngine(engine);
        context.report(0.0, QCoreApplication::translate("core", "compiling for %1").arg(engineName(engine)));
        timed.push_back(std::make_unique<TimedEngine>(bench, engine));
    }
    for (int run = -kWarmUps; run < runs; ++run) {
        context.cancel.throwIfCancelled();
        context.report(kLatencyShare * double(run + kWarmUps) / (runs + kWarmUps),
                       QCoreApplication::translate("core", "timing"));
        if (bench.beforeTurn)
            bench.beforeTurn(run >= 0);
        for (const auto& engine : timed)
            engine->run(run >= 0);
    }
    for (int turn = 0; turn < kThroughputTurns; ++turn) {
        for (const auto& engine : timed) {
            context.cancel.throwIfCancelled();
            context.report(kLatencyShare + (1.0 - kLatencyShare) * turn / kThroughputTurns,
                           QCoreApplication::translate("core", "throughput"));
            engine->runStreams(std::max(1, runs / kThroughputTurns));
        }
    }
    QJsonArray rows;
    for (const auto& engine : timed)
        rows.append(engine->json(timed.front()->latency()));
    return rows;
}

} // namespace lynceus
