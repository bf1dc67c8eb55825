// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/image/anomaly_result.h"

#include <QtCore/QByteArray>
#include <QtCore/QDateTime>
#include <QtCore/QJsonObject>
#include <QtCore/QString>
#include <QtCore/QStringList>

#include <vector>

namespace lynceus {

/// One line of a report.
struct ReportItem
{
    QString image;
    QString error;        ///< not empty: the image could not be judged
    AnomalyResult result; ///< the map may be empty
    QString overlayPath;  ///< picture of the heat map, for HTML; may be empty
    QStringList warnings; ///< what a reader of the verdict has to know
};

/// What a report says about one inspection.
struct ReportData
{
    QString title;
    QString modelPath;
    QString modelHash;
    QString programVersion;
    QString engine; ///< what computed: engineName()
    QDateTime started;
    QDateTime finished;
    std::vector<ReportItem> items;
};

/// How many images got which verdict.
struct ReportCounts
{
    int total = 0;
    int ok = 0;
    int ng = 0;
    int review = 0;
    int failed = 0; ///< could not be judged
};

ReportCounts countVerdicts(const ReportData& data);

/// One result as in cli.md: image score threshold verdict regions[]{x,y,width,height,area,peak}
/// latency_ms{load,prepare,infer,post}; with `error` and no `score` when it could not be judged, and with `warnings[]`
/// where there are any.
QJsonObject resultToJson(const ReportItem& item);

/// inspection{...} counts{total ok ng review failed} results[].
QJsonObject reportToJson(const ReportData& data);

/// Writes by suffix: .csv, .json or .html (one file, pictures linked relatively). Atomic; throws Error(File) naming the
/// file, Error(Input) on another suffix. Text cells of the CSV that a spreadsheet would run as a formula get an
/// apostrophe in front.
void writeReport(const QString& path, const ReportData& data);

/// Writes the file as a whole or not at all; throws Error(File) naming it.
void writeReportFile(const QString& path, const QByteArray& bytes);

} // namespace lynceus
