// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/data/demo_part.h"

#include <QtCore/QString>
#include <QtCore/QStringList>

namespace lynceus {

/// Names of the kinds of defect that the demo product can have.
const QStringList& demoFlawKinds();

/// A defect of a known kind with random place, size and strength.
DemoFlaw makeDemoFlaw(const QString& kind, Random& random);

} // namespace lynceus
