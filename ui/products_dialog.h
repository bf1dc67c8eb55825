// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/storage/product_store.h"
#include "ui/services.h"

#include <QtCore/QAbstractTableModel>
#include <QtWidgets/QDialog>

#include <vector>

class QLabel;
class QPushButton;
class QTableView;

namespace lynceus {

/// The products of the database by name, as a table.
class ProductTableModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Name, Model, Folder, Notes, ColumnCount };

    explicit ProductTableModel(const Services& services, QObject* parent = nullptr);

    void reload(); ///< throws Error(Storage)
    const ProductRecord& product(int row) const { return m_rows.at(std::size_t(row)).record; }
    int rowOf(qint64 productId) const; ///< -1: there is no such product

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    /// Writes any column into the store; false, and refused(), when it can't. Name and notes are typed in the table.
    bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

Q_SIGNALS:
    void refused(const QString& text);

private:
    struct Row
    {
        ProductRecord record;
        bool hasModel = false; ///< its file is there
        bool hasFolder = false;
    };
    static Row rowFrom(ProductRecord record);
    static QString display(const Row& row, int column);

    Services m_services;
    std::vector<Row> m_rows;
};

/// All products: rename, annotate, give another model or folder, open, delete. Deletes itself when it is closed.
class ProductsDialog : public QDialog
{
    Q_OBJECT

public:
    /// `current` is selected at first; 0: the first one.
    ProductsDialog(const Services& services, qint64 current, QWidget* parent = nullptr);

    ProductTableModel* model() const { return m_model; }

Q_SIGNALS:
    void changed(); ///< something is other in the database
    void openRequested(qint64 id);

private:
    QPushButton* add(const QString& name, const QString& text, const QString& toolTip);
    void setUpView();
    void showState();
    int currentRow() const;
    void openCurrent();
    void chooseModel();
    void chooseFolder();
    void askToDelete();
    void remove(qint64 id);

    Services m_services;
    ProductTableModel* m_model;
    QTableView* m_view;
    QLabel* m_note;
    QPushButton* m_open;
    QPushButton* m_chooseModel;
    QPushButton* m_chooseFolder;
    QPushButton* m_delete;
};

} // namespace lynceus
