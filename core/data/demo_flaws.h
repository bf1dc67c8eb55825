// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/data/demo_part.h"

#include <QtCore/QString>
#include <QtCore/QStringList>

namespace lynceus {

/// Names of the kinds of defect that a demo part can have.
const QStringList& demoFlawKinds(DemoShape shape);

/// A defect of a kind that the shape can have, with random place, size and strength.
DemoFlaw makeDemoFlaw(const QString& kind, DemoShape shape, Random& random);

} // namespace lynceus
