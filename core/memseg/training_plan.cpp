// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/training_plan.h"

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/nn/schedule.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <climits>
#include <cmath>
#include <map>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

// The profiles of methods.md 1.3, Optimiser.
constexpr int kReferenceSteps = 5000;
constexpr int kLightSteps = 500; ///< of the light decoder; more gained nothing that could be measured (docs/memseg.md)
constexpr double kReferenceRate = 3e-3;
constexpr double kReferenceLowShare = 1.0 / 30.0; ///< the schedule's low end, 1e-4, as a share of its high end
constexpr int kPaperSteps = 2700;
constexpr double kPaperRate = 0.04;
constexpr int kWarmUpShare = 10; ///< 500 of 5000 steps

} // namespace

std::vector<Sample> GoodSplit::all() const
{
    std::map<QString, Sample> byName;
    for (const auto* part : {&memory, &training, &heldOut}) {
        for (const Sample& sample : *part)
            byName.emplace(sample.name, sample);
    }
    std::vector<Sample> samples;
    for (const auto& [name, sample] : byName)
        samples.push_back(sample);
    return samples;
}

std::vector<Sample> withoutExcluded(const std::vector<Sample>& good, const MemSegOptions& options)
{
    std::vector<Sample> kept = good;
    for (const QString& name : options.excluded()) {
        const auto found = std::find_if(kept.begin(), kept.end(), [&](const Sample& s) { return s.name == name; });
        if (found == kept.end()) {
            throw Error(ErrorKind::Input,
                        QCoreApplication::translate("core", "%1 is to be left out, but it is not among the good "
                                                            "training images.")
                            .arg(name),
                        QCoreApplication::translate("core", "Correct the names in exclude, like %1.")
                            .arg(good.empty() ? u"train/good/007.png"_s : good.front().name));
        }
        kept.erase(found);
    }
    return kept;
}

GoodSplit splitGoodImages(const std::vector<Sample>& all, const MemSegOptions& options)
{
    const std::vector<Sample> good = withoutExcluded(all, options);
    const auto count = int(good.size());
    if (count < kLeastGoodImages) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "Training needs at least %1 good images; the folder has %2.")
                        .arg(kLeastGoodImages)
                        .arg(count),
                    QCoreApplication::translate(
                        "core", "Add images of good parts. Thirty or more make the thresholds trustworthy."));
    }
    std::vector<Sample> shuffled = good;
    Random random(options.seed);
    random.shuffle(shuffled);

    const int heldOut = std::clamp(int(std::lround(options.heldOut * count)), 2, count - 2);
    const int rest = count - heldOut;
    const bool shared = rest >= kImagesToShareMemory;
    const int memory = std::min(options.memoryImages, shared ? rest : rest / 2);

    const auto restBegin = shuffled.begin() + heldOut;
    GoodSplit split;
    split.heldOut.assign(shuffled.begin(), restBegin);
    split.memory.assign(restBegin, restBegin + memory);
    split.training.assign(shared ? restBegin : restBegin + memory, shuffled.end());
    return split;
}

TrainingPlan trainingPlan(const MemSegOptions& options)
{
    const bool isPaper = options.profile == "paper"_L1;
    const bool isLight = options.decoder == "light"_L1;
    const int ownSteps = isLight ? kLightSteps : kReferenceSteps;
    const int profileSteps = isPaper ? kPaperSteps : ownSteps;
    const double highest = options.learningRate > 0.0 ? options.learningRate : isPaper ? kPaperRate : kReferenceRate;
    const int steps = options.steps > 0 ? options.steps : profileSteps;
    const int mostSteps = options.steps > 0 || isLight ? steps : INT_MAX;
    const auto schedule = [isPaper, highest](int step, int all) {
        return isPaper ? cosineToZero(step, all, highest)
                       : warmupCosine(step, all, all / kWarmUpShare, highest * kReferenceLowShare, highest);
    };
    return TrainingPlan(schedule, highest, steps, options.minutes, mostSteps);
}

} // namespace lynceus
