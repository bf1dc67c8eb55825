// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/nn/engine.h"

#include <QtCore/QJsonObject>
#include <QtCore/QString>
#include <QtCore/QStringList>

#include <vector>

namespace lynceus {

/// What a method's outcomes are compared by: image scores (0..1), the part of two masks that only one of them has (1 -
/// intersection over union), the mean distance of two flows' ends (pixels).
enum class GateMeasure { Score, Mask, Flow };

/// What the parity gate found: how far an engine judges a model's images otherwise than LibTorch does. It passes when
/// no verdict changed, no image shifted by more than the limit, and no good part's score rose by more than the
/// margin that LibTorch leaves between them and the threshold: within that, as many good parts would be rejected by a
/// threshold that much lower, so the bound on the overkill that came with it holds for the engine too.
struct GateReport
{
    static constexpr double kMostScoreShift = 0.05;

    Engine engine = Engine::LibTorch;
    GateMeasure measure = GateMeasure::Score;
    double limit = kMostScoreShift; ///< of `shift`
    int images = 0;
    int verdictsChanged = 0;         ///< or results that are no number
    int regionsChanged = 0;          ///< images with another number of regions; told, not judged
    double shift = 0.0;              ///< largest
    double goodRise = 0.0;           ///< largest of good images
    double margin = kMostScoreShift; ///< from the highest good score below the threshold to the threshold, at most that
    double mapShift = 0.0;           ///< largest of any pixel
    double meanMapShift = 0.0;       ///< over the pixels, of the image where it is largest
    QStringList worst;       ///< images that block it: name, both scores, both verdicts; the worst first, at most ten
    QStringList floatLayers; ///< int8: operators left in single precision
    double ms = 0.0;         ///< median of one inspection, taking turns with LibTorch
    double libTorchMs = 0.0;
    QString failure; ///< not empty: it could not be compared at all

    bool passed() const;
    double ratio() const { return ms > 0.0 ? libTorchMs / ms : 0.0; } ///< above 1: faster than LibTorch
    /// One sentence: "passed: 96 images, scores within 0.012, 2.1 times as fast", or what blocks it.
    QString summary() const;

    QJsonObject toJson() const;
    static GateReport fromJson(const QJsonObject& json); ///< throws Error(Format)
};

/// The engine that `auto` stands for: the fastest that passed, LibTorch when none is clearly faster.
Engine fastestPassed(const std::vector<GateReport>& reports);
/// What runs where `wanted` is asked for: itself when it passed, the fastest that passed for Auto, else LibTorch.
Engine engineThatRuns(Engine wanted, const std::vector<GateReport>& reports);

} // namespace lynceus
