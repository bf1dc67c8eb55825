// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/command.h"
#include "core/memseg/bench.h"
#include "core/nn/engine.h"
#include "core/weights/model_store.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QJsonArray>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

cv::Size sizeOf(const Arguments& arguments)
{
    const QStringList parts = arguments.value(u"size"_s, u"256x256"_s).split(u'x');
    bool okWidth = false;
    bool okHeight = false;
    const cv::Size size =
        parts.size() == 2 ? cv::Size(parts[0].toInt(&okWidth), parts[1].toInt(&okHeight)) : cv::Size();
    if (!okWidth || !okHeight) {
        throw UsageError(QCoreApplication::translate("cli", "--size is \"%1\"; something like 256x256 is needed.")
                             .arg(arguments.value(u"size"_s)));
    }
    return size;
}

/// What --engine asks for; engines that "all" has to leave out are named.
std::vector<Engine> enginesOf(const Arguments& arguments, const Console& console)
{
    const QString name = arguments.value(u"engine"_s, u"all"_s);
    if (name != "all"_L1) {
        try {
            return {engineFromName(name)};
        } catch (const Error& error) {
            throw UsageError(error.message(),
                             error.remedy() + u' ' + QCoreApplication::translate("cli", "Or all, for all of them."));
        }
    }
    std::vector<Engine> engines;
    for (const Engine engine : allEngines()) {
        if (const QString why = whyNoEngine(engine); !why.isEmpty())
            console.warn(QCoreApplication::translate("cli", "Without %1: %2").arg(engineName(engine), why));
        else
            engines.push_back(engine);
    }
    return engines;
}

int benchTraining(CommandContext& context, cv::Size size, const MemSegOptions& options)
{
    const int turns = int(context.arguments.number(u"runs"_s, 3, 1, 1000));
    const QString encoder = context.app().modelStore().encoderFile(options.encoder, options.backbone);
    const QJsonObject result = benchMemSegTraining(size, turns, options, encoder,
                                                   context.task(QCoreApplication::translate("cli", "Measuring")));
    const Console& console = context.console;
    console.endProgress();
    console.print(result[u"cpu"_s].toString());
    console.printTable({{u"network"_s, u"size"_s, u"batch"_s, u"threads"_s, u"ms a step"_s, u"eager, reference"_s,
                         u"ratio"_s, u"eager, same network"_s, u"ratio"_s, u"peak MiB"_s},
                        {result[u"architecture"_s].toString(), u"%1x%2"_s.arg(size.width).arg(size.height),
                         QString::number(result[u"batch"_s].toInt()), QString::number(result[u"threads"_s].toInt()),
                         figure(result[u"ms_per_step"_s], 0), figure(result[u"eager_ms_per_step"_s], 0),
                         figure(result[u"speedup"_s], 2), figure(result[u"same_network_eager_ms_per_step"_s], 0),
                         figure(result[u"same_network_speedup"_s], 2), figure(result[u"peak_memory_mb"_s], 0)}});
    console.writeJson(result);
    return kDone;
}

} // namespace

int runBench(CommandContext& context)
{
    const Arguments& arguments = context.arguments;
    const QString what = arguments.positional().isEmpty() ? u"memseg"_s : arguments.positional().join(u' ');
    if (what != "memseg"_L1 && what != "memseg-train"_L1)
        throw UsageError(QCoreApplication::translate("cli", "bench knows memseg and memseg-train."));
    const int runs = int(arguments.number(u"runs"_s, 30, 1, 100'000));
    MemSegOptions options = trainingOptions(arguments);
    const cv::Size size = sizeOf(arguments);
    options.preprocessing.width = size.width;
    options.preprocessing.height = size.height;
    try {
        options.validate();
    } catch (const Error& error) {
        throw UsageError(error.message(), error.remedy());
    }

    if (what == "memseg-train"_L1)
        return benchTraining(context, size, options);
    const Console& console = context.console;
    const TaskContext task = context.task(QCoreApplication::translate("cli", "Measuring"));
    const std::vector<Engine> engines = enginesOf(arguments, console);
    const QJsonObject result = arguments.isSet(u"model"_s) ? benchModel(context.modelFile(), runs, engines, task)
                                                           : benchMemSeg(size, runs, options, engines, task);
    console.endProgress();
    console.print(result[u"cpu"_s].toString());
    std::vector<QStringList> rows{{u"network"_s, u"engine"_s, u"size"_s, u"threads"_s, u"P50 ms"_s, u"P95 ms"_s,
                                   u"P99 ms"_s, u"min ms"_s, u"per second"_s, u"ratio"_s, u"load ms"_s, u"first ms"_s,
                                   u"encode"_s, u"match"_s, u"decode"_s, u"distance"_s, u"1 thread/s"_s, u"streams/s"_s,
                                   u"ratio"_s}};
    for (const QJsonValue& value : result[u"engines"_s].toArray()) {
        const QJsonObject row = value.toObject();
        const QJsonObject latency = row[u"latency_ms"_s].toObject();
        const QJsonObject stages = row[u"stage_ms"_s].toObject();
        const QJsonObject throughput = row[u"throughput"_s].toObject();
        rows.push_back({result[u"name"_s].toString(), row[u"engine"_s].toString(),
                        u"%1x%2"_s.arg(result[u"width"_s].toInt()).arg(result[u"height"_s].toInt()),
                        QString::number(result[u"threads"_s].toInt()), figure(latency[u"p50"_s], 1),
                        figure(latency[u"p95"_s], 1), figure(latency[u"p99"_s], 1), figure(latency[u"min"_s], 1),
                        figure(row[u"fps"_s], 1), figure(row[u"ratio"_s], 2), figure(row[u"load_ms"_s], 0),
                        figure(row[u"first_ms"_s], 1), figure(stages[u"encode"_s], 1), figure(stages[u"match"_s], 1),
                        figure(stages[u"decode"_s], 1), figure(stages[u"distance"_s], 1),
                        figure(throughput[u"one_thread"_s], 1), figure(throughput[u"fps"_s], 1),
                        figure(throughput[u"ratio"_s], 2)});
    }
    console.printTable(rows);
    const QJsonObject stages = result[u"stage_ms"_s].toObject();
    console.print(QCoreApplication::translate(
                      "cli", "Stages are medians in ms; the last three columns are images a second of one thread, of "
                             "one inspection on each thread, and their ratio. Reading the picture (%1 "
                             "ms) and preparing it (%2 ms) are not counted; peak memory %3 MiB")
                      .arg(figure(stages[u"load"_s], 1), figure(stages[u"prepare"_s], 1),
                           figure(result[u"peak_memory_mb"_s], 0)));
    console.writeJson(result);
    return kDone;
}

} // namespace lynceus
