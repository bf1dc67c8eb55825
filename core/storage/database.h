// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QMutex>
#include <QtCore/QString>
#include <QtCore/QStringList>
#include <QtCore/QVariantList>
#include <QtSql/QSqlQuery>

namespace lynceus {

/// The SQLite file and the only place that opens it. One Database object serves all threads: each thread gets a
/// connection of its own on first use (WAL, synchronous FULL, foreign keys on, busy timeout). Writers take turns
/// through Transaction, which begins IMMEDIATE; window and command line may use one file at the same time.
/// No other thread may use the object while it is destroyed.
/// Throws Error(Storage) naming the file. A database from a newer program is refused and left untouched; a corrupt one
/// is refused with the way to restore or move it.
class Database
{
public:
    /// Opens or creates the file (":memory:" is not supported: every thread has its own connection) and brings the
    /// schema up to date from the numbered files in resources.
    explicit Database(const QString& file);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    const QString& file() const { return m_file; }
    int schemaVersion() const;
    /// The newest schema this program knows.
    static int newestSchema();

    /// Prepares, binds and runs; throws on error. The query belongs to the calling thread.
    QSqlQuery run(const QString& sql, const QVariantList& values = {}) const;
    /// The two halves of run(), for statements that run many times in a loop.
    QSqlQuery prepare(const QString& sql) const;
    void execute(QSqlQuery& query, const QVariantList& values) const;
    /// Runs an INSERT and returns the new row's id.
    qint64 insert(const QString& sql, const QVariantList& values) const;

    /// "ok" or what `PRAGMA integrity_check` found.
    QString check() const;
    /// A consistent copy while others work (VACUUM INTO through a temporary name).
    void backup(const QString& target) const;

    /// Closes the calling thread's connection; threads that end should call it.
    void closeThreadConnection() const;

private:
    QSqlDatabase connection() const;
    void examine() const;
    void migrate();

    QString m_file;
    QString m_name; ///< prefix of the connection names
    mutable QMutex m_mutex;
    mutable QStringList m_connections; ///< names of all open ones; guarded by m_mutex
};

/// Scope guard: BEGIN IMMEDIATE now, COMMIT by commit(), ROLLBACK otherwise.
class Transaction
{
public:
    explicit Transaction(const Database& database);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

private:
    const Database& m_database;
    bool m_open = true;
};

} // namespace lynceus
