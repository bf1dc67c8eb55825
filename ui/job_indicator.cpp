// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/job_indicator.h"

#include "core/jobs/job_runner.h"
#include "ui/elided_label.h"
#include "ui/icons.h"

#include <QtCore/QCoreApplication>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QProgressBar>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QVBoxLayout>

#include <algorithm>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kListWidth = 360;

QString timeLeftText(const Progress& progress)
{
    return progress.secondsLeft ? QCoreApplication::translate("lynceus::JobIndicator", "%1 left")
                                      .arg(durationText(*progress.secondsLeft))
                                : QString();
}

} // namespace

void showProgress(QProgressBar* bar, const Progress& progress)
{
    if (progress.fraction < 0.0) {
        bar->setRange(0, 0);
        return;
    }
    bar->setRange(0, 1000);
    bar->setValue(std::clamp(int(progress.fraction * 1000.0), 0, 1000));
}

QString progressText(const Progress& progress)
{
    QStringList parts;
    for (const QString& part : {progress.what, timeLeftText(progress)}) {
        if (!part.isEmpty())
            parts << part;
    }
    return parts.join(u" · "_s);
}

JobIndicator::JobIndicator(JobRunner& jobs, QWidget* parent)
    : QWidget(parent)
    , m_jobs(jobs)
    , m_title(new ElidedLabel(this))
    , m_left(new QLabel(this))
    , m_bar(new QProgressBar(this))
    , m_button(new QPushButton(themedIcon(u"tasks"_s), tr("Tasks"), this))
    , m_list(new QFrame(this, Qt::Popup))
    , m_listLayout(new QVBoxLayout(m_list))
{
    setAccessibleName(tr("Tasks"));
    for (QLabel* label : {m_title, m_left})
        theme::setRole(label, theme::TextRole::Caption);
    m_bar->setTextVisible(false);
    m_bar->setAccessibleName(tr("Progress of the running task"));
    m_button->setObjectName(u"taskButton"_s);
    m_button->setToolTip(tr("List the running tasks; each can be cancelled"));

    auto* texts = new QHBoxLayout;
    texts->addWidget(m_title, 1);
    texts->addWidget(m_left);
    auto* column = new QVBoxLayout;
    column->setSpacing(4);
    column->addStretch();
    column->addLayout(texts);
    column->addWidget(m_bar);
    column->addStretch();
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(12);
    row->addLayout(column, 1);
    row->addWidget(m_button);

    m_list->setObjectName(u"jobPopup"_s);
    m_list->setFixedWidth(kListWidth);
    m_listLayout->setContentsMargins(12, 12, 12, 12);
    m_listLayout->setSpacing(12);

    connect(m_button, &QPushButton::clicked, this, &JobIndicator::openList);
    connect(&m_jobs, &JobRunner::changed, this, &JobIndicator::refresh);
    connect(&m_jobs, &JobRunner::ended, this, &JobIndicator::refresh);
    refresh();
}

void JobIndicator::openList()
{
    updateList(m_jobs.active());
    m_list->adjustSize();
    m_list->move(m_button->mapToGlobal(QPoint(m_button->width() - kListWidth, m_button->height() + 4)));
    m_list->show();
}

void JobIndicator::refresh()
{
    const std::vector<JobStatus> active = m_jobs.active();
    setVisible(!active.empty());
    updateList(active);
    if (active.empty()) {
        m_list->hide();
        return;
    }
    const auto running = std::find_if(active.begin(), active.end(),
                                      [](const JobStatus& job) { return job.state == JobStatus::State::Running; });
    const JobStatus& shown = running == active.end() ? active.front() : *running;
    const QString what = shown.progress.what;
    const QString text = what.isEmpty() ? shown.title : shown.title + u" · "_s + what;
    m_title->setText(text);
    m_title->setToolTip(text);
    m_left->setText(timeLeftText(shown.progress));
    showProgress(m_bar, shown.progress);
    m_button->setText(active.size() == 1 ? tr("1 task") : tr("%1 tasks").arg(active.size()));
}

JobIndicator::Row JobIndicator::makeRow(const JobStatus& status)
{
    Row row;
    row.id = status.id;
    row.widget = new QWidget(m_list);
    auto* title = new QLabel(status.title, row.widget);
    title->setTextFormat(Qt::PlainText);
    theme::setRole(title, theme::TextRole::Heading);
    row.text = new QLabel(row.widget);
    theme::setRole(row.text, theme::TextRole::Caption);
    row.bar = new QProgressBar(row.widget);
    row.bar->setTextVisible(false);
    auto* cancel = new QPushButton(tr("Cancel"), row.widget);
    cancel->setAccessibleName(tr("Cancel %1").arg(status.title));
    cancel->setToolTip(tr("Stop this task; what it has done so far is dropped"));
    connect(cancel, &QPushButton::clicked, this, [this, id = status.id] { m_jobs.cancel(id); });

    auto* texts = new QVBoxLayout;
    texts->setSpacing(4);
    texts->addWidget(title);
    texts->addWidget(row.text);
    texts->addWidget(row.bar);
    auto* layout = new QHBoxLayout(row.widget);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(12);
    layout->addLayout(texts, 1);
    layout->addWidget(cancel, 0, Qt::AlignVCenter);
    m_listLayout->addWidget(row.widget);
    return row;
}

void JobIndicator::updateList(const std::vector<JobStatus>& active)
{
    const auto stillActive = [&](const Row& row) {
        return std::any_of(active.begin(), active.end(), [&](const JobStatus& job) { return job.id == row.id; });
    };
    for (Row& row : m_rows) {
        if (!stillActive(row)) {
            row.widget->hide();
            row.widget->deleteLater();
        }
    }
    m_rows.erase(std::remove_if(m_rows.begin(), m_rows.end(), [&](const Row& row) { return !stillActive(row); }),
                 m_rows.end());
    for (const JobStatus& job : active) {
        auto row = std::find_if(m_rows.begin(), m_rows.end(), [&](const Row& known) { return known.id == job.id; });
        if (row == m_rows.end())
            row = m_rows.insert(m_rows.end(), makeRow(job));
        const bool queued = job.state == JobStatus::State::Queued;
        row->text->setText(queued ? tr("waiting for its turn") : progressText(job.progress));
        showProgress(row->bar, job.progress);
    }
}

} // namespace lynceus
