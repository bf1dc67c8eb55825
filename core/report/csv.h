// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QByteArray>
#include <QtCore/QString>
#include <QtCore/QStringList>

namespace lynceus {

/// Quoted by RFC 4180 where needed. Names come from anywhere, so no cell may start a formula (OWASP, CSV injection):
/// such a one gets an apostrophe in front.
QString csvText(QString text);
/// The shortest text that reads back as the same number, so that every output has it to the last digit.
QString csvNumber(double value);
/// Lines as they stand in a file: UTF-8, ended by CR LF.
QByteArray csvFile(const QStringList& lines);

} // namespace lynceus
