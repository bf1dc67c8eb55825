// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/threshold_panel.h"

#include "core/metrics/calibration.h"
#include "ui/curve_plot.h"
#include "ui/theme.h"

#include <QtCore/QSignalBlocker>
#include <QtWidgets/QCheckBox>
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
    QCheckBox* follow = nullptr;
    QDoubleSpinBox* pixel = nullptr;
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
    const auto makeLimit = [this](const QString& name, const QString& toolTip) {
        auto* limit = new QDoubleSpinBox(this);
        limit->setRange(0.0, 1.0);
        limit->setDecimals(3);
        limit->setSingleStep(0.005);
        limit->setKeyboardTracking(false);
        limit->setAccessibleName(name);
        limit->setToolTip(toolTip);
        return limit;
    };
    d->value = makeLimit(tr("Threshold"), tr("Images whose score reaches the threshold are NG"));
    d->follow = new QCheckBox(tr("Regions follow the threshold"), this);
    d->follow->setChecked(true);
    d->follow->setToolTip(tr("The value from which on the heat map becomes a region moves with the threshold"));
    d->pixel = makeLimit(tr("Pixel limit of regions"),
                         tr("Where the heat map of an NG part reaches this value, it is a region"));
    d->escapes = new QLabel(this);
    d->escapes->setObjectName(u"escapes"_s);
    d->overkill = new QLabel(this);
    d->overkill->setObjectName(u"overkill"_s);
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
    layout->addWidget(d->follow, 5, 1);
    layout->addWidget(d->pixel, 5, 2);
    layout->setRowStretch(6, 1);
    layout->addWidget(d->save, 7, 1);
    layout->addWidget(d->reset, 7, 2);
    setTabOrder(d->histogram, d->value);

    connect(d->histogram, &ScoreHistogram::thresholdMoved, this, &ThresholdPanel::thresholdMoved);
    connect(d->histogram, &ScoreHistogram::thresholdReleased, this, &ThresholdPanel::thresholdReleased);
    connect(d->histogram, &ScoreHistogram::errorOccurred, this, &ThresholdPanel::errorOccurred);
    connect(d->value, &QDoubleSpinBox::valueChanged, this, &ThresholdPanel::thresholdStepped);
    connect(d->pixel, &QDoubleSpinBox::valueChanged, this, &ThresholdPanel::pixelLimitChanged);
    connect(d->follow, &QCheckBox::toggled, this, [this](bool follow) {
        d->pixel->setEnabled(d->follow->isEnabled() && !follow);
        Q_EMIT regionsFollowChanged(follow);
    });
    connect(d->save, &QPushButton::clicked, this, &ThresholdPanel::saveRequested);
    connect(d->reset, &QPushButton::clicked, this, &ThresholdPanel::resetRequested);
    setCounts({});
    setState(false, false);
}

ThresholdPanel::~ThresholdPanel() = default;

void ThresholdPanel::setThresholds(const Thresholds& thresholds)
{
    const QSignalBlocker valueBlocker(d->value);
    const QSignalBlocker pixelBlocker(d->pixel);
    d->value->setValue(thresholds.score);
    d->pixel->setValue(thresholds.pixel);
    if (d->histogram->threshold() != thresholds.score)
        d->histogram->setThreshold(thresholds.score);
}

bool ThresholdPanel::regionsFollow() const
{
    return d->follow->isChecked();
}

void ThresholdPanel::setCounts(const ImageListModel::Counts& counts)
{
    const int judged = counts.ok + counts.review + counts.ng;
    if (judged > 0 && counts.good + counts.defective == 0) {
        const auto share = [&](const QString& name, int part) {
            return tr("%1 <b>%2</b> of %3, %4 %")
                .arg(name)
                .arg(part)
                .arg(judged)
                .arg(locale().toString(100.0 * part / judged, 'f', 1));
        };
        d->escapes->setText(share(verdictName(Verdict::Ng), counts.ng));
        d->escapeBound->setText(counts.review > 0 ? share(verdictName(Verdict::Review), counts.review) : QString());
        d->overkill->setText(tr("Escapes and overkill: unknown"));
        d->overkillBound->setText(tr("The folder does not say which are good."));
        d->escapes->setToolTip(tr("Share of the pictures judged so far"));
        d->overkill->setToolTip(tr("Put good pictures into a folder good, defective ones into a folder for each type"));
        return;
    }
    d->escapes->setToolTip(tr("Defective images that pass"));
    d->overkill->setToolTip(tr("Good images that are rejected"));
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
    d->follow->setEnabled(haveModel);
    d->pixel->setEnabled(haveModel && !d->follow->isChecked());
    d->save->setEnabled(haveModel && changed);
    d->reset->setEnabled(haveModel && changed);
}

} // namespace lynceus
