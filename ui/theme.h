// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/settings.h"
#include "core/image/anomaly_result.h"

#include <QtGui/QColor>
#include <QtGui/QFont>

class QFrame;
class QLabel;
class QPushButton;

/// How Lynceus looks: the only place with colour values and font sizes. UI thread only.
/// A switch of the theme reaches every widget as QEvent::PaletteChange; what draws with tokens re-reads them then.
namespace lynceus::theme {

enum class Scheme { Light, Dark };

enum class Token {
    Window, ///< behind panels
    Panel,  ///< cards, lists, fields
    Raised, ///< buttons, menus, the header of a table
    Text,
    Secondary, ///< captions, units
    Disabled,
    Line,       ///< 1 px borders
    Accent,     ///< selection mark, primary button, focus ring
    AccentText, ///< on Accent
    Selection,  ///< background of selected rows and of the current page
    Ok,
    Ng,
    Review
};

/// Puts style, palette and style sheet on the application and follows `settings` (System, Light, Dark) from then on.
/// `settings` must outlive the application's event loop.
void install(Settings& settings);
/// Sets a scheme at once, whatever the settings say.
void apply(Scheme scheme);
Scheme scheme(); ///< the one in force

QColor color(Token token); ///< in the scheme in force
QColor color(Token token, Scheme scheme);
QColor verdictColor(Verdict verdict);
/// Text that reads on `background`: white or near black, whichever has the higher contrast.
QColor textOn(const QColor& background);
/// Contrast ratio of two opaque colours, 1..21 (WCAG 2).
double contrast(const QColor& a, const QColor& b);

QFont captionFont(); ///< 11 px
QFont titleFont();   ///< 20 px
QFont tabularFont(); ///< the body font, for columns of figures: all digits equally wide

enum class TextRole {
    Title,   ///< of a page
    Heading, ///< of a card
    Caption, ///< small and secondary
    Secondary,
    Current ///< the one of several captions that counts now
};
/// Size, weight and colour of a label; follows the theme.
void setRole(QLabel* label, TextRole role);
/// The one button of a page that does what the page is for.
void setPrimary(QPushButton* button, bool primary = true);
/// A panel with border and rounded corners.
void setCard(QFrame* frame);

} // namespace lynceus::theme
