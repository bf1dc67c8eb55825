// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/card.h"

#include "ui/theme.h"

#include <QtWidgets/QButtonGroup>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QScrollArea>
#include <QtWidgets/QSplitter>
#include <QtWidgets/QStackedWidget>
#include <QtWidgets/QToolButton>
#include <QtWidgets/QVBoxLayout>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QVBoxLayout* makeBody(QFrame* card)
{
    theme::setCard(card);
    auto* body = new QVBoxLayout(card);
    body->setContentsMargins(12, 12, 12, 12);
    body->setSpacing(8);
    return body;
}

} // namespace

Card::Card(const QString& heading, QWidget* parent)
    : QFrame(parent)
    , m_body(makeBody(this))
{
    auto* title = new QLabel(heading, this);
    theme::setRole(title, theme::TextRole::Heading);
    m_body->addWidget(title);
}

TabCard::TabCard(QWidget* parent)
    : QFrame(parent)
    , m_headings(new QHBoxLayout)
    , m_buttons(new QButtonGroup(this))
    , m_stack(new QStackedWidget(this))
{
    QVBoxLayout* body = makeBody(this);
    m_headings->setContentsMargins(0, 0, 0, 0);
    m_headings->setSpacing(12);
    m_headings->addStretch();
    body->addLayout(m_headings);
    body->addWidget(m_stack, 1);
    connect(m_buttons, &QButtonGroup::idClicked, m_stack, &QStackedWidget::setCurrentIndex);
}

void TabCard::addTab(const QString& heading, const QString& toolTip, QWidget* content)
{
    auto* button = new QToolButton(this);
    button->setText(heading);
    button->setToolTip(toolTip);
    button->setCheckable(true);
    button->setProperty("tab", true);
    m_buttons->addButton(button, m_stack->addWidget(content));
    m_headings->insertWidget(m_headings->count() - 1, button);
    button->setChecked(m_stack->count() == 1);
}

void TabCard::setCurrent(const QWidget* content)
{
    for (int i = 0; i < m_stack->count(); ++i) {
        if (m_stack->widget(i) == content)
            m_buttons->button(i)->click();
    }
}

QWidget* TabCard::current() const
{
    return m_stack->currentWidget();
}

QSplitter* gapSplitter(Qt::Orientation orientation, const QString& name)
{
    auto* splitter = new QSplitter(orientation);
    splitter->setObjectName(name);
    splitter->setProperty("gaps", true); // the gap between cards is the handle
    splitter->setHandleWidth(12);
    splitter->setChildrenCollapsible(false);
    return splitter;
}

QWidget* cardColumn(const std::vector<QWidget*>& widgets, const QWidget* growing)
{
    auto* column = new QWidget;
    column->setObjectName(u"scrollContent"_s);
    auto* layout = new QVBoxLayout(column);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(12);
    for (QWidget* widget : widgets)
        layout->addWidget(widget, widget == growing ? 1 : 0);
    auto* scroll = new QScrollArea;
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setWidgetResizable(true);
    scroll->setWidget(column);
    scroll->setMinimumWidth(column->minimumSizeHint().width());
    return scroll;
}

} // namespace lynceus
