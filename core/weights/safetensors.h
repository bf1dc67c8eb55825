// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QByteArray>
#include <QtCore/QMap>
#include <QtCore/QString>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lynceus {

/// Element types of the safetensors format that we read and write.
enum class DType { F64, F32, F16, BF16, I64, I32, U8, I8, Bool };

std::size_t dtypeSize(DType type); ///< bytes of one element
const char* dtypeName(DType type); ///< "F32", as in the file

/// A tensor that lies in somebody else's memory (a file that was read, a torch tensor): row-major, little-endian.
struct TensorView
{
    DType dtype = DType::F32;
    std::vector<std::int64_t> shape; ///< empty: a scalar
    const unsigned char* data = nullptr;
    std::size_t bytes = 0;

    std::int64_t elements() const;
};

/// A tensor to write.
struct NamedTensor
{
    std::string name;
    TensorView view;
};

/// A safetensors file, read into memory as it was at that moment: who writes or cuts it later changes nothing here.
/// Every length and offset of the header is checked before anything is believed: header size against file size, JSON,
/// dtype, shape product against byte range, ranges inside the file, in order and without gaps or overlaps. Throws
/// Error(File) when it can't be read and Error(Format) naming file and fault.
class SafetensorsFile
{
public:
    /// HeaderOnly leaves the tensors where they are: their views have no data.
    enum class Read { Everything, HeaderOnly };

    explicit SafetensorsFile(const QString& path, Read read = Read::Everything);

    const QString& path() const { return m_path; }
    /// In order of the bytes in the file.
    const std::vector<std::string>& names() const { return m_names; }
    bool contains(const std::string& name) const { return m_views.count(name) != 0; }
    /// Valid as long as this object; throws Error(Format) when there is no such tensor.
    const TensorView& view(const std::string& name) const;
    std::vector<NamedTensor> tensors() const; ///< all of them
    /// The `__metadata__` entry.
    const QMap<QString, QString>& metadata() const { return m_metadata; }
    /// Of the whole file as it was read, lower-case hex.
    QString sha256() const;

private:
    QString m_path;
    QByteArray m_head; ///< length of the header, and the header
    std::size_t m_dataBytes = 0;
    std::unique_ptr<unsigned char[]> m_data;
    std::vector<std::string> m_names;
    std::map<std::string, TensorView> m_views;
    QMap<QString, QString> m_metadata;
};

/// Writes through a temporary file and a rename, so that a full disk or a crash leaves the old file as it was.
/// Throws Error(File).
void writeSafetensors(const QString& path, const std::vector<NamedTensor>& tensors,
                      const QMap<QString, QString>& metadata = {});

/// `metadata` with a checksum over it and the tensors; for writeSafetensors.
QMap<QString, QString> sealed(QMap<QString, QString> metadata, const std::vector<NamedTensor>& tensors);
bool isSealed(const SafetensorsFile& file);
/// sha256 over names, types, shapes and bytes of the file's tensors, in order of their names. Throws Error(Format) when
/// the file is sealed and its metadata or tensors are not those that were sealed.
QString verifiedTensors(const SafetensorsFile& file);

/// sha256 of a file, lower-case hex. Throws Error(File).
QString fileSha256(const QString& path);

} // namespace lynceus
