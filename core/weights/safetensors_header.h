// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/weights/safetensors.h"

#include <optional>
#include <string_view>

namespace lynceus {

/// The JSON header of a safetensors file as it stands there; ranges are relative to the first data byte.
struct SafetensorsHeader
{
    struct Entry
    {
        std::string name;
        DType dtype = DType::F32;
        std::vector<std::int64_t> shape;
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
    };
    std::vector<Entry> entries; ///< in order of their bytes
    QMap<QString, QString> metadata;
};

/// Reads exactly what the format allows and nothing else of JSON, so that no nesting, number or duplicate can do harm:
/// an object of tensors (dtype, shape, data_offsets) and of the texts in `__metadata__`. Checks dtypes, shapes against
/// ranges, and that the ranges cover `dataBytes` without gap or overlap. Throws Error(Format) naming `path`.
SafetensorsHeader parseSafetensorsHeader(std::string_view json, std::uint64_t dataBytes, const QString& path);

/// The header for `entries`, padded with spaces so that the data begin at a multiple of 8 bytes.
QByteArray safetensorsHeader(const SafetensorsHeader& header);

/// Error(Format) about a file that is not valid safetensors.
[[noreturn]] void throwBadSafetensors(const QString& path, const QString& fault);

/// Bytes of a tensor; nothing when the shape is negative or the product does not fit.
std::optional<std::uint64_t> tensorBytes(DType dtype, const std::vector<std::int64_t>& shape);

} // namespace lynceus
