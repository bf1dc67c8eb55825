// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/training_options_card.h"

#include "ui/theme.h"
#include "ui/training_forecast_line.h"
#include "ui/training_options_form.h"

#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QVBoxLayout>

namespace lynceus {

using namespace Qt::StringLiterals;

TrainingOptionsCard::TrainingOptionsCard(const ModelStore& store, JobRunner& jobs, QWidget* parent)
    : Card(tr("Options"), parent)
    , m_form(new TrainingOptionsForm(store, this))
    , m_forecast(new TrainingForecastLine(jobs, this))
    , m_advanced(new QPushButton(this))
    , m_start(new QPushButton(this))
{
    m_form->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    m_start->setObjectName(u"startButton"_s);
    theme::setPrimary(m_start);
    m_advanced->setObjectName(u"advancedButton"_s);
    m_advanced->setToolTip(tr("All other options (Alt+A)"));
    auto* row = new QHBoxLayout;
    row->addWidget(m_advanced);
    row->addWidget(m_start, 1);
    body()->addWidget(m_form);
    body()->addWidget(m_forecast);
    body()->addLayout(row);

    const auto showChanges = [this] {
        const auto count = m_form->advanced()->changes().size();
        m_advanced->setText(count == 0 ? tr("&Advanced…") : tr("&Advanced (%1)…").arg(count));
    };
    connect(m_form->advanced(), &AdvancedOptionsModel::changed, this, showChanges);
    connect(m_advanced, &QPushButton::clicked, m_form, &TrainingOptionsForm::openAdvanced);
    connect(m_start, &QPushButton::clicked, this, &TrainingOptionsCard::startRequested);
    // As wide as they ever get: a longer text later must not press the card out of its column.
    m_advanced->setText(tr("&Advanced (%1)…").arg(9));
    m_advanced->setMinimumWidth(m_advanced->sizeHint().width());
    setState({}, true);
    m_start->setMinimumWidth(m_start->sizeHint().width());
    showChanges();
    setState({}, false);
}

void TrainingOptionsCard::setState(const QString& whyNot, bool queues)
{
    m_start->setEnabled(whyNot.isEmpty());
    m_forecast->setTraining(queues);
    m_start->setText(queues ? tr("Add to &queue") : tr("&Start training"));
    m_start->setToolTip(!whyNot.isEmpty() ? whyNot
                        : queues ? tr("Train with these options when the trainings before are over (Ctrl+Return)")
                                 : tr("Train a model on the good parts of the folder (Ctrl+Return)"));
}

} // namespace lynceus
