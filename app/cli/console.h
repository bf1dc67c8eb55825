// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"

#include <QtCore/QJsonObject>
#include <QtCore/QString>
#include <QtCore/QStringList>

#include <vector>

namespace lynceus {

/// `text` as it may go to a terminal: control characters, which a file's name may hold, as \n or \x1b.
QString visible(const QString& text);

/// What the command line prints: results on standard output, progress and messages on standard error, and the JSON
/// document where `--json` says. One thread at a time.
class Console
{
public:
    /// `jsonTarget`: empty (none), "-" or a file.
    Console(QString jsonTarget, bool quiet);

    /// A line of the result for people; silent when JSON goes to standard output. This and the next three make what
    /// they are given visible().
    void print(const QString& line = {}) const;
    /// Columns of equal width; the first row is the head. Cells that start with a digit, '-' or '+' go to the right.
    void printTable(const std::vector<QStringList>& rows) const;
    /// A message on standard error that is no trouble; silent when quiet.
    void note(const QString& line) const;
    /// A message on standard error, whatever --quiet says.
    void warn(const QString& line) const;
    /// The machine-readable result; throws Error(File).
    void writeJson(const QJsonObject& json) const;

    /// On a terminal a bar with time left, else a line every few seconds; nothing when quiet.
    ProgressSink progress(const QString& title);
    /// Clears an unfinished bar.
    void endProgress() const;

private:
    QString m_jsonTarget;
    bool m_quiet;
    bool m_terminal;
};

/// "0.9876", or "-" when it is not a number.
QString figure(double value, int decimals = 4);
QString figure(const QJsonValue& value, int decimals = 4);

} // namespace lynceus
