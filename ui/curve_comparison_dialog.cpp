// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/curve_comparison_dialog.h"

#include "core/storage/database.h"
#include "ui/theme.h"

#include <QtWidgets/QDialogButtonBox>
#include <QtWidgets/QLabel>
#include <QtWidgets/QVBoxLayout>

#include <algorithm>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

std::vector<QPointF> pointsOf(const std::vector<MetricPoint>& metrics)
{
    std::vector<QPointF> points;
    points.reserve(metrics.size());
    for (const MetricPoint& metric : metrics)
        points.emplace_back(metric.step, metric.value);
    return points;
}

} // namespace

std::vector<CurvePlot::Comparison> readComparison(const Database& database, const std::vector<RunRecord>& runs,
                                                  const CancelToken& cancel)
{
    const RunStore store(database);
    std::vector<CurvePlot::Comparison> curves;
    for (const RunRecord& run : runs) {
        cancel.throwIfCancelled();
        const auto isNamesake = [&run](const RunRecord& other) { return other.name == run.name; };
        const bool isAlone = std::count_if(runs.begin(), runs.end(), isNamesake) == 1;
        curves.push_back({isAlone ? run.name : u"%1 #%2"_s.arg(run.name).arg(run.id),
                          pointsOf(store.metrics(run.id, u"loss"_s)),
                          pointsOf(store.metrics(run.id, u"validation_auroc"_s))});
    }
    database.closeThreadConnection();
    return curves;
}

CurveComparisonDialog::CurveComparisonDialog(const std::vector<CurvePlot::Comparison>& curves, QWidget* parent)
    : QDialog(parent)
{
    setObjectName(u"curveComparison"_s);
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(tr("Compare curves"));
    auto* card = new QFrame(this);
    theme::setCard(card);
    auto* plot = new CurvePlot(card);
    plot->setAccessibleName(tr("Loss and validation AUROC of the chosen runs by step"));
    plot->setAxisTitles(tr("step"), tr("loss"), tr("AUROC"));
    plot->compare(curves);
    QStringList without;
    for (const CurvePlot::Comparison& run : curves) {
        if (run.left.empty() && run.right.empty())
            without << run.name;
    }
    QString note = tr("Solid: loss. Dashed: AUROC on held-out good pictures and simulated defects. A click on a name "
                      "hides its curves or shows them again; the context menu exports them.");
    if (!without.isEmpty())
        note += u' ' + tr("Without curves: %1.").arg(without.join(u", "_s));
    auto* caption = new QLabel(note, card);
    caption->setTextFormat(Qt::PlainText);
    caption->setWordWrap(true);
    theme::setRole(caption, theme::TextRole::Caption);
    auto* inside = new QVBoxLayout(card);
    inside->setContentsMargins(12, 12, 12, 12);
    inside->setSpacing(8);
    inside->addWidget(plot, 1);
    inside->addWidget(caption);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    auto* layout = new QVBoxLayout(this);
    layout->addWidget(card, 1);
    layout->addWidget(buttons);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(plot, &CurvePlot::errorOccurred, this, &CurveComparisonDialog::errorOccurred);
    resize(860, 560);
}

} // namespace lynceus
