// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"

#include "core/base/log.h"

#include <QtCore/QCoreApplication>

#include <new>

namespace lynceus {

Q_LOGGING_CATEGORY(logData, "lynceus.data", QtInfoMsg)
Q_LOGGING_CATEGORY(logModel, "lynceus.model", QtInfoMsg)
Q_LOGGING_CATEGORY(logTraining, "lynceus.training", QtInfoMsg)
Q_LOGGING_CATEGORY(logJobs, "lynceus.jobs", QtInfoMsg)
Q_LOGGING_CATEGORY(logStorage, "lynceus.storage", QtInfoMsg)
Q_LOGGING_CATEGORY(logUi, "lynceus.ui", QtInfoMsg)

Error::Error(ErrorKind kind, QString message, QString remedy)
    : m_kind(kind)
    , m_message(std::move(message))
    , m_remedy(std::move(remedy))
    , m_what(text().toStdString())
{
}

QString Error::text() const
{
    return m_remedy.isEmpty() ? m_message : m_message + QLatin1Char(' ') + m_remedy;
}

Error currentError(const QString& doing)
{
    try {
        throw;
    } catch (const Cancelled&) {
        throw;
    } catch (const Error& error) {
        return error;
    } catch (const std::bad_alloc&) {
        return Error(ErrorKind::Internal, QCoreApplication::translate("core", "Out of memory while %1.").arg(doing),
                     QCoreApplication::translate("core", "Close other programs, or use smaller images."));
    } catch (const std::exception& error) {
        // Torch appends a backtrace after a blank line or "Exception raised from"; users need the first part only.
        QString text = QString::fromUtf8(error.what());
        const auto trace = text.indexOf(QLatin1String("\nException raised from"));
        if (trace >= 0)
            text.truncate(trace);
        return Error(ErrorKind::Internal,
                     QCoreApplication::translate("core", "Failed while %1: %2").arg(doing, text.trimmed()));
    } catch (...) {
        return Error(ErrorKind::Internal, QCoreApplication::translate("core", "Failed while %1.").arg(doing));
    }
}

} // namespace lynceus
