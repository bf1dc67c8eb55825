// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/weights/model_store.h"
#include "core/weights/safetensors.h"

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QFileInfo>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <algorithm>
#include <cstring>
#include <memory>

using namespace Qt::StringLiterals;
using namespace lynceus;

namespace {

/// The tensors of a torchvision file with all values 0, with fc.
class FakeResNet18
{
public:
    FakeResNet18()
    {
        for (const auto& [key, shape] : resnet18Keys())
            add(key, shape);
        add("fc.weight", {1000, 512});
        add("fc.bias", {1000});
    }

    void add(const std::string& key, const std::vector<std::int64_t>& shape)
    {
        const bool counter = shape.empty();
        TensorView view{counter ? DType::I64 : DType::F16, shape, nullptr, 0};
        view.bytes = std::size_t(view.elements()) * dtypeSize(view.dtype);
        tensors.push_back({key, view});
    }

    TensorView& view(const std::string& key)
    {
        return std::find_if(tensors.begin(), tensors.end(), [&](const NamedTensor& t) { return t.name == key; })->view;
    }

    void remove(const std::string& part)
    {
        tensors.erase(std::remove_if(tensors.begin(), tensors.end(),
                                     [&](const NamedTensor& t) { return t.name.find(part) != std::string::npos; }),
                      tensors.end());
    }

    void write(const QString& path)
    {
        std::size_t largest = 0;
        for (const NamedTensor& tensor : tensors)
            largest = std::max(largest, tensor.view.bytes);
        const std::vector<unsigned char> zeros(largest);
        for (NamedTensor& tensor : tensors)
            tensor.view.data = zeros.data();
        writeSafetensors(path, tensors);
    }

    std::vector<NamedTensor> tensors;
};

void writeText(const QString& path, const QByteArray& text)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(text);
}

} // namespace

class TestModelStore : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void foldersMayBeMissing();
    void shippedManifestIsValid();
    void importsResNet18();
    void refusesOtherNetworks_data();
    void refusesOtherNetworks();
    void refusesBadAndTakenIds();
    void resolvesIdsAndPaths();
    void listsBuiltInFirstAndKeepsThem();
    void removes();
    void noticesChangedFiles();
    void refusesBrokenManifests_data();
    void refusesBrokenManifests();

private:
    QString builtIn() const { return m_dir->filePath(u"mitgeliefert"_s); }
    QString user() const { return m_dir->filePath(u"eigene-モデル/models"_s); }
    QString source() const { return m_dir->filePath(u"source.safetensors"_s); }
    ModelStore store() const { return ModelStore(builtIn(), user()); }
    ModelEntry importSmall(const QString& id) const
    {
        writeSafetensors(source(), {}, {{u"note"_s, id}});
        return store().importWeights(source(), id, u"memseg-resnet18-full"_s, u"own"_s, u"test"_s);
    }
    void writeManifest(const QString& folder, const QByteArray& text) const
    {
        QVERIFY(QDir().mkpath(folder));
        writeText(QDir(folder).filePath(u"manifest.json"_s), text);
    }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void TestModelStore::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    QVERIFY(m_dir->isValid());
}

void TestModelStore::foldersMayBeMissing()
{
    QVERIFY(store().list().empty());
    QVERIFY(ModelStore({}, user()).list().empty());
    QVERIFY(!store().find(u"demo"_s));
    QVERIFY(!QFileInfo::exists(user()));
}

void TestModelStore::shippedManifestIsValid()
{
    const QString folder = ModelStore::defaultBuiltInFolder();
    QVERIFY2(QFileInfo::exists(QDir(folder).filePath(u"manifest.json"_s)), qPrintable(folder));
    const ModelStore shipped(folder, user());
    for (const ModelEntry& entry : shipped.list()) {
        QVERIFY2(shipped.verify(entry), qPrintable(entry.path));
        QVERIFY(entry.builtIn);
        QVERIFY(!entry.licence.isEmpty());
        QVERIFY(!entry.origin.isEmpty());
    }
}

void TestModelStore::importsResNet18()
{
    FakeResNet18().write(source());
    const ModelEntry entry =
        store().importWeights(source(), u"resnet18-imagenet"_s, u"resnet18"_s, u"BSD-3-Clause"_s, u"torchvision"_s);
    QCOMPARE(entry.sha256, fileSha256(entry.path));
    QVERIFY(!entry.builtIn);
    const SafetensorsFile file(entry.path);
    QCOMPARE(file.names().size(), resnet18Keys().size());
    QVERIFY(!file.contains("fc.weight"));
    QVERIFY(file.view("conv1.weight").dtype == DType::F16);

    const auto found = store().find(u"resnet18-imagenet"_s);
    QVERIFY(found);
    QCOMPARE(found->path, entry.path);
    QCOMPARE(found->sha256, entry.sha256);
    QCOMPARE(found->architecture, u"resnet18"_s);
    QCOMPARE(found->licence, u"BSD-3-Clause"_s);
    QCOMPARE(found->origin, u"torchvision"_s);
    QVERIFY(store().verify(*found));

    // Without the counters, as some converters leave them out.
    FakeResNet18 withoutCounters;
    withoutCounters.remove("num_batches_tracked");
    withoutCounters.write(source());
    store().importWeights(source(), u"second"_s, u"resnet18"_s, {}, {});
    QCOMPARE(store().list().size(), std::size_t(2));
}

void TestModelStore::refusesOtherNetworks_data()
{
    QTest::addColumn<QString>("change");
    QTest::addColumn<QString>("named");
    QTest::newRow("missing") << u"missing"_s << u"layer3.1.bn2.running_var"_s;
    QTest::newRow("shape") << u"shape"_s << u"conv1.weight"_s;
    QTest::newRow("type") << u"type"_s << u"bn1.weight"_s;
    QTest::newRow("unexpected") << u"unexpected"_s << u"layer1.2.conv1.weight"_s;
    QTest::newRow("no network at all") << u"empty"_s << u"90 more"_s;
}

void TestModelStore::refusesOtherNetworks()
{
    QFETCH(QString, change);
    QFETCH(QString, named);
    FakeResNet18 weights;
    if (change == u"missing"_s) {
        weights.remove("layer3.1.bn2.running_var");
    } else if (change == u"shape"_s) {
        weights.view("conv1.weight").shape = {64, 147, 1, 1};
    } else if (change == u"type"_s) {
        weights.view("bn1.weight").dtype = DType::U8;
        weights.view("bn1.weight").bytes = 64;
    } else if (change == u"unexpected"_s) {
        weights.add("layer1.2.conv1.weight", {64, 64, 3, 3});
    } else {
        weights.tensors.clear();
    }
    weights.write(source());
    try {
        store().importWeights(source(), u"x"_s, u"resnet18"_s, {}, {});
        QFAIL("was imported");
    } catch (const Error& error) {
        QCOMPARE(int(error.kind()), int(ErrorKind::Model));
        QVERIFY2(error.message().contains(named), qPrintable(error.message()));
        QVERIFY(error.message().contains(source()));
    }
    QVERIFY(store().list().empty());
}

void TestModelStore::refusesBadAndTakenIds()
{
    for (const QString& id : {u""_s, u"../x"_s, u"a/b"_s, u".hidden"_s, u"a b"_s, u"ä"_s, u"x"_s.repeated(65)})
        QVERIFY_THROWS_EXCEPTION(Error, importSmall(id));
    importSmall(u"a.B-1_x"_s);
    QVERIFY_THROWS_EXCEPTION(Error, importSmall(u"a.B-1_x"_s));
    QCOMPARE(store().list().size(), std::size_t(1));
}

void TestModelStore::resolvesIdsAndPaths()
{
    const ModelEntry entry = importSmall(u"own"_s);
    QCOMPARE(store().resolve(u"own"_s), entry.path);
    QCOMPARE(store().resolve(source()), source());
    try {
        store().resolve(u"nope"_s);
        QFAIL("was resolved");
    } catch (const Error& error) {
        QCOMPARE(int(error.kind()), int(ErrorKind::Input));
        QVERIFY(error.message().contains(u"nope"_s));
    }
    QVERIFY_THROWS_EXCEPTION(Error, store().resolve(m_dir->path()));
}

void TestModelStore::listsBuiltInFirstAndKeepsThem()
{
    importSmall(u"own"_s);
    writeManifest(builtIn(), R"({"format_version": 1, "models": [{"id": "demo", "architecture": "memseg-resnet18-lite",
        "file": "demo.safetensors", "sha256": ")" +
                                 QByteArray(64, 'a') + R"(", "licence": "GPL-3.0-or-later"}]})");
    const auto entries = store().list();
    QCOMPARE(entries.size(), std::size_t(2));
    QCOMPARE(entries[0].id, u"demo"_s);
    QVERIFY(entries[0].builtIn);
    QCOMPARE(entries[0].path, QDir(builtIn()).filePath(u"demo.safetensors"_s));
    QVERIFY(!entries[1].builtIn);
    QVERIFY_THROWS_EXCEPTION(Error, store().remove(u"demo"_s));
    QVERIFY_THROWS_EXCEPTION(Error, importSmall(u"demo"_s));
    QVERIFY(!store().verify(entries[0])); // its file is missing
}

void TestModelStore::removes()
{
    const ModelEntry first = importSmall(u"first"_s);
    const ModelEntry second = importSmall(u"second"_s);
    store().remove(u"first"_s);
    QVERIFY(!QFileInfo::exists(first.path));
    QVERIFY(QFileInfo::exists(second.path));
    QCOMPARE(store().list().size(), std::size_t(1));
    QVERIFY_THROWS_EXCEPTION(Error, store().remove(u"first"_s));
}

void TestModelStore::noticesChangedFiles()
{
    const ModelEntry entry = importSmall(u"own"_s);
    QVERIFY(store().verify(entry));
    QFile file(entry.path);
    QVERIFY(file.open(QIODevice::ReadWrite));
    QVERIFY(file.seek(file.size() - 1));
    file.write("x");
    file.close();
    QVERIFY(!store().verify(entry));
    QVERIFY(file.remove());
    QVERIFY(!store().verify(entry));
}

void TestModelStore::refusesBrokenManifests_data()
{
    QTest::addColumn<QByteArray>("text");
    const QByteArray hash(64, 'a');
    const auto entry = [&](const QByteArray& file) {
        return R"({"format_version": 1, "models": [{"id": "x", "architecture": "resnet18", "file": ")" + file +
               R"(", "sha256": ")" + hash + R"("}]})";
    };
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("cut off") << entry("a.safetensors").chopped(3);
    QTest::newRow("array") << QByteArray("[]");
    QTest::newRow("no list") << QByteArray(R"({"format_version": 1})");
    QTest::newRow("newer") << QByteArray(R"({"format_version": 2, "models": []})");
    QTest::newRow("entry is a number") << QByteArray(R"({"format_version": 1, "models": [5]})");
    QTest::newRow("no hash") << entry("a.safetensors").replace(hash, "");
    QTest::newRow("no file") << entry("");
    QTest::newRow("file outside") << entry("../a.safetensors");
    QTest::newRow("absolute file") << entry("/etc/passwd");
    QTest::newRow("the folder above") << entry("..");
    QTest::newRow("the folder itself") << entry(".");
}

void TestModelStore::refusesBrokenManifests()
{
    QFETCH(QByteArray, text);
    writeManifest(user(), text);
    try {
        store().list();
        QFAIL("was accepted");
    } catch (const Error& error) {
        QCOMPARE(int(error.kind()), int(ErrorKind::Format));
        QVERIFY(error.message().contains(QDir(user()).filePath(u"manifest.json"_s)));
        QVERIFY(!error.remedy().isEmpty());
    }
}

QTEST_GUILESS_MAIN(TestModelStore)
#include "tst_model_store.moc"
