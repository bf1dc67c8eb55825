// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/storage/run_store.h"

#include <QtWidgets/QFrame>

class QGridLayout;
class QLabel;
class QPushButton;

namespace lynceus {

/// What a finished training left: its figures, the thresholds, and the way to use the model.
class RunResultCard : public QFrame
{
    Q_OBJECT

public:
    explicit RunResultCard(QWidget* parent = nullptr);

    /// Reads thresholds from the model file if it is still there.
    void setRun(const RunRecord& run);

Q_SIGNALS:
    void useRequested(const QString& modelFile, const QString& folder);

private:
    void addFigure(const QString& name, const QString& value);

    RunRecord m_run;
    QLabel* m_title;
    QLabel* m_note;
    QGridLayout* m_figures;
    QPushButton* m_use;
};

} // namespace lynceus
