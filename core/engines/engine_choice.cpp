// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/engines/engine_choice.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/engines/engine_file.h"
#include "core/engines/network_set.h"
#include "core/engines/parity_gate.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QFileInfo>

#include <algorithm>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("core", text);
}

/// What the gate says of the set on this machine and with these thresholds.
std::vector<GateReport> currentReports(GateSubject& subject, const EngineSet& set, const QString& setFile,
                                       const SessionOptions& options)
{
    const Thresholds thresholds = subject.thresholds();
    if (const auto known = knownReports(set, setFile, thresholds, options.cacheFolder))
        return *known;
    qCInfo(logModel) << "Comparing the engines of" << setFile << "on this machine";
    std::vector<GateReport> failures;
    const auto engines = compiledEngines(subject, set, options.cacheFolder, failures, options.cancel);
    std::vector<GateReport> reports = compareEngines(subject, engines, set.images, TaskContext{options.cancel, {}});
    reports.insert(reports.end(), failures.begin(), failures.end());
    keepReports(reports, setFile, thresholds, options.cacheFolder);
    return reports;
}

/// The compiled networks of `options.engine`; none when LibTorch is to be used, `note` then says why if it was not
/// asked for.
NetworkRunners compiled(GateSubject& subject, const QString& modelFile, const SessionOptions& options, QString& note)
{
    const bool automatic = options.engine == Engine::Auto;
    const QString setFile = engineFile(modelFile);
    if (!QFileInfo::exists(setFile)) {
        if (!automatic) {
            requireEngine(options.engine);
            note =
                tr("The model was not compiled yet. Compile it (Tools, or lynceus-cli compile) to use the engine %1.")
                    .arg(engineName(options.engine));
        }
        return {};
    }
    if (!engineAvailable(Engine::OpenVinoFp32)) {
        note = tr("The model's compiled networks are not used: %1").arg(whyNoEngine(Engine::OpenVinoFp32));
        return {};
    }
    const EngineSet set = loadEngineSet(setFile);
    if (set.model != subject.model()) {
        note = tr("%1 was compiled from another model. Compile this one again.").arg(QFileInfo(setFile).fileName());
        return {};
    }
    const std::vector<GateReport> reports = currentReports(subject, set, setFile, options);
    const Engine wanted = automatic ? set.engine : options.engine;
    if (wanted != Engine::Auto)
        requireEngine(wanted);
    const Engine engine = wanted == Engine::Auto ? fastestPassed(reports) : wanted;
    if (engine == Engine::LibTorch)
        return {};
    const auto report =
        std::find_if(reports.begin(), reports.end(), [&](const GateReport& one) { return one.engine == engine; });
    const bool passed = report != reports.end() && report->passed();
    if (!passed) {
        note = tr("The engine %1 is not used for this model: %2")
                   .arg(engineName(engine), report == reports.end() ? tr("it was not compiled") : report->summary());
        if (!options.evenBlocked || report == reports.end())
            return {};
        note = tr("The engine %1 did not pass the parity gate: %2").arg(engineName(engine), report->summary());
    }
    options.cancel.throwIfCancelled();
    return compileNetworks(set.networks(engine), engine, options.cacheFolder);
}

} // namespace

EngineChoice chooseEngine(GateSubject& subject, const QString& modelFile, const SessionOptions& options)
{
    EngineChoice choice;
    if (options.device != DeviceKind::Cpu) {
        if (options.engine != Engine::Auto && options.engine != Engine::LibTorch)
            choice.note = tr("The engine %1 runs on the CPU only.").arg(engineName(options.engine));
    } else if (options.engine != Engine::LibTorch) {
        try {
            choice.networks = compiled(subject, modelFile, options, choice.note);
        } catch (...) {
            choice.note = currentError(tr("preparing the engine")).text();
        }
    }
    if (!choice.note.isEmpty())
        qCWarning(logModel).noquote() << choice.note;
    return choice;
}

} // namespace lynceus
