// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/engines/engine_compiler.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/engines/engine_file.h"
#include "core/engines/network_set.h"
#include "core/engines/parity_gate.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDateTime>
#include <QtCore/QDir>
#include <QtCore/QDirIterator>
#include <QtCore/QFileInfo>

#include <algorithm>
#include <cmath>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr std::size_t kKeptImages = 24; ///< for other machines; 0.2 MB each at 256 x 256
constexpr std::size_t kKeptPixels = 8'000'000;
constexpr int kDaysKept = 30;
constexpr double kWantedPart = 5.0;      ///< of the gate's limit, what the search aims at; less where the margin is
constexpr double kTranslateShare = 0.05; ///< of the progress
constexpr double kQuantiseShare = 0.35;
constexpr double kCompareShare = 0.65;

/// What OpenVINO kept of models that nobody has used for a month.
void dropOldNetworks(const QString& cacheFolder)
{
    if (cacheFolder.isEmpty())
        return;
    QDirIterator blobs(cacheFolder, {u"*.blob"_s}, QDir::Files, QDirIterator::Subdirectories);
    while (blobs.hasNext()) {
        const QFileInfo blob(blobs.next());
        if (std::max(blob.lastRead(), blob.lastModified()).daysTo(QDateTime::currentDateTime()) <= kDaysKept)
            continue;
        QFile::remove(blob.filePath());
        QFile::remove(blob.filePath() + u".sha256"_s);
        QDir().rmdir(blob.path()); // does nothing where there is more
    }
}

/// Part of a task's progress.
TaskContext within(const TaskContext& context, double from, double to)
{
    return {context.cancel, [context, from, to](const Progress& progress) {
                context.report(from + (to - from) * progress.fraction, progress.what);
            }};
}

/// With the time left.
TaskContext timed(const TaskContext& context)
{
    return {context.cancel, [context, time = TimeLeft()](const Progress& progress) mutable {
                context.report(progress.fraction, progress.what, time.update(progress.fraction));
            }};
}

/// What Auto stood for when the model was compiled before.
Engine engineBefore(const QString& modelFile)
{
    try {
        return readModelEngine(modelFile);
    } catch (const Error& error) {
        qCWarning(logModel).noquote() << error.text();
        return Engine::Auto;
    }
}

class EngineCompiler
{
public:
    EngineCompiler(GateSubject& subject, const QString& modelFile, const CompileImages& images,
                   const CompileRequest& request, const TaskContext& context)
        : m_subject(subject)
        , m_modelFile(modelFile)
        , m_images(images)
        , m_request(request)
        , m_context(timed(context))
    {
    }

    std::vector<GateReport> run()
    {
        m_set.model = m_subject.model();
        m_set.machine = engineMachine();
        m_set.engine = m_request.engine.value_or(engineBefore(m_modelFile));
        m_set.thresholds = m_subject.thresholds();
        m_set.plain = translateNetworks(m_subject.networks({}));
        if (engineAvailable(Engine::OpenVinoInt8))
            quantise();
        compare();
        keepHardest();
        saveEngineSet(engineFile(m_modelFile), m_set);
        dropOldNetworks(m_request.cacheFolder);
        m_context.report(1.0, QCoreApplication::translate("core", "done"), 0.0);
        return m_set.reports;
    }

private:
    void quantise(double searchSeconds = 0.0, double wantedShift = 0.0)
    {
        if (searchSeconds > 0.0)
            m_context.report(kCompareShare, QCoreApplication::translate("core", "searching layers that int8 hurts"));
        else
            m_context.report(kTranslateShare, QCoreApplication::translate("core", "calibrating int8"));
        std::vector<NamedTensors> calibration;
        for (const GateImage& image : m_images.calibration)
            calibration.push_back(m_subject.inputs(image));
        m_kept.clear();
        m_set.int8 =
            quantiseNetworks(m_subject.networks(calibration), searchSeconds, wantedShift, &m_kept, m_context.cancel);
    }

    void compare()
    {
        std::vector<GateReport> failures;
        const auto engines = compiledEngines(m_subject, m_set, m_request.cacheFolder, failures);
        auto reports =
            compareEngines(m_subject, engines, m_images.compared, within(m_context, kQuantiseShare, kCompareShare));
        for (std::size_t e = 0; e < engines.size(); ++e) {
            if (engines[e].engine != Engine::OpenVinoInt8 || reports[e].passed() || m_request.searchSeconds <= 0.0 ||
                !m_subject.searches())
                continue;
            // Only int8 has something to give.
            quantise(m_request.searchSeconds, std::min(m_subject.mostShift() / kWantedPart, reports[e].margin));
            const GateRun again =
                m_subject.runWith(compileNetworks(m_set.int8, Engine::OpenVinoInt8, m_request.cacheFolder));
            reports[e] = compareEngines(m_subject, {{Engine::OpenVinoInt8, again}}, m_images.compared,
                                        within(m_context, kCompareShare, 1.0))
                             .front();
            reports[e].floatLayers = m_kept;
        }
        m_set.reports = std::move(reports);
        m_set.reports.insert(m_set.reports.end(), failures.begin(), failures.end());
        for (const GateReport& report : m_set.reports)
            qCInfo(logModel).noquote() << engineName(report.engine) << report.summary();
    }

    /// Those nearest to another decision, where engines disagree first.
    void keepHardest()
    {
        const GateRun reference = m_subject.runWith({});
        std::vector<std::pair<double, std::size_t>> distances;
        for (std::size_t i = 0; i < m_images.compared.size(); ++i) {
            m_context.cancel.throwIfCancelled();
            const cv::Mat outcome = reference(m_subject.inputs(m_images.compared[i]));
            distances.emplace_back(std::abs(m_subject.compare(outcome, outcome).room), i);
        }
        std::sort(distances.begin(), distances.end());
        const std::size_t kept = affordableImages(kKeptImages, kKeptPixels, m_images.compared.front().picture.size());
        for (std::size_t i = 0; i < std::min(distances.size(), kept); ++i)
            m_set.images.push_back(m_images.compared[distances[i].second]);
    }

    GateSubject& m_subject;
    const QString& m_modelFile;
    const CompileImages& m_images;
    const CompileRequest& m_request;
    TaskContext m_context;
    EngineSet m_set;
    QStringList m_kept;
};

} // namespace

std::size_t affordableImages(std::size_t wanted, std::size_t pixels, const cv::Size& size)
{
    constexpr std::size_t kFewest = 6;
    return std::min(wanted, std::max(kFewest, pixels / std::size_t(size.area())));
}

std::vector<GateReport> compileEngines(GateSubject& subject, const QString& modelFile, const CompileImages& images,
                                       const CompileRequest& request, const TaskContext& context)
{
    requireEngine(Engine::OpenVinoFp32);
    try {
        return EngineCompiler(subject, modelFile, images, request, context).run();
    } catch (...) {
        throw currentError(QCoreApplication::translate("core", "compiling %1").arg(modelFile));
    }
}

} // namespace lynceus
