// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/threshold_panel.h"

#include "core/metrics/calibration.h"
#include "ui/curve_plot.h"
#include "ui/theme.h"

#include <QtCore/QSignalBlocker>
#include <QtWidgets/QDoubleSpinBox>
#include <QtWidgets/QGridLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>

namespace lynceus {

using namespace Qt::StringLiterals;

struct ThresholdPanel::Private
{
    ScoreHistogram* histogram = nullptr;
    QDoubleSpinBox* value = nullptr;
    QLabel* escapes = nullptr;
    QLabel* escapeBound = nullptr;
    QLabel* overkill = nullptr;
    QLabel* overkillBound = nullptr;
    QPushButton* save = nullptr;
    QPushButton* reset = nullptr;
};

namespace {

void showRate(QLabel* count, QLabel* bound, const QString& name, int events, int trials)
{
    if (trials == 0) {
        count->setText(u"%1 –"_s.arg(name));
        bound->setText(ThresholdPanel::tr("none judged yet"));
        return;
    }
    count->setText(ThresholdPanel::tr("%1 <b>%2</b> of %3").arg(name).arg(events).arg(trials));
    const double upper = rateUpperBound(events, trials) * 100.0;
    bound->setText(ThresholdPanel::tr("at most %1 % at 95 %").arg(bound->locale().toString(upper, 'f', 1)));
}

} // namespace

ThresholdPanel::ThresholdPanel(QWidget* parent)
    : QWidget(parent)
    , d(std::make_unique<Private>())
{
    setAutoFillBackground(true);
    setBackgroundRole(QPalette::Base);
    auto* layout = new QGridLayout(this);
    layout->setContentsMargins(8, 8, 12, 8);
    layout->setHorizontalSpacing(12);
    layout->setVerticalSpacing(2);

    d->histogram = new ScoreHistogram(this);
    d->histogram->setToolTip(tr("Drag the line to move the threshold (Left and Right when selected, Ctrl+Z undoes)"));
    auto* heading = new QLabel(tr("At this threshold"), this);
    theme::setRole(heading, theme::TextRole::Heading);
    d->value = new QDoubleSpinBox(this);
    d->value->setRange(0.0, 1.0);
    d->value->setDecimals(3);
    d->value->setSingleStep(0.005);
    d->value->setKeyboardTracking(false);
    d->value->setAccessibleName(tr("Threshold"));
    d->value->setToolTip(tr("Images whose score reaches the threshold are NG"));
    d->escapes = new QLabel(this);
    d->escapes->setToolTip(tr("Defective images that pass"));
    d->overkill = new QLabel(this);
    d->overkill->setToolTip(tr("Good images that are rejected"));
    d->escapeBound = new QLabel(this);
    d->overkillBound = new QLabel(this);
    for (QLabel* bound : {d->escapeBound, d->overkillBound}) {
        theme::setRole(bound, theme::TextRole::Caption);
        bound->setToolTip(tr("What these images prove about the rate: exact upper bound with 95 % confidence. More "
                             "images make it smaller."));
    }
    d->save = new QPushButton(tr("Save threshold to model"), this);
    d->save->setToolTip(tr("Writes the threshold into the model file"));
    d->reset = new QPushButton(tr("Reset"), this);
    d->reset->setToolTip(tr("Back to the threshold of the model file"));

    layout->addWidget(d->histogram, 0, 0, 9, 1);
    layout->setColumnStretch(0, 1);
    layout->addWidget(heading, 0, 1);
    layout->addWidget(d->value, 0, 2);
    layout->addWidget(d->escapes, 1, 1, 1, 2);
    layout->addWidget(d->escapeBound, 2, 1, 1, 2);
    layout->addWidget(d->overkill, 3, 1, 1, 2);
    layout->addWidget(d->overkillBound, 4, 1, 1, 2);
    layout->setRowStretch(5, 1);
    layout->addWidget(d->save, 6, 1);
    layout->addWidget(d->reset, 6, 2);
    setTabOrder(d->histogram, d->value);

    connect(d->histogram, &ScoreHistogram::thresholdMoved, this, &ThresholdPanel::thresholdMoved);
    connect(d->histogram, &ScoreHistogram::thresholdReleased, this, &ThresholdPanel::thresholdReleased);
    connect(d->histogram, &ScoreHistogram::errorOccurred, this, &ThresholdPanel::errorOccurred);
    connect(d->value, &QDoubleSpinBox::valueChanged, this, [this](double value) {
        Q_EMIT thresholdMoved(value);
        Q_EMIT thresholdReleased(value);
    });
    connect(d->save, &QPushButton::clicked, this, &ThresholdPanel::saveRequested);
    connect(d->reset, &QPushButton::clicked, this, &ThresholdPanel::resetRequested);
    setCounts({});
    setState(false, false);
}

ThresholdPanel::~ThresholdPanel() = default;

void ThresholdPanel::setThreshold(double threshold)
{
    const QSignalBlocker blocker(d->value);
    d->value->setValue(threshold);
    if (d->histogram->threshold() != threshold)
        d->histogram->setThreshold(threshold);
}

void ThresholdPanel::setCounts(const ImageListModel::Counts& counts)
{
    showRate(d->escapes, d->escapeBound, tr("Escapes"), counts.escapes, counts.defective);
    showRate(d->overkill, d->overkillBound, tr("Overkill"), counts.overkill, counts.good);
}

void ThresholdPanel::setScores(const std::vector<ImageItem>& items)
{
    std::vector<double> good;
    std::vector<double> defective;
    std::vector<double> unknown;
    for (const ImageItem& item : items) {
        if (!item.judged || item.failed())
            continue;
        (item.sample.truth == Truth::Good        ? good
         : item.sample.truth == Truth::Defective ? defective
                                                 : unknown)
            .push_back(item.result.score);
    }
    d->histogram->setScores(good, defective, unknown);
}

void ThresholdPanel::setState(bool haveModel, bool changed)
{
    d->histogram->setEnabled(haveModel);
    d->value->setEnabled(haveModel);
    d->save->setEnabled(haveModel && changed);
    d->reset->setEnabled(haveModel && changed);
}

} // namespace lynceus
