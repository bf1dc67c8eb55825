// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/cli.h"

#include "core/base/error.h"
#include "core/storage/database.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QFileInfo>

namespace lynceus::cli {

using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("cli", text);
}

int check(Cli& cli)
{
    cli.arguments().expectPositional(1);
    const Database& database = cli.context().database();
    const QString found = database.check();
    const bool good = found == u"ok";
    cli.console().print(tr("%1: %2 (schema %3)").arg(database.file(), found).arg(database.schemaVersion()));
    cli.console().writeJson({{u"file"_s, database.file()},
                             {u"ok"_s, good},
                             {u"check"_s, found},
                             {u"schema"_s, database.schemaVersion()},
                             {u"size"_s, QFileInfo(database.file()).size()}});
    if (!good)
        cli.console().error(
            tr("%1 is damaged. Restore a backup, or move the file away to start afresh.").arg(database.file()));
    return good ? Done : Failed;
}

int backup(Cli& cli)
{
    const QString target = QFileInfo(cli.arguments().positional(1, tr("the file to write"))).absoluteFilePath();
    cli.arguments().expectPositional(2);
    const Database& database = cli.context().database();
    database.backup(target);
    cli.console().print(tr("Backed up %1 to %2").arg(database.file(), target));
    cli.console().writeJson(
        {{u"file"_s, database.file()}, {u"backup"_s, target}, {u"size"_s, QFileInfo(target).size()}});
    return Done;
}

int db(Cli& cli)
{
    const QString action = cli.arguments().positional(0, tr("check or backup"));
    if (action == u"check")
        return check(cli);
    if (action == u"backup")
        return backup(cli);
    throw UsageError(tr("db: \"%1\" is neither check nor backup.").arg(action));
}

} // namespace

Command dbCommand()
{
    return {u"db"_s, tr("check | backup FILE"), tr("checks or backs up the database"), {}, db, {}};
}

} // namespace lynceus::cli
