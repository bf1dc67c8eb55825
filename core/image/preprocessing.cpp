// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/preprocessing.h"

#include "core/base/error.h"
#include "core/base/progress.h"
#include "core/image/image_geometry.h"
#include "core/image/json_fields.h"
#include "core/image/part_aligner.h"

#include <QtCore/QCoreApplication>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr int kMaxNetworkSide = 4096;
constexpr qsizetype kMostReferenceBytes = 1 << 20;

bool isImage(const cv::Mat& source)
{
    const bool known = source.depth() == CV_8U || source.depth() == CV_16U;
    const bool usable = source.channels() == 1 || source.channels() == 3 || source.channels() == 4;
    return !source.empty() && source.dims == 2 && known && usable;
}

/// The source pixels that one target pixel covers along one axis: whole ones between two that are cut.
struct Span
{
    int first = 0;
    int last = 0; ///< included
    float firstWeight = 0.0F;
    float lastWeight = 0.0F; ///< 0 when first and last are the same pixel
};

std::vector<Span> spans(int source, int target)
{
    const double scale = double(source) / target;
    std::vector<Span> result(static_cast<std::size_t>(target));
    for (int i = 0; i < target; ++i) {
        const double begin = i * scale;
        const double end = std::min((i + 1) * scale, double(source));
        Span& span = result[std::size_t(i)];
        span.first = std::min(int(begin), source - 1);
        span.last = std::clamp(int(std::ceil(end)) - 1, span.first, source - 1);
        span.firstWeight = float((std::min(end, span.first + 1.0) - begin) / scale);
        span.lastWeight = span.last > span.first ? float((end - span.last) / scale) : 0.0F;
    }
    return result;
}

void addRow(const uchar* row, int count, float weight, const IntensityWindow&, float* sum)
{
    for (int i = 0; i < count; ++i)
        sum[i] += weight * float(row[i]);
}

void addRow(const ushort* row, int count, float weight, const IntensityWindow& window, float* sum)
{
    const auto low = float(window.low);
    const auto gain = float(255.0 / (window.high - window.low));
    for (int i = 0; i < count; ++i)
        sum[i] += weight * std::min(std::max((float(row[i]) - low) * gain, 0.0F), 255.0F);
}

template <int Channels>
void shrinkRow(const float* row, const std::vector<Span>& columns, float whole, float* target)
{
    for (const Span& span : columns) {
        float sum[Channels];
        const float* pixel = row + std::ptrdiff_t(span.first) * Channels;
        const float* last = row + std::ptrdiff_t(span.last) * Channels;
        for (int c = 0; c < Channels; ++c)
            sum[c] = span.firstWeight * pixel[c] + span.lastWeight * last[c];
        float between[Channels] = {};
        for (pixel += Channels; pixel < last; pixel += Channels) {
            for (int c = 0; c < Channels; ++c)
                between[c] += pixel[c];
        }
        for (int c = 0; c < Channels; ++c)
            *target++ = sum[c] + whole * between[c];
    }
}

/// Area averaging to a size that is not larger on either axis, in float and row by row: a rounded 8-bit result would
/// lose the averaging's precision, and a float copy of a large source would need four times its memory.
template <class T>
cv::Mat shrink(const cv::Mat& source, cv::Size size, const IntensityWindow& window)
{
    const int channels = source.channels();
    const int count = source.cols * channels;
    const std::vector<Span> columns = spans(source.cols, size.width);
    const std::vector<Span> rows = spans(source.rows, size.height);
    const float wholeColumn = float(size.width) / float(source.cols);
    const float wholeRow = float(size.height) / float(source.rows);
    const auto shrinkColumns = channels == 1 ? shrinkRow<1> : channels == 3 ? shrinkRow<3> : shrinkRow<4>;

    cv::Mat result(size, CV_32FC(channels));
    std::vector<float> sum(static_cast<std::size_t>(count));
    for (int y = 0; y < size.height; ++y) {
        const Span& span = rows[std::size_t(y)];
        std::fill(sum.begin(), sum.end(), 0.0F);
        addRow(source.ptr<T>(span.first), count, span.firstWeight, window, sum.data());
        for (int row = span.first + 1; row < span.last; ++row)
            addRow(source.ptr<T>(row), count, wholeRow, window, sum.data());
        if (span.last > span.first)
            addRow(source.ptr<T>(span.last), count, span.lastWeight, window, sum.data());
        shrinkColumns(sum.data(), columns, wholeColumn, result.ptr<float>(y));
    }
    return result;
}

/// All of a picture at network size, CV_32FC3 RGB.
cv::Mat atNetworkSize(const cv::Mat& source, const Preprocessing& how)
{
    const ImageGeometry geometry(source.size(), how);
    const cv::Size resized = geometry.resized();
    const cv::Size smaller(std::min(source.cols, resized.width), std::min(source.rows, resized.height));
    cv::Mat image = source.depth() == CV_8U ? shrink<uchar>(source, smaller, how.window16)
                                            : shrink<ushort>(source, smaller, how.window16);
    if (smaller != resized)
        cv::resize(image, image, resized, 0, 0, cv::INTER_LINEAR);
    image = image(geometry.crop());
    const int toRgb = image.channels() == 1   ? cv::COLOR_GRAY2RGB
                      : image.channels() == 3 ? cv::COLOR_BGR2RGB
                                              : cv::COLOR_BGRA2RGB;
    cv::Mat result;
    cv::cvtColor(image, result, toRgb);
    return result;
}

/// The two channels of a part's reference, one above the other, as PNG in Base64.
QString textOf(const cv::Mat& reference)
{
    std::vector<cv::Mat> channels;
    cv::split(reference, channels);
    cv::Mat both;
    cv::vconcat(channels, both);
    std::vector<uchar> png;
    cv::imencode(".png", both, png);
    return QString::fromLatin1(QByteArray(reinterpret_cast<const char*>(png.data()), qsizetype(png.size())).toBase64());
}

cv::Mat referenceOf(const QString& text)
{
    QByteArray png = QByteArray::fromBase64(text.toLatin1());
    const bool isSensible = !png.isEmpty() && png.size() <= kMostReferenceBytes;
    const cv::Mat both =
        isSensible ? cv::imdecode(cv::Mat(1, int(png.size()), CV_8U, png.data()), cv::IMREAD_GRAYSCALE) : cv::Mat();
    if (both.empty() || both.rows % 2 != 0)
        throw Error(ErrorKind::Format, QCoreApplication::translate("core", "The picture of the good part is damaged."));
    cv::Mat reference;
    cv::merge(std::vector<cv::Mat>{both.rowRange(0, both.rows / 2), both.rowRange(both.rows / 2, both.rows)},
              reference);
    return reference;
}

} // namespace

IntensityWindow IntensityWindow::fullRange(int cvDepth)
{
    return cvDepth == CV_16U ? IntensityWindow{0.0, 65535.0} : IntensityWindow{0.0, 255.0};
}

void Preprocessing::validate() const
{
    const auto checkSide = [](const QString& name, int side) {
        if (side < 32 || side > kMaxNetworkSide || side % 32 != 0) {
            throw Error(ErrorKind::Input,
                        QCoreApplication::translate(
                            "core", "The network input's %1 is %2; it must be a multiple of 32 from 32 to %3.")
                            .arg(name, QString::number(side), QString::number(kMaxNetworkSide)));
        }
    };
    checkSide(u"width"_s, width);
    checkSide(u"height"_s, height);
    if (resizeTo != 0 && (resizeTo < std::max(width, height) || resizeTo > 2 * kMaxNetworkSide)) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "The option \"resize\" is %1; it must be 0 or from %2 to %3.")
                        .arg(resizeTo)
                        .arg(std::max(width, height))
                        .arg(2 * kMaxNetworkSide));
    }
    const bool inRange = window16.low >= 0.0 && window16.high <= 65535.0 && window16.low < window16.high;
    if (!inRange) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate(
                        "core", "The intensity window is %1 to %2; it must rise and lie within 0 to 65535.")
                        .arg(window16.low)
                        .arg(window16.high));
    }
}

QJsonObject Preprocessing::toJson() const
{
    QJsonObject json{{u"width"_s, width},
                     {u"height"_s, height},
                     {u"resize"_s, resizeTo},
                     {u"window16_low"_s, window16.low},
                     {u"window16_high"_s, window16.high}};
    if (part) {
        json.insert(u"part"_s, part->toJson());
        json.insert(u"part_reference"_s, textOf(part->reference()));
    }
    return json;
}

Preprocessing Preprocessing::fromJson(const QJsonObject& json)
{
    Preprocessing result;
    result.width = jsonInteger(json, u"width"_s, 1, kMaxNetworkSide);
    result.height = jsonInteger(json, u"height"_s, 1, kMaxNetworkSide);
    result.resizeTo = jsonInteger(json, u"resize"_s, 0, 2 * kMaxNetworkSide);
    result.window16 = {jsonNumber(json, u"window16_low"_s), jsonNumber(json, u"window16_high"_s)};
    try {
        result.validate();
    } catch (const Error& error) {
        throw Error(ErrorKind::Format, error.message());
    }
    if (json.contains(u"part"_s)) {
        const cv::Mat reference = referenceOf(json[u"part_reference"_s].toString());
        result.part = std::make_shared<PartAligner>(PartAligner::fromJson(json[u"part"_s].toObject(), reference));
    }
    return result;
}

void checkImage(const cv::Mat& source)
{
    if (!isImage(source)) {
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "This is not an 8- or 16-bit image with 1, 3 or 4 channels."));
    }
}

cv::Mat prepare(const cv::Mat& source, const Preprocessing& how)
{
    PreparedImage prepared = prepareImage(source, how);
    if (!prepared.problem.isEmpty())
        throw Error(ErrorKind::Input, prepared.problem);
    return std::move(prepared.image);
}

PreparedImage prepareImage(const cv::Mat& source, const Preprocessing& how)
{
    checkImage(source);
    if (!how.part)
        return {atNetworkSize(source, how), ImageGeometry(source.size(), how), {}};
    const Stopwatch watch;
    const PartPose pose = how.part->align(source);
    if (pose.status != PartStatus::Found)
        return {{}, ImageGeometry(source.size(), how), pose.reason, watch.ms()};
    const cv::Size size(how.width, how.height);
    const cv::Mat upright = how.part->warpUpright(source, pose, size);
    const double alignMs = watch.ms();
    return {
        atNetworkSize(upright, how), ImageGeometry(source.size(), size, how.part->transform(pose, size)), {}, alignMs};
}

cv::Mat prepareMask(const cv::Mat& mask, const Preprocessing& how)
{
    if (mask.empty() || mask.type() != CV_8UC1)
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "This is not an 8-bit mask."));
    const ImageGeometry geometry(mask.size(), how);
    cv::Mat resized;
    cv::resize(mask, resized, geometry.resized(), 0, 0, cv::INTER_NEAREST_EXACT);
    return resized(geometry.crop()).clone();
}

cv::Mat toDisplay(const cv::Mat& source, const IntensityWindow& window)
{
    checkImage(source);
    cv::Mat image = source;
    if (source.depth() == CV_16U) {
        const double gain = 255.0 / (window.high - window.low);
        source.convertTo(image, CV_8U, gain, -window.low * gain);
    }
    cv::Mat result;
    if (image.channels() == 3)
        image.copyTo(result);
    else
        cv::cvtColor(image, result, image.channels() == 1 ? cv::COLOR_GRAY2BGR : cv::COLOR_BGRA2BGR);
    return result;
}

} // namespace lynceus
