// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QString>
#include <QtWidgets/QWidget>

#include <memory>
#include <vector>

namespace lynceus {

/// All drawing of curves and histograms; the only place that includes QCustomPlot. Follows palette changes.
/// Wheel zooms, dragging pans, double click fits; the context menu exports PNG and CSV.
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

    /// A column of x and one for each curve; empty cells where a curve has no point. Throws Error(File).
    void exportCsv(const QString& file) const;
    void exportPng(const QString& file) const; ///< at twice the size on screen; throws Error(File)

Q_SIGNALS:
    void errorOccurred(const QString& message, const QString& remedy); ///< an export from the menu failed

protected:
    void changeEvent(QEvent* event) override;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

/// Histogram of image scores on the fixed scale 0..1, split by truth, with the threshold as a line to drag.
/// Heights grow with the square root of the count, so that one escape shows beside thousands of good images; the axis
/// is labelled with the counts themselves.
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
    /// Where the threshold line is, in pixels of this widget.
    int thresholdX() const;

    void exportCsv(const QString& file) const; ///< bins with counts; throws Error(File)
    void exportPng(const QString& file) const; ///< throws Error(File)

Q_SIGNALS:
    void thresholdMoved(double threshold); ///< while dragging and by arrow keys
    void thresholdReleased(double threshold);
    void errorOccurred(const QString& message, const QString& remedy);

protected:
    bool event(QEvent* event) override;
    void changeEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void keyReleaseEvent(QKeyEvent* event) override;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace lynceus
