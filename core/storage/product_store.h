// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QString>

#include <optional>
#include <vector>

namespace lynceus {

class Database;

/// What an engineer sets up once for a part: a row of `products`.
struct ProductRecord
{
    qint64 id = 0;
    QString name;      ///< unique, not empty
    QString folder;    ///< where its images are
    QString modelPath; ///< model in use; empty until trained
    QString notes;
};

/// Products and the models made for them. Stateless; any thread.
class ProductStore
{
public:
    explicit ProductStore(const Database& database)
        : m_database(database)
    {
    }

    qint64 add(const ProductRecord& record);
    void update(const ProductRecord& record);
    void remove(qint64 id);
    std::vector<ProductRecord> list() const; ///< by name
    std::optional<ProductRecord> find(qint64 id) const;
    std::optional<ProductRecord> findByName(const QString& name) const;

private:
    const Database& m_database;
};

} // namespace lynceus
