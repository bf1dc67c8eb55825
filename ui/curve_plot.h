// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QString>
#include <QtWidgets/QWidget>

#include <memory>
#include <vector>

namespace lynceus {

/// All drawing of curves and histograms; the only place that includes QCustomPlot. Follows palette changes.
class CurvePlot : public QWidget
{
    Q_OBJECT

public:
    explicit CurvePlot(QWidget* parent = nullptr);
    ~CurvePlot() override;

    // Curves over steps (Train page)
    void clearCurves();
    /// Appends a point to the curve `name` (made on first use). `rightAxis` fixes its axis on first use.
    void addPoint(const QString& name, double x, double y, bool rightAxis = false);
    void setAxisTitles(const QString& x, const QString& left, const QString& right = {});

private:
    struct Private;
    std::unique_ptr<Private> d;
};

/// Histogram of image scores on the fixed scale 0..1, split by truth, with the threshold as a line to drag.
class ScoreHistogram : public QWidget
{
    Q_OBJECT

public:
    explicit ScoreHistogram(QWidget* parent = nullptr);
    ~ScoreHistogram() override;

    /// Scores by what is known: good, defective, unknown.
    void setScores(const std::vector<double>& good, const std::vector<double>& defective,
                   const std::vector<double>& unknown);
    void setThreshold(double threshold);
    double threshold() const;

Q_SIGNALS:
    void thresholdMoved(double threshold); ///< while dragging and by arrow keys
    void thresholdReleased(double threshold);

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace lynceus
