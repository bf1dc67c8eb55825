// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "ui/theme.h"

#include <QtCore/QString>
#include <QtGui/QIcon>

namespace lynceus {

/// The icon `resources/icons/NAME.svg` in the theme's colours: `token` when off, accent when on, Disabled when
/// disabled. It is drawn when it is needed, so it is sharp on every screen and follows a switch of the theme.
QIcon themedIcon(const QString& name, theme::Token token = theme::Token::Secondary);

/// The program's own mark, for windows and the About box.
QIcon programIcon();

} // namespace lynceus
