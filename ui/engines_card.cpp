// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/engines_card.h"

#include "core/engines/engine_file.h"
#include "ui/background_task.h"
#include "ui/gate_report_model.h"
#include "ui/model_compiler.h"
#include "ui/theme.h"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QTableView>
#include <QtWidgets/QVBoxLayout>

#include <algorithm>
#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kRowHeight = 28;
constexpr int kRowsShown = 4;

QLabel* makeText(const QString& name, QWidget* parent)
{
    auto* label = new QLabel(parent);
    label->setObjectName(name);
    label->setTextFormat(Qt::PlainText); // names of files are never markup
    label->setWordWrap(true);
    return label;
}

} // namespace

EnginesCard::EnginesCard(const Services& services, ModelCompiler* compiler, QWidget* parent)
    : Card(tr("Engines of the open model"), parent)
    , m_services(services)
    , m_compiler(compiler)
    , m_reports(new GateReportModel(this))
    , m_model(makeText(u"engineModel"_s, this))
    , m_state(makeText(u"engineState"_s, this))
    , m_view(new QTableView(this))
    , m_summary(makeText(u"gateSummary"_s, this))
    , m_worst(makeText(u"gateWorst"_s, this))
    , m_folder(makeText(u"engineFolder"_s, this))
    , m_compile(new QPushButton(this))
{
    setUpView();
    auto* about = makeText({}, this);
    about->setText(tr("Compiling makes networks for this processor and lets them judge good images and simulated "
                      "defects beside LibTorch. What judges otherwise is blocked: it is never used."));
    m_compile->setObjectName(u"compileButton"_s);
    for (QLabel* label : {m_state, m_worst})
        theme::setRole(label, theme::TextRole::Secondary);
    for (QLabel* label : {m_folder, about})
        theme::setRole(label, theme::TextRole::Caption);
    for (QLabel* label : {m_summary, m_worst})
        label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);

    auto* foot = new QHBoxLayout;
    foot->setSpacing(12);
    foot->addWidget(m_compile);
    foot->addWidget(m_folder, 1);
    body()->addWidget(m_model);
    body()->addWidget(m_state);
    body()->addWidget(m_view);
    body()->addWidget(m_summary);
    body()->addWidget(m_worst);
    body()->addWidget(about);
    body()->addLayout(foot);

    connect(m_compile, &QPushButton::clicked, m_compiler, &ModelCompiler::compile);
    connect(m_compiler, &ModelCompiler::stateChanged, this, &EnginesCard::showState);
    connect(m_view->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &EnginesCard::showReport);
    setReports({});
}

void EnginesCard::setUpView()
{
    m_view->setObjectName(u"gateReports"_s);
    m_view->setAccessibleName(tr("What the parity gate found"));
    m_view->setModel(m_reports);
    m_view->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->setTabKeyNavigation(false);
    m_view->setShowGrid(false);
    m_view->setIconSize({14, 14});
    m_view->setWordWrap(false);
    m_view->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_view->verticalHeader()->hide();
    m_view->verticalHeader()->setDefaultSectionSize(kRowHeight);
    m_view->horizontalHeader()->setHighlightSections(false);
    m_view->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    for (const int column : {GateReportModel::Name, GateReportModel::VerdictsChanged})
        m_view->horizontalHeader()->setSectionResizeMode(column, QHeaderView::ResizeToContents);
}

void EnginesCard::readReports()
{
    m_services.jobs.cancel(m_job);
    m_job = 0;
    setReports({});
    const QString file = m_compiler->modelFile();
    if (file.isEmpty() || !QFileInfo::exists(engineFile(file)))
        return;
    const auto read = [file, cache = m_services.cacheFolder](const TaskContext&) {
        return readGateReports(file, cache);
    };
    m_job = runInBackground(m_services.jobs, JobRunner::Lane::Files, tr("Reading what the parity gate found"), this,
                            read, [this, file](std::vector<GateReport>&& reports) {
                                if (file == m_compiler->modelFile())
                                    setReports(std::move(reports));
                            });
}

void EnginesCard::setRunning(const QString& engine)
{
    m_running = engine;
    showState();
}

void EnginesCard::setReports(std::vector<GateReport> reports)
{
    m_reports->setReports(std::move(reports));
    const int rows = std::min(m_reports->rowCount(), kRowsShown);
    m_view->setFixedHeight(m_view->horizontalHeader()->sizeHint().height() + rows * kRowHeight + 2);
    // The one that has something to tell.
    int chosen = 0;
    while (chosen < m_reports->rowCount() && m_reports->report(chosen).passed())
        ++chosen;
    if (rows > 0)
        m_view->setCurrentIndex(m_reports->index(chosen % m_reports->rowCount(), 0));
    showState();
    showReport();
}

void EnginesCard::showState()
{
    const QString file = m_compiler->modelFile();
    const bool isCompiled = m_reports->rowCount() > 0;
    m_model->setText(QFileInfo(file).completeBaseName());
    m_model->setToolTip(QDir::toNativeSeparators(file));
    m_model->setVisible(!file.isEmpty());
    m_view->setVisible(isCompiled);
    m_state->setText(file.isEmpty()              ? tr("No model is open. Open one on the Inspect page, or train one.")
                     : m_compiler->isCompiling() ? tr("Compiling; the bar at the top shows how far it is.")
                     : isCompiled                ? tr("Inspections are computed by %1.").arg(m_running)
                                  : tr("The model was not compiled yet; LibTorch computes inspections."));
    const QString whyNot = m_compiler->whyNot();
    m_folder->setText(!file.isEmpty() && !whyNot.isEmpty() && !m_compiler->isCompiling() ? whyNot
                      : m_compiler->folder().isEmpty()
                          ? QString()
                          : tr("Compares with the good images of %1").arg(QDir(m_compiler->folder()).dirName()));
    m_folder->setToolTip(QDir::toNativeSeparators(m_compiler->folder()));
    m_compile->setText(isCompiled ? tr("Compile again") : tr("Compile…"));
    m_compile->setEnabled(whyNot.isEmpty());
    m_compile->setToolTip(whyNot.isEmpty() ? tr("Compile the open model for this machine; takes up to a minute")
                                           : whyNot);
}

void EnginesCard::showReport()
{
    const QModelIndex current = m_view->currentIndex();
    const bool some = current.isValid() && current.row() < m_reports->rowCount();
    m_summary->setVisible(some);
    m_worst->setVisible(false);
    if (!some)
        return;
    const GateReport& report = m_reports->report(current.row());
    m_summary->setText(u"%1 %2"_s.arg(engineName(report.engine), report.summary()));
    m_worst->setVisible(!report.passed() && !report.worst.isEmpty());
    m_worst->setText(report.worst.join(u'\n'));
}

} // namespace lynceus
