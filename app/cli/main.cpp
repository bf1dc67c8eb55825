// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/cli.h"
#include "app/cli/interrupt.h"

#include "core/base/error.h"
#include "core/base/version.h"
#include "core/nn/device.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <cstdio>

using namespace lynceus;
using namespace lynceus::cli;
using namespace Qt::StringLiterals;

namespace {

std::vector<Command> allCommands()
{
    return {demoCommand(),      doctorCommand(), trainCommand(),  inspectCommand(), evaluateCommand(),
            calibrateCommand(), benchCommand(),  modelsCommand(), dbCommand()};
}

void say(std::FILE* stream, const QString& text)
{
    std::fputs(text.toUtf8().constData(), stream);
}

/// `help [COMMAND]`, `--help` and `--version` anywhere; true when that was all.
bool answered(QStringList words, const std::vector<Command>& commands)
{
    if (words.contains(u"--version"_s)) {
        say(stdout, u"lynceus-cli %1\n"_s.arg(programVersion()));
        return true;
    }
    const bool asked = words.value(0) == u"help" || words.contains(u"--help"_s) || words.contains(u"-h"_s);
    if (!asked)
        return false;
    words.removeIf([](const QString& word) { return word == u"help" || word.startsWith(u'-'); });
    say(stdout, words.isEmpty() ? helpText(commands) : helpText(findCommand(words.first(), commands)));
    return true;
}

int runCommand(const Arguments& arguments, const CancelToken& cancel)
{
    Console console(arguments.isSet(u"quiet"_s), arguments.value(u"json"_s));
    try {
        Cli cli(arguments, console, cancel);
        return arguments.command().run(cli);
    } catch (const Cancelled&) {
        console.error(QCoreApplication::translate("cli", "cancelled"));
        return Interrupted;
    } catch (const UsageError&) {
        throw;
    } catch (...) {
        const Error error = currentError(arguments.command().name);
        console.error(error.text());
        console.writeJson({{u"error"_s, error.message()}, {u"remedy"_s, error.remedy()}});
        return Failed;
    }
}

int runProgram(const QStringList& words)
{
    const std::vector<Command> commands = allCommands();
    if (words.isEmpty()) {
        say(stderr, helpText(commands));
        return WrongUsage;
    }
    if (answered(words, commands))
        return Done;
    const CancelToken cancel = cancelOnInterrupt();
    return runCommand(Arguments(words, commands), cancel);
}

} // namespace

int main(int argc, char** argv)
{
    prepareProcess(argv);
    QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName(u"lynceus"_s);
    QCoreApplication::setApplicationVersion(programVersion());
    try {
        return runProgram(QCoreApplication::arguments().mid(1));
    } catch (const UsageError& error) {
        say(stderr, u"lynceus-cli: %1\n"_s.arg(error.message()));
        return WrongUsage;
    } catch (const Error& error) {
        say(stderr, u"lynceus-cli: %1\n"_s.arg(error.text()));
        return Failed;
    }
}
