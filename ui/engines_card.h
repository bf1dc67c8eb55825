// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/engines/gate_report.h"
#include "ui/card.h"
#include "ui/services.h"

#include <vector>

class QLabel;
class QPushButton;
class QTableView;

namespace lynceus {

class GateReportModel;
class ModelCompiler;

/// What the parity gate found of the engines of the model in use, and the button that compiles them.
class EnginesCard : public Card
{
    Q_OBJECT

public:
    EnginesCard(const Services& services, ModelCompiler* compiler, QWidget* parent = nullptr);

    /// Reads the reports of the compiler's model in the background.
    void readReports();
    /// What runs now; empty: nothing.
    void setRunning(const QString& engine);
    void setReports(std::vector<GateReport> reports);

private:
    void setUpView();
    void showState();
    void showReport();

    Services m_services;
    ModelCompiler* m_compiler;
    GateReportModel* m_reports;
    QString m_running;
    quint64 m_job = 0; ///< that reads
    QLabel* m_model;
    QLabel* m_state;
    QTableView* m_view;
    QLabel* m_summary;
    QLabel* m_worst;
    QLabel* m_folder;
    QPushButton* m_compile;
};

} // namespace lynceus
