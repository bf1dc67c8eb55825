// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/start_hint.h"

#include "ui/icons.h"
#include "ui/theme.h"

#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QVBoxLayout>

namespace lynceus {

using namespace Qt::StringLiterals;

StartHint::StartHint(QWidget* parent)
    : QWidget(parent)
    , m_reason(new QLabel(this))
{
    auto* title = new QLabel(tr("Open images to inspect"), this);
    theme::setRole(title, theme::TextRole::Title);
    title->setAlignment(Qt::AlignCenter);
    m_reason->setAlignment(Qt::AlignCenter);
    m_reason->setWordWrap(true);
    theme::setRole(m_reason, theme::TextRole::Secondary);
    auto* open = new QPushButton(themedIcon(u"folder"_s, theme::Token::AccentText), tr("Open a folder…"), this);
    open->setToolTip(tr("Choose a folder of images (Ctrl+O)"));
    theme::setPrimary(open);
    auto* demo = new QPushButton(themedIcon(u"play"_s), tr("Try the demo product"), this);
    demo->setToolTip(tr("Opens a machined part with simulated defects and a model trained for it"));

    auto* buttons = new QHBoxLayout;
    buttons->addStretch();
    buttons->addWidget(open);
    buttons->addWidget(demo);
    buttons->addStretch();
    auto* layout = new QVBoxLayout(this);
    layout->setSpacing(12);
    layout->addStretch(2);
    layout->addWidget(title);
    layout->addWidget(m_reason);
    layout->addSpacing(4);
    layout->addLayout(buttons);
    layout->addStretch(3);
    setReason({});
    connect(open, &QPushButton::clicked, this, &StartHint::folderRequested);
    connect(demo, &QPushButton::clicked, this, &StartHint::demoRequested);
}

void StartHint::setReason(const QString& reason)
{
    m_reason->setText(reason.isEmpty() ? tr("Folders, images and model files can also be dropped here.") : reason);
}

} // namespace lynceus
