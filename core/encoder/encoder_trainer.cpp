// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/encoder/encoder_trainer.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/random.h"
#include "core/encoder/training_pictures.h"
#include "core/nn/device.h"
#include "core/nn/mobilenet.h"
#include "core/nn/resnet.h"
#include "core/nn/schedule.h"
#include "core/nn/state_dict.h"
#include "core/nn/tensor_image.h"
#include "core/nn/torch.h"

#include <QtCore/QCoreApplication>

#include <opencv2/core.hpp>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adam.h>

#include <array>
#include <cmath>
#include <future>
#include <memory>
#include <vector>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr double kHighestRate = 2e-3;
constexpr double kMostGradient = 5.0;   ///< norm; a batch of odd pictures must not throw the weights about
constexpr double kBlockwiseShare = 0.3; ///< of the time, before blocks are joined
constexpr double kSaveSeconds = 120.0;
constexpr int kScheduleSteps = 10'000; ///< resolution of the schedule, which goes by time
constexpr double kSmoothing = 0.98;    ///< of the figures that are reported

/// Mean over channels of the error's share of the target's variance.
torch::Tensor unexplained(const torch::Tensor& output, const torch::Tensor& target)
{
    const std::vector<std::int64_t> places{0, 2, 3};
    const auto variance = target.var(places, false).clamp_min(1e-4);
    return ((output - target).square().mean(places) / variance).mean();
}

using Levels = std::array<torch::Tensor, 3>; ///< strides 4, 8, 16

/// A network that learns to see what the teacher sees.
class Student
{
public:
    struct Lesson
    {
        torch::Tensor loss;
        Levels unexplained;
    };

    virtual ~Student() = default;
    virtual torch::nn::Module& network() = 0;            ///< what is written
    virtual std::vector<torch::Tensor> parameters() = 0; ///< what learns
    /// Pixels that the teacher sees beyond the pieces' side, so that both have values at the same places.
    virtual int margin() const = 0;
    virtual Lesson study(const torch::Tensor& images, double share, MobileNetV2Impl& teacher) = 0;
};

/// The teacher's own architecture: block by block on the teacher's inputs first, then as a whole.
class MobileNetStudent final : public Student
{
public:
    /// `knowsBlocks`: weights to go on from will be loaded, so there is no need to begin block by block.
    MobileNetStudent(std::uint64_t seed, bool knowsBlocks)
        : m_knowsBlocks(knowsBlocks)
    {
        initialise(*m_net, seed);
    }

    torch::nn::Module& network() override { return *m_net; }
    std::vector<torch::Tensor> parameters() override { return m_net->parameters(); }
    int margin() const override { return 0; }

    Lesson study(const torch::Tensor& images, double share, MobileNetV2Impl& teacher) override
    {
        std::vector<torch::Tensor> targets;
        {
            const torch::NoGradGuard noGrad;
            targets.push_back(teacher.stem(images));
            for (int i = 1; i < MobileNetV2Impl::kBlocks; ++i)
                targets.push_back(teacher.block(i).forward(targets.back()));
        }
        const bool blockwise = !m_knowsBlocks && share < kBlockwiseShare;
        Lesson lesson;
        torch::Tensor y = m_net->stem(images);
        lesson.loss = unexplained(y, targets[0]);
        std::size_t level = 1;
        for (int i = 1; i < MobileNetV2Impl::kBlocks; ++i) {
            auto& block = m_net->block(i);
            const auto& target = targets[std::size_t(i)];
            const auto& input = targets[std::size_t(i) - 1];
            torch::Tensor part;
            if (blockwise) {
                part = unexplained(block.residual(input), block.hasShortcut() ? target - input : target);
            } else {
                y = block.forward(y);
                part = unexplained(y, target);
            }
            const bool isLevel = level < 4 && i == MobileNetV2Impl::kLevels[level];
            if (isLevel)
                lesson.unexplained[level++ - 1] = part.detach();
            lesson.loss = lesson.loss + (isLevel && !blockwise ? 3.0 : 1.0) * part;
        }
        return lesson;
    }

private:
    MobileNetV2 m_net;
    bool m_knowsBlocks;
};

/// Another architecture: linear readings of its levels must tell the teacher's.
class ResNetStudent final : public Student
{
public:
    explicit ResNetStudent(std::uint64_t seed)
    {
        initialise(*m_net, seed);
        m_net->dropLayer4();
        torch::manual_seed(seed);
        for (std::size_t level = 0; level < 3; ++level) {
            m_readings->push_back(torch::nn::Conv2d(
                torch::nn::Conv2dOptions(64 << level, MobileNetV2Impl::kLevelChannels[level + 1], 1)));
        }
    }

    torch::nn::Module& network() override { return *m_net; }

    std::vector<torch::Tensor> parameters() override
    {
        auto all = m_net->parameters();
        const auto readings = m_readings->parameters();
        all.insert(all.end(), readings.begin(), readings.end());
        return all;
    }

    int margin() const override { return kMargin; }

    Lesson study(const torch::Tensor& images, double /*share*/, MobileNetV2Impl& teacher) override
    {
        std::array<torch::Tensor, 4> targets;
        {
            const torch::NoGradGuard noGrad;
            targets = teacher.levels(images);
        }
        // The student's place (s i, s j) is the teacher's (s i + s - 1, s j + s - 1) when it starts 15 pixels later and
        // is compared with the teacher's value 3, 1 and 0 places on.
        const std::int64_t side = images.size(2) - kMargin;
        m_net->train();
        const auto own = m_net->stemToLayer3(
            images.narrow(2, kOffset, side).narrow(3, kOffset, side).contiguous(torch::MemoryFormat::ChannelsLast));
        Lesson lesson;
        lesson.loss = torch::zeros({});
        for (std::size_t level = 0; level < 3; ++level) {
            const std::int64_t stride = std::int64_t(4) << level;
            const std::int64_t first = (kOffset + 1) / stride - 1;
            const auto target = targets[level + 1].narrow(2, first, side / stride).narrow(3, first, side / stride);
            const auto part =
                unexplained(m_readings->ptr(level)->as<torch::nn::Conv2dImpl>()->forward(own[level + 1]), target);
            lesson.unexplained[level] = part.detach();
            lesson.loss = lesson.loss + part;
        }
        return lesson;
    }

private:
    static constexpr std::int64_t kOffset = 15;
    static constexpr std::int64_t kMargin = 16;

    ResNet18 m_net;
    torch::nn::ModuleList m_readings;
};

MobileNetV2 loadTeacher(const QString& file)
{
    MobileNetV2 teacher;
    std::vector<std::string> later;
    for (int i = MobileNetV2Impl::kBlocks; i <= 18; ++i)
        later.push_back("features." + std::to_string(i) + ".");
    later.emplace_back("classifier");
    loadState(*teacher, readStateDict(SafetensorsFile(file)), file, {{}, later});
    for (auto& parameter : teacher->parameters())
        parameter.set_requires_grad(false);
    teacher->eval();
    return teacher;
}

void save(const QString& out, const torch::nn::Module& network)
{
    std::vector<torch::Tensor> storage;
    writeSafetensors(out, viewsOf(stateDict(network), storage, true));
}

} // namespace

void EncoderOptions::validate() const
{
    const auto refuse = [](const QString& what, const QString& remedy) { throw Error(ErrorKind::Input, what, remedy); };
    if (architecture != "mobilenetv2"_L1 && architecture != "resnet18"_L1) {
        refuse(QCoreApplication::translate("core", "\"%1\" is not an encoder that can be learnt.").arg(architecture),
               QCoreApplication::translate("core", "Use mobilenetv2 or resnet18."));
    }
    if (!(minutes > 0.0) || batch < 2 || side < 64 || side % 32 != 0) {
        refuse(QCoreApplication::translate("core", "%1 minutes with batches of %2 pieces of %3 pixels won't do.")
                   .arg(minutes)
                   .arg(batch)
                   .arg(side),
               QCoreApplication::translate("core",
                                           "Use more than 0 minutes, 2 pieces or more, and a side of at least 64 "
                                           "pixels that 32 divides."));
    }
}

EncoderOutcome trainEncoder(const EncoderOptions& options, const QString& out, const TaskContext& context)
{
    options.validate();
    useChosenThreads();
    const KeepFreedMemory keepFreedMemory;
    MobileNetV2 teacher = loadTeacher(options.teacherFile);
    std::unique_ptr<Student> student;
    if (options.architecture == "resnet18"_L1)
        student = std::make_unique<ResNetStudent>(options.seed);
    else
        student = std::make_unique<MobileNetStudent>(options.seed, !options.startFile.isEmpty());
    if (!options.startFile.isEmpty())
        loadState(student->network(), readStateDict(SafetensorsFile(options.startFile)), options.startFile);
    for (torch::Tensor& parameter : student->parameters()) {
        if (parameter.dim() == 4)
            parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
    }

    const int side = options.side + student->margin();
    const TrainingPictures pictures(options.pictureFolder, options.side, context);
    const Random seed(options.seed);
    const auto draw = [&](int step) {
        std::vector<cv::Mat> batch;
        for (int i = 0; i < options.batch; ++i) {
            Random random = seed.fork(std::uint64_t(step) * std::uint64_t(options.batch) + std::uint64_t(i));
            batch.push_back(pictures.draw(side, random));
        }
        return imagesToTensor(batch);
    };

    torch::optim::Adam optimizer(student->parameters(), torch::optim::AdamOptions(kHighestRate));
    const Stopwatch clock;
    double savedAt = 0.0;
    EncoderOutcome outcome;
    auto next = std::async(std::launch::async, draw, 0);
    while (true) {
        context.cancel.throwIfCancelled();
        const double seconds = clock.ms() / 1000.0;
        const double share = seconds / (60.0 * options.minutes);
        if (share >= 1.0)
            break;
        const torch::Tensor images = next.get();
        next = std::async(std::launch::async, draw, outcome.steps + 1);

        const double rate = warmupCosine(int(share * kScheduleSteps), kScheduleSteps, kScheduleSteps / 50,
                                         0.01 * kHighestRate, kHighestRate);
        for (auto& group : optimizer.param_groups())
            group.options().set_lr(rate);
        optimizer.zero_grad();
        const Student::Lesson lesson = student->study(images, share, *teacher);
        lesson.loss.backward();
        torch::nn::utils::clip_grad_norm_(student->parameters(), kMostGradient);
        optimizer.step();
        for (std::size_t level = 0; level < 3; ++level) {
            const double value = lesson.unexplained[level].item<double>();
            if (!std::isfinite(value)) {
                throw Error(
                    ErrorKind::Input,
                    QCoreApplication::translate("core", "Learning the encoder diverged in step %1.").arg(outcome.steps),
                    QCoreApplication::translate("core", "Start again with another seed or a larger batch."));
            }
            double& mean = outcome.unexplained[level];
            const double weight = std::min(kSmoothing, outcome.steps / (outcome.steps + 1.0));
            mean = weight * mean + (1.0 - weight) * value;
        }
        ++outcome.steps;
        if (seconds - savedAt > kSaveSeconds) {
            save(out, student->network());
            savedAt = seconds;
        }
        context.report(share,
                       QCoreApplication::translate("core", "step %1, unexplained %2 %3 %4")
                           .arg(outcome.steps)
                           .arg(outcome.unexplained[0], 0, 'f', 3)
                           .arg(outcome.unexplained[1], 0, 'f', 3)
                           .arg(outcome.unexplained[2], 0, 'f', 3),
                       60.0 * options.minutes - seconds);
    }
    save(out, student->network());
    outcome.seconds = clock.ms() / 1000.0;
    return outcome;
}

} // namespace lynceus
