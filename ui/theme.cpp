// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/theme.h"

#include <QtCore/QFile>
#include <QtCore/QVariant>
#include <QtGui/QGuiApplication>
#include <QtGui/QPalette>
#include <QtGui/QStyleHints>
#include <QtWidgets/QApplication>
#include <QtWidgets/QFrame>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QStyle>
#include <QtWidgets/QStyleFactory>
#include <QtWidgets/QToolTip>

#include <algorithm>
#include <array>
#include <cmath>

// Outside any namespace, as the macro demands: resources of a static library are linked only when asked for.
static void initResources()
{
    Q_INIT_RESOURCE(resources);
}

namespace lynceus::theme {

using namespace Qt::StringLiterals;

namespace {

struct Entry
{
    const char* name; // in theme.qss
    QRgb light;
    QRgb dark;
};

// In the order of Token.
constexpr std::array<Entry, 13> kTokens{{
    {"window", 0xFFF4F5F7, 0xFF16181C},
    {"panel", 0xFFFFFFFF, 0xFF1E2126},
    {"raised", 0xFFFFFFFF, 0xFF262A31},
    {"text", 0xFF1B1F24, 0xFFE7EAEE},
    {"secondary", 0xFF59626E, 0xFFA3ACB8},
    {"disabled", 0xFF9AA3AF, 0xFF5E6773},
    {"line", 0xFFDDE1E6, 0xFF343A43},
    {"accent", 0xFF0D7484, 0xFF35B6C8},
    {"accentText", 0xFFFFFFFF, 0xFF10171A},
    {"selection", 0xFFE3F1F3, 0xFF17363B},
    {"ok", 0xFF17783F, 0xFF3FBF75},
    {"ng", 0xFFC9342C, 0xFFFF6B61},
    {"review", 0xFF9A5B00, 0xFFF0A63A},
}};

Scheme g_scheme = Scheme::Light;
Scheme g_systemScheme = Scheme::Light;

double luminance(const QColor& color)
{
    const auto linear = [](double value) {
        return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}

Scheme schemeOf(const QPalette& palette)
{
    const double background = luminance(palette.color(QPalette::Window));
    return background < luminance(palette.color(QPalette::WindowText)) ? Scheme::Dark : Scheme::Light;
}

Scheme systemScheme()
{
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    return QGuiApplication::styleHints()->colorScheme() == Qt::ColorScheme::Dark ? Scheme::Dark : Scheme::Light;
#else
    return g_systemScheme;
#endif
}

Scheme schemeFor(Settings::Theme theme)
{
    switch (theme) {
    case Settings::Theme::Light:
        return Scheme::Light;
    case Settings::Theme::Dark:
        return Scheme::Dark;
    case Settings::Theme::System:
        break;
    }
    return systemScheme();
}

QPalette palette()
{
    QPalette palette;
    const auto set = [&](QPalette::ColorRole role, Token token) { palette.setColor(role, color(token)); };
    set(QPalette::Window, Token::Window);
    set(QPalette::WindowText, Token::Text);
    set(QPalette::Base, Token::Panel);
    set(QPalette::AlternateBase, Token::Window);
    set(QPalette::ToolTipBase, Token::Raised);
    set(QPalette::ToolTipText, Token::Text);
    set(QPalette::PlaceholderText, Token::Secondary);
    set(QPalette::Text, Token::Text);
    set(QPalette::Button, Token::Raised);
    set(QPalette::ButtonText, Token::Text);
    set(QPalette::BrightText, Token::Ng);
    set(QPalette::Highlight, Token::Selection);
    set(QPalette::HighlightedText, Token::Text);
    set(QPalette::Link, Token::Accent);
    set(QPalette::LinkVisited, Token::Accent);
    set(QPalette::Light, Token::Raised);
    set(QPalette::Midlight, Token::Line);
    set(QPalette::Mid, Token::Line);
    set(QPalette::Dark, Token::Disabled);
    set(QPalette::Shadow, Token::Line);
    for (const auto role :
         {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::HighlightedText, QPalette::Link})
        palette.setColor(QPalette::Disabled, role, color(Token::Disabled));
    return palette;
}

QString styleSheet()
{
    QFile file(u":/theme.qss"_s);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    QString sheet = QString::fromUtf8(file.readAll());
    const bool dark = g_scheme == Scheme::Dark;
    std::vector<std::pair<QString, QColor>> names{
        {u"accentHover"_s, dark ? color(Token::Accent).lighter(112) : color(Token::Accent).darker(115)},
        {u"field"_s, dark ? color(Token::Window) : color(Token::Panel)},
        {u"scroll"_s, dark ? color(Token::Disabled) : color(Token::Line).darker(115)},
    };
    for (std::size_t i = 0; i < kTokens.size(); ++i)
        names.emplace_back(QString::fromLatin1(kTokens[i].name), color(Token(i)));
    // Longest names first: @accentText must not be read as @accent.
    std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
    for (const auto& [name, value] : names)
        sheet.replace(u'@' + name, value.name());
    return sheet;
}

QFont sizedFont(int pixels)
{
    QFont font = QApplication::font();
    font.setPixelSize(pixels);
    return font;
}

void setSheetProperty(QWidget* widget, const char* name, const QVariant& value)
{
    widget->setProperty(name, value);
    // The sheet is matched once; a later property needs a second look.
    widget->style()->unpolish(widget);
    widget->style()->polish(widget);
}

} // namespace

void install(Settings& settings)
{
    initResources();
    g_systemScheme = schemeOf(QGuiApplication::palette());
    QApplication::setStyle(QStyleFactory::create(u"Fusion"_s));
    QApplication::setFont(sizedFont(13));
    const auto follow = [&settings] { apply(schemeFor(settings.theme())); };
    QObject::connect(&settings, &Settings::themeChanged, qApp, follow);
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    QObject::connect(QGuiApplication::styleHints(), &QStyleHints::colorSchemeChanged, &settings, follow);
#endif
    follow();
}

void apply(Scheme scheme)
{
    initResources();
    g_scheme = scheme;
    QApplication::setPalette(palette());
    QToolTip::setPalette(palette());
    qApp->setStyleSheet(styleSheet());
}

Scheme scheme()
{
    return g_scheme;
}

QColor color(Token token)
{
    return color(token, g_scheme);
}

QColor color(Token token, Scheme scheme)
{
    const Entry& entry = kTokens[std::size_t(token)];
    return QColor::fromRgb(scheme == Scheme::Dark ? entry.dark : entry.light);
}

QColor verdictColor(Verdict verdict)
{
    switch (verdict) {
    case Verdict::Ok:
        return color(Token::Ok);
    case Verdict::Review:
        return color(Token::Review);
    case Verdict::Ng:
        break;
    }
    return color(Token::Ng);
}

QColor textOn(const QColor& background)
{
    const QColor white(Qt::white);
    const QColor dark = color(Token::Window, Scheme::Dark);
    return contrast(white, background) >= contrast(dark, background) ? white : dark;
}

double contrast(const QColor& a, const QColor& b)
{
    const double la = luminance(a);
    const double lb = luminance(b);
    return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

QFont captionFont()
{
    return sizedFont(11);
}

QFont titleFont()
{
    QFont font = sizedFont(20);
    font.setWeight(QFont::DemiBold);
    return font;
}

QFont tabularFont()
{
    QFont font = sizedFont(13);
#if QT_VERSION >= QT_VERSION_CHECK(6, 7, 0)
    font.setFeature("tnum", 1);
#endif
    return font;
}

void setRole(QLabel* label, TextRole role)
{
    static constexpr std::array<const char*, 5> kNames{"title", "heading", "caption", "secondary", "current"};
    setSheetProperty(label, "role", QString::fromLatin1(kNames[std::size_t(role)]));
}

void setPrimary(QPushButton* button, bool primary)
{
    setSheetProperty(button, "primary", primary);
}

void setCard(QFrame* frame)
{
    setSheetProperty(frame, "card", true);
}

} // namespace lynceus::theme
