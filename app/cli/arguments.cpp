// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/arguments.h"

#include <QtCore/QCommandLineParser>
#include <QtCore/QCoreApplication>

#include <cmath>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("cli", text);
}

} // namespace

const std::vector<OptionSpec>& globalOptions()
{
    static const std::vector<OptionSpec> options{
        {u"data-home"_s, u"DIR"_s, tr("database, settings and models (default: the user's data folder)")},
        {u"device"_s, u"auto|cpu|cuda"_s, tr("where networks run (default auto)")},
        {u"threads"_s, u"N"_s, tr("threads for networks (default: physical cores)")},
        {u"seed"_s, u"N"_s, tr("seed of everything random")},
        {u"json"_s, u"FILE|-"_s, tr("write the result as one JSON document; - is standard output")},
        {u"quiet"_s, {}, tr("no progress")},
    };
    return options;
}

Arguments::Arguments(const QStringList& words, const std::vector<OptionSpec>& options)
{
    QCommandLineParser parser;
    for (const auto* list : {&globalOptions(), &options}) {
        for (const OptionSpec& option : *list)
            parser.addOption(QCommandLineOption(option.name, option.help, option.value));
    }
    // The parser takes the first word for the program's name.
    if (!parser.parse(QStringList{QCoreApplication::applicationName()} + words))
        throw UsageError(parser.errorText());
    m_positional = parser.positionalArguments();
    for (const auto* list : {&globalOptions(), &options}) {
        for (const OptionSpec& option : *list) {
            if (parser.isSet(option.name))
                m_values.insert(option.name, parser.values(option.name));
        }
    }
}

QString Arguments::value(const QString& name, const QString& fallback) const
{
    const QStringList all = m_values.value(name);
    return all.isEmpty() ? fallback : all.last();
}

QString Arguments::required(const QString& name) const
{
    const QString text = value(name);
    if (text.isEmpty())
        throw UsageError(tr("The option --%1 is missing.").arg(name));
    return text;
}

double Arguments::number(const QString& name, double fallback, double low, double high) const
{
    if (!isSet(name))
        return fallback;
    bool ok = false;
    const double number = value(name).toDouble(&ok);
    if (!ok || !(number >= low && number <= high)) {
        throw UsageError(
            tr("--%1 is \"%2\"; a number from %3 to %4 is needed.").arg(name, value(name)).arg(low).arg(high));
    }
    return number;
}

std::optional<quint64> Arguments::seed() const
{
    if (!isSet(u"seed"_s))
        return {};
    bool ok = false;
    const quint64 seed = value(u"seed"_s).toULongLong(&ok);
    if (!ok)
        throw UsageError(tr("--seed is \"%1\"; a whole number from 0 is needed.").arg(value(u"seed"_s)));
    return seed;
}

} // namespace lynceus
