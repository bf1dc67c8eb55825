// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/command.h"
#include "core/memseg/bench.h"

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

} // namespace

int runBench(CommandContext& context)
{
    const Arguments& arguments = context.arguments;
    if (!arguments.positional().isEmpty() && arguments.positional() != QStringList{u"memseg"_s})
        throw UsageError(QCoreApplication::translate("cli", "bench knows memseg."));
    const QString engine = arguments.value(u"engine"_s, u"all"_s);
    if (engine != u"all" && engine != u"libtorch")
        throw UsageError(QCoreApplication::translate("cli", "There is no engine \"%1\"; use libtorch.").arg(engine));
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

    const QJsonObject result = benchMemSeg(size, runs, options);
    const Console& console = context.console;
    console.print(result[u"cpu"_s].toString());
    std::vector<QStringList> rows{{u"network"_s, u"engine"_s, u"size"_s, u"threads"_s, u"P50 ms"_s, u"P95 ms"_s,
                                   u"P99 ms"_s, u"min ms"_s, u"per second"_s, u"ratio"_s}};
    for (const QJsonValue& value : result[u"engines"_s].toArray()) {
        const QJsonObject row = value.toObject();
        const QJsonObject latency = row[u"latency_ms"_s].toObject();
        rows.push_back({result[u"name"_s].toString(), row[u"engine"_s].toString(),
                        u"%1x%2"_s.arg(size.width).arg(size.height), QString::number(result[u"threads"_s].toInt()),
                        figure(latency[u"p50"_s], 1), figure(latency[u"p95"_s], 1), figure(latency[u"p99"_s], 1),
                        figure(latency[u"min"_s], 1), figure(row[u"fps"_s], 1), figure(row[u"ratio"_s], 2)});
    }
    console.printTable(rows);
    const QJsonObject stages = result[u"stage_ms"_s].toObject();
    QStringList parts;
    for (const QString& stage : {u"load"_s, u"prepare"_s, u"encode"_s, u"match"_s, u"decode"_s})
        parts << u"%1 %2"_s.arg(stage, figure(stages[stage], 1));
    console.print(QCoreApplication::translate("cli", "Where the time goes, ms: %1 (load and prepare are not counted "
                                                     "above); peak memory %2 MiB")
                      .arg(parts.join(u", "_s), figure(result[u"peak_memory_mb"_s], 0)));
    console.writeJson(result);
    return kDone;
}

} // namespace lynceus
