// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/message_banner.h"

#include "ui/icons.h"

#include <QtCore/QCoreApplication>
#include <QtGui/QClipboard>
#include <QtGui/QGuiApplication>
#include <QtGui/QKeyEvent>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QStyle>
#include <QtWidgets/QVBoxLayout>

#include <algorithm>
#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

MessageBanner::MessageBanner(QWidget* parent)
    : QFrame(parent)
    , m_icon(new QLabel(this))
    , m_text(new QLabel(this))
    , m_remedy(new QLabel(this))
    , m_count(new QLabel(this))
    , m_copy(new QPushButton(themedIcon(u"copy"_s), tr("Copy details"), this))
    , m_close(new QPushButton(tr("Close"), this))
    , m_action(new QPushButton(this))
{
    setObjectName(u"messageBanner"_s);
    setAccessibleName(tr("Message"));
    theme::setRole(m_text, theme::TextRole::Heading);
    theme::setRole(m_remedy, theme::TextRole::Secondary);
    theme::setRole(m_count, theme::TextRole::Caption);
    for (QLabel* label : {m_text, m_remedy}) {
        // Messages quote file names and library texts: never to be read as markup.
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    }
    m_action->setObjectName(u"bannerAction"_s);
    m_action->setAccessibleName(tr("Do what is offered"));
    m_action->setToolTip(tr("Do what is offered (Alt+Y)"));
    theme::setPrimary(m_action);
    m_copy->setToolTip(tr("Copy the message, its remedy, the time and the program's version"));
    m_close->setToolTip(tr("Close this message (Esc)"));

    auto* texts = new QVBoxLayout;
    texts->setSpacing(2);
    texts->addWidget(m_text);
    texts->addWidget(m_remedy);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(12, 8, 8, 8);
    row->setSpacing(8);
    row->addWidget(m_icon, 0, Qt::AlignTop);
    row->addLayout(texts, 1);
    row->addWidget(m_count);
    for (QPushButton* button : {m_action, m_copy, m_close})
        row->addWidget(button);
    setTabOrder(m_action, m_copy);
    setTabOrder(m_copy, m_close);

    connect(m_action, &QPushButton::clicked, this, &MessageBanner::runAction);
    connect(m_copy, &QPushButton::clicked, this, &MessageBanner::copyDetails);
    connect(m_close, &QPushButton::clicked, this, &MessageBanner::closeCurrent);
    hide();
}

void MessageBanner::showError(const QString& message, const QString& remedy)
{
    add({u"error"_s, true, message, remedy, QDateTime::currentDateTime(), {}, {}});
}

void MessageBanner::showInformation(const QString& message, const QString& detail)
{
    add({u"info"_s, false, message, detail, QDateTime::currentDateTime(), {}, {}});
}

void MessageBanner::showNotice(const QString& message, const QString& detail)
{
    add({u"check"_s, false, message, detail, QDateTime::currentDateTime(), {}, {}});
}

void MessageBanner::showOffer(const QString& message, const QString& detail, const QString& text,
                              std::function<void()> run)
{
    add({u"info"_s, false, message, detail, QDateTime::currentDateTime(), text, std::move(run)});
}

void MessageBanner::withdraw(const QString& message)
{
    m_queue.erase(
        std::remove_if(m_queue.begin(), m_queue.end(), [&](const Message& one) { return one.text == message; }),
        m_queue.end());
    showFront();
}

QString MessageBanner::message() const
{
    return m_queue.empty() ? QString() : m_queue.front().text;
}

void MessageBanner::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape)
        closeCurrent();
    else
        QFrame::keyPressEvent(event);
}

void MessageBanner::add(Message message)
{
    // The same trouble told by two parties, or again and again, is one message.
    const bool known = std::any_of(m_queue.begin(), m_queue.end(), [&](const Message& other) {
        return other.text == message.text && other.remedy == message.remedy;
    });
    if (known)
        return;
    auto place = m_queue.end();
    if (message.action)
        place = m_queue.begin();
    else if (message.isError)
        place = std::find_if(m_queue.begin(), m_queue.end(), [](const Message& other) { return !other.isError; });
    m_queue.insert(place, std::move(message));
    showFront();
}

void MessageBanner::closeCurrent()
{
    if (!m_queue.empty())
        m_queue.pop_front();
    showFront();
}

void MessageBanner::runAction()
{
    if (m_queue.empty())
        return;
    const std::function<void()> action = m_queue.front().action;
    closeCurrent();
    if (action)
        action();
}

void MessageBanner::copyDetails() const
{
    if (m_queue.empty())
        return;
    const Message& front = m_queue.front();
    QStringList lines{front.text};
    if (!front.remedy.isEmpty())
        lines << front.remedy;
    lines << front.time.toString(Qt::ISODate)
          << u"Lynceus %1, Qt %2"_s.arg(QCoreApplication::applicationVersion(), QString::fromLatin1(qVersion()));
    QGuiApplication::clipboard()->setText(lines.join(u'\n'));
}

void MessageBanner::showFront()
{
    setVisible(!m_queue.empty());
    if (m_queue.empty())
        return;
    const Message& front = m_queue.front();
    const auto token = front.isError ? theme::Token::Ng : theme::Token::Ok;
    m_icon->setPixmap(themedIcon(front.icon, token).pixmap(QSize(20, 20), devicePixelRatio()));
    m_text->setText(front.text);
    m_remedy->setText(front.remedy);
    m_remedy->setVisible(!front.remedy.isEmpty());
    m_copy->setVisible(front.isError);
    m_action->setText(front.actionText);
    m_action->setAccessibleName(front.actionText);
    m_action->setShortcut(QKeySequence(Qt::ALT | Qt::Key_Y)); // a new text would take it away
    m_action->setVisible(bool(front.action));
    const int more = int(m_queue.size()) - 1;
    m_count->setText(tr("%n more", nullptr, more));
    m_count->setVisible(more > 0);
    m_close->setText(more > 0 ? tr("Next") : tr("Close"));
    setProperty("error", front.isError);
    style()->unpolish(this);
    style()->polish(this);
}

} // namespace lynceus
