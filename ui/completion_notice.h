// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QObject>
#include <QtCore/QString>

class QSystemTrayIcon;
class QWidget;

namespace lynceus {

/// Tells somebody who looks elsewhere that something long is over: the window asks for attention in the task bar, and
/// the desktop shows a message where it has a place for it. Does nothing while the window is in front.
class CompletionNotice : public QObject
{
    Q_OBJECT

public:
    explicit CompletionNotice(QWidget* window);

    void tell(const QString& title, const QString& text);

private:
    QWidget* m_window;
    QSystemTrayIcon* m_tray = nullptr; ///< made when it is first needed
};

} // namespace lynceus
