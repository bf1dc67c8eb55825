// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/command.h"
#include "core/encoder/encoder_trainer.h"
#include "core/jobs/training_job.h"
#include "core/memseg/training_forecast.h"
#include "core/weights/model_file.h"
#include "core/weights/model_store.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QJsonArray>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("cli", text);
}

int trainEncoderCommand(CommandContext& context)
{
    const Arguments& arguments = context.arguments;
    EncoderOptions options;
    options.teacherFile = arguments.required(u"teacher"_s);
    options.pictureFolder = arguments.value(u"data"_s);
    options.startFile = arguments.value(u"start"_s);
    options.architecture = arguments.value(u"architecture"_s, options.architecture);
    options.minutes = arguments.number(u"minutes"_s, options.minutes, 0.01, 100'000);
    options.seed = arguments.seed().value_or(options.seed);
    const QString out = QFileInfo(arguments.required(u"out"_s)).absoluteFilePath();

    const EncoderOutcome outcome = trainEncoder(options, out, context.task(tr("Learning the encoder")));
    const Console& console = context.console;
    console.endProgress();
    console.print(tr("%1: %2 steps in %3; not explained of the teacher's strides 4, 8, 16: %4 %5 %6")
                      .arg(QDir::toNativeSeparators(out))
                      .arg(outcome.steps)
                      .arg(durationText(outcome.seconds), figure(outcome.unexplained[0], 3),
                           figure(outcome.unexplained[1], 3), figure(outcome.unexplained[2], 3)));
    console.writeJson(
        {{u"model"_s, out},
         {u"steps"_s, outcome.steps},
         {u"seconds"_s, outcome.seconds},
         {u"unexplained"_s, QJsonArray{outcome.unexplained[0], outcome.unexplained[1], outcome.unexplained[2]}},
         {u"peak_memory_mb"_s, peakMemoryMb()}});
    return kDone;
}

TrainingJob::Request newTraining(CommandContext& context)
{
    const Arguments& arguments = context.arguments;
    TrainingJob::Request request;
    request.folder = arguments.required(u"data"_s);
    request.options = trainingOptions(arguments);
    request.modelFile = QFileInfo(arguments.required(u"out"_s)).absoluteFilePath();
    request.encoderFile = context.app().modelStore().encoderFile(request.options.encoder, request.options.backbone);
    return request;
}

int showForecast(CommandContext& context)
{
    const Arguments& arguments = context.arguments;
    const MemSegOptions options = trainingOptions(arguments);
    const AnomalyFolder folder = context.folder(arguments.required(u"data"_s), AnomalyFolder::Purpose::Training);
    const QString encoder = context.app().modelStore().encoderFile(options.encoder, options.backbone);
    const TrainingForecast forecast = forecastTraining(folder, options, encoder, context.task(tr("Measuring")));
    const Console& console = context.console;
    console.endProgress();
    console.print(tr("%1 good images at %2 x %3 pixels: about %4, %5 MiB of memory")
                      .arg(forecast.images)
                      .arg(forecast.width)
                      .arg(forecast.height)
                      .arg(durationText(forecast.seconds), figure(forecast.memoryMb, 0)));
    if (forecast.steps > 0)
        console.print(tr("%1 steps of %2 s").arg(forecast.steps).arg(figure(forecast.secondsPerStep, 2)));
    for (const QString& line : {forecast.sight.text(), forecast.sight.advice()}) {
        if (!line.isEmpty())
            console.print(line);
    }
    console.writeJson({{u"images"_s, forecast.images},
                       {u"width"_s, forecast.width},
                       {u"height"_s, forecast.height},
                       {u"sees"_s, forecast.sight.text()},
                       {u"steps"_s, forecast.steps},
                       {u"seconds_per_step"_s, forecast.secondsPerStep},
                       {u"seconds"_s, forecast.seconds},
                       {u"memory_mb"_s, forecast.memoryMb}});
    return kDone;
}

TrainingJob::Request continuedTraining(const Arguments& arguments)
{
    for (const QString& option : {u"data"_s, u"out"_s, u"minutes"_s, u"set"_s, u"seed"_s}) {
        if (arguments.isSet(option))
            throw UsageError(tr("--resume goes on as the run was started; --%1 cannot be changed.").arg(option),
                             tr("Leave it out, or start a new training without --resume."));
    }
    TrainingJob::Request request;
    request.resumeRun = runNumber(arguments.value(u"resume"_s));
    return request;
}

QString howToGoOn(const Arguments& arguments, const QString& run)
{
    QString command = u"lynceus-cli train memseg --resume "_s + run;
    if (arguments.isSet(u"data-home"_s))
        command += u" --data-home \""_s + arguments.value(u"data-home"_s) + u'"';
    return tr("What run %1 learnt so far is kept. Go on with: %2").arg(run, command);
}

} // namespace

TrainingOutcome train(CommandContext& context, TrainingJob::Request request)
{
    request.compileEngines = !context.arguments.isSet(u"no-engines"_s);
    request.cacheFolder = context.app().cacheFolder();
    request.control.keepWhenCancelled();
    QString run;
    bool kept = request.resumeRun != 0;
    TrainingObserver observer;
    observer.event = [&](const QString& kind, const QString& detail) {
        if (kind == u"started")
            run = detail;
        kept = kept || kind == u"checkpoint";
    };
    TrainingOutcome outcome;
    TrainingJob job(context.app().database(), std::move(request), observer,
                    [&outcome](const TrainingOutcome& result) { outcome = result; });
    try {
        job.run(context.task(tr("Training")));
    } catch (const Cancelled&) {
        if (!run.isEmpty() && kept)
            context.console.warn(howToGoOn(context.arguments, run));
        throw;
    }
    return outcome;
}

int runTrain(CommandContext& context)
{
    const Arguments& arguments = context.arguments;
    if (arguments.positional() == QStringList{u"encoder"_s})
        return trainEncoderCommand(context);
    if (arguments.positional() != QStringList{u"memseg"_s})
        throw UsageError(tr("train needs the method: memseg or encoder."));
    if (arguments.isSet(u"forecast"_s))
        return showForecast(context);
    const TrainingOutcome outcome =
        train(context, arguments.isSet(u"resume"_s) ? continuedTraining(arguments) : newTraining(context));

    const QJsonObject& metrics = outcome.info.metrics;
    const Console& console = context.console;
    console.endProgress();
    console.print(tr("%1: %2 steps in %3, %4 s a step")
                      .arg(QDir::toNativeSeparators(outcome.modelFile))
                      .arg(outcome.steps)
                      .arg(durationText(outcome.seconds), figure(outcome.secondsPerStep, 3)));
    const ModelVerdict verdict = verdictOn(readModelInfo(outcome.modelFile)); // it holds the weight of the decoder, too
    printVerdict(console, verdict);
    console.print(
        tr("Threshold %1. On simulated defects, 1 being best and 0.5 a guess: image AUROC %2, pixel AUROC %3, AUPRO %4")
            .arg(figure(outcome.info.thresholds.score), figure(metrics[u"image_auroc"_s]),
                 figure(metrics[u"pixel_auroc"_s]), figure(metrics[u"aupro"_s])));
    for (const QJsonValue& choice : outcome.info.calibration[u"choices"_s].toArray()) {
        if (!verdict.reasons.contains(choice.toString())) // said above
            console.print(choice.toString());
    }
    if (!outcome.warning.isEmpty())
        console.print(outcome.warning);
    console.writeJson({{u"model"_s, outcome.modelFile},
                       {u"warning"_s, outcome.warning},
                       {u"run"_s, outcome.info.trainingRun},
                       {u"steps"_s, outcome.steps},
                       {u"seconds"_s, outcome.seconds},
                       {u"seconds_per_step"_s, outcome.secondsPerStep},
                       {u"final"_s, metrics},
                       {u"verdict"_s, verdict.toJson()},
                       {u"peak_memory_mb"_s, peakMemoryMb()}});
    return kDone;
}

} // namespace lynceus
