// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/image/anomaly_result.h"
#include "core/nn/device.h"
#include "core/nn/engine.h"
#include "core/weights/model_file.h"

#include <QtCore/QString>

#include <memory>

namespace lynceus {

/// How a session runs its networks.
struct SessionOptions
{
    DeviceKind device = DeviceKind::Cpu;
    /// Auto: the fastest that the parity gate let through on this machine; LibTorch for a model that was never
    /// compiled. An engine that can't be used, or did not pass, is replaced by LibTorch and engineNote() says why.
    Engine engine = Engine::Auto;
    QString cacheFolder;      ///< for what this machine found and compiled; empty: nothing is kept
    int threads = 0;          ///< of this session's networks; 0: as chosen for the process (nn/device)
    bool evenBlocked = false; ///< use `engine` even when it did not pass: to measure it
    CancelToken cancel;       ///< of the loading, which may compile and compare engines for some seconds
};

/// A trained MemSeg model ready to inspect. Loading folds batch norms and lays weights out channels-last; inspect() is
/// then the same for window, command line and report. One owner at a time; may be handed from thread to thread (best:
/// one long-lived worker). No torch type shows here, so pages may hold it.
class MemSegSession final : public AnomalyInspector
{
public:
    /// Throws Error(File | Format | Model) naming the file: missing, truncated, another method, keys that don't fit;
    /// Cancelled.
    static std::unique_ptr<MemSegSession> load(const QString& modelFile, const SessionOptions& options = {});
    ~MemSegSession() override;

    AnomalyResult inspect(const cv::Mat& image) override;
    /// The map at network size before it goes back to source pixels (CV_32F), for tests and training views.
    cv::Mat mapAtNetworkSize(const cv::Mat& image);

    Engine engine() const;             ///< what runs
    const QString& engineNote() const; ///< not empty: why it is not the engine that was asked for, and what to do

    const ModelInfo& info() const;
    const QString& modelFile() const;
    const QString& modelHash() const; ///< sha256 of the file
    const Thresholds& thresholds() const;
    void setThresholds(const Thresholds& thresholds); ///< for this session only; the file is not touched

private:
    struct Private;
    explicit MemSegSession(std::unique_ptr<Private> d);
    std::unique_ptr<Private> d;
};

} // namespace lynceus
