// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "app/cli/cli.h"
#include "core/report/report_writer.h"

#include <vector>

namespace lynceus::cli {

/// An image with the name its outputs get.
struct InputImage
{
    QString path;
    QString name; ///< relative to the folder it was found in
};

struct InspectionRequest
{
    std::vector<InputImage> images;
    QString source;        ///< folder or file as the user gave it, for the record
    QString outFolder;     ///< results.csv, results.json and pictures; empty: none
    bool pictures = false; ///< maps/ (16-bit PNG of 0..1) and overlays/
    QString reportFile;    ///< empty: none
};

struct InspectionOutcome
{
    ReportData report;
    qint64 id = 0;          ///< in the database
    bool cancelled = false; ///< what was done before is kept
};

/// Images of folders and files in the order given. Throws Error(Input) when there is none.
std::vector<InputImage> findInputs(const QStringList& paths, const CancelToken& cancel);

/// Throws UsageError for a suffix that no report has.
void checkReportSuffix(const QString& file);

/// Inspects with one model: results go to the database as they come, to the console, and to the files asked for.
InspectionOutcome runInspection(Cli& cli, MemSegSession& session, const InspectionRequest& request,
                                const TaskContext& task);

/// "60 images: 20 OK, 38 NG, 0 Review, 2 failed"
QString summaryOf(const ReportData& report);

/// Makes the folder with its parents. Throws Error(File).
void makeFolder(const QString& folder);

} // namespace lynceus::cli
