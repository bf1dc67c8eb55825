// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/completion_notice.h"

#include "ui/icons.h"

#include <QtCore/QTimer>
#include <QtWidgets/QApplication>
#include <QtWidgets/QSystemTrayIcon>
#include <QtWidgets/QWidget>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kShownMs = 15'000;

} // namespace

CompletionNotice::CompletionNotice(QWidget* window)
    : QObject(window)
    , m_window(window)
{
}

void CompletionNotice::tell(const QString& title, const QString& text)
{
    if (m_window->isActiveWindow())
        return;
    QApplication::alert(m_window);
    if (!QSystemTrayIcon::isSystemTrayAvailable() || !QSystemTrayIcon::supportsMessages())
        return;
    if (!m_tray) {
        m_tray = new QSystemTrayIcon(programIcon(), this);
        m_tray->setToolTip(u"Lynceus"_s);
        connect(m_tray, &QSystemTrayIcon::messageClicked, m_window, [this] {
            m_window->raise();
            m_window->activateWindow();
        });
    }
    m_tray->show(); // messages need an icon to come from; it goes again with them
    m_tray->showMessage(title, text, programIcon(), kShownMs);
    QTimer::singleShot(kShownMs, m_tray, &QSystemTrayIcon::hide);
}

} // namespace lynceus
