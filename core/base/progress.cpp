// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/progress.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <cmath>

namespace lynceus {

CancelToken::CancelToken()
    : m_flag(std::make_shared<std::atomic<bool>>(false))
{
}

void CancelToken::throwIfCancelled() const
{
    if (isCancelled())
        throw Cancelled();
}

TimeLeft::TimeLeft()
    : m_start(std::chrono::steady_clock::now())
{
}

double TimeLeft::elapsedSeconds() const
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_start).count();
}

std::optional<double> TimeLeft::update(double fraction)
{
    const double elapsed = elapsedSeconds();
    if (elapsed < 1.0 || fraction <= 0.0)
        return {};
    return elapsed * (1.0 - std::min(fraction, 1.0)) / std::min(fraction, 1.0);
}

QString durationText(double seconds)
{
    const auto total = qint64(std::lround(std::max(seconds, 0.0)));
    if (total < 60)
        return QCoreApplication::translate("core", "%1 s").arg(total);
    const qint64 minutes = (total + 30) / 60;
    if (minutes < 60)
        return QCoreApplication::translate("core", "%1 min").arg(minutes);
    return QCoreApplication::translate("core", "%1 h %2 min")
        .arg(minutes / 60)
        .arg(minutes % 60, 2, 10, QLatin1Char('0'));
}

} // namespace lynceus
