// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/command.h"
#include "core/base/version.h"

#include <QtCore/QCoreApplication>

#include <csignal>
#include <cstdio>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

CancelToken* interruptToken = nullptr;

/// The first Ctrl-C asks to stop; the handler is then gone, so that a second one ends the program at once.
void onInterrupt(int)
{
    interruptToken->cancel();
}

void catchInterrupts(CancelToken& token)
{
    interruptToken = &token;
    struct sigaction action = {};
    action.sa_handler = onInterrupt;
    action.sa_flags = SA_RESETHAND;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

void put(std::FILE* stream, const QString& text)
{
    std::fputs(text.toUtf8().constData(), stream);
}

/// Takes the command out of the words: the first one that is neither an option nor the value of a global one.
QString takeCommand(QStringList& words)
{
    for (qsizetype i = 0; i < words.size(); ++i) {
        if (!words[i].startsWith(u'-'))
            return words.takeAt(i);
        for (const OptionSpec& option : globalOptions()) {
            if (words[i] == u"--"_s + option.name && !option.value.isEmpty())
                ++i;
        }
    }
    return {};
}

int help(const QStringList& words)
{
    if (words.isEmpty()) {
        put(stdout, helpText());
        return kDone;
    }
    const Command* command = findCommand(words.first());
    if (!command)
        throw UsageError(QCoreApplication::translate("cli", "There is no command \"%1\".").arg(words.first()));
    put(stdout, helpText(*command));
    return kDone;
}

int run(QStringList words, const CancelToken& cancel)
{
    if (words.contains(u"--version"_s)) {
        put(stdout, u"lynceus-cli %1\n"_s.arg(programVersion()));
        return kDone;
    }
    const bool wantsHelp = words.removeAll(u"--help"_s) + words.removeAll(u"-h"_s) > 0;
    const QString name = takeCommand(words);
    if (name == u"help" || (wantsHelp && name.isEmpty()))
        return help(words);
    if (wantsHelp)
        return help({name});
    const Command* command = findCommand(name);
    if (!command) {
        throw UsageError(name.isEmpty() ? QCoreApplication::translate("cli", "No command is given.")
                                        : QCoreApplication::translate("cli", "There is no command \"%1\".").arg(name));
    }
    CommandContext context(Arguments(words, command->options), cancel);
    const int code = command->run(context);
    context.console.endProgress();
    return code;
}

} // namespace

int main(int argc, char** argv)
{
    prepareProcess(argv);
    QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName(u"lynceus-cli"_s);
    QCoreApplication::setApplicationVersion(programVersion());
    CancelToken cancel;
    catchInterrupts(cancel);
    try {
        return run(QCoreApplication::arguments().mid(1), cancel);
    } catch (const Cancelled&) {
        put(stderr, u'\n' + QCoreApplication::translate("cli", "Cancelled.") + u'\n');
        return kCancelled;
    } catch (const UsageError& error) {
        put(stderr, u"lynceus-cli: "_s + visible(error.text()) + u' ' +
                        QCoreApplication::translate("cli", "See lynceus-cli help.") + u'\n');
        return kWrongUsage;
    } catch (...) {
        const Error error = currentError(QCoreApplication::translate("cli", "running the command"));
        put(stderr, u"\nlynceus-cli: "_s + visible(error.text()) + u'\n');
        return kFailed;
    }
}
