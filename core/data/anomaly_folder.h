// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"

#include <QtCore/QString>

#include <vector>

namespace lynceus {

/// What is known about an image before it is inspected.
enum class Truth { Unknown, Good, Defective };

/// One image file of a data folder.
struct Sample
{
    QString path;   ///< absolute
    QString name;   ///< relative to the folder's root, with '/'
    QString defect; ///< defect type as the folder names it ("broken_large"); "good" for good ones; may be empty
    Truth truth = Truth::Unknown;
    QString maskPath; ///< absolute; empty when there is none
};

/// The images of a folder, sorted by name within each part. Two layouts are understood:
///  - MVTec: `train/good/*`, `test/<type>/*`, `ground_truth/<type>/<name>_mask.png` (or `<name>.png`);
///  - plain: images directly in the folder or in `good/` are good, images in `bad/` (also `ng/`, `defect/` and
///    `defective/`) are defective, and a folder inside names a defect type; masks for them lie in `masks/` (or `mask/`,
///    `ground_truth/`) by the same base name, with or without `_mask`. Images in a plain folder without good/ or bad/
///    have Truth::Unknown when it is opened for inspection and count as good when it is opened for training.
/// Folder names are known in any case; links are followed, each real folder once.
struct AnomalyFolder
{
    enum class Layout { MvTec, Plain };
    enum class Purpose { Training, Inspection };

    QString root; ///< absolute
    Layout layout = Layout::Plain;
    QString maskRoot;          ///< absolute; the folder that holds the masks, empty when there is none
    std::vector<Sample> train; ///< good images to learn from
    std::vector<Sample> test;  ///< images to judge. Plain layout: all images for inspection, the bad ones for training

    /// Lists the folder; opens no image. Fast for 20,000 files. Throws Error(File) when the folder is missing or
    /// unreadable; a folder without images gives an empty result.
    static AnomalyFolder open(const QString& folder, Purpose purpose, const CancelToken& cancel = {});

    /// Train then test.
    std::vector<Sample> all() const;
};

/// All image files under `folder` (recursive), sorted naturally ("img2" before "img10"), absolute.
std::vector<QString> findImages(const QString& folder, const CancelToken& cancel = {});

} // namespace lynceus
