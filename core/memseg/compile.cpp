// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/memseg/compile.h"

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/memseg/defect_simulator.h"
#include "core/memseg/gate_subject.h"
#include "core/memseg/model.h"
#include "core/memseg/training_plan.h"
#include "core/memseg/training_setup.h"
#include "core/memseg/validation_set.h"
#include "core/training/prepared_images.h"

#include <QtCore/QCoreApplication>

namespace lynceus {

namespace {

constexpr std::size_t kCalibrationImages = 16;
constexpr std::size_t kCalibrationPixels = 16'000'000;
constexpr std::size_t kComparedPixels = 32'000'000; ///< of good images
constexpr std::size_t kLookedAt = 12;               ///< good images that must look like the model's part

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

CompileImages gather(const MemSegModel& model, const AnomalyFolder& folder, int count, const CancelToken& cancel)
{
    const auto& how = model.info.preprocessing;
    GoodSplit split = splitGoodImages(folder.train, model.options);
    for (auto* samples : {&split.training, &split.heldOut})
        *samples = withPart(*samples, how, cancel);
    if (split.training.empty() || split.heldOut.empty()) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "In the good images in %1 the model's part is not found.")
                        .arg(folder.root),
                    QCoreApplication::translate("core", "Choose a folder with good images of the part that the "
                                                        "model was trained on."));
    }
    CompileImages result;
    const Random seed(model.options.seed);
    const cv::Size size(how.width, how.height);
    const std::size_t learntImages = affordableImages(kCalibrationImages, kCalibrationPixels, size);
    const PreparedImages learnt(spread(split.training, learntImages), how, cancel);
    const DefectSimulator simulator(model.options.simulator);
    for (std::size_t i = 0; i < learnt.size(); ++i) {
        result.calibration.push_back({{}, pictureOf(learnt.at(i)), true});
        Random random = seed.fork(Calibration).fork(i);
        if (i % 2 == 1)
            result.calibration.push_back({{}, pictureOf(simulator.simulate(learnt.at(i), random).image), false});
    }

    const std::size_t images = affordableImages(std::size_t(count), kComparedPixels, size);
    std::vector<Sample> compared = spread(split.heldOut, images);
    const std::size_t more = images - compared.size();
    for (const Sample& sample : spread(split.training, more))
        compared.push_back(sample);
    const PreparedImages good(compared, how, cancel);
    for (std::size_t i = 0; i < good.size(); ++i) {
        cancel.throwIfCancelled();
        result.compared.push_back({compared[i].name, pictureOf(good.at(i)), true});
        Random random = seed.fork(Defects).fork(i);
        const auto defect = heldBackDefect(good.at(i), model.options.simulator, random);
        result.compared.push_back(
            {QCoreApplication::translate("core", "%1 with a simulated defect").arg(compared[i].name),
             pictureOf(defect.image), false});
    }
    return result;
}

/// Ranges and scores from pictures of something else would say nothing about the part.
void requireTheModelsPart(MemSegGateSubject& subject, const std::vector<GateImage>& images, const QString& folder,
                          const CancelToken& cancel)
{
    const GateRun reference = subject.runWith({});
    std::size_t looked = 0;
    std::size_t rejected = 0;
    for (std::size_t i = 0; i < images.size() && looked < kLookedAt; i += 2, ++looked) { // without the defects
        cancel.throwIfCancelled();
        const double score = imageScore(reference(subject.inputs(images[i])));
        rejected += judge(score, subject.thresholds()) == Verdict::Ng ? 1 : 0;
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

} // namespace

std::vector<GateReport> compileMemSeg(const QString& modelFile, const AnomalyFolder& folder,
                                      const CompileRequest& request, const TaskContext& context)
{
    requireEngine(Engine::OpenVinoFp32);
    try {
        const MemSegModel model = loadMemSegModel(modelFile);
        MemSegGateSubject subject(model);
        context.report(0.0, QCoreApplication::translate("core", "reading images"));
        const CompileImages images = gather(model, folder, request.images, context.cancel);
        requireTheModelsPart(subject, images.compared, folder.root, context.cancel);
        return compileEngines(subject, modelFile, images, request, context);
    } catch (...) {
        throw currentError(QCoreApplication::translate("core", "compiling %1").arg(modelFile));
    }
}

} // namespace lynceus
