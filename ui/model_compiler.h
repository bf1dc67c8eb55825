// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/data/anomaly_folder.h"
#include "core/engines/gate_report.h"
#include "ui/services.h"

#include <QtCore/QObject>

#include <vector>

class QWidget;

namespace lynceus {

/// Compiles the model in use for this machine's engines, with the good images of the folder that is open, in the
/// background: for the Settings page and the menu. Asks for another folder when that one has too few. UI thread only.
class ModelCompiler : public QObject
{
    Q_OBJECT

public:
    /// `window`: the parent of the dialog that asks for a folder.
    ModelCompiler(const Services& services, QWidget* window);

    void setModel(const QString& modelFile); ///< in use; empty: none
    void setFolder(const QString& folder);   ///< open; empty: none
    const QString& modelFile() const { return m_modelFile; }
    const QString& folder() const { return m_folder; }

    bool isCompiling() const { return m_job != 0; }
    QString whyNot() const; ///< compile() can't be called now; empty: it can
    void compile();

Q_SIGNALS:
    void stateChanged(); ///< whyNot(), modelFile() or folder()
    /// Also when another model came into use meanwhile.
    void compiled(const QString& modelFile, const std::vector<lynceus::GateReport>& reports);

private:
    void look(const QString& folder);
    void start(const AnomalyFolder& folder);
    void ask(const QString& title);

    Services m_services;
    QWidget* m_window;
    QString m_modelFile;
    QString m_folder;
    QString m_compiling; ///< the model file
    quint64 m_job = 0;
};

} // namespace lynceus
