// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/inspect_page.h"

#include "core/base/error.h"
#include "core/base/settings.h"
#include "core/base/version.h"
#include "core/image/image_io.h"
#include "core/jobs/folder_fit.h"
#include "core/jobs/inspection_recorder.h"
#include "core/jobs/inspection_service.h"
#include "core/memseg/session.h"
#include "core/nn/device.h"
#include "ui/background_task.h"
#include "ui/color_legend.h"
#include "ui/display_loader.h"
#include "ui/image_list_filter.h"
#include "ui/image_list_panel.h"
#include "ui/image_view.h"
#include "ui/inspect_jobs.h"
#include "ui/layer_bar.h"
#include "ui/start_hint.h"
#include "ui/threshold_command.h"
#include "ui/threshold_panel.h"
#include "ui/thumbnail_loader.h"
#include "ui/verdict_panel.h"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QMimeData>
#include <QtCore/QTimer>
#include <QtCore/QUrl>
#include <QtGui/QAction>
#include <QtGui/QDropEvent>
#include <QtGui/QKeyEvent>
#include <QtGui/QUndoStack>
#include <QtWidgets/QApplication>
#include <QtWidgets/QFileDialog>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QListView>
#include <QtWidgets/QMessageBox>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QSplitter>
#include <QtWidgets/QStackedWidget>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr double kLargestStep = 0.0501; // of the threshold by key or wheel; more was entered
constexpr int kRefreshMs = 120;         // figures and histogram while results come in

InspectPage::LoadedModel loadMemSeg(const QString& modelFile, const SessionOptions& options)
{
    std::unique_ptr<MemSegSession> session = MemSegSession::load(modelFile, options);
    InspectPage::LoadedModel loaded;
    loaded.info = session->info();
    loaded.hash = session->modelHash();
    loaded.engine = session->engine();
    loaded.engineNote = session->engineNote();
    loaded.inspector = std::move(session);
    return loaded;
}

bool isModelFile(const QString& path)
{
    return path.endsWith(u".safetensors", Qt::CaseInsensitive);
}

/// What of the dragged things can be opened: folders, models and images.
QStringList usefulPaths(const QMimeData* data)
{
    QStringList paths;
    for (const QUrl& url : data->urls()) {
        const QString path = url.toLocalFile();
        if (url.isLocalFile() && (QFileInfo(path).isDir() || isModelFile(path) || hasImageSuffix(path)))
            paths << path;
    }
    return paths;
}

} // namespace

struct InspectPage::Private
{
    enum class Model { None, Loading, Ready };
    /// What is known of a loaded model on this thread.
    struct LoadedFacts
    {
        ModelInfo info;
        QString hash;
        Engine engine = Engine::LibTorch;
        QString note;
    };

    Private(InspectPage* page, const Services& s)
        : q(page)
        , services(s)
    {
    }

    void build();
    void buildSplitters();
    void connectParts();
    /// `text` stands in the list of keys.
    void addKey(const QList<QKeySequence>& keys, const QString& text, std::function<void()> run);

    void showSamples(std::vector<Sample> samples, const QString& newFolder, bool whole, const QString& reasonIfEmpty);
    void loadModel(const QString& file, bool again);
    void modelLoaded(const QString& file, const LoadedFacts& facts, bool again);
    void modelFailed(const QString& message, const QString& remedy);
    void modelGone();
    void setModel(Model state);
    void select(int row);
    bool selectPath(const QString& path); ///< false: it is not in the list
    void showPicture(int row);
    void showLayers(int row);
    void take(const InspectedImage& image);
    void record(const ImageItem& item);
    void endRecord();
    void storageChanged();
    bool isStored() const;
    void recall();
    void confirm(quint64 number, std::shared_ptr<const std::vector<EarlierResult>> earlier, std::size_t first);
    void restore(const std::vector<EarlierResult>& results);
    std::vector<std::size_t> judgedRows() const;
    void runFinished();
    void refresh();
    void tellMisfit();
    void tellForNow(const QString& message, const QString& remedy); ///< until the folder or the model changes
    void retireErrors();
    Thresholds withScoreLimit(double score) const;
    void moveThresholds(const Thresholds& moved);
    void endMove(const Thresholds& moved, bool isStep = false);
    void saveThreshold(const std::function<void()>& then = {});
    void takeModel(const QString& file);
    void chooseFolder();
    void chooseModel();
    void drop(const QStringList& paths);
    void tellStatus();
    ColorMap colors() const { return services.settings.colorBlindMap() ? ColorMap::Cividis : ColorMap::Inferno; }
    const ImageItem* currentItem() const { return row < 0 ? nullptr : &list->item(row); }
    void track(quint64 job) { jobs.insert(job); }

    InspectPage* q;
    Services services;
    ModelLoader load = loadMemSeg;

    ImageListModel* list = nullptr;
    DisplayLoader* loader = nullptr;
    QUndoStack* undo = nullptr;
    QTimer* refreshTimer = nullptr;

    QStackedWidget* stack = nullptr;
    StartHint* hint = nullptr;
    QSplitter* columns = nullptr;
    QSplitter* rows = nullptr;
    ImageListPanel* listPanel = nullptr;
    ImageView* view = nullptr;
    ColorLegend* legend = nullptr;
    VerdictPanel* verdict = nullptr;
    ThresholdPanel* threshold = nullptr;

    qint64 product = 0;
    QString folder;
    bool wholeFolder = false; ///< its images are listed; else some that were opened singly
    QString wantedModel;      ///< loaded or being loaded
    QString modelFile;
    QString modelHash;
    Engine engine = Engine::LibTorch;
    ModelInfo info;
    Model model = Model::None;
    quint64 modelNumber = 0;
    Thresholds thresholds; ///< in force
    Thresholds beforeMove;
    int row = -1;
    bool awaitingMap = false; ///< the image on screen is with the inspector
    bool runOpen = false;     ///< a run goes on or is paused
    bool runPaused = false;
    bool saidMisfit = false;
    bool runAgain = false;                        ///< a run was going on when the model began to load again
    std::unique_ptr<InspectionRecorder> recorder; ///< of the results of this list, model and product; none yet: null
    std::vector<std::unique_ptr<InspectionRecorder>> endingRecorders; ///< of those before, not yet all on disk
    QString storageProblem;                                           ///< of one of them, told
    quint64 recallNumber = 0;                                         ///< raised by every new list and model
    quint64 listingJob = 0;
    std::set<quint64> jobs; ///< of this page, not yet ended
    QString readout;
    QStringList errorsForNow;

    CancelToken loading;                        ///< of the model that is loaded
    std::unique_ptr<InspectionService> service; ///< last: its thread may still call back while it ends
};

void InspectPage::Private::build()
{
    list = new ImageListModel(q);
    loader = new DisplayLoader(q);
    undo = new QUndoStack(q);
    refreshTimer = new QTimer(q);
    refreshTimer->setSingleShot(true);
    refreshTimer->setInterval(kRefreshMs);
    service = std::make_unique<InspectionService>();

    hint = new StartHint(q);
    listPanel = new ImageListPanel(list, q);
    verdict = new VerdictPanel(q);
    threshold = new ThresholdPanel(q);
    legend = new ColorLegend(q);
    legend->setColors(colors());
    view = new ImageView(q);
    view->setToolTip({});

    auto* picture = new QHBoxLayout;
    picture->setContentsMargins(0, 0, 0, 0);
    picture->setSpacing(0);
    picture->addWidget(view, 1);
    picture->addWidget(legend);
    auto* canvas = new QWidget(q);
    auto* canvasLayout = new QVBoxLayout(canvas);
    canvasLayout->setContentsMargins(0, 0, 0, 0);
    canvasLayout->setSpacing(0);
    canvasLayout->addWidget(new LayerBar(view, q, canvas));
    canvasLayout->addLayout(picture, 1);

    rows = new QSplitter(Qt::Vertical, q);
    rows->addWidget(canvas);
    rows->addWidget(threshold);
    rows->setStretchFactor(0, 1);
    columns = new QSplitter(Qt::Horizontal, q);
    columns->addWidget(listPanel);
    columns->addWidget(rows);
    columns->addWidget(verdict);
    columns->setStretchFactor(1, 1);
    for (QSplitter* splitter : {rows, columns}) {
        splitter->setChildrenCollapsible(false);
        splitter->setHandleWidth(1);
    }
    stack = new QStackedWidget(q);
    stack->addWidget(hint);
    stack->addWidget(columns);
    auto* layout = new QVBoxLayout(q);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(stack);
    buildSplitters();
    setModel(Model::None);
}

void InspectPage::Private::buildSplitters()
{
    Settings& settings = services.settings;
    for (const auto& [splitter, name] :
         {std::pair{columns, u"inspect/columns"_s}, std::pair{rows, u"inspect/rows"_s}}) {
        splitter->restoreState(settings.layout(name));
        connect(splitter, &QSplitter::splitterMoved, q,
                [&settings, splitter = splitter, name = name] { settings.setLayout(name, splitter->saveState()); });
    }
    if (settings.layout(u"inspect/columns"_s).isEmpty())
        q->resetLayout();
}

void InspectPage::Private::addKey(const QList<QKeySequence>& keys, const QString& text, std::function<void()> run)
{
    auto* action = new QAction(text, q);
    action->setShortcuts(keys);
    action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(action, &QAction::triggered, q, std::move(run));
    q->addAction(action);
}

void InspectPage::Private::connectParts()
{
    connect(hint, &StartHint::folderRequested, q, [this] { chooseFolder(); });
    connect(hint, &StartHint::demoRequested, q, &InspectPage::demoRequested);
    connect(listPanel, &ImageListPanel::currentRowChanged, q, [this](int current) { select(current); });
    connect(listPanel, &ImageListPanel::runRequested, q, &InspectPage::inspectAll);
    connect(listPanel, &ImageListPanel::pauseRequested, q, [this] {
        service->pause();
        runPaused = true;
        listPanel->setRun(false, model == Model::Ready, true);
    });
    connect(verdict, &VerdictPanel::regionActivated, view, [this](const QRect& box) { view->zoomTo(box); });
    connect(verdict, &VerdictPanel::trainRequested, q, [this] { Q_EMIT q->trainRequested(folder); });
    connect(verdict, &VerdictPanel::modelRequested, q, [this] { chooseModel(); });
    connect(threshold, &ThresholdPanel::thresholdMoved, q,
            [this](double score) { moveThresholds(withScoreLimit(score)); });
    connect(threshold, &ThresholdPanel::thresholdReleased, q, [this](double score) { endMove(withScoreLimit(score)); });
    connect(threshold, &ThresholdPanel::thresholdStepped, q, [this](double score) {
        endMove(withScoreLimit(score), std::abs(score - thresholds.score) <= kLargestStep);
    });
    connect(threshold, &ThresholdPanel::pixelLimitChanged, q, [this](double limit) {
        Thresholds moved = thresholds;
        moved.pixel = limit;
        endMove(moved);
    });
    connect(threshold, &ThresholdPanel::regionsFollowChanged, q, [this](bool follow) {
        if (follow)
            endMove(withScoreLimit(thresholds.score));
    });
    connect(threshold, &ThresholdPanel::resetRequested, q, [this] { endMove(info.thresholds); });
    connect(threshold, &ThresholdPanel::saveRequested, q, [this] { saveThreshold(); });
    connect(threshold, &ThresholdPanel::errorOccurred, q, &InspectPage::errorOccurred);
    connect(view, &ImageView::readoutChanged, q, [this](const QString& text) {
        readout = text;
        tellStatus();
    });
    connect(view, &ImageView::zoomChanged, q, [this] { tellStatus(); });
    connect(loader, &DisplayLoader::imageReady, q, [this](int ready) {
        if (ready == row)
            showPicture(row);
    });
    connect(loader, &DisplayLoader::layersReady, q, [this](int ready) { showLayers(ready); });
    connect(refreshTimer, &QTimer::timeout, q, [this] { refresh(); });

    connect(service.get(), &InspectionService::modelFailed, q,
            [this](const QString& message, const QString& remedy) { modelFailed(message, remedy); });
    connect(service.get(), &InspectionService::inspected, q, [this](const InspectedImage& image) { take(image); });
    connect(service.get(), &InspectionService::progressed, listPanel, &ImageListPanel::setProgress);
    connect(service.get(), &InspectionService::finished, q, [this] { runFinished(); });
    connect(&services.jobs, &JobRunner::ended, q, [this](const JobStatus& job) { jobs.erase(job.id); });
    connect(&services.settings, &Settings::engineChanged, q, &InspectPage::reloadModel);
    connect(&services.settings, &Settings::colorBlindMapChanged, q, [this] {
        legend->setColors(colors());
        const ResultLayersPtr shown = view->result();
        loader->clearLayers();
        if (shown) {
            loader->makeLayers(row, shown->result, thresholds, colors());
        } else if (row >= 0 && model == Model::Ready) {
            awaitingMap = true; // the ones that were being drawn are gone
            service->focus(std::size_t(row));
        }
    });

    addKey({Qt::Key_A, Qt::Key_Left}, tr("Image before"), [this] { listPanel->step(-1); });
    addKey({Qt::Key_D, Qt::Key_Right}, tr("Next image"), [this] { listPanel->step(1); });
    addKey({Qt::Key_N}, tr("Next NG"), [this] { listPanel->nextNg(); });
    addKey({Qt::Key_Plus}, tr("Zoom in"), [this] { view->zoomBy(1.25); });
    addKey({Qt::Key_Minus}, tr("Zoom out"), [this] { view->zoomBy(0.8); });
    addKey({QKeySequence::Find}, tr("Filter images"),
           [this] { listPanel->findChild<QLineEdit*>()->setFocus(Qt::ShortcutFocusReason); });
    addKey({QKeySequence::Undo}, tr("Undo a move of the threshold"), [this] { undo->undo(); });
    addKey({Qt::CTRL | Qt::Key_Y, Qt::CTRL | Qt::SHIFT | Qt::Key_Z}, tr("Redo it"), [this] { undo->redo(); });
    listPanel->view()->installEventFilter(q);
    view->installEventFilter(q);
}

void InspectPage::Private::showSamples(std::vector<Sample> samples, const QString& newFolder, bool whole,
                                       const QString& reasonIfEmpty)
{
    retireErrors();
    service->pause();
    endRecord();
    runOpen = false;
    row = -1;
    awaitingMap = false;
    saidMisfit = false;
    folder = newFolder;
    wholeFolder = whole;
    listPanel->setLeftOut(0, {});
    std::vector<QString> paths;
    paths.reserve(samples.size());
    for (const Sample& sample : samples)
        paths.push_back(sample.path);
    loader->clear();
    view->setImage(nullptr);
    view->setResult(nullptr);
    service->setImages(std::move(paths));
    if (model == Model::Ready)
        service->setThresholds(thresholds);
    hint->setReason(samples.empty() ? reasonIfEmpty : QString());
    stack->setCurrentIndex(samples.empty() ? 0 : 1);
    list->setSamples(std::move(samples));
    listPanel->setRun(false, model == Model::Ready);
    refresh();
    verdict->setItem(nullptr);
    listPanel->selectFirst();
    listPanel->view()->setFocus();
    Q_EMIT q->folderChanged(folder, wholeFolder);
    tellStatus();
    recall();
}

bool InspectPage::Private::selectPath(const QString& path)
{
    const auto& items = list->items();
    const auto found =
        std::find_if(items.begin(), items.end(), [&](const ImageItem& item) { return item.sample.path == path; });
    if (path.isEmpty() || found == items.end())
        return false;
    listPanel->setCurrentRow(int(found - items.begin()));
    return true;
}

void InspectPage::Private::setModel(Model state)
{
    retireErrors();
    model = state;
    verdict->setModelState(state == Model::Ready, state == Model::Loading);
    threshold->setState(state == Model::Ready, !(thresholds == info.thresholds));
    listPanel->setRun(false, state == Model::Ready);
    legend->setVisible(state != Model::None);
}

void InspectPage::Private::loadModel(const QString& file, bool again)
{
    const quint64 number = ++modelNumber;
    ++recallNumber;
    wantedModel = file;
    endRecord();
    runOpen = false;
    setModel(Model::Loading);
    awaitingMap = row >= 0;
    CancelToken before = std::exchange(loading, {});
    SessionOptions options = sessionOptions(services);
    options.cancel = loading;
    const auto first = std::make_shared<LoadedFacts>(); // written before anybody of the crew is loaded
    const auto makeFirst = [this, number, file, again, load = load, options, first] {
        LoadedModel loaded = load(file, options);
        *first = {loaded.info, loaded.hash, loaded.engine, loaded.engineNote};
        const auto deliver = [this, number, file, facts = *first, again] {
            if (number == modelNumber)
                modelLoaded(file, facts, again);
        };
        QMetaObject::invokeMethod(q, deliver, Qt::QueuedConnection);
        return std::move(loaded.inspector);
    };
    const auto makeOneOfCrew = [file, load = load, options, first] {
        SessionOptions alone = options;
        alone.threads = 1;
        alone.engine = first->engine;
        LoadedModel loaded = load(file, alone);
        if (loaded.engine != first->engine)
            throw Error(ErrorKind::Model, loaded.engineNote);
        // The hash may differ: a threshold saved from here is in the file as well.
        if (loaded.info.created != first->info.created)
            throw Error(ErrorKind::Model, tr("%1 holds another model by now.").arg(file), tr("Open it again."));
        return std::move(loaded.inspector);
    };
    service->setInspector(makeFirst, makeOneOfCrew, threads());
    before.cancel(); // now that nobody waits for that one
}

void InspectPage::Private::modelLoaded(const QString& file, const LoadedFacts& facts, bool again)
{
    modelFile = file;
    modelHash = facts.hash;
    engine = facts.engine;
    info = facts.info;
    if (again) {
        service->setThresholds(thresholds); // they may have been moved by hand
        service->setDone(judgedRows());
    } else {
        saidMisfit = false;
        thresholds = info.thresholds;
        beforeMove = thresholds;
        undo->clear();
    }
    threshold->setThresholds(thresholds);
    verdict->setThresholds(thresholds);
    legend->setThresholds(thresholds);
    setModel(Model::Ready);
    services.settings.setLastModel(file);
    Q_EMIT q->engineChanged(engineName(engine), facts.note);
    Q_EMIT q->modelChanged(file);
    recall();
    if (std::exchange(runAgain, false))
        q->inspectAll();
}

void InspectPage::Private::modelFailed(const QString& message, const QString& remedy)
{
    modelGone();
    Q_EMIT q->errorOccurred(message, remedy);
}

void InspectPage::Private::modelGone()
{
    ++recallNumber;
    awaitingMap = false;
    runAgain = false;
    wantedModel.clear();
    modelFile.clear();
    setModel(Model::None);
    Q_EMIT q->engineChanged({}, {});
    Q_EMIT q->modelChanged({});
}

void InspectPage::Private::select(int newRow)
{
    // Filtering the current image out of the list is no reason to take it from the screen.
    if (newRow < 0 || newRow == row)
        return;
    row = newRow;
    std::vector<std::pair<int, Sample>> wanted;
    for (const int neighbour : listPanel->neighbours())
        wanted.emplace_back(neighbour, list->item(neighbour).sample);
    showPicture(row);
    loader->want(std::move(wanted));
    view->setResult(loader->layers(row));
    awaitingMap = model != Model::None;
    service->focus(std::size_t(row));
    verdict->setItem(currentItem());
}

/// The picture, or its thumbnail until it is there: never the picture of another part beside this one's verdict.
void InspectPage::Private::showPicture(int shown)
{
    if (const DisplayImagePtr image = loader->image(shown))
        view->setImage(image);
    else
        view->setPlaceholder(list->index(shown).data(Qt::DecorationRole).value<QImage>());
    readout.clear();
    tellStatus();
}

/// The map that is on screen, judged as the thresholds are now; its regions belong to the list as well.
void InspectPage::Private::showLayers(int ready)
{
    const ResultLayersPtr layers = loader->layers(ready);
    if (layers && list->item(ready).judged && layers->result.thresholds == thresholds)
        list->setRegions(ready, layers->result.regions);
    if (ready != row)
        return;
    view->setResult(layers);
    verdict->setItem(currentItem());
}

void InspectPage::Private::take(const InspectedImage& image)
{
    if (image.index >= list->items().size() || list->item(int(image.index)).sample.path != image.path)
        return;
    const int index = int(image.index);
    const ImageItem& before = list->item(index);
    const bool isKnown = before.judged && before.hash == image.hash && before.error == image.error;
    AnomalyResult result = image.result;
    result.map.release();
    if (image.error.isEmpty())
        rejudge(result, thresholds); // they may have moved while the image was under way
    list->setResult(index, image.error, result, image.hash);
    if (!isKnown)
        record(list->item(index));
    const bool hasMap = !image.result.map.empty();
    if (hasMap)
        loader->makeLayers(index, image.result, thresholds, colors());
    if (index == row) {
        awaitingMap = awaitingMap && image.error.isEmpty() && !hasMap;
        verdict->setItem(currentItem());
    }
    if (!refreshTimer->isActive())
        refreshTimer->start();
}

void InspectPage::Private::runFinished()
{
    listPanel->setRun(false, model == Model::Ready);
    refresh();
    runOpen = false;
    endRecord();
}

/// Stores a result, in a thread of its own; the inspection begins with the first one.
void InspectPage::Private::record(const ImageItem& item)
{
    if (!recorder) {
        InspectionRecord inspection;
        inspection.productId = wholeFolder ? product : 0;
        inspection.folder = folder;
        inspection.modelPath = modelFile;
        inspection.modelHash = modelHash;
        inspection.engine = engineName(engine);
        inspection.thresholds = thresholds;
        inspection.started = QDateTime::currentDateTimeUtc();
        inspection.programVersion = programVersion();
        const auto changed = [this](const InspectionRecorder::State&) {
            QMetaObject::invokeMethod(
                q, [this] { storageChanged(); }, Qt::QueuedConnection);
        };
        recorder = std::make_unique<InspectionRecorder>(services.database, inspection, changed);
    }
    recorder->add({0, item.sample.path, item.hash, item.error, item.result});
}

/// What comes from now on belongs to another inspection.
void InspectPage::Private::endRecord()
{
    if (!recorder)
        return;
    recorder->end();
    endingRecorders.push_back(std::move(recorder));
}

void InspectPage::Private::storageChanged()
{
    QString problem;
    QString remedy;
    const auto look = [&](const InspectionRecorder& one) {
        const InspectionRecorder::State state = one.state();
        if (!state.problem.isEmpty()) {
            problem = state.problem;
            remedy = state.remedy;
        }
        return state.isFinished;
    };
    endingRecorders.erase(std::remove_if(endingRecorders.begin(), endingRecorders.end(),
                                         [&](const std::unique_ptr<InspectionRecorder>& one) { return look(*one); }),
                          endingRecorders.end());
    if (recorder)
        look(*recorder);
    if (!problem.isEmpty() && problem != storageProblem)
        Q_EMIT q->errorOccurred(problem, remedy);
    storageProblem = problem;
}

/// True when no result waits to be written, or when the database refuses them at present.
bool InspectPage::Private::isStored() const
{
    return !storageProblem.isEmpty() || (endingRecorders.empty() && (!recorder || recorder->state().pending == 0));
}

/// Looks for results that this model gave for images of this folder before, and takes those whose files still are what
/// was judged: a folder comes back as it was left.
void InspectPage::Private::recall()
{
    const quint64 number = ++recallNumber;
    if (model != Model::Ready || modelHash.isEmpty() || list->items().empty())
        return;
    std::vector<QString> paths;
    for (const ImageItem& item : list->items())
        paths.push_back(item.sample.path);
    const auto work = [&database = services.database, hash = modelHash, folder = folder, paths = std::move(paths)](
                          const TaskContext&) { return earlierResults(database, hash, folder, paths); };
    const auto done = [this, number](std::vector<EarlierResult> found) {
        confirm(number, std::make_shared<const std::vector<EarlierResult>>(std::move(found)), 0);
    };
    track(runInBackground(services.jobs, JobRunner::Lane::Files, tr("Looking up results"), q, work, done));
}

void InspectPage::Private::confirm(quint64 number, std::shared_ptr<const std::vector<EarlierResult>> earlier,
                                   std::size_t first)
{
    if (number != recallNumber || first >= earlier->size())
        return;
    const auto work = [earlier, first](const TaskContext& context) {
        return confirmResults(*earlier, first, context.cancel);
    };
    const auto done = [this, number, earlier](const ConfirmedResults& confirmed) {
        if (number == recallNumber)
            restore(confirmed.results);
        confirm(number, earlier, confirmed.next);
    };
    track(runInBackground(services.jobs, JobRunner::Lane::Files, tr("Looking up results"), q, work, done));
}

void InspectPage::Private::restore(const std::vector<EarlierResult>& results)
{
    for (const EarlierResult& earlier : results) {
        if (list->item(earlier.row).judged)
            continue;
        AnomalyResult result = earlier.record.result;
        rejudge(result, thresholds);
        list->setResult(earlier.row, {}, result, earlier.record.imageHash);
    }
    service->setDone(judgedRows());
    verdict->setItem(currentItem());
    refresh();
}

std::vector<std::size_t> InspectPage::Private::judgedRows() const
{
    std::vector<std::size_t> rowsDone;
    for (std::size_t i = 0; i < list->items().size(); ++i) {
        if (list->items()[i].judged)
            rowsDone.push_back(i);
    }
    return rowsDone;
}

void InspectPage::Private::refresh()
{
    const ImageListModel::Counts counts = list->counts();
    listPanel->setCounts(counts);
    threshold->setCounts(counts);
    threshold->setScores(list->items());
    tellMisfit();
}

/// Once for a folder and a model.
void InspectPage::Private::tellMisfit()
{
    if (saidMisfit || model != Model::Ready)
        return;
    const auto counts = [](const ImageItem& item) { return item.sample.truth != Truth::Defective; };
    const auto& items = list->items();
    FolderFit fit(info, int(std::count_if(items.begin(), items.end(), counts)));
    for (const ImageItem& item : items) {
        if (item.judged && !item.failed() && counts(item))
            fit.add(item.result.score);
    }
    if (fit.fits().value_or(true))
        return;
    saidMisfit = true;
    tellForNow(fit.reason(), fit.remedy());
}

void InspectPage::Private::tellForNow(const QString& message, const QString& remedy)
{
    errorsForNow << message;
    Q_EMIT q->errorOccurred(message, remedy);
}

void InspectPage::Private::retireErrors()
{
    for (const QString& message : std::exchange(errorsForNow, {}))
        Q_EMIT q->errorOver(message);
}

/// The other limits follow from those of the model file, so that no way that the threshold takes changes them for good.
Thresholds InspectPage::Private::withScoreLimit(double score) const
{
    Thresholds moved = withScore(info.thresholds, score);
    if (!threshold->regionsFollow())
        moved.pixel = thresholds.pixel;
    return moved;
}

/// Every verdict follows; the scores and with them the histogram stay. Regions follow where the map is at hand: for the
/// image on screen. The others' are found when they are shown.
void InspectPage::Private::moveThresholds(const Thresholds& moved)
{
    thresholds = moved;
    service->setThresholds(thresholds);
    list->rejudgeAll(thresholds);
    const ImageListModel::Counts counts = list->counts();
    listPanel->setCounts(counts);
    threshold->setCounts(counts);
    threshold->setThresholds(thresholds);
    threshold->setState(model == Model::Ready, !(thresholds == info.thresholds));
    legend->setThresholds(thresholds);
    verdict->setThresholds(thresholds);
    verdict->setItem(currentItem());
    if (const ResultLayersPtr shown = row < 0 ? nullptr : loader->layers(row))
        loader->makeLayers(row, shown->result, thresholds, colors());
}

void InspectPage::Private::endMove(const Thresholds& moved, bool isStep)
{
    if (moved == beforeMove) {
        moveThresholds(moved);
        return;
    }
    const auto apply = [this](const Thresholds& limits) {
        beforeMove = limits;
        moveThresholds(limits);
    };
    undo->push(new ThresholdCommand(beforeMove, moved, isStep, apply));
}

void InspectPage::Private::saveThreshold(const std::function<void()>& then)
{
    const QJsonObject calibration = manualCalibration(list->counts(), info.calibration);
    const auto work = [&store = services.modelStore, folder = services.modelFolder, file = modelFile,
                       saved = thresholds, calibration](const TaskContext&) {
        return saveThresholds(store, folder, file, saved, calibration);
    };
    const auto done = [this, file = modelFile, saved = thresholds, calibration, then](const SavedModel& target) {
        if (file != modelFile)
            return; // another model is in use by now
        info.thresholds = saved;
        info.calibration = calibration;
        modelFile = wantedModel = target.file;
        modelHash = target.hash;
        // Another file by its hash: so that its folder comes back, too.
        endRecord();
        for (const ImageItem& item : list->items()) {
            if (item.judged)
                record(item);
        }
        threshold->setState(model == Model::Ready, !(thresholds == saved));
        services.settings.setLastModel(modelFile);
        Q_EMIT q->modelChanged(modelFile);
        if (then)
            then();
    };
    track(runInBackground(services.jobs, JobRunner::Lane::Files, tr("Saving the threshold"), q, work, done));
}

void InspectPage::Private::chooseFolder()
{
    const QString chosen = QFileDialog::getExistingDirectory(q, tr("Open a folder of images"), folder);
    if (!chosen.isEmpty())
        q->openFolder(chosen);
}

void InspectPage::Private::chooseModel()
{
    const QString chosen =
        QFileDialog::getOpenFileName(q, tr("Open a model"), services.modelFolder, tr("Models (*.safetensors)"));
    if (!chosen.isEmpty())
        q->useModel(chosen);
}

void InspectPage::Private::drop(const QStringList& paths)
{
    QStringList images;
    for (const QString& path : paths) {
        if (QFileInfo(path).isDir()) {
            q->openFolder(path);
            return;
        }
        if (isModelFile(path))
            q->useModel(path);
        else
            images << path;
    }
    if (!images.isEmpty())
        q->openImages(images);
}

void InspectPage::Private::tellStatus()
{
    QStringList parts;
    if (const ImageItem* item = currentItem())
        parts << item->sample.name;
    if (!readout.isEmpty())
        parts << readout;
    if (const DisplayImagePtr& image = view->image(); image && image->error.isEmpty()) {
        parts << tr("%1 × %2, %3 bit").arg(image->size.width()).arg(image->size.height()).arg(image->bits);
        parts << tr("%1 %").arg(view->zoom() * 100.0, 0, 'f', 0);
    }
    Q_EMIT q->statusChanged(parts.join(u"  ·  "_s));
}

InspectPage::InspectPage(const Services& services, QWidget* parent)
    : QWidget(parent)
    , d(std::make_unique<Private>(this, services))
{
    setAcceptDrops(true);
    setFocusPolicy(Qt::StrongFocus);
    d->build();
    d->connectParts();
}

InspectPage::~InspectPage()
{
    d->loading.cancel();
    // Its threads use what the rest of the page owns.
    d->service.reset();
    d->endRecord();
}

void InspectPage::setModelLoader(ModelLoader loader)
{
    d->load = std::move(loader);
}

void InspectPage::openFolder(const QString& folder, const QString& select)
{
    const QString path = QDir(folder).absolutePath();
    if (path == d->folder && d->wholeFolder && d->selectPath(select))
        return;
    if (d->listingJob != 0)
        d->services.jobs.cancel(d->listingJob);
    const auto work = [path](const TaskContext& context) {
        return AnomalyFolder::open(path, AnomalyFolder::Purpose::Inspection, context.cancel);
    };
    const auto done = [this, path, select](const AnomalyFolder& found) {
        d->listingJob = 0;
        std::vector<Sample> samples = found.toInspect();
        if (!samples.empty())
            d->services.settings.addRecentFolder(path);
        QStringList why;
        qsizetype leftOut = 0;
        for (const LeftOut& part : found.leftOut) {
            if (part.isFault())
                Q_EMIT errorOccurred(part.text(), part.remedy());
            why += part.text();
            leftOut += part.names.size();
        }
        d->showSamples(std::move(samples), path, true,
                       tr("There are no images in %1.").arg(QDir::toNativeSeparators(path)));
        d->listPanel->setLeftOut(leftOut, why.join(u'\n'));
        d->selectPath(select);
    };
    d->listingJob = runInBackground(d->services.jobs, JobRunner::Lane::Files, tr("Listing images"), this, work, done);
    d->track(d->listingJob);
}

bool InspectPage::selectImage(const QString& path)
{
    return d->selectPath(path);
}

void InspectPage::openImages(const QStringList& files)
{
    std::vector<Sample> samples;
    for (const QString& file : files) {
        const QFileInfo info(file);
        samples.push_back({info.absoluteFilePath(), info.fileName(), {}, Truth::Unknown, {}});
    }
    if (!samples.empty())
        d->showSamples(std::move(samples), QFileInfo(files.front()).absolutePath(), false, {});
}

void InspectPage::useModel(const QString& modelFile)
{
    settleThreshold([this, modelFile] { d->takeModel(modelFile); }, [this] { Q_EMIT modelChanged(d->modelFile); });
}

void InspectPage::Private::takeModel(const QString& file)
{
    runAgain = false;
    list->clearResults();
    loader->clearLayers();
    view->setResult(nullptr);
    if (file.isEmpty()) {
        ++modelNumber;
        endRecord();
        runOpen = false;
        service->setInspector([] { return std::unique_ptr<AnomalyInspector>(); });
        services.settings.setLastModel({});
        modelGone();
    } else {
        loadModel(file, false);
    }
    verdict->setItem(currentItem());
    refresh();
}

bool InspectPage::hasMovedThreshold() const
{
    return d->model == Private::Model::Ready && !(d->thresholds == d->info.thresholds);
}

void InspectPage::settleThreshold(const std::function<void()>& then, const std::function<void()>& cancelled)
{
    const auto name = u"thresholdQuestion"_s;
    delete findChild<QMessageBox*>(name); // about something else by now
    if (!hasMovedThreshold()) {
        then();
        return;
    }
    auto* box = new QMessageBox(
        QMessageBox::Question, tr("Save the threshold?"),
        tr("The threshold of the model “%1” was moved and not saved.").arg(QFileInfo(d->modelFile).completeBaseName()),
        QMessageBox::NoButton, this);
    box->setObjectName(name);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setTextFormat(Qt::PlainText);
    box->setInformativeText(
        tr("It is %1 now and %2 in the model file.")
            .arg(locale().toString(d->thresholds.score, 'f', 3), locale().toString(d->info.thresholds.score, 'f', 3)));
    QPushButton* save = box->addButton(tr("Save to model"), QMessageBox::AcceptRole);
    QPushButton* drop = box->addButton(tr("Don't save"), QMessageBox::DestructiveRole);
    QPushButton* cancel = box->addButton(tr("Cancel"), QMessageBox::RejectRole);
    box->setDefaultButton(save);
    box->setEscapeButton(cancel);
    connect(box, &QDialog::finished, this, [this, box, save, drop, then, cancelled] {
        if (box->clickedButton() == save) {
            d->saveThreshold(then);
        } else if (box->clickedButton() == drop) {
            d->endMove(d->info.thresholds);
            then();
        } else if (cancelled) {
            cancelled();
        }
    });
    box->open();
}

void InspectPage::reloadModel()
{
    if (d->wantedModel.isEmpty())
        return;
    if (d->model != Private::Model::Ready) {
        useModel(d->wantedModel);
        return;
    }
    // An engine that is used judges as LibTorch does, so verdicts need not be thrown away.
    d->runAgain = d->service->isRunning();
    d->loadModel(d->wantedModel, true);
}

void InspectPage::setProduct(qint64 id)
{
    if (id == d->product)
        return;
    d->endRecord();
    d->product = id;
}

void InspectPage::inspectAll()
{
    if (d->model != Private::Model::Ready || d->list->items().empty()) {
        d->tellForNow(d->model == Private::Model::Loading ? tr("The model is still being loaded.")
                      : d->list->items().empty()          ? tr("There are no images to inspect.")
                                                          : tr("There is no model to inspect with."),
                      d->list->items().empty() ? tr("Open a folder of images first.")
                                               : tr("Open a model, or train one for this folder."));
        return;
    }
    if (d->service->isRunning())
        return;
    const auto& items = d->list->items();
    if (std::all_of(items.begin(), items.end(), [](const ImageItem& item) { return item.judged; })) {
        // Everything has a result: inspect it all again.
        std::vector<QString> paths;
        for (const ImageItem& item : items)
            paths.push_back(item.sample.path);
        d->endRecord();
        d->list->clearResults();
        d->service->setImages(std::move(paths));
        d->service->setThresholds(d->thresholds);
        d->service->focus(std::size_t(std::max(d->row, 0)));
    }
    d->runOpen = true;
    d->runPaused = false;
    d->listPanel->setRun(true, true);
    d->listPanel->setProgress(0, int(items.size()), -1.0);
    d->service->start();
}

bool InspectPage::isIdle() const
{
    return d->isStored() && d->jobs.empty() && d->model != Private::Model::Loading && !d->awaitingMap &&
           !d->service->isRunning() && (d->runPaused || !d->runOpen) && d->loader->isIdle() &&
           d->list->thumbnails().isIdle() && !d->refreshTimer->isActive() && !d->listPanel->filter()->isPending();
}

void InspectPage::resetLayout()
{
    d->columns->setSizes({280, 740, 260});
    d->rows->setSizes({520, 190});
}

void InspectPage::dragEnterEvent(QDragEnterEvent* event)
{
    if (!usefulPaths(event->mimeData()).isEmpty()) {
        event->setDropAction(Qt::CopyAction); // whatever is proposed: nothing is moved
        event->accept();
    }
}

void InspectPage::dropEvent(QDropEvent* event)
{
    const QStringList paths = usefulPaths(event->mimeData());
    if (paths.isEmpty())
        return;
    event->setDropAction(Qt::CopyAction);
    event->accept();
    d->drop(paths);
}

void InspectPage::keyPressEvent(QKeyEvent* event)
{
    switch (event->key()) {
    case Qt::Key_Up:
        d->listPanel->step(-1);
        break;
    case Qt::Key_Down:
        d->listPanel->step(1);
        break;
    case Qt::Key_PageUp:
        d->listPanel->stepPage(-1);
        break;
    case Qt::Key_PageDown:
        d->listPanel->stepPage(1);
        break;
    case Qt::Key_Home:
        d->listPanel->goToEnd(false);
        break;
    case Qt::Key_End:
        d->listPanel->goToEnd(true);
        break;
    default:
        if (!peek(event))
            QWidget::keyPressEvent(event);
    }
}

void InspectPage::keyReleaseEvent(QKeyEvent* event)
{
    if (!peek(event))
        QWidget::keyReleaseEvent(event);
}

/// Space held: the bare image. False: it is another key.
bool InspectPage::peek(const QKeyEvent* event)
{
    if (event->key() != Qt::Key_Space)
        return false;
    if (!event->isAutoRepeat())
        d->view->setPeeking(event->type() == QEvent::KeyPress);
    return true;
}

/// The list and the canvas would take Space for themselves.
bool InspectPage::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::KeyPress || event->type() == QEvent::KeyRelease) {
        if (peek(static_cast<QKeyEvent*>(event)))
            return true;
    } else if (event->type() == QEvent::FocusOut) {
        d->view->setPeeking(false);
    }
    return QWidget::eventFilter(watched, event);
}

void InspectPage::changeEvent(QEvent* event)
{
    // Texts that carry colours of their own.
    if (event->type() == QEvent::PaletteChange && d->listPanel) {
        d->refresh();
        d->verdict->setItem(d->currentItem());
    }
    QWidget::changeEvent(event);
}

} // namespace lynceus
