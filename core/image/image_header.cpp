// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/image_header.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <cstring>
#include <set>

namespace lynceus {

namespace {

/// Thrown and caught in this file: a field lies beyond the end of the file.
struct EndOfFile
{
};

/// Numbers out of a file, each checked against its end.
class Reader
{
public:
    enum class Order { LittleEndian, BigEndian };

    Reader(QByteArrayView data, Order order)
        : m_data(data)
        , m_order(order)
    {
    }

    qint64 size() const { return m_data.size(); }
    quint64 u8(qint64 at) const { return number(at, 1); }
    quint64 u16(qint64 at) const { return number(at, 2); }
    quint64 u24(qint64 at) const { return number(at, 3); }
    quint64 u32(qint64 at) const { return number(at, 4); }

    QByteArrayView part(qint64 at, qint64 count) const
    {
        if (at < 0 || count < 0 || at > size() || count > size() - at)
            throw EndOfFile();
        return m_data.sliced(at, count);
    }

    bool isAt(qint64 at, const char* text) const
    {
        const auto count = qint64(std::strlen(text));
        return part(at, count) == QByteArrayView(text, count);
    }

    /// Position of the next byte 0xFF at or after `at`.
    qint64 nextFF(qint64 at) const
    {
        const QByteArrayView rest = part(at, size() - at);
        const auto found = std::find(rest.begin(), rest.end(), char(0xFF));
        if (found == rest.end())
            throw EndOfFile();
        return at + (found - rest.begin());
    }

private:
    quint64 number(qint64 at, int bytes) const
    {
        const QByteArrayView digits = part(at, bytes);
        quint64 value = 0;
        for (int i = 0; i < bytes; ++i)
            value = value << 8 | uchar(digits[m_order == Order::BigEndian ? i : bytes - 1 - i]);
        return value;
    }

    QByteArrayView m_data;
    Order m_order;
};

constexpr int kTagWidth = 256;
constexpr int kTagHeight = 257;
constexpr int kTagBits = 258;
constexpr int kTagPhotometric = 262;
constexpr int kTagStripOffsets = 273;
constexpr int kTagOrientation = 274;
constexpr int kTagSamples = 277;
constexpr int kTagStripBytes = 279;
constexpr int kTagPlanes = 284;
constexpr int kTagTileOffsets = 324;
constexpr int kTagTileBytes = 325;
constexpr int kTagSampleFormat = 339;

/// Counting pages and frames ends here.
constexpr int kMostPictures = 1000;

/// The first directory of a TIFF file; EXIF data is one too.
class TiffDirectory
{
public:
    explicit TiffDirectory(QByteArrayView tiff)
        : m_reader(tiff, order(tiff))
        , m_first(qint64(m_reader.u32(4)))
    {
    }

    /// The first value of a tag of type SHORT or LONG; `fallback` when it is not there.
    quint64 value(int tag, quint64 fallback) const { return number(values(tag), 0, fallback); }

    int orientation() const
    {
        const quint64 value = this->value(kTagOrientation, 1);
        return value >= 1 && value <= 8 ? int(value) : 1;
    }

    /// Does the file hold every strip or tile that the tags announce?
    bool holds(int offsetsTag, int bytesTag) const
    {
        // Looked up once: there may be millions of parts and thousands of tags.
        const Values offsets = values(offsetsTag);
        const Values bytes = values(bytesTag);
        for (quint64 i = 0; i < offsets.count; ++i) {
            if (number(offsets, i, 0) + number(bytes, i, 0) > quint64(m_reader.size()))
                return false;
        }
        return true;
    }

private:
    /// Where the values of a tag lie.
    struct Values
    {
        qint64 at = 0;
        quint64 count = 0;
        int width = 4; ///< bytes of one
    };

    Values values(int tag) const
    {
        const qint64 entry = find(tag);
        if (entry < 0)
            return {};
        Values values;
        values.count = m_reader.u32(entry + 4);
        values.width = m_reader.u16(entry + 2) == 3 ? 2 : 4;
        const bool isInline = values.count * quint64(values.width) <= 4;
        values.at = isInline ? entry + 8 : qint64(m_reader.u32(entry + 8));
        return values;
    }

    quint64 number(const Values& values, quint64 index, quint64 fallback) const
    {
        if (index >= values.count)
            return fallback;
        const qint64 at = values.at + qint64(index) * values.width;
        return values.width == 2 ? m_reader.u16(at) : m_reader.u32(at);
    }

    static Reader::Order order(QByteArrayView tiff)
    {
        return tiff.startsWith("MM") ? Reader::Order::BigEndian : Reader::Order::LittleEndian;
    }

    qint64 find(int tag) const
    {
        const auto entries = qint64(m_reader.u16(m_first));
        for (qint64 i = 0; i < entries; ++i) {
            const qint64 entry = m_first + 2 + 12 * i;
            if (m_reader.u16(entry) == quint64(tag))
                return entry;
        }
        return -1;
    }

    Reader m_reader;
    qint64 m_first;
};

/// A broken EXIF block must not cost the picture.
int exifOrientation(QByteArrayView exif)
{
    if (exif.startsWith(QByteArrayView("Exif\0\0", 6)))
        exif = exif.sliced(6);
    try {
        return TiffDirectory(exif).orientation();
    } catch (const EndOfFile&) {
        return 1;
    }
}

void parsePng(QByteArrayView file, ImageHeader& header)
{
    const Reader reader(file, Reader::Order::BigEndian);
    header.width = qint64(reader.u32(16));
    header.height = qint64(reader.u32(20));
    const quint64 colours = reader.u8(25); // 0 grey, 2 RGB; palettes and grey with alpha are decoded with up to four
    header.bytesPerPixel = (colours == 0 ? 1 : colours == 2 ? 3 : 4) * (reader.u8(24) == 16 ? 2 : 1);
    for (qint64 chunk = 8; !reader.isAt(chunk + 4, "IEND");) {
        const auto length = qint64(reader.u32(chunk));
        if (reader.isAt(chunk + 4, "acTL"))
            header.pictures = int(std::min<quint64>(reader.u32(chunk + 8), kMostPictures));
        if (reader.isAt(chunk + 4, "eXIf"))
            header.orientation = exifOrientation(reader.part(chunk + 8, length));
        chunk += 12 + length;
    }
}

bool isFrameMarker(quint64 marker)
{
    const bool isTable = marker == 0xC4 || marker == 0xC8 || marker == 0xCC;
    return marker >= 0xC0 && marker <= 0xCF && !isTable;
}

/// Walks all segments to the end marker: an end marker found by searching could be that of an embedded thumbnail.
void parseJpeg(QByteArrayView file, ImageHeader& header)
{
    const Reader reader(file, Reader::Order::BigEndian);
    qint64 at = 2;
    for (;;) {
        at = reader.nextFF(at);
        while (reader.u8(at) == 0xFF)
            ++at;
        const quint64 marker = reader.u8(at++);
        if (marker == 0xD9)
            return;
        // A stuffed zero inside coded data, a restart mark and TEM have no length.
        if (marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8))
            continue;
        const auto length = qint64(reader.u16(at));
        const QByteArrayView segment = reader.part(at, length);
        if (isFrameMarker(marker)) {
            header.height = qint64(reader.u16(at + 3));
            header.width = qint64(reader.u16(at + 5));
            header.bytesPerPixel = reader.u8(at + 7) == 1 ? 1 : 3;
        } else if (marker == 0xE1 && length > 8 && segment.sliced(2).startsWith("Exif")) {
            header.orientation = exifOrientation(segment.sliced(2));
        }
        at += length;
    }
}

/// Kinds of TIFF that OpenCV refuses, or decodes to something else than the file holds.
QString unsupportedTiff(const TiffDirectory& directory)
{
    const quint64 samples = directory.value(kTagSamples, 1);
    if (directory.value(kTagSampleFormat, 1) == 3)
        return QCoreApplication::translate("core", "floating-point samples");
    if (directory.value(kTagSampleFormat, 1) != 1)
        return QCoreApplication::translate("core", "signed samples");
    if (directory.value(kTagBits, 1) > 16)
        return QCoreApplication::translate("core", "samples of more than 16 bits");
    if (samples == 2)
        return QCoreApplication::translate("core", "a TIFF of grey with alpha");
    if (samples > 4)
        return QCoreApplication::translate("core", "more than four channels");
    if (samples > 1 && directory.value(kTagPlanes, 1) == 2)
        return QCoreApplication::translate("core", "a TIFF with one plane for each colour");
    return {};
}

/// Small versions of a page count as none.
int tiffPages(QByteArrayView tiff)
{
    constexpr int kTagSubfileType = 254;
    const Reader reader(tiff, tiff.startsWith("MM") ? Reader::Order::BigEndian : Reader::Order::LittleEndian);
    int pages = 0;
    std::set<qint64> seen; // the list may form a loop
    try {
        auto directory = qint64(reader.u32(4));
        while (directory != 0 && int(seen.size()) < kMostPictures && seen.insert(directory).second) {
            const auto entries = qint64(reader.u16(directory));
            bool isSmallVersion = false;
            for (qint64 entry = directory + 2; entry < directory + 2 + 12 * entries; entry += 12)
                isSmallVersion |= reader.u16(entry) == kTagSubfileType && (reader.u32(entry + 8) & 1) != 0;
            pages += isSmallVersion ? 0 : 1;
            directory = qint64(reader.u32(directory + 2 + 12 * entries));
        }
    } catch (const EndOfFile&) {
        // Only what is behind the first page is broken.
    }
    return pages;
}

void parseTiff(QByteArrayView file, ImageHeader& header)
{
    const TiffDirectory directory(file);
    header.width = qint64(directory.value(kTagWidth, 0));
    header.height = qint64(directory.value(kTagHeight, 0));
    header.orientation = directory.orientation();
    header.whiteIsZero = directory.value(kTagPhotometric, 1) == 0;
    header.unsupported = unsupportedTiff(directory);
    const quint64 samples = directory.value(kTagSamples, 1);
    const bool isGrey = samples == 1 && directory.value(kTagPhotometric, 1) <= 1;
    header.bytesPerPixel = (isGrey ? 1 : samples == 3 ? 3 : 4) * (directory.value(kTagBits, 1) > 8 ? 2 : 1);
    header.pictures = tiffPages(file);
    header.complete =
        directory.holds(kTagStripOffsets, kTagStripBytes) && directory.holds(kTagTileOffsets, kTagTileBytes);
}

void parseBmp(QByteArrayView file, ImageHeader& header)
{
    const Reader reader(file, Reader::Order::LittleEndian);
    const auto pixels = qint64(reader.u32(10));
    const bool isOld = reader.u32(14) == 12;
    header.width = isOld ? qint64(reader.u16(18)) : qint64(qint32(reader.u32(18)));
    header.height = isOld ? qint64(reader.u16(20)) : qAbs(qint64(qint32(reader.u32(22))));
    const auto bits = qint64(reader.u16(isOld ? 24 : 28));
    header.bytesPerPixel = bits == 32 ? 4 : 3;
    const quint64 compression = isOld ? 0 : reader.u32(30);
    const bool isRaw = compression == 0 || compression == 3;
    // Divided, as the product of what a file may claim has more than 64 bits.
    if (isRaw && header.width > 0) {
        const qint64 rowBytes = std::max<qint64>((header.width * bits + 31) / 32 * 4, 1);
        const qint64 rows = (reader.size() - pixels) / rowBytes;
        header.complete = pixels <= reader.size() && header.height <= rows;
    }
}

void parseWebP(QByteArrayView file, ImageHeader& header)
{
    const Reader reader(file, Reader::Order::LittleEndian);
    const auto end = qint64(reader.u32(4)) + 8;
    header.complete = end <= reader.size();
    header.bytesPerPixel = 4;
    bool hasCanvas = false;
    for (qint64 chunk = 12; chunk + 8 <= std::min(end, reader.size());) {
        const auto length = qint64(reader.u32(chunk + 4));
        const qint64 data = chunk + 8;
        if (reader.isAt(chunk, "VP8X")) {
            header.width = qint64(reader.u24(data + 4)) + 1;
            header.height = qint64(reader.u24(data + 7)) + 1;
            hasCanvas = true;
            if ((reader.u8(data) & 2) != 0)
                header.unsupported = QCoreApplication::translate("core", "an animation");
        } else if (reader.isAt(chunk, "VP8 ") && !hasCanvas) {
            header.width = qint64(reader.u16(data + 6) & 0x3FFF);
            header.height = qint64(reader.u16(data + 8) & 0x3FFF);
        } else if (reader.isAt(chunk, "VP8L") && !hasCanvas) {
            const quint64 packed = reader.u32(data + 1);
            header.width = qint64(packed & 0x3FFF) + 1;
            header.height = qint64(packed >> 14 & 0x3FFF) + 1;
        } else if (reader.isAt(chunk, "EXIF")) {
            header.orientation = exifOrientation(reader.part(data, length));
        }
        chunk = data + length + length % 2;
    }
}

std::optional<ImageHeader::Format> formatOf(QByteArrayView file)
{
    using Format = ImageHeader::Format;
    if (file.startsWith("\x89PNG\r\n\x1A\n"))
        return Format::Png;
    if (file.startsWith("\xFF\xD8\xFF"))
        return Format::Jpeg;
    if (file.startsWith(QByteArrayView("II*\0", 4)) || file.startsWith(QByteArrayView("MM\0*", 4)))
        return Format::Tiff;
    if (file.startsWith("BM"))
        return Format::Bmp;
    if (file.size() >= 12 && file.startsWith("RIFF") && file.sliced(8).startsWith("WEBP"))
        return Format::WebP;
    return {};
}

} // namespace

std::optional<ImageHeader> parseImageHeader(QByteArrayView file)
{
    const std::optional<ImageHeader::Format> format = formatOf(file);
    if (!format)
        return {};
    ImageHeader header;
    header.format = *format;
    try {
        switch (*format) {
        case ImageHeader::Format::Png:
            parsePng(file, header);
            break;
        case ImageHeader::Format::Jpeg:
            parseJpeg(file, header);
            break;
        case ImageHeader::Format::Tiff:
            parseTiff(file, header);
            break;
        case ImageHeader::Format::Bmp:
            parseBmp(file, header);
            break;
        case ImageHeader::Format::WebP:
            parseWebP(file, header);
            break;
        }
    } catch (const EndOfFile&) {
        header.complete = false;
    }
    return header;
}

} // namespace lynceus
