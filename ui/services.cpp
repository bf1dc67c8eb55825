// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/services.h"

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/settings.h"
#include "core/memseg/session.h"

namespace lynceus {

SessionOptions sessionOptions(const Services& services)
{
    SessionOptions options;
    options.cacheFolder = services.cacheFolder;
    try {
        options.engine = engineFromName(services.settings.engine());
    } catch (const Error& error) {
        qCWarning(logUi).noquote() << "In the settings:" << error.message();
    }
    return options;
}

} // namespace lynceus
