// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/report/html_report.h"

#include "core/report/report_writer.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QFileInfo>
#include <QtCore/QLocale>
#include <QtCore/QUrl>

#include <algorithm>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

/// The colours are the window's.
constexpr auto kStyle = R"css(
:root { color-scheme: light dark; --window: #F4F5F7; --panel: #FFFFFF; --text: #1B1F24; --second: #59626E;
  --line: #DDE1E6; --ok: #1E8E4E; --ng: #C9342C; --review: #B26A00; }
@media (prefers-color-scheme: dark) { :root { --window: #16181C; --panel: #1E2126; --text: #E7EAEE; --second: #A3ACB8;
  --line: #343A43; --ok: #3FBF75; --ng: #FF6B61; --review: #F0A63A; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--window); color: var(--text); font: 13px/1.5 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 24px; }
h1 { font-size: 20px; font-weight: 600; margin: 0 0 16px; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 16px; margin: 0 0 24px; }
dt { color: var(--second); }
dd { margin: 0; overflow-wrap: anywhere; }
.counts { display: flex; flex-wrap: wrap; gap: 8px; margin-bottom: 24px; }
.counts div { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 8px 16px; min-width: 112px; }
.counts b { display: block; font-size: 24px; line-height: 1.3; font-weight: 600; font-variant-numeric: tabular-nums; }
.counts span { color: var(--second); }
table { width: 100%; border-collapse: collapse; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; }
th, td { padding: 8px 12px; border-bottom: 1px solid var(--line); text-align: left; vertical-align: middle; }
th { font-size: 11px; font-weight: 600; color: var(--second); position: sticky; top: 0; background: var(--panel); }
tr:last-child td { border-bottom: 0; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.image { overflow-wrap: anywhere; }
td img { display: block; max-width: 96px; max-height: 96px; border-radius: 4px; }
.verdict { display: inline-block; min-width: 72px; padding: 1px 8px; border: 1px solid; border-radius: 6px;
  font-weight: 600; text-align: center; white-space: nowrap; }
.ok { color: var(--ok); } .ng { color: var(--ng); } .review { color: var(--review); } .failed { color: var(--second); }
.bar { position: relative; width: 160px; height: 8px; margin-top: 4px; border-radius: 4px; background: var(--line); }
.bar i { position: absolute; inset: 0 auto 0 0; border-radius: 4px; background: currentColor; }
.bar u { position: absolute; top: -3px; bottom: -3px; width: 2px; background: var(--text); }
@media print { th { position: static; } tr { break-inside: avoid; } }
)css";

QString tr(const char* text)
{
    return QCoreApplication::translate("core", text);
}

/// A verdict is always a word and a shape too, never a colour alone.
struct Chip
{
    QString style;
    QString text;
};

Chip chip(const ReportItem& item)
{
    if (!item.error.isEmpty())
        return {u"failed"_s, u"? "_s + tr("Failed")};
    switch (item.result.verdict) {
    case Verdict::Ok:
        return {u"ok"_s, u"\u2713 "_s + verdictName(Verdict::Ok)};
    case Verdict::Review:
        return {u"review"_s, u"\u25B2 "_s + verdictName(Verdict::Review)};
    case Verdict::Ng:
        break;
    }
    return {u"ng"_s, u"\u2715 "_s + verdictName(Verdict::Ng)};
}

QString percent(double share)
{
    return QString::number(100.0 * std::clamp(share, 0.0, 1.0), 'f', 1) + u'%';
}

QString link(const QString& path, const QDir& folder)
{
    const QString relative = folder.relativeFilePath(QFileInfo(path).absoluteFilePath());
    if (QDir::isAbsolutePath(relative)) // on another drive
        return QString::fromLatin1(QUrl::fromLocalFile(relative).toEncoded());
    return u"./"_s + QString::fromLatin1(QUrl::toPercentEncoding(relative, "/"));
}

QString count(int number, const QString& word, const QString& style = {})
{
    return u"<div><b class=\"%1\">%2</b><span>%3</span></div>\n"_s.arg(style, QString::number(number),
                                                                       word.toHtmlEscaped());
}

QString fact(const QString& name, const QString& value)
{
    if (value.isEmpty())
        return {};
    return u"<dt>"_s + name.toHtmlEscaped() + u"</dt><dd>"_s + value.toHtmlEscaped() + u"</dd>\n"_s;
}

/// Parts are joined, not put in with arg(): a file name may hold a %1.
QString row(const ReportItem& item, const QDir& folder)
{
    const Chip verdict = chip(item);
    QString html = u"<tr><td>"_s;
    if (!item.overlayPath.isEmpty()) {
        const QString target = link(item.overlayPath, folder).toHtmlEscaped();
        html += u"<a href=\""_s + target + u"\"><img loading=\"lazy\" alt=\""_s + tr("Heat map").toHtmlEscaped() +
                u"\" src=\""_s + target + u"\"></a>"_s;
    }
    html += u"</td><td class=\"image\">"_s + item.image.toHtmlEscaped();
    for (const QString& warning : item.warnings)
        html += u"<div class=\"review\">\u26A0 "_s + warning.toHtmlEscaped() + u"</div>"_s;
    html += u"</td><td><span class=\"verdict "_s + verdict.style + u"\">"_s + verdict.text.toHtmlEscaped() +
            u"</span></td>"_s;
    if (!item.error.isEmpty())
        return html + u"<td colspan=\"3\" class=\"failed\">"_s + item.error.toHtmlEscaped() + u"</td></tr>\n"_s;

    const AnomalyResult& result = item.result;
    html += u"<td class=\""_s + verdict.style + u"\" title=\""_s +
            QString::number(result.score, 'g', QLocale::FloatingPointShortest) + u"\">"_s +
            QString::number(result.score, 'f', 4) + u"<div class=\"bar\"><i style=\"width:"_s + percent(result.score) +
            u"\"></i><u style=\"left:"_s + percent(result.thresholds.score) + u"\"></u></div></td>"_s;
    html += u"<td class=\"number\">"_s + QString::number(result.regions.size()) + u"</td>"_s;
    html += u"<td class=\"number\">"_s + QString::number(result.times.total(), 'f', 1) + u" ms</td></tr>\n"_s;
    return html;
}

QString timeText(const QDateTime& time)
{
    return time.isValid() ? QLocale().toString(time.toLocalTime(), QLocale::ShortFormat) : QString();
}

} // namespace

QByteArray htmlReport(const ReportData& data, const ReportCounts& counts, const QDir& folder)
{
    const QString title = (data.title.isEmpty() ? tr("Inspection report") : data.title).toHtmlEscaped();
    QString html = u"<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">"
                   "<meta name=\"viewport\" content=\"width=device-width\">\n<title>"_s +
                   title + u"</title>\n<style>"_s + QLatin1String(kStyle) + u"</style></head>\n<body><main>\n<h1>"_s +
                   title + u"</h1>\n"_s;
    html += u"<dl>\n"_s + fact(tr("Model"), data.modelPath) + fact(tr("Model SHA-256"), data.modelHash) +
            fact(tr("Started"), timeText(data.started)) + fact(tr("Finished"), timeText(data.finished)) +
            fact(tr("Lynceus"), data.programVersion) + fact(tr("Engine"), data.engine) + u"</dl>\n"_s;
    html += u"<div class=\"counts\">\n"_s + count(counts.total, tr("Images")) +
            count(counts.ok, verdictName(Verdict::Ok), u"ok"_s) + count(counts.ng, verdictName(Verdict::Ng), u"ng"_s) +
            count(counts.review, verdictName(Verdict::Review), u"review"_s) +
            count(counts.failed, tr("Failed"), u"failed"_s) + u"</div>\n"_s;
    html += u"<table>\n<thead><tr>"_s;
    for (const QString& heading : {tr("Heat map"), tr("Image"), tr("Verdict"),
                                   tr("Score, with the threshold as a mark"), tr("Regions"), tr("Time")})
        html += u"<th>"_s + heading.toHtmlEscaped() + u"</th>"_s;
    html += u"</tr></thead>\n<tbody>\n"_s;
    for (const ReportItem& item : data.items)
        html += row(item, folder);
    html += u"</tbody>\n</table>\n</main></body></html>\n"_s;
    return html.toUtf8();
}

} // namespace lynceus
