// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QPointF>
#include <QtCore/QStringList>
#include <QtWidgets/QWidget>

#include <memory>
#include <vector>

namespace lynceus {

struct RocCurve;

/// All drawing of curves and histograms; the only place that includes QCustomPlot. Follows palette changes.
/// Wheel zooms, dragging pans, double click fits, a click on a name of the legend hides its curve or shows it again;
/// the context menu does the same and exports PNG and CSV.
class CurvePlot : public QWidget
{
    Q_OBJECT

public:
    /// Which heights a curve is drawn on. Own: a scale for this curve alone, from 0 to its largest value, that is not
    /// drawn; the values themselves are in the read-out and in the exported file.
    enum class Axis { Left, Right, Own };

    explicit CurvePlot(QWidget* parent = nullptr);
    ~CurvePlot() override;

    // Curves over steps (Train page)
    void clearCurves();
    /// Appends a point to the curve `name` (made on first use, which also fixes its axis).
    void addPoint(const QString& name, double x, double y, Axis axis = Axis::Left);
    /// What several runs learnt, each a name: its curves on the left (solid) and the right (dashed) axis share a colour
    /// and an entry of the legend. Replaces the curves that were there.
    struct Comparison
    {
        QString name;
        std::vector<QPointF> left;
        std::vector<QPointF> right;
    };
    void compare(const std::vector<Comparison>& curves);
    QStringList curveNames() const; ///< each once, in the order of the legend
    /// A curve that is hidden stays so while points are added; nothing happens when there is no such curve.
    void setCurveVisible(const QString& name, bool visible);
    bool isCurveVisible(const QString& name) const;
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
    /// The threshold is shown but cannot be moved, neither by mouse nor by key.
    void setReadOnly(bool readOnly);
    /// Shown in place of bars while there are no scores.
    void setEmptyText(const QString& text);
    /// Counts that the height axis names, 0 first: few enough never to touch each other.
    static std::vector<int> labelledCounts(int largest);

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
    void focusOutEvent(QFocusEvent* event) override;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

/// The receiver operating characteristic of a model on labelled images, with the point where its threshold lies.
class RocPlot : public QWidget
{
    Q_OBJECT

public:
    explicit RocPlot(QWidget* parent = nullptr);
    ~RocPlot() override;

    /// `overkill` and `recall`: the point that the threshold gives.
    void setRoc(const RocCurve& roc, double overkill, double recall);
    void clear();

    void exportCsv(const QString& file) const; ///< threshold, overkill, recall; throws Error(File)
    void exportPng(const QString& file) const; ///< throws Error(File)

Q_SIGNALS:
    void errorOccurred(const QString& message, const QString& remedy);

protected:
    void changeEvent(QEvent* event) override;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace lynceus
