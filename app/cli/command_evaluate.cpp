// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/command.h"
#include "core/jobs/evaluation.h"
#include "core/memseg/session.h"

#include <QtCore/QCoreApplication>

#include <algorithm>

namespace lynceus {

using namespace Qt::StringLiterals;

int runEvaluate(CommandContext& context)
{
    const QString data = context.arguments.required(u"data"_s);
    SessionOptions options = context.sessionOptions();
    options.evenBlocked = true;
    const auto session = context.session(context.modelFile(), options);
    const AnomalyFolder folder = context.folder(data, AnomalyFolder::Purpose::Inspection);
    const EvaluationReport report =
        evaluate(*session, folder, context.task(QCoreApplication::translate("cli", "Evaluating")));

    const Console& console = context.console;
    console.endProgress();
    for (const QString& problem : report.problems)
        console.warn(problem);
    console.printTable({{u"images"_s, u"image AUROC"_s, u"pixel AUROC"_s, u"AUPRO@0.3"_s, u"threshold"_s, u"overkill"_s,
                         u"escape"_s, u"F1"_s, u"ms (P50)"_s, u"engine"_s},
                        {QString::number(report.images), figure(report.imageAuroc), figure(report.pixelAuroc),
                         figure(report.aupro), figure(report.threshold), figure(report.overkill), figure(report.escape),
                         figure(report.f1), figure(report.p50, 1), engineName(session->engine())}});
    console.print();
    console.printTable(
        {{u"balanced error"_s, u"best possible"_s, u"at threshold"_s},
         {figure(report.balancedError), figure(report.bestBalancedError), figure(report.bestThreshold)}});
    std::vector<QStringList> defects{{u"defect"_s, u"images"_s, u"image AUROC"_s, u"escape"_s}};
    for (const DefectFigures& defect : report.perDefect)
        defects.push_back({defect.name, QString::number(defect.images), figure(defect.auroc), figure(defect.escape)});
    if (defects.size() > 1) {
        console.print();
        console.printTable(defects);
    }
    const ModelVerdict verdict = verdictOn(session->info(), report);
    console.print();
    printVerdict(console, verdict);
    QJsonObject json = report.toJson();
    json.insert(u"verdict"_s, verdict.toJson());
    json.insert(u"engine"_s, engineName(session->engine()));
    console.writeJson(json);
    const bool hasFaults =
        std::any_of(folder.leftOut.begin(), folder.leftOut.end(), [](const LeftOut& part) { return part.isFault(); });
    return report.failed > 0 || hasFaults ? kFailed : kDone;
}

} // namespace lynceus
