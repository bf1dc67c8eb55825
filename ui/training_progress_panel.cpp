// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/training_progress_panel.h"

#include "ui/curve_plot.h"
#include "ui/icons.h"
#include "ui/job_indicator.h"
#include "ui/theme.h"
#include "ui/training_queue.h"

#include <QtCore/QLocale>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QListView>
#include <QtWidgets/QMessageBox>
#include <QtWidgets/QProgressBar>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QVBoxLayout>

#include <algorithm>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kListHeight = 60; // two trainings and a half: more of them scroll

} // namespace

TrainingProgressPanel::TrainingProgressPanel(TrainingQueue* queue, QWidget* parent)
    : QWidget(parent)
    , m_queue(queue)
    , m_curves(new CurvePlot(this))
    , m_step(new QLabel(this))
    , m_bar(new QProgressBar(this))
{
    m_curves->setAccessibleName(tr("Loss, validation AUROC and learning rate by step"));
    m_curves->setAxisTitles(tr("step"), tr("loss"), tr("AUROC"));
    m_step->setTextFormat(Qt::PlainText);
    m_step->setWordWrap(true);
    m_step->setObjectName(u"stepText"_s);
    m_bar->setTextVisible(false);
    m_bar->setAccessibleName(tr("Progress of the training"));

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(8);
    layout->addWidget(m_curves, 1);
    layout->addWidget(m_step);
    layout->addWidget(m_bar);
    layout->addWidget(makeButtons());
    layout->addWidget(makeWaiting());

    connect(m_curves, &CurvePlot::errorOccurred, this, &TrainingProgressPanel::errorOccurred);
    connect(queue, &TrainingQueue::currentChanged, this, &TrainingProgressPanel::showState);
    connect(queue, &TrainingQueue::statusChanged, this, &TrainingProgressPanel::showState);
    connect(queue, &TrainingQueue::rowsInserted, this, &TrainingProgressPanel::showState);
    connect(queue, &TrainingQueue::rowsRemoved, this, &TrainingProgressPanel::showState);
    connect(queue, &TrainingQueue::newsCame, this, [this](const TrainingFeed::News& news) {
        if (m_live)
            plot(news.points);
    });
    showState();
}

QWidget* TrainingProgressPanel::makeButtons()
{
    m_buttons = new QWidget(this);
    const auto add = [this](const QString& text, const QString& name, const QString& toolTip) {
        auto* button = new QPushButton(text, m_buttons);
        button->setObjectName(name);
        button->setToolTip(toolTip);
        return button;
    };
    m_pause = add(tr("Pause"), u"pauseButton"_s, tr("Let the machine do something else for a while (Alt+P)"));
    m_finish = add(tr("Stop and &keep the best"), u"finishButton"_s,
                   tr("End now with the best model so far, calibrated and ready to use (Alt+K)"));
    m_cancel = add(tr("Cance&l"), u"cancelButton"_s, tr("Stop the training; everything stays as it was (Alt+L)"));
    m_back = add(tr("Sho&w the training"), u"backButton"_s, tr("Show the curves of the training at work (Alt+W)"));
    auto* row = new QHBoxLayout(m_buttons);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    for (QPushButton* button : {m_pause, m_finish, m_cancel})
        row->addWidget(button);
    row->addStretch();
    row->addWidget(m_back);
    connect(m_pause, &QPushButton::clicked, this, &TrainingProgressPanel::pauseOrResume);
    connect(m_finish, &QPushButton::clicked, m_queue, &TrainingQueue::finishCurrent);
    connect(m_cancel, &QPushButton::clicked, this, &TrainingProgressPanel::cancel);
    connect(m_back, &QPushButton::clicked, this, &TrainingProgressPanel::trainingRequested);
    return m_buttons;
}

QWidget* TrainingProgressPanel::makeWaiting()
{
    m_waiting = new QWidget(this);
    auto* caption = new QLabel(tr("Next"), m_waiting);
    theme::setRole(caption, theme::TextRole::Caption);
    m_list = new QListView(m_waiting);
    m_list->setObjectName(u"queue"_s);
    m_list->setAccessibleName(tr("Trainings that wait for their turn"));
    m_list->setModel(m_queue);
    m_list->setFixedHeight(kListHeight);
    auto* remove = new QPushButton(tr("Rem&ove"), m_waiting);
    remove->setObjectName(u"removeButton"_s);
    remove->setToolTip(tr("Take the chosen training, or else the last, out of the queue (Alt+O)"));
    auto* row = new QHBoxLayout(m_waiting);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    row->addWidget(caption, 0, Qt::AlignTop);
    row->addWidget(m_list, 1);
    row->addWidget(remove, 0, Qt::AlignTop);
    connect(remove, &QPushButton::clicked, this, [this] {
        const QModelIndex chosen = m_list->currentIndex();
        m_queue->remove(chosen.isValid() ? chosen.row() : m_queue->rowCount() - 1);
    });
    return m_waiting;
}

void TrainingProgressPanel::setIdleText(const QString& text)
{
    m_idleText = text;
    showState();
}

void TrainingProgressPanel::showTraining()
{
    showRun(m_queue->current() ? m_queue->current()->told.points : std::vector<MetricPoint>());
    m_live = true;
    showState();
}

void TrainingProgressPanel::showRun(const std::vector<MetricPoint>& points)
{
    m_live = false;
    m_bestAuroc = -1.0;
    m_curves->clearCurves();
    plot(points);
    showState();
}

void TrainingProgressPanel::plot(const std::vector<MetricPoint>& points)
{
    for (const MetricPoint& point : points) {
        if (point.name == u"loss") {
            m_curves->addPoint(tr("loss"), point.step, point.value);
        } else if (point.name == u"validation_auroc") {
            m_curves->addPoint(tr("AUROC on held-out good and simulated defects"), point.step, point.value,
                               CurvePlot::Axis::Right);
            if (point.value > m_bestAuroc) {
                m_bestAuroc = point.value;
                m_bestStep = point.step;
            }
        } else if (point.name == u"learning_rate") {
            m_curves->addPoint(tr("learning rate"), point.step, point.value, CurvePlot::Axis::Own);
        }
    }
}

void TrainingProgressPanel::showState()
{
    const TrainingQueue::Training* training = m_queue->current();
    m_bar->setVisible(training != nullptr);
    m_buttons->setVisible(training != nullptr);
    m_waiting->setVisible(m_queue->rowCount() > 0);
    m_back->setVisible(training && !m_live);
    if (!training) {
        m_step->setText(m_idleText);
        m_step->setVisible(!m_idleText.isEmpty());
        return;
    }
    const bool paused = training->control.isPaused();
    const bool finishing = training->control.isFinishing();
    QStringList parts;
    if (finishing)
        parts << tr("Stopping; the best is kept");
    else if (paused)
        parts << tr("Paused");
    const QString progress = progressText(training->status.progress);
    parts << (progress.isEmpty() ? tr("Preparing…") : progress);
    if (m_live && m_bestAuroc >= 0.0)
        parts << tr("highest AUROC %1 at step %2").arg(QLocale().toString(m_bestAuroc, 'f', 3)).arg(m_bestStep);
    m_step->setText(parts.join(u" · "_s));
    m_step->setToolTip(training->name);
    m_step->show();
    showProgress(m_bar, training->status.progress);
    m_pause->setText(paused ? tr("Resume") : tr("Pause"));
    m_pause->setShortcut(QKeySequence(Qt::ALT | Qt::Key_P)); // the same for both
    m_pause->setIcon(themedIcon(paused ? u"play"_s : u"pause"_s));
    m_pause->setEnabled(!finishing);
    m_finish->setEnabled(!finishing);
}

void TrainingProgressPanel::pauseOrResume()
{
    if (m_queue->current() && m_queue->current()->control.isPaused())
        m_queue->resumeCurrent();
    else
        m_queue->pauseCurrent();
}

void TrainingProgressPanel::cancel()
{
    const TrainingQueue::Training* training = m_queue->current();
    if (!training)
        return;
    const double seconds = training->atWork.ms() / 1000.0;
    if (training->status.state == JobStatus::State::Queued || seconds < m_askAfter) {
        m_queue->cancelCurrent();
        return;
    }
    auto* box =
        new QMessageBox(QMessageBox::Question, tr("Cancel the training?"),
                        tr("The work of %1 would be lost.").arg(durationText(seconds)), QMessageBox::NoButton, this);
    box->setObjectName(u"cancelQuestion"_s);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setTextFormat(Qt::PlainText);
    box->setInformativeText(training->name);
    QPushButton* keep = box->addButton(tr("Stop and keep the best"), QMessageBox::AcceptRole);
    QPushButton* drop = box->addButton(tr("Cancel the training"), QMessageBox::DestructiveRole);
    box->setDefaultButton(box->addButton(tr("Keep training"), QMessageBox::RejectRole));
    connect(keep, &QPushButton::clicked, m_queue, &TrainingQueue::finishCurrent);
    connect(drop, &QPushButton::clicked, m_queue, &TrainingQueue::cancelCurrent);
    // The question is about this training; its end answers it.
    connect(m_queue, &TrainingQueue::currentChanged, box, &QMessageBox::close);
    box->open();
}

} // namespace lynceus
