// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/weights/safetensors.h"

#include "core/base/error.h"
#include "core/weights/safetensors_header.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QCryptographicHash>
#include <QtCore/QFile>
#include <QtCore/QSaveFile>
#include <QtCore/QtEndian>

#include <algorithm>
#include <functional>
#include <numeric>
#include <set>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr std::uint64_t kPrefixBytes = 8; // length of the header, little-endian
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
const QString kSeal = u"lynceus_sha256"_s;

[[noreturn]] void throwUnreadable(const QFile& file)
{
    throw Error(ErrorKind::File,
                QCoreApplication::translate("core", "%1 cannot be read: %2.").arg(file.fileName(), file.errorString()),
                QCoreApplication::translate("core", "Check that the file exists and that you may read it."));
}

[[noreturn]] void throwUnwritable(const QSaveFile& file)
{
    throw Error(
        ErrorKind::File,
        QCoreApplication::translate("core", "%1 cannot be written: %2.").arg(file.fileName(), file.errorString()),
        QCoreApplication::translate("core", "Check that the folder exists, that you may write to it and that the disk "
                                            "is not full. An older file of that name is unchanged."));
}

void writeAll(QSaveFile& file, const char* data, qint64 bytes)
{
    if (file.write(data, bytes) != bytes)
        throwUnwritable(file);
}

/// Somebody may cut the file meanwhile.
void readAll(QFile& file, unsigned char* to, std::size_t bytes)
{
    while (bytes > 0) {
        const qint64 got = file.read(reinterpret_cast<char*>(to), qint64(bytes));
        if (got < 0)
            throwUnreadable(file);
        if (got == 0)
            throwBadSafetensors(file.fileName(), QCoreApplication::translate("core", "it ends within the tensors"));
        to += got;
        bytes -= std::size_t(got);
    }
}

QString hashOf(std::vector<NamedTensor> tensors)
{
    std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    QCryptographicHash hash(QCryptographicHash::Sha256);
    for (const auto& [name, view] : tensors) {
        QByteArray what = QByteArray::fromStdString(name) + '\0' + dtypeName(view.dtype);
        for (const std::int64_t side : view.shape)
            what += ' ' + QByteArray::number(qint64(side));
        hash.addData(what + '\0');
        hash.addData(QByteArrayView(view.data, qsizetype(view.bytes)));
    }
    return QString::fromLatin1(hash.result().toHex());
}

/// Of all metadata but the seal itself.
QString sealOf(const QMap<QString, QString>& metadata, const QString& tensors)
{
    QCryptographicHash hash(QCryptographicHash::Sha256);
    for (auto it = metadata.begin(); it != metadata.end(); ++it) {
        if (it.key() != kSeal)
            hash.addData(it.key().toUtf8() + '\0' + it.value().toUtf8() + '\0');
    }
    hash.addData(tensors.toUtf8());
    return QString::fromLatin1(hash.result().toHex());
}

/// Places for the tensors, one behind the other.
SafetensorsHeader layOut(const std::vector<NamedTensor>& tensors, const QMap<QString, QString>& metadata)
{
    SafetensorsHeader header;
    header.metadata = metadata;
    std::uint64_t offset = 0;
    std::set<std::string> names;
    for (const auto& [name, view] : tensors) {
        if (tensorBytes(view.dtype, view.shape) != view.bytes || !names.insert(name).second) {
            throw Error(ErrorKind::Internal, QCoreApplication::translate(
                                                 "core", "Tensor \"%1\" cannot be written: it is listed twice, or its "
                                                         "shape and size disagree.")
                                                 .arg(QString::fromStdString(name)));
        }
        header.entries.push_back({name, view.dtype, view.shape, offset, offset + view.bytes});
        offset += view.bytes;
    }
    return header;
}

} // namespace

std::int64_t TensorView::elements() const
{
    return std::accumulate(shape.begin(), shape.end(), std::int64_t(1), std::multiplies<>());
}

SafetensorsFile::SafetensorsFile(const QString& path, Read read)
    : m_path(path)
{
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly | QIODevice::Unbuffered))
        throwUnreadable(file);
    const auto fileBytes = std::uint64_t(file.size());
    m_head = file.read(kPrefixBytes);
    if (m_head.size() < qsizetype(kPrefixBytes))
        throwBadSafetensors(path, QCoreApplication::translate("core", "it is too short"));

    const auto headerBytes = qFromLittleEndian<quint64>(m_head.constData());
    if (headerBytes > kMaxHeaderBytes) {
        throwBadSafetensors(path,
                            QCoreApplication::translate("core", "its header would be %1 bytes long").arg(headerBytes));
    }
    m_head.append(file.read(qint64(headerBytes)));
    if (std::uint64_t(m_head.size()) < kPrefixBytes + headerBytes || fileBytes < kPrefixBytes + headerBytes)
        throwBadSafetensors(path, QCoreApplication::translate("core", "it ends within the header"));

    m_dataBytes = std::size_t(fileBytes - kPrefixBytes - headerBytes);
    SafetensorsHeader header =
        parseSafetensorsHeader({m_head.constData() + kPrefixBytes, std::size_t(headerBytes)}, m_dataBytes, path);
    if (read == Read::Everything) {
        m_data.reset(new unsigned char[m_dataBytes]);
        readAll(file, m_data.get(), m_dataBytes);
    }
    m_metadata = std::move(header.metadata);
    for (auto& entry : header.entries) {
        m_views[entry.name] = {entry.dtype, std::move(entry.shape), m_data ? m_data.get() + entry.begin : nullptr,
                               std::size_t(entry.end - entry.begin)};
        m_names.push_back(std::move(entry.name));
    }
}

std::vector<NamedTensor> SafetensorsFile::tensors() const
{
    std::vector<NamedTensor> tensors;
    for (const std::string& name : m_names)
        tensors.push_back({name, view(name)});
    return tensors;
}

QString SafetensorsFile::sha256() const
{
    QCryptographicHash hash(QCryptographicHash::Sha256);
    hash.addData(m_head);
    hash.addData(QByteArrayView(m_data.get(), qsizetype(m_dataBytes)));
    return QString::fromLatin1(hash.result().toHex());
}

const TensorView& SafetensorsFile::view(const std::string& name) const
{
    const auto it = m_views.find(name);
    if (it == m_views.end()) {
        throw Error(
            ErrorKind::Format,
            QCoreApplication::translate("core", "%1 has no tensor \"%2\".").arg(m_path, QString::fromStdString(name)));
    }
    return it->second;
}

void writeSafetensors(const QString& path, const std::vector<NamedTensor>& tensors,
                      const QMap<QString, QString>& metadata)
{
    // Wide types first: then every tensor is aligned for its type when the data are.
    std::vector<NamedTensor> ordered = tensors;
    std::stable_sort(ordered.begin(), ordered.end(), [](const NamedTensor& a, const NamedTensor& b) {
        return dtypeSize(a.view.dtype) > dtypeSize(b.view.dtype);
    });
    const QByteArray header = safetensorsHeader(layOut(ordered, metadata));
    char prefix[kPrefixBytes];
    qToLittleEndian(quint64(header.size()), prefix);

    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly))
        throwUnwritable(file);
    writeAll(file, prefix, sizeof prefix);
    writeAll(file, header.constData(), header.size());
    for (const NamedTensor& tensor : ordered)
        writeAll(file, reinterpret_cast<const char*>(tensor.view.data), qint64(tensor.view.bytes));
    if (!file.commit())
        throwUnwritable(file);
}

QMap<QString, QString> sealed(QMap<QString, QString> metadata, const std::vector<NamedTensor>& tensors)
{
    metadata[kSeal] = sealOf(metadata, hashOf(tensors));
    return metadata;
}

bool isSealed(const SafetensorsFile& file)
{
    return file.metadata().contains(kSeal);
}

QString verifiedTensors(const SafetensorsFile& file)
{
    QString tensors = hashOf(file.tensors());
    if (isSealed(file) && file.metadata().value(kSeal) != sealOf(file.metadata(), tensors)) {
        throwBadSafetensors(file.path(),
                            QCoreApplication::translate("core", "its content has changed since it was written"));
    }
    return tensors;
}

QString fileSha256(const QString& path)
{
    QFile file(path);
    QCryptographicHash hash(QCryptographicHash::Sha256);
    if (!file.open(QIODevice::ReadOnly) || !hash.addData(&file))
        throwUnreadable(file);
    return QString::fromLatin1(hash.result().toHex());
}

} // namespace lynceus
