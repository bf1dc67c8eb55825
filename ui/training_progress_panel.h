// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/storage/run_store.h"

#include <QtWidgets/QWidget>

#include <vector>

class QLabel;
class QListView;
class QProgressBar;
class QPushButton;

namespace lynceus {

class CurvePlot;
class TrainingQueue;

/// The curves of the training at work or of a run that is over, how far it is, what can be asked of it, and which
/// trainings wait.
class TrainingProgressPanel : public QWidget
{
    Q_OBJECT

public:
    explicit TrainingProgressPanel(TrainingQueue* queue, QWidget* parent = nullptr);

    /// What the line below the curves says while no training is at work.
    void setIdleText(const QString& text);
    /// Curves of the training at work, growing.
    void showTraining();
    /// Curves of a run that is over.
    void showRun(const std::vector<MetricPoint>& points);
    bool showsTraining() const { return m_live; }
    /// Cancelling asks first when more than this would be lost; a minute unless set.
    void setAskAfter(double seconds) { m_askAfter = seconds; }

Q_SIGNALS:
    void trainingRequested(); ///< "Show the training"
    void errorOccurred(const QString& message, const QString& remedy);

private:
    QWidget* makeButtons();
    QWidget* makeWaiting();
    void plot(const std::vector<MetricPoint>& points);
    void showState();
    void pauseOrResume();
    void cancel();

    TrainingQueue* m_queue;
    bool m_live = true;
    double m_askAfter = 60.0;
    double m_bestAuroc = -1.0;
    int m_bestStep = 0;
    QString m_idleText;

    CurvePlot* m_curves;
    QLabel* m_step;
    QProgressBar* m_bar;
    QWidget* m_buttons = nullptr;
    QPushButton* m_pause = nullptr;
    QPushButton* m_finish = nullptr;
    QPushButton* m_cancel = nullptr;
    QPushButton* m_back = nullptr;
    QWidget* m_waiting = nullptr;
    QListView* m_list = nullptr;
};

} // namespace lynceus
