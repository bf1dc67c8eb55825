// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/training_data_card.h"

#include "core/jobs/job_runner.h"
#include "ui/background_task.h"
#include "ui/elided_label.h"
#include "ui/finding_list.h"
#include "ui/theme.h"

#include <QtCore/QDir>
#include <QtWidgets/QFileDialog>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QVBoxLayout>

namespace lynceus {

using namespace Qt::StringLiterals;

TrainingDataCard::TrainingDataCard(JobRunner& jobs, QWidget* parent)
    : Card(tr("Data"), parent)
    , m_jobs(jobs)
    , m_name(new ElidedLabel(this, Qt::ElideMiddle))
    , m_counts(new QLabel(this))
    , m_choose(new QPushButton(tr("&Choose folder…"), this))
    , m_findings(new FindingList(this))
{
    m_counts->setWordWrap(true);
    theme::setRole(m_counts, theme::TextRole::Caption);
    m_choose->setObjectName(u"chooseButton"_s);
    m_choose->setToolTip(tr("Choose a folder with pictures of good parts, or drop it on this page (Alt+C)"));
    m_findings->setMinimumHeight(48);

    auto* row = new QHBoxLayout;
    row->addWidget(m_name, 1);
    row->addWidget(m_choose);
    body()->addLayout(row);
    body()->addWidget(m_counts);
    body()->addWidget(m_findings, 1);
    connect(m_choose, &QPushButton::clicked, this, [this] {
        const QString chosen =
            QFileDialog::getExistingDirectory(this, tr("Choose a folder with pictures of good parts"), m_folder);
        if (!chosen.isEmpty())
            setFolder(chosen);
    });
    connect(&jobs, &JobRunner::ended, this, [this](const JobStatus& job) {
        if (job.id != m_job)
            return;
        m_job = 0;
        showState();
    });
    showState();
}

void TrainingDataCard::setFolder(const QString& folder)
{
    m_jobs.cancel(m_job);
    m_folder = QDir(folder).absolutePath();
    m_report.reset();
    m_findings->clear();
    const auto examine = [path = m_folder](const TaskContext& context) { return examineFolder(path, context); };
    m_job = runInBackground(m_jobs, JobRunner::Lane::Files, tr("Examining %1").arg(QDir(m_folder).dirName()), this,
                            examine, [this, path = m_folder](FolderReport&& report) {
                                if (path != m_folder)
                                    return;
                                m_findings->setFindings(report.findings);
                                m_report = std::move(report);
                                showState();
                                Q_EMIT examined();
                            });
    showState();
}

void TrainingDataCard::showState()
{
    m_name->setText(m_folder.isEmpty() ? tr("Drop a folder of good parts here") : QDir(m_folder).dirName());
    m_name->setToolTip(QDir::toNativeSeparators(m_folder));
    QString counts = tr("At least four pictures of good parts; thirty or more make a good model.");
    if (m_report)
        counts = tr("%1 good to learn from, %2 good and %3 defective for the report only")
                     .arg(m_report->trainGood)
                     .arg(m_report->testGood)
                     .arg(m_report->testDefective);
    else if (m_job != 0)
        counts = tr("Reading every picture…");
    m_counts->setText(counts);
    Q_EMIT changed();
}

} // namespace lynceus
