// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/icons.h"
#include "ui/theme.h"

#include <QtCore/QDir>
#include <QtCore/QTemporaryDir>
#include <QtGui/QPainter>
#include <QtSvg/QSvgRenderer>
#include <QtTest/QTest>
#include <QtWidgets/QApplication>
#include <QtWidgets/QLabel>

using namespace lynceus;
using namespace Qt::StringLiterals;
using theme::Scheme;
using theme::Token;

namespace {

/// Counts what a widget that draws with tokens relies on.
class PaletteWatcher : public QWidget
{
public:
    int changes = 0;

protected:
    void changeEvent(QEvent* event) override
    {
        if (event->type() == QEvent::PaletteChange)
            ++changes;
        QWidget::changeEvent(event);
    }
};

/// The most saturated or darkest colour of an icon is its stroke; here simply the most frequent opaque one.
QColor strokeColor(const QIcon& icon, QIcon::Mode mode, QIcon::State state)
{
    const QImage image = icon.pixmap(QSize(48, 48), mode, state).toImage().convertToFormat(QImage::Format_ARGB32);
    QHash<QRgb, int> counts;
    for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x) {
            if (qAlpha(image.pixel(x, y)) == 255)
                ++counts[image.pixel(x, y)];
        }
    }
    QRgb best = 0;
    for (auto entry = counts.cbegin(); entry != counts.cend(); ++entry) {
        if (entry.value() > counts.value(best, 0))
            best = entry.key();
    }
    return QColor::fromRgb(best);
}

} // namespace

class TestTheme : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void textReads_data();
    void textReads();
    void switchChangesPalette();
    void verdictsDiffer();
    void textOnPicksTheReadableColour();
    void sheetKnowsEveryName();
    void everyIconDraws_data();
    void everyIconDraws();
    void iconFollowsTheme();

private:
    QTemporaryDir m_folder;
    std::unique_ptr<Settings> m_settings;
};

void TestTheme::initTestCase()
{
    QVERIFY(m_folder.isValid());
    m_settings = std::make_unique<Settings>(m_folder.filePath(u"größe.ini"_s));
    m_settings->setTheme(Settings::Theme::Light);
    theme::install(*m_settings);
}

void TestTheme::textReads_data()
{
    QTest::addColumn<Scheme>("scheme");
    QTest::addColumn<Token>("text");
    QTest::addColumn<Token>("background");
    const std::pair<Token, const char*> texts[] = {{Token::Text, "text"},     {Token::Secondary, "secondary"},
                                                   {Token::Accent, "accent"}, {Token::Ok, "ok"},
                                                   {Token::Ng, "ng"},         {Token::Review, "review"}};
    const std::pair<Token, const char*> backgrounds[] = {
        {Token::Window, "window"}, {Token::Panel, "panel"}, {Token::Raised, "raised"}, {Token::Selection, "selection"}};
    for (const Scheme scheme : {Scheme::Light, Scheme::Dark}) {
        const char* schemeName = scheme == Scheme::Light ? "light" : "dark";
        for (const auto& [text, textName] : texts) {
            for (const auto& [background, backgroundName] : backgrounds)
                QTest::addRow("%s: %s on %s", schemeName, textName, backgroundName) << scheme << text << background;
        }
        QTest::addRow("%s: accentText on accent", schemeName) << scheme << Token::AccentText << Token::Accent;
    }
}

void TestTheme::textReads()
{
    QFETCH(Scheme, scheme);
    QFETCH(Token, text);
    QFETCH(Token, background);
    const double contrast = theme::contrast(theme::color(text, scheme), theme::color(background, scheme));
    QVERIFY2(contrast >= 4.5, qPrintable(QString::number(contrast)));
}

void TestTheme::switchChangesPalette()
{
    m_settings->setTheme(Settings::Theme::Light);
    PaletteWatcher widget;
    widget.show();
    QCOMPARE(QApplication::palette().color(QPalette::Window), QColor(0xF4, 0xF5, 0xF7));
    const int before = widget.changes;

    m_settings->setTheme(Settings::Theme::Dark);
    QCOMPARE(theme::scheme(), Scheme::Dark);
    QCOMPARE(QApplication::palette().color(QPalette::Window), QColor(0x16, 0x18, 0x1C));
    QCOMPARE(widget.palette().color(QPalette::Window), theme::color(Token::Window));
    QVERIFY(widget.changes > before);
    QVERIFY(qApp->styleSheet().contains(theme::color(Token::Accent, Scheme::Dark).name()));
    QVERIFY(!qApp->styleSheet().contains(theme::color(Token::Accent, Scheme::Light).name()));

    m_settings->setTheme(Settings::Theme::Light);
    QCOMPARE(theme::scheme(), Scheme::Light);
}

void TestTheme::verdictsDiffer()
{
    const QColor ok = theme::verdictColor(Verdict::Ok);
    const QColor review = theme::verdictColor(Verdict::Review);
    const QColor ng = theme::verdictColor(Verdict::Ng);
    QVERIFY(ok != ng && ok != review && review != ng);
    QCOMPARE(ng, theme::color(Token::Ng));
}

void TestTheme::textOnPicksTheReadableColour()
{
    QCOMPARE(theme::contrast(Qt::white, Qt::black), 21.0);
    QCOMPARE(theme::contrast(Qt::black, Qt::white), 21.0);
    for (const QColor& background : {QColor(Qt::white), QColor(Qt::black), theme::color(Token::Ok, Scheme::Light),
                                     theme::color(Token::Ng, Scheme::Dark), theme::color(Token::Review, Scheme::Dark)})
        QVERIFY(theme::contrast(theme::textOn(background), background) >= 4.5);
}

void TestTheme::sheetKnowsEveryName()
{
    // A name that theme.cpp does not know would stay in the sheet and break it.
    const QString sheet = qApp->styleSheet();
    QVERIFY(sheet.size() > 1000);
    QVERIFY2(!sheet.section(u"*/"_s, 1).contains(u'@'), qPrintable(sheet.section(u'@', 2, 2).left(40)));
}

void TestTheme::everyIconDraws_data()
{
    QTest::addColumn<QString>("name");
    for (const QFileInfo& file : QDir(u":/icons"_s).entryInfoList())
        QTest::newRow(qPrintable(file.fileName())) << file.completeBaseName();
}

void TestTheme::everyIconDraws()
{
    QFETCH(QString, name);
    QFile file(u":/icons/%1.svg"_s.arg(name));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray svg = QByteArray(file.readAll()).replace("currentColor", "#000000");
    QVERIFY(QSvgRenderer(svg).isValid());
    const QImage image = themedIcon(name).pixmap(QSize(24, 24)).toImage();
    bool drawn = false;
    for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x)
            drawn = drawn || qAlpha(image.pixel(x, y)) > 128;
    }
    QVERIFY(drawn);
}

void TestTheme::iconFollowsTheme()
{
    const QIcon icon = themedIcon(u"layout"_s);
    theme::apply(Scheme::Light);
    QCOMPARE(strokeColor(icon, QIcon::Normal, QIcon::Off), theme::color(Token::Secondary, Scheme::Light));
    QCOMPARE(strokeColor(icon, QIcon::Normal, QIcon::On), theme::color(Token::Accent, Scheme::Light));
    QCOMPARE(strokeColor(icon, QIcon::Disabled, QIcon::Off), theme::color(Token::Disabled, Scheme::Light));
    theme::apply(Scheme::Dark);
    QCOMPARE(strokeColor(icon, QIcon::Normal, QIcon::Off), theme::color(Token::Secondary, Scheme::Dark));
    theme::apply(Scheme::Light);
}

QTEST_MAIN(TestTheme)
#include "tst_theme.moc"
