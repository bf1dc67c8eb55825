// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QByteArray>
#include <QtCore/QString>
#include <QtCore/QStringList>

#include <opencv2/core/mat.hpp>

namespace lynceus {

// Reading and writing image files. All functions are thread-safe and throw Error naming the file.

/// Reads PNG, JPEG, TIFF, BMP or WebP. The result is H x W, CV_8U or CV_16U as in the file (never converted), with
/// 1 (grey), 3 (BGR) or 4 (BGRA) channels; EXIF orientation is applied. Palettes and 1-bit files come as 8 bit,
/// grey with alpha as BGRA. Refuses more than kMaxPixels or kMaxDecodedBytes.
cv::Mat readImage(const QString& path);

/// readImage for the bytes of a file; `path` is for messages only.
cv::Mat decodeImage(const QByteArray& file, const QString& path);

/// What decodeImage leaves out of a file: the other pages of a TIFF, the other frames of an animated PNG. Translated;
/// mostly empty.
QString imageWarning(const QByteArray& file);

/// All bytes of an image file; throws when it is missing, unreadable, empty or not a file.
QByteArray readImageFile(const QString& path);

/// Larger files are refused with a clear error before their pixels are decoded.
inline constexpr qint64 kMaxPixels = 500'000'000;
/// And so are those that take more memory when they are decoded: 150 megapixels in colour with 16 bits take 900
/// million.
inline constexpr qint64 kMaxDecodedBytes = qint64(1) << 30;
/// Longest side that OpenCV decodes.
inline constexpr qint64 kMaxSide = 1 << 20;

/// A mask: H x W CV_8U with 0 and 255 only (any colour channel above half of the type's range counts as 255; alpha
/// does not).
cv::Mat readMask(const QString& path);
cv::Mat decodeMask(const QByteArray& file, const QString& path);

/// A small BGR 8-bit picture for lists: at most `size` pixels on its longer side, aspect kept. 16-bit files are mapped
/// from their full range. Cheaper than readImage for JPEG (decodes at reduced size).
cv::Mat readThumbnail(const QString& path, int size);

/// Writes PNG (8 or 16 bit, 1, 3 BGR or 4 BGRA channels) through a temporary file and a rename: what was there before
/// is lost only when the new file is complete.
void writePng(const QString& path, const cv::Mat& image);

/// "png", "jpg", ... in lower case, without dots.
const QStringList& imageSuffixes();
bool hasImageSuffix(const QString& path);

} // namespace lynceus
