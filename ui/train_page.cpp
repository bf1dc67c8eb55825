// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/train_page.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/settings.h"
#include "core/jobs/job_runner.h"
#include "core/memseg/training_plan.h"
#include "core/metrics/confusion.h"
#include "core/weights/model_store.h"
#include "ui/align_card.h"
#include "ui/background_task.h"
#include "ui/card.h"
#include "ui/defect_preview_panel.h"
#include "ui/inspect_jobs.h"
#include "ui/odd_images_panel.h"
#include "ui/picture_grid.h"
#include "ui/run_actions.h"
#include "ui/run_details_panel.h"
#include "ui/run_result_card.h"
#include "ui/runs_card.h"
#include "ui/simulator_form.h"
#include "ui/stage_header.h"
#include "ui/test_images_panel.h"
#include "ui/training_data_card.h"
#include "ui/training_forecast_line.h"
#include "ui/training_options_card.h"
#include "ui/training_options_form.h"
#include "ui/training_progress_panel.h"
#include "ui/training_queue.h"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QMimeData>
#include <QtGui/QDragEnterEvent>
#include <QtGui/QShortcut>
#include <QtWidgets/QSplitter>
#include <QtWidgets/QVBoxLayout>

#include <utility>
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

const QList<int> kColumnSizes{290, 580, 310};
const QList<int> kRowSizes{520, 108};

} // namespace

struct TrainPage::Private
{
    Private(TrainPage* page, const Services& givenServices)
        : q(page)
        , services(givenServices)
    {
    }

    QWidget* makeLeft();
    QWidget* makeMiddle();
    QWidget* makeRight();
    void connectParts();

    void start();
    void resume(const RunRecord& run);
    template <typename Add>
    void enqueue(Add add); ///< shows the training when it is the first
    void clone(const RunRecord& run);
    void offerToContinue();
    void examined();
    MemSegOptions chosenOptions() const;
    void keepOptions();
    void takeKeptOptions();
    bool canTrain() const;
    QString whyNot() const; ///< nothing can be trained; empty: it can
    void lookForOddImages();
    void showOdd(const QString& folder, const QStringList& names);
    void useThreshold(double threshold);
    void saveThreshold(const QString& file, const Thresholds& thresholds, const QJsonObject& calibration,
                       const std::function<void()>& done);
    void showResult(const RunRecord& run);
    void previewOptions();
    void forecast();
    void showAlignment();
    void showTraining();
    void showNoRun();
    void takeNews(const TrainingFeed::News& news);
    void end(const TrainingQueue::Training& training, const JobStatus& status);
    void reloadRuns();
    void showRun(const RunRecord& run);
    void showDetails(const RunRecord& run);
    void showState();
    void tell(const Error& error) { Q_EMIT q->errorOccurred(error.message(), error.remedy()); }

    TrainPage* q;
    Services services;
    TrainingQueue* queue = nullptr;
    bool listed = false;   ///< the training at work is in the table of runs
    RunRecord shownRun;    ///< whose result is on screen
    quint64 savingJob = 0; ///< of a threshold
    QStringList oddToShow; ///< as soon as their folder is examined
    QString lastEnd;       ///< how the last training ended, until something else is of interest

    StageHeader* header = nullptr;
    TrainingDataCard* data = nullptr;
    TrainingOptionsCard* options = nullptr;
    TabCard* middleTabs = nullptr;
    TrainingProgressPanel* progress = nullptr;
    TestImagesPanel* testImages = nullptr;
    RunDetailsPanel* details = nullptr;
    TabCard* pictureTabs = nullptr;
    DefectPreviewPanel* preview = nullptr;
    PictureGrid* seenNow = nullptr;
    OddImagesPanel* odd = nullptr;
    AlignCard* align = nullptr;
    RunResultCard* result = nullptr;
    RunsCard* runs = nullptr;
    QSplitter* columns = nullptr;
    QSplitter* rows = nullptr;
};

QWidget* TrainPage::Private::makeLeft()
{
    data = new TrainingDataCard(services.jobs, q);
    options = new TrainingOptionsCard(services.modelStore, services.jobs, q);
    return cardColumn({data, options}, data);
}

QWidget* TrainPage::Private::makeMiddle()
{
    progress = new TrainingProgressPanel(queue, q);
    testImages = new TestImagesPanel(services, q);
    details = new RunDetailsPanel(q);
    middleTabs = new TabCard(q);
    middleTabs->addTab(tr("Progress"), tr("Curves of the training"), progress);
    middleTabs->addTab(tr("Test images"), tr("What the model makes of real, labelled test images"), testImages);
    middleTabs->addTab(tr("Run"), tr("What happened to the chosen run, and why it failed"), details);
    result = new RunResultCard(q);
    result->hide();
    align = new AlignCard(services.jobs, q);
    return cardColumn({align, result, middleTabs}, middleTabs);
}

QWidget* TrainPage::Private::makeRight()
{
    preview = new DefectPreviewPanel(services.jobs, services.settings, q);
    seenNow = new PictureGrid(tr("While a training runs, this shows what the network makes of a few fixed images that "
                                 "it does not learn from: "
                                 "the image and its heat map."),
                              q);
    seenNow->setObjectName(u"seenNow"_s);
    seenNow->setAccessibleName(tr("What the training sees now"));
    odd = new OddImagesPanel(services, q);
    pictureTabs = new TabCard(q);
    pictureTabs->addTab(tr("Defects"), tr("Simulated defects: what a training of this folder would practise on"),
                        preview);
    pictureTabs->addTab(tr("Seen now"), tr("Simulated defects and heat maps of the training at work"), seenNow);
    pictureTabs->addTab(tr("Odd images"), tr("Good images that look unlike the others, and what is left out"), odd);
    return pictureTabs;
}

TrainPage::TrainPage(const Services& services, QWidget* parent)
    : QWidget(parent)
    , d(std::make_unique<Private>(this, services))
{
    setAcceptDrops(true);
    d->queue = new TrainingQueue(services, this);
    d->header = new StageHeader(tr("Train"), tr("MemSeg · learns from good parts only"),
                                {tr("1 Data"), tr("2 Options"), tr("3 Training"), tr("4 Result")}, this);
    d->columns = gapSplitter(Qt::Horizontal, u"train/columns"_s);
    d->columns->addWidget(d->makeLeft());
    d->columns->addWidget(d->makeMiddle());
    d->columns->addWidget(d->makeRight());
    d->columns->setStretchFactor(1, 1);
    d->rows = gapSplitter(Qt::Vertical, u"train/rows"_s);
    d->rows->addWidget(d->columns);
    d->runs = new RunsCard(services, d->queue, this);
    d->rows->addWidget(d->runs);
    d->rows->setStretchFactor(0, 2);
    d->rows->setStretchFactor(1, 1);
    d->columns->setSizes(kColumnSizes);
    d->rows->setSizes(kRowSizes);
    for (QSplitter* splitter : {d->columns, d->rows})
        splitter->restoreState(services.settings.layout(splitter->objectName()));

    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 12, 16, 12);
    layout->setSpacing(12);
    layout->addWidget(d->header);
    layout->addWidget(d->rows, 1);
    const auto addKey = [this](const QKeySequence& keys, const QString& what, auto run) {
        auto* key = new QShortcut(keys, this);
        key->setContext(Qt::WidgetWithChildrenShortcut);
        key->setWhatsThis(what);
        connect(key, &QShortcut::activated, this, run);
    };
    addKey(Qt::CTRL | Qt::Key_Return, tr("Start training"), [this] { d->start(); });
    addKey(QKeySequence::Find, tr("Filter runs"), [this] { d->runs->look(); });

    d->takeKeptOptions();
    d->connectParts();
    // Later, when somebody can hear of a broken manifest or database.
    QMetaObject::invokeMethod(
        this,
        [this] {
            refreshEncoders();
            d->reloadRuns();
            d->offerToContinue();
        },
        Qt::QueuedConnection);
    d->showState();
}

TrainPage::~TrainPage()
{
    for (QSplitter* splitter : {d->columns, d->rows})
        d->services.settings.setLayout(splitter->objectName(), splitter->saveState());
}

void TrainPage::Private::connectParts()
{
    connect(data, &TrainingDataCard::changed, q, [this] {
        if (!data->report()) {
            odd->clear();
            options->forecast()->setRequest({});
            align->setRequest({});
        }
        showState();
    });
    connect(data, &TrainingDataCard::oddImagesRequested, q, [this] { lookForOddImages(); });
    connect(odd, &OddImagesPanel::openRequested, q, &TrainPage::openRequested);
    connect(odd, &OddImagesPanel::lookingChanged, q,
            [this] { data->setLeftOut(odd->excludedCount(), odd->isLooking()); });
    connect(odd, &OddImagesPanel::excludedChanged, q, [this] {
        data->setLeftOut(odd->excludedCount(), odd->isLooking());
        showAlignment();
        forecast();
        showState();
    });
    connect(data, &TrainingDataCard::examined, q, [this] { examined(); });
    connect(options->form(), &TrainingOptionsForm::changed, q, [this] {
        previewOptions();
        showAlignment();
        forecast();
        keepOptions();
    });
    connect(align, &AlignCard::alignChosen, q,
            [this](const QString& chosen) { options->form()->advanced()->set(u"align"_s, chosen); });
    connect(options, &TrainingOptionsCard::startRequested, q, [this] { start(); });

    connect(queue, &TrainingQueue::newsCame, q, [this](const TrainingFeed::News& news) { takeNews(news); });
    connect(queue, &TrainingQueue::ended, q,
            [this](const TrainingQueue::Training& training, const JobStatus& status) { end(training, status); });
    connect(queue, &TrainingQueue::currentChanged, q, [this] {
        listed = false;
        if (progress->showsTraining()) // whoever looks at a run that is over goes on doing so
            showTraining();
        showState();
    });
    connect(progress, &TrainingProgressPanel::trainingRequested, q, [this] {
        runs->chooseNone();
        showTraining();
    });

    connect(runs, &RunsCard::runChosen, q, [this](const RunRecord& run) {
        showRun(run);
        if (run.state == RunRecord::State::Running && queue->current())
            showTraining();
    });
    connect(runs, &RunsCard::chosenChanged, q, [this](const RunRecord& run) { showDetails(run); });
    connect(runs, &RunsCard::runsDeleted, q, [this] {
        details->clear();
        showNoRun();
    });
    connect(runs, &RunsCard::errorOccurred, q, &TrainPage::errorOccurred);
    connect(runs->actions(), &RunActions::resumeRequested, q, [this](const RunRecord& run) { resume(run); });
    connect(runs->actions(), &RunActions::cloneRequested, q, [this](const RunRecord& run) { clone(run); });
    connect(runs->actions(), &RunActions::useRequested, q, &TrainPage::useModelRequested);
    connect(result, &RunResultCard::useRequested, q, &TrainPage::useModelRequested);
    connect(result, &RunResultCard::measureRequested, q, [this] {
        middleTabs->setCurrent(testImages);
        testImages->measure();
    });
    connect(result, &RunResultCard::useThresholdRequested, q, [this](double threshold) { useThreshold(threshold); });
    connect(result, &RunResultCard::oddImagesRequested, q,
            [this](const QString& folder, const QStringList& names) { showOdd(folder, names); });
    connect(testImages, &TestImagesPanel::measured, q, [this](const QString& modelFile) {
        if (result->isUsable() && modelFile == shownRun.modelPath)
            result->setMeasured(*testImages->report());
    });
    connect(&services.jobs, &JobRunner::ended, q, [this](const JobStatus& job) {
        if (job.id == savingJob)
            savingJob = 0;
    });
    connect(testImages, &TestImagesPanel::imageChosen, q, &TrainPage::imageRequested);
    connect(testImages, &TestImagesPanel::errorOccurred, q, &TrainPage::errorOccurred);
    connect(progress, &TrainingProgressPanel::errorOccurred, q, &TrainPage::errorOccurred);
}

void TrainPage::suggestFolder(const QString& folder)
{
    if (d->data->folder().isEmpty() && !folder.isEmpty())
        setFolder(folder);
}

void TrainPage::setFolder(const QString& folder)
{
    d->lastEnd.clear();
    d->oddToShow.clear();
    d->data->setFolder(folder);
}

bool TrainPage::isIdle() const
{
    return d->data->isIdle() && d->odd->isIdle() && d->options->forecast()->isIdle() && d->align->isIdle() &&
           d->preview->isIdle() && d->testImages->isIdle() && d->savingJob == 0;
}

bool TrainPage::isTraining() const
{
    return d->queue->current() != nullptr;
}

void TrainPage::keepTraining()
{
    d->queue->keepCurrent();
}

void TrainPage::refreshEncoders()
{
    try {
        d->options->form()->refreshEncoders();
    } catch (const Error& error) {
        d->tell(error);
    }
}

void TrainPage::continueInterrupted()
{
    d->reloadRuns();
    const std::vector<RunRecord> found = d->runs->interrupted();
    for (const RunRecord& run : found)
        d->resume(run);
    if (found.empty()) {
        Q_EMIT errorOccurred(tr("There is no interrupted training any more."),
                             tr("Another window of Lynceus may be at work on it, or it was deleted."));
    }
}

void TrainPage::showResults(const QString& run)
{
    d->reloadRuns();
    d->runs->choose(run);
}

void TrainPage::resetLayout()
{
    d->columns->setSizes(kColumnSizes);
    d->rows->setSizes(kRowSizes);
    d->runs->resetColumns();
}

void TrainPage::dragEnterEvent(QDragEnterEvent* event)
{
    if (draggedFolder(event->mimeData()).isEmpty())
        return;
    event->setDropAction(Qt::CopyAction); // whatever is proposed: nothing is moved
    event->accept();
}

void TrainPage::dropEvent(QDropEvent* event)
{
    const QString folder = draggedFolder(event->mimeData());
    if (folder.isEmpty())
        return;
    event->setDropAction(Qt::CopyAction);
    event->accept();
    setFolder(folder);
}

void TrainPage::Private::start()
{
    if (!canTrain())
        return;
    options->forecast()->stop();
    try {
        const MemSegOptions chosen = chosenOptions();
        enqueue([&] { queue->add(data->folder(), chosen); });
    } catch (const Error& error) {
        tell(error);
        forecast();
    }
    showState();
}

/// As the form, the sliders and the list of odd images say. Throws Error(Input) naming the option.
MemSegOptions TrainPage::Private::chosenOptions() const
{
    MemSegOptions chosen = options->form()->options();
    preview->applyTo(chosen);
    chosen.exclude = odd->excluded();
    chosen.validate();
    return chosen;
}

bool TrainPage::Private::canTrain() const
{
    return data->report() && data->report()->canTrain() && data->images() >= kLeastGoodImages;
}

/// For the next start of the program.
void TrainPage::Private::keepOptions()
{
    try {
        services.settings.setTrainingOptions(options->form()->options().toJson());
    } catch (const Error&) {
        // One of them is being entered; the forecast's line says which.
    }
}

void TrainPage::Private::takeKeptOptions()
{
    const QJsonObject kept = services.settings.trainingOptions();
    if (kept.isEmpty())
        return;
    try {
        options->form()->setOptions(MemSegOptions::fromJson(kept));
    } catch (const Error& error) {
        qCWarning(logUi) << "Options of the last training are left out:" << error.text();
    }
}

QString TrainPage::Private::whyNot() const
{
    if (canTrain())
        return {};
    if (!data->report())
        return data->isIdle() ? tr("Choose a folder with pictures of good parts first.")
                              : tr("The folder is still being examined.");
    return data->report()->canTrain()
               ? tr("At least %1 good images are needed that are not left out.").arg(kLeastGoodImages)
               : tr("The findings say what to mend before training.");
}

void TrainPage::Private::lookForOddImages()
{
    if (!data->report())
        return;
    try {
        odd->look(data->report()->folder, options->form()->options());
        pictureTabs->setCurrent(odd);
    } catch (const Error& error) {
        tell(error);
    }
}

/// Images that a calibration named, where they can be left out of the next training.
void TrainPage::Private::showOdd(const QString& folder, const QStringList& names)
{
    if (data->folder() != folder || !data->report()) {
        if (data->folder() != folder)
            q->setFolder(folder);
        oddToShow = names;
        return;
    }
    odd->showNames(names);
    pictureTabs->setCurrent(odd);
}

/// Writes the threshold that the test images suggest into the model, and offers the way back.
void TrainPage::Private::useThreshold(double threshold)
{
    const EvaluationReport* measured = testImages->report();
    if (!result->isUsable() || !measured)
        return;
    const ModelInfo before = *result->model();
    const QString file = shownRun.modelPath;
    const Confusion then = confusionAt(threshold, measured->scores, measured->labels);
    ImageListModel::Counts counts;
    counts.good = then.trueNegative + then.falsePositive;
    counts.overkill = then.falsePositive;
    counts.defective = then.truePositive + then.falseNegative;
    counts.escapes = then.falseNegative;
    const auto text = [this](double value) { return q->locale().toString(value, 'f', 3); };
    const QString message = tr("The threshold of “%1” is %2 now.").arg(shownRun.name, text(threshold));
    const QString detail = tr("Before: %1. The test images chose it, so they no longer test it: measure on others.")
                               .arg(text(before.thresholds.score));
    saveThreshold(file, withScore(before.thresholds, threshold), manualCalibration(counts, before.calibration),
                  [this, file, before, message, detail] {
                      Q_EMIT q->undoOffered(message, detail, [this, file, before] {
                          saveThreshold(file, before.thresholds, before.calibration, [] {});
                      });
                  });
}

void TrainPage::Private::saveThreshold(const QString& file, const Thresholds& thresholds,
                                       const QJsonObject& calibration, const std::function<void()>& done)
{
    const auto work = [&store = services.modelStore, folder = services.modelFolder, file, thresholds, calibration](
                          const TaskContext&) { return saveThresholds(store, folder, file, thresholds, calibration); };
    savingJob = runInBackground(services.jobs, JobRunner::Lane::Files, tr("Saving the threshold"), q, work,
                                [this, done](const SavedModel& saved) {
                                    if (saved.file == shownRun.modelPath && result->isUsable())
                                        showResult(shownRun);
                                    Q_EMIT q->thresholdSaved(saved.file);
                                    done();
                                });
}

void TrainPage::Private::resume(const RunRecord& run)
{
    try {
        enqueue([&] { queue->resume(run); });
    } catch (const Error& error) {
        tell(error);
    }
    showState();
}

template <typename Add>
void TrainPage::Private::enqueue(Add add)
{
    const bool first = !queue->current();
    add();
    if (!first)
        return;
    runs->chooseNone();
    showTraining();
}

void TrainPage::Private::clone(const RunRecord& run)
{
    try {
        const MemSegOptions chosen = MemSegOptions::fromJson(run.options);
        options->form()->setOptions(chosen);
        // Preview and list of odd images take them from there as soon as the folder has been examined.
        const QString folder = QDir(run.dataFolder).absolutePath();
        services.settings.setDefectOptions(folder, SimulatorForm::valuesOf(chosen));
        services.settings.setExcludedImages(folder, chosen.excluded());
        if (!QFileInfo(folder).isDir())
            throw Error(ErrorKind::Input,
                        tr("The folder %1 that the run learnt from is gone.").arg(QDir::toNativeSeparators(folder)),
                        tr("The options are as they were; choose another folder."));
        q->setFolder(folder);
    } catch (const Error& error) {
        tell(error);
    }
}

void TrainPage::Private::offerToContinue()
{
    const std::vector<RunRecord> found = runs->interrupted();
    if (found.empty())
        return;
    QStringList names;
    for (const RunRecord& run : found)
        names << run.name;
    Q_EMIT q->interruptedFound(found.size() == 1 ? tr("A training was interrupted. It can go on from where it was.")
                                                 : tr("%n trainings were interrupted. They can go on from where they "
                                                      "were.",
                                                      nullptr, int(found.size())),
                               names.join(u", "_s));
}

void TrainPage::Private::examined()
{
    const FolderReport& report = *data->report();
    preview->setFolder(data->folder(), report.folder.train);
    odd->setFolder(data->folder(), report.folder.train);
    data->setLeftOut(odd->excludedCount(), odd->isLooking());
    if (const QStringList names = std::exchange(oddToShow, {}); !names.isEmpty())
        showOdd(data->folder(), names);
    previewOptions();
    showAlignment();
    forecast();
    showState();
}

void TrainPage::Private::showAlignment()
{
    if (!canTrain()) {
        align->setRequest({});
        return;
    }
    try {
        align->setRequest(AlignCard::Request{data->folder(), data->report()->folder.train, chosenOptions()});
    } catch (const Error&) {
        align->setRequest({}); // the forecast's line says which option it is
    }
}

void TrainPage::Private::forecast()
{
    TrainingForecastLine* line = options->forecast();
    if (!canTrain()) {
        line->setRequest({});
        return;
    }
    try {
        const MemSegOptions chosen = chosenOptions();
        const QString encoder = services.modelStore.encoderFile(chosen.encoder, chosen.backbone);
        line->setRequest(TrainingForecastLine::Request{data->report()->folder, chosen, encoder});
    } catch (const Error& error) {
        line->setProblem(error.message());
    }
}

void TrainPage::Private::previewOptions()
{
    try {
        preview->setOptions(options->form()->options());
    } catch (const Error& error) {
        preview->setProblem(error.text());
    }
}

void TrainPage::Private::showTraining()
{
    const TrainingQueue::Training* training = queue->current();
    if (!training)
        return;
    showNoRun();
    middleTabs->setCurrent(progress);
    seenNow->setPictures({});
    takeNews(training->told);
    pictureTabs->setCurrent(seenNow);
    showState();
}

void TrainPage::Private::showNoRun()
{
    lastEnd.clear();
    result->hide();
    testImages->setModel({}, {});
    progress->showTraining();
    showState();
}

void TrainPage::Private::takeNews(const TrainingFeed::News& news)
{
    if (!news.isEmpty() && !listed) {
        listed = true;
        reloadRuns(); // the run is in the database by now
    }
    // Heat maps say more than the defects of the first steps, which are only there until the first maps come.
    if (!news.maps.empty())
        seenNow->setPictures(news.maps);
    else if (!news.samples.empty() && queue->current()->told.maps.empty())
        seenNow->setPictures(news.samples);
}

void TrainPage::Private::end(const TrainingQueue::Training& training, const JobStatus& status)
{
    const bool another = queue->current() != nullptr;
    const bool watched = progress->showsTraining();
    reloadRuns();
    switch (status.state) {
    case JobStatus::State::Finished:
        // Whoever looks at another run, or at the next training, is not torn away.
        if (watched && !another) {
            runs->choose(training.name);
            const std::optional<FolderReport>& report = data->report();
            if (result->isUsable() && report && data->folder() == training.folder && report->testDefective > 0)
                testImages->measure();
        }
        if (!training.told.warning.isEmpty()) {
            Q_EMIT q->trainingOver(false, tr("“%1” was trained with a warning.").arg(training.name),
                                   training.told.warning, training.name);
            break;
        }
        Q_EMIT q->trainingOver(true, tr("“%1” is trained.").arg(training.name),
                               another ? tr("The next training has begun.") : tr("Its model is ready to use."),
                               training.name);
        break;
    case JobStatus::State::Failed:
        lastEnd = tr("The training failed: %1").arg(status.error);
        Q_EMIT q->trainingOver(false, tr("The training “%1” failed.").arg(training.name), status.error, training.name);
        break;
    default:
        lastEnd = tr("Cancelled. Everything is as it was.");
    }
    showState();
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
    std::vector<MetricPoint> points;
    try {
        points = RunStore(services.database).metrics(run.id);
    } catch (const Error& error) {
        tell(error);
    }
    lastEnd.clear();
    showDetails(run);
    progress->showRun(points);
    showResult(run);
    showState();
}

void TrainPage::Private::showResult(const RunRecord& run)
{
    shownRun = run;
    result->setRun(run, nullptr);
    result->setVisible(run.state != RunRecord::State::Running);
    testImages->setModel(result->isUsable() ? run.modelPath : QString(), run.dataFolder);
    const EvaluationReport* measured = testImages->report();
    if (!measured)
        return;
    testImages->judgeAt(result->model()->thresholds.score);
    result->setMeasured(*measured);
}

void TrainPage::Private::showDetails(const RunRecord& run)
{
    try {
        details->setRun(run, RunStore(services.database).events(run.id));
    } catch (const Error& error) {
        tell(error);
    }
}

void TrainPage::Private::showState()
{
    const bool canTrain = this->canTrain();
    const bool training = queue->current() != nullptr;
    const bool over = !result->isHidden();
    options->setState(whyNot(), training);
    align->setActive(!training && !over);
    progress->setIdleText(!lastEnd.isEmpty() ? lastEnd
                          : over             ? QString()
                          : canTrain         ? tr("Ready to train.")
                          : data->report()   ? whyNot()
                                             : tr("The curves of a training appear here."));
    header->setCurrent(over ? 3 : training ? 2 : canTrain ? 1 : 0);
}

} // namespace lynceus
