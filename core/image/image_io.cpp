// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/image_io.h"

#include "core/base/error.h"
#include "core/base/save_file.h"
#include "core/image/image_header.h"
#include "core/image/preprocessing.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QFileInfo>

#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <limits>
#include <vector>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

QString shown(const QString& path)
{
    return QDir::toNativeSeparators(path);
}

Error damaged(const QString& path)
{
    return Error(ErrorKind::Format,
                 QCoreApplication::translate("core", "The image %1 is incomplete or damaged.").arg(shown(path)),
                 QCoreApplication::translate("core", "Copy or export it again."));
}

/// The header of a file whose pixels may be decoded; throws for all others.
ImageHeader checkedHeader(const QByteArray& file, const QString& path)
{
    const std::optional<ImageHeader> header = parseImageHeader(file);
    if (!header) {
        throw Error(ErrorKind::Format, QCoreApplication::translate("core", "%1 is not an image.").arg(shown(path)),
                    QCoreApplication::translate("core", "PNG, JPEG, TIFF, BMP and WebP files can be read."));
    }
    if (!header->unsupported.isEmpty()) {
        throw Error(
            ErrorKind::Format,
            QCoreApplication::translate("core", "The image %1 holds %2, which can't be read.")
                .arg(shown(path), header->unsupported),
            QCoreApplication::translate("core", "Save it with 8 or 16 bits for each channel, as PNG if possible."));
    }
    const qint64 longest = std::max(header->width, header->height);
    const bool isSized = header->width > 0 && header->height > 0;
    if (isSized && (longest > kMaxSide || header->width * header->height > kMaxPixels)) {
        throw Error(ErrorKind::Format,
                    QCoreApplication::translate("core", "The image %1 is too large: %2 x %3 pixels.")
                        .arg(shown(path), QString::number(header->width), QString::number(header->height)),
                    QCoreApplication::translate("core", "Cut it into parts of at most %1 million pixels.")
                        .arg(kMaxPixels / 1'000'000));
    }
    const qint64 bytes = isSized ? header->width * header->height * header->bytesPerPixel : 0;
    if (bytes > kMaxDecodedBytes) {
        throw Error(ErrorKind::Format,
                    QCoreApplication::translate("core", "The image %1 is too large: %2 x %3 pixels would take %4 MB of "
                                                        "memory.")
                        .arg(shown(path), QString::number(header->width), QString::number(header->height),
                             QString::number(bytes / 1'000'000)),
                    QCoreApplication::translate("core", "Cut it into parts that take at most %1 MB, or save it in grey "
                                                        "or with 8 bits.")
                        .arg(kMaxDecodedBytes / 1'000'000));
    }
    if (!header->complete || !isSized)
        throw damaged(path);
    return *header;
}

/// OpenCV's decoder without its own rotation and without its lines on standard error. Empty when it fails.
cv::Mat decodeWith(const QByteArray& file, int flags)
{
    [[maybe_unused]] static const auto silenced = cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    const cv::Mat bytes(1, int(file.size()), CV_8U, const_cast<char*>(file.constData()));
    return cv::imdecode(bytes, flags);
}

cv::Mat upright(const cv::Mat& image, int orientation)
{
    cv::Mat result = image;
    if (orientation >= 5)
        cv::transpose(image, result);
    // What is left after the transposition (EXIF 5 to 8) is a mirroring.
    switch (orientation) {
    case 2:
    case 6:
        cv::flip(result, result, 1);
        break;
    case 3:
    case 7:
        cv::flip(result, result, -1);
        break;
    case 4:
    case 8:
        cv::flip(result, result, 0);
        break;
    default:
        break;
    }
    return result;
}

} // namespace

QByteArray readImageFile(const QString& path)
{
    const QFileInfo info(path);
    if (!info.exists()) {
        throw Error(ErrorKind::File,
                    QCoreApplication::translate("core", "The image %1 does not exist.").arg(shown(path)),
                    QCoreApplication::translate("core", "Check the path, or open its folder again."));
    }
    if (!info.isFile()) {
        throw Error(ErrorKind::File, QCoreApplication::translate("core", "%1 is not a file.").arg(shown(path)),
                    QCoreApplication::translate("core", "Give the path of an image file."));
    }
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        throw Error(
            ErrorKind::File,
            QCoreApplication::translate("core", "The image %1 can't be read: %2.").arg(shown(path), file.errorString()),
            QCoreApplication::translate("core", "Check its permissions."));
    }
    if (file.size() > std::numeric_limits<int>::max()) {
        throw Error(ErrorKind::Format,
                    QCoreApplication::translate("core", "The image %1 is larger than 2 GB.").arg(shown(path)),
                    QCoreApplication::translate("core", "Cut it into parts."));
    }
    QByteArray bytes = file.readAll();
    if (bytes.size() < file.size()) {
        throw Error(
            ErrorKind::File,
            QCoreApplication::translate("core", "The image %1 can't be read: %2.").arg(shown(path), file.errorString()),
            QCoreApplication::translate("core", "Check the disk or network drive."));
    }
    if (bytes.isEmpty()) {
        throw Error(ErrorKind::Format, QCoreApplication::translate("core", "The image %1 is empty.").arg(shown(path)),
                    QCoreApplication::translate("core", "Copy or export it again."));
    }
    return bytes;
}

cv::Mat decodeImage(const QByteArray& file, const QString& path)
{
    const ImageHeader header = checkedHeader(file, path);
    try {
        cv::Mat image = decodeWith(file, cv::IMREAD_UNCHANGED);
        const bool known = image.depth() == CV_8U || image.depth() == CV_16U;
        const bool usable = image.channels() == 1 || image.channels() == 3 || image.channels() == 4;
        if (image.empty() || !known || !usable)
            throw damaged(path);
        if (header.format == ImageHeader::Format::Tiff) {
            // OpenCV turns TIFF files upright even here, but inverts white-is-zero for 8 bits only.
            if (header.whiteIsZero && image.type() == CV_16UC1)
                cv::bitwise_not(image, image);
            return image;
        }
        return upright(image, header.orientation);
    } catch (...) {
        throw currentError(QCoreApplication::translate("core", "reading the image %1").arg(shown(path)));
    }
}

QString imageWarning(const QByteArray& file)
{
    const std::optional<ImageHeader> header = parseImageHeader(file);
    if (!header || header->pictures < 2)
        return {};
    return QCoreApplication::translate("core", "The file holds %n pictures; only the first one was judged.", nullptr,
                                       header->pictures);
}

cv::Mat readImage(const QString& path)
{
    return decodeImage(readImageFile(path), path);
}

cv::Mat decodeMask(const QByteArray& file, const QString& path)
{
    const cv::Mat image = decodeImage(file, path);
    const int colours = std::min(image.channels(), 3);
    const int half = image.depth() == CV_8U ? 127 : 32767;
    cv::Mat mask = cv::Mat::zeros(image.size(), CV_8U);
    for (int channel = 0; channel < colours; ++channel) {
        cv::Mat plane;
        cv::extractChannel(image, plane, channel);
        cv::bitwise_or(mask, plane > half, mask);
    }
    return mask;
}

cv::Mat readMask(const QString& path)
{
    return decodeMask(readImageFile(path), path);
}

cv::Mat readThumbnail(const QString& path, int size)
{
    const QByteArray file = readImageFile(path);
    const ImageHeader header = checkedHeader(file, path);
    const int target = std::max(size, 1);
    const qint64 longest = std::max(header.width, header.height);
    try {
        cv::Mat image;
        if (header.format == ImageHeader::Format::Jpeg && longest >= 2 * target) {
            const int reduced = longest >= 8 * target   ? cv::IMREAD_REDUCED_COLOR_8
                                : longest >= 4 * target ? cv::IMREAD_REDUCED_COLOR_4
                                                        : cv::IMREAD_REDUCED_COLOR_2;
            image = upright(decodeWith(file, reduced | cv::IMREAD_IGNORE_ORIENTATION), header.orientation);
            if (image.empty())
                throw damaged(path);
        } else {
            image = decodeImage(file, path);
        }
        const int side = std::max(image.cols, image.rows);
        if (side > target) {
            const cv::Size fitting(std::max(1, cvRound(double(image.cols) * target / side)),
                                   std::max(1, cvRound(double(image.rows) * target / side)));
            cv::resize(image, image, fitting, 0, 0, cv::INTER_AREA);
        }
        return toDisplay(image);
    } catch (...) {
        throw currentError(QCoreApplication::translate("core", "reading the image %1").arg(shown(path)));
    }
}

void writePng(const QString& path, const cv::Mat& image)
{
    const bool known = image.depth() == CV_8U || image.depth() == CV_16U;
    const bool usable = image.channels() == 1 || image.channels() == 3 || image.channels() == 4;
    if (image.empty() || image.dims > 2 || !known || !usable) {
        throw Error(ErrorKind::Internal,
                    QCoreApplication::translate("core", "This kind of image can't be written to %1.").arg(shown(path)));
    }
    std::vector<uchar> bytes;
    try {
        cv::imencode(".png", image, bytes);
    } catch (...) {
        throw currentError(QCoreApplication::translate("core", "writing the image %1").arg(shown(path)));
    }
    const QString problem = saveFile(path, QByteArrayView(bytes.data(), qsizetype(bytes.size())));
    if (!problem.isEmpty()) {
        throw Error(ErrorKind::File,
                    QCoreApplication::translate("core", "The image %1 can't be written: %2.").arg(shown(path), problem),
                    QCoreApplication::translate("core", "Check that its folder exists, is writable and has space."));
    }
}

const QStringList& imageSuffixes()
{
    static const QStringList suffixes{u"png"_s, u"jpg"_s, u"jpeg"_s, u"tif"_s, u"tiff"_s, u"bmp"_s, u"webp"_s};
    return suffixes;
}

bool hasImageSuffix(const QString& path)
{
    const auto dot = path.lastIndexOf(u'.');
    if (dot < 0)
        return false;
    const QStringView suffix = QStringView(path).sliced(dot + 1);
    return std::any_of(imageSuffixes().begin(), imageSuffixes().end(),
                       [suffix](const QString& known) { return suffix.compare(known, Qt::CaseInsensitive) == 0; });
}

} // namespace lynceus
