// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QJsonObject>
#include <QtCore/QString>

namespace lynceus {

/// The finite number `key` of `json`; throws Error(Format) naming the key when it is missing or something else.
double jsonNumber(const QJsonObject& json, const QString& key);

/// The same for numbers within [low, high].
double jsonNumber(const QJsonObject& json, const QString& key, double low, double high);

/// The same for whole numbers within [low, high].
int jsonInteger(const QJsonObject& json, const QString& key, int low, int high);

} // namespace lynceus
