// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/model_compiler.h"

#include "core/base/error.h"
#include "core/memseg/compile.h"
#include "core/memseg/training_plan.h"
#include "ui/background_task.h"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtWidgets/QFileDialog>

namespace lynceus {

using namespace Qt::StringLiterals;

ModelCompiler::ModelCompiler(const Services& services, QWidget* window)
    : QObject(window)
    , m_services(services)
    , m_window(window)
{
    connect(&services.jobs, &JobRunner::ended, this, [this](const JobStatus& job) {
        if (job.id != m_job || job.state == JobStatus::State::Finished)
            return; // what comes next is up to the one who started it
        m_job = 0;
        Q_EMIT stateChanged();
    });
}

void ModelCompiler::setModel(const QString& modelFile)
{
    m_modelFile = modelFile;
    Q_EMIT stateChanged();
}

void ModelCompiler::setFolder(const QString& folder)
{
    m_folder = folder;
    Q_EMIT stateChanged();
}

QString ModelCompiler::whyNot() const
{
    if (isCompiling())
        return tr("A model is being compiled.");
    if (const QString why = whyNoEngine(Engine::OpenVinoFp32); !why.isEmpty())
        return why;
    if (m_modelFile.isEmpty())
        return tr("No model is open.");
    const QFileInfo folder(QFileInfo(m_modelFile).absolutePath());
    if (!folder.isWritable())
        return tr("The compiled model lies beside the model, and %1 cannot be written to. Copy the model to another "
                  "folder and open it there.")
            .arg(QDir::toNativeSeparators(folder.filePath()));
    return {};
}

void ModelCompiler::compile()
{
    if (!whyNot().isEmpty())
        return;
    m_compiling = m_modelFile;
    if (m_folder.isEmpty())
        ask(tr("Choose a folder with good images of the part"));
    else
        look(m_folder);
}

void ModelCompiler::ask(const QString& title)
{
    const QString folder = QFileDialog::getExistingDirectory(m_window, title, m_folder);
    if (!folder.isEmpty())
        look(folder);
}

void ModelCompiler::look(const QString& folder)
{
    const auto work = [folder](const TaskContext& context) {
        return AnomalyFolder::open(folder, AnomalyFolder::Purpose::Training, context.cancel);
    };
    const auto done = [this](const AnomalyFolder& images) {
        m_job = 0;
        if (int(images.train.size()) >= kLeastGoodImages) {
            start(images);
            return;
        }
        Q_EMIT stateChanged();
        ask(tr("%1 has too few good images: choose another folder with images of the part")
                .arg(QDir(images.root).dirName()));
    };
    m_job = runInBackground(m_services.jobs, JobRunner::Lane::Files, tr("Listing images"), this, work, done);
    Q_EMIT stateChanged();
}

void ModelCompiler::start(const AnomalyFolder& folder)
{
    CompileRequest request;
    request.cacheFolder = m_services.cacheFolder;
    const auto work = [file = m_compiling, folder, request](const TaskContext& context) {
        return compileMemSeg(file, folder, request, context);
    };
    const auto done = [this, file = m_compiling](const std::vector<GateReport>& reports) {
        m_job = 0;
        Q_EMIT stateChanged();
        Q_EMIT compiled(file, reports);
    };
    m_job = runInBackground(m_services.jobs, JobRunner::Lane::Inspection,
                            tr("Compiling %1").arg(QFileInfo(m_compiling).completeBaseName()), this, work, done);
    Q_EMIT stateChanged();
}

} // namespace lynceus
