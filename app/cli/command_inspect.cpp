// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/command.h"
#include "core/base/version.h"
#include "core/data/anomaly_folder.h"
#include "core/image/color_map.h"
#include "core/image/image_io.h"
#include "core/image/preprocessing.h"
#include "core/jobs/folder_fit.h"
#include "core/jobs/inspection_pipeline.h"
#include "core/jobs/inspection_recorder.h"
#include "core/memseg/session.h"
#include "core/report/report_writer.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QJsonArray>
#include <QtCore/QSet>

#include <opencv2/imgproc.hpp>

#include <algorithm>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr double kOverlayOpacity = 0.75;

QString tr(const char* text)
{
    return QCoreApplication::translate("cli", text);
}

struct Input
{
    QString path;
    QString name; ///< relative, without suffix, unique: where its pictures go
    Truth truth = Truth::Unknown;
};

/// What is to be judged, and what of it can't even be opened.
struct Inputs
{
    std::vector<Input> images;
    QSet<QString> files; ///< real paths of the images
    std::vector<ReportItem> faults;
    QJsonArray leftOut;
};

/// Images as they are, folders as the window opens them.
Inputs collectInputs(CommandContext& context, const QStringList& inputs)
{
    Inputs found;
    QSet<QString> taken;
    const auto add = [&](const QString& path, const QString& name, Truth truth = Truth::Unknown) {
        const QString base = name.left(name.lastIndexOf(u'.'));
        QString unique = base;
        for (int i = 2; taken.contains(unique); ++i)
            unique = u"%1_%2"_s.arg(base).arg(i);
        taken.insert(unique);
        found.images.push_back({path, unique, truth});
        found.files.insert(QFileInfo(path).canonicalFilePath());
    };
    for (const QString& input : inputs) {
        if (!QFileInfo(input).isDir()) {
            add(QFileInfo(input).absoluteFilePath(), QFileInfo(input).fileName());
            continue;
        }
        const AnomalyFolder folder = context.folder(input, AnomalyFolder::Purpose::Inspection);
        for (const LeftOut& part : folder.leftOut) {
            found.leftOut.append(part.toJson());
            for (const QString& name : part.isFault() ? part.names : QStringList()) {
                ReportItem item;
                item.image = folder.root + u'/' + name;
                item.error = tr("Could not be looked at: %1. %2").arg(part.reason(), part.remedy());
                found.faults.push_back(std::move(item));
            }
        }
        const std::vector<Sample> samples = folder.toInspect();
        if (samples.empty() && found.faults.empty()) {
            throw Error(ErrorKind::Input, tr("%1 holds no images.").arg(folder.root),
                        tr("Known are: %1.").arg(imageSuffixes().join(u", "_s)));
        }
        for (const Sample& sample : samples)
            add(sample.path, sample.name, sample.truth);
    }
    return found;
}

/// Heat map and contours over the image as it was judged; with `maps` the map itself too. Returns the picture's path.
QString writePictures(const InspectionRequest& request, const Inputs& inputs, const InspectedImage& image,
                      const IntensityWindow& window)
{
    const QString base = QDir(request.out).absoluteFilePath(inputs.images[image.index].name);
    const QString folder = QFileInfo(base).absolutePath();
    if (!QDir().mkpath(folder)) {
        throw Error(ErrorKind::File, tr("The folder %1 cannot be made.").arg(folder),
                    tr("Choose a folder you may write to with --out."));
    }
    const AnomalyResult& result = image.result;
    cv::Mat picture =
        heatOverlay(toDisplay(image.image, window), result.sourceMap(), ColorMap::Inferno, kOverlayOpacity);
    for (const Region& region : result.regions)
        cv::polylines(picture, region.contour, true, cv::Scalar(255, 255, 255), 1, cv::LINE_AA);
    const auto write = [&](const QString& path, const cv::Mat& pixels) {
        if (inputs.files.contains(QFileInfo(path).canonicalFilePath())) {
            throw Error(ErrorKind::File, tr("%1 is an image to inspect; it is not overwritten.").arg(path),
                        tr("Choose another folder with --out."));
        }
        writePng(path, pixels);
    };
    const QString overlay = base + u"_overlay.png"_s;
    write(overlay, picture);
    if (request.maps) {
        cv::Mat scaled;
        result.sourceMap().convertTo(scaled, CV_16U, 65535.0);
        write(base + u"_map.png"_s, scaled);
    }
    return overlay;
}

InspectionRecord recordOf(const MemSegSession& session, const QString& input)
{
    InspectionRecord record;
    record.folder = QFileInfo(input).absoluteFilePath();
    record.modelPath = session.modelFile();
    record.modelHash = session.modelHash();
    record.engine = engineName(session.engine());
    record.thresholds = session.thresholds();
    record.started = QDateTime::currentDateTimeUtc();
    record.programVersion = programVersion();
    return record;
}

} // namespace

InspectionSummary inspectAndStore(CommandContext& context, const InspectionRequest& request)
{
    const Inputs inputs = collectInputs(context, request.inputs);
    std::vector<QString> paths;
    for (const Input& input : inputs.images)
        paths.push_back(input.path);
    const auto sessions = context.sessions(request.modelFile, paths.size());
    const auto& session = sessions.front();
    std::vector<AnomalyInspector*> inspectors;
    for (const auto& one : sessions)
        inspectors.push_back(one.get());
    const IntensityWindow window = session->info().preprocessing.window16;

    ReportData report;
    report.title = tr("Inspection of %1").arg(QDir::toNativeSeparators(request.inputs.first()));
    report.modelPath = session->modelFile();
    report.modelHash = session->modelHash();
    report.programVersion = programVersion();
    report.engine = engineName(session->engine());
    report.started = QDateTime::currentDateTimeUtc();

    InspectionRecorder recorder(context.app().database(), recordOf(*session, request.inputs.first()));
    int troubles = 0;
    const auto warn = [&](const Error& error) {
        context.console.warn(error.text());
        ++troubles;
    };
    const auto notKnownDefective = [](const Input& input) { return input.truth != Truth::Defective; };
    FolderFit fit(session->info(), int(std::count_if(inputs.images.begin(), inputs.images.end(), notKnownDefective)));
    bool saidMisfit = false;
    const auto judged = [&](InspectedImage&& image) {
        if (!image.error.isEmpty())
            context.console.warn(image.path + u": "_s + image.error);
        ReportItem item;
        item.image = image.path;
        item.error = image.error;
        if (!image.warning.isEmpty()) {
            context.console.warn(image.path + u": "_s + image.warning);
            item.warnings += image.warning;
        }
        if (image.error.isEmpty() && !request.out.isEmpty()) {
            try {
                item.overlayPath = writePictures(request, inputs, image, window);
            } catch (...) {
                const Error error = currentError(tr("drawing the heat map of %1").arg(image.path));
                item.warnings += error.text();
                warn(error);
            }
        }
        if (image.error.isEmpty() && notKnownDefective(inputs.images[image.index]))
            fit.add(image.result.score);
        if (!saidMisfit && !fit.fits().value_or(true)) {
            context.console.warn(fit.reason() + u' ' + fit.remedy());
            saidMisfit = true;
        }
        image.result.map.release(); // memory must not grow with the number of images
        if (image.error.isEmpty())
            item.result = image.result;
        recorder.add({0, image.path, image.hash, image.error, std::move(image.result)});
        report.items.push_back(std::move(item));
    };
    for (const ReportItem& item : inputs.faults) {
        recorder.add({0, item.image, {}, item.error, {}});
        report.items.push_back(item);
    }
    bool cancelled = false;
    try {
        inspectImages(paths, inspectors, judged, context.task(tr("Inspecting")));
    } catch (const Cancelled&) {
        cancelled = true; // what is judged is kept and reported
    }
    const InspectionRecorder::State stored = recorder.finish();
    if (!stored.isFinished) {
        warn(Error(ErrorKind::Storage,
                   tr("%1 of %2 results are not in the database: %3")
                       .arg(QString::number(stored.pending), QString::number(report.items.size()), stored.problem),
                   stored.remedy));
    }
    report.finished = QDateTime::currentDateTimeUtc();
    for (const QString& file : request.reports) {
        try {
            writeReport(file, report);
        } catch (const Error& error) {
            warn(error);
        }
    }

    const ReportCounts counts = countVerdicts(report);
    InspectionSummary summary{counts.ok, counts.review, counts.ng, counts.failed, troubles, reportToJson(report)};
    QJsonObject inspection = summary.json[u"inspection"_s].toObject();
    inspection.insert(u"id"_s, stored.inspection > 0 ? QJsonValue(stored.inspection) : QJsonValue());
    inspection.insert(u"not_stored"_s, qint64(stored.pending));
    summary.json.insert(u"inspection"_s, inspection);
    summary.json.insert(u"left_out"_s, inputs.leftOut);
    summary.json.insert(u"fit"_s, fit.toJson());
    if (cancelled) {
        context.console.writeJson(summary.json);
        throw Cancelled();
    }

    context.console.endProgress();
    std::vector<QStringList> rows{{tr("verdict"), tr("score"), tr("regions"), tr("image")}};
    for (const ReportItem& item : report.items) {
        if (item.error.isEmpty()) {
            rows.push_back({verdictName(item.result.verdict), figure(item.result.score),
                            QString::number(item.result.regions.size()), item.image});
        } else {
            rows.push_back({tr("unreadable"), u"-"_s, u"-"_s, item.image});
        }
    }
    context.console.printTable(rows);
    context.console.print(tr("%1 images: %2 OK, %3 NG, %4 review, %5 unreadable; threshold %6; %7")
                              .arg(counts.total)
                              .arg(counts.ok)
                              .arg(counts.ng)
                              .arg(counts.review)
                              .arg(counts.failed)
                              .arg(figure(session->thresholds().score), report.engine));
    return summary;
}

int runInspect(CommandContext& context)
{
    const Arguments& arguments = context.arguments;
    if (arguments.positional().isEmpty())
        throw UsageError(tr("inspect needs at least one image or folder."));
    InspectionRequest request;
    request.inputs = arguments.positional();
    request.out = arguments.value(u"out"_s);
    request.maps = arguments.isSet(u"maps"_s);
    request.reports = arguments.values(u"report"_s);
    if (request.maps && request.out.isEmpty())
        throw UsageError(tr("--maps needs --out DIR."));
    for (const QString& report : request.reports) {
        const QString suffix = QFileInfo(report).suffix().toLower();
        if (!QStringList{u"html"_s, u"csv"_s, u"json"_s}.contains(suffix)) {
            throw UsageError(tr("A report \"%1\" cannot be written by this version.").arg(report),
                             tr("Use .html, .csv or .json."));
        }
    }
    request.modelFile = context.modelFile();
    const InspectionSummary summary = inspectAndStore(context, request);
    context.console.writeJson(summary.json);
    if (summary.failed > 0 || summary.troubles > 0)
        return kFailed;
    return summary.ng > 0 && arguments.isSet(u"fail-on-ng"_s) ? kDoneWithNg : kDone;
}

} // namespace lynceus
