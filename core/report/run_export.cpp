// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/report/run_export.h"

#include "core/report/csv.h"
#include "core/report/report_writer.h"

#include <QtCore/QJsonDocument>

#include <cmath>
#include <limits>
#include <map>
#include <set>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

/// Keys of RunRecord::final that get a column of their own.
const QStringList kFigures{u"image_auroc"_s, u"pixel_auroc"_s, u"aupro"_s, u"threshold"_s,
                           u"overkill"_s,    u"escape"_s,      u"f1"_s};

QString timeCell(const QDateTime& time)
{
    return time.isValid() ? time.toUTC().toString(Qt::ISODate) : QString();
}

QString numberCell(double value)
{
    return std::isfinite(value) ? csvNumber(value) : QString();
}

QString runLine(const RunRecord& run)
{
    QStringList cells{QString::number(run.id), csvText(run.name), stateName(run.state),   timeCell(run.started),
                      timeCell(run.finished),  run.method,        csvText(run.dataFolder)};
    cells << run.dataHash << csvText(run.modelPath) << run.modelHash << QString::number(run.seed)
          << QString::number(run.lastStep);
    for (const QString& figure : kFigures)
        cells << numberCell(run.final.value(figure).toDouble(std::numeric_limits<double>::quiet_NaN()));
    cells << csvText(run.tags.join(u"; "_s)) << csvText(run.notes) << csvText(run.message) << run.programVersion
          << csvText(run.machine)
          << csvText(QString::fromUtf8(QJsonDocument(run.options).toJson(QJsonDocument::Compact)));
    return cells.join(u',');
}

} // namespace

void writeRunsCsv(const QString& path, const std::vector<RunRecord>& runs)
{
    QStringList lines{u"run,name,state,started,finished,method,data_folder,data_hash,model,model_sha256,seed,steps,"_s +
                      kFigures.join(u',') + u",tags,notes,message,program_version,machine,options"_s};
    for (const RunRecord& run : runs)
        lines += runLine(run);
    writeReportFile(path, csvFile(lines));
}

void writeCurvesCsv(const QString& path, const std::vector<MetricPoint>& points)
{
    std::map<int, std::map<QString, double>> steps;
    std::set<QString> names;
    for (const MetricPoint& point : points) {
        steps[point.step][point.name] = point.value;
        names.insert(point.name);
    }
    QStringList head{u"step"_s};
    for (const QString& name : names)
        head += csvText(name);
    QStringList lines{head.join(u',')};
    for (const auto& [step, values] : steps) {
        QStringList cells{QString::number(step)};
        for (const QString& name : names) {
            const auto found = values.find(name);
            cells += found == values.end() ? QString() : numberCell(found->second);
        }
        lines += cells.join(u',');
    }
    writeReportFile(path, csvFile(lines));
}

} // namespace lynceus
