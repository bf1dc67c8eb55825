// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QDateTime>
#include <QtCore/QString>
#include <QtWidgets/QFrame>

#include <deque>
#include <functional>

class QLabel;
class QPushButton;

namespace lynceus {

/// The one place of the window that shows errors, inside the window and without stopping the work: what went wrong,
/// what to do about it, "Copy details", close. Further messages wait their turn, errors before others. Also says when
/// something long went well, and offers what can be taken up again.
class MessageBanner : public QFrame
{
    Q_OBJECT

public:
    explicit MessageBanner(QWidget* parent = nullptr);

    void showError(const QString& message, const QString& remedy = {});
    void showInformation(const QString& message, const QString& detail = {}); ///< neither trouble nor success
    void showNotice(const QString& message, const QString& detail = {});
    /// A notice with a button that does what it offers; `text` is its label. It is about what was done just now, so it
    /// does not wait.
    void showOffer(const QString& message, const QString& detail, const QString& text, std::function<void()> run);

    /// Takes a message away that is no longer so.
    void withdraw(const QString& message);

    int waiting() const { return int(m_queue.size()); } ///< the one on screen included
    QString message() const;                            ///< the one on screen; empty when there is none

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    struct Message
    {
        QString icon;
        bool isError = true;
        QString text;
        QString remedy;
        QDateTime time;
        QString actionText;
        std::function<void()> action; ///< none: it is there to be read
    };

    void add(Message message);
    void closeCurrent();
    void runAction();
    void copyDetails() const;
    void showFront();

    std::deque<Message> m_queue;
    QLabel* m_icon;
    QLabel* m_text;
    QLabel* m_remedy;
    QLabel* m_count;
    QPushButton* m_copy;
    QPushButton* m_close;
    QPushButton* m_action;
};

} // namespace lynceus
