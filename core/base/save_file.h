// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QByteArrayView>
#include <QtCore/QString>

namespace lynceus {

/// Writes a file as a whole or not at all: through a temporary file beside it and a rename. Returns why it could not
/// ("No space left on device"), without a full stop; empty when the file is written. Any thread.
QString saveFile(const QString& path, QByteArrayView bytes);

} // namespace lynceus
