// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/app_context.h"
#include "core/base/error.h"
#include "core/base/settings.h"
#include "core/base/version.h"
#include "core/nn/device.h"
#include "core/storage/database.h"
#include "core/weights/model_store.h"
#include "ui/main_window.h"
#include "ui/theme.h"

#include <QtCore/QCommandLineParser>
#include <QtCore/QDir>
#include <QtCore/QFileInfo>
#include <QtCore/QTemporaryDir>
#include <QtCore/QTimer>
#include <QtGui/QPixmap>
#include <QtWidgets/QApplication>
#include <QtWidgets/QMessageBox>

#include <cstdio>
#include <memory>
#include <optional>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

constexpr int kScreenshotTimeoutMs = 180'000;
constexpr int kPollMs = 100;
/// So many polls in a row must find the window idle: a job's end may start the next one.
constexpr int kCalmPolls = 10;

struct Arguments
{
    QString dataHome;
    QString screenshotPage; ///< empty: no screenshot
    QString screenshotFile;
    Settings::Theme theme = Settings::Theme::Light; ///< of a screenshot
    QSize size{1280, 800};                          ///< of a screenshot
    bool exitAfterStartup = false;
    QStringList paths; ///< folders, images and models to open
};

Error usageError(const QString& message)
{
    return Error(ErrorKind::Input, message, QCoreApplication::translate("app", "See lynceus --help."));
}

QSize parseSize(const QString& text)
{
    const QStringList parts = text.split(u'x');
    const QSize size = parts.size() == 2 ? QSize(parts[0].toInt(), parts[1].toInt()) : QSize();
    if (size.width() < 640 || size.height() < 480 || size.width() > 8000 || size.height() > 8000)
        throw usageError(QCoreApplication::translate("app", "\"%1\" is no window size like 1280x800.").arg(text));
    return size;
}

Settings::Theme parseTheme(const QString& text)
{
    if (text == u"dark")
        return Settings::Theme::Dark;
    if (text == u"light")
        return Settings::Theme::Light;
    throw usageError(QCoreApplication::translate("app", "The theme \"%1\" is neither light nor dark.").arg(text));
}

Arguments parseArguments(const QApplication& application)
{
    const auto tr = [](const char* text) { return QCoreApplication::translate("app", text); };
    QCommandLineParser parser;
    parser.setApplicationDescription(tr("Visual inspection for industry."));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption dataHome(u"data-home"_s, tr("Keep database, settings and models in FOLDER."), u"FOLDER"_s);
    const QCommandLineOption screenshot(
        u"screenshot"_s, tr("Open PAGE (inspect, train, settings) on demo data, write FILE as PNG, exit."),
        u"PAGE FILE"_s);
    const QCommandLineOption theme(u"theme"_s, tr("Theme of the screenshot: light or dark."), u"THEME"_s, u"light"_s);
    const QCommandLineOption size(u"size"_s, tr("Size of the screenshot, like 1280x800."), u"SIZE"_s, u"1280x800"_s);
    const QCommandLineOption exitAfterStartup(u"exit-after-startup"_s, tr("Show the window, then exit."));
    parser.addOptions({dataHome, screenshot, theme, size, exitAfterStartup});
    parser.addPositionalArgument(u"path"_s, tr("A folder, images or a model to open."), u"[path...]"_s);
    parser.process(application);

    Arguments arguments;
    arguments.dataHome = parser.value(dataHome);
    arguments.theme = parseTheme(parser.value(theme));
    arguments.size = parseSize(parser.value(size));
    arguments.exitAfterStartup = parser.isSet(exitAfterStartup);
    arguments.paths = parser.positionalArguments();
    if (parser.isSet(screenshot)) {
        // The option takes the page; the file is the first positional argument.
        arguments.screenshotPage = parser.value(screenshot);
        if (arguments.paths.size() != 1)
            throw usageError(tr("--screenshot needs a page and a file."));
        arguments.screenshotFile = arguments.paths.takeFirst();
    }
    return arguments;
}

void openPaths(MainWindow& window, const QStringList& paths)
{
    QStringList images;
    for (const QString& path : paths) {
        if (QFileInfo(path).isDir())
            window.openFolder(path);
        else if (path.endsWith(u".safetensors"_s, Qt::CaseInsensitive))
            window.openModel(path);
        else
            images << path;
    }
    if (!images.isEmpty())
        window.openImages(images);
}

/// What was open last time; the demo product when nothing was.
void openLast(MainWindow& window, const Settings& settings)
{
    if (window.openLastProduct())
        return;
    const QStringList folders = settings.recentFolders();
    if (folders.isEmpty() || !QFileInfo(folders.first()).isDir()) {
        window.openDemoProduct();
        return;
    }
    if (QFileInfo::exists(settings.lastModel()))
        window.openModel(settings.lastModel());
    window.openFolder(folders.first());
}

void reportFatal(const Error& error, bool withBox)
{
    std::fprintf(stderr, "lynceus: %s\n", qPrintable(error.text()));
    if (withBox)
        QMessageBox::critical(nullptr, u"Lynceus"_s, error.text());
}

/// Waits until the window has been calm for a while, writes the picture and ends the program with 0, or with 1 when
/// that takes too long or the file cannot be written.
void takeScreenshot(MainWindow& window, const QString& file)
{
    auto* poll = new QTimer(&window);
    QObject::connect(poll, &QTimer::timeout, &window, [&window, file, calm = 0, polls = 0]() mutable {
        calm = window.isIdle() ? calm + 1 : 0;
        const bool late = ++polls * kPollMs > kScreenshotTimeoutMs;
        if (calm < kCalmPolls && !late)
            return;
        const bool saved = window.grab().save(file, "PNG");
        if (!saved)
            std::fprintf(stderr, "lynceus: cannot write %s\n", qPrintable(file));
        if (late)
            std::fprintf(stderr, "lynceus: the page did not come to rest in time\n");
        QCoreApplication::exit(saved && !late ? 0 : 1);
    });
    poll->start(kPollMs);
}

int run(QApplication& application, const Arguments& arguments)
{
    const bool screenshot = !arguments.screenshotPage.isEmpty();
    // A screenshot starts from nothing and leaves nothing, whatever the user's own settings are.
    std::optional<QTemporaryDir> throwAway;
    QString dataHome = arguments.dataHome;
    if (screenshot && dataHome.isEmpty())
        dataHome = throwAway.emplace().path();

    AppContext context(dataHome);
    setThreads(context.settings().threads());
    if (screenshot)
        context.settings().setTheme(arguments.theme);
    theme::install(context.settings());

    MainWindow window({context.settings(), context.database(), context.modelStore(), context.jobs(),
                       context.modelFolder(), context.cacheFolder()});
    if (screenshot) {
        if (!window.showPage(arguments.screenshotPage)) {
            throw usageError(QCoreApplication::translate("app", "There is no page \"%1\"; pages: %2.")
                                 .arg(arguments.screenshotPage, window.pageIds().join(u", "_s)));
        }
        window.resize(arguments.size);
        window.openDemoProduct();
        takeScreenshot(window, arguments.screenshotFile);
    } else if (!arguments.paths.isEmpty()) {
        openPaths(window, arguments.paths);
    } else {
        openLast(window, context.settings());
    }
    window.show();
    if (arguments.exitAfterStartup)
        QTimer::singleShot(0, &window, [] { QCoreApplication::exit(0); });
    return application.exec();
}

} // namespace

int main(int argc, char** argv)
{
    prepareProcess(argv);
    QApplication application(argc, argv);
    QCoreApplication::setApplicationName(u"Lynceus"_s);
    QCoreApplication::setOrganizationName(u"Lynceus"_s);
    QCoreApplication::setApplicationVersion(programVersion());
    bool interactive = true;
    try {
        const Arguments arguments = parseArguments(application);
        interactive = arguments.screenshotPage.isEmpty() && !arguments.exitAfterStartup;
        return run(application, arguments);
    } catch (const Error& error) {
        reportFatal(error, interactive && error.kind() != ErrorKind::Input);
    } catch (...) {
        reportFatal(currentError(QCoreApplication::translate("app", "starting Lynceus")), interactive);
    }
    return 1;
}
