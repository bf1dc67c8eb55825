// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/console.h"

#include "core/base/error.h"
#include "core/base/save_file.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QJsonDocument>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <unistd.h>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kBarWidth = 24;
constexpr double kBarIntervalMs = 100.0;
constexpr double kLineIntervalMs = 5000.0;

void put(std::FILE* stream, const QString& text)
{
    std::fputs(text.toUtf8().constData(), stream);
    std::fflush(stream);
}

QString timeLeftText(const Progress& progress)
{
    return progress.secondsLeft
               ? QCoreApplication::translate("cli", ", %1 left").arg(durationText(*progress.secondsLeft))
               : QString();
}

QString bar(double fraction)
{
    const int filled = std::clamp(int(std::lround(fraction * kBarWidth)), 0, kBarWidth);
    return u"["_s + QString(filled, u'#') + QString(kBarWidth - filled, u'.') + u"]"_s;
}

bool looksLikeNumber(const QString& cell)
{
    return !cell.isEmpty() && (cell[0].isDigit() || (cell.size() > 1 && (cell[0] == u'-' || cell[0] == u'+')));
}

} // namespace

QString visible(const QString& text)
{
    QString shown;
    shown.reserve(text.size());
    for (const QChar c : text) {
        if (c == u'\n')
            shown += u"\\n"_s;
        else if (c.category() == QChar::Other_Control)
            shown += u"\\x%1"_s.arg(c.unicode(), 2, 16, QLatin1Char('0'));
        else
            shown += c;
    }
    return shown;
}

Console::Console(QString jsonTarget, bool quiet)
    : m_jsonTarget(std::move(jsonTarget))
    , m_quiet(quiet)
    , m_terminal(isatty(STDERR_FILENO) != 0)
{
}

void Console::print(const QString& line) const
{
    if (m_jsonTarget != u"-")
        put(stdout, visible(line) + u'\n');
}

void Console::printTable(const std::vector<QStringList>& given) const
{
    std::vector<QStringList> rows = given;
    for (QStringList& row : rows)
        std::transform(row.begin(), row.end(), row.begin(), visible);
    std::vector<qsizetype> widths;
    for (const QStringList& row : rows) {
        widths.resize(std::max(widths.size(), std::size_t(row.size())));
        for (qsizetype i = 0; i < row.size(); ++i)
            widths[std::size_t(i)] = std::max(widths[std::size_t(i)], row[i].size());
    }
    for (const QStringList& row : rows) {
        QString line;
        for (qsizetype i = 0; i < row.size(); ++i) {
            const auto width = widths[std::size_t(i)];
            line += (looksLikeNumber(row[i]) ? row[i].rightJustified(width) : row[i].leftJustified(width)) + u"  "_s;
        }
        print(line.trimmed().isEmpty() ? QString() : line);
    }
}

void Console::note(const QString& line) const
{
    if (!m_quiet)
        warn(line);
}

void Console::warn(const QString& line) const
{
    endProgress();
    put(stderr, visible(line) + u'\n');
}

void Console::writeJson(const QJsonObject& json) const
{
    if (m_jsonTarget.isEmpty())
        return;
    const QByteArray bytes = QJsonDocument(json).toJson();
    if (m_jsonTarget == u"-") {
        std::fwrite(bytes.constData(), 1, std::size_t(bytes.size()), stdout);
        std::fflush(stdout);
        return;
    }
    const QString problem = saveFile(m_jsonTarget, bytes);
    if (!problem.isEmpty()) {
        throw Error(ErrorKind::File,
                    QCoreApplication::translate("cli", "%1 cannot be written: %2.").arg(m_jsonTarget, problem),
                    QCoreApplication::translate("cli", "Choose a folder you may write to that has room left."));
    }
}

ProgressSink Console::progress(const QString& title)
{
    if (m_quiet)
        return {};
    auto sinceLast = std::make_shared<Stopwatch>();
    auto first = std::make_shared<bool>(true);
    return [title, sinceLast, first, terminal = m_terminal](const Progress& progress) {
        if (!*first && sinceLast->ms() < (terminal ? kBarIntervalMs : kLineIntervalMs))
            return;
        *first = false;
        sinceLast->restart();
        const QString percent = progress.fraction < 0.0 ? QString() : u"%1 % "_s.arg(int(progress.fraction * 100.0), 3);
        const QString text = visible(title + u": "_s + percent + progress.what + timeLeftText(progress));
        if (terminal)
            put(stderr, u"\r\033[K"_s + bar(std::max(progress.fraction, 0.0)) + u' ' + text);
        else
            put(stderr, text + u'\n');
    };
}

void Console::endProgress() const
{
    if (m_terminal && !m_quiet)
        put(stderr, u"\r\033[K"_s);
}

QString figure(double value, int decimals)
{
    return std::isfinite(value) ? QString::number(value, 'f', decimals) : u"-"_s;
}

QString figure(const QJsonValue& value, int decimals)
{
    return value.isDouble() ? figure(value.toDouble(), decimals) : u"-"_s;
}

} // namespace lynceus
