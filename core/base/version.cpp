// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/version.h"

namespace lynceus {

QString programVersion()
{
    return QStringLiteral(LYNCEUS_VERSION);
}

} // namespace lynceus
