// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/image/anomaly_result.h"

#include <QtCore/QString>

#include <cstddef>
#include <functional>
#include <vector>

namespace lynceus {

/// One image that went through the pipeline.
struct InspectedImage
{
    std::size_t index = 0; ///< position in the list given
    QString path;
    QString error;   ///< not empty: could not be judged (message and remedy)
    QString warning; ///< what of the file was not judged, see imageWarning(), or why the part was not; mostly empty
    AnomalyResult result;
    QString hash;  ///< sha256 of the bytes that were judged; empty when unreadable
    cv::Mat image; ///< as read, for whoever draws on it; InspectionService leaves it empty
};

/// Images for each of several inspectors, at least: with fewer, loading the model again takes longer than it saves.
inline constexpr std::size_t kImagesAnInspector = 8;

/// Decoded images that wait for the network hold no more memory than this, whatever their number.
inline constexpr std::size_t kPrefetchBytes = std::size_t(512) << 20;

/// A file as it came from the disk, or why it did not.
struct LoadedImage
{
    cv::Mat image;
    QString error;   ///< message and remedy
    QString warning; ///< see imageWarning()
    QString hash;    ///< sha256 of the file, where it was asked for
    double ms = 0.0; ///< time to read and decode

    std::size_t bytes() const { return image.total() * image.elemSize(); }
};

/// Reads an image; never throws what is wrong with the file. With `withHash` it says which bytes it decoded.
LoadedImage loadImage(const QString& path, bool withHash = false);

/// Inspects what was loaded; an error of either becomes the result's. Throws nothing but Cancelled.
InspectedImage inspectLoaded(std::size_t index, const QString& path, LoadedImage&& loaded, AnomalyInspector& inspector);

/// Inspects `paths` in order with one inspector: reading and decoding of the next images (at most `ahead`) overlaps the
/// network, so memory does not grow with their number. An unreadable image becomes a result with an error and the
/// batch goes on. `done` is called in order, on the calling thread. Throws Cancelled after finishing the current image.
void inspectImages(const std::vector<QString>& paths, AnomalyInspector& inspector,
                   const std::function<void(InspectedImage&&)>& done, const TaskContext& context = {}, int ahead = 3);

/// The same with several inspectors, each on a thread of its own that also reads its images: the most images a second
/// when each of them runs its network on one thread (SessionOptions::threads). At least one.
void inspectImages(const std::vector<QString>& paths, const std::vector<AnomalyInspector*>& inspectors,
                   const std::function<void(InspectedImage&&)>& done, const TaskContext& context = {});

} // namespace lynceus
