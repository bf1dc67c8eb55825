// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/command.h"
#include "core/engines/engine_file.h"
#include "core/memseg/compile.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QJsonArray>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("cli", text);
}

QJsonArray reportsJson(const std::vector<GateReport>& reports)
{
    QJsonArray array;
    for (const GateReport& report : reports)
        array.append(report.toJson());
    return array;
}

void printReports(const Console& console, const std::vector<GateReport>& reports)
{
    std::vector<QStringList> rows{{u"engine"_s, tr("gate"), tr("images"), tr("verdicts changed"), tr("score shift"),
                                   tr("map shift"), u"ms"_s, tr("ratio")}};
    for (const GateReport& report : reports) {
        rows.push_back({engineName(report.engine), report.passed() ? tr("passed") : tr("blocked"),
                        QString::number(report.images), QString::number(report.verdictsChanged), figure(report.shift),
                        figure(report.mapShift), figure(report.ms, 1), figure(report.ratio(), 2)});
    }
    console.printTable(rows);
    for (const GateReport& report : reports) {
        if (report.passed())
            continue;
        console.print(u"%1 %2"_s.arg(engineName(report.engine), report.summary()));
        for (const QString& image : report.worst)
            console.print(u"  "_s + image);
    }
}

} // namespace

int runCompile(CommandContext& context)
{
    const Arguments& arguments = context.arguments;
    const QString data = arguments.required(u"data"_s);
    const QString modelFile = context.modelFile();
    CompileRequest request;
    request.images = int(arguments.number(u"images"_s, request.images, 4, 10'000));
    request.searchSeconds = arguments.number(u"search"_s, request.searchSeconds, 0, 3600);
    request.cacheFolder = context.app().cacheFolder();
    try {
        if (arguments.isSet(u"engine"_s))
            request.engine = engineFromName(arguments.value(u"engine"_s));
    } catch (const Error& error) {
        throw UsageError(error.message(), error.remedy());
    }
    const AnomalyFolder folder = context.folder(data, AnomalyFolder::Purpose::Training);
    const auto reports = compileMemSeg(modelFile, folder, request, context.task(tr("Compiling")));
    const Console& console = context.console;
    console.endProgress();
    printReports(console, reports);
    const QString fastest = engineName(fastestPassed(reports));
    const QString used = engineName(engineThatRuns(readModelEngine(modelFile), reports));
    console.print(tr("Inspections on this machine will use %1. Written: %2").arg(used, engineFile(modelFile)));
    console.writeJson({{u"model"_s, modelFile},
                       {u"file"_s, engineFile(modelFile)},
                       {u"fastest"_s, fastest},
                       {u"used"_s, used},
                       {u"reports"_s, reportsJson(reports)}});
    return kDone;
}

int runExport(CommandContext& context)
{
    const Arguments& arguments = context.arguments;
    if (arguments.value(u"format"_s, u"openvino"_s) != u"openvino")
        throw UsageError(tr("export knows the format openvino."));
    const QString name = arguments.value(u"engine"_s, u"openvino-fp32"_s);
    if (name != u"openvino-fp32" && name != u"openvino-int8")
        throw UsageError(tr("--engine is openvino-fp32 or openvino-int8 here."));
    const QString modelFile = context.modelFile();
    const QString out = QDir(arguments.required(u"out"_s)).absolutePath();
    QStringList files;
    const GateReport report = exportOpenVino(modelFile, engineFromName(name), out, files);

    const Console& console = context.console;
    console.print(u"%1 %2"_s.arg(name, report.summary()));
    if (!report.passed())
        console.warn(tr("These networks do not judge as the model does; do not use them on a line."));
    for (const QString& file : files)
        console.print(file);
    console.writeJson({{u"files"_s, QJsonArray::fromStringList(files)}, {u"parity"_s, report.toJson()}});
    return kDone;
}

} // namespace lynceus
