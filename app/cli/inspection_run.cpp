// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/inspection_run.h"

#include "core/base/error.h"
#include "core/base/version.h"
#include "core/data/anomaly_folder.h"
#include "core/image/color_map.h"
#include "core/image/image_io.h"
#include "core/image/preprocessing.h"
#include "core/jobs/inspection_pipeline.h"
#include "core/storage/inspection_store.h"
#include "core/weights/safetensors.h"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QSet>

#include <algorithm>

namespace lynceus::cli {

using namespace Qt::StringLiterals;

namespace {

constexpr std::size_t kStoreEvery = 50;
constexpr double kOverlayOpacity = 0.6;

QString tr(const char* text)
{
    return QCoreApplication::translate("cli", text);
}

/// The map as file: 0..1 is 0..65535, linear.
cv::Mat as16Bit(const cv::Mat& map)
{
    cv::Mat scaled;
    map.convertTo(scaled, CV_16U, 65535.0);
    return scaled;
}

/// Writes maps/NAME.png and overlays/NAME.png; pictures of different inputs never share a name.
class PictureWriter
{
public:
    PictureWriter(QString folder, IntensityWindow window)
        : m_folder(std::move(folder))
        , m_window(window)
    {
    }

    /// Path of the overlay.
    QString write(const QString& name, const InspectedImage& inspected)
    {
        const QString file = uniqueName(name);
        const QString map = m_folder + u"/maps/"_s + file;
        const QString overlay = m_folder + u"/overlays/"_s + file;
        makeFolder(QFileInfo(map).absolutePath());
        makeFolder(QFileInfo(overlay).absolutePath());
        writePng(map, as16Bit(inspected.result.map));
        writePng(overlay, heatOverlay(toDisplay(inspected.image, m_window), inspected.result.map, ColorMap::Inferno,
                                      kOverlayOpacity));
        return overlay;
    }

private:
    QString uniqueName(const QString& name)
    {
        const QFileInfo info(name);
        const QString stem =
            info.path() == u"." ? info.completeBaseName() : info.path() + u'/' + info.completeBaseName();
        QString file = stem + u".png"_s;
        for (int i = 2; m_used.contains(file); ++i)
            file = u"%1_%2.png"_s.arg(stem).arg(i);
        m_used.insert(file);
        return file;
    }

    QString m_folder;
    IntensityWindow m_window;
    QSet<QString> m_used;
};

/// Puts results into the database, many in one transaction.
class ResultKeeper
{
public:
    ResultKeeper(const Database& database, const InspectionRecord& record)
        : m_store(database)
        , m_id(m_store.begin(record))
    {
    }

    qint64 id() const { return m_id; }

    void add(ResultRecord record)
    {
        m_waiting.push_back(std::move(record));
        if (m_waiting.size() >= kStoreEvery || m_sinceFlush.ms() > 2000.0)
            flush();
    }

    void flush()
    {
        if (!m_waiting.empty())
            m_store.add(m_id, m_waiting);
        m_waiting.clear();
        m_sinceFlush.restart();
    }

    void finish()
    {
        flush();
        m_store.finish(m_id);
    }

private:
    InspectionStore m_store;
    qint64 m_id;
    std::vector<ResultRecord> m_waiting;
    Stopwatch m_sinceFlush;
};

QString resultLine(const QString& name, const AnomalyResult& result)
{
    return u"%1  %2  %3 %4"_s.arg(verdictName(result.verdict).leftJustified(6), figure(result.score), name,
                                  result.regions.empty() ? QString()
                                                         : QCoreApplication::translate("cli", "(%n region(s))", nullptr,
                                                                                       int(result.regions.size())));
}

} // namespace

void makeFolder(const QString& folder)
{
    if (!QDir().mkpath(folder)) {
        throw Error(ErrorKind::File, tr("The folder %1 can't be made.").arg(folder),
                    tr("Check the rights of its parent folder and the free space, or choose another place."));
    }
}

std::vector<InputImage> findInputs(const QStringList& paths, const CancelToken& cancel)
{
    std::vector<InputImage> inputs;
    for (const QString& path : paths) {
        const QFileInfo info(path);
        if (!info.isDir()) {
            inputs.push_back({info.absoluteFilePath(), info.fileName()}); // a missing one is named when it is read
            continue;
        }
        const QDir folder(info.absoluteFilePath());
        for (const QString& image : findImages(folder.path(), cancel))
            inputs.push_back({image, folder.relativeFilePath(image)});
    }
    if (inputs.empty()) {
        throw Error(ErrorKind::Input, tr("There are no images in %1.").arg(paths.join(u", "_s)),
                    tr("Give image files, or a folder with %1 files.").arg(imageSuffixes().join(u", "_s)));
    }
    return inputs;
}

void checkReportSuffix(const QString& file)
{
    const QString suffix = QFileInfo(file).suffix().toLower();
    if (suffix == u"pdf")
        throw UsageError(tr("--report %1: PDF reports are not in this version; use .html, .csv or .json.").arg(file));
    if (suffix != u"html" && suffix != u"csv" && suffix != u"json")
        throw UsageError(tr("--report %1: the file must end in .html, .csv or .json.").arg(file));
}

InspectionOutcome runInspection(Cli& cli, MemSegSession& session, const InspectionRequest& request,
                                const TaskContext& task)
{
    if (!request.outFolder.isEmpty())
        makeFolder(request.outFolder);
    if (!request.reportFile.isEmpty())
        makeFolder(QFileInfo(request.reportFile).absolutePath());

    InspectionOutcome outcome;
    ReportData& report = outcome.report;
    report.title = request.source;
    report.modelPath = session.modelFile();
    report.modelHash = session.modelHash();
    report.programVersion = programVersion();
    report.started = QDateTime::currentDateTimeUtc();

    InspectionRecord record;
    record.folder = request.source;
    record.modelPath = report.modelPath;
    record.modelHash = report.modelHash;
    record.thresholds = session.thresholds();
    record.started = report.started;
    record.programVersion = report.programVersion;
    ResultKeeper keeper(cli.context().database(), record);
    outcome.id = keeper.id();
    PictureWriter pictures(request.outFolder, session.info().preprocessing.window16);

    std::vector<QString> paths;
    for (const InputImage& image : request.images)
        paths.push_back(image.path);
    const auto judged = [&](InspectedImage&& inspected) {
        const InputImage& input = request.images[inspected.index];
        ReportItem item{input.path, inspected.error, {}, {}};
        if (inspected.error.isEmpty()) {
            if (request.pictures)
                item.overlayPath = pictures.write(input.name, inspected);
            inspected.result.map.release();
            cli.console().print(resultLine(input.name, inspected.result));
        } else {
            cli.console().error(inspected.error.contains(input.path) ? inspected.error
                                                                     : u"%1: %2"_s.arg(input.path, inspected.error));
        }
        item.result = std::move(inspected.result);
        const QString hash = item.error.isEmpty() ? fileSha256(input.path) : QString();
        keeper.add({0, input.path, hash, item.error, item.result});
        report.items.push_back(std::move(item));
    };
    try {
        inspectImages(paths, session, judged, task);
    } catch (const Cancelled&) {
        outcome.cancelled = true;
    }
    keeper.finish();
    report.finished = QDateTime::currentDateTimeUtc();
    if (!request.outFolder.isEmpty()) {
        writeReport(request.outFolder + u"/results.csv"_s, report);
        writeReport(request.outFolder + u"/results.json"_s, report);
    }
    if (!request.reportFile.isEmpty())
        writeReport(request.reportFile, report);
    return outcome;
}

QString summaryOf(const ReportData& report)
{
    const ReportCounts counts = countVerdicts(report);
    return tr("%1 images: %2 OK, %3 NG, %4 Review, %5 failed")
        .arg(counts.total)
        .arg(counts.ok)
        .arg(counts.ng)
        .arg(counts.review)
        .arg(counts.failed);
}

} // namespace lynceus::cli
