// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/trainer.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/random.h"
#include "core/base/version.h"
#include "core/image/color_map.h"
#include "core/memseg/defect_simulator.h"
#include "core/memseg/memory_bank.h"
#include "core/memseg/model.h"
#include "core/memseg/model_calibration.h"
#include "core/memseg/network.h"
#include "core/memseg/training_batches.h"
#include "core/memseg/training_plan.h"
#include "core/memseg/training_setup.h"
#include "core/memseg/training_windows.h"
#include "core/memseg/validation_set.h"
#include "core/metrics/roc.h"
#include "core/nn/device.h"
#include "core/nn/state_dict.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"
#include "core/training/training_loop.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QCryptographicHash>
#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QHash>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QTemporaryFile>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr int kValidations = 8;
constexpr std::size_t kMapsShown = 6;
constexpr std::size_t kDifferenceImages = 16;
constexpr int kJoiningCopies = 3; ///< defects an image, by which the branches are weighed
constexpr double kWriteSeconds = 1.0;
constexpr int kTurns = 8;         ///< angles at which the branch knows a round part
constexpr double kAsAlike = 1.01; ///< share of the usual distance that may come of it; the copies crowd out others
/// Mean of image and pixel AUROC on held-back defects that turned copies may lose: twice what chance makes of it.
constexpr double kAsGood = 0.02;
constexpr std::size_t kMostBranchBytes = std::size_t(512) << 20; ///< of features, while the branch is made
constexpr int kTrainingFormat = 2; ///< goes up when a training would not go on as it was begun

// Where the progress bar stands when a phase ends.
constexpr double kReadShare = 0.04;
constexpr double kMemoryShare = 0.06;
constexpr double kTrainShare = 0.96;

// Streams of options.seed, so that one part's random numbers do not depend on another's.
enum Stream : std::uint64_t { Encoder = 1, Decoder, Batches, Validation, Joining, Windows, Branch };

cv::Mat sideBySide(const cv::Mat& rgb, const cv::Mat& map)
{
    cv::Mat picture;
    cv::cvtColor(rgb, picture, cv::COLOR_RGB2BGR);
    cv::Mat both;
    cv::hconcat(picture, colorize(map, ColorMap::Inferno), both);
    return both;
}

cv::Mat turnedBy(const cv::Mat& image, double degrees)
{
    const cv::Point2f centre(0.5F * float(image.cols - 1), 0.5F * float(image.rows - 1));
    cv::Mat turned;
    cv::warpAffine(image, turned, cv::getRotationMatrix2D(centre, degrees, 1.0), image.size(), cv::INTER_CUBIC,
                   cv::BORDER_REFLECT_101);
    return turned;
}

/// Which good images deserve a look.
QString oddImagesText(const QStringList& names, int images)
{
    return QCoreApplication::translate(
               "core",
               "%n of the %1 good images look(s) unlike all others: %2. Look at them, and leave "
               "out what is not good.",
               nullptr, int(names.size()))
        .arg(images)
        .arg(shortList(names));
}

/// Found before hours of training, not after them.
void checkWritable(const QString& modelFile)
{
    QTemporaryFile probe(modelFile + u".XXXXXX"_s);
    if (!QDir().mkpath(QFileInfo(modelFile).absolutePath()) || !probe.open())
        throw notWritable(modelFile, probe.errorString());
}

struct ValidationResult
{
    std::vector<double> scores;
    std::vector<cv::Mat> maps;
    double imageAuroc = 0.0;
    double pixelAuroc = 0.0;

    double quality() const { return imageAuroc + pixelAuroc; }
};

class Trainer : private TrainingTask
{
public:
    Trainer(const AnomalyFolder& folder, const MemSegOptions& options, const QString& encoderFile,
            const QString& modelFile, const TaskContext& context, const TrainingObserver& observer,
            const TrainingControl& control, const QString& checkpointFile, qint64 run);

    TrainingOutcome run();

private:
    void leaveCopiesOut();
    void leaveOut(const std::vector<Sample>& samples);
    void findParts();
    void prepareNetwork(const PreparedImages& training);
    void buildMemory(const PreparedImages& memory);
    void buildNearest(int turns);
    void chooseNearest();
    void scaleDifferences(const PreparedImages& heldOut);
    void runLoop();
    torch::Tensor logits(const torch::Tensor& images);
    ValidationResult validationResult();
    void warn(const QString& text) { m_loop.warn(text); }
    void showMaps(const ValidationResult& result) const;
    void restoreBest();
    QString fingerprint() const;
    void throwIfStopped() const;

    // What the loop asks for.
    torch::nn::Module& network() override { return *m_model.network; }
    torch::optim::Optimizer& optimizer() override { return *m_optimizer; }
    void begin(int step) override;
    void fetch(int step) override;
    double learn(int step, double share) override;
    std::optional<double> validate(int step) override;
    double secondsAfterwards(double secondsPerValidation) const override;
    QString divergedRemedy() const override;

    MemSegOptions m_options;
    QString m_encoderFile;
    QString m_modelFile;
    TaskContext m_context;
    TrainingObserver m_observer;
    TrainingControl m_control;
    QString m_checkpointFile;

    QString m_fingerprint;
    Random m_seed;
    std::vector<Sample> m_usable;   ///< good images, excluded ones among them
    std::vector<Sample> m_notFound; ///< good images in which no part was found: rejected ones
    GoodSplit m_split;
    bool m_anyAngle = false;
    QStringList m_choices; ///< what was settled and why, for a person
    DefectSimulator m_simulator;
    MemSegModel m_model;
    QHash<QString, std::size_t> m_inBranch; ///< index in the nearest-good branch, by path
    ValidationSet m_validation;
    ValidationSet
        m_joining; ///< weighs the branches: other defects, as the decoder's best state was chosen by those above
    TrainingOutcome m_outcome;
    TrainingLoop m_loop;

    // While it learns:
    std::optional<PreparedImages> m_training;
    std::unique_ptr<torch::optim::Optimizer> m_optimizer;
    TrainingBatch m_batch;
    std::optional<BatchFeeder<TrainingBatch>> m_feeder; ///< last: its thread reads the images
};

Trainer::Trainer(const AnomalyFolder& folder, const MemSegOptions& options, const QString& encoderFile,
                 const QString& modelFile, const TaskContext& context, const TrainingObserver& observer,
                 const TrainingControl& control, const QString& checkpointFile, qint64 run)
    : m_options(options)
    , m_encoderFile(encoderFile)
    , m_modelFile(modelFile)
    , m_context(context)
    , m_observer(observer)
    , m_control(control)
    , m_checkpointFile(checkpointFile)
    , m_seed(options.seed)
    , m_usable(folder.train)
    , m_split(splitGoodImages(folder.train, options))
    , m_simulator(options.simulator)
    , m_loop(context, observer, control)
{
    m_outcome.info.trainingRun = run;
}

TrainingOutcome Trainer::run()
{
    checkWritable(m_modelFile);
    const ThreadShare share(m_options.threads);
    useChosenThreads();
    const KeepFreedMemory keepFreedMemory;

    m_context.report(0.0, QCoreApplication::translate("core", "reading images"));
    leaveCopiesOut();
    findParts();
    const InputFit fit = fitInput(m_options, m_split.all(), m_context.cancel);
    for (const QString& text : fit.texts) {
        qCInfo(logTraining).noquote() << text;
        m_choices << text;
    }
    const auto read = [this](const std::vector<Sample>& samples) {
        return PreparedImages(samples, m_options.preprocessing, m_context.cancel);
    };
    ModelInfo& info = m_outcome.info;
    info.dataHash = dataHash(m_split.all(), m_context.cancel);
    m_fingerprint = fingerprint();
    info.method = u"memseg"_s;
    info.architecture = m_options.architecture();
    info.preprocessing = m_options.preprocessing;
    info.programVersion = programVersion();
    m_model.options = m_options;
    m_model.network = MemSegNetwork(m_options);
    const PreparedImages& training = m_training.emplace(read(m_split.training));
    const PreparedImages heldOut = read(m_split.heldOut);
    m_validation = makeValidationSet(heldOut, m_options.simulator, m_seed.fork(Validation));
    if (m_options.nearestGood)
        m_joining = makeValidationSet(heldOut, m_options.simulator, m_seed.fork(Joining), kJoiningCopies);

    m_context.report(kReadShare, QCoreApplication::translate("core", "building the memory"));
    prepareNetwork(training);
    if (m_options.ignoreBackground)
        m_model.part = partMask(training, m_options.simulator.foreground, m_context.cancel);
    chooseNearest();
    if (m_model.network->hasDecoder()) {
        buildMemory(read(m_split.memory));
        scaleDifferences(heldOut);
        runLoop();
        restoreBest();
    }

    m_context.report(kTrainShare, QCoreApplication::translate("core", "calibrating"));
    info.created = QDateTime::currentDateTimeUtc();
    m_model.info = info;
    std::vector<Sample> good = m_split.all();
    good.insert(good.end(), m_notFound.begin(), m_notFound.end()); // they would be rejected
    const CalibrationData data{good, m_inBranch, m_split.heldOut, m_joining, m_validation};
    const CalibrationFindings findings = calibrateModel(m_model, data, m_modelFile, [this] { throwIfStopped(); });
    if (!findings.unreadable.isEmpty()) {
        warn(QCoreApplication::translate("core",
                                         "%n good image(s) could not be read any more, first %1. The thresholds rest "
                                         "on the others.",
                                         nullptr, int(findings.unreadable.size()))
                 .arg(findings.unreadable.front()));
    }
    if (!findings.odd.isEmpty())
        warn(oddImagesText(findings.odd, int(good.size())));
    throwIfStopped();
    m_model.info.metrics.insert(u"picture_width"_s, fit.sight.picture.width);
    m_model.info.metrics.insert(u"picture_height"_s, fit.sight.picture.height);
    m_model.info.calibration.insert(u"choices"_s, QJsonArray::fromStringList(m_choices));
    saveMemSegModel(m_modelFile, m_model);
    info = readModelInfo(m_modelFile);

    m_outcome.modelFile = m_modelFile;
    m_outcome.steps = m_loop.steps();
    m_outcome.seconds = m_loop.elapsedSeconds();
    m_outcome.secondsPerStep = m_loop.secondsPerStep();
    m_outcome.warning = m_loop.warnings();
    m_context.report(1.0, QCoreApplication::translate("core", "done"), 0.0);
    return std::move(m_outcome);
}

void Trainer::leaveCopiesOut()
{
    std::vector<Sample> good = m_split.all();
    const std::vector<Sample> copies = takeCopiesOut(good, m_context.cancel);
    if (copies.empty())
        return;
    if (int(good.size()) < kLeastGoodImages) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "Only %1 of the %2 good images differ; the others are copies.")
                        .arg(good.size())
                        .arg(good.size() + copies.size()),
                    QCoreApplication::translate("core", "Add images of other good parts: at least %1, thirty or more "
                                                        "make the thresholds trustworthy.")
                        .arg(kLeastGoodImages));
    }
    leaveOut(copies);
    warn(QCoreApplication::translate("core", "%n of the %1 good images are copies of others; left out: %2.", nullptr,
                                     int(copies.size()))
             .arg(good.size() + copies.size())
             .arg(shortList(sampleNames(copies))));
}

/// From learning and from the thresholds.
void Trainer::leaveOut(const std::vector<Sample>& samples)
{
    const QStringList names = sampleNames(samples);
    m_usable.erase(std::remove_if(m_usable.begin(), m_usable.end(),
                                  [&](const Sample& sample) { return names.contains(sample.name); }),
                   m_usable.end());
    m_split = splitGoodImages(m_usable, m_options);
}

/// Upright parts, if they are to be; images in which none was found are left out and named.
void Trainer::findParts()
{
    const PartsFound found = lynceus::findParts(m_options, m_split.all(), {m_context.cancel, {}});
    if (!found.text.isEmpty()) {
        qCInfo(logTraining).noquote() << found.text;
        m_choices << found.text;
    }
    m_anyAngle = found.anyAngle;
    if (found.notFound.empty())
        return;
    leaveOut(found.notFound);
    m_notFound = found.notFound;
    warn(QCoreApplication::translate("core",
                                     "In %n of %1 good images no part was found as in the others; left out: %2.",
                                     nullptr, int(m_notFound.size()))
             .arg(m_split.all().size() + m_notFound.size())
             .arg(shortList(sampleNames(m_notFound))));
}

void Trainer::prepareNetwork(const PreparedImages& training)
{
    MemSegNetworkImpl& network = *m_model.network;
    if (network.hasDecoder()) {
        initialiseUniform(*network.msff, m_seed.fork(Decoder).state());
        const auto decoder = network.decoder.is_empty() ? network.light_decoder.ptr()->as<torch::nn::Module>()
                                                        : network.decoder.ptr()->as<torch::nn::Module>();
        initialiseUniform(*decoder, m_seed.fork(Decoder).fork(1).state());
    }
    prepareEncoder(network, m_encoderFile, m_seed.fork(Encoder).state(), training, m_context.cancel);
}

/// Round parts lie at any angle without looking turned: then the branch may know them at several.
void Trainer::chooseNearest()
{
    if (!m_options.nearestGood)
        return;
    const torch::NoGradGuard noGrad;
    m_model.network->eval();
    buildNearest(1);
    if (!m_anyAngle)
        return;
    const NearestGood untouched = m_model.nearest;
    const auto inBranch = m_inBranch;
    const double asTheyLie = branchQuality(m_model, m_joining, m_inBranch);
    buildNearest(kTurns);
    const double turned = branchQuality(m_model, m_joining, m_inBranch);
    const bool asAlike = m_model.nearest.usualDistance() < kAsAlike * untouched.usualDistance();
    const bool isWorthIt = asAlike && turned > asTheyLie - kAsGood;
    m_choices << (isWorthIt
                      ? QCoreApplication::translate("core",
                                                    "Good parts are known at %1 angles: so each is more like the "
                                                    "others.")
                            .arg(kTurns)
                      : QCoreApplication::translate("core", "Good parts are known as they lie: turned copies would not "
                                                            "make them more alike."));
    qCInfo(logTraining).noquote() << m_choices.back() << "Usual distance" << untouched.usualDistance() << "to"
                                  << m_model.nearest.usualDistance() << ", held-back defects" << asTheyLie << "to"
                                  << turned;
    if (isWorthIt)
        return;
    m_model.nearest = untouched;
    m_inBranch = inBranch;
}

/// From all good images, as calibration leaves each out in its turn, each at `turns` angles.
void Trainer::buildNearest(int turns)
{
    std::vector<Sample> samples = m_split.all();
    Random random = m_seed.fork(Branch);
    random.shuffle(samples);
    samples.resize(std::min(samples.size(), std::size_t(m_options.nearestImages)));
    m_inBranch.clear();
    std::vector<std::vector<NearestGood::Scales>> good;
    std::size_t bytes = 0;
    std::size_t pictures = 0;
    for (std::size_t i = 0; i < samples.size() && bytes < kMostBranchBytes; ++i) {
        m_context.cancel.throwIfCancelled();
        const cv::Mat image = PreparedImages({samples[i]}, m_options.preprocessing, m_context.cancel).at(0);
        m_inBranch.insert(samples[i].path, i);
        good.emplace_back();
        // As many copies of each as there is room for.
        const std::size_t bytesOfOne = pictures > 0 ? bytes / pictures : 1;
        const std::size_t room = kMostBranchBytes / bytesOfOne / samples.size();
        const int copies = pictures == 0 ? 1 : std::clamp(int(std::min<std::size_t>(room, 1000)), 1, turns);
        for (int copy = 0; copy < copies; ++copy) {
            const auto features = m_model.network->encode(
                imageToTensor(copy == 0 ? image : turnedBy(image, 360.0 * (copy + random.uniform()) / turns)));
            NearestGood::Scales scales = NearestGood::scalesOf({features[1], features[2], features[3]});
            for (torch::Tensor& scale : scales) {
                scale = scale.to(torch::kHalf);
                bytes += scale.nbytes();
            }
            good.back().push_back(std::move(scales));
            ++pictures;
        }
    }
    NearestGood::Options how;
    how.mostKeys = m_options.nearestKeys;
    m_model.nearest = NearestGood(good, how, m_context.cancel);
}

/// What a difference to the memory is on images that the memory does not hold.
void Trainer::scaleDifferences(const PreparedImages& heldOut)
{
    const torch::NoGradGuard noGrad;
    std::array<double, 3> means{};
    const std::size_t count = std::min(heldOut.size(), kDifferenceImages);
    for (std::size_t i = 0; i < count; ++i) {
        m_context.cancel.throwIfCancelled();
        const auto features = m_model.network->encode(imageToTensor(heldOut.at(i)));
        const auto match = m_model.bank.match({features[1], features[2], features[3]});
        for (std::size_t level = 0; level < 3; ++level)
            means[level] += match.difference[level].mean().item<double>() / double(count);
    }
    m_model.network->setDifferenceScale(means);
}

void Trainer::buildMemory(const PreparedImages& memory)
{
    const torch::NoGradGuard noGrad;
    m_model.network->eval();
    std::array<std::vector<torch::Tensor>, 3> levels;
    for (std::size_t i = 0; i < memory.size(); ++i) {
        m_context.cancel.throwIfCancelled();
        const auto features = m_model.network->encode(imageToTensor(memory.at(i)));
        for (std::size_t level = 0; level < 3; ++level)
            levels[level].push_back(features[level + 1].to(torch::kHalf).to(torch::kFloat));
    }
    m_model.bank = MemoryBank({torch::cat(levels[0]), torch::cat(levels[1]), torch::cat(levels[2])},
                              m_options.difference, m_options.selection);
}

torch::Tensor Trainer::logits(const torch::Tensor& images)
{
    // The frozen part records no gradients: neither its input nor its weights ask for them.
    const auto features = m_model.network->encode(images);
    MemoryBank::Match match;
    {
        const torch::NoGradGuard noGrad;
        match = m_model.bank.match({features[1], features[2], features[3]});
    }
    return m_model.network->decode(features, match.difference);
}

void Trainer::runLoop()
{
    m_optimizer = makeOptimizer(trainableOf(*m_model.network), m_options.profile == "paper"_L1);
    TrainingLoop::Options how;
    how.checkpointFile = m_checkpointFile;
    how.fingerprint = m_fingerprint;
    how.validations = kValidations;
    how.from = kMemoryShare;
    how.to = kTrainShare;
    m_loop.run(*this, trainingPlan(m_options), how);
    m_feeder.reset();
    m_optimizer.reset();
    m_batch = {};
}

/// Options and all files that are learnt from; what may differ between two runs of the same training is left out.
QString Trainer::fingerprint() const
{
    if (m_checkpointFile.isEmpty())
        return {};
    QJsonObject options = m_options.toJson();
    options.remove(u"threads"_s);
    options.remove(u"minutes"_s);
    QCryptographicHash hash(QCryptographicHash::Sha256);
    hash.addData(QJsonDocument(options).toJson(QJsonDocument::Compact));
    hash.addData(m_outcome.info.dataHash.toUtf8());
    hash.addData(QByteArray::number(kTrainingFormat));
    if (!m_encoderFile.isEmpty())
        hash.addData(fileSha256(m_encoderFile).toUtf8());
    if (const QString& folder = m_options.simulator.textureFolder; !folder.isEmpty()) {
        std::vector<Sample> textures;
        for (const QString& path : findImages(folder, m_context.cancel))
            textures.push_back({path, path, {}, Truth::Good, {}});
        hash.addData(dataHash(textures, m_context.cancel).toUtf8());
    }
    return QString::fromLatin1(hash.result().toHex());
}

void Trainer::begin(int step)
{
    m_feeder.emplace(DefectBatches(*m_training, m_simulator, m_options.batch, m_seed.fork(Batches).state()),
                     std::uint64_t(step));
}

void Trainer::fetch(int /*step*/)
{
    m_batch = m_feeder->next();
    if (m_observer.samples && !m_batch.pictures.empty())
        m_observer.samples(m_batch.pictures);
}

double Trainer::learn(int step, double /*share*/)
{
    m_model.network->train();
    m_optimizer->zero_grad();
    std::vector<cv::Rect> windows;
    if (m_options.windows && learnsFromWindows(step)) {
        Random random = m_seed.fork(Windows).fork(std::uint64_t(step));
        windows = chooseWindows(m_batch.masks, random);
    }
    const torch::Tensor loss = batchLoss(*m_model.network, m_model.bank, m_batch, windows);
    const double value = loss.item<double>();
    if (!std::isfinite(value))
        return value;
    loss.backward();
    m_optimizer->step();
    return value;
}

ValidationResult Trainer::validationResult()
{
    const torch::NoGradGuard noGrad;
    m_model.network->eval();
    ValidationResult result;
    for (std::size_t i = 0; i < m_validation.images.size(); ++i) {
        throwIfStopped();
        result.maps.push_back(tensorToMap(torch::softmax(logits(imageToTensor(m_validation.image(i))), 1)[0][1]));
        result.scores.push_back(imageScore(result.maps.back()));
    }
    if (!std::all_of(result.scores.begin(), result.scores.end(), [](double score) { return std::isfinite(score); }))
        return {};
    result.imageAuroc = auroc(result.scores, m_validation.defective);
    result.pixelAuroc = pixelAuroc(result.maps, m_validation.masks);
    return result;
}

std::optional<double> Trainer::validate(int step)
{
    const ValidationResult result = validationResult();
    if (result.scores.empty())
        return {};
    m_loop.tell(u"validation_auroc"_s, step, result.imageAuroc);
    showMaps(result);
    return result.quality();
}

QString Trainer::divergedRemedy() const
{
    return QCoreApplication::translate("core", "Lower learning_rate, for example to %1, and train again.")
        .arg(trainingPlan(m_options).highestRate() / 10.0);
}

/// Defective ones first: they come after the good ones they were made from.
void Trainer::showMaps(const ValidationResult& result) const
{
    if (!m_observer.maps)
        return;
    std::vector<cv::Mat> pictures;
    for (std::size_t i = 0; i < result.maps.size() && pictures.size() < kMapsShown; ++i) {
        if (m_validation.defective[i])
            pictures.push_back(sideBySide(m_validation.images[i], result.maps[i]));
    }
    m_observer.maps(pictures);
}

void Trainer::restoreBest()
{
    loadState(*m_model.network, m_loop.best(), m_modelFile);
    roundToHalf(stateDict(*m_model.network));
}

/// Where there is nothing to keep a checkpoint of. A training that is to be kept gets through these few seconds: to the
/// next step, whose checkpoint goes on as if nothing had been, or to its model.
void Trainer::throwIfStopped() const
{
    if (!m_control.isKeptWhenCancelled())
        m_context.cancel.throwIfCancelled();
}

/// Calibration and writing the model.
double Trainer::secondsAfterwards(double secondsPerValidation) const
{
    const double calibrated = double(m_split.heldOut.size()) / double(m_validation.images.size());
    return 1.5 * calibrated * secondsPerValidation + kWriteSeconds;
}

} // namespace

TrainingOutcome trainMemSeg(const AnomalyFolder& folder, const MemSegOptions& options, const QString& encoderFile,
                            const QString& modelFile, const TaskContext& context, const TrainingObserver& observer,
                            const TrainingControl& control, const QString& checkpointFile, qint64 run)
{
    try {
        options.validate();
        return Trainer(folder, options, encoderFile, modelFile, context, observer, control, checkpointFile, run).run();
    } catch (...) {
        throw currentError(QCoreApplication::translate("core", "training %1").arg(modelFile));
    }
}

} // namespace lynceus
