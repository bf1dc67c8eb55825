// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/storage/product_store.h"

#include "core/base/error.h"
#include "core/storage/database.h"
#include "core/storage/sql_values.h"

#include <QtCore/QCoreApplication>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

std::vector<ProductRecord> read(QSqlQuery query)
{
    std::vector<ProductRecord> records;
    while (query.next())
        records.push_back({query.value(0).toLongLong(), query.value(1).toString(), query.value(2).toString(),
                           query.value(3).toString(), query.value(4).toString()});
    return records;
}

std::optional<ProductRecord> first(QSqlQuery query)
{
    const auto records = read(std::move(query));
    return records.empty() ? std::nullopt : std::optional(records.front());
}

const QString kSelect = u"SELECT id, name, folder, model_path, notes FROM products "_s;

} // namespace

qint64 ProductStore::add(const ProductRecord& record)
{
    if (record.name.trimmed().isEmpty())
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "A product needs a name."));
    Transaction transaction(m_database);
    if (findByName(record.name))
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "There is a product called \"%1\" already.").arg(record.name),
                    QCoreApplication::translate("core", "Choose another name."));
    const qint64 id = m_database.insert(
        u"INSERT INTO products (name, folder, model_path, notes) VALUES (?, ?, ?, ?)"_s,
        {record.name, textToSql(record.folder), textToSql(record.modelPath), textToSql(record.notes)});
    transaction.commit();
    return id;
}

void ProductStore::update(const ProductRecord& record)
{
    if (record.name.trimmed().isEmpty())
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "A product needs a name."));
    Transaction transaction(m_database);
    const auto sameName = findByName(record.name);
    if (sameName && sameName->id != record.id)
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "There is a product called \"%1\" already.").arg(record.name),
                    QCoreApplication::translate("core", "Choose another name."));
    const QSqlQuery query = m_database.run(
        u"UPDATE products SET name = ?, folder = ?, model_path = ?, notes = ? WHERE id = ?"_s,
        {record.name, textToSql(record.folder), textToSql(record.modelPath), textToSql(record.notes), record.id});
    if (query.numRowsAffected() == 0)
        throw Error(ErrorKind::Storage,
                    QCoreApplication::translate("core", "The product \"%1\" no longer exists.").arg(record.name));
    transaction.commit();
}

void ProductStore::remove(qint64 id)
{
    m_database.run(u"DELETE FROM products WHERE id = ?"_s, {id});
}

std::vector<ProductRecord> ProductStore::list() const
{
    return read(m_database.run(kSelect + u"ORDER BY name COLLATE NOCASE, id"_s));
}

std::optional<ProductRecord> ProductStore::find(qint64 id) const
{
    return first(m_database.run(kSelect + u"WHERE id = ?"_s, {id}));
}

std::optional<ProductRecord> ProductStore::findByName(const QString& name) const
{
    return first(m_database.run(kSelect + u"WHERE name = ?"_s, {name}));
}

} // namespace lynceus
