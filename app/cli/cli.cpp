// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/cli.h"

#include "core/base/error.h"
#include "core/nn/device.h"
#include "core/weights/model_store.h"

#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QStandardPaths>

#include <limits>

namespace lynceus::cli {

using namespace Qt::StringLiterals;

namespace {

DeviceKind deviceOf(const Arguments& arguments)
{
    try {
        return chooseDevice(arguments.value(u"device"_s));
    } catch (const Error& error) {
        throw UsageError(error.text());
    }
}

} // namespace

Cli::Cli(const Arguments& arguments, Console& console, const CancelToken& cancel)
    : m_arguments(arguments)
    , m_console(console)
    , m_cancel(cancel)
{
    deviceOf(m_arguments); // wrong usage before any work
    seed();
    setThreads(threads());
}

TaskContext Cli::task(double from, double to)
{
    TaskContext context;
    context.cancel = m_cancel;
    const bool whole = from == 0.0 && to == 1.0;
    context.progress = [this, from, to, whole](Progress progress) {
        progress.fraction = from + (to - from) * progress.fraction;
        if (!whole)
            progress.secondsLeft.reset(); // it would be the part's only
        m_console.progress(progress);
    };
    return context;
}

AppContext& Cli::context()
{
    if (!m_context)
        m_context = std::make_unique<AppContext>(dataHome());
    return *m_context;
}

QString Cli::dataHome() const
{
    const QString given = m_arguments.value(u"data-home"_s);
    return given.isEmpty() ? QStandardPaths::writableLocation(QStandardPaths::AppDataLocation)
                           : QDir(given).absolutePath();
}

QString Cli::resolveModel(const QString& idOrPath)
{
    if (QFileInfo(idOrPath).isFile())
        return QFileInfo(idOrPath).absoluteFilePath();
    return ModelStore(ModelStore::defaultBuiltInFolder(), dataHome() + u"/models"_s).resolve(idOrPath);
}

std::unique_ptr<MemSegSession> Cli::loadModel(const QString& idOrPath)
{
    return MemSegSession::load(resolveModel(idOrPath), deviceOf(m_arguments));
}

int Cli::threads() const
{
    return int(m_arguments.integer(u"threads"_s, 0, 1024).value_or(0));
}

quint64 Cli::seed(quint64 fallback) const
{
    return quint64(m_arguments.integer(u"seed"_s, 0, std::numeric_limits<qint64>::max()).value_or(qint64(fallback)));
}

} // namespace lynceus::cli
