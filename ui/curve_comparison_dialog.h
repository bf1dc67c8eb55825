// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/storage/run_store.h"
#include "ui/curve_plot.h"

#include <QtWidgets/QDialog>

#include <vector>

namespace lynceus {

/// Loss and validation AUROC of `runs`, under names that tell them apart. Reads the database, from any thread, and
/// closes the thread's connection; throws Error(Storage) or Cancelled.
std::vector<CurvePlot::Comparison> readComparison(const Database& database, const std::vector<RunRecord>& runs,
                                                  const CancelToken& cancel);

/// The curves of several runs over each other; the window stays usable beside it.
class CurveComparisonDialog : public QDialog
{
    Q_OBJECT

public:
    explicit CurveComparisonDialog(const std::vector<CurvePlot::Comparison>& curves, QWidget* parent = nullptr);

Q_SIGNALS:
    void errorOccurred(const QString& message, const QString& remedy);
};

} // namespace lynceus
