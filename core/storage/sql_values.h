// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QDateTime>
#include <QtCore/QJsonObject>
#include <QtCore/QString>
#include <QtCore/QVariant>

namespace lynceus {

class Database;

// How values of ours stand in columns.

QVariant timeToSql(const QDateTime& time);     ///< milliseconds since 1970 UTC; invalid: NULL
QDateTime timeFromSql(const QVariant& value);  ///< UTC; NULL: invalid
double realFromSql(const QVariant& value);     ///< SQLite keeps NaN as NULL
QVariant textToSql(const QString& text);       ///< a null QString is an empty text, not NULL
QString jsonToSql(const QJsonObject& object);  ///< compact
QJsonObject jsonFromSql(const QVariant& text); ///< empty when it is no object

/// The row of `models` for this file and content, made when new; NULL for an empty path.
QVariant modelRow(const Database& database, const QString& path, const QString& sha256);

} // namespace lynceus
