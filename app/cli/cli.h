// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "app/app_context.h"
#include "app/cli/arguments.h"
#include "app/cli/console.h"
#include "core/jobs/evaluation.h"
#include "core/memseg/session.h"

#include <memory>

namespace lynceus::cli {

/// What a command works with: its arguments, the console, the token of Ctrl-C, and the services once it asks for them.
class Cli
{
public:
    Cli(const Arguments& arguments, Console& console, const CancelToken& cancel);

    const Arguments& arguments() const { return m_arguments; }
    Console& console() { return m_console; }
    /// Cancel token and progress for a long function. `from` and `to`: its share of the whole command.
    TaskContext task(double from = 0.0, double to = 1.0);
    bool isCancelled() const { return m_cancel.isCancelled(); }

    /// Opened on first use: a command that needs no database works where there is none.
    AppContext& context();
    QString dataHome() const;

    /// A path to a file as it is, else an id of the model store.
    QString resolveModel(const QString& idOrPath);
    std::unique_ptr<MemSegSession> loadModel(const QString& idOrPath);
    int threads() const;
    quint64 seed(quint64 fallback = 1) const;

private:
    const Arguments& m_arguments;
    Console& m_console;
    CancelToken m_cancel;
    std::unique_ptr<AppContext> m_context;
};

/// Names and figures, for Console::printTable.
std::vector<QStringList> tableOf(const EvaluationReport& report);

// One file of this folder for each.
Command benchCommand();
Command calibrateCommand();
Command dbCommand();
Command demoCommand();
Command doctorCommand();
Command evaluateCommand();
Command inspectCommand();
Command modelsCommand();
Command trainCommand();

} // namespace lynceus::cli
