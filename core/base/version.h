// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QString>

namespace lynceus {

/// "0.1.0", from the project() line of CMakeLists.txt; written into models, runs, inspections and reports.
QString programVersion();

} // namespace lynceus
