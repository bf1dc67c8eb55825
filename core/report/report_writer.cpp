// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/report/report_writer.h"

#include "core/base/error.h"
#include "core/base/save_file.h"
#include "core/report/csv.h"
#include "core/report/html_report.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>

#include <algorithm>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QString timeText(const QDateTime& time)
{
    return time.isValid() ? time.toUTC().toString(Qt::ISODateWithMs) : QString();
}

QByteArray csvReport(const ReportData& data)
{
    QStringList lines{u"image,verdict,score,threshold,review_threshold,regions,region_area,peak,load_ms,prepare_ms,"
                      "infer_ms,post_ms,error,warnings,align_ms"_s};
    for (const ReportItem& item : data.items) {
        if (!item.error.isEmpty()) {
            lines += csvText(item.image) + u",,,,,,,,,,,,"_s + csvText(item.error) + u',' +
                     csvText(item.warnings.join(u' ')) + u',';
            continue;
        }
        const AnomalyResult& result = item.result;
        double area = 0.0;
        float peak = 0.0F;
        for (const Region& region : result.regions) {
            area += region.area;
            peak = std::max(peak, region.peak);
        }
        const QStringList cells{csvText(item.image),
                                verdictName(result.verdict),
                                csvNumber(result.score),
                                csvNumber(result.thresholds.score),
                                csvNumber(result.thresholds.review),
                                QString::number(result.regions.size()),
                                csvNumber(area),
                                result.regions.empty() ? QString() : csvNumber(double(peak)),
                                csvNumber(result.times.load),
                                csvNumber(result.times.prepare),
                                csvNumber(result.times.infer),
                                csvNumber(result.times.post),
                                QString(),
                                csvText(item.warnings.join(u' ')),
                                result.times.align > 0.0 ? csvNumber(result.times.align) : QString()};
        lines += cells.join(u',');
    }
    return csvFile(lines);
}

QByteArray contents(const QFileInfo& file, const ReportData& data)
{
    const QString suffix = file.suffix().toLower();
    if (suffix == u"csv")
        return csvReport(data);
    if (suffix == u"json")
        return QJsonDocument(reportToJson(data)).toJson();
    if (suffix == u"html")
        return htmlReport(data, countVerdicts(data), file.absoluteDir());
    throw Error(ErrorKind::Input,
                QCoreApplication::translate("core", "No report can be written as %1.").arg(file.filePath()),
                QCoreApplication::translate("core", "End the file's name in .html, .csv or .json."));
}

} // namespace

ReportCounts countVerdicts(const ReportData& data)
{
    ReportCounts counts;
    counts.total = int(data.items.size());
    for (const ReportItem& item : data.items) {
        if (!item.error.isEmpty())
            ++counts.failed;
        else if (item.result.verdict == Verdict::Ok)
            ++counts.ok;
        else if (item.result.verdict == Verdict::Review)
            ++counts.review;
        else
            ++counts.ng;
    }
    return counts;
}

QJsonObject resultToJson(const ReportItem& item)
{
    if (!item.error.isEmpty())
        return {{u"image"_s, item.image}, {u"error"_s, item.error}};
    QJsonArray regions;
    for (const Region& region : item.result.regions)
        regions.append(QJsonObject{{u"x"_s, region.box.x},
                                   {u"y"_s, region.box.y},
                                   {u"width"_s, region.box.width},
                                   {u"height"_s, region.box.height},
                                   {u"area"_s, region.area},
                                   {u"peak"_s, double(region.peak)}});
    const StageTimes& times = item.result.times;
    QJsonObject latency{
        {u"load"_s, times.load}, {u"prepare"_s, times.prepare}, {u"infer"_s, times.infer}, {u"post"_s, times.post}};
    if (times.align > 0.0)
        latency.insert(u"align"_s, times.align);
    QJsonObject json{{u"image"_s, item.image},
                     {u"score"_s, item.result.score},
                     {u"threshold"_s, item.result.thresholds.score},
                     {u"verdict"_s, verdictName(item.result.verdict)},
                     {u"regions"_s, regions},
                     {u"latency_ms"_s, latency}};
    if (!item.warnings.isEmpty())
        json.insert(u"warnings"_s, QJsonArray::fromStringList(item.warnings));
    return json;
}

QJsonObject reportToJson(const ReportData& data)
{
    const ReportCounts counts = countVerdicts(data);
    QJsonArray results;
    for (const ReportItem& item : data.items)
        results.append(resultToJson(item));
    return {{u"inspection"_s, QJsonObject{{u"title"_s, data.title},
                                          {u"model"_s, data.modelPath},
                                          {u"model_hash"_s, data.modelHash},
                                          {u"program_version"_s, data.programVersion},
                                          {u"engine"_s, data.engine},
                                          {u"started"_s, timeText(data.started)},
                                          {u"finished"_s, timeText(data.finished)}}},
            {u"counts"_s, QJsonObject{{u"total"_s, counts.total},
                                      {u"ok"_s, counts.ok},
                                      {u"ng"_s, counts.ng},
                                      {u"review"_s, counts.review},
                                      {u"failed"_s, counts.failed}}},
            {u"results"_s, results}};
}

void writeReport(const QString& path, const ReportData& data)
{
    writeReportFile(path, contents(QFileInfo(path), data));
}

void writeReportFile(const QString& path, const QByteArray& bytes)
{
    const QString problem = saveFile(path, bytes);
    if (!problem.isEmpty())
        throw Error(ErrorKind::File,
                    QCoreApplication::translate("core", "The report %1 can't be written: %2.").arg(path, problem),
                    QCoreApplication::translate("core", "Check that the folder exists, can be written and has room."));
}

} // namespace lynceus
