// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/training_data_card.h"

#include "core/jobs/job_runner.h"
#include "core/memseg/training_plan.h"
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
    , m_findOdd(new QPushButton(tr("&Odd images…"), this))
    , m_findings(new FindingList(this))
{
    m_counts->setObjectName(u"counts"_s);
    theme::setRole(m_counts, theme::TextRole::Caption);
    m_choose->setObjectName(u"chooseButton"_s);
    m_choose->setToolTip(tr("Choose a folder with pictures of good parts, or drop it on this page (Alt+C)"));
    m_findOdd->setObjectName(u"findOddButton"_s);
    m_findOdd->setToolTip(tr("Show which good images look unlike all others, before a model learns from them (Alt+O)"));
    m_findings->setMinimumHeight(30);
    m_findings->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Ignored); // Start stays in sight

    auto* row = new QHBoxLayout;
    row->addWidget(m_name, 1);
    row->addWidget(m_choose);
    body()->addLayout(row);
    auto* countsRow = new QHBoxLayout;
    countsRow->addWidget(m_counts, 1);
    countsRow->addWidget(m_findOdd);
    body()->addLayout(countsRow);
    body()->addWidget(m_findings, 1);
    connect(m_findOdd, &QPushButton::clicked, this, &TrainingDataCard::oddImagesRequested);
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
    m_leftOut = 0;
    m_findings->clear();
    const auto examine = [path = m_folder](const TaskContext& context) { return examineFolder(path, context); };
    // Reads every picture: in the lane of files it would keep opening and saving waiting.
    m_job = runInBackground(m_jobs, JobRunner::Lane::Inspection, tr("Examining %1").arg(QDir(m_folder).dirName()), this,
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

void TrainingDataCard::setLeftOut(int images, bool isLooking)
{
    m_leftOut = images;
    m_isLooking = isLooking;
    showCounts();
}

void TrainingDataCard::showState()
{
    m_name->setText(m_folder.isEmpty() ? tr("Drop a folder of good parts here") : QDir(m_folder).dirName());
    m_name->setToolTip(QDir::toNativeSeparators(m_folder));
    showCounts();
    Q_EMIT changed();
}

void TrainingDataCard::showCounts()
{
    QString counts = tr("At least four pictures of good parts; thirty or more make a good model.");
    if (m_report) {
        counts = m_leftOut == 0 ? tr("%1 good").arg(images()) : tr("%1 good, %2 left out").arg(images()).arg(m_leftOut);
        counts += u'\n' + tr("Test: %1 good, %2 bad").arg(m_report->testGood).arg(m_report->testDefective);
    } else if (m_job != 0) {
        counts = tr("Reading every picture…");
    }
    m_counts->setWordWrap(!m_report); // one that wraps asks for more height than it needs
    m_counts->setText(counts);
    m_counts->setToolTip(m_report ? tr("Good pictures to learn from; test pictures are for the report only")
                                  : QString());
    m_findOdd->setVisible(m_report.has_value());
    m_findOdd->setEnabled(m_job == 0 && !m_isLooking && images() >= kLeastGoodImages);
}

} // namespace lynceus
