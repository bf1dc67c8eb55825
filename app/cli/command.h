// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "app/app_context.h"
#include "app/cli/arguments.h"
#include "app/cli/console.h"
#include "core/base/progress.h"
#include "core/data/anomaly_folder.h"
#include "core/jobs/model_verdict.h"
#include "core/jobs/training_job.h"
#include "core/memseg/options.h"
#include "core/memseg/session.h"
#include "core/nn/device.h"

#include <QtCore/QString>

#include <memory>
#include <optional>
#include <vector>

namespace lynceus {

enum ExitCode { kDone = 0, kFailed = 1, kWrongUsage = 2, kDoneWithNg = 3, kCancelled = 130 };

/// What a command works with.
class CommandContext
{
public:
    CommandContext(Arguments arguments, CancelToken cancel);

    const Arguments arguments;
    Console console;

    /// Settings, database and model store; opened on first use, so that commands that need none open none.
    AppContext& app();
    /// Cancel by Ctrl-C, progress under `title`.
    TaskContext task(const QString& title);
    DeviceKind device() const;
    /// The file behind `--model`, an id of the store or a path.
    QString modelFile();
    /// A data folder; says what of it is left out.
    AnomalyFolder folder(const QString& path, AnomalyFolder::Purpose purpose);
    /// What `--device` and `--engine` ask for, with the cache folder.
    SessionOptions sessionOptions();
    /// Loads a model so, and says when another engine runs than the one asked for.
    std::unique_ptr<MemSegSession> session(const QString& modelFile, const SessionOptions& options);
    /// For a batch of so many images: one session for each thread, or a single one that uses them all.
    std::vector<std::unique_ptr<MemSegSession>> sessions(const QString& modelFile, std::size_t images);

private:
    CancelToken m_cancel;
    std::unique_ptr<AppContext> m_app;
};

/// One command. `run` returns the exit code and throws Error, UsageError or Cancelled.
struct Command
{
    QString name;
    QString usage;   ///< behind the name: "--model MODEL IMAGE_OR_DIR..."
    QString summary; ///< one line
    std::vector<OptionSpec> options;
    int (*run)(CommandContext& context);
};

const std::vector<Command>& commands();
const Command* findCommand(const QString& name);
/// Text of `help` and `help COMMAND`.
QString helpText();
QString helpText(const Command& command);

/// Options of a training from --set, --seed, --threads and --minutes; a bad one is a UsageError.
MemSegOptions trainingOptions(const Arguments& arguments, MemSegOptions options = {});

/// The verdict on a model, its reasons and what would help, for people.
void printVerdict(const Console& console, const ModelVerdict& verdict);

/// Trains. Ctrl-C and SIGTERM keep what was learnt so far, say how to go on, and throw Cancelled.
TrainingOutcome train(CommandContext& context, TrainingJob::Request request);

/// The number of a run from a word; a bad one is a UsageError.
qint64 runNumber(const QString& word);

/// Shared by `inspect` and `demo`.
struct InspectionRequest
{
    QString modelFile;
    QStringList inputs; ///< images and folders
    QString out;        ///< folder for pictures; empty: none
    bool maps = false;  ///< 16-bit maps too
    QStringList reports;
};

struct InspectionSummary
{
    int ok = 0;
    int review = 0;
    int ng = 0;
    int failed = 0;
    int troubles = 0; ///< pictures and reports that could not be written, results that could not be stored; all said
    QJsonObject json;
};

InspectionSummary inspectAndStore(CommandContext& context, const InspectionRequest& request);

// One function a command, in the file that is named after it.
int runBench(CommandContext& context);
int runCalibrate(CommandContext& context);
int runCompile(CommandContext& context);
int runDatabase(CommandContext& context);
int runDemo(CommandContext& context);
int runDoctor(CommandContext& context);
int runEvaluate(CommandContext& context);
int runExport(CommandContext& context);
int runInspect(CommandContext& context);
int runModels(CommandContext& context);
int runRuns(CommandContext& context);
int runTrain(CommandContext& context);

} // namespace lynceus
