// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/engines/session_options.h"
#include "core/image/anomaly_result.h"
#include "core/weights/model_file.h"

#include <QtCore/QString>

#include <memory>

namespace lynceus {

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
