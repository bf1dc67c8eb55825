// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/stage_header.h"

#include "ui/theme.h"

#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>

namespace lynceus {

StageHeader::StageHeader(const QString& title, const QString& about, const QStringList& stages, QWidget* parent)
    : QWidget(parent)
{
    auto* titleLabel = new QLabel(title, this);
    theme::setRole(titleLabel, theme::TextRole::Title);
    auto* aboutLabel = new QLabel(about, this);
    theme::setRole(aboutLabel, theme::TextRole::Secondary);
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(12);
    layout->addWidget(titleLabel);
    layout->addWidget(aboutLabel, 0, Qt::AlignBottom);
    layout->addStretch();
    for (const QString& name : stages) {
        m_stages.push_back(new QLabel(name, this));
        layout->addWidget(m_stages.back(), 0, Qt::AlignBottom);
    }
    setCurrent(0);
}

void StageHeader::setCurrent(std::size_t stage)
{
    for (std::size_t i = 0; i < m_stages.size(); ++i)
        theme::setRole(m_stages[i], i == stage ? theme::TextRole::Current : theme::TextRole::Caption);
}

} // namespace lynceus
