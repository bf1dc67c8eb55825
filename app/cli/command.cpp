// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/command.h"

#include "core/jobs/inspection_pipeline.h"
#include "core/weights/model_file.h"
#include "core/weights/model_store.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QFile>
#include <QtCore/QFileInfo>
#include <QtCore/QJsonDocument>

#include <algorithm>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr double kLargeInput = 1'750'000.0; ///< pixels; a session takes a GB then, so one has all threads

QString tr(const char* text)
{
    return QCoreApplication::translate("cli", text);
}

QString optionLines(const std::vector<OptionSpec>& options)
{
    QString text;
    for (const OptionSpec& option : options) {
        const QString head = u"--"_s + option.name + (option.value.isEmpty() ? QString() : u' ' + option.value);
        text += u"  "_s + head.leftJustified(30) + u' ' + option.help + u'\n';
    }
    return text;
}

std::vector<Command> makeCommands()
{
    const OptionSpec model{u"model"_s, u"MODEL"_s, tr("model file, or an id of `models list`")};
    const OptionSpec data{u"data"_s, u"DIR"_s, tr("data folder (see `help doctor`)")};
    const OptionSpec engine{
        u"engine"_s, u"NAME"_s,
        tr("auto (the fastest that passed the parity gate), libtorch, openvino-fp32, openvino-bf16 or openvino-int8")};
    const OptionSpec minutes{u"minutes"_s, u"M"_s, tr("budget that the schedule is planned for")};
    const OptionSpec set{u"set"_s, u"KEY=VALUE"_s, tr("an option of the method; may be repeated")};
    return {
        {u"demo"_s,
         u"[--out DIR] [--minutes M] [--part NAME] [--pose NAME]"_s,
         tr("make the demo product, train, inspect, evaluate: the main job in one go"),
         {{u"out"_s, u"DIR"_s, tr("where everything goes (default lynceus-demo)")},
          {u"part"_s, u"NAME"_s, tr("flange (round, default) or bracket (long)")},
          {u"pose"_s, u"NAME"_s,
           tr("free: smaller parts at any angle and place; fixed: as small, in one pose (default: it fills the "
              "picture)")},
          minutes,
          set},
         &runDemo},
        {u"doctor"_s,
         u"DIR [--odd N] [--align-strip FILE] [--set KEY=VALUE ...]"_s,
         tr("what a data folder contains, what is wrong, what to do"),
         {{u"odd"_s, u"N"_s, tr("show the N good images that look least like the others")},
          {u"align-strip"_s, u"FILE"_s,
           tr("write a PNG of some good images as taken and, where parts are turned upright, as the network sees "
              "them")},
          set},
         &runDoctor},
        {u"train"_s,
         u"memseg --data DIR --out MODEL [--minutes M] [--set KEY=VALUE ...]\n"
         "       lynceus-cli train memseg --resume RUN\n"
         "       lynceus-cli train encoder --teacher FILE [--data PICTURES] --out FILE [--minutes M]"_s,
         tr("train a model on good images; the run is kept in the database"),
         {data,
          {u"out"_s, u"MODEL"_s, tr("model file to write")},
          minutes,
          set,
          {u"forecast"_s, {}, tr("only say what it will take on this machine")},
          {u"no-engines"_s, {}, tr("do not compile the model for faster engines at the end")},
          {u"resume"_s, u"RUN"_s,
           tr("continue a run that failed or was interrupted, with all that it was started with")},
          {u"teacher"_s, u"FILE"_s, tr("encoder: MobileNetV2 weights to learn from")},
          {u"architecture"_s, u"NAME"_s, tr("encoder: mobilenetv2 (default) or resnet18")},
          {u"start"_s, u"FILE"_s, tr("encoder: weights to go on from")}},
         &runTrain},
        {u"inspect"_s,
         u"--model MODEL IMAGE_OR_DIR... [--out DIR] [--maps] [--report FILE] [--fail-on-ng]"_s,
         tr("defect maps and verdicts; results are kept in the database"),
         {model,
          {u"out"_s, u"DIR"_s, tr("write pictures with heat map and contours there")},
          {u"maps"_s, {}, tr("with --out: the maps too, as 16-bit PNG, 65535 = 1")},
          {u"report"_s, u"FILE"_s, tr("report by suffix: .html, .csv or .json; may be repeated")},
          {u"fail-on-ng"_s, {}, tr("exit with 3 when at least one image is NG")},
          engine},
         &runInspect},
        {u"evaluate"_s,
         u"--model MODEL --data DIR [--engine NAME]"_s,
         tr("metrics of a model on labelled images; an engine that is named is measured even if it did not pass"),
         {model, data, engine},
         &runEvaluate},
        {u"calibrate"_s,
         u"--model MODEL --data DIR [--overkill R | --cost-escape C --cost-overkill C]"_s,
         tr("set the threshold from good images alone, or from costs"),
         {model,
          data,
          {u"overkill"_s, u"R"_s, tr("share of good parts that may be rejected (default 0.01)")},
          {u"cost-escape"_s, u"C"_s, tr("cost of a defective part that passes")},
          {u"cost-overkill"_s, u"C"_s, tr("cost of a good part that is rejected")},
          {u"defective-share"_s, u"R"_s, tr("share of defective parts on the line (default 0.01)")}},
         &runCalibrate},
        {u"compile"_s,
         u"--model MODEL --data DIR [--images N] [--search SECONDS] [--engine NAME]"_s,
         tr("make the model's faster engines and let each judge beside libtorch (the parity gate)"),
         {model,
          data,
          {u"images"_s, u"N"_s, tr("good images to compare, each also with a simulated defect (default 48)")},
          {u"search"_s, u"SECONDS"_s, tr("time to find the layers that int8 has to leave out (default 40)")},
          {u"engine"_s, u"NAME"_s, tr("what auto is to be for this model (default auto: the fastest that passed)")}},
         &runCompile},
        {u"export"_s,
         u"--format openvino --model MODEL --out DIR [--engine NAME]"_s,
         tr("a compiled model's networks as OpenVINO's IR, with the parity report"),
         {model,
          {u"format"_s, u"NAME"_s, tr("openvino (default)")},
          {u"out"_s, u"DIR"_s, tr("folder to write encoder.xml, decoder.xml, their weights and parity.json to")},
          {u"engine"_s, u"NAME"_s, tr("openvino-fp32 (default) or openvino-int8")}},
         &runExport},
        {u"bench"_s,
         u"[memseg | memseg-train | resnet18 | mobilenetv2 | u2netp | u2net | raft-small | raft-large | all]... "
         u"[--model MODEL | --size WxH] "
         u"[--runs N] [--engine "
         u"NAME] "
         "[--set KEY=VALUE ...]"_s,
         tr("latency, or time of a training step, of exactly the code that products use"),
         {{u"model"_s, u"MODEL"_s, tr("measure a trained model instead of random weights")},
          {u"size"_s, u"WxH"_s, tr("network input (default 256x256, u2net 320x320, raft 320x256)")},
          {u"runs"_s, u"N"_s, tr("measured runs (default 30)")},
          {u"engine"_s, u"all|NAME"_s,
           tr("engine to measure beside libtorch: openvino-fp32, openvino-bf16 or openvino-int8 (default all)")},
          set},
         &runBench},
        {u"models"_s,
         u"list | import FILE --id ID | info MODEL | verify [ID]"_s,
         tr("the store of weights and models"),
         {{u"id"_s, u"ID"_s, tr("import: name in the store")},
          {u"architecture"_s, u"NAME"_s, tr("import: resnet18 (default)")},
          {u"licence"_s, u"TEXT"_s, tr("import: terms of the weights")},
          {u"origin"_s, u"TEXT"_s, tr("import: where they come from")}},
         &runModels},
        {u"runs"_s,
         u"list | show RUN | export FILE.csv [--run RUN] | delete RUN [--yes] | tag RUN TEXT | note RUN TEXT"_s,
         tr("trainings and what became of them"),
         {{u"run"_s, u"RUN"_s, tr("export: the curves of this run (default: a line for each run)")},
          {u"yes"_s, {}, tr("delete: without asking")}},
         &runRuns},
        {u"db"_s,
         u"check | backup FILE"_s,
         tr("look the database over, or copy it while others work"),
         {},
         &runDatabase},
    };
}

/// `--json` may take the place of an older result, but of nothing else: a slip would cost a picture or a model.
void checkJsonTarget(const QString& target)
{
    QFile file(target);
    if (target.isEmpty() || target == u"-" || !QFileInfo(target).isFile())
        return;
    if (file.size() == 0)
        return;
    if (file.open(QIODevice::ReadOnly) && file.peek(1) == "{" && QJsonDocument::fromJson(file.readAll()).isObject())
        return;
    throw UsageError(tr("--json would overwrite %1, which is no JSON document.").arg(target),
                     tr("Choose another name, or remove the file."));
}

} // namespace

CommandContext::CommandContext(Arguments given, CancelToken cancel)
    : arguments(std::move(given))
    , console(arguments.value(u"json"_s), arguments.isSet(u"quiet"_s))
    , m_cancel(std::move(cancel))
{
    checkJsonTarget(arguments.value(u"json"_s));
    setThreads(int(arguments.number(u"threads"_s, 0, 0, 1024)));
}

AppContext& CommandContext::app()
{
    if (!m_app)
        m_app = std::make_unique<AppContext>(arguments.value(u"data-home"_s));
    return *m_app;
}

TaskContext CommandContext::task(const QString& title)
{
    return {m_cancel, console.progress(title)};
}

DeviceKind CommandContext::device() const
{
    return chooseDevice(arguments.value(u"device"_s, u"auto"_s));
}

QString CommandContext::modelFile()
{
    return app().modelStore().resolve(arguments.required(u"model"_s));
}

AnomalyFolder CommandContext::folder(const QString& path, AnomalyFolder::Purpose purpose)
{
    AnomalyFolder found = AnomalyFolder::open(path, purpose, m_cancel);
    for (const LeftOut& part : found.leftOut) {
        if (part.isFault())
            console.warn(found.root + u": "_s + part.text() + u' ' + part.remedy());
        else
            console.note(part.text());
    }
    return found;
}

SessionOptions CommandContext::sessionOptions()
{
    SessionOptions options;
    options.device = device();
    try {
        options.engine = engineFromName(arguments.value(u"engine"_s, u"auto"_s));
    } catch (const Error& error) {
        throw UsageError(error.message(), error.remedy());
    }
    options.cacheFolder = app().cacheFolder();
    options.cancel = m_cancel;
    return options;
}

std::unique_ptr<MemSegSession> CommandContext::session(const QString& modelFile, const SessionOptions& options)
{
    auto loaded = MemSegSession::load(modelFile, options);
    if (!loaded->engineNote().isEmpty())
        console.warn(loaded->engineNote() + u' ' + tr("Running: %1.").arg(engineName(loaded->engine())));
    return loaded;
}

std::vector<std::unique_ptr<MemSegSession>> CommandContext::sessions(const QString& modelFile, std::size_t images)
{
    SessionOptions options = sessionOptions();
    const Preprocessing how = readModelInfo(modelFile).preprocessing;
    const bool isLarge = double(how.width) * double(how.height) > kLargeInput;
    const int count = isLarge ? 1 : threads();
    const bool several =
        count > 1 && images >= kImagesAnInspector * std::size_t(count) && options.device == DeviceKind::Cpu;
    options.threads = several ? 1 : 0;
    std::vector<std::unique_ptr<MemSegSession>> loaded;
    loaded.push_back(session(modelFile, options));
    options.engine = loaded.front()->engine(); // already said when it is another one
    while (several && loaded.size() < std::size_t(count))
        loaded.push_back(MemSegSession::load(modelFile, options));
    return loaded;
}

const std::vector<Command>& commands()
{
    static const std::vector<Command> all = makeCommands();
    return all;
}

const Command* findCommand(const QString& name)
{
    const auto& all = commands();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Command& command) { return command.name == name; });
    return found == all.end() ? nullptr : &*found;
}

QString helpText()
{
    QString text = tr("Lynceus: visual inspection for industry, without a window.") + u"\n\n"_s +
                   tr("Usage: lynceus-cli COMMAND [OPTIONS]") + u"\n\n"_s;
    for (const Command& command : commands())
        text += u"  "_s + command.name.leftJustified(10) + u' ' + command.summary + u'\n';
    text += u"  "_s + u"help"_s.leftJustified(10) + u' ' + tr("this text, or `help COMMAND`") + u"\n\n"_s;
    text += tr("Options of every command:") + u'\n' + optionLines(globalOptions()) + u'\n';
    text += tr("Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done with NG (--fail-on-ng), 130 cancelled.") + u'\n';
    return text;
}

QString helpText(const Command& command)
{
    QString text =
        tr("Usage: lynceus-cli %1 %2").arg(command.name, command.usage) + u"\n\n"_s + command.summary + u'\n';
    if (!command.options.empty())
        text += u'\n' + optionLines(command.options);
    const bool takesKeys = std::any_of(command.options.begin(), command.options.end(),
                                       [](const OptionSpec& option) { return option.name == u"set"; });
    if (takesKeys) {
        text += u'\n' + tr("Keys of --set:") + u'\n';
        for (const auto& [key, meaning] : MemSegOptions::describe())
            text += u"  "_s + key.leftJustified(30) + u' ' + meaning + u'\n';
    }
    return text + u'\n' + tr("Options of every command:") + u'\n' + optionLines(globalOptions());
}

MemSegOptions trainingOptions(const Arguments& arguments, MemSegOptions options)
{
    try {
        for (const QString& assignment : arguments.values(u"set"_s)) {
            const auto equals = assignment.indexOf(u'=');
            if (equals <= 0)
                throw UsageError(tr("--set %1 is not KEY=VALUE.").arg(assignment));
            options.set(assignment.left(equals).trimmed(), assignment.mid(equals + 1).trimmed());
        }
        if (const auto seed = arguments.seed())
            options.seed = *seed;
        if (arguments.isSet(u"threads"_s))
            options.threads = int(arguments.number(u"threads"_s, 0, 0, 1024));
        options.minutes = arguments.number(u"minutes"_s, options.minutes, 0.01, 100'000);
        options.validate();
    } catch (const UsageError&) {
        throw;
    } catch (const Error& error) {
        throw UsageError(error.message(), error.remedy());
    }
    return options;
}

void printVerdict(const Console& console, const ModelVerdict& verdict)
{
    console.print(u"%1. %2"_s.arg(gradeName(verdict.grade), verdict.headline));
    for (const QString& reason : verdict.reasons)
        console.print(u"  "_s + reason);
    if (!verdict.advice.isEmpty())
        console.print(tr("What would help:"));
    for (const QString& advice : verdict.advice)
        console.print(u"  "_s + advice);
}

qint64 runNumber(const QString& word)
{
    bool ok = false;
    const qint64 number = word.toLongLong(&ok);
    if (!ok || number < 1)
        throw UsageError(tr("\"%1\" is no number of a run; `runs list` shows them.").arg(word));
    return number;
}

} // namespace lynceus
