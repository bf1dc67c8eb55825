// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/data/anomaly_folder.h"
#include "core/memseg/options.h"

#include <QtCore/QString>
#include <QtCore/QStringList>

#include <opencv2/core/mat.hpp>

#include <vector>

namespace lynceus {

/// What `align` settles on good images before a training does, for a person to look at.
struct AlignStrip
{
    QString text;           ///< translated: what was settled and why, and what is not found
    bool isUpright = false; ///< parts are found and turned upright
    QStringList notFound;   ///< names of the images in which no part was found; a training leaves them out
    QStringList shown;      ///< names of the images in `pictures`
    /// CV_8UC4 BGRA, all of one size: an image as it was taken with the found part's frame on it, and below it the
    /// upright part as the network will see it. Empty where parts are judged as they lie.
    std::vector<cv::Mat> pictures;

    cv::Mat picture() const; ///< all of them side by side; empty when there are none
};

/// Reads all of `good` but what `options` excludes, as a training does. Where the parts are to be turned upright and
/// can't be, which would end a training, the text says so. Some 20 to 80 ms an image: for a worker thread. Throws
/// Error(File | Format) naming an image, Cancelled.
AlignStrip makeAlignStrip(const std::vector<Sample>& good, const MemSegOptions& options,
                          const TaskContext& context = {});

} // namespace lynceus
