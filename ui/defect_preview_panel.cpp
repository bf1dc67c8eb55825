// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/defect_preview_panel.h"

#include "core/base/settings.h"
#include "core/jobs/job_runner.h"
#include "ui/background_task.h"
#include "ui/picture_grid.h"
#include "ui/simulator_form.h"
#include "ui/theme.h"

#include <QtCore/QTimer>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QScrollArea>
#include <QtWidgets/QVBoxLayout>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kDelayMs = 150; // a slider that moves asks for one drawing, not for each of its steps

} // namespace

DefectPreviewPanel::DefectPreviewPanel(JobRunner& jobs, Settings& settings, QWidget* parent)
    : QWidget(parent)
    , m_jobs(jobs)
    , m_settings(settings)
    , m_preview(std::make_shared<DefectPreview>())
    , m_timer(new QTimer(this))
    , m_grid(new PictureGrid(tr("Choose a folder to see the defects that a training would practise on."), this))
    , m_fresh(new QPushButton(tr("&New samples"), this))
    , m_adjust(new QPushButton(tr("Ad&just"), this))
    , m_reset(new QPushButton(tr("&Reset"), this))
    , m_scroll(new QScrollArea(this))
    , m_form(new SimulatorForm(m_scroll))
{
    m_grid->setObjectName(u"defectPreview"_s);
    m_grid->setAccessibleName(tr("Simulated defects on good images of the folder"));
    m_fresh->setObjectName(u"newSamplesButton"_s);
    m_fresh->setToolTip(tr("Other images and other defects (Alt+N)"));
    m_adjust->setObjectName(u"adjustButton"_s);
    m_adjust->setToolTip(tr("Kinds, size and opacity of the defects; remembered for this folder (Alt+J)"));
    m_adjust->setCheckable(true);
    m_reset->setObjectName(u"resetDefectsButton"_s);
    m_reset->setToolTip(tr("Set all sliders back (Alt+R)"));
    m_form->setObjectName(u"scrollContent"_s);
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_scroll->setWidgetResizable(true);
    m_scroll->setWidget(m_form);
    m_scroll->setMinimumWidth(m_form->minimumSizeHint().width());

    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    row->addWidget(m_fresh);
    row->addStretch();
    row->addWidget(m_reset);
    row->addWidget(m_adjust);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(8);
    layout->addWidget(m_grid, 1);
    layout->addLayout(row);
    layout->addWidget(m_scroll, 1);
    showForm(false);

    m_timer->setSingleShot(true);
    m_timer->setInterval(kDelayMs);
    connect(m_timer, &QTimer::timeout, this, &DefectPreviewPanel::draw);
    connect(m_adjust, &QPushButton::toggled, this, &DefectPreviewPanel::showForm);
    connect(m_fresh, &QPushButton::clicked, this, [this] {
        ++m_request.seed;
        draw();
    });
    connect(m_reset, &QPushButton::clicked, this, [this] { m_form->setValues({}); });
    connect(m_form, &SimulatorForm::changed, this, [this] {
        if (!m_folder.isEmpty())
            m_settings.setDefectOptions(m_folder, m_form->values());
        drawSoon();
    });
    connect(&m_jobs, &JobRunner::ended, this, [this](const JobStatus& job) {
        if (job.id == m_job)
            m_job = 0;
    });
}

DefectPreviewPanel::~DefectPreviewPanel() = default;

void DefectPreviewPanel::setFolder(const QString& folder, std::vector<Sample> good)
{
    m_folder = folder;
    m_request.good = std::move(good);
    m_form->setValues(m_settings.defectOptions(folder));
}

void DefectPreviewPanel::setOptions(const MemSegOptions& options)
{
    m_request.options = options;
    drawSoon();
}

void DefectPreviewPanel::setProblem(const QString& text)
{
    m_jobs.cancel(m_job);
    m_timer->stop();
    m_grid->setPictures({});
    m_grid->setEmptyText(text);
}

void DefectPreviewPanel::applyTo(MemSegOptions& options) const
{
    m_form->applyTo(options);
}

bool DefectPreviewPanel::isIdle() const
{
    return m_job == 0 && !m_timer->isActive();
}

void DefectPreviewPanel::showForm(bool shown)
{
    m_scroll->setVisible(shown);
    m_reset->setVisible(shown);
}

void DefectPreviewPanel::drawSoon()
{
    if (!m_request.good.empty())
        m_timer->start();
}

void DefectPreviewPanel::draw()
{
    m_timer->stop();
    if (m_request.good.empty())
        return;
    m_jobs.cancel(m_job); // the newest wish wins
    DefectPreview::Request request = m_request;
    m_form->applyTo(request.options);
    request.outline = theme::color(theme::Token::Accent, theme::Scheme::Dark); // on pictures, whatever the theme
    const auto work = [preview = m_preview, request](const TaskContext& context) {
        return preview->draw(request, context.cancel);
    };
    m_job = runInBackground(m_jobs, JobRunner::Lane::Files, tr("Drawing simulated defects"), this, work,
                            [this](std::vector<QImage>&& pictures) { m_grid->setPictures(std::move(pictures)); });
}

} // namespace lynceus
