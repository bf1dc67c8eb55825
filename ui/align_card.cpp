// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/align_card.h"

#include "core/base/error.h"
#include "core/jobs/job_runner.h"
#include "ui/background_task.h"
#include "ui/picture_grid.h"
#include "ui/theme.h"

#include <QtCore/QDir>
#include <QtCore/QJsonDocument>
#include <QtCore/QTimer>
#include <QtWidgets/QComboBox>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QVBoxLayout>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kDelayMs = 400; // who steps through a list is not done after its first entry
constexpr int kPicturesHeight = 170;

/// What the strip depends on.
QString keyOf(const AlignCard::Request& request)
{
    const QJsonObject options = request.options.toJson();
    QJsonObject counting = request.options.preprocessing.toJson();
    for (const QString& key : {u"align"_s, u"exclude"_s, u"auto_size"_s, u"keep_aspect"_s})
        counting.insert(key, options[key]);
    return request.folder + u'\n' + QString::fromUtf8(QJsonDocument(counting).toJson(QJsonDocument::Compact));
}

AlignStrip stripOf(const AlignCard::Request& request, const TaskContext& context)
{
    try {
        return makeAlignStrip(request.good, request.options, context);
    } catch (const Error& error) {
        // Nobody asked for it, so its failure is no news: a start would tell it.
        AlignStrip strip;
        strip.text = error.message();
        return strip;
    }
}

std::vector<QImage> imagesOf(const AlignStrip& strip)
{
    std::vector<QImage> images;
    for (const cv::Mat& picture : strip.pictures) {
        images.push_back(
            QImage(picture.data, picture.cols, picture.rows, qsizetype(picture.step), QImage::Format_ARGB32).copy());
    }
    return images;
}

} // namespace

AlignCard::AlignCard(JobRunner& jobs, QWidget* parent)
    : Card(tr("How parts lie"), parent)
    , m_jobs(jobs)
    , m_timer(new QTimer(this))
    , m_text(new QLabel(this))
    , m_choice(new QComboBox(this))
    , m_pictures(new PictureGrid({}, this))
{
    m_text->setObjectName(u"alignText"_s);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setWordWrap(true);
    theme::setRole(m_text, theme::TextRole::Caption);
    m_choice->setObjectName(u"alignChoice"_s);
    m_choice->setAccessibleName(tr("Turn parts upright"));
    m_choice->setToolTip(tr("Find parts that lie freely, turn them upright and cut them out. Automatic: where that "
                            "makes the good parts more alike"));
    m_choice->addItem(tr("Upright: automatic"), u"auto"_s);
    m_choice->addItem(tr("Turn upright"), u"on"_s);
    m_choice->addItem(tr("As they lie"), u"off"_s);
    m_pictures->setObjectName(u"alignPictures"_s);
    m_pictures->setAccessibleName(tr("Good images as they were taken, and below each the upright part"));
    m_pictures->setToolTip(tr("Above: as taken, with what is cut out. Below: what the network will see"));
    m_pictures->setFixedHeight(kPicturesHeight);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);

    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    row->addWidget(m_text, 1);
    row->addWidget(m_choice, 0, Qt::AlignTop);
    body()->addLayout(row);
    body()->addWidget(m_pictures);

    m_timer->setSingleShot(true);
    m_timer->setInterval(kDelayMs);
    connect(m_timer, &QTimer::timeout, this, &AlignCard::look);
    connect(m_choice, &QComboBox::activated, this, [this] { Q_EMIT alignChosen(m_choice->currentData().toString()); });
    connect(&jobs, &JobRunner::ended, this, [this](const JobStatus& job) {
        if (job.id == m_job)
            m_job = 0;
    });
    showState();
}

void AlignCard::setRequest(std::optional<Request> request)
{
    const QString key = request ? keyOf(*request) : QString();
    if (key != m_key) {
        stop();
        m_strip.reset();
    }
    m_request = std::move(request);
    m_key = key;
    lookSoon();
    showState();
}

void AlignCard::setActive(bool active)
{
    if (active == m_active)
        return;
    m_active = active;
    if (active)
        lookSoon();
    else
        stop();
    showState();
}

bool AlignCard::isIdle() const
{
    return m_job == 0 && !m_timer->isActive();
}

void AlignCard::stop()
{
    m_timer->stop();
    m_jobs.cancel(m_job);
    m_job = 0;
}

void AlignCard::lookSoon()
{
    if (m_active && m_request && !m_strip && isIdle())
        m_timer->start();
}

void AlignCard::look()
{
    const auto work = [request = *m_request](const TaskContext& context) { return stripOf(request, context); };
    m_job = runInBackground(m_jobs, JobRunner::Lane::Inspection,
                            tr("Looking at how the parts of %1 lie").arg(QDir(m_request->folder).dirName()), this, work,
                            [this, key = m_key](AlignStrip&& strip) {
                                if (!m_request || key != m_key)
                                    return;
                                m_strip = std::move(strip);
                                showState();
                            });
}

void AlignCard::showState()
{
    setVisible(m_active && m_request.has_value());
    if (m_request)
        m_choice->setCurrentIndex(m_choice->findData(m_request->options.align));
    m_text->setText(m_strip ? m_strip->text : tr("Looking at how the parts lie…"));
    m_pictures->setPictures(m_strip ? imagesOf(*m_strip) : std::vector<QImage>());
    m_pictures->setVisible(m_strip && !m_strip->pictures.empty());
}

} // namespace lynceus
