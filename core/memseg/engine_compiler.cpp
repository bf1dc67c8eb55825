// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/engine_compiler.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/random.h"
#include "core/image/image_io.h"
#include "core/memseg/defect_simulator.h"
#include "core/memseg/engine_set.h"
#include "core/memseg/model.h"
#include "core/memseg/tiles.h"
#include "core/memseg/training_batches.h"
#include "core/memseg/training_plan.h"
#include "core/memseg/training_setup.h"
#include "core/memseg/validation_set.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDateTime>
#include <QtCore/QDir>
#include <QtCore/QDirIterator>
#include <QtCore/QFileInfo>
#include <QtCore/QJsonDocument>
#include <QtCore/QSaveFile>

#include <algorithm>
#include <cmath>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr std::size_t kCalibrationImages = 16;
constexpr std::size_t kKeptImages = 24; ///< for other machines; 0.2 MB each at 256 x 256
constexpr std::size_t kFewImages = 6;   ///< of large inputs
constexpr std::size_t kKeptPixels = 8'000'000;
constexpr std::size_t kCalibrationPixels = 16'000'000;
constexpr std::size_t kComparedPixels = 32'000'000; ///< of good images
constexpr std::size_t kLookedAt = 12;               ///< good images that must look like the model's part
constexpr int kDaysKept = 30;
constexpr double kWantedShift = 0.01;    ///< of scores, what the search aims at; less where the margin is
constexpr double kTranslateShare = 0.05; ///< of the progress
constexpr double kQuantiseShare = 0.35;
constexpr double kCompareShare = 0.65;

enum Stream : std::uint64_t { Defects = 101, Calibration };

cv::Mat pictureOf(const cv::Mat& rgb)
{
    cv::Mat picture;
    rgb.convertTo(picture, CV_8U);
    return picture;
}

/// As many of `samples`, spread evenly.
std::vector<Sample> spread(const std::vector<Sample>& samples, std::size_t count)
{
    if (samples.size() <= count)
        return samples;
    std::vector<Sample> some;
    for (std::size_t i = 0; i < count; ++i)
        some.push_back(samples[i * samples.size() / count]);
    return some;
}

/// As many of `wanted` images of that size as `pixels` allow.
std::size_t affordable(std::size_t wanted, std::size_t pixels, const Preprocessing& how)
{
    const std::size_t room = pixels / (std::size_t(how.width) * std::size_t(how.height));
    return std::min(wanted, std::max(room, kFewImages));
}

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
    EngineCompiler(QString modelFile, const CompileRequest& request, const TaskContext& context)
        : m_modelFile(std::move(modelFile))
        , m_request(request)
        , m_context(timed(context))
        , m_model(loadMemSegModel(m_modelFile))
    {
    }

    std::vector<GateReport> run(const AnomalyFolder& folder)
    {
        m_set.model = modelIdentity(m_model.tensors, m_model.info);
        m_set.machine = engineMachine();
        m_set.engine = m_request.engine.value_or(engineBefore(m_modelFile));
        m_set.thresholds = m_model.info.thresholds;
        m_context.report(0.0, QCoreApplication::translate("core", "reading images"));
        gather(folder);
        requireTheModelsPart(folder.root);
        m_set.plain = translateMemSeg(m_model);
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
    void gather(const AnomalyFolder& folder)
    {
        const auto& how = m_model.info.preprocessing;
        GoodSplit split = splitGoodImages(folder.train, m_model.options);
        for (auto* samples : {&split.training, &split.heldOut})
            *samples = withPart(*samples, how, m_context.cancel);
        if (split.training.empty() || split.heldOut.empty()) {
            throw Error(ErrorKind::Input,
                        QCoreApplication::translate("core", "In the good images in %1 the model's part is not found.")
                            .arg(folder.root),
                        QCoreApplication::translate("core", "Choose a folder with good images of the part that the "
                                                            "model was trained on."));
        }
        const Random seed(m_model.options.seed);
        const PreparedImages learnt(spread(split.training, affordable(kCalibrationImages, kCalibrationPixels, how)),
                                    how, m_context.cancel);
        const DefectSimulator simulator(m_model.options.simulator);
        for (std::size_t i = 0; i < learnt.size(); ++i) {
            m_calibration.push_back(gateInput({{}, pictureOf(learnt.at(i))}));
            Random random = seed.fork(Calibration).fork(i);
            if (i % 2 == 1)
                m_calibration.push_back(gateInput({{}, pictureOf(simulator.simulate(learnt.at(i), random).image)}));
        }

        const std::size_t images = affordable(std::size_t(m_request.images), kComparedPixels, how);
        std::vector<Sample> compared = spread(split.heldOut, images);
        const std::size_t more = images - compared.size();
        for (const Sample& sample : spread(split.training, more))
            compared.push_back(sample);
        const PreparedImages good(compared, how, m_context.cancel);
        for (std::size_t i = 0; i < good.size(); ++i) {
            m_context.cancel.throwIfCancelled();
            m_images.push_back({compared[i].name, pictureOf(good.at(i)), true});
            Random random = seed.fork(Defects).fork(i);
            const auto defect = heldBackDefect(good.at(i), m_model.options.simulator, random);
            m_images.push_back({QCoreApplication::translate("core", "%1 with a simulated defect").arg(compared[i].name),
                                pictureOf(defect.image), false});
        }
    }

    /// Ranges and scores from pictures of something else would say nothing about the part.
    void requireTheModelsPart(const QString& folder)
    {
        MemSegInference reference(m_model);
        std::size_t looked = 0;
        std::size_t rejected = 0;
        for (std::size_t i = 0; i < m_images.size() && looked < kLookedAt; i += 2, ++looked) { // without the defects
            m_context.cancel.throwIfCancelled();
            const double score = imageScore(reference.run(gateInput(m_images[i])).map);
            rejected += judge(score, m_set.thresholds) == Verdict::Ng ? 1 : 0;
        }
        if (2 * rejected > looked) {
            throw Error(ErrorKind::Input,
                        QCoreApplication::translate("core", "%1 of %2 good images in %3 are NG for this model: the "
                                                            "folder does not seem to show its part.")
                            .arg(rejected)
                            .arg(looked)
                            .arg(folder),
                        QCoreApplication::translate("core", "Choose a folder with good images of the part that the "
                                                            "model was trained on, taken from the same distance, or "
                                                            "set the threshold right first."));
        }
    }

    void quantise(double searchSeconds = 0.0, double wantedShift = kWantedShift)
    {
        if (searchSeconds > 0.0)
            m_context.report(kCompareShare, QCoreApplication::translate("core", "searching layers that int8 hurts"));
        else
            m_context.report(kTranslateShare, QCoreApplication::translate("core", "calibrating int8"));
        m_kept.clear();
        m_set.int8 = quantiseMemSeg(m_model, m_calibration, searchSeconds, wantedShift, &m_kept, m_context.cancel);
    }

    void compare()
    {
        MemSegInference reference(m_model);
        std::vector<GateReport> failures;
        auto engines = compileAll(m_model, m_set, m_request.cacheFolder, failures);
        auto reports = compareEngines(reference, engines, m_images, m_set.thresholds,
                                      within(m_context, kQuantiseShare, kCompareShare));
        for (std::size_t e = 0; e < engines.size(); ++e) {
            if (engines[e].engine != Engine::OpenVinoInt8 || reports[e].passed() || m_request.searchSeconds <= 0.0 ||
                !tilingOf(m_model.options).isWhole())
                continue;
            // Only int8 has something to give, and only where a picture is seen whole its scores.
            quantise(m_request.searchSeconds, std::min(kWantedShift, reports[e].margin));
            std::vector<GateEngine> again;
            again.push_back({Engine::OpenVinoInt8,
                             std::make_unique<MemSegInference>(
                                 m_model, compileMemSeg(m_set.int8, Engine::OpenVinoInt8, m_request.cacheFolder))});
            reports[e] =
                compareEngines(reference, again, m_images, m_set.thresholds, within(m_context, kCompareShare, 1.0))
                    .front();
            reports[e].floatLayers = m_kept;
        }
        m_set.reports = std::move(reports);
        m_set.reports.insert(m_set.reports.end(), failures.begin(), failures.end());
        for (const GateReport& report : m_set.reports)
            qCInfo(logModel).noquote() << engineName(report.engine) << report.summary();
    }

    /// Those nearest to the threshold, where engines disagree first.
    void keepHardest()
    {
        MemSegInference reference(m_model);
        std::vector<std::pair<double, std::size_t>> distances;
        for (std::size_t i = 0; i < m_images.size(); ++i) {
            m_context.cancel.throwIfCancelled();
            const double score = imageScore(reference.run(gateInput(m_images[i])).map);
            distances.emplace_back(std::abs(score - m_set.thresholds.score), i);
        }
        std::sort(distances.begin(), distances.end());
        const std::size_t kept = affordable(kKeptImages, kKeptPixels, m_model.info.preprocessing);
        for (std::size_t i = 0; i < std::min(distances.size(), kept); ++i)
            m_set.images.push_back(m_images[distances[i].second]);
    }

    QString m_modelFile;
    CompileRequest m_request;
    TaskContext m_context;
    MemSegModel m_model;
    EngineSet m_set;
    std::vector<torch::Tensor> m_calibration;
    std::vector<GateImage> m_images;
    QStringList m_kept;
};

void writeJson(const QString& path, const QJsonObject& json)
{
    QSaveFile file(path);
    const QByteArray bytes = QJsonDocument(json).toJson();
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit()) {
        throw Error(ErrorKind::File,
                    QCoreApplication::translate("core", "%1 cannot be written: %2.").arg(path, file.errorString()),
                    QCoreApplication::translate("core", "Choose a folder you may write to."));
    }
}

Error notCompiled(const QString& modelFile, Engine engine)
{
    return Error(
        ErrorKind::Input,
        QCoreApplication::translate("core", "%1 has no compiled networks for %2.").arg(modelFile, engineName(engine)),
        QCoreApplication::translate("core", "Compile the model on a machine that has this engine "
                                            "(lynceus-cli compile)."));
}

} // namespace

std::vector<GateReport> compileEngines(const QString& modelFile, const AnomalyFolder& folder,
                                       const CompileRequest& request, const TaskContext& context)
{
    requireEngine(Engine::OpenVinoFp32);
    try {
        return EngineCompiler(modelFile, request, context).run(folder);
    } catch (...) {
        throw currentError(QCoreApplication::translate("core", "compiling %1").arg(modelFile));
    }
}

QString engineFile(const QString& modelFile)
{
    return modelFile + u".engines"_s;
}

std::vector<GateReport> readGateReports(const QString& modelFile, const QString& cacheFolder)
{
    if (!QFileInfo::exists(engineFile(modelFile)))
        return {};
    const EngineSet set = loadEngineSet(engineFile(modelFile));
    const SafetensorsFile model(modelFile);
    const ModelInfo info = readModelInfo(model);
    if (set.model != modelIdentity(verifiedTensors(model), info))
        return {};
    return knownReports(set, engineFile(modelFile), info.thresholds, cacheFolder).value_or(set.reports);
}

Engine readModelEngine(const QString& modelFile)
{
    return QFileInfo::exists(engineFile(modelFile)) ? loadEngineSet(engineFile(modelFile)).engine : Engine::Auto;
}

GateReport exportOpenVino(const QString& modelFile, Engine engine, const QString& folder, QStringList& files)
{
    const std::vector<GateReport> reports = readGateReports(modelFile);
    const auto report =
        std::find_if(reports.begin(), reports.end(), [&](const GateReport& one) { return one.engine == engine; });
    if (report == reports.end())
        throw notCompiled(modelFile, engine);
    const EngineSet set = loadEngineSet(engineFile(modelFile));
    const MemSegIr& ir = engine == Engine::OpenVinoInt8 ? set.int8 : set.plain;
    if (ir.isEmpty())
        throw notCompiled(modelFile, engine);
    const QDir out(folder);
    if (!QDir().mkpath(folder)) {
        throw Error(ErrorKind::File, QCoreApplication::translate("core", "The folder %1 cannot be made.").arg(folder),
                    QCoreApplication::translate("core", "Choose a folder you may write to."));
    }
    const auto write = [&](const QString& name, const NetworkIr& network) {
        if (network.isEmpty())
            return;
        files << out.filePath(name + u".xml"_s) << out.filePath(name + u".bin"_s);
        network.save(out.filePath(name + u".xml"_s));
    };
    write(u"encoder"_s, ir.encoder);
    write(u"decoder"_s, ir.decoder);
    QJsonObject parity = report->toJson();
    parity.insert(u"machine"_s, set.machine);
    parity.insert(u"model"_s, QFileInfo(modelFile).fileName());
    files << out.filePath(u"parity.json"_s);
    writeJson(files.back(), parity);
    return *report;
}

} // namespace lynceus
