// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/error.h"

#include <QtCore/QByteArray>
#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QFileInfo>
#include <QtCore/QString>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include <cmath>
#include <optional>
#include <vector>

namespace lynceus::test {

/// A picture in which every pixel differs from its neighbours, of any 8- or 16-bit type.
inline cv::Mat patternImage(int width, int height, int type)
{
    cv::Mat image(height, width, type);
    const int channels = image.channels();
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width * channels; ++x) {
            const int value = (x * 37 + y * 101 + (x % channels) * 53) % 251;
            if (image.depth() == CV_8U)
                image.ptr<uchar>(y)[x] = uchar(value);
            else
                image.ptr<ushort>(y)[x] = ushort(value * 259 + 7);
        }
    }
    return image;
}

/// The file that OpenCV makes of an image; `suffix` with its dot.
inline QByteArray encoded(const cv::Mat& image, const char* suffix)
{
    std::vector<uchar> bytes;
    cv::imencode(suffix, image, bytes);
    return QByteArray(reinterpret_cast<const char*>(bytes.data()), qsizetype(bytes.size()));
}

/// Writes a file and the folders it needs.
inline void writeFile(const QString& path, const QByteArray& content)
{
    QDir().mkpath(QFileInfo(path).path());
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size())
        throw Error(ErrorKind::File, path);
}

inline void writeImage(const QString& path, const cv::Mat& image)
{
    writeFile(path, encoded(image, ".png"));
}

/// Same size, type and pixels.
inline bool isSame(const cv::Mat& a, const cv::Mat& b)
{
    return a.size() == b.size() && a.type() == b.type() && cv::norm(a, b, cv::NORM_INF) == 0.0;
}

/// The error that a call throws; nothing when it throws none.
template <class Call>
std::optional<Error> errorOf(Call call)
{
    try {
        call();
    } catch (const Error& error) {
        return error;
    }
    return {};
}

/// Its message and remedy as one text; empty when it throws none.
template <class Call>
QString errorTextOf(Call call)
{
    const std::optional<Error> error = errorOf(call);
    return error ? error->text() : QString();
}

} // namespace lynceus::test
