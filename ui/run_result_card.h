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
    /// The run left a model that is still there.
    bool isUsable() const { return m_usable; }

Q_SIGNALS:
    void useRequested(const QString& modelFile, const QString& folder);
    void measureRequested();

private:
    void addFigure(const QString& name, const QString& value, const QString& toolTip = {});

    RunRecord m_run;
    bool m_usable = false;
    QLabel* m_title;
    QLabel* m_note;
    QGridLayout* m_figures;
    QPushButton* m_measure;
    QPushButton* m_use;
};

} // namespace lynceus
