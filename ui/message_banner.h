// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QDateTime>
#include <QtCore/QString>
#include <QtWidgets/QFrame>

#include <deque>

class QLabel;
class QPushButton;

namespace lynceus {

/// The one place of the window that shows errors, inside the window and without stopping the work: what went wrong,
/// what to do about it, "Copy details", close. Further messages wait their turn. Also says when something long went
/// well.
class MessageBanner : public QFrame
{
    Q_OBJECT

public:
    explicit MessageBanner(QWidget* parent = nullptr);

    void showError(const QString& message, const QString& remedy = {});
    void showNotice(const QString& message, const QString& detail = {});

    int waiting() const { return int(m_queue.size()); } ///< the one on screen included
    QString message() const;                            ///< the one on screen; empty when there is none

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    struct Message
    {
        bool isError = true;
        QString text;
        QString remedy;
        QDateTime time;
    };

    void add(Message message);
    void closeCurrent();
    void copyDetails() const;
    void showFront();

    std::deque<Message> m_queue;
    QLabel* m_icon;
    QLabel* m_text;
    QLabel* m_remedy;
    QLabel* m_count;
    QPushButton* m_copy;
    QPushButton* m_close;
};

} // namespace lynceus
