// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "ui/model_measurement.h"
#include "ui/services.h"

#include <QtWidgets/QWidget>

#include <map>
#include <memory>

class QLabel;
class QListView;
class QProgressBar;
class QStackedWidget;

namespace lynceus {

class RocPlot;
class ScoreHistogram;
class WorstImageModel;

/// What a model makes of real, labelled test images: ROC, histogram with the threshold, the images judged worst.
class TestImagesPanel : public QWidget
{
    Q_OBJECT

public:
    explicit TestImagesPanel(const Services& services, QWidget* parent = nullptr);

    /// Shows what is known about the model; both empty: there is none.
    void setModel(const QString& modelFile, const QString& folder);
    /// Inspects the labelled images of the model's folder in the background.
    void measure();
    /// What is known about the model on screen; null when it was not measured.
    const EvaluationReport* report() const;
    /// Judges what is known about it at another threshold.
    void judgeAt(double threshold);
    bool isIdle() const { return m_job == 0; }

Q_SIGNALS:
    void measured(const QString& modelFile);
    void imageChosen(const QString& modelFile, const QString& folder, const QString& image);
    void errorOccurred(const QString& message, const QString& remedy);

private:
    QWidget* makeEmpty();
    QWidget* makeMeasured();
    QWidget* makeWorst(const QString& caption, WorstImageModel* model, const QString& name);
    void showState();
    void fill(const ModelMeasurement& measured);

    Services m_services;
    quint64 m_job = 0;
    QString m_measuring; ///< model file
    QString m_modelFile;
    QString m_folder;
    std::map<QString, ModelMeasurement> m_known; ///< by model file

    QStackedWidget* m_stack;
    QLabel* m_hint = nullptr;
    QProgressBar* m_bar = nullptr;
    QLabel* m_figures = nullptr;
    RocPlot* m_roc = nullptr;
    ScoreHistogram* m_histogram = nullptr;
    WorstImageModel* m_good;
    WorstImageModel* m_defective;
    QLabel* m_note = nullptr;
};

} // namespace lynceus
