// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/navigation_rail.h"

#include "ui/icons.h"

#include <QtWidgets/QButtonGroup>
#include <QtWidgets/QToolButton>
#include <QtWidgets/QVBoxLayout>

namespace lynceus {

using namespace Qt::StringLiterals;

NavigationRail::NavigationRail(QWidget* parent)
    : QFrame(parent)
    , m_buttons(new QButtonGroup(this))
    , m_layout(new QVBoxLayout(this))
{
    setObjectName(u"navigationRail"_s);
    setAccessibleName(tr("Pages"));
    setFixedWidth(72);
    m_layout->setContentsMargins(0, 8, 0, 8);
    m_layout->setSpacing(2);
    m_layout->addStretch();
    connect(m_buttons, &QButtonGroup::idClicked, this, &NavigationRail::pageChosen);
}

void NavigationRail::addPage(const QString& title, const QString& iconName, const QString& toolTip)
{
    auto* button = new QToolButton(this);
    button->setText(title);
    button->setIcon(themedIcon(iconName));
    button->setIconSize({24, 24});
    button->setToolButtonStyle(Qt::ToolButtonTextUnderIcon);
    button->setCheckable(true);
    button->setFixedSize(71, 56);
    button->setToolTip(toolTip);
    button->setAccessibleName(title);
    button->setFocusPolicy(Qt::TabFocus);
    const int index = int(m_buttons->buttons().size());
    m_buttons->addButton(button, index);
    m_layout->insertWidget(index, button);
}

void NavigationRail::setCurrent(int index)
{
    if (auto* button = m_buttons->button(index))
        button->setChecked(true);
}

int NavigationRail::current() const
{
    return m_buttons->checkedId();
}

} // namespace lynceus
