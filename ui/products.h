// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/storage/product_store.h"
#include "ui/services.h"

#include <QtCore/QObject>

#include <functional>
#include <optional>

class QWidget;

namespace lynceus {

/// The product that is open, and what can be done with products: open, make, update, close and edit them, and give them
/// the models of trainings. Asks over the window and speaks to it in signals. Reads and writes single rows, on the UI
/// thread.
class Products : public QObject
{
    Q_OBJECT

public:
    /// `window` is the parent of dialogs.
    Products(const Services& services, QWidget* window);

    /// By name; nothing, and errorOccurred(), when they can't be read.
    std::optional<std::vector<ProductRecord>> list();
    const std::optional<ProductRecord>& current() const { return m_current; }
    bool isChanged() const;   ///< another folder or model is open than the product's, or single images
    bool isOpen() const;      ///< folder and model of the product are what is open
    QString title() const;    ///< its name, with a mark when it is changed; empty: no product is open
    QString describe() const; ///< what belongs to it, and what is open instead
    bool canSave() const { return !m_folder.isEmpty() && m_wholeFolder; }
    bool canUpdate() const; ///< what is open differs, and a product can have it

    /// A product whose folder is missing is not opened, one whose model is missing is opened without.
    void open(qint64 id);
    bool openLast(); ///< the one that was open when the program ended; false: none was
    void close();    ///< folder and model stay open
    /// A training's model becomes that of the product of its folder. Asks when it is not clear which one that is, and
    /// before a model with its threshold is replaced.
    void useModel(const QString& modelFile, const QString& folder);
    void saveAs(); ///< what is open becomes a new product
    void update(); ///< what is open becomes the product's
    void edit();   ///< the table of all products

    // What the window shows.
    void setFolder(const QString& folder, bool isWhole); ///< not whole: single images of it
    void setModel(const QString& modelFile);

Q_SIGNALS:
    void openRequested(const QString& folder, const QString& modelFile); ///< no model: the one in use goes
    void changed();
    void noticed(const QString& message, const QString& detail);
    void undoOffered(const QString& message, const QString& detail, const std::function<void()>& undo);
    void errorOccurred(const QString& message, const QString& remedy);

private:
    bool replace(const ProductRecord& before, const ProductRecord& after, const QString& message,
                 const QString& detail);
    void undo(const ProductRecord& before, const ProductRecord& after);
    void take(const ProductRecord& product, const QString& modelFile);
    void give(const ProductRecord& product, const QString& modelFile, const QString& detail);
    void makeWithModel(const QString& name, const QString& modelFile, const QString& folder);
    void setCurrent(std::optional<ProductRecord> product);
    void reload();

    Services m_services;
    QWidget* m_window;
    std::optional<ProductRecord> m_current;
    QString m_folder;
    bool m_wholeFolder = false;
    QString m_model;
    bool m_folderComes = false; ///< of the product that was opened
    bool m_modelComes = false;
};

} // namespace lynceus
