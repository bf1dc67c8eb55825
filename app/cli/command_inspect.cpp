// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/command.h"
#include "core/base/version.h"
#include "core/data/anomaly_folder.h"
#include "core/image/color_map.h"
#include "core/image/image_io.h"
#include "core/image/preprocessing.h"
#include "core/jobs/inspection_pipeline.h"
#include "core/memseg/session.h"
#include "core/report/report_writer.h"
#include "core/storage/inspection_store.h"
#include "core/weights/safetensors.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QJsonArray>
#include <QtCore/QSet>

#include <opencv2/imgproc.hpp>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr std::size_t kStoreBatch = 50;
constexpr double kOverlayOpacity = 0.75;

QString tr(const char* text)
{
    return QCoreApplication::translate("cli", text);
}

struct Input
{
    QString path;
    QString name; ///< relative, without suffix, unique: where its pictures go
};

/// What is to be judged, and what of it can't even be opened.
struct Inputs
{
    std::vector<Input> images;
    std::vector<ReportItem> faults;
    QJsonArray leftOut;
};

/// Images as they are, folders as the window opens them.
Inputs collectInputs(CommandContext& context, const QStringList& inputs)
{
    Inputs found;
    QSet<QString> taken;
    const auto add = [&](const QString& path, const QString& name) {
        const QString base = name.left(name.lastIndexOf(u'.'));
        QString unique = base;
        for (int i = 2; taken.contains(unique); ++i)
            unique = u"%1_%2"_s.arg(base).arg(i);
        taken.insert(unique);
        found.images.push_back({path, unique});
    };
    for (const QString& input : inputs) {
        if (!QFileInfo(input).isDir()) {
            add(QFileInfo(input).absoluteFilePath(), QFileInfo(input).fileName());
            continue;
        }
        const AnomalyFolder folder = context.folder(input, AnomalyFolder::Purpose::Inspection);
        for (const LeftOut& part : folder.leftOut) {
            found.leftOut.append(part.toJson());
            for (const QString& name : part.isFault() ? part.names : QStringList())
                found.faults.push_back({folder.root + u'/' + name,
                                        tr("Could not be looked at: %1. %2").arg(part.reason(), part.remedy()),
                                        AnomalyResult(),
                                        {}});
        }
        const std::vector<Sample> samples = folder.toInspect();
        if (samples.empty() && found.faults.empty()) {
            throw Error(ErrorKind::Input, tr("%1 holds no images.").arg(folder.root),
                        tr("Known are: %1.").arg(imageSuffixes().join(u", "_s)));
        }
        for (const Sample& sample : samples)
            add(sample.path, sample.name);
    }
    return found;
}

/// Heat map and contours over the image; with `maps` the map itself too. Returns the picture's path.
QString writePictures(const InspectionRequest& request, const Input& input, const InspectedImage& image,
                      const IntensityWindow& window)
{
    const QString base = QDir(request.out).absoluteFilePath(input.name);
    const QString folder = QFileInfo(base).absolutePath();
    if (!QDir().mkpath(folder)) {
        throw Error(ErrorKind::File, tr("The folder %1 cannot be made.").arg(folder),
                    tr("Choose a folder you may write to with --out."));
    }
    const AnomalyResult& result = image.result;
    cv::Mat picture =
        heatOverlay(toDisplay(readImage(image.path), window), result.map, ColorMap::Inferno, kOverlayOpacity);
    for (const Region& region : result.regions)
        cv::polylines(picture, region.contour, true, cv::Scalar(255, 255, 255), 1, cv::LINE_AA);
    const QString overlay = base + u"_overlay.png"_s;
    writePng(overlay, picture);
    if (request.maps) {
        cv::Mat scaled;
        result.map.convertTo(scaled, CV_16U, 65535.0);
        writePng(base + u"_map.png"_s, scaled);
    }
    return overlay;
}

/// Writes results into the database batch by batch.
class ResultKeeper
{
public:
    ResultKeeper(const Database& database, const MemSegSession& session, const QString& folder)
        : m_store(database)
    {
        InspectionRecord record;
        record.folder = folder;
        record.modelPath = session.modelFile();
        record.modelHash = session.modelHash();
        record.engine = engineName(session.engine());
        record.thresholds = session.thresholds();
        record.started = QDateTime::currentDateTimeUtc();
        record.programVersion = programVersion();
        m_id = m_store.begin(record);
    }

    void add(ResultRecord record)
    {
        m_waiting.push_back(std::move(record));
        if (m_waiting.size() >= kStoreBatch)
            flush();
    }

    void add(const InspectedImage& image)
    {
        ResultRecord record;
        record.image = image.path;
        record.error = image.error;
        if (image.error.isEmpty()) {
            record.imageHash = fileSha256(image.path);
            record.result = image.result;
            record.result.map.release();
        }
        add(std::move(record));
    }

    void finish()
    {
        flush();
        m_store.finish(m_id);
    }

    void flush()
    {
        if (!m_waiting.empty())
            m_store.add(m_id, m_waiting);
        m_waiting.clear();
    }

    qint64 id() const { return m_id; }

private:
    InspectionStore m_store;
    qint64 m_id = 0;
    std::vector<ResultRecord> m_waiting;
};

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

    ResultKeeper keeper(context.app().database(), *session, QFileInfo(request.inputs.first()).absoluteFilePath());
    const auto judged = [&](InspectedImage&& image) {
        if (!image.error.isEmpty())
            context.console.warn(image.path + u": "_s + image.error);
        keeper.add(image);
        ReportItem item{image.path, image.error, {}, {}};
        if (image.error.isEmpty()) {
            if (!request.out.isEmpty())
                item.overlayPath = writePictures(request, inputs.images[image.index], image, window);
            image.result.map.release(); // memory must not grow with the number of images
            item.result = std::move(image.result);
        }
        report.items.push_back(std::move(item));
    };
    for (const ReportItem& item : inputs.faults) {
        keeper.add({0, item.image, {}, item.error, {}});
        report.items.push_back(item);
    }
    bool cancelled = false;
    try {
        inspectImages(paths, inspectors, judged, context.task(tr("Inspecting")));
    } catch (const Cancelled&) {
        cancelled = true; // what is judged is kept and reported
    } catch (...) {
        keeper.flush();
        throw;
    }
    keeper.finish();
    report.finished = QDateTime::currentDateTimeUtc();
    for (const QString& file : request.reports)
        writeReport(file, report);

    const ReportCounts counts = countVerdicts(report);
    InspectionSummary summary{counts.ok, counts.review, counts.ng, counts.failed, reportToJson(report)};
    QJsonObject inspection = summary.json[u"inspection"_s].toObject();
    inspection.insert(u"id"_s, keeper.id());
    summary.json.insert(u"inspection"_s, inspection);
    summary.json.insert(u"left_out"_s, inputs.leftOut);
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
    if (summary.failed > 0)
        return kFailed;
    return summary.ng > 0 && arguments.isSet(u"fail-on-ng"_s) ? kDoneWithNg : kDone;
}

} // namespace lynceus
