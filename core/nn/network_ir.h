// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QByteArray>
#include <QtCore/QString>

#include <map>
#include <string>

namespace lynceus {

/// A network in OpenVINO's intermediate representation, as its tools read and write it.
struct NetworkIr
{
    QByteArray xml; ///< the graph
    QByteArray bin; ///< the weights

    bool isEmpty() const { return xml.isEmpty(); }
    /// `path` ends in .xml; the weights go beside it as .bin. Throws Error(File).
    void save(const QString& path) const;
};

/// A method's networks under the names that it gives them.
using NetworkIrs = std::map<std::string, NetworkIr>;

} // namespace lynceus
