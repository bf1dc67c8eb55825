// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/import_weights_dialog.h"

#include "ui/theme.h"

#include <QtCore/QFileInfo>
#include <QtWidgets/QDialogButtonBox>
#include <QtWidgets/QFileDialog>
#include <QtWidgets/QFormLayout>
#include <QtWidgets/QHBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QVBoxLayout>

namespace lynceus {

ImportWeightsDialog::ImportWeightsDialog(QWidget* parent)
    : QDialog(parent)
    , m_file(new QLineEdit(this))
    , m_id(new QLineEdit(this))
    , m_licence(new QLineEdit(this))
    , m_origin(new QLineEdit(this))
{
    setWindowTitle(tr("Import weights"));
    setAttribute(Qt::WA_DeleteOnClose);
    auto* text =
        new QLabel(tr("ResNet-18 weights with torchvision's names, as a safetensors file. They are checked and "
                      "copied; training can then start from them."),
                   this);
    text->setWordWrap(true);
    theme::setRole(text, theme::TextRole::Secondary);

    auto* choose = new QPushButton(tr("Choose…"), this);
    auto* fileRow = new QHBoxLayout;
    fileRow->addWidget(m_file, 1);
    fileRow->addWidget(choose);
    m_id->setPlaceholderText(tr("resnet18-imagenet"));
    m_licence->setPlaceholderText(tr("BSD-3-Clause"));
    m_origin->setPlaceholderText(tr("who published it, and where"));

    auto* form = new QFormLayout;
    form->addRow(tr("&File"), fileRow);
    form->addRow(tr("&Name"), m_id);
    form->addRow(tr("&Licence"), m_licence);
    form->addRow(tr("&Origin"), m_origin);
    m_file->setAccessibleName(tr("File"));

    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    m_import = buttons->addButton(tr("Import"), QDialogButtonBox::AcceptRole);
    theme::setPrimary(m_import);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(24, 24, 24, 16);
    layout->setSpacing(16);
    layout->addWidget(text);
    layout->addLayout(form);
    layout->addWidget(buttons);
    setMinimumWidth(520);

    connect(choose, &QPushButton::clicked, this, &ImportWeightsDialog::chooseFile);
    for (QLineEdit* edit : {m_file, m_id})
        connect(edit, &QLineEdit::textChanged, this, &ImportWeightsDialog::follow);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    follow();
}

QString ImportWeightsDialog::file() const
{
    return m_file->text();
}

QString ImportWeightsDialog::id() const
{
    return m_id->text().trimmed();
}

QString ImportWeightsDialog::licence() const
{
    return m_licence->text().trimmed();
}

QString ImportWeightsDialog::origin() const
{
    return m_origin->text().trimmed();
}

void ImportWeightsDialog::chooseFile()
{
    const QString file =
        QFileDialog::getOpenFileName(this, tr("Choose a weights file"), m_file->text(), tr("Weights (*.safetensors)"));
    if (file.isEmpty())
        return;
    m_file->setText(file);
    if (m_id->text().isEmpty())
        m_id->setText(QFileInfo(file).completeBaseName());
}

void ImportWeightsDialog::follow()
{
    m_import->setEnabled(!file().isEmpty() && !id().isEmpty());
}

} // namespace lynceus
