// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/input_size.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QRegularExpression>

#include <algorithm>
#include <cmath>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr double kSmallInput = 256.0; ///< side of the square of the input's area
constexpr double kLargeInput = 384.0;
constexpr double kLongInput = 512.0;    ///< of long pictures
constexpr double kLong = 2.0;           ///< longer side by shorter one
constexpr double kPixelsToSpare = 1.25; ///< an input larger than that would only enlarge noise
constexpr double kMostAspect = 8.0;
constexpr int kLongestSide = 4096;
constexpr double kCoarse = 2.0;   ///< pixels of the picture, on one side, to one of the input
constexpr double kRounding = 1.1; ///< sides are rounded to multiples of 32

QString tr(const char* text)
{
    return QCoreApplication::translate("core", text);
}

double sideOf(const cv::Size& size)
{
    return std::sqrt(double(size.width) * double(size.height));
}

QString pixelsText(double pixels, double pixelsPerMm)
{
    const QString px = tr("%1 px").arg(std::max(1.0, std::round(pixels)));
    return pixelsPerMm > 0.0 ? tr("%1 (%2 mm)").arg(px, QString::number(pixels / pixelsPerMm, 'g', 2)) : px;
}

QString sizeText(const cv::Size& size)
{
    return u"%1 x %2"_s.arg(size.width).arg(size.height);
}

} // namespace

std::optional<Length> Length::fromText(const QString& text)
{
    static const QRegularExpression form(u"^\\s*(\\d+(?:\\.\\d+)?)\\s*(px|mm)?\\s*$"_s);
    const QRegularExpressionMatch match = form.match(text);
    const Length length{match.captured(1).toDouble(), match.captured(2) == "mm"_L1};
    return match.hasMatch() && length.value > 0.0 && std::isfinite(length.value) ? std::optional(length) : std::nullopt;
}

QString Length::text() const
{
    return QString::number(value, 'g', 6) + (isMillimetres ? u" mm"_s : u" px"_s);
}

double automaticSide(const cv::Size& picture, bool isUprightPart)
{
    const double side = sideOf(picture);
    const double usual = isUprightPart                          ? std::clamp(side, kSmallInput, kLargeInput)
                         : side >= kLargeInput * kPixelsToSpare ? kLargeInput
                                                                : kSmallInput;
    const double shorter = std::min(picture.width, picture.height);
    const double longer = std::max(picture.width, picture.height);
    if (longer < kLong * shorter)
        return usual;
    return std::max(usual, std::min(side * std::min(1.0, kSmallInput / shorter), kLongInput));
}

double sideForDefects(const cv::Size& picture, bool isUprightPart, double smallest)
{
    const double wanted = sideOf(picture) * std::min(1.0, kSeenPixels / smallest);
    return std::max(automaticSide(picture, isUprightPart), std::min(wanted, std::sqrt(kMostInputPixels)));
}

cv::Size inputOf(double side, double widthToHeight)
{
    const double root = std::sqrt(std::clamp(widthToHeight, 1.0 / kMostAspect, kMostAspect));
    const auto rounded = [](double pixels) {
        return std::clamp(int(std::lround(pixels / 32.0)) * 32, 64, kLongestSide);
    };
    return {rounded(side * root), rounded(side / root)};
}

double Sight::seen() const
{
    const double shrunk =
        std::max(double(picture.width) / double(input.width), double(picture.height) / double(input.height));
    return kSeenPixels * std::max(1.0, shrunk);
}

bool Sight::isCoarse() const
{
    return smallest <= 0.0 && seen() >= kCoarse * kSeenPixels;
}

bool Sight::isTooCoarse() const
{
    return smallest > 0.0 && smallest * kRounding < seen();
}

QString Sight::text() const
{
    const QString sees = tr("The network sees %1 of %2 pixels").arg(sizeText(input), sizeText(picture));
    if (isTooCoarse()) {
        return tr("%1: defects of %2 are too small for it, those below about %3 may pass.")
            .arg(sees, pixelsText(smallest, pixelsPerMm), pixelsText(seen(), pixelsPerMm));
    }
    if (smallest > 0.0)
        return tr("%1: defects of %2 can be seen.").arg(sees, pixelsText(smallest, pixelsPerMm));
    return isCoarse() ? tr("%1: defects below about %2 may pass.").arg(sees, pixelsText(seen(), pixelsPerMm))
                      : QString();
}

QString Sight::advice() const
{
    if (isCoarse())
        return tr("Name the smallest defect that must be found (smallest_defect), and train again.");
    if (!isTooCoarse())
        return {};
    const bool showsAll = seen() <= kSeenPixels * kRounding;
    if (showsAll)
        return tr("Take the pictures from closer or with more pixels: what these show is too small.");
    if (double(input.area()) < kMostInputPixels / kRounding)
        return tr("Leave the size of the input to the program (auto_size), and train again.");
    return tr("Take pictures of a smaller region, or let the part be cut out (align): the input has the most pixels "
              "that there are.");
}

} // namespace lynceus
