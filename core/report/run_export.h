// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/storage/run_store.h"

#include <QtCore/QString>

#include <vector>

namespace lynceus {

/// A line for each run, with its figures, tags and notes; options as JSON in the last column. Atomic; throws
/// Error(File) naming the file.
void writeRunsCsv(const QString& path, const std::vector<RunRecord>& runs);

/// The curves of one run: a line for each step, a column for each curve; empty where a curve has no point.
void writeCurvesCsv(const QString& path, const std::vector<MetricPoint>& points);

} // namespace lynceus
