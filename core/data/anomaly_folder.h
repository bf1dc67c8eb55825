// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"

#include <QtCore/QJsonObject>
#include <QtCore/QString>
#include <QtCore/QStringList>

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

/// Images below a folder that its lists do not hold, or things in it that could not be looked at, for one reason.
struct LeftOut
{
    enum class Kind {
        Masks,
        ToLearnFrom, ///< only when there is a test part to inspect
        UnknownPart, ///< of a folder that is opened for training
        Hidden,
        Unreadable, ///< this and the next two are faults
        Undecodable,
        Dangling
    };

    Kind kind = Kind::Masks;
    QStringList names; ///< relative to the folder's root, never empty; bytes of a name that is not UTF-8 as \xNN

    /// Nobody knows what these hold: a folder with faults has not been judged as a whole.
    bool isFault() const { return kind >= Kind::Unreadable; }
    int count() const { return int(names.size()); }
    const QString& example() const { return names.front(); }
    QString reason() const;     ///< translated, without a full stop: "masks"
    QString remedy() const;     ///< translated: what to do if it is not meant so
    QString text() const;       ///< one translated sentence: how many, the first one's name, why
    QJsonObject toJson() const; ///< count reason example; of faults all names, too
};

/// The images of a folder, sorted by name within each part. Two layouts are understood:
///  - MVTec: `train/good/*`, `test/<type>/*`, `ground_truth/<type>/<name>_mask.png` (or `<name>.png`);
///  - plain: images directly in the folder or in `good/` are good, images in `bad/` (also `ng/`, `defect/` and
///    `defective/`) are defective, and a folder inside names a defect type; masks for them lie in `masks/` (or `mask/`,
///    `ground_truth/`) by the same base name, with or without `_mask`. Images in a plain folder without good/ or bad/
///    have Truth::Unknown when it is opened for inspection and count as good when it is opened for training.
/// For inspection every other image below the folder is taken too, whatever the folders are called, with
/// Truth::Unknown; for training it is left out. Masks are no images of parts: anything below a `ground_truth`, and the
/// mask folder of a plain layout with good/ or bad/. The `test` part of an MVTec set may be opened by itself: it is
/// known by its name and a `train/good` or `ground_truth` beside it, without which the folders beside its good/ would
/// be of unknown truth. Folder names are known in any case; links are followed, each real folder is read once, for the
/// part that it lies in.
struct AnomalyFolder
{
    enum class Layout { MvTec, Plain };
    enum class Purpose { Training, Inspection };

    QString root; ///< absolute
    Layout layout = Layout::Plain;
    QString maskRoot;          ///< absolute; the folder that holds the masks, empty when there is none
    std::vector<Sample> train; ///< good images to learn from
    std::vector<Sample> test;  ///< images to judge. Plain layout: all images for inspection, the bad ones for training
    std::vector<LeftOut> leftOut; ///< what `train` and `test` do not hold; for inspection with a test part: `train` too

    /// Lists the folder; opens no image. Fast for 20,000 files. Throws Error(File) when the folder is missing or
    /// unreadable; a folder without images gives an empty result.
    static AnomalyFolder open(const QString& folder, Purpose purpose, const CancelToken& cancel = {});

    /// Train then test.
    std::vector<Sample> all() const;
    /// What an inspection of the folder judges: `test`, with `train` before it where nothing of `test` is labelled.
    std::vector<Sample> toInspect() const;
};

/// All image files under `folder` (recursive), sorted naturally ("img2" before "img10"), absolute.
std::vector<QString> findImages(const QString& folder, const CancelToken& cancel = {});

} // namespace lynceus
