// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/test_images_panel.h"

#include "core/jobs/job_runner.h"
#include "core/memseg/session.h"
#include "ui/background_task.h"
#include "ui/curve_plot.h"
#include "ui/job_indicator.h"
#include "ui/theme.h"
#include "ui/worst_image_model.h"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QLocale>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QListView>
#include <QtWidgets/QProgressBar>
#include <QtWidgets/QStackedWidget>
#include <QtWidgets/QVBoxLayout>

#include <cmath>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr QSize kThumbnail{56, 56};
constexpr int kListHeight = 90; // a row of thumbnails with their scores, scroll bar

QString rateText(double rate)
{
    return TestImagesPanel::tr("%1 %").arg(QLocale().toString(rate * 100.0, 'f', 1));
}

} // namespace

TestImagesPanel::TestImagesPanel(const Services& services, QWidget* parent)
    : QWidget(parent)
    , m_services(services)
    , m_stack(new QStackedWidget(this))
    , m_good(new WorstImageModel(this))
    , m_defective(new WorstImageModel(this))
{
    m_stack->addWidget(makeEmpty());
    m_stack->addWidget(makeMeasured());
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_stack);
    JobRunner& jobs = m_services.jobs;
    connect(&jobs, &JobRunner::changed, this, [this](const JobStatus& job) {
        if (job.id == m_job && !job.ended())
            showProgress(m_bar, job.progress);
    });
    connect(&jobs, &JobRunner::ended, this, [this](const JobStatus& job) {
        if (job.id != m_job)
            return;
        m_job = 0;
        showState();
    });
    showState();
}

QWidget* TestImagesPanel::makeEmpty()
{
    auto* page = new QWidget(this);
    m_hint = new QLabel(page);
    m_hint->setObjectName(u"testImagesHint"_s);
    m_hint->setWordWrap(true);
    m_hint->setAlignment(Qt::AlignCenter);
    theme::setRole(m_hint, theme::TextRole::Secondary);
    m_bar = new QProgressBar(page);
    m_bar->setTextVisible(false);
    m_bar->setAccessibleName(tr("Progress of the measurement"));
    m_bar->setMaximumWidth(320);
    auto* layout = new QVBoxLayout(page);
    layout->addStretch();
    layout->addWidget(m_hint);
    auto* row = new QHBoxLayout;
    row->addStretch();
    row->addWidget(m_bar, 1);
    row->addStretch();
    layout->addLayout(row);
    layout->addStretch();
    return page;
}

QWidget* TestImagesPanel::makeMeasured()
{
    auto* page = new QWidget(this);
    m_figures = new QLabel(page);
    m_figures->setObjectName(u"testFigures"_s);
    m_figures->setWordWrap(true);
    m_figures->setFont(theme::captionFont());
    m_figures->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_roc = new RocPlot(page);
    m_histogram = new ScoreHistogram(page);
    m_histogram->setReadOnly(true);
    m_histogram->setObjectName(u"testHistogram"_s);
    m_note = new QLabel(page);
    m_note->setWordWrap(true);
    theme::setRole(m_note, theme::TextRole::Caption);

    auto* plots = new QHBoxLayout;
    plots->setSpacing(8);
    plots->addWidget(m_roc, 2);
    plots->addWidget(m_histogram, 3);
    auto* worst = new QHBoxLayout;
    worst->setSpacing(12);
    worst->addWidget(makeWorst(tr("Good, but with the highest scores"), m_good, u"worstGood"_s));
    worst->addWidget(makeWorst(tr("Defective, but with the lowest scores"), m_defective, u"worstDefective"_s));
    auto* layout = new QVBoxLayout(page);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(6);
    layout->addWidget(m_figures);
    layout->addLayout(plots, 1);
    layout->addLayout(worst);
    layout->addWidget(m_note);
    for (QWidget* plot : {static_cast<QWidget*>(m_roc), static_cast<QWidget*>(m_histogram)})
        plot->setMinimumHeight(100);
    connect(m_roc, &RocPlot::errorOccurred, this, &TestImagesPanel::errorOccurred);
    connect(m_histogram, &ScoreHistogram::errorOccurred, this, &TestImagesPanel::errorOccurred);
    return page;
}

QWidget* TestImagesPanel::makeWorst(const QString& caption, WorstImageModel* model, const QString& name)
{
    auto* part = new QWidget(this);
    auto* title = new QLabel(caption, part);
    theme::setRole(title, theme::TextRole::Caption);
    auto* view = new QListView(part);
    view->setObjectName(name);
    view->setAccessibleName(caption);
    view->setModel(model);
    view->setViewMode(QListView::IconMode);
    view->setMovement(QListView::Static);
    view->setWrapping(false);
    view->setUniformItemSizes(true);
    view->setIconSize(kThumbnail);
    view->setGridSize(QSize(kThumbnail.width() + 8, kThumbnail.height() + 20));
    view->setFixedHeight(kListHeight);
    view->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    view->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    auto* layout = new QVBoxLayout(part);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(2);
    layout->addWidget(title);
    layout->addWidget(view);
    const auto choose = [this, model](const QModelIndex& index) {
        Q_EMIT imageChosen(m_modelFile, m_folder, model->image(index.row()).path);
    };
    connect(view, &QListView::clicked, this, choose);
    connect(view, &QListView::activated, this, choose);
    return part;
}

void TestImagesPanel::setModel(const QString& modelFile, const QString& folder)
{
    m_modelFile = modelFile;
    m_folder = folder;
    showState();
}

void TestImagesPanel::measure()
{
    if (m_modelFile.isEmpty())
        return;
    m_services.jobs.cancel(m_job);
    m_measuring = m_modelFile;
    m_known.erase(m_modelFile);
    const auto work = [model = m_modelFile, folder = m_folder, options = sessionOptions(m_services)](
                          const TaskContext& context) { return measureModel(model, options, folder, context); };
    m_job = runInBackground(m_services.jobs, JobRunner::Lane::Inspection,
                            tr("Measuring %1 on test images").arg(QFileInfo(m_modelFile).completeBaseName()), this,
                            work, [this, model = m_modelFile](ModelMeasurement&& measured) {
                                m_known[model] = std::move(measured);
                                showState();
                                Q_EMIT this->measured(model);
                            });
    showState();
}

const EvaluationReport* TestImagesPanel::report() const
{
    const auto known = m_known.find(m_modelFile);
    return known == m_known.end() ? nullptr : &known->second.report;
}

void TestImagesPanel::judgeAt(double threshold)
{
    const auto known = m_known.find(m_modelFile);
    if (known == m_known.end() || known->second.report.threshold == threshold)
        return;
    known->second.report.judgeAt(threshold);
    showState();
}

void TestImagesPanel::showState()
{
    const auto known = m_known.find(m_modelFile);
    if (known != m_known.end()) {
        fill(known->second);
        m_stack->setCurrentIndex(1);
        return;
    }
    const bool measuring = m_job != 0 && m_measuring == m_modelFile;
    m_bar->setVisible(measuring);
    m_hint->setText(m_modelFile.isEmpty()
                        ? tr("When a training is over, its model can be measured on real test images here.")
                    : measuring ? tr("Inspecting the test images…")
                                : tr("“Measure on test images” inspects the labelled images of the folder."));
    m_stack->setCurrentIndex(0);
}

void TestImagesPanel::fill(const ModelMeasurement& measured)
{
    const EvaluationReport& report = measured.report;
    QStringList parts;
    const auto add = [&parts](const QString& name, double value, const QString& text) {
        if (std::isfinite(value))
            parts << u"%1 %2"_s.arg(name, text);
    };
    const auto figure = [](double value) { return QLocale().toString(value, 'f', 3); };
    add(tr("Image AUROC"), report.imageAuroc, figure(report.imageAuroc));
    add(tr("Pixel AUROC"), report.pixelAuroc, figure(report.pixelAuroc));
    add(tr("AUPRO"), report.aupro, figure(report.aupro));
    add(tr("Overkill"), report.overkill, rateText(report.overkill));
    add(tr("Escapes"), report.escape, rateText(report.escape));
    if (report.failed > 0)
        parts << tr("%n unreadable", nullptr, report.failed);
    m_figures->setText(parts.join(u" · "_s));
    m_figures->setToolTip(report.problems.mid(0, 10).join(u'\n'));

    std::vector<double> good;
    std::vector<double> defective;
    for (std::size_t i = 0; i < report.scores.size(); ++i)
        (report.labels[i] ? defective : good).push_back(report.scores[i]);
    m_histogram->setScores(good, defective, {});
    m_histogram->setThreshold(report.threshold);
    m_roc->setVisible(measured.roc.has_value());
    if (measured.roc)
        m_roc->setRoc(*measured.roc, report.overkill, 1.0 - report.escape);
    else
        m_roc->clear();
    m_good->setImages(measured.good);
    m_defective->setImages(measured.defective);
    QString note = tr("For the report only: a training never chooses its model or thresholds by real defects.");
    if (report.learntFromGood)
        note += u' ' + tr("The folder keeps no good images apart, so these are the ones it learnt from.");
    m_note->setText(note);
}

} // namespace lynceus
