// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "ui/product_name_dialog.h"

#include "ui/theme.h"

#include <QtCore/QFileInfo>
#include <QtWidgets/QComboBox>
#include <QtWidgets/QDialogButtonBox>
#include <QtWidgets/QFormLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QVBoxLayout>

#include <algorithm>
#include <utility>

namespace lynceus {

using namespace Qt::StringLiterals;

ProductNameDialog::ProductNameDialog(const QString& title, const QString& question, std::vector<ProductRecord> products,
                                     bool takesExisting, QWidget* parent)
    : QDialog(parent)
    , m_products(std::move(products))
    , m_takesExisting(takesExisting)
    , m_note(new QLabel(this))
{
    setObjectName(u"productNameDialog"_s);
    setWindowTitle(title);
    setAttribute(Qt::WA_DeleteOnClose);
    auto* text = new QLabel(question, this);
    auto* form = new QFormLayout;
    QWidget* field = nullptr;
    if (takesExisting) {
        auto* choice = new QComboBox(this);
        choice->setEditable(true);
        choice->setCompleter(nullptr); // it would turn a new name into one that exists
        choice->setInsertPolicy(QComboBox::NoInsert);
        for (const ProductRecord& product : m_products)
            choice->addItem(product.name);
        m_name = choice->lineEdit();
        field = choice;
    } else {
        field = m_name = new QLineEdit(this);
    }
    field->setAccessibleName(tr("Name of the product"));
    field->setToolTip(takesExisting ? tr("The name of a new product, or one from the list (Alt+N)")
                                    : tr("The name of the product (Alt+N)"));
    m_name->setObjectName(u"productName"_s);
    form->addRow(tr("&Name"), field);
    for (QLabel* label : {text, m_note}) {
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
        theme::setRole(label, theme::TextRole::Secondary);
    }
    m_note->setObjectName(u"productNote"_s);
    m_note->setMinimumHeight(m_note->fontMetrics().lineSpacing() * 2); // the window must not jump while one types
    m_note->setAlignment(Qt::AlignLeft | Qt::AlignTop);

    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    m_accept = buttons->addButton(takesExisting ? tr("Use") : tr("Save"), QDialogButtonBox::AcceptRole);
    m_accept->setObjectName(u"acceptButton"_s);
    theme::setPrimary(m_accept);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(24, 24, 24, 16);
    layout->setSpacing(16);
    layout->addWidget(text);
    layout->addLayout(form);
    layout->addWidget(m_note);
    layout->addWidget(buttons);
    setMinimumWidth(440);

    connect(m_name, &QLineEdit::textChanged, this, &ProductNameDialog::follow);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    field->setFocus();
    follow();
}

void ProductNameDialog::setName(const QString& name)
{
    m_name->setText(name);
    m_name->selectAll();
}

QString ProductNameDialog::name() const
{
    return m_name->text().trimmed();
}

std::optional<ProductRecord> ProductNameDialog::existing() const
{
    const auto found = std::find_if(m_products.begin(), m_products.end(),
                                    [name = name()](const ProductRecord& product) { return product.name == name; });
    return found == m_products.end() ? std::nullopt : std::optional(*found);
}

void ProductNameDialog::follow()
{
    const auto product = existing();
    const bool refused = name().isEmpty() || (product && !m_takesExisting);
    m_accept->setEnabled(!refused);
    if (name().isEmpty())
        m_note->setText(tr("A product needs a name."));
    else if (refused)
        m_note->setText(tr("There is a product called “%1” already. Choose another name.").arg(name()));
    else if (!product)
        m_note->setText(tr("A new product."));
    else if (product->modelPath.isEmpty())
        m_note->setText(tr("“%1” gets its first model; its folder stays.").arg(name()));
    else
        m_note->setText(tr("“%1” uses it in place of %2, whose file stays. Its folder stays, too.")
                            .arg(name(), QFileInfo(product->modelPath).completeBaseName()));
}

} // namespace lynceus
