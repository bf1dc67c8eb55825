// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/image/json_fields.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>

#include <cmath>

namespace lynceus {

double jsonNumber(const QJsonObject& json, const QString& key)
{
    const QJsonValue value = json[key];
    if (!value.isDouble() || !std::isfinite(value.toDouble())) {
        throw Error(ErrorKind::Format,
                    QCoreApplication::translate("core", "The value \"%1\" is missing or is not a number.").arg(key));
    }
    return value.toDouble();
}

double jsonNumber(const QJsonObject& json, const QString& key, double low, double high)
{
    const double value = jsonNumber(json, key);
    if (value < low || value > high) {
        throw Error(ErrorKind::Format,
                    QCoreApplication::translate("core", "The value \"%1\" is %2; a number from %3 to %4 is needed.")
                        .arg(key, QString::number(value), QString::number(low), QString::number(high)));
    }
    return value;
}

int jsonInteger(const QJsonObject& json, const QString& key, int low, int high)
{
    const double value = jsonNumber(json, key);
    if (value != std::floor(value) || value < low || value > high) {
        throw Error(
            ErrorKind::Format,
            QCoreApplication::translate("core", "The value \"%1\" is %2; a whole number from %3 to %4 is needed.")
                .arg(key, QString::number(value), QString::number(low), QString::number(high)));
    }
    return int(value);
}

} // namespace lynceus
