// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/memseg/options.h"

#include <QtCore/QJsonObject>

#include <opencv2/core/types.hpp>

#include <vector>

namespace lynceus {

/// {p50, p95, p99, min} of milliseconds.
QJsonObject latencyJson(std::vector<double> milliseconds);

/// Times the network path of MemSegSession::inspect with random weights and a full memory, on the threads set in
/// nn/device. Keys as `lynceus-cli bench` prints them (name, width, height, threads, runs, peak_memory_mb, cpu,
/// engines) and `stage_ms`: medians of encode, match and decode, and of load (a PNG) and prepare (its resize), which
/// are not part of the latency.
QJsonObject benchMemSeg(cv::Size size, int runs, const MemSegOptions& options = {});

} // namespace lynceus
