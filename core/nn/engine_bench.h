// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/nn/engine.h"

#include <QtCore/QJsonArray>
#include <QtCore/QJsonObject>

#include <functional>
#include <memory>
#include <vector>

namespace lynceus {

/// What a benchmark runs again and again. One owner at a time; may move between threads.
class BenchInference
{
public:
    virtual ~BenchInference() = default;
    /// One inference. The milliseconds of its stages; empty where it has none.
    virtual QJsonObject run() = 0;
};

/// How the engines of a benchmark are made.
struct EngineBench
{
    /// Translates and quantises what `load` compiles; not timed. Not called for LibTorch.
    std::function<void(Engine)> prepare;
    /// Timed as `load_ms`, without a cache; runs on the threads of nn/device at that time.
    std::function<std::unique_ptr<BenchInference>(Engine)> load;
    std::function<void(bool counts)> beforeTurn; ///< may be empty; counts: not a warm-up
};

/// Nearest-rank median.
double median(std::vector<double> values);
/// {p50, p95, p99, min} of milliseconds.
QJsonObject latencyJson(std::vector<double> milliseconds);

/// The engines take turns, LibTorch first, which is always among them; `runs` turns and some to warm up. A row for each
/// engine: `engine`, `latency_ms` (latencyJson), `fps`, `ratio` (LibTorch's median latency over its own: 2 is twice as
/// fast), `load_ms`, `first_ms`, `stage_ms` (medians), and `throughput`: inferences a second of one thread
/// (`one_thread`) and of as many inferences at a time as there are threads, one thread each (`streams`, `fps`, and
/// `ratio` to one thread). Throws Error(Input) on less than one run and on an engine that is not available, Cancelled.
QJsonArray benchEngines(const EngineBench& bench, const std::vector<Engine>& engines, int runs,
                        const TaskContext& context = {});

} // namespace lynceus
