// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/odd_images.h"

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/image/image_io.h"
#include "core/memseg/nearest_good.h"
#include "core/memseg/training_plan.h"
#include "core/memseg/training_setup.h"
#include "core/nn/device.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"
#include "core/training/prepared_images.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <cmath>
#include <optional>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr std::size_t kMostCompared = 200; ///< images that the others are compared with; some 0.5 MB each,
constexpr std::size_t kMostBytes = std::size_t(512) << 20; ///< and more where the input is large
constexpr double kEncodeShare = 0.5;                       ///< of the time
constexpr double kSigmaOfDeviation = 1.4826; ///< standard deviation of a normal distribution by its median deviation
constexpr double kLeastSigma = 0.1;          ///< in deviations of good cells: images more alike than that are all alike

double median(std::vector<double> values)
{
    const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

} // namespace

std::vector<OddImage> rankByOddness(const AnomalyFolder& folder, const MemSegOptions& options,
                                    const QString& encoderFile, const TaskContext& context)
{
    MemSegOptions how = options;
    how.nearestGood = true;
    how.decoder = u"none"_s;
    how.validate();
    std::vector<Sample> samples = withoutExcluded(folder.train, options);
    if (int(samples.size()) < kLeastGoodImages) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "%1 good images cannot be compared with each other.")
                        .arg(samples.size()),
                    QCoreApplication::translate("core", "Add good images: at least %1.").arg(kLeastGoodImages));
    }
    useChosenThreads();
    const torch::NoGradGuard noGrad;
    context.report(0.0, QCoreApplication::translate("core", "looking for parts"));
    findParts(how, samplesToFindPartsIn(samples), {context.cancel, {}});
    Random(options.seed).shuffle(samples);
    fitInput(how, samples, context.cancel);
    MemSegNetwork network(how);
    // Only random encoders look at images.
    std::vector<Sample> some;
    if (encoderFile.isEmpty()) {
        some.assign(samples.begin(), samples.begin() + std::ptrdiff_t(std::min(samples.size(), std::size_t(64))));
        some = withPart(some, how.preprocessing, context.cancel);
    }
    const PreparedImages first(some, how.preprocessing, context.cancel);
    prepareEncoder(*network, encoderFile, options.seed, first, context.cancel);
    network->eval();

    const Stopwatch clock;
    std::vector<OddImage> ranked; // so far those without a part
    const auto levelsOf = [&](const Sample& sample) -> std::optional<FeatureLevels> {
        context.cancel.throwIfCancelled();
        const PreparedImage prepared = prepareImage(readImage(sample.path), how.preprocessing);
        if (!prepared.problem.isEmpty()) {
            ranked.push_back({sample, 0.0, prepared.problem});
            return {};
        }
        cv::Mat whole; // whole numbers, as a training has them
        prepared.image.convertTo(whole, CV_8U);
        whole.convertTo(whole, CV_32F);
        const auto features = network->encode(imageToTensor(whole));
        return FeatureLevels{features[1], features[2], features[3]};
    };
    std::vector<Sample> known; // those with a part, in the order of their figures
    std::vector<FeatureLevels> compared;
    std::size_t bytes = 0;
    std::size_t next = 0;
    for (; next < samples.size() && compared.size() < kMostCompared && bytes < kMostBytes; ++next) {
        if (const auto levels = levelsOf(samples[next])) {
            for (const torch::Tensor& level : *levels)
                bytes += level.nbytes();
            compared.push_back(*levels);
            known.push_back(samples[next]);
        }
        const double share = double(next + 1) / double(samples.size());
        context.report(kEncodeShare * share, samples[next].name,
                       clock.ms() / 1000.0 * (1.0 / (kEncodeShare * share) - 1.0));
    }
    context.report(kEncodeShare, QCoreApplication::translate("core", "comparing"));
    NearestGood::Options limits;
    limits.mostKeys = how.nearestKeys;
    const NearestGood nearest(compared, limits, context.cancel);
    std::vector<double> raw = nearest.oddness();
    for (; next < samples.size(); ++next) {
        if (const auto levels = levelsOf(samples[next])) {
            raw.push_back(NearestGood::oddnessOf(nearest.distances(*levels)));
            known.push_back(samples[next]);
        }
        context.report(double(next) / double(samples.size()), samples[next].name);
    }

    const double middle = median(raw);
    std::vector<double> deviations;
    for (const double value : raw)
        deviations.push_back(std::abs(value - middle));
    const double sigma = std::max(kLeastSigma, kSigmaOfDeviation * median(deviations));
    for (std::size_t i = 0; i < known.size(); ++i)
        ranked.push_back({known[i], (raw[i] - middle) / sigma, {}});
    std::sort(ranked.begin(), ranked.end(), [](const OddImage& a, const OddImage& b) {
        if (a.problem.isEmpty() != b.problem.isEmpty())
            return b.problem.isEmpty();
        return a.oddness != b.oddness ? a.oddness > b.oddness : a.sample.name < b.sample.name;
    });
    context.report(1.0, QCoreApplication::translate("core", "done"), 0.0);
    return ranked;
}

} // namespace lynceus
