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
#include "core/training/batch_feeder.h"
#include "core/training/training_loop.h"

#include <QtCore/QCoreApplication>

#include <opencv2/core.hpp>
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adam.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr double kHighestRate = 2e-3;
constexpr double kMostGradient = 5.0;   ///< norm; a batch of odd pictures must not throw the weights about
constexpr double kBlockwiseShare = 0.3; ///< of the time, before blocks are joined
constexpr int kStepsAtFirst = 10'000;   ///< planned until the pace is known
constexpr int kWarmUpShare = 50;        ///< a fiftieth of the steps
constexpr double kLowShare = 0.01;      ///< of the highest rate, at both ends
constexpr double kSmoothing = 0.98;     ///< of the figures that are reported

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
        // A plan that grows must not go back to blocks.
        m_knowsBlocks = m_knowsBlocks || share >= kBlockwiseShare;
        const bool blockwise = !m_knowsBlocks;
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

std::unique_ptr<Student> makeStudent(const EncoderOptions& options)
{
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
    return student;
}

/// The student's lessons, step by step.
class EncoderTask final : public TrainingTask
{
public:
    EncoderTask(const EncoderOptions& options, const QString& out, const TaskContext& context)
        : m_options(options)
        , m_out(out)
        , m_teacher(loadTeacher(options.teacherFile))
        , m_student(makeStudent(options))
        , m_pictures(options.pictureFolder, options.side, context)
        , m_optimizer(m_student->parameters(), torch::optim::AdamOptions(kHighestRate))
    {
    }

    torch::nn::Module& network() override { return m_student->network(); }
    torch::optim::Optimizer& optimizer() override { return m_optimizer; }

    void begin(int step) override
    {
        m_feeder.emplace([this](std::uint64_t number) { return draw(number); }, std::uint64_t(step));
    }

    void fetch(int /*step*/) override { m_images = m_feeder->next(); }

    double learn(int step, double share) override
    {
        m_optimizer.zero_grad();
        const Student::Lesson lesson = m_student->study(m_images, share, *m_teacher);
        double sum = 0.0;
        for (std::size_t level = 0; level < 3; ++level) {
            const double value = lesson.unexplained[level].item<double>();
            double& mean = m_unexplained[level];
            const double weight = std::min(kSmoothing, step / (step + 1.0));
            mean = weight * mean + (1.0 - weight) * value;
            sum += value;
        }
        if (!std::isfinite(sum))
            return sum;
        const double loss = lesson.loss.item<double>();
        lesson.loss.backward();
        torch::nn::utils::clip_grad_norm_(m_student->parameters(), kMostGradient);
        m_optimizer.step();
        return loss;
    }

    std::optional<double> validate(int /*step*/) override { return 0.0; }

    void keep() override
    {
        std::vector<torch::Tensor> storage;
        writeSafetensors(m_out, viewsOf(stateDict(m_student->network()), storage, true));
    }

    QString progressText() const override
    {
        return QCoreApplication::translate("core", "unexplained %1 %2 %3")
            .arg(m_unexplained[0], 0, 'f', 3)
            .arg(m_unexplained[1], 0, 'f', 3)
            .arg(m_unexplained[2], 0, 'f', 3);
    }

    QString divergedRemedy() const override
    {
        return QCoreApplication::translate("core", "Start again with another seed or a larger batch.");
    }

    const std::array<double, 3>& unexplained() const { return m_unexplained; }

private:
    torch::Tensor draw(std::uint64_t number) const
    {
        std::vector<cv::Mat> batch;
        for (int i = 0; i < m_options.batch; ++i) {
            Random random = m_seed.fork(number * std::uint64_t(m_options.batch) + std::uint64_t(i));
            batch.push_back(m_pictures.draw(m_options.side + m_student->margin(), random));
        }
        return imagesToTensor(batch);
    }

    const EncoderOptions& m_options;
    QString m_out;
    MobileNetV2 m_teacher;
    std::unique_ptr<Student> m_student;
    TrainingPictures m_pictures;
    torch::optim::Adam m_optimizer;
    Random m_seed{m_options.seed};
    torch::Tensor m_images;
    std::array<double, 3> m_unexplained{1.0, 1.0, 1.0}; ///< smoothed
    std::optional<BatchFeeder<torch::Tensor>> m_feeder; ///< last: its thread uses the others
};

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
    EncoderTask task(options, out, context);
    const TrainingPlan plan(
        [](int step, int steps) {
            return warmupCosine(step, steps, steps / kWarmUpShare, kLowShare * kHighestRate, kHighestRate);
        },
        kHighestRate, kStepsAtFirst, options.minutes);
    TrainingLoop loop(context, {}, {});
    loop.run(task, plan, {});
    EncoderOutcome outcome;
    outcome.steps = loop.steps();
    outcome.seconds = loop.elapsedSeconds();
    std::copy(task.unexplained().begin(), task.unexplained().end(), outcome.unexplained);
    return outcome;
}

} // namespace lynceus
