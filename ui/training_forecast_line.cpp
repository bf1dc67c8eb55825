// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/training_forecast_line.h"

#include "core/base/error.h"
#include "core/jobs/job_runner.h"
#include "ui/background_task.h"
#include "ui/icons.h"
#include "ui/theme.h"

#include <QtCore/QEvent>
#include <QtCore/QFile>
#include <QtCore/QJsonDocument>
#include <QtCore/QLocale>
#include <QtCore/QTimer>
#include <QtWidgets/QGridLayout>
#include <QtWidgets/QLabel>

#include <cmath>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kDelayMs = 800; // who types a number is not done after its first figure

/// A figure in kB of a file in /proc, in MB; 0 where there is none.
double procMb(const QString& path, const QByteArray& name)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly))
        return 0.0;
    for (const QByteArray& line : file.readAll().split('\n')) {
        if (line.startsWith(name + ':'))
            return line.mid(name.size() + 1).simplified().split(' ').front().toDouble() / 1024.0;
    }
    return 0.0;
}

/// What the program may grow to without anybody having to make room: what is free, and what it has already.
double memoryForProgramMb()
{
    const double free = procMb(u"/proc/meminfo"_s, "MemAvailable");
    return free > 0.0 ? free + procMb(u"/proc/self/status"_s, "VmRSS") : 0.0;
}

QString memoryText(double mb)
{
    return QLocale().formattedDataSize(qint64(mb * 1024.0 * 1024.0), 1, QLocale::DataSizeTraditionalFormat);
}

} // namespace

TrainingForecastLine::TrainingForecastLine(JobRunner& jobs, QWidget* parent)
    : QWidget(parent)
    , m_jobs(jobs)
    , m_timer(new QTimer(this))
    , m_text(new QLabel(this))
    , m_icon(new QLabel(this))
    , m_warning(new QLabel(this))
{
    for (QLabel* label : {m_text, m_warning}) {
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
        theme::setRole(label, theme::TextRole::Caption);
    }
    m_text->setObjectName(u"forecast"_s);
    m_warning->setObjectName(u"memoryWarning"_s);
    m_icon->setAccessibleName(tr("Warning"));
    m_text->setMinimumHeight(QFontMetrics(theme::captionFont()).lineSpacing());
    auto* layout = new QGridLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(4);
    layout->addWidget(m_text, 0, 0, 1, 2);
    layout->addWidget(m_icon, 1, 0, Qt::AlignTop);
    layout->addWidget(m_warning, 1, 1);
    layout->setColumnStretch(1, 1);

    m_timer->setSingleShot(true);
    m_timer->setInterval(kDelayMs);
    connect(m_timer, &QTimer::timeout, this, &TrainingForecastLine::start);
    connect(&jobs, &JobRunner::ended, this, [this](const JobStatus& job) {
        if (job.id == m_job)
            m_job = 0;
    });
    showState();
}

void TrainingForecastLine::setRequest(std::optional<Request> request)
{
    QString key;
    if (request) {
        key = request->folder.root + u'\n' + request->encoderFile + u'\n' +
              QString::fromUtf8(QJsonDocument(request->options.toJson()).toJson(QJsonDocument::Compact));
    }
    if (key != m_key) {
        stop();
        m_measured.reset();
    }
    m_request = std::move(request);
    m_key = key;
    m_problem.clear();
    if (isIdle())
        measureSoon();
    showState();
}

void TrainingForecastLine::setProblem(const QString& reason)
{
    stop();
    m_request.reset();
    m_key.clear();
    m_measured.reset();
    m_problem = reason;
    showState();
}

void TrainingForecastLine::setTraining(bool training)
{
    if (training == m_training)
        return;
    m_training = training;
    if (training)
        stop();
    else
        measureSoon();
    showState();
}

void TrainingForecastLine::stop()
{
    m_timer->stop();
    m_jobs.cancel(m_job);
    m_job = 0;
}

bool TrainingForecastLine::isIdle() const
{
    return m_job == 0 && !m_timer->isActive();
}

void TrainingForecastLine::measureSoon()
{
    if (m_request && !m_measured && !m_training)
        m_timer->start(); // anew: the last change counts
}

TrainingForecastLine::Measured TrainingForecastLine::measure(const Request& request, const TaskContext& context)
{
    Measured measured;
    try {
        measured.freeMb = memoryForProgramMb();
        measured.forecast = forecastTraining(request.folder, request.options, request.encoderFile, context);
    } catch (const Error& error) {
        // Nobody asked for the measurement, so its failure is no news: a start would tell it.
        measured.problem = error.message();
    }
    return measured;
}

void TrainingForecastLine::start()
{
    if (!m_jobs.isIdle()) {
        m_timer->start();
        return;
    }
    const auto work = [request = *m_request](const TaskContext& context) { return measure(request, context); };
    // In the lane of trainings, so that one that is started meanwhile never runs beside it.
    m_job = runInBackground(m_jobs, JobRunner::Lane::Training, tr("Measuring what a training takes"), this, work,
                            [this, key = m_key](Measured&& measured) {
                                if (!m_request || key != m_key)
                                    return;
                                m_measured = std::move(measured);
                                showState();
                            });
}

void TrainingForecastLine::showState()
{
    QString text;
    QString toolTip;
    QString warning;
    QString remedy;
    if (m_training) {
        text = u"—"_s;
        toolTip = tr("What a training takes is measured when none is at work.");
    } else if (!m_problem.isEmpty()) {
        text = u"—"_s;
        toolTip = m_problem;
    } else if (m_measured && !m_measured->problem.isEmpty()) {
        text = u"—"_s;
        toolTip = m_measured->problem;
    } else if (m_measured) {
        const TrainingForecast& forecast = m_measured->forecast;
        const QString time = durationText(forecast.seconds);
        const QString memory = memoryText(forecast.memoryMb);
        text = forecast.steps > 0
                   ? tr("About %1: %2 steps of %3 s, %4")
                         .arg(time, QLocale().toString(forecast.steps),
                              QLocale().toString(forecast.secondsPerStep, 'f', forecast.secondsPerStep < 0.1 ? 3 : 2),
                              memory)
                   : tr("About %1, %2").arg(time, memory);
        toolTip = tr("Time and memory that a training takes on this machine, with %n image(s) of %1 × %2", nullptr,
                     forecast.images)
                      .arg(forecast.width)
                      .arg(forecast.height);
        remedy = tr("Choose a smaller size or batch, or close other programs.");
        if (m_measured->freeMb > 0.0 && forecast.memoryMb > m_measured->freeMb) {
            warning = tr("Only %1 of memory are free.").arg(memoryText(m_measured->freeMb));
        } else if (const Sight& sight = forecast.sight; sight.isCoarse() || sight.isTooCoarse()) {
            warning = tr("Defects below %1 px may pass").arg(std::lround(sight.seen()));
            remedy = sight.text() + u'\n' +
                     (sight.isCoarse() ? tr("Name the smallest defect that must be found.") : sight.advice());
        }
    } else if (m_request) {
        text = tr("Measuring…");
        toolTip = tr("How long a training takes on this machine, as soon as nothing else is at work");
    }
    m_text->setText(text);
    m_text->setToolTip(toolTip);
    m_warning->setText(warning);
    m_warning->setToolTip(remedy);
    m_icon->setPixmap(themedIcon(u"warning"_s, theme::Token::Review).pixmap(QSize(16, 16), devicePixelRatio()));
    m_icon->setVisible(!warning.isEmpty());
    m_warning->setVisible(!warning.isEmpty());
}

void TrainingForecastLine::changeEvent(QEvent* event)
{
    if (event->type() == QEvent::PaletteChange)
        showState(); // a label keeps the pixmap of the old theme
    QWidget::changeEvent(event);
}

} // namespace lynceus
