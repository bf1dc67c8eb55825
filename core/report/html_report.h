// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QByteArray>
#include <QtCore/QDir>

namespace lynceus {

struct ReportCounts;
struct ReportData;

/// One page without scripts or outside parts, UTF-8. Pictures are linked relative to `folder`, where the page will lie.
QByteArray htmlReport(const ReportData& data, const ReportCounts& counts, const QDir& folder);

} // namespace lynceus
