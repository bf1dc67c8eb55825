// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/training_setup.h"

#include "core/base/error.h"
#include "core/image/image_io.h"
#include "core/image/part_aligner.h"
#include "core/memseg/defect_simulator.h"
#include "core/memseg/model.h"
#include "core/nn/layers.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QCryptographicHash>
#include <QtCore/QFileInfo>
#include <QtCore/QSet>

#include <opencv2/imgproc.hpp>

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr std::size_t kStatisticsImages = 64; ///< for the batch norms of a random encoder
constexpr std::size_t kEncodeBatch = 8;
constexpr std::size_t kSizedImages = 25;
constexpr double kPartMargin = 0.03;
constexpr double kLeastPartShare = 0.02;
constexpr double kMostDecoderArea = 640.0 * 640.0; ///< a step of the training takes some seconds there
constexpr double kKeysArea = 384.0 * 384.0;        ///< larger inputs have more places, which need more keys
constexpr double kKeys = 160'000.0;
constexpr double kMostKeys = 640'000.0;
constexpr double kMoreAlike = 0.5;  ///< upright parts have to differ at most this much of what they differ as they lie
constexpr double kLearnShare = 0.5; ///< of the time that finding parts takes
constexpr double kMostNotFound = 0.1; ///< of the good parts; else they are not what can be found

/// Batch norm statistics of `encoder` from the product itself.
void measureStatistics(ResNet18Impl& encoder, const PreparedImages& images, const CancelToken& cancel)
{
    const torch::NoGradGuard noGrad;
    std::vector<torch::nn::BatchNorm2dImpl*> norms;
    for (const auto& module : encoder.modules()) {
        if (auto* bn = module->as<torch::nn::BatchNorm2dImpl>())
            norms.push_back(bn);
    }
    std::vector<c10::optional<double>> momenta;
    for (auto* bn : norms) {
        momenta.push_back(bn->options.momentum());
        bn->reset_running_stats();
        bn->options.momentum(c10::nullopt); // the plain mean over all batches
    }
    encoder.train();
    const std::size_t count = std::min(images.size(), kStatisticsImages);
    for (std::size_t begin = 0; begin < count; begin += kEncodeBatch) {
        cancel.throwIfCancelled();
        std::vector<cv::Mat> batch;
        for (std::size_t i = begin; i < std::min(count, begin + kEncodeBatch); ++i)
            batch.push_back(images.at(i));
        encoder.features(imagesToTensor(batch));
    }
    for (std::size_t i = 0; i < norms.size(); ++i)
        norms[i]->options.momentum(momenta[i]);
    encoder.eval();
}

Error largerThanPicture(const QString& defect, const cv::Size& picture)
{
    return Error(ErrorKind::Input,
                 QCoreApplication::translate("core", "The smallest defect that must be found, %1, is larger than the "
                                                     "pictures of %2 x %3 pixels.")
                     .arg(defect)
                     .arg(picture.width)
                     .arg(picture.height),
                 QCoreApplication::translate("core", "Correct smallest_defect or pixels_per_mm."));
}

bool hasPart(const Sample& sample, const Preprocessing& how)
{
    return !how.part || how.part->align(readImage(sample.path)).status == PartStatus::Found;
}

} // namespace

QStringList sampleNames(const std::vector<Sample>& samples)
{
    QStringList names;
    for (const Sample& sample : samples)
        names << sample.name;
    return names;
}

QString shortList(const QStringList& names)
{
    constexpr qsizetype kMostNamed = 5;
    QString list = names.mid(0, kMostNamed).join(u", "_s);
    if (names.size() > kMostNamed)
        list += QCoreApplication::translate("core", " and %1 more").arg(names.size() - kMostNamed);
    return list;
}

std::vector<Sample> takeCopiesOut(std::vector<Sample>& samples, const CancelToken& cancel)
{
    std::vector<Sample> copies;
    std::vector<Sample> kept;
    QSet<QString> seen;
    for (const Sample& sample : samples) {
        cancel.throwIfCancelled();
        const QString hash = fileSha256(sample.path);
        (seen.contains(hash) ? copies : kept).push_back(sample);
        seen.insert(hash);
    }
    samples = kept;
    return copies;
}

std::vector<Sample> withPart(const std::vector<Sample>& samples, const Preprocessing& how, const CancelToken& cancel)
{
    std::vector<Sample> found;
    for (const Sample& sample : samples) {
        cancel.throwIfCancelled();
        if (hasPart(sample, how))
            found.push_back(sample);
    }
    return found;
}

std::vector<Sample> samplesToFindPartsIn(const std::vector<Sample>& samples)
{
    const std::size_t count = std::min(samples.size(), PartAligner::Options().mostPictures);
    std::vector<Sample> some;
    for (std::size_t i = 0; i < count; ++i)
        some.push_back(samples[i * samples.size() / count]);
    return some;
}

PartsFound findParts(MemSegOptions& options, const std::vector<Sample>& samples, const TaskContext& context)
{
    Preprocessing& how = options.preprocessing;
    how.part = nullptr;
    const bool isForced = options.align == "on"_L1;
    PartsFound result;
    if (options.align == "off"_L1 || samples.empty())
        return result;
    const auto leave = [&](const QString& why) {
        if (isForced) {
            throw Error(ErrorKind::Input,
                        QCoreApplication::translate("core", "The parts can't be turned upright: %1").arg(why),
                        QCoreApplication::translate("core", "Set align to \"auto\" or \"off\"."));
        }
        how.part = nullptr;
        result.notFound.clear();
        result.text = QCoreApplication::translate("core", "Parts are judged as they lie: %1").arg(why);
        return result;
    };
    PartAligner::Options settings;
    settings.window16 = how.window16;
    const TaskContext learning{context.cancel, [&](const Progress& progress) {
                                   context.report(kLearnShare * progress.fraction, progress.what);
                               }};
    const PartAligner::Fit fit = PartAligner::learn(
        samples.size(), [&](std::size_t i) { return readImage(samples[i].path); }, settings, learning);
    if (!fit.aligner)
        return leave(fit.whyNot);
    result.anyAngle = !fit.aligner->findsAngle();
    if (!isForced && fit.alikeAfter > kMoreAlike * fit.alikeBefore) {
        return leave(QCoreApplication::translate("core", "upright they would not be much more alike (they differ by %1 "
                                                         "instead of %2 grey values).")
                         .arg(fit.alikeAfter, 0, 'f', 1)
                         .arg(fit.alikeBefore, 0, 'f', 1));
    }
    how.part = std::make_shared<PartAligner>(*fit.aligner);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        context.cancel.throwIfCancelled();
        context.report(kLearnShare + (1.0 - kLearnShare) * double(i) / double(samples.size()), samples[i].name);
        if (!hasPart(samples[i], how))
            result.notFound.push_back(samples[i]);
    }
    if (double(result.notFound.size()) > kMostNotFound * double(samples.size())) {
        return leave(QCoreApplication::translate("core", "in %1 of %2 good images no part was found as in the others.")
                         .arg(result.notFound.size())
                         .arg(samples.size()));
    }
    how.resizeTo = 0;
    result.text = QCoreApplication::translate("core", "Parts are found, turned upright and cut out: they differ by %1 "
                                                      "instead of %2 grey values.")
                      .arg(fit.alikeAfter, 0, 'f', 1)
                      .arg(fit.alikeBefore, 0, 'f', 1);
    return result;
}

InputFit fitInput(MemSegOptions& options, const std::vector<Sample>& samples, const CancelToken& cancel)
{
    std::vector<cv::Size> sizes;
    const auto& part = options.preprocessing.part;
    if (part)
        sizes.push_back(part->frame());
    for (std::size_t i = 0; !part && i < std::min(samples.size(), kSizedImages); ++i) {
        cancel.throwIfCancelled();
        sizes.push_back(readImage(samples[i].path).size());
    }
    const auto median = [&](const auto& valueOf) {
        std::vector<double> values(sizes.size());
        std::transform(sizes.begin(), sizes.end(), values.begin(), valueOf);
        const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
        std::nth_element(values.begin(), middle, values.end());
        return *middle;
    };
    InputFit fit;
    Sight& sight = fit.sight;
    sight.picture = cv::Size(int(median([](const cv::Size& size) { return size.width; })),
                             int(median([](const cv::Size& size) { return size.height; })));
    sight.smallest = options.smallestDefectPixels();
    sight.pixelsPerMm = options.pixelsPerMm;
    if (sight.smallest > std::max(sight.picture.width, sight.picture.height))
        throw largerThanPicture(options.smallestDefect, sight.picture);

    Preprocessing& how = options.preprocessing;
    if (options.autoSize || options.keepAspect) {
        double side = std::sqrt(double(how.width) * double(how.height));
        if (options.autoSize) {
            const int square = int(std::lround(std::sqrt(double(sight.picture.area()))));
            const cv::Size picture = options.keepAspect ? sight.picture : cv::Size(square, square);
            side = sight.smallest > 0.0 ? sideForDefects(picture, part != nullptr, sight.smallest)
                                        : automaticSide(picture, part != nullptr);
        }
        const double ratio = options.keepAspect
                                 ? median([](const cv::Size& size) { return double(size.width) / double(size.height); })
                                 : double(how.width) / double(how.height);
        const cv::Size input = inputOf(side, ratio);
        how.width = input.width;
        how.height = input.height;
    }
    sight.input = how.resizeTo > 0 ? cv::Size(how.resizeTo, how.resizeTo) : cv::Size(how.width, how.height);
    if (const QString text = sight.text(); !text.isEmpty())
        fit.texts << text;

    const double area = double(how.width) * double(how.height);
    if (options.nearestKeys == 0 && options.nearestGood)
        options.nearestKeys = int(std::clamp(kKeys * area / kKeysArea, kKeys, kMostKeys));
    if (area > kMostDecoderArea && options.nearestGood && options.decoder != "none"_L1) {
        options.decoder = u"none"_s;
        fit.texts << QCoreApplication::translate("core", "An input of %1 x %2 is too large for a decoder to be trained "
                                                         "on it: the distance to the nearest good part judges alone.")
                         .arg(how.width)
                         .arg(how.height);
    }
    options.validate();
    return fit;
}

cv::Mat partMask(const PreparedImages& images, ForegroundOptions how, const CancelToken& cancel)
{
    how.fillHoles = true; // what lies in a hole is seen
    cv::Mat counts;
    for (std::size_t i = 0; i < images.size(); ++i) {
        cancel.throwIfCancelled();
        cv::Mat one;
        foregroundMask(images.at(i), how).convertTo(one, CV_32F, 1.0 / 255.0);
        counts = counts.empty() ? one : counts + one;
    }
    // What a single picture of very many shows is more likely a mask gone wrong than a part.
    cv::Mat part = counts >= std::max(1.0, kLeastPartShare * double(images.size()));
    const int margin = int(std::lround(kPartMargin * std::max(part.rows, part.cols)));
    cv::dilate(part, part, cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(2 * margin + 1, 2 * margin + 1)));
    return part;
}

QString dataHash(const std::vector<Sample>& samples, const CancelToken& cancel)
{
    QCryptographicHash hash(QCryptographicHash::Sha256);
    for (const Sample& sample : samples) {
        cancel.throwIfCancelled();
        const qint64 bytes = QFileInfo(sample.path).size();
        hash.addData(u"%1 %2 %3\n"_s.arg(sample.name).arg(bytes).arg(fileSha256(sample.path)).toUtf8());
    }
    return QString::fromLatin1(hash.result().toHex());
}

void initialiseUniform(torch::nn::Module& module, std::uint64_t seed)
{
    const torch::NoGradGuard noGrad;
    const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    for (const auto& child : module.modules()) {
        if (auto* conv = child->as<torch::nn::Conv2dImpl>()) {
            const double bound = 1.0 / std::sqrt(double(conv->weight.numel() / conv->weight.size(0)));
            conv->weight.uniform_(-bound, bound, generator);
            if (conv->bias.defined())
                conv->bias.uniform_(-bound, bound, generator);
        }
    }
}

void roundToHalf(const StateDict& state)
{
    const torch::NoGradGuard noGrad;
    for (const auto& [name, tensor] : state) {
        if (tensor.is_floating_point() && tensor.numel() > 1024)
            tensor.copy_(tensor.to(torch::kHalf));
    }
}

void prepareEncoder(MemSegNetworkImpl& network, const QString& file, std::uint64_t seed, const PreparedImages& images,
                    const CancelToken& cancel)
{
    initialiseEncoder(network, seed);
    torch::nn::Module& encoder = *network.encoder();
    if (!file.isEmpty()) {
        // Files may hold more or less of an encoder than this network uses; layer4 is trained in any case.
        std::vector<std::string> later{"fc.", "classifier", "layer4."};
        for (int block = MobileNetV2Impl::kBlocks; block <= 18; ++block)
            later.push_back("features." + std::to_string(block) + '.');
        const StateDict weights = readStateDict(SafetensorsFile(file));
        requireFinite(weights, file);
        loadState(encoder, weights, file, {{"layer4."}, later});
    }
    roundToHalf(stateDict(encoder));
    layOutChannelsLast(network);
    if (file.isEmpty() && !network.resnet.is_empty())
        measureStatistics(*network.resnet, images, cancel);
    network.freezeEncoder();
}

std::vector<torch::Tensor> trainableOf(const torch::nn::Module& module)
{
    std::vector<torch::Tensor> parameters;
    for (const torch::Tensor& parameter : module.parameters()) {
        if (parameter.requires_grad())
            parameters.push_back(parameter);
    }
    return parameters;
}

std::unique_ptr<torch::optim::Optimizer> makeOptimizer(const std::vector<torch::Tensor>& parameters, bool paper)
{
    constexpr double kWeightDecay = 5e-4;
    if (paper) {
        return std::make_unique<torch::optim::SGD>(
            parameters, torch::optim::SGDOptions(0.0).momentum(0.9).weight_decay(kWeightDecay));
    }
    return std::make_unique<torch::optim::AdamW>(parameters,
                                                 torch::optim::AdamWOptions(0.0).weight_decay(kWeightDecay));
}

} // namespace lynceus
