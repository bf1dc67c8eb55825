// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/jobs/evaluation.h"
#include "core/storage/run_store.h"
#include "core/weights/model_file.h"

#include <QtWidgets/QFrame>

#include <optional>

class QGridLayout;
class QLabel;
class QPushButton;

namespace lynceus {

class GradeBadge;

/// What a finished training left: whether its model is fit for use and why, what to do about it, the figures, and the
/// way to use it.
class RunResultCard : public QFrame
{
    Q_OBJECT

public:
    explicit RunResultCard(QWidget* parent = nullptr);

    /// Reads the model file if it is still there. `measured`: what is known of the model on real test images, or null.
    void setRun(const RunRecord& run, const EvaluationReport* measured);
    /// The same run, measured.
    void setMeasured(const EvaluationReport& measured);
    /// What the model file says; nothing when the run left none that is still there.
    const std::optional<ModelInfo>& model() const { return m_model; }
    bool isUsable() const { return m_model.has_value(); }

Q_SIGNALS:
    void useRequested(const QString& modelFile, const QString& folder);
    void measureRequested();
    void useThresholdRequested(double threshold); ///< that the test images suggest
    void oddImagesRequested(const QString& folder, const QStringList& names);

private:
    void showVerdict(const EvaluationReport* measured);
    void showFigures(const EvaluationReport* measured);

    RunRecord m_run;
    std::optional<ModelInfo> m_model;
    double m_betterThreshold = 0.0;
    QStringList m_oddNames;
    GradeBadge* m_badge;
    QLabel* m_title;
    QLabel* m_headline;
    QLabel* m_reasons;
    QLabel* m_advice;
    QLabel* m_note;
    QGridLayout* m_figures;
    QPushButton* m_measure;
    QPushButton* m_use;
    QPushButton* m_useThreshold;
    QPushButton* m_lookAtOdd;
};

} // namespace lynceus
