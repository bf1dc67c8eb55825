// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/storage/sql_values.h"

#include "core/storage/database.h"

#include <QtCore/QJsonDocument>

#include <limits>

namespace lynceus {

using namespace Qt::StringLiterals;

QVariant timeToSql(const QDateTime& time)
{
    return time.isValid() ? QVariant(time.toMSecsSinceEpoch()) : QVariant();
}

QDateTime timeFromSql(const QVariant& value)
{
    return value.isNull() ? QDateTime() : QDateTime::fromMSecsSinceEpoch(value.toLongLong(), Qt::UTC);
}

double realFromSql(const QVariant& value)
{
    return value.isNull() ? std::numeric_limits<double>::quiet_NaN() : value.toDouble();
}

QVariant textToSql(const QString& text)
{
    return text.isNull() ? u""_s : text;
}

QString jsonToSql(const QJsonObject& object)
{
    return QString::fromUtf8(QJsonDocument(object).toJson(QJsonDocument::Compact));
}

QJsonObject jsonFromSql(const QVariant& text)
{
    return QJsonDocument::fromJson(text.toString().toUtf8()).object();
}

QVariant modelRow(const Database& database, const QString& path, const QString& sha256)
{
    if (path.isEmpty())
        return {};
    const QVariantList key{path, textToSql(sha256)};
    database.run(u"INSERT INTO models (path, sha256) VALUES (?, ?) ON CONFLICT DO NOTHING"_s, key);
    QSqlQuery query = database.run(u"SELECT id FROM models WHERE path = ? AND sha256 = ?"_s, key);
    return query.next() ? query.value(0) : QVariant();
}

} // namespace lynceus
