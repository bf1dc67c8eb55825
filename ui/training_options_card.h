// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "ui/card.h"

class QPushButton;

namespace lynceus {

class JobRunner;
class ModelStore;
class TrainingForecastLine;
class TrainingOptionsForm;

/// Step 2 of a training: its options, what it would take, and the button that starts it.
class TrainingOptionsCard : public Card
{
    Q_OBJECT

public:
    explicit TrainingOptionsCard(const ModelStore& store, JobRunner& jobs, QWidget* parent = nullptr);

    TrainingOptionsForm* form() const { return m_form; }
    TrainingForecastLine* forecast() const { return m_forecast; }
    /// `whyNot`: nothing can be trained; empty: it can. `queues`: another training is at work, so that this one would
    /// wait.
    void setState(const QString& whyNot, bool queues);

Q_SIGNALS:
    void startRequested();

private:
    TrainingOptionsForm* m_form;
    TrainingForecastLine* m_forecast;
    QPushButton* m_advanced;
    QPushButton* m_start;
};

} // namespace lynceus
