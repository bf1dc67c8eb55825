// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/weights/safetensors_header.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QJsonObject>
#include <QtCore/QUtf8StringView>

#include <algorithm>
#include <limits>
#include <set>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr std::string_view kMetadata = "__metadata__";
constexpr std::size_t kMaxDimensions = 32;

struct DTypeRow
{
    DType type;
    const char* name;
    std::size_t size;
};

constexpr DTypeRow kDTypes[] = {
    {DType::F64, "F64", 8},   {DType::F32, "F32", 4}, {DType::F16, "F16", 2},
    {DType::BF16, "BF16", 2}, {DType::I64, "I64", 8}, {DType::I32, "I32", 4},
    {DType::U8, "U8", 1},     {DType::I8, "I8", 1},   {DType::Bool, "BOOL", 1},
};

const DTypeRow& rowOf(DType type)
{
    return *std::find_if(std::begin(kDTypes), std::end(kDTypes), [&](const DTypeRow& row) { return row.type == type; });
}

QString text(const std::string& utf8)
{
    return QString::fromStdString(utf8);
}

/// A name for a message; a hostile one may have megabytes.
QString shown(const std::string& name)
{
    const QString whole = text(name);
    return whole.size() <= 80 ? whole : whole.first(80) + u'\u2026';
}

class HeaderParser
{
public:
    HeaderParser(std::string_view json, const QString& path)
        : m_json(json)
        , m_path(path)
    {
    }

    SafetensorsHeader parse()
    {
        SafetensorsHeader header;
        eachMember([&](const std::string& name) {
            if (name == kMetadata)
                readMetadata(header.metadata);
            else
                header.entries.push_back(readEntry(name));
        });
        skipSpace();
        if (m_at != m_json.size())
            fail(QCoreApplication::translate("core", "the header has text after its end"));
        return header;
    }

private:
    [[noreturn]] void fail(const QString& fault) const { throwBadSafetensors(m_path, fault); }

    [[noreturn]] void failHere() const
    {
        fail(QCoreApplication::translate("core", "the header cannot be understood at byte %1").arg(m_at));
    }

    void skipSpace()
    {
        while (m_at < m_json.size() && std::string_view(" \t\r\n").find(m_json[m_at]) != std::string_view::npos)
            ++m_at;
    }

    char take()
    {
        if (m_at == m_json.size())
            failHere();
        return m_json[m_at++];
    }

    bool accept(char wanted)
    {
        skipSpace();
        if (m_at == m_json.size() || m_json[m_at] != wanted)
            return false;
        ++m_at;
        return true;
    }

    void expect(char wanted)
    {
        if (!accept(wanted))
            failHere();
    }

    /// Calls `read(key)` with the parser standing at each value of an object.
    template <class Read>
    void eachMember(Read read)
    {
        std::set<std::string> seen;
        expect('{');
        if (accept('}'))
            return;
        do {
            const std::string key = readString();
            if (!seen.insert(key).second)
                fail(QCoreApplication::translate("core", "the header names \"%1\" twice").arg(shown(key)));
            expect(':');
            read(key);
        } while (accept(','));
        expect('}');
    }

    std::string readString()
    {
        expect('"');
        std::string out;
        for (char c = take(); c != '"'; c = take()) {
            if (static_cast<unsigned char>(c) < 0x20)
                failHere();
            if (c == '\\')
                readEscape(out);
            else
                out += c;
        }
        return out;
    }

    void readEscape(std::string& out)
    {
        static constexpr std::string_view kLetters = "\"\\/bfnrt";
        static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
        const char letter = take();
        if (letter == 'u') {
            char32_t code = readHex4();
            if (QChar::isHighSurrogate(code)) {
                if (take() != '\\' || take() != 'u')
                    failHere();
                const char32_t low = readHex4();
                if (!QChar::isLowSurrogate(low))
                    failHere();
                code = QChar::surrogateToUcs4(char16_t(code), char16_t(low));
            } else if (QChar::isLowSurrogate(code)) {
                failHere();
            }
            out += QString::fromUcs4(&code, 1).toStdString();
            return;
        }
        const auto index = kLetters.find(letter);
        if (index == std::string_view::npos)
            failHere();
        out += kMeanings[index];
    }

    char32_t readHex4()
    {
        char32_t code = 0;
        for (int i = 0; i < 4; ++i) {
            const auto digit = std::string_view("0123456789abcdef").find(QChar::toLower(char32_t(take())));
            if (digit == std::string_view::npos)
                failHere();
            code = code * 16 + char32_t(digit);
        }
        return code;
    }

    /// Whole numbers from 0 to 2^63 - 1; the format has no others.
    std::int64_t readNumber()
    {
        constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
        skipSpace();
        const std::size_t start = m_at;
        std::int64_t value = 0;
        while (m_at < m_json.size() && m_json[m_at] >= '0' && m_json[m_at] <= '9') {
            const int digit = m_json[m_at++] - '0';
            if (value > (kMax - digit) / 10)
                fail(QCoreApplication::translate("core", "the header has a number that is too large"));
            value = value * 10 + digit;
        }
        if (m_at == start)
            failHere();
        return value;
    }

    std::vector<std::int64_t> readNumbers()
    {
        std::vector<std::int64_t> numbers;
        expect('[');
        if (accept(']'))
            return numbers;
        do {
            if (numbers.size() == kMaxDimensions)
                fail(QCoreApplication::translate("core", "a tensor has more than %1 dimensions").arg(kMaxDimensions));
            numbers.push_back(readNumber());
        } while (accept(','));
        expect(']');
        return numbers;
    }

    DType readDType(const std::string& tensor)
    {
        const std::string name = readString();
        for (const DTypeRow& row : kDTypes) {
            if (name == row.name)
                return row.type;
        }
        fail(QCoreApplication::translate("core", "tensor \"%1\" has the type \"%2\", which is not supported")
                 .arg(shown(tensor), shown(name)));
    }

    SafetensorsHeader::Entry readEntry(const std::string& name)
    {
        SafetensorsHeader::Entry entry;
        entry.name = name;
        int members = 0;
        eachMember([&](const std::string& key) {
            ++members;
            if (key == "dtype") {
                entry.dtype = readDType(name);
            } else if (key == "shape") {
                entry.shape = readNumbers();
            } else if (key == "data_offsets") {
                const auto offsets = readNumbers();
                if (offsets.size() != 2)
                    failHere();
                entry.begin = std::uint64_t(offsets[0]);
                entry.end = std::uint64_t(offsets[1]);
            } else {
                failHere();
            }
        });
        // Keys are distinct, so three of them are all of them.
        if (members != 3)
            fail(QCoreApplication::translate("core", "tensor \"%1\" lacks its type, shape or place").arg(shown(name)));
        return entry;
    }

    void readMetadata(QMap<QString, QString>& metadata)
    {
        eachMember([&](const std::string& key) { metadata.insert(text(key), text(readString())); });
    }

    std::string_view m_json;
    QString m_path;
    std::size_t m_at = 0;
};

void checkRanges(const SafetensorsHeader& header, std::uint64_t dataBytes, const QString& path)
{
    std::uint64_t covered = 0;
    for (const auto& entry : header.entries) {
        if (entry.end > dataBytes) {
            throwBadSafetensors(path,
                                QCoreApplication::translate("core", "tensor \"%1\" ends behind the end of the file")
                                    .arg(shown(entry.name)));
        }
        if (entry.begin != covered || entry.end < entry.begin) {
            throwBadSafetensors(path, QCoreApplication::translate(
                                          "core", "tensor \"%1\" overlaps its neighbour or leaves a gap before it")
                                          .arg(shown(entry.name)));
        }
        if (tensorBytes(entry.dtype, entry.shape) != entry.end - entry.begin) {
            throwBadSafetensors(
                path,
                QCoreApplication::translate("core", "shape and size of tensor \"%1\" disagree").arg(shown(entry.name)));
        }
        covered = entry.end;
    }
    if (covered != dataBytes)
        throwBadSafetensors(path, QCoreApplication::translate("core", "there are bytes after the last tensor"));
}

} // namespace

std::size_t dtypeSize(DType type)
{
    return rowOf(type).size;
}

const char* dtypeName(DType type)
{
    return rowOf(type).name;
}

std::optional<std::uint64_t> tensorBytes(DType dtype, const std::vector<std::int64_t>& shape)
{
    std::uint64_t bytes = dtypeSize(dtype);
    if (std::find(shape.begin(), shape.end(), 0) != shape.end())
        bytes = 0;
    for (const std::int64_t side : shape) {
        if (side < 0 || __builtin_mul_overflow(bytes, std::uint64_t(side), &bytes))
            return {};
    }
    return bytes;
}

void throwBadSafetensors(const QString& path, const QString& fault)
{
    throw Error(ErrorKind::Format,
                QCoreApplication::translate("core", "%1 is damaged or not a safetensors file: %2.").arg(path, fault),
                QCoreApplication::translate("core", "Copy or download the file again."));
}

SafetensorsHeader parseSafetensorsHeader(std::string_view json, std::uint64_t dataBytes, const QString& path)
{
    if (!QUtf8StringView(json.data(), qsizetype(json.size())).isValidUtf8())
        throwBadSafetensors(path, QCoreApplication::translate("core", "the header is not UTF-8 text"));
    SafetensorsHeader header = HeaderParser(json, path).parse();
    // Empty tensors share their place with the one behind them and come first.
    std::stable_sort(header.entries.begin(), header.entries.end(), [](const auto& a, const auto& b) {
        return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    checkRanges(header, dataBytes, path);
    return header;
}

QByteArray safetensorsHeader(const SafetensorsHeader& header)
{
    QJsonObject root;
    if (!header.metadata.isEmpty()) {
        QJsonObject metadata;
        for (auto it = header.metadata.begin(); it != header.metadata.end(); ++it)
            metadata.insert(it.key(), it.value());
        root.insert(QLatin1String(kMetadata.data()), metadata);
    }
    for (const auto& entry : header.entries) {
        QJsonArray shape;
        for (const std::int64_t side : entry.shape)
            shape.append(qint64(side));
        root.insert(text(entry.name),
                    QJsonObject{{u"dtype"_s, QLatin1String(dtypeName(entry.dtype))},
                                {u"shape"_s, shape},
                                {u"data_offsets"_s, QJsonArray{qint64(entry.begin), qint64(entry.end)}}});
    }
    QByteArray json = QJsonDocument(root).toJson(QJsonDocument::Compact);
    json.append((8 - json.size() % 8) % 8, ' ');
    return json;
}

} // namespace lynceus
