// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/metrics/pixel_scores.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>

#include <opencv2/imgproc.hpp>

#include <array>
#include <cmath>
#include <cstring>

namespace lynceus {

namespace {

/// IEEE floats compare like sign-magnitude integers; this makes them plain integers, in falling order.
std::uint32_t descendingKey(float score)
{
    score += 0.0F; // -0 and +0 are one score
    std::uint32_t bits = 0;
    std::memcpy(&bits, &score, sizeof bits);
    const std::uint32_t ascending = (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
    return ~ascending;
}

/// Sorts by the 32 bits above `Shift`. Linear in the number of pixels, where a comparison sort takes most of the time
/// of an evaluation.
template <int Shift, class T>
void radixSort(std::vector<T>& values, const CancelToken& cancel)
{
    constexpr int kDigits = 11;
    constexpr std::uint32_t kMask = (1U << kDigits) - 1;
    std::vector<T> other(values.size());
    for (int shift = Shift; shift < Shift + 32; shift += kDigits) {
        cancel.throwIfCancelled();
        std::array<std::size_t, kMask + 1> start{};
        for (const T value : values)
            ++start[std::uint32_t(value >> shift) & kMask];
        std::size_t sum = 0;
        for (std::size_t& count : start) {
            const std::size_t next = sum + count;
            count = sum;
            sum = next;
        }
        for (const T value : values)
            other[start[std::uint32_t(value >> shift) & kMask]++] = value;
        values.swap(other);
    }
}

void checkPair(const cv::Mat& map, const cv::Mat& mask, std::size_t index)
{
    if (map.empty() || map.type() != CV_32FC1)
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "Map %1 is empty or not of 32-bit floats.").arg(index + 1));
    if (mask.empty())
        return;
    if (mask.type() != CV_8UC1)
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "Mask %1 is not an 8-bit grey image.").arg(index + 1));
    if (mask.size() != map.size())
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "Mask %1 has %2 x %3 pixels, its map %4 x %5.")
                        .arg(index + 1)
                        .arg(mask.cols)
                        .arg(mask.rows)
                        .arg(map.cols)
                        .arg(map.rows));
}

} // namespace

PixelScores sortPixelScores(const std::vector<cv::Mat>& maps, const std::vector<cv::Mat>& masks,
                            const CancelToken& cancel)
{
    if (maps.size() != masks.size())
        throw Error(
            ErrorKind::Input,
            QCoreApplication::translate("core", "There are %1 maps but %2 masks.").arg(maps.size()).arg(masks.size()));
    std::size_t pixels = 0;
    std::size_t defectivePixels = 0;
    for (std::size_t i = 0; i < maps.size(); ++i) {
        checkPair(maps[i], masks[i], i);
        pixels += maps[i].total();
        if (!masks[i].empty())
            defectivePixels += std::size_t(cv::countNonZero(masks[i]));
    }

    PixelScores scores;
    scores.good.reserve(pixels - defectivePixels);
    scores.defective.reserve(defectivePixels);
    cv::Mat components;
    for (std::size_t i = 0; i < maps.size(); ++i) {
        cancel.throwIfCancelled();
        const auto firstRegion = scores.regionAreas.size();
        if (masks[i].empty()) {
            components = cv::Mat::zeros(maps[i].size(), CV_32S);
        } else {
            const int count = cv::connectedComponents(masks[i], components, 8, CV_32S);
            scores.regionAreas.resize(firstRegion + std::size_t(count) - 1);
        }
        for (int y = 0; y < maps[i].rows; ++y) {
            const auto* row = maps[i].ptr<float>(y);
            const auto* component = components.ptr<int>(y);
            for (int x = 0; x < maps[i].cols; ++x) {
                if (std::isnan(row[x]))
                    throw Error(
                        ErrorKind::Input,
                        QCoreApplication::translate("core", "Map %1 holds a value that is not a number.").arg(i + 1));
                const std::uint32_t key = descendingKey(row[x]);
                if (component[x] == 0) {
                    scores.good.push_back(key);
                    continue;
                }
                const std::size_t region = firstRegion + std::size_t(component[x]) - 1;
                ++scores.regionAreas[region];
                scores.defective.push_back(std::uint64_t(key) << 32 | region);
            }
        }
    }
    radixSort<0>(scores.good, cancel);
    radixSort<32>(scores.defective, cancel);
    return scores;
}

} // namespace lynceus
