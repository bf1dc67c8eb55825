// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/data/anomaly_folder.h"

#include <QtCore/QJsonObject>
#include <QtCore/QStringList>

#include <vector>

namespace lynceus {

/// One thing the doctor found.
struct Finding
{
    enum class Severity { Info, Warning, Error };

    Severity severity = Severity::Info;
    QString code;      ///< stable, for machines: "unreadable", "duplicate-train-test", ...
    QString message;   ///< translated, with numbers and the first file's name
    QString remedy;    ///< translated: what to do
    QStringList files; ///< relative names, all of them
};

/// What a data folder contains and what is wrong with it.
struct FolderReport
{
    AnomalyFolder folder;
    int trainGood = 0; ///< this and the next three count readable files only
    int testGood = 0;
    int testDefective = 0;
    int masks = 0;
    int unreadable = 0;
    std::vector<Finding> findings; ///< most severe first

    bool isReadable() const; ///< no image, mask or folder that can't be read
    bool canTrain() const;   ///< no Error finding and at least four readable good images
    QJsonObject toJson() const;
};

/// Reads every image once (decoding it) and checks: unreadable files, same content twice within or across train and
/// test, masks without image and images without mask, masks of another size, empty masks of defective images, mixed
/// sizes, channels and bit depths, too few images, no good images, everything defective, EXIF-rotated files.
/// Slow for big folders: runs on a worker thread and reports progress.
FolderReport examineFolder(const QString& folder, const TaskContext& context = {});

} // namespace lynceus
