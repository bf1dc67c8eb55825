// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/memseg/training_forecast.h"

#include <QtWidgets/QWidget>

#include <optional>

class QLabel;
class QTimer;

namespace lynceus {

class JobRunner;

/// What the training that is being prepared would take on this machine. Measured by itself, a moment after the last
/// change and while nothing else is at work, which would slow the measurement down.
class TrainingForecastLine : public QWidget
{
    Q_OBJECT

public:
    struct Request
    {
        AnomalyFolder folder;
        MemSegOptions options;
        QString encoderFile;
    };

    explicit TrainingForecastLine(JobRunner& jobs, QWidget* parent = nullptr);

    /// What a start would train; nothing: it would not train.
    void setRequest(std::optional<Request> request);
    /// In place of the forecast: why there is none.
    void setProblem(const QString& reason);
    /// No measuring meanwhile.
    void setTraining(bool training);
    void stop();
    bool isIdle() const;

protected:
    void changeEvent(QEvent* event) override;

private:
    struct Measured
    {
        TrainingForecast forecast;
        double freeMb = 0.0; ///< for this program; 0 when unknown
        QString problem;     ///< why there is no forecast
    };

    static Measured measure(const Request& request, const TaskContext& context);
    void measureSoon();
    void start();
    void showState();

    JobRunner& m_jobs;
    std::optional<Request> m_request;
    QString m_key; ///< tells requests apart
    QString m_problem;
    std::optional<Measured> m_measured; ///< of the request
    bool m_training = false;
    quint64 m_job = 0;
    QTimer* m_timer;
    QLabel* m_text;
    QLabel* m_icon;
    QLabel* m_warning;
};

} // namespace lynceus
