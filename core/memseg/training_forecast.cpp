// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/training_forecast.h"

#include "core/memseg/key_search.h"
#include "core/memseg/memory_bank.h"
#include "core/memseg/nearest_good.h"
#include "core/memseg/training_batches.h"
#include "core/memseg/training_plan.h"
#include "core/memseg/training_setup.h"
#include "core/memseg/training_windows.h"
#include "core/memseg/validation_set.h"
#include "core/nn/device.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <array>

namespace lynceus {

namespace {

constexpr std::size_t kImagesRead = 4;
constexpr int kSteps = 3; ///< the first one allocates and is not counted
constexpr double kMiB = 1024.0 * 1024.0;
constexpr double kMostBranchBytes = 512.0 * kMiB;
constexpr double kKeysPerSearch = 4.0 * kKeyTile; ///< a search of a tile's keys is mostly what goes with any search

} // namespace

TrainingForecast forecastTraining(const AnomalyFolder& folder, const MemSegOptions& options, const QString& encoderFile,
                                  const TaskContext& context)
{
    MemSegOptions how = options;
    how.validate();
    useChosenThreads();
    const KeepFreedMemory keepFreedMemory;
    const GoodSplit split = splitGoodImages(folder.train, how);
    const std::vector<Sample> all = split.all();
    const auto images = double(all.size());
    Stopwatch clock;
    const std::vector<Sample> lookedAt = samplesToFindPartsIn(all);
    const PartsFound parts = findParts(how, lookedAt, {context.cancel, {}});
    const double finding = clock.restart() / 1000.0;
    TrainingForecast forecast;
    forecast.sight = fitInput(how, all, context.cancel).sight;
    forecast.width = how.preprocessing.width;
    forecast.height = how.preprocessing.height;
    forecast.images = int(all.size());
    resetPeakMemory();

    context.report(0.1, QCoreApplication::translate("core", "reading some images"));
    clock.restart();
    const std::vector<Sample> some =
        withPart({all.begin(), all.begin() + std::ptrdiff_t(std::min(all.size(), kImagesRead))}, how.preprocessing,
                 context.cancel);
    const PreparedImages prepared(some, how.preprocessing, context.cancel);
    const double read = clock.restart() / 1000.0 / double(some.size());

    MemSegNetwork network(how);
    prepareEncoder(*network, encoderFile, how.seed, prepared, context.cancel);
    std::vector<FeatureLevels> levels;
    std::array<std::vector<torch::Tensor>, 3> memory;
    {
        const torch::NoGradGuard noGrad;
        network->encode(imageToTensor(prepared.at(0))); // the first one prepares kernels
    }
    clock.restart();
    for (std::size_t i = 0; i < prepared.size(); ++i) {
        const torch::NoGradGuard noGrad;
        context.cancel.throwIfCancelled();
        const auto features = network->encode(imageToTensor(prepared.at(i)));
        levels.push_back({features[1], features[2], features[3]});
        for (std::size_t level = 0; level < 3; ++level)
            memory[level].push_back(features[level + 1]);
    }
    const double encode = clock.restart() / 1000.0 / double(prepared.size());

    // Images are read for the hash, for the network, for the branch and for the calibration.
    double preparation = images * 3.0 * read + finding;
    if (how.preprocessing.part)
        preparation += std::max(0.0, images - double(lookedAt.size())) * read;
    double inspection = read + encode;
    double extraMemory = std::min(double(PreparedImages::kMostBytes), images * 3.0 * forecast.width * forecast.height);
    if (how.nearestGood) {
        const NearestGood nearest(levels, {}, context.cancel);
        clock.restart();
        nearest.distances(levels.front());
        const double places = forecast.width / 8.0 * forecast.height / 8.0;
        const double compared = std::min({double(how.nearestImages), images, how.nearestKeys / places});
        const double search = clock.restart() / 1000.0 * std::max(1.0, compared / kKeysPerSearch);
        const double good = std::min(double(how.nearestImages), images);
        preparation += good * (encode + 2.0 * search);
        inspection += search;
        // Some 150 channels a place, in half precision and as keys twice, of as many images as the trainer takes.
        extraMemory += std::min(good * places * 150.0 * 2.0, kMostBranchBytes) * 2.0;
    }
    const double calibration = double(split.heldOut.size()) * inspection + 64.0 * inspection;

    if (network->hasDecoder()) {
        context.report(0.3, QCoreApplication::translate("core", "trying some steps"));
        for (auto& level : memory) {
            while (int(level.size()) < how.memoryImages)
                level.push_back(level[level.size() % some.size()]);
        }
        const MemoryBank bank({torch::cat(memory[0]), torch::cat(memory[1]), torch::cat(memory[2])}, how.difference,
                              how.selection);
        const DefectSimulator simulator(how.simulator);
        const auto optimizer = makeOptimizer(trainableOf(*network), false);
        BatchFeeder<TrainingBatch> feeder(DefectBatches(prepared, simulator, how.batch, how.seed));
        network->train();
        Random random(how.seed);
        std::array<double, 2> fastest{}; // on whole images, on windows
        for (int step = 0; step < kSteps; ++step) {
            context.cancel.throwIfCancelled();
            clock.restart();
            const TrainingBatch batch = feeder.next();
            optimizer->zero_grad();
            const bool inWindows = how.windows && step % 2 == 1;
            batchLoss(*network, bank, batch, inWindows ? chooseWindows(batch.masks, random) : std::vector<cv::Rect>())
                .backward();
            optimizer->step();
            const double seconds = clock.restart() / 1000.0;
            double& least = fastest[inWindows ? 1 : 0];
            if (step > 0 && (least == 0.0 || seconds < least))
                least = seconds;
            context.report(0.3 + 0.7 * (step + 1) / kSteps, QCoreApplication::translate("core", "trying some steps"));
        }
        const double perStep = how.windows ? 0.25 * fastest[0] + 0.75 * fastest[1] : fastest[0];
        forecast.secondsPerStep = perStep;
        preparation += how.memoryImages * (read + encode);
        // A validation looks at up to 32 images, eight times and at the end, with about a third of a step's work.
        const double validations = 9.0 * 32.0 * (encode + 0.3 * perStep / how.batch);
        TrainingPlan plan = trainingPlan(how);
        if (plan.hasBudget()) {
            plan.fit(0, perStep, how.minutes * 60.0 - preparation - validations - calibration);
        }
        forecast.steps = plan.steps();
        preparation += forecast.steps * perStep + validations;
    }
    forecast.seconds = preparation + calibration;
    forecast.memoryMb = peakMemoryMb() + extraMemory / kMiB;
    context.report(1.0, QCoreApplication::translate("core", "done"), 0.0);
    return forecast;
}

} // namespace lynceus
