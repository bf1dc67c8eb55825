// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/training/training_loop.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/nn/torch.h"
#include "core/training/checkpoint.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QFileInfo>

#include <cmath>
#include <utility>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr double kCheckpointSeconds = 100.0; ///< at least every two minutes, validation included
constexpr int kCurveSteps = 5;               ///< a point of the loss curve is the mean over this many steps
constexpr int kWarmUpSteps = 2;              ///< the first steps allocate and are not typical of the rest

} // namespace

TrainingLoop::TrainingLoop(const TaskContext& context, const TrainingObserver& observer, const TrainingControl& control)
    : m_context(context)
    , m_observer(observer)
    , m_control(control)
{
}

void TrainingLoop::run(TrainingTask& task, TrainingPlan plan, const Options& options)
{
    m_task = &task;
    m_plan = &plan;
    m_options = options;
    goOnFromCheckpoint();
    const int first = m_done;
    task.begin(first);
    const bool validates = options.validations > 0;
    if (validates && first == 0 && !validateAndKeepBest()) {
        stopDiverged();
        return;
    }
    int validated = plan.partsDone(m_done, options.validations);
    while (m_done < plan.steps() && !m_control.isFinishing()) {
        if (m_context.cancel.isCancelled() && m_control.isKeptWhenCancelled())
            keepCheckpoint();
        m_context.cancel.throwIfCancelled();
        waitWhilePaused();
        const Stopwatch clock;
        fetch();
        const double rate = plan.learningRate(m_done);
        for (auto& group : task.optimizer().param_groups())
            group.options().set_lr(rate);
        const double loss = task.learn(m_done, double(m_done) / plan.steps());
        if (!std::isfinite(loss)) {
            stopDiverged();
            return;
        }
        m_lossSum += loss;
        const double seconds = clock.ms() / 1000.0;
        m_secondsPerStep = m_done - first <= kWarmUpSteps ? seconds : 0.95 * m_secondsPerStep + 0.05 * seconds;

        ++m_done;
        if (m_done % kCurveSteps == 0) {
            tell(u"loss"_s, m_done, m_lossSum / kCurveSteps);
            tell(u"learning_rate"_s, m_done, rate);
            m_lossSum = 0.0;
        }
        // A plan that grows or shrinks must not bring the same part twice.
        if (const int part = plan.partsDone(m_done, options.validations); part > validated) {
            validated = part;
            if (!validateAndKeepBest()) {
                stopDiverged();
                return;
            }
        }
        const bool paceKnown = m_done - first > kWarmUpSteps;
        if (plan.hasBudget() && paceKnown)
            plan.fit(m_done, m_secondsPerStep, secondsForSteps());
        if (m_sinceCheckpoint.ms() > 1000.0 * kCheckpointSeconds)
            keepCheckpoint();
        QString text = QCoreApplication::translate("core", "step %1 of %2").arg(m_done).arg(plan.steps());
        if (const QString more = task.progressText(); !more.isEmpty())
            text += u", "_s + more;
        m_context.report(progress(), text,
                         paceKnown ? std::optional(m_secondsPerStep * (plan.steps() - m_done)) : std::nullopt);
    }
    if (m_control.isFinishing())
        tellEvent(u"finishing"_s, QCoreApplication::translate("core", "after step %1").arg(m_done));
    keepCheckpoint(); // the model may not fit on the disk
    if (validates && m_validatedAt != m_done && !validateAndKeepBest()) {
        stopDiverged();
        return;
    }
    qCInfo(logTraining) << "Trained" << m_done << "steps of" << m_secondsPerStep * 1000.0 << "ms";
}

void TrainingLoop::fetch()
{
    try {
        m_task->fetch(m_done);
    } catch (const Error&) {
        keepCheckpoint();
        throw;
    }
}

void TrainingLoop::waitWhilePaused()
{
    if (!m_control.isPaused())
        return;
    // A pause may last a weekend, and the power may go.
    keepCheckpoint();
    tellEvent(u"paused"_s, QCoreApplication::translate("core", "after step %1").arg(m_done));
    m_context.report(
        progress(), QCoreApplication::translate("core", "paused after step %1 of %2").arg(m_done).arg(m_plan->steps()));
    m_secondsPaused += m_control.waitWhilePaused(m_context.cancel);
    tellEvent(u"resumed"_s);
}

void TrainingLoop::goOnFromCheckpoint()
{
    m_sinceCheckpoint.restart();
    const QString& file = m_options.checkpointFile;
    if (file.isEmpty() || !QFileInfo::exists(file))
        return;
    TrainingCheckpoint checkpoint = readCheckpoint(file, m_options.fingerprint);
    loadState(m_task->network(), checkpoint.network, file);
    restoreOptimizer(m_task->optimizer(), checkpoint.optimizer);
    m_best = std::move(checkpoint.best);
    m_bestQuality = checkpoint.bestQuality;
    m_validatedAt = checkpoint.validatedAt;
    m_secondsBefore = checkpoint.seconds;
    m_lossSum = checkpoint.lossSum;
    m_plan->setSteps(checkpoint.plannedSteps);
    m_done = checkpoint.step;
}

void TrainingLoop::keepCheckpoint()
{
    m_sinceCheckpoint.restart();
    m_task->keep();
    if (m_options.checkpointFile.isEmpty())
        return;
    try {
        writeCheckpoint(m_options.checkpointFile,
                        {m_options.fingerprint, m_done, m_plan->steps(), elapsedSeconds(), m_lossSum, m_validatedAt,
                         m_bestQuality, stateDict(m_task->network()), m_best, optimizerState(m_task->optimizer())});
    } catch (const Error& error) {
        // The training itself can still succeed; by the time it needs the room for its model there may be some.
        if (!std::exchange(m_saidNoCheckpoint, true)) {
            warn(QCoreApplication::translate("core", "Nothing to go on from could be kept: %1 The training goes on.")
                     .arg(error.text()));
        }
        return;
    }
    tellEvent(u"checkpoint"_s, QCoreApplication::translate("core", "after step %1").arg(m_done));
}

/// False when the network gives no numbers any more.
bool TrainingLoop::validateAndKeepBest()
{
    const Stopwatch clock;
    const std::optional<double> quality = m_task->validate(m_done);
    if (!quality)
        return false;
    m_secondsPerValidation = clock.ms() / 1000.0;
    m_validatedAt = m_done;
    // Between equals the later one has learnt longer.
    if (*quality < m_bestQuality)
        return true;
    m_bestQuality = *quality;
    m_best.clear();
    for (const auto& [name, tensor] : stateDict(m_task->network()))
        m_best[name] = tensor.detach().clone();
    return true;
}

/// Hours of training are not lost: the best state so far becomes the model.
void TrainingLoop::stopDiverged()
{
    if (m_validatedAt <= 0) {
        throw Error(
            ErrorKind::Input,
            QCoreApplication::translate("core", "Training diverged: the network's output is no longer a number."),
            m_task->divergedRemedy());
    }
    warn(QCoreApplication::translate("core", "Training diverged after step %1; the model is the best state up to step "
                                             "%2. %3")
             .arg(m_done)
             .arg(m_validatedAt)
             .arg(m_task->divergedRemedy()));
}

double TrainingLoop::progress() const
{
    return m_options.from + (m_options.to - m_options.from) * m_done / m_plan->steps();
}

/// What the budget leaves for more steps.
double TrainingLoop::secondsForSteps() const
{
    const double validationsLeft =
        m_options.validations > 0 ? std::ceil(m_options.validations * (1.0 - double(m_done) / m_plan->steps())) + 1.0
                                  : 0.0;
    const double rest = validationsLeft * m_secondsPerValidation + m_task->secondsAfterwards(m_secondsPerValidation);
    return m_plan->minutes() * 60.0 - elapsedSeconds() - rest;
}

void TrainingLoop::warn(const QString& text)
{
    if (!m_warnings.isEmpty())
        m_warnings += u'\n';
    m_warnings += text;
    tellEvent(u"warning"_s, text);
    qCWarning(logTraining).noquote() << text;
}

void TrainingLoop::tell(const QString& name, int step, double value) const
{
    if (m_observer.metric)
        m_observer.metric(name, step, value);
}

void TrainingLoop::tellEvent(const QString& kind, const QString& detail) const
{
    if (m_observer.event)
        m_observer.event(kind, detail);
}

} // namespace lynceus
