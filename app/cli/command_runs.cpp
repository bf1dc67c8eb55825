// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/command.h"
#include "core/report/run_export.h"
#include "core/storage/run_store.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QFileInfo>
#include <QtCore/QJsonArray>

#include <cmath>
#include <cstdio>
#include <map>

#include <unistd.h>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("cli", text);
}

QString timeText(const QDateTime& time)
{
    return time.isValid() ? time.toString(Qt::ISODate) : QString();
}

QJsonObject summaryJson(const RunRecord& run)
{
    return {{u"id"_s, run.id},
            {u"name"_s, run.name},
            {u"state"_s, stateName(run.state)},
            {u"can_resume"_s, run.canResume()},
            {u"started"_s, timeText(run.started)},
            {u"finished"_s, timeText(run.finished)},
            {u"data"_s, run.dataFolder},
            {u"model"_s, run.modelPath},
            {u"steps"_s, run.lastStep},
            {u"final"_s, run.final},
            {u"tags"_s, QJsonArray::fromStringList(run.tags)},
            {u"notes"_s, run.notes},
            {u"message"_s, run.message}};
}

/// Curves as name: [[step, value], ...]; null where a value is no number.
QJsonObject curvesJson(const std::vector<MetricPoint>& points)
{
    std::map<QString, QJsonArray> curves;
    for (const MetricPoint& point : points)
        curves[point.name].append(
            QJsonArray{point.step, std::isfinite(point.value) ? QJsonValue(point.value) : QJsonValue()});
    QJsonObject json;
    for (const auto& [name, curve] : curves)
        json.insert(name, curve);
    return json;
}

QJsonObject fullJson(const RunRecord& run, const RunStore& runs)
{
    QJsonArray events;
    for (const RunEvent& event : runs.events(run.id))
        events.append(
            QJsonObject{{u"time"_s, timeText(event.time)}, {u"kind"_s, event.kind}, {u"detail"_s, event.detail}});
    QJsonObject json = summaryJson(run);
    json[u"method"_s] = run.method;
    json[u"data_hash"_s] = run.dataHash;
    json[u"model_sha256"_s] = run.modelHash;
    json[u"target"_s] = run.targetFile;
    json[u"checkpoint"_s] = run.canResume() ? run.checkpoint : QString();
    json[u"encoder"_s] = run.encoderFile;
    json[u"seed"_s] = QString::number(run.seed); // 64 bits, more than a JSON number holds
    json[u"options"_s] = run.options;
    json[u"machine"_s] = run.machine;
    json[u"libraries"_s] = run.libraries;
    json[u"program_version"_s] = run.programVersion;
    json[u"events"_s] = events;
    json[u"curves"_s] = curvesJson(runs.metrics(run.id));
    return json;
}

void tellResumable(const Console& console, const RunRecord& run)
{
    if (run.canResume())
        console.print(
            tr("Run %1 can go on where it stopped: lynceus-cli train %2 --resume %1").arg(run.id).arg(run.method));
}

int listRuns(CommandContext& context, const RunStore& runs)
{
    const std::vector<RunRecord> records = runs.list(-1);
    std::vector<QStringList> rows{
        {tr("run"), tr("state"), tr("started"), tr("steps"), tr("image AUROC"), tr("name"), tr("tags")}};
    QJsonArray json;
    for (const RunRecord& run : records) {
        rows.push_back({QString::number(run.id), stateName(run.state),
                        run.started.toLocalTime().toString(u"yyyy-MM-dd HH:mm"_s), QString::number(run.lastStep),
                        figure(run.final[u"image_auroc"_s]), run.name, run.tags.join(u", "_s)});
        json.append(summaryJson(run));
    }
    context.console.printTable(rows);
    for (const RunRecord& run : records)
        tellResumable(context.console, run);
    context.console.writeJson({{u"runs"_s, json}});
    return kDone;
}

int showRun(CommandContext& context, const RunStore& runs, qint64 id)
{
    const RunRecord run = runs.get(id);
    const QJsonObject json = fullJson(run, runs);
    const Console& console = context.console;
    const auto line = [&](const QString& key, const QString& value) {
        if (!value.isEmpty())
            console.print(key.leftJustified(24) + value);
    };
    for (auto it = json.begin(); it != json.end(); ++it) {
        if (it.key() == u"tags")
            line(it.key(), run.tags.join(u", "_s));
        else if (!it->isArray() && !it->isObject())
            line(it.key(), it->toVariant().toString());
    }
    for (const QString& part : {u"libraries"_s, u"options"_s, u"final"_s}) {
        const QJsonObject object = json[part].toObject();
        for (auto it = object.begin(); it != object.end(); ++it)
            line(part + u'.' + it.key(), it->toVariant().toString());
    }
    for (const RunEvent& event : runs.events(id))
        console.print(u"%1  %2  %3"_s.arg(event.time.toLocalTime().toString(u"yyyy-MM-dd HH:mm:ss"_s),
                                          event.kind.leftJustified(12), event.detail));
    tellResumable(console, run);
    console.writeJson(json);
    return kDone;
}

int exportRuns(CommandContext& context, const RunStore& runs, const QString& file)
{
    const QString path = QFileInfo(file).absoluteFilePath();
    if (QFileInfo(path).suffix().toLower() != u"csv")
        throw UsageError(tr("runs export writes .csv files, not %1.").arg(file));
    if (context.arguments.isSet(u"run"_s))
        writeCurvesCsv(path, runs.metrics(runs.get(runNumber(context.arguments.value(u"run"_s))).id));
    else
        writeRunsCsv(path, runs.list(-1));
    context.console.print(tr("Written to %1").arg(QDir::toNativeSeparators(path)));
    context.console.writeJson({{u"file"_s, path}});
    return kDone;
}

/// Asks on the terminal; without one, --yes is needed.
bool isConfirmed(const CommandContext& context, const RunRecord& run)
{
    if (context.arguments.isSet(u"yes"_s))
        return true;
    if (isatty(STDIN_FILENO) == 0)
        throw UsageError(tr("runs delete asks on a terminal; without one it needs --yes."));
    context.console.warn(tr("Delete run %1, \"%2\"? Its model file stays. [y/N]").arg(run.id).arg(run.name));
    const int answer = std::getchar();
    return answer == 'y' || answer == 'Y';
}

int deleteRun(CommandContext& context, RunStore& runs, qint64 id)
{
    const Console& console = context.console;
    const RunRecord run = runs.get(id);
    if (!isConfirmed(context, run)) {
        console.print(tr("Run %1 was kept.").arg(id));
        return kCancelled;
    }
    const RunFiles left = runs.remove(id);
    if (!left.checkpoint.isEmpty() && !QFile::remove(left.checkpoint))
        console.warn(tr("The checkpoint %1 could not be removed.").arg(left.checkpoint));
    console.print(tr("Deleted run %1, \"%2\".").arg(id).arg(run.name));
    if (!left.model.isEmpty())
        console.print(tr("Its model stays: %1").arg(QDir::toNativeSeparators(left.model)));
    console.writeJson({{u"id"_s, id}, {u"model"_s, left.model}});
    return kDone;
}

int showSummary(CommandContext& context, const RunRecord& run)
{
    context.console.print(tr("Run %1, \"%2\": tags \"%3\", notes \"%4\"")
                              .arg(QString::number(run.id), run.name, run.tags.join(u", "_s), run.notes));
    context.console.writeJson(summaryJson(run));
    return kDone;
}

} // namespace

int runRuns(CommandContext& context)
{
    const QStringList& words = context.arguments.positional();
    const QString action = words.value(0, u"list"_s);
    const auto is = [&](const QString& name, qsizetype count) { return action == name && words.size() == count; };
    if (action == u"list" && words.size() <= 1)
        return listRuns(context, RunStore(context.app().database()));
    const bool known =
        is(u"show"_s, 2) || is(u"export"_s, 2) || is(u"delete"_s, 2) || is(u"tag"_s, 3) || is(u"note"_s, 3);
    if (!known)
        throw UsageError(
            tr("runs needs: list, show RUN, export FILE.csv, delete RUN, tag RUN TEXT, or note RUN TEXT."));
    if (action == u"export")
        return exportRuns(context, RunStore(context.app().database()), words[1]);
    const qint64 id = runNumber(words[1]);
    RunStore runs(context.app().database());
    if (action == u"show")
        return showRun(context, runs, id);
    if (action == u"delete")
        return deleteRun(context, runs, id);
    if (action == u"tag")
        runs.setTags(id, words[2].split(u','));
    else
        runs.setNotes(id, words[2]);
    return showSummary(context, runs.get(id));
}

} // namespace lynceus
