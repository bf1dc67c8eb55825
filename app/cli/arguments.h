// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/error.h"

#include <QtCore/QHash>
#include <QtCore/QString>
#include <QtCore/QStringList>

#include <optional>
#include <vector>

namespace lynceus {

/// Wrong usage of the command line: exit code 2.
class UsageError : public Error
{
public:
    explicit UsageError(const QString& message, const QString& remedy = {})
        : Error(ErrorKind::Input, message, remedy)
    {
    }
};

/// One long option, "--name" or "--name VALUE".
struct OptionSpec
{
    QString name;
    QString value; ///< how help names the value; empty: a switch
    QString help;
};

/// What stood on the command line behind the command.
class Arguments
{
public:
    /// Throws UsageError on unknown options and missing values.
    Arguments(const QStringList& words, const std::vector<OptionSpec>& options);

    bool isSet(const QString& name) const { return m_values.contains(name); }
    /// Of a repeated option, the last one.
    QString value(const QString& name, const QString& fallback = {}) const;
    QStringList values(const QString& name) const { return m_values.value(name); }
    QString required(const QString& name) const; ///< throws UsageError when missing or empty
    /// A number within [low, high]; throws UsageError naming option and range.
    double number(const QString& name, double fallback, double low, double high) const;
    std::optional<quint64> seed() const;

    const QStringList& positional() const { return m_positional; }

private:
    QHash<QString, QStringList> m_values;
    QStringList m_positional;
};

/// Options that every command understands.
const std::vector<OptionSpec>& globalOptions();

} // namespace lynceus
