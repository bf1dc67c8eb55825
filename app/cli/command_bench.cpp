// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/command.h"
#include "core/memseg/bench.h"
#include "core/nn/device.h"
#include "core/nn/encoder_bench.h"
#include "core/raft/bench.h"
#include "core/u2net/bench.h"
#include "core/weights/model_store.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QJsonArray>

#include <algorithm>
#include <functional>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

cv::Size sizeOf(const Arguments& arguments, cv::Size otherwise = {256, 256})
{
    if (!arguments.isSet(u"size"_s))
        return otherwise;
    const QStringList parts = arguments.value(u"size"_s).split(u'x');
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

/// What bench can measure besides memseg-train.
struct Subject
{
    QString name;
    cv::Size size; ///< unless --size says another
    std::function<QJsonObject(cv::Size, const std::vector<Engine>&, int runs, const TaskContext&)> measure;
};

std::vector<Subject> subjects(CommandContext& context, const MemSegOptions& options)
{
    const QString model = context.arguments.isSet(u"model"_s) ? context.modelFile() : QString();
    std::vector<Subject> all{
        {u"memseg"_s,
         {256, 256},
         [options, model](cv::Size size, const std::vector<Engine>& engines, int runs, const TaskContext& task) {
             return model.isEmpty() ? benchMemSeg(size, runs, options, engines, task)
                                    : benchModel(model, runs, engines, task);
         }}};
    for (const QString& name : {u"resnet18"_s, u"mobilenetv2"_s}) {
        all.push_back({name, {256, 256}, [name](auto&&... rest) { return benchEncoder(name, rest...); }});
    }
    for (const QString& name : {u"u2netp"_s, u"u2net"_s})
        all.push_back({name, {320, 320}, [name](auto&&... rest) { return benchU2Net(name, rest...); }});
    for (const QString& name : {u"raft-small"_s, u"raft-large"_s})
        all.push_back({name, {320, 256}, [name](auto&&... rest) { return benchRaft(name, rest...); }});
    return all;
}

/// The subjects that were named, memseg where none was.
std::vector<Subject> chosenSubjects(CommandContext& context, const MemSegOptions& options)
{
    const std::vector<Subject> all = subjects(context, options);
    QStringList names = context.arguments.positional();
    if (names.isEmpty())
        names = {u"memseg"_s};
    std::vector<Subject> chosen;
    for (const QString& name : names) {
        const auto found = std::find_if(all.begin(), all.end(), [&](const Subject& one) { return one.name == name; });
        if (name == "all"_L1) {
            chosen = all;
        } else if (found != all.end()) {
            chosen.push_back(*found);
        } else {
            QStringList known{u"all"_s, u"memseg-train"_s};
            for (const Subject& one : all)
                known.append(one.name);
            throw UsageError(QCoreApplication::translate("cli", "bench does not know \"%1\".").arg(name),
                             QCoreApplication::translate("cli", "It knows %1.").arg(known.join(u", "_s)));
        }
    }
    return chosen;
}

/// A row for each engine.
void appendRows(std::vector<QStringList>& rows, const QJsonObject& result)
{
    for (const QJsonValue& value : result[u"engines"_s].toArray()) {
        const QJsonObject row = value.toObject();
        const QJsonObject latency = row[u"latency_ms"_s].toObject();
        const QJsonObject throughput = row[u"throughput"_s].toObject();
        rows.push_back({result[u"name"_s].toString(), row[u"engine"_s].toString(),
                        u"%1x%2"_s.arg(result[u"width"_s].toInt()).arg(result[u"height"_s].toInt()),
                        QString::number(result[u"threads"_s].toInt()), figure(latency[u"p50"_s], 1),
                        figure(latency[u"p95"_s], 1), figure(latency[u"p99"_s], 1), figure(latency[u"min"_s], 1),
                        figure(row[u"fps"_s], 1), figure(row[u"ratio"_s], 2), figure(row[u"load_ms"_s], 0),
                        figure(row[u"first_ms"_s], 1), figure(throughput[u"one_thread"_s], 1),
                        figure(throughput[u"fps"_s], 1), figure(throughput[u"ratio"_s], 2),
                        row.contains(u"error"_s) ? QString::number(row[u"error"_s].toDouble(), 'g', 2) : QString()});
    }
}

/// Where MemSeg's time goes.
void printStages(const Console& console, const QJsonObject& result)
{
    std::vector<QStringList> rows{{u"stages, ms"_s, u"encode"_s, u"match"_s, u"decode"_s, u"nearest good"_s}};
    for (const QJsonValue& value : result[u"engines"_s].toArray()) {
        const QJsonObject stages = value[u"stage_ms"_s].toObject();
        rows.push_back({value[u"engine"_s].toString(), figure(stages[u"encode"_s], 1), figure(stages[u"match"_s], 1),
                        figure(stages[u"decode"_s], 1), figure(stages[u"distance"_s], 1)});
    }
    console.printTable(rows);
    const QJsonObject stages = result[u"stage_ms"_s].toObject();
    console.print(QCoreApplication::translate("cli", "Reading the picture (%1 ms) and preparing it (%2 ms) are not "
                                                     "counted.")
                      .arg(figure(stages[u"load"_s], 1), figure(stages[u"prepare"_s], 1)));
    if (stages.contains(u"align"_s)) {
        console.print(QCoreApplication::translate("cli", "Finding the part and turning it upright (%1 ms) is not "
                                                         "counted either.")
                          .arg(figure(stages[u"align"_s], 1)));
    }
}

} // namespace

int runBench(CommandContext& context)
{
    const Arguments& arguments = context.arguments;
    MemSegOptions options = trainingOptions(arguments);
    const cv::Size size = sizeOf(arguments);
    options.preprocessing.width = size.width;
    options.preprocessing.height = size.height;
    const bool training = arguments.positional() == QStringList{u"memseg-train"_s};
    const std::vector<Subject> chosen = training ? std::vector<Subject>{} : chosenSubjects(context, options);
    const bool memSeg = training || std::any_of(chosen.begin(), chosen.end(),
                                                [](const Subject& one) { return one.name == "memseg"_L1; });
    try {
        if (memSeg)
            options.validate();
    } catch (const Error& error) {
        throw UsageError(error.message(), error.remedy());
    }
    if (training)
        return benchTraining(context, size, options);

    const int runs = int(arguments.number(u"runs"_s, 30, 1, 100'000));
    const Console& console = context.console;
    const std::vector<Engine> engines = enginesOf(arguments, console);
    std::vector<QStringList> rows{{u"network"_s, u"engine"_s, u"size"_s, u"threads"_s, u"P50 ms"_s, u"P95 ms"_s,
                                   u"P99 ms"_s, u"min ms"_s, u"per second"_s, u"ratio"_s, u"load ms"_s, u"first ms"_s,
                                   u"1 thread/s"_s, u"streams/s"_s, u"ratio"_s, u"error"_s}};
    QJsonArray results;
    for (const Subject& subject : chosen) {
        resetPeakMemory();
        const TaskContext task = context.task(QCoreApplication::translate("cli", "Measuring %1").arg(subject.name));
        const QJsonObject result = subject.measure(sizeOf(arguments, subject.size), engines, runs, task);
        console.endProgress();
        appendRows(rows, result);
        results.append(result);
    }
    console.print(results.first()[u"cpu"_s].toString());
    console.printTable(rows);
    for (const QJsonValue& result : results) {
        if (result[u"name"_s] == "memseg"_L1)
            printStages(console, result.toObject());
        console.print(QCoreApplication::translate("cli", "%1: peak memory of all engines together %2 MiB")
                          .arg(result[u"name"_s].toString(), figure(result[u"peak_memory_mb"_s], 0)));
    }
    console.print(QCoreApplication::translate(
        "cli", "1 thread/s and streams/s: inferences a second of one thread, and of one on each thread at a time. "
               "Error: largest difference to libtorch over libtorch's largest value."));
    console.writeJson(results.size() == 1 ? results.first().toObject() : QJsonObject{{u"networks"_s, results}});
    return kDone;
}

} // namespace lynceus
