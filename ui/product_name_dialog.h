// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/storage/product_store.h"

#include <QtWidgets/QDialog>

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;

namespace lynceus {

/// Asks for a product by its name: a new one or, where that is allowed, one that exists. Says at once what a name
/// means, and takes none that can't be. Deletes itself when it is closed.
class ProductNameDialog : public QDialog
{
    Q_OBJECT

public:
    ProductNameDialog(const QString& title, const QString& question, std::vector<ProductRecord> products,
                      bool takesExisting, QWidget* parent = nullptr);

    void setName(const QString& name);
    QString name() const;                          ///< without spaces around it
    std::optional<ProductRecord> existing() const; ///< the product that has this name

private:
    void follow();

    std::vector<ProductRecord> m_products;
    bool m_takesExisting;
    QLineEdit* m_name;
    QLabel* m_note;
    QPushButton* m_accept;
};

} // namespace lynceus
