// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/odd_images.h"

#include "core/base/error.h"
#include "core/base/random.h"
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

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr std::size_t kMostCompared = 200;   ///< images that the others are compared with; some 0.5 MB each
constexpr double kEncodeShare = 0.5;         ///< of the time
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
    Random(options.seed).shuffle(samples);
    fitInput(how, samples, context.cancel);
    MemSegNetwork network(how);
    const std::vector<Sample> some(samples.begin(),
                                   samples.begin() + std::ptrdiff_t(std::min(samples.size(), std::size_t(64))));
    const PreparedImages first(some, how.preprocessing, context.cancel);
    prepareEncoder(*network, encoderFile, options.seed, first, context.cancel);
    network->eval();

    const Stopwatch clock;
    const auto levelsOf = [&](const Sample& sample) -> FeatureLevels {
        const PreparedImages one({sample}, how.preprocessing, context.cancel);
        const auto features = network->encode(imageToTensor(one.at(0)));
        return {features[1], features[2], features[3]};
    };
    std::vector<FeatureLevels> compared;
    for (std::size_t i = 0; i < std::min(samples.size(), kMostCompared); ++i) {
        context.cancel.throwIfCancelled();
        compared.push_back(levelsOf(samples[i]));
        const double share = double(i + 1) / double(samples.size());
        context.report(kEncodeShare * share, samples[i].name,
                       clock.ms() / 1000.0 * (1.0 / (kEncodeShare * share) - 1.0));
    }
    context.report(kEncodeShare, QCoreApplication::translate("core", "comparing"));
    NearestGood::Options limits;
    limits.seed = options.seed;
    limits.mostKeys = options.nearestKeys;
    const NearestGood nearest(compared, limits, context.cancel);
    std::vector<double> raw = nearest.oddness();
    for (std::size_t i = raw.size(); i < samples.size(); ++i) {
        context.cancel.throwIfCancelled();
        raw.push_back(NearestGood::oddnessOf(nearest.distances(levelsOf(samples[i]))));
        context.report(double(i) / double(samples.size()), samples[i].name);
    }

    const double middle = median(raw);
    std::vector<double> deviations;
    for (const double value : raw)
        deviations.push_back(std::abs(value - middle));
    const double sigma = std::max(kLeastSigma, kSigmaOfDeviation * median(deviations));
    std::vector<OddImage> ranked;
    for (std::size_t i = 0; i < samples.size(); ++i)
        ranked.push_back({samples[i], (raw[i] - middle) / sigma});
    std::sort(ranked.begin(), ranked.end(), [](const OddImage& a, const OddImage& b) {
        return a.oddness != b.oddness ? a.oddness > b.oddness : a.sample.name < b.sample.name;
    });
    context.report(1.0, QCoreApplication::translate("core", "done"), 0.0);
    return ranked;
}

} // namespace lynceus
