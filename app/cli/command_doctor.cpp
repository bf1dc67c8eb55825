// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/command.h"
#include "core/data/folder_doctor.h"

#include <QtCore/QCoreApplication>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QString severityName(Finding::Severity severity)
{
    switch (severity) {
    case Finding::Severity::Error:
        return QCoreApplication::translate("cli", "error");
    case Finding::Severity::Warning:
        return QCoreApplication::translate("cli", "warning");
    case Finding::Severity::Info:
        break;
    }
    return QCoreApplication::translate("cli", "note");
}

} // namespace

int runDoctor(CommandContext& context)
{
    if (context.arguments.positional().size() != 1)
        throw UsageError(QCoreApplication::translate("cli", "doctor needs one folder."));
    const FolderReport report = examineFolder(context.arguments.positional().first(),
                                              context.task(QCoreApplication::translate("cli", "Examining")));
    const Console& console = context.console;
    console.endProgress();
    console.print(report.folder.root);
    console.print(QCoreApplication::translate("cli", "%1 good for training, %2 good and %3 defective to test, %4 masks")
                      .arg(report.trainGood)
                      .arg(report.testGood)
                      .arg(report.testDefective)
                      .arg(report.masks));
    for (const Finding& finding : report.findings) {
        console.print(severityName(finding.severity) + u": "_s + finding.message);
        if (!finding.remedy.isEmpty())
            console.print(u"    "_s + finding.remedy);
    }
    if (report.findings.empty())
        console.print(QCoreApplication::translate("cli", "Nothing wrong was found."));
    console.writeJson(report.toJson());
    return kDone;
}

} // namespace lynceus
