// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/command.h"
#include "core/storage/database.h"
#include "core/weights/model_file.h"
#include "core/weights/model_store.h"
#include "core/weights/safetensors.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QFileInfo>
#include <QtCore/QJsonArray>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("cli", text);
}

QJsonObject entryJson(const ModelEntry& entry)
{
    return {{u"id"_s, entry.id},           {u"architecture"_s, entry.architecture}, {u"file"_s, entry.path},
            {u"sha256"_s, entry.sha256},   {u"licence"_s, entry.licence},           {u"origin"_s, entry.origin},
            {u"built_in"_s, entry.builtIn}};
}

int listModels(CommandContext& context, const ModelStore& store)
{
    std::vector<QStringList> rows{{tr("id"), tr("architecture"), tr("licence"), tr("file")}};
    QJsonArray models;
    for (const ModelEntry& entry : store.list()) {
        rows.push_back({entry.id, entry.architecture, entry.licence, entry.path});
        models.append(entryJson(entry));
    }
    context.console.printTable(rows);
    context.console.writeJson({{u"models"_s, models}});
    return kDone;
}

int importModel(CommandContext& context, ModelStore& store, const QString& file)
{
    const Arguments& arguments = context.arguments;
    const ModelEntry entry =
        store.importWeights(file, arguments.required(u"id"_s), arguments.value(u"architecture"_s, u"resnet18"_s),
                            arguments.value(u"licence"_s), arguments.value(u"origin"_s));
    context.console.print(tr("Imported as %1, sha256 %2").arg(entry.id, entry.sha256));
    context.console.writeJson(entryJson(entry));
    return kDone;
}

int showModel(CommandContext& context, const ModelStore& store, const QString& idOrPath)
{
    const QString path = store.resolve(idOrPath);
    const ModelInfo info = readModelInfo(path);
    const bool isJudged = info.method == u"memseg";
    const ModelVerdict verdict = verdictOn(info);
    const QJsonObject json{{u"file"_s, path},
                           {u"sha256"_s, fileSha256(path)},
                           {u"bytes"_s, QFileInfo(path).size()},
                           {u"method"_s, info.method},
                           {u"architecture"_s, info.architecture},
                           {u"options"_s, info.options},
                           {u"preprocessing"_s, info.preprocessing.toJson()},
                           {u"calibration"_s, info.calibration},
                           {u"thresholds"_s, info.thresholds.toJson()},
                           {u"metrics"_s, info.metrics},
                           {u"verdict"_s, isJudged ? QJsonValue(verdict.toJson()) : QJsonValue()},
                           {u"training_run"_s, info.trainingRun},
                           {u"data_hash"_s, info.dataHash},
                           {u"created"_s, info.created.toString(Qt::ISODate)},
                           {u"program_version"_s, info.programVersion}};
    const Console& console = context.console;
    std::vector<QStringList> rows;
    for (auto it = json.begin(); it != json.end(); ++it) {
        if (it.key() == u"verdict")
            continue; // it has been said
        if (it->isObject()) {
            const QJsonObject part = it->toObject();
            for (auto inner = part.begin(); inner != part.end(); ++inner)
                rows.push_back({it.key() + u'.' + inner.key(), inner->toVariant().toString()});
        } else {
            rows.push_back({it.key(), it->toVariant().toString()});
        }
    }
    if (isJudged) {
        printVerdict(console, verdict);
        console.print();
    }
    for (const QStringList& row : rows)
        console.print(row[0].leftJustified(32) + row[1]);
    console.writeJson(json);
    return kDone;
}

int verifyModels(CommandContext& context, const ModelStore& store, const QString& id)
{
    QJsonArray results;
    bool allFine = true;
    bool found = false;
    for (const ModelEntry& entry : store.list()) {
        if (!id.isEmpty() && entry.id != id)
            continue;
        found = true;
        const bool fine = store.verify(entry);
        allFine = allFine && fine;
        context.console.print(u"%1  %2  %3"_s.arg(fine ? tr("ok") : tr("CHANGED OR MISSING"), entry.id, entry.path));
        results.append(QJsonObject{{u"id"_s, entry.id}, {u"ok"_s, fine}});
    }
    if (!found && !id.isEmpty()) {
        throw Error(ErrorKind::Input, tr("There is no model \"%1\" in the store.").arg(id),
                    tr("`models list` shows the ids."));
    }
    context.console.writeJson({{u"models"_s, results}});
    return allFine ? kDone : kFailed;
}

} // namespace

int runModels(CommandContext& context)
{
    const QStringList& words = context.arguments.positional();
    ModelStore& store = context.app().modelStore();
    const QString action = words.value(0, u"list"_s);
    if (action == u"list" && words.size() <= 1)
        return listModels(context, store);
    if (action == u"import" && words.size() == 2)
        return importModel(context, store, words[1]);
    if (action == u"info" && words.size() == 2)
        return showModel(context, store, words[1]);
    if (action == u"verify" && words.size() <= 2)
        return verifyModels(context, store, words.value(1));
    throw UsageError(tr("models needs: list, import FILE --id ID, info MODEL, or verify [ID]."));
}

int runDatabase(CommandContext& context)
{
    const QStringList& words = context.arguments.positional();
    const Console& console = context.console;
    if (words == QStringList{u"check"_s}) {
        const Database& database = context.app().database();
        const QString found = database.check();
        console.print(u"%1: %2"_s.arg(database.file(), found));
        console.writeJson(
            {{u"file"_s, database.file()}, {u"schema_version"_s, database.schemaVersion()}, {u"check"_s, found}});
        return found == u"ok" ? kDone : kFailed;
    }
    if (words.size() == 2 && words[0] == u"backup") {
        const QString target = QFileInfo(words[1]).absoluteFilePath();
        context.app().database().backup(target);
        console.print(tr("Copied to %1").arg(target));
        console.writeJson({{u"file"_s, target}, {u"sha256"_s, fileSha256(target)}});
        return kDone;
    }
    throw UsageError(tr("db needs: check, or backup FILE."));
}

} // namespace lynceus
