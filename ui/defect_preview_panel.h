// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "ui/defect_preview.h"

#include <QtWidgets/QWidget>

#include <memory>

class QPushButton;
class QScrollArea;
class QTimer;

namespace lynceus {

class JobRunner;
class PictureGrid;
class Settings;
class SimulatorForm;

/// Good images of the folder with simulated defects on them, as training will see them, and the sliders that change the
/// defects. What is set is remembered for each folder.
class DefectPreviewPanel : public QWidget
{
    Q_OBJECT

public:
    DefectPreviewPanel(JobRunner& jobs, Settings& settings, QWidget* parent = nullptr);
    ~DefectPreviewPanel() override;

    /// Brings back what was set for this folder.
    void setFolder(const QString& folder, std::vector<Sample> good);
    /// The options of the training but for those that have a slider here.
    void setOptions(const MemSegOptions& options);
    /// In place of the pictures: why there are none.
    void setProblem(const QString& text);
    /// Puts what the sliders say into `options`.
    void applyTo(MemSegOptions& options) const;
    bool isIdle() const;

    SimulatorForm* form() const { return m_form; }

private:
    void showForm(bool shown);
    void drawSoon();
    void draw();

    JobRunner& m_jobs;
    Settings& m_settings;
    std::shared_ptr<DefectPreview> m_preview;
    QString m_folder;
    DefectPreview::Request m_request;
    quint64 m_job = 0;
    QTimer* m_timer;
    PictureGrid* m_grid;
    QPushButton* m_fresh;
    QPushButton* m_adjust;
    QPushButton* m_reset;
    QScrollArea* m_scroll;
    SimulatorForm* m_form;
};

} // namespace lynceus
