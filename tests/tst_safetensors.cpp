// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/weights/safetensors.h"

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QFileInfo>
#include <QtCore/QTemporaryDir>
#include <QtCore/QtEndian>
#include <QtTest/QTest>

#include <csignal>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>

#include <sys/resource.h>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

QByteArray fileBytes(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

QByteArray assembled(const QByteArray& header, const QByteArray& data)
{
    QByteArray prefix(8, '\0');
    qToLittleEndian(quint64(header.size()), prefix.data());
    return prefix + header + data;
}

template <class T>
NamedTensor named(const std::string& name, DType dtype, std::vector<std::int64_t> shape, const std::vector<T>& values)
{
    return {
        name,
        {dtype, std::move(shape), reinterpret_cast<const unsigned char*>(values.data()), values.size() * sizeof(T)}};
}

/// Files of this process cannot grow beyond `bytes` while this object lives; writing fails as on a full disk.
class FileSizeLimit
{
public:
    explicit FileSizeLimit(rlim_t bytes)
    {
        getrlimit(RLIMIT_FSIZE, &m_before);
        m_handler = std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{bytes, m_before.rlim_max};
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit()
    {
        setrlimit(RLIMIT_FSIZE, &m_before);
        std::signal(SIGXFSZ, m_handler);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit m_before{};
    void (*m_handler)(int) = nullptr;
};

} // namespace

class TestSafetensors : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void writesAndReads();
    void writesAlignedData();
    void readsHeadersOfOthers();
    void keepsNumbersBeyondDoubles();
    void refusesBrokenFiles_data();
    void refusesBrokenFiles();
    void refusesEveryTruncation();
    void survivesEveryFlippedByte();
    void namesTheMissingTensor();
    void missingFileIsAFileError();
    void unwritableFolderIsAFileError();
    void fullDiskKeepsTheOldFile();
    void replacesTheFileItReadsFrom();
    void staysAsItWasRead();
    void refusesInconsistentTensors();
    void hashesFiles();

private:
    QString filePath() const { return m_dir->filePath(u"gewichte-重み.safetensors"_s); }
    void writeRaw(const QByteArray& bytes) const
    {
        QFile file(filePath());
        QVERIFY(file.open(QIODevice::WriteOnly));
        QCOMPARE(file.write(bytes), bytes.size());
    }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestSafetensors::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    QVERIFY(m_dir->isValid());
}

void TestSafetensors::writesAndReads()
{
    const std::vector<double> f64{1.5, -2.25};
    const std::vector<float> f32{1, 2, 3, 4, 5, 6};
    const std::vector<std::uint16_t> f16{0x3c00, 0xc000};
    const std::vector<std::int64_t> i64{std::numeric_limits<std::int64_t>::min()};
    const std::vector<std::int32_t> i32{-7};
    const std::vector<std::uint8_t> u8{0, 127, 255};
    const QMap<QString, QString> metadata{{u"lynceus"_s, u"{\"a\": \"\\\"\n\"}"_s}, {u"größe"_s, u"𝄞 \u0001"_s}};
    writeSafetensors(filePath(),
                     {named("u8", DType::U8, {3}, u8), named("f64", DType::F64, {2}, f64),
                      named("f32", DType::F32, {2, 3}, f32), named("f16", DType::F16, {2, 1}, f16),
                      named("bf16", DType::BF16, {2}, f16), named("scalar", DType::I64, {}, i64),
                      named("i32", DType::I32, {1, 1, 1}, i32),
                      named("empty", DType::F32, {0, 5}, std::vector<float>()),
                      named("flag \"é\\", DType::Bool, {1}, std::vector<std::uint8_t>{1})},
                     metadata);

    const SafetensorsFile file(filePath());
    QCOMPARE(file.names().size(), std::size_t(9));
    QCOMPARE(file.metadata(), metadata);
    const TensorView& view = file.view("f32");
    QVERIFY(view.dtype == DType::F32);
    QCOMPARE(view.shape, (std::vector<std::int64_t>{2, 3}));
    QCOMPARE(view.elements(), 6);
    QCOMPARE(view.bytes, std::size_t(24));
    QCOMPARE(std::memcmp(view.data, f32.data(), view.bytes), 0);
    QVERIFY(file.view("scalar").shape.empty());
    QCOMPARE(file.view("scalar").elements(), 1);
    QCOMPARE(std::memcmp(file.view("scalar").data, i64.data(), 8), 0);
    QCOMPARE(file.view("empty").elements(), 0);
    QCOMPARE(file.view("empty").bytes, std::size_t(0));
    QVERIFY(file.view("bf16").dtype == DType::BF16);
    QVERIFY(file.view("f64").dtype == DType::F64);
    QVERIFY(file.view("i32").dtype == DType::I32);
    QVERIFY(file.view("flag \"é\\").dtype == DType::Bool);
    QVERIFY(!file.contains("F32"));
}

void TestSafetensors::writesAlignedData()
{
    // Odd sizes before wide types, and header lengths of every remainder.
    for (int length = 0; length < 8; ++length) {
        const std::vector<std::uint8_t> bytes(3, 9);
        const std::vector<double> wide{1.0};
        const std::vector<float> floats{2.0f, 3.0f, 4.0f};
        writeSafetensors(filePath(), {named("a", DType::U8, {3}, bytes), named("b", DType::F32, {3}, floats),
                                      named(std::string(std::size_t(length), 'x') + "c", DType::F64, {1}, wide)});
        const QByteArray raw = fileBytes(filePath());
        QCOMPARE((qFromLittleEndian<quint64>(raw.constData()) + 8) % 8, quint64(0));
        const SafetensorsFile file(filePath());
        for (const std::string& name : file.names()) {
            const TensorView& view = file.view(name);
            QCOMPARE(reinterpret_cast<std::uintptr_t>(view.data) % dtypeSize(view.dtype), std::uintptr_t(0));
        }
    }
}

void TestSafetensors::readsHeadersOfOthers()
{
    // Spaces, another order of keys and entries, escapes, padding, an unaligned start.
    const QByteArray header = R"( { "b" : {"data_offsets":[4, 8],"dtype":"U8","shape":[2,2]},
        "\u00e4\ud834\udd1e\/" :{"shape":[1],"dtype":"F32","data_offsets":[0,4]},
        "__metadata__":{"format":"pt"} }    )";
    writeRaw(assembled(header, "abcdefgh"));
    const SafetensorsFile file(filePath());
    QCOMPARE(file.names(), (std::vector<std::string>{"ä𝄞/", "b"}));
    QCOMPARE(std::memcmp(file.view("b").data, "efgh", 4), 0);
    QCOMPARE(file.metadata().value(u"format"_s), u"pt"_s);

    writeRaw(assembled("{}", {}));
    QVERIFY(SafetensorsFile(filePath()).names().empty());
}

void TestSafetensors::keepsNumbersBeyondDoubles()
{
    // 2^53 + 1 is not a double: an empty tensor may have such a side.
    writeRaw(assembled(R"({"a":{"dtype":"U8","shape":[9007199254740993,0],"data_offsets":[0,0]}})", {}));
    QCOMPARE(SafetensorsFile(filePath()).view("a").shape[0], 9007199254740993);
    // And the range check must not round: one byte more than the file holds.
    writeRaw(assembled(R"({"a":{"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,9007199254740993]}})", {}));
    QVERIFY_THROWS_EXCEPTION(Error, const SafetensorsFile file(filePath()));
}

void TestSafetensors::refusesBrokenFiles_data()
{
    QTest::addColumn<QByteArray>("bytes");
    const auto row = [](const char* name, const QByteArray& header, const QByteArray& data = "abcd") {
        QTest::newRow(name) << assembled(header, data);
    };
    const auto entry = [](const QByteArray& dtype, const QByteArray& shape, const QByteArray& offsets) {
        return "{\"a\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
    };
    QTest::newRow("empty file") << QByteArray();
    QTest::newRow("seven bytes") << QByteArray(7, '\0');
    QTest::newRow("header longer than file") << assembled("{}", {}).replace(0, 1, "\x03");
    QTest::newRow("header of 2^63 bytes") << QByteArray("\0\0\0\0\0\0\0\x80{}", 10);
    QTest::newRow("header of 2^64 - 1 bytes") << QByteArray(8, '\xff') + "{}";
    QTest::newRow("text file") << QByteArray("this is no weights file at all");
    QTest::newRow("picture") << QByteArray("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
    row("no header", "");
    row("not UTF-8", "{\"\xff\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}");
    row("not an object", "[1,2]");
    row("unfinished", entry("F32", "[1]", "[0,4]").chopped(1));
    row("unfinished name", "{\"a");
    row("text behind", entry("F32", "[1]", "[0,4]") + "{}");
    row("comma at the end", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},}");
    row("control character", "{\"a\nb\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}");
    row("lone surrogate", "{\"\\ud834\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}");
    row("unknown escape", "{\"\\x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}");
    row("entry is a number", "{\"a\":1}");
    row("entry is null", "{\"a\":null}");
    row("no dtype", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}");
    row("no shape", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}");
    row("no range", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}");
    row("unknown key", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}");
    row("dtype is a number", "{\"a\":{\"dtype\":4,\"shape\":[1],\"data_offsets\":[0,4]}}");
    row("unknown dtype", entry("F31", "[1]", "[0,4]"));
    row("wrong dtype", entry("F64", "[1]", "[0,4]"));
    row("wrong shape", entry("F32", "[2]", "[0,4]"));
    row("negative side", entry("F32", "[-1]", "[0,4]"));
    row("negative sides", entry("F32", "[-1,-1]", "[0,4]"));
    row("fraction", entry("F32", "[1.0]", "[0,4]"));
    row("exponent", entry("F32", "[1e0]", "[0,4]"));
    row("side above 2^63", entry("F32", "[9223372036854775808]", "[0,4]"));
    row("side above 2^64", entry("F32", "[18446744073709551617]", "[0,4]"));
    row("shape overflow to 4 bytes", entry("F32", "[4611686018427387905]", "[0,4]"));
    row("shape overflow to 0", entry("F32", "[4294967296,4294967296]", "[0,0]"), {});
    row("33 dimensions", entry("F32", "[" + QByteArray("1,").repeated(32) + "1]", "[0,4]"));
    row("shape of shapes", entry("F32", "[[1]]", "[0,4]"));
    row("one offset", entry("F32", "[1]", "[4]"));
    row("three offsets", entry("F32", "[1]", "[0,4,8]"));
    row("negative offset", entry("F32", "[1]", "[-4,0]"));
    row("end before begin", entry("F32", "[1]", "[4,0]"));
    row("range behind the file", entry("F32", "[2]", "[0,8]"));
    row("range wraps around", entry("F32", "[1]", "[9223372036854775804,9223372036854775807]"));
    row("gap at the start", entry("U8", "[3]", "[1,4]"));
    row("bytes behind", entry("U8", "[3]", "[0,3]"));
    row("data without tensors", "{}");
    row("gap between",
        R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})");
    row("overlap",
        R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})");
    row("same range twice",
        R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}})");
    row("same name twice",
        R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}})");
    row("same name twice, escaped",
        R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}})");
    row("long name with a fault",
        "{\"" + QByteArray("a").repeated(1'000'000) + R"(":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})");
    row("same key twice", R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})");
    row("metadata is a number", R"({"__metadata__":{"a":1}})", {});
    row("metadata is nested", R"({"__metadata__":{"a":{"b":"c"}}})", {});
    row("metadata twice", R"({"__metadata__":{"a":"1"},"__metadata__":{"a":"2"}})", {});
    row("nested arrays", "{\"a\":" + QByteArray("[").repeated(2'000'000) + "}");
    row("nested objects", QByteArray("{\"a\":").repeated(500'000));
    row("many numbers", entry("F32", "[" + QByteArray("0,").repeated(1'000'000) + "0]", "[0,0]"), {});
}

void TestSafetensors::refusesBrokenFiles()
{
    QFETCH(QByteArray, bytes);
    writeRaw(bytes);
    try {
        const SafetensorsFile file(filePath());
        QFAIL("was accepted");
    } catch (const Error& error) {
        QCOMPARE(int(error.kind()), int(ErrorKind::Format));
        QVERIFY(error.message().contains(filePath()));
        QVERIFY(!error.remedy().isEmpty());
        QVERIFY2(error.message().size() < 1000, "the message repeats the file");
    }
}

void TestSafetensors::refusesEveryTruncation()
{
    const std::vector<float> values{1, 2, 3};
    writeSafetensors(filePath(), {named("a", DType::F32, {3}, values)}, {{u"k"_s, u"v"_s}});
    const QByteArray whole = fileBytes(filePath());
    for (qsizetype size = 0; size < whole.size(); ++size) {
        writeRaw(whole.first(size));
        QVERIFY_THROWS_EXCEPTION(Error, const SafetensorsFile file(filePath()));
    }
}

void TestSafetensors::survivesEveryFlippedByte()
{
    const std::vector<float> values{1, 2, 3};
    writeSafetensors(filePath(), {named("a", DType::F32, {3, 1}, values), named("b", DType::F32, {3}, values)});
    const QByteArray whole = fileBytes(filePath());
    const qsizetype headerEnd = whole.size() - 24;
    int refused = 0;
    for (qsizetype at = 0; at < headerEnd; ++at) {
        for (const int flip : {0x01, 0x08, 0x20, 0x80, 0xff}) {
            QByteArray bytes = whole;
            bytes[at] = char(bytes[at] ^ flip);
            writeRaw(bytes);
            try {
                // What is accepted must be safe to read; the sanitizer watches.
                const SafetensorsFile file(filePath());
                for (const std::string& name : file.names()) {
                    const TensorView& view = file.view(name);
                    QVERIFY(std::accumulate(view.data, view.data + view.bytes, 0) >= 0);
                }
            } catch (const Error& error) {
                QCOMPARE(int(error.kind()), int(ErrorKind::Format));
                ++refused;
            }
        }
    }
    QVERIFY(refused > headerEnd * 3);
}

void TestSafetensors::namesTheMissingTensor()
{
    writeRaw(assembled("{}", {}));
    const SafetensorsFile file(filePath());
    try {
        file.view("conv1.weight");
        QFAIL("was found");
    } catch (const Error& error) {
        QCOMPARE(int(error.kind()), int(ErrorKind::Format));
        QVERIFY(error.message().contains(u"conv1.weight"_s));
        QVERIFY(error.message().contains(filePath()));
    }
}

void TestSafetensors::missingFileIsAFileError()
{
    for (const QString& path : {m_dir->filePath(u"nichts"_s), m_dir->path()}) {
        try {
            const SafetensorsFile file(path);
            QFAIL("was opened");
        } catch (const Error& error) {
            QCOMPARE(int(error.kind()), int(ErrorKind::File));
            QVERIFY(error.message().contains(path));
        }
    }
    QVERIFY_THROWS_EXCEPTION(Error, fileSha256(m_dir->filePath(u"nichts"_s)));
}

void TestSafetensors::unwritableFolderIsAFileError()
{
    try {
        writeSafetensors(m_dir->filePath(u"kein/ordner.safetensors"_s), {});
        QFAIL("was written");
    } catch (const Error& error) {
        QCOMPARE(int(error.kind()), int(ErrorKind::File));
        QVERIFY(error.message().contains(u"ordner.safetensors"_s));
    }
}

void TestSafetensors::fullDiskKeepsTheOldFile()
{
    const std::vector<float> old{1, 2, 3};
    writeSafetensors(filePath(), {named("a", DType::F32, {3}, old)});
    const QByteArray before = fileBytes(filePath());

    const std::vector<float> big(1'000'000, 1.0f);
    bool failed = false;
    {
        const FileSizeLimit limit(100'000);
        try {
            writeSafetensors(filePath(), {named("a", DType::F32, {1'000'000}, big)});
        } catch (const Error& error) {
            failed = true;
            QCOMPARE(int(error.kind()), int(ErrorKind::File));
            QVERIFY(error.message().contains(filePath()));
            QVERIFY(error.remedy().contains(u"full"_s));
        }
    }
    QVERIFY(failed);
    QCOMPARE(fileBytes(filePath()), before);
    // Nothing half-written stays behind.
    QCOMPARE(QDir(m_dir->path()).entryList(QDir::Files | QDir::Hidden).size(), 1);
}

void TestSafetensors::replacesTheFileItReadsFrom()
{
    const std::vector<float> values{1, 2, 3};
    writeSafetensors(filePath(), {named("a", DType::F32, {3}, values)});
    const SafetensorsFile file(filePath());
    writeSafetensors(filePath(), {{"a", file.view("a")}, {"b", file.view("a")}});
    QCOMPARE(std::memcmp(file.view("a").data, values.data(), 12), 0);
    const SafetensorsFile again(filePath());
    QCOMPARE(std::memcmp(again.view("b").data, values.data(), 12), 0);
}

void TestSafetensors::staysAsItWasRead()
{
    const std::vector<float> values(10'000, 1.5F);
    writeSafetensors(filePath(), {named("a", DType::F32, {10'000}, values)});
    const QString hash = fileSha256(filePath());
    const SafetensorsFile file(filePath());
    const SafetensorsFile header(filePath(), SafetensorsFile::Read::HeaderOnly);
    QVERIFY(QFile::resize(filePath(), 0)); // as a program does that writes it in place
    QCOMPARE(std::memcmp(file.view("a").data, values.data(), 40'000), 0);
    QCOMPARE(file.sha256(), hash);
    QCOMPARE(header.view("a").shape, file.view("a").shape);
    QVERIFY(header.view("a").data == nullptr);
}

void TestSafetensors::refusesInconsistentTensors()
{
    const std::vector<float> values{1, 2, 3};
    QVERIFY_THROWS_EXCEPTION(Error, writeSafetensors(filePath(), {named("a", DType::F32, {4}, values)}));
    QVERIFY_THROWS_EXCEPTION(Error, writeSafetensors(filePath(), {named("a", DType::F32, {3}, values),
                                                                  named("a", DType::F32, {3}, values)}));
    QVERIFY(!QFileInfo::exists(filePath()));
}

void TestSafetensors::hashesFiles()
{
    writeRaw("abc");
    QCOMPARE(fileSha256(filePath()), u"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"_s);
}

QTEST_GUILESS_MAIN(TestSafetensors)
#include "tst_safetensors.moc"
