// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QByteArrayView>
#include <QtCore/QString>

#include <optional>

namespace lynceus {

/// What the first bytes of an image file say, read without decoding a pixel.
struct ImageHeader
{
    enum class Format { Png, Jpeg, Tiff, Bmp, WebP };

    Format format = Format::Png;
    qint64 width = 0; ///< as stored, before the orientation is applied; 0 when the file ends before its size is known
    qint64 height = 0;
    int orientation = 1;      ///< EXIF: 1 upright .. 8
    int bytesPerPixel = 0;    ///< of the decoded image, at most; 0 when the file ends before it is known
    int pictures = 1;         ///< pages of a TIFF, frames of an animation; the first one is decoded
    bool complete = true;     ///< false: the file ends before its picture does, or its structure is broken
    bool whiteIsZero = false; ///< TIFF: large values are dark
    QString unsupported;      ///< translated name of something in the file that we can't read faithfully; mostly empty
};

/// The header of a whole file's bytes; nothing when they are none of the formats. Never throws, whatever the bytes.
std::optional<ImageHeader> parseImageHeader(QByteArrayView file);

} // namespace lynceus
