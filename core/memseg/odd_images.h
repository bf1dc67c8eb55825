// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/data/anomaly_folder.h"
#include "core/memseg/options.h"

#include <QtCore/QString>

#include <vector>

namespace lynceus {

/// A good training image and how unlike the others it looks.
struct OddImage
{
    Sample sample;
    /// How far its most unusual places are from the other images, in robust standard deviations above the median of
    /// all images. Above kSuspicious it is worth a look: a defective part among the good ones, another product, a
    /// picture out of focus.
    double oddness = 0.0;
    /// Not empty: no part was found in it as in the others, and why (translated). A training leaves it out; it was
    /// compared with nothing, and comes before all others with an oddness of 0.
    QString problem;
};

inline constexpr double kSuspicious = 4.0;

/// Compares each good training image with all others (not with itself) by the nearest-good branch and the encoder of
/// `options`, upright where a training of the folder would turn the parts upright; the most unusual first. Images that
/// `options` excludes are not looked at. `encoderFile` as for trainMemSeg. Takes some 20 to 50 ms an image. Throws
/// Error (fewer than kLeastGoodImages, unreadable image), Cancelled.
std::vector<OddImage> rankByOddness(const AnomalyFolder& folder, const MemSegOptions& options,
                                    const QString& encoderFile, const TaskContext& context = {});

} // namespace lynceus
