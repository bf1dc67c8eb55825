// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/odd_images_panel.h"

#include "core/base/settings.h"
#include "core/weights/model_store.h"
#include "ui/background_task.h"
#include "ui/job_indicator.h"
#include "ui/odd_image_model.h"
#include "ui/theme.h"

#include <QtCore/QDir>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QListView>
#include <QtWidgets/QProgressBar>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QVBoxLayout>

namespace lynceus {

using namespace Qt::StringLiterals;

OddImagesPanel::OddImagesPanel(const Services& services, QWidget* parent)
    : QWidget(parent)
    , m_services(services)
    , m_images(new OddImageModel(this))
    , m_text(new QLabel(this))
    , m_bar(new QProgressBar(this))
    , m_cancel(new QPushButton(tr("Cancel"), this))
{
    m_text->setObjectName(u"oddText"_s);
    m_text->setWordWrap(true);
    theme::setRole(m_text, theme::TextRole::Caption);
    m_bar->setTextVisible(false);
    m_bar->setAccessibleName(tr("Progress of the look at odd images"));
    m_cancel->setObjectName(u"cancelOddButton"_s);
    m_cancel->setToolTip(tr("Stop comparing the images"));
    auto* list = new QListView(this);
    list->setObjectName(u"oddImages"_s);
    list->setAccessibleName(tr("Good images, the most unusual first"));
    list->setModel(m_images);
    list->setIconSize(QSize(OddImageModel::kThumbnail, OddImageModel::kThumbnail));
    list->setUniformItemSizes(true);
    list->setSpacing(2);
    list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    list->setTextElideMode(Qt::ElideMiddle);

    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    row->addWidget(m_bar, 1);
    row->addWidget(m_cancel);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(8);
    layout->addWidget(m_text);
    layout->addLayout(row);
    layout->addWidget(list, 1);

    JobRunner& jobs = m_services.jobs;
    connect(m_cancel, &QPushButton::clicked, this, [this] { m_services.jobs.cancel(m_job); });
    connect(&jobs, &JobRunner::changed, this, [this](const JobStatus& job) {
        if (job.id == m_job && !job.ended())
            showProgress(m_bar, job.progress);
    });
    connect(&jobs, &JobRunner::ended, this, [this](const JobStatus& job) {
        if (job.id != m_job)
            return;
        m_job = 0;
        showState();
        Q_EMIT lookingChanged();
    });
    connect(list, &QListView::doubleClicked, this,
            [this](const QModelIndex& index) { Q_EMIT openRequested(m_images->image(index.row()).path); });
    connect(m_images, &OddImageModel::excludedChanged, this, [this] {
        m_services.settings.setExcludedImages(m_folder, m_images->excluded());
        Q_EMIT excludedChanged();
    });
    showState();
}

void OddImagesPanel::setFolder(const QString& folder, const std::vector<Sample>& good)
{
    m_services.jobs.cancel(m_job);
    m_folder = folder;
    m_shown = Shown::LeftOut;
    m_images->setFolder(good, m_services.settings.excludedImages(folder));
    showState();
}

void OddImagesPanel::clear()
{
    m_services.jobs.cancel(m_job);
    m_folder.clear();
    m_shown = Shown::LeftOut;
    m_images->setFolder({}, {});
    showState();
}

void OddImagesPanel::look(const AnomalyFolder& folder, MemSegOptions options)
{
    m_services.jobs.cancel(m_job);
    options.exclude = excluded();
    const QString encoder = m_services.modelStore.encoderFile(options.encoder, options.backbone);
    const auto work = [folder, options, encoder](const TaskContext& context) {
        return rankByOddness(folder, options, encoder, context);
    };
    m_job = runInBackground(m_services.jobs, JobRunner::Lane::Inspection,
                            tr("Looking for odd images in %1").arg(QDir(m_folder).dirName()), this, work,
                            [this, path = m_folder](const std::vector<OddImage>& images) {
                                if (path != m_folder)
                                    return;
                                m_shown = Shown::Ranking;
                                m_images->setRanking(images);
                                showState();
                            });
    showState();
    Q_EMIT lookingChanged();
}

void OddImagesPanel::showNames(const QStringList& names)
{
    m_services.jobs.cancel(m_job);
    m_shown = Shown::Named;
    m_missing = m_images->setNames(names);
    showState();
}

QString OddImagesPanel::excluded() const
{
    return m_images->excluded().join(u'|');
}

int OddImagesPanel::excludedCount() const
{
    return int(m_images->excluded().size());
}

bool OddImagesPanel::isIdle() const
{
    return m_job == 0 && m_images->isIdle();
}

void OddImagesPanel::showState()
{
    const bool looking = m_job != 0;
    for (QWidget* widget : {static_cast<QWidget*>(m_bar), static_cast<QWidget*>(m_cancel)})
        widget->setVisible(looking);
    m_text->setText(
        looking ? tr("Comparing each good image with all others…")
        : m_shown == Shown::Named
            ? tr("The calibration of the model found these far from all other good images: a defect, another "
                 "product, a picture out of focus? What is not ticked is left out of the next training.")
        : m_shown == Shown::Ranking
            ? tr("The most unusual first. Above %1 σ an image is worth a look: a defect, another "
                 "product, a picture out of focus? What is not ticked is left out.")
                  .arg(kSuspicious)
        : m_images->rowCount() > 0
            ? tr("Left out of trainings. “Odd images…” compares the others with each other.")
            : tr("“Odd images…” compares each good image with all others, to find a defective part "
                 "among them, another product, or a picture out of focus."));
    if (!looking && m_shown == Shown::Named && m_missing > 0)
        m_text->setText(m_text->text() + u' ' + tr("%n of them are not in this folder any more.", nullptr, m_missing));
}

} // namespace lynceus
