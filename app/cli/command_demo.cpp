// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/command.h"
#include "core/data/demo_product.h"
#include "core/jobs/evaluation.h"
#include "core/jobs/training_job.h"
#include "core/memseg/session.h"
#include "core/weights/model_store.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("cli", text);
}

MemSegOptions demoTrainingOptions()
{
    MemSegOptions options;
    options.minutes = 3.0;
    return options;
}

DemoOptions demoOptions(const Arguments& arguments)
{
    DemoOptions options;
    try {
        if (arguments.isSet(u"part"_s))
            options.shape = demoShapeFromName(arguments.value(u"part"_s));
        if (arguments.isSet(u"pose"_s))
            options.pose = demoPoseFromName(arguments.value(u"pose"_s));
    } catch (const Error& error) {
        throw UsageError(error.message(), error.remedy());
    }
    if (const auto seed = arguments.seed())
        options.seed = *seed;
    return options;
}

} // namespace

int runDemo(CommandContext& context)
{
    if (!context.arguments.positional().isEmpty())
        throw UsageError(tr("demo takes options only."));
    const QDir out(QDir(context.arguments.value(u"out"_s, u"lynceus-demo"_s)).absolutePath());
    const DemoOptions product = demoOptions(context.arguments);
    const MemSegOptions options = trainingOptions(context.arguments, demoTrainingOptions());
    const Console& console = context.console;

    const QString data = out.filePath(u"data"_s);
    writeDemoProduct(data, product, context.task(tr("Making the demo product")));
    console.endProgress();

    TrainingJob::Request request;
    request.folder = data;
    request.options = options;
    request.encoderFile = context.app().modelStore().encoderFile(options.encoder, options.backbone);
    request.modelFile = out.filePath(u"demo.safetensors"_s);
    train(context, request);
    console.endProgress();

    InspectionRequest inspection;
    inspection.modelFile = request.modelFile;
    inspection.inputs = QStringList{data};
    inspection.out = out.filePath(u"maps"_s);
    inspection.maps = true;
    inspection.reports = QStringList{out.filePath(u"report.html"_s), out.filePath(u"report.csv"_s)};
    const InspectionSummary summary = inspectAndStore(context, inspection);

    const auto session = context.session(request.modelFile, context.sessionOptions());
    const EvaluationReport report = evaluate(*session, AnomalyFolder::open(data, AnomalyFolder::Purpose::Inspection),
                                             context.task(tr("Evaluating")));
    console.endProgress();
    console.print();
    console.printTable(
        {{u"images"_s, u"image AUROC"_s, u"pixel AUROC"_s, u"AUPRO@0.3"_s, u"overkill"_s, u"escape"_s, u"ms (P50)"_s},
         {QString::number(report.images), figure(report.imageAuroc), figure(report.pixelAuroc), figure(report.aupro),
          figure(report.overkill), figure(report.escape), figure(report.p50, 1)}});
    console.print(tr("Everything is in %1: data, demo.safetensors, maps, report.html, report.csv.")
                      .arg(QDir::toNativeSeparators(out.path())));
    console.writeJson({{u"folder"_s, out.path()},
                       {u"model"_s, request.modelFile},
                       {u"evaluation"_s, report.toJson()},
                       {u"counts"_s, summary.json[u"counts"_s]}});
    return summary.failed > 0 || summary.troubles > 0 ? kFailed : kDone;
}

} // namespace lynceus
