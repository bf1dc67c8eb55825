// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/train_page.h"

#include "core/base/error.h"
#include "core/base/settings.h"
#include "core/jobs/training_job.h"
#include "core/weights/model_store.h"
#include "ui/background_task.h"
#include "ui/curve_plot.h"
#include "ui/elided_label.h"
#include "ui/finding_list.h"
#include "ui/job_indicator.h"
#include "ui/picture_grid.h"
#include "ui/run_result_card.h"
#include "ui/runs_card.h"
#include "ui/theme.h"
#include "ui/training_feed.h"
#include "ui/training_options_form.h"

#include <QtCore/QDateTime>
#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QMimeData>
#include <QtGui/QDragEnterEvent>
#include <QtGui/QShortcut>
#include <QtWidgets/QFileDialog>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QProgressBar>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QScrollArea>
#include <QtWidgets/QSplitter>
#include <QtWidgets/QVBoxLayout>

#include <optional>
#include <vector>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

/// The first folder that is dragged; empty when there is none.
QString draggedFolder(const QMimeData* data)
{
    for (const QUrl& url : data->urls()) {
        if (url.isLocalFile() && QFileInfo(url.toLocalFile()).isDir())
            return url.toLocalFile();
    }
    return {};
}

/// A card with a heading; `layout` takes its content.
QFrame* makeCard(const QString& heading, QVBoxLayout*& layout, QWidget* parent)
{
    auto* card = new QFrame(parent);
    theme::setCard(card);
    layout = new QVBoxLayout(card);
    layout->setContentsMargins(12, 12, 12, 12);
    layout->setSpacing(8);
    auto* title = new QLabel(heading, card);
    theme::setRole(title, theme::TextRole::Heading);
    layout->addWidget(title);
    return card;
}

QSplitter* gapSplitter(Qt::Orientation orientation, const QString& name)
{
    auto* splitter = new QSplitter(orientation);
    splitter->setObjectName(name);
    splitter->setProperty("gaps", true); // the gap between cards is the handle
    splitter->setHandleWidth(12);
    splitter->setChildrenCollapsible(false);
    return splitter;
}

const QList<int> kColumnSizes{300, 640, 240};
const QList<int> kRowSizes{520, 140};

} // namespace

struct TrainPage::Private
{
    Private(TrainPage* page, const Services& givenServices)
        : q(page)
        , services(givenServices)
    {
    }

    QWidget* makeHeader();
    QWidget* makeDataCard();
    QWidget* makeOptionsCard();
    QWidget* makeProgressCard();

    void examine(const QString& newFolder);
    void showReport(const FolderReport& newReport);
    void start();
    void followTraining(const JobStatus& job);
    void takeNews();
    void endTraining(const JobStatus& job);
    void reloadRuns();
    void showRun(const RunRecord& run);
    void plot(const MetricPoint& point);
    void showState();
    void setStep(const QString& text);
    void tell(const Error& error) { Q_EMIT q->errorOccurred(error.message(), error.remedy()); }

    TrainPage* q;
    Services services;
    QString folder;
    std::optional<FolderReport> report;
    quint64 doctorId = 0;
    quint64 trainingId = 0;
    std::shared_ptr<TrainingFeed> feed;

    std::vector<QLabel*> stages;
    QLabel* folderName = nullptr;
    QLabel* folderCounts = nullptr;
    QPushButton* choose = nullptr;
    FindingList* findings = nullptr;
    TrainingOptionsForm* options = nullptr;
    QPushButton* advanced = nullptr;
    QPushButton* startButton = nullptr;
    CurvePlot* curves = nullptr;
    QLabel* step = nullptr;
    QProgressBar* bar = nullptr;
    QPushButton* cancel = nullptr;
    PictureGrid* pictures = nullptr;
    RunResultCard* result = nullptr;
    RunsCard* runs = nullptr;
    QSplitter* columns = nullptr;
    QSplitter* rows = nullptr;
};

QWidget* TrainPage::Private::makeHeader()
{
    auto* header = new QWidget(q);
    auto* title = new QLabel(tr("Train"), header);
    theme::setRole(title, theme::TextRole::Title);
    auto* what = new QLabel(tr("MemSeg · learns from good parts only"), header);
    theme::setRole(what, theme::TextRole::Secondary);
    auto* layout = new QHBoxLayout(header);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(12);
    layout->addWidget(title);
    layout->addWidget(what, 0, Qt::AlignBottom);
    layout->addStretch();
    for (const QString& name : {tr("1 Data"), tr("2 Options"), tr("3 Training"), tr("4 Result")}) {
        auto* stage = new QLabel(name, header);
        stages.push_back(stage);
        layout->addWidget(stage, 0, Qt::AlignBottom);
    }
    return header;
}

QWidget* TrainPage::Private::makeDataCard()
{
    QVBoxLayout* layout = nullptr;
    QFrame* card = makeCard(tr("Data"), layout, q);
    folderName = new ElidedLabel(card, Qt::ElideMiddle);
    folderCounts = new QLabel(card);
    folderCounts->setWordWrap(true);
    theme::setRole(folderCounts, theme::TextRole::Caption);
    choose = new QPushButton(tr("&Choose folder…"), card);
    choose->setObjectName(u"chooseButton"_s);
    choose->setToolTip(tr("Choose a folder with pictures of good parts, or drop it on this page (Alt+C)"));
    findings = new FindingList(card);

    auto* row = new QHBoxLayout;
    row->addWidget(folderName, 1);
    row->addWidget(choose);
    layout->addLayout(row);
    layout->addWidget(folderCounts);
    layout->addWidget(findings, 1);
    findings->setMinimumHeight(48);
    connect(choose, &QPushButton::clicked, q, [this] {
        const QString chosen =
            QFileDialog::getExistingDirectory(q, tr("Choose a folder with pictures of good parts"), folder);
        if (!chosen.isEmpty())
            examine(chosen);
    });
    return card;
}

QWidget* TrainPage::Private::makeOptionsCard()
{
    QVBoxLayout* layout = nullptr;
    QFrame* card = makeCard(tr("Options"), layout, q);
    options = new TrainingOptionsForm(services.modelStore, card);
    options->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    startButton = new QPushButton(tr("&Start training"), card);
    startButton->setObjectName(u"startButton"_s);
    startButton->setToolTip(tr("Train a model on the good parts of the folder (Ctrl+Return)"));
    theme::setPrimary(startButton);
    advanced = new QPushButton(card);
    advanced->setObjectName(u"advancedButton"_s);
    advanced->setToolTip(tr("All other options (Alt+A)"));
    auto* row = new QHBoxLayout;
    row->addWidget(advanced);
    row->addWidget(startButton, 1);
    layout->addWidget(options);
    layout->addLayout(row);
    const auto showChanges = [this] {
        const auto count = options->advanced()->changes().size();
        advanced->setText(count == 0 ? tr("&Advanced…") : tr("&Advanced (%1)…").arg(count));
    };
    connect(options->advanced(), &AdvancedOptionsModel::changed, q, showChanges);
    connect(advanced, &QPushButton::clicked, options, &TrainingOptionsForm::openAdvanced);
    showChanges();
    connect(startButton, &QPushButton::clicked, q, [this] { start(); });
    auto* key = new QShortcut(QKeySequence(Qt::CTRL | Qt::Key_Return), q);
    key->setContext(Qt::WidgetWithChildrenShortcut);
    key->setWhatsThis(tr("Start training"));
    connect(key, &QShortcut::activated, startButton, &QPushButton::click);
    return card;
}

QWidget* TrainPage::Private::makeProgressCard()
{
    QVBoxLayout* layout = nullptr;
    QFrame* card = makeCard(tr("Progress"), layout, q);
    curves = new CurvePlot(card);
    curves->setAccessibleName(tr("Loss and validation AUROC by step"));
    step = new QLabel(card);
    step->setTextFormat(Qt::PlainText);
    step->setObjectName(u"stepText"_s);
    bar = new QProgressBar(card);
    bar->setTextVisible(false);
    bar->setAccessibleName(tr("Progress of the training"));
    cancel = new QPushButton(tr("Cance&l"), card);
    cancel->setObjectName(u"cancelButton"_s);
    cancel->setToolTip(tr("Stop the training; everything stays as it was (Alt+L)"));
    auto* row = new QHBoxLayout;
    row->addWidget(step, 1);
    row->addWidget(cancel);
    layout->addWidget(curves, 1);
    layout->addLayout(row);
    layout->addWidget(bar);
    connect(cancel, &QPushButton::clicked, q, [this] { services.jobs.cancel(trainingId); });
    return card;
}

TrainPage::TrainPage(const Services& services, QWidget* parent)
    : QWidget(parent)
    , d(std::make_unique<Private>(this, services))
{
    setAcceptDrops(true);
    auto* left = new QWidget(this);
    auto* leftLayout = new QVBoxLayout(left);
    leftLayout->setContentsMargins(0, 0, 0, 0);
    leftLayout->setSpacing(12);
    leftLayout->addWidget(d->makeDataCard(), 1);
    leftLayout->addWidget(d->makeOptionsCard());
    // Scrolls where the window is low; the other columns can shrink.
    auto* leftScroll = new QScrollArea(this);
    leftScroll->setFrameShape(QFrame::NoFrame);
    leftScroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    leftScroll->setWidgetResizable(true);
    left->setObjectName(u"scrollContent"_s);
    leftScroll->setWidget(left);
    leftScroll->setMinimumWidth(left->minimumSizeHint().width());

    auto* middle = new QWidget(this);
    auto* middleLayout = new QVBoxLayout(middle);
    middleLayout->setContentsMargins(0, 0, 0, 0);
    middleLayout->setSpacing(12);
    middleLayout->addWidget(d->makeProgressCard(), 1);
    d->result = new RunResultCard(middle);
    middleLayout->addWidget(d->result);

    QVBoxLayout* picturesLayout = nullptr;
    QFrame* picturesCard = makeCard(tr("Simulated defects"), picturesLayout, this);
    d->pictures =
        new PictureGrid(tr("When training starts, some of the defects it practises on are shown here."), this);
    d->pictures->setAccessibleName(tr("Simulated defects and their masks"));
    picturesLayout->addWidget(d->pictures, 1);

    d->columns = gapSplitter(Qt::Horizontal, u"train/columns"_s);
    d->columns->addWidget(leftScroll);
    d->columns->addWidget(middle);
    d->columns->addWidget(picturesCard);
    d->columns->setStretchFactor(1, 1);
    d->rows = gapSplitter(Qt::Vertical, u"train/rows"_s);
    d->rows->addWidget(d->columns);
    d->runs = new RunsCard(services.database, this);
    d->rows->addWidget(d->runs);
    d->rows->setStretchFactor(0, 1);
    resetLayout();
    for (QSplitter* splitter : {d->columns, d->rows})
        splitter->restoreState(services.settings.layout(splitter->objectName()));

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 12, 16, 12);
    layout->setSpacing(12);
    layout->addWidget(d->makeHeader());
    layout->addWidget(d->rows, 1);

    connect(d->runs, &RunsCard::runChosen, this, [this](const RunRecord& run) {
        if (d->trainingId == 0)
            d->showRun(run);
    });
    connect(d->result, &RunResultCard::useRequested, this, &TrainPage::useModelRequested);
    connect(d->curves, &CurvePlot::errorOccurred, this, &TrainPage::errorOccurred);
    connect(&services.jobs, &JobRunner::changed, this, [this](const JobStatus& job) { d->followTraining(job); });
    connect(&services.jobs, &JobRunner::ended, this, [this](const JobStatus& job) {
        if (job.id == d->doctorId) {
            d->doctorId = 0;
            d->showState();
        }
        d->endTraining(job);
    });
    d->curves->setAxisTitles(tr("step"), tr("loss"), tr("AUROC"));
    d->result->hide();
    // Later, when somebody can hear of a broken manifest or database.
    QMetaObject::invokeMethod(
        this,
        [this] {
            refreshEncoders();
            d->reloadRuns();
        },
        Qt::QueuedConnection);
    d->showState();
}

TrainPage::~TrainPage()
{
    for (QSplitter* splitter : {d->columns, d->rows})
        d->services.settings.setLayout(splitter->objectName(), splitter->saveState());
}

void TrainPage::setFolder(const QString& folder)
{
    d->examine(folder);
}

bool TrainPage::isIdle() const
{
    return d->doctorId == 0;
}

void TrainPage::refreshEncoders()
{
    try {
        d->options->refreshEncoders();
    } catch (const Error& error) {
        d->tell(error);
    }
}

void TrainPage::resetLayout()
{
    d->columns->setSizes(kColumnSizes);
    d->rows->setSizes(kRowSizes);
}

void TrainPage::dragEnterEvent(QDragEnterEvent* event)
{
    if (!draggedFolder(event->mimeData()).isEmpty())
        event->acceptProposedAction();
}

void TrainPage::dropEvent(QDropEvent* event)
{
    const QString folder = draggedFolder(event->mimeData());
    if (folder.isEmpty())
        return;
    event->acceptProposedAction();
    setFolder(folder);
}

void TrainPage::Private::examine(const QString& newFolder)
{
    services.jobs.cancel(doctorId);
    folder = QDir(newFolder).absolutePath();
    report.reset();
    findings->clear();
    const auto examineIt = [path = folder](const TaskContext& context) { return examineFolder(path, context); };
    doctorId = runInBackground(services.jobs, JobRunner::Lane::Files, tr("Examining %1").arg(QDir(folder).dirName()), q,
                               examineIt, [this, path = folder](FolderReport&& found) {
                                   if (path == folder)
                                       showReport(found);
                               });
    showState();
}

void TrainPage::Private::showReport(const FolderReport& newReport)
{
    report = newReport;
    findings->setFindings(report->findings);
    showState();
}

void TrainPage::Private::start()
{
    if (!startButton->isEnabled())
        return;
    try {
        TrainingJob::Request request;
        request.folder = folder;
        request.options = options->options();
        if (request.options.encoder != u"random")
            request.encoderFile = services.modelStore.resolve(request.options.encoder);
        if (!QDir().mkpath(services.modelFolder))
            throw Error(ErrorKind::File,
                        tr("The folder %1 cannot be made.").arg(QDir::toNativeSeparators(services.modelFolder)),
                        tr("Check the rights to the folder above it."));
        request.modelFile = u"%1/%2-%3.safetensors"_s.arg(services.modelFolder, QDir(folder).dirName(),
                                                          QDateTime::currentDateTime().toString(u"yyyyMMdd-HHmmss"_s));
        curves->clearCurves();
        pictures->setPictures({});
        result->hide();
        feed = std::make_shared<TrainingFeed>();
        trainingId = services.jobs.start(
            JobRunner::Lane::Training,
            std::make_unique<TrainingJob>(services.database, std::move(request), TrainingFeed::observer(feed)));
    } catch (const Error& error) {
        tell(error);
    }
    showState();
}

void TrainPage::Private::followTraining(const JobStatus& job)
{
    if (job.id != trainingId || trainingId == 0)
        return;
    takeNews();
    if (job.ended())
        return;
    const QString text = progressText(job.progress);
    setStep(text.isEmpty() ? tr("Preparing…") : text);
    showProgress(bar, job.progress);
}

void TrainPage::Private::takeNews()
{
    TrainingFeed::News news = feed->take();
    for (const MetricPoint& point : news.points)
        plot(point);
    if (!news.pictures.empty()) {
        if (pictures->pictures().empty())
            reloadRuns(); // the run is in the database by now
        pictures->setPictures(std::move(news.pictures));
    }
}

void TrainPage::Private::endTraining(const JobStatus& job)
{
    if (job.id != trainingId || trainingId == 0)
        return;
    takeNews();
    trainingId = 0;
    reloadRuns();
    if (job.state == JobStatus::State::Finished)
        runs->chooseNewest();
    showState();
    if (job.state == JobStatus::State::Cancelled)
        setStep(tr("Cancelled. Everything is as it was."));
    else if (job.state == JobStatus::State::Failed)
        setStep(tr("The training failed: %1").arg(job.error));
}

void TrainPage::Private::reloadRuns()
{
    try {
        runs->reload();
    } catch (const Error& error) {
        tell(error);
    }
}

void TrainPage::Private::showRun(const RunRecord& run)
{
    curves->clearCurves();
    try {
        for (const MetricPoint& point : RunStore(services.database).metrics(run.id))
            plot(point);
    } catch (const Error& error) {
        tell(error);
    }
    result->setRun(run);
    result->setVisible(run.state != RunRecord::State::Running);
    showState();
}

void TrainPage::Private::plot(const MetricPoint& point)
{
    if (point.name == u"loss")
        curves->addPoint(tr("loss"), point.step, point.value);
    else if (point.name == u"validation_auroc")
        curves->addPoint(tr("AUROC on held-out good and simulated defects"), point.step, point.value,
                         CurvePlot::Axis::Right);
    else if (point.name == u"learning_rate")
        curves->addPoint(tr("learning rate (own scale)"), point.step, point.value, CurvePlot::Axis::Own);
}

void TrainPage::Private::setStep(const QString& text)
{
    step->setText(text);
    step->setVisible(!text.isEmpty());
}

void TrainPage::Private::showState()
{
    const bool training = trainingId != 0;
    const bool canTrain = report && report->canTrain();

    const QString name = folder.isEmpty() ? tr("Drop a folder of good parts here") : QDir(folder).dirName();
    folderName->setText(name);
    folderName->setToolTip(QDir::toNativeSeparators(folder));
    QString counts = tr("At least four pictures of good parts; thirty or more make a good model.");
    if (doctorId != 0)
        counts = tr("Reading every picture…");
    else if (report)
        counts = tr("%1 good to learn from, %2 good and %3 defective for the report only")
                     .arg(report->trainGood)
                     .arg(report->testGood)
                     .arg(report->testDefective);
    folderCounts->setText(counts);

    choose->setEnabled(!training);
    options->setEnabled(!training);
    advanced->setEnabled(!training);
    startButton->setEnabled(canTrain && !training);
    cancel->setVisible(training);
    bar->setVisible(training);
    if (training)
        setStep(tr("Preparing…"));
    else if (!result->isVisibleTo(q))
        setStep(canTrain ? tr("Ready to train.")
                : report ? tr("The findings say what to mend before training.")
                         : tr("The curves of a training appear here."));
    else
        setStep({});

    const std::size_t current = training ? 2 : !result->isHidden() ? 3 : canTrain ? 1 : 0;
    for (std::size_t i = 0; i < stages.size(); ++i)
        theme::setRole(stages[i], i == current ? theme::TextRole::Current : theme::TextRole::Caption);
}

} // namespace lynceus
