// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/cli.h"

#include "core/base/error.h"
#include "core/weights/model_file.h"
#include "core/weights/model_store.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QJsonArray>

namespace lynceus::cli {

using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("cli", text);
}

QJsonObject entryJson(const ModelEntry& entry)
{
    return {{u"id"_s, entry.id},           {u"architecture"_s, entry.architecture}, {u"path"_s, entry.path},
            {u"sha256"_s, entry.sha256},   {u"licence"_s, entry.licence},           {u"origin"_s, entry.origin},
            {u"built_in"_s, entry.builtIn}};
}

int list(Cli& cli, const ModelStore& store)
{
    cli.arguments().expectPositional(1);
    std::vector<QStringList> rows{{tr("id"), tr("architecture"), tr("licence"), tr("file")}};
    QJsonArray models;
    for (const ModelEntry& entry : store.list()) {
        rows.push_back({entry.id, entry.architecture, entry.licence, entry.path});
        models.append(entryJson(entry));
    }
    cli.console().printTable(rows);
    cli.console().writeJson({{u"models"_s, models}});
    return Done;
}

int import(Cli& cli, ModelStore& store)
{
    const Arguments& arguments = cli.arguments();
    const QString file = arguments.positional(1, tr("a weights file"));
    arguments.expectPositional(2);
    const ModelEntry entry = store.importWeights(file, arguments.required(u"id"_s), arguments.value(u"architecture"_s),
                                                 arguments.value(u"licence"_s), arguments.value(u"origin"_s));
    cli.console().print(tr("Imported %1 as %2, sha256 %3").arg(file, entry.id, entry.sha256));
    cli.console().writeJson(entryJson(entry));
    return Done;
}

int info(Cli& cli)
{
    const QString path = cli.resolveModel(cli.arguments().positional(1, tr("a model")));
    cli.arguments().expectPositional(2);
    const ModelInfo model = readModelInfo(path);
    const QString hash = fileSha256(path);
    cli.console().printTable(
        {{tr("file"), path},
         {u"sha256"_s, hash},
         {tr("method"), model.method},
         {tr("architecture"), model.architecture},
         {tr("input"), u"%1 x %2"_s.arg(model.preprocessing.width).arg(model.preprocessing.height)},
         {tr("threshold"), figure(model.thresholds.score)},
         {tr("created"), model.created.toString(Qt::ISODate)},
         {tr("program"), model.programVersion}});
    cli.console().writeJson({{u"path"_s, path},
                             {u"sha256"_s, hash},
                             {u"method"_s, model.method},
                             {u"architecture"_s, model.architecture},
                             {u"options"_s, model.options},
                             {u"preprocessing"_s, model.preprocessing.toJson()},
                             {u"calibration"_s, model.calibration},
                             {u"thresholds"_s, model.thresholds.toJson()},
                             {u"training_run"_s, model.trainingRun},
                             {u"data_hash"_s, model.dataHash},
                             {u"created"_s, model.created.toString(Qt::ISODate)},
                             {u"program_version"_s, model.programVersion},
                             {u"metrics"_s, model.metrics}});
    return Done;
}

int verify(Cli& cli, const ModelStore& store)
{
    const QString wanted = cli.arguments().positional().value(1);
    cli.arguments().expectPositional(2);
    if (!wanted.isEmpty() && !store.find(wanted))
        throw Error(ErrorKind::Input, tr("There is no model \"%1\".").arg(wanted), tr("See lynceus-cli models list."));
    bool allGood = true;
    QJsonArray models;
    for (const ModelEntry& entry : store.list()) {
        if (!wanted.isEmpty() && entry.id != wanted)
            continue;
        const bool good = store.verify(entry);
        allGood = allGood && good;
        models.append(QJsonObject{{u"id"_s, entry.id}, {u"ok"_s, good}});
        if (good)
            cli.console().print(tr("%1: ok").arg(entry.id));
        else
            cli.console().error(tr("%1: %2 is missing or changed; import it again.").arg(entry.id, entry.path));
    }
    cli.console().writeJson({{u"models"_s, models}, {u"ok"_s, allGood}});
    return allGood ? Done : Failed;
}

int models(Cli& cli)
{
    const QString action = cli.arguments().positional(0, tr("one of list, import, info, verify"));
    ModelStore store(ModelStore::defaultBuiltInFolder(), cli.dataHome() + u"/models"_s);
    if (action == u"list")
        return list(cli, store);
    if (action == u"import")
        return import(cli, store);
    if (action == u"info")
        return info(cli);
    if (action == u"verify")
        return verify(cli, store);
    throw UsageError(tr("models: \"%1\" is none of list, import, info, verify.").arg(action));
}

} // namespace

Command modelsCommand()
{
    return {u"models"_s,
            tr("list | import FILE --id ID [--licence L] [--origin O] | info MODEL | verify [ID]"),
            tr("weight and model files that the program knows by id"),
            {{u"id"_s, tr("import: the id to give"), u"ID"_s},
             {u"architecture"_s, tr("import: resnet18 (default)"), u"NAME"_s, u"resnet18"_s},
             {u"licence"_s, tr("import: licence of the weights"), u"TEXT"_s, u"unknown"_s},
             {u"origin"_s, tr("import: where they come from"), u"TEXT"_s, u"imported"_s}},
            models,
            {}};
}

} // namespace lynceus::cli
