// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/storage/database.h"

#include "core/base/error.h"
#include "core/base/log.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QFileInfo>
#include <QtCore/QLockFile>
#include <QtCore/QSaveFile>
#include <QtCore/QScopeGuard>
#include <QtSql/QSqlDatabase>
#include <QtSql/QSqlError>

#include <atomic>

// The resource lies in a static library, so nothing but this call pulls it into a program; the macro has to stand
// outside of namespaces.
static void initSchemaResource()
{
    Q_INIT_RESOURCE(storage_schema);
}

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kBusyTimeoutMs = 10000;
/// Files up to this size are checked page by page when they are opened; it takes a fraction of a second.
constexpr qint64 kCheckedSize = 64 << 20;

/// A number that no other thread of this process has or had; thread ids and QThread pointers are used again.
quint64 threadNumber()
{
    static std::atomic<quint64> last{0};
    thread_local const quint64 number = ++last;
    return number;
}

Error corruptError(const QString& file, const QString& found)
{
    return Error(ErrorKind::Storage,
                 QCoreApplication::translate("core", "The database %1 is damaged: %2.").arg(file, found),
                 QCoreApplication::translate("core", "It was left as it is. Restore a backup, or move the file away to "
                                                     "start with an empty database."));
}

Error sqlError(const QString& file, const QSqlError& error)
{
    const QString text = error.databaseText().isEmpty() ? error.driverText() : error.databaseText();
    const auto storage = [&](const QString& message, const QString& remedy) {
        return Error(ErrorKind::Storage, message.arg(file, text), remedy);
    };
    // The low byte of SQLite's result is its primary code (sqlite.org/rescode.html).
    switch (error.nativeErrorCode().toInt() & 0xff) {
    case 5: // SQLITE_BUSY
    case 6: // SQLITE_LOCKED
        return storage(
            QCoreApplication::translate("core", "The database %1 is in use (%2)."),
            QCoreApplication::translate("core", "Wait until other Lynceus programs are done, then try again."));
    case 8: // SQLITE_READONLY
        return storage(QCoreApplication::translate("core", "The database %1 can't be written (%2)."),
                       QCoreApplication::translate("core", "Make the file and its folder writable, or choose another "
                                                           "folder for the program's data."));
    case 10: // SQLITE_IOERR
        return storage(QCoreApplication::translate("core", "Reading or writing the database %1 failed (%2)."),
                       QCoreApplication::translate("core", "Check the disk and the free space on it."));
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
        return corruptError(file, text);
    case 13: // SQLITE_FULL
        return storage(QCoreApplication::translate("core", "There is no room left to write the database %1 (%2)."),
                       QCoreApplication::translate("core",
                                                   "Free some space on the disk. Nothing that was stored before "
                                                   "is lost."));
    case 14: // SQLITE_CANTOPEN
        return storage(QCoreApplication::translate("core", "The database %1 can't be opened (%2)."),
                       QCoreApplication::translate("core", "Check that its folder exists and can be written."));
    default:
        return storage(QCoreApplication::translate("core", "The database %1 refused a statement: %2."), {});
    }
}

/// Opens a connection called `name`, or throws and leaves none.
QSqlDatabase openConnection(const QString& name, const QString& file, const QString& options)
{
    QSqlError error;
    {
        QSqlDatabase connection = QSqlDatabase::addDatabase(u"QSQLITE"_s, name);
        if (!connection.isValid()) {
            error = QSqlError(QCoreApplication::translate("core", "Qt's SQLite driver is missing"));
        } else {
            connection.setDatabaseName(file);
            connection.setConnectOptions(options);
            if (connection.open())
                return connection;
            error = connection.lastError();
        }
    }
    QSqlDatabase::removeDatabase(name);
    throw sqlError(file, error);
}

QString busyTimeoutOption()
{
    return u"QSQLITE_BUSY_TIMEOUT=%1"_s.arg(kBusyTimeoutMs);
}

QVariant firstValue(const QSqlDatabase& connection, const QString& file, const QString& sql)
{
    QSqlQuery query(connection);
    if (!query.exec(sql))
        throw sqlError(file, query.lastError());
    return query.next() ? query.value(0) : QVariant();
}

QStringList schemaFiles()
{
    return QDir(u":/lynceus/schema"_s).entryList(QDir::Files, QDir::Name);
}

/// The statements of a schema file: each ends with a semicolon at the end of a line; lines that start with -- are
/// comments.
QStringList statements(const QString& schemaFile)
{
    QFile file(u":/lynceus/schema/"_s + schemaFile);
    if (!file.open(QIODevice::ReadOnly))
        throw Error(ErrorKind::Internal, u"schema file %1 is missing"_s.arg(schemaFile));
    QStringList result(QString{});
    for (const QString& line : QString::fromUtf8(file.readAll()).split(u'\n')) {
        if (line.startsWith(u"--"))
            continue;
        result.last() += line + u'\n';
        if (line.endsWith(u';'))
            result.append(QString());
    }
    result.removeLast();
    return result;
}

} // namespace

Database::Database(const QString& file)
    : m_file(QFileInfo(file).absoluteFilePath())
{
    initSchemaResource();
    static std::atomic<int> count{0};
    m_name = u"lynceus-%1-"_s.arg(++count);

    const QString folder = QFileInfo(m_file).absolutePath();
    if (!QDir().mkpath(folder))
        throw Error(ErrorKind::Storage,
                    QCoreApplication::translate("core", "The folder %1 of the database can't be made.").arg(folder),
                    QCoreApplication::translate("core", "Choose another folder for the program's data."));
    // Opening takes turns between processes: SQLite's busy timeout does not cover the switch to WAL.
    QLockFile lock(m_file + u".lock"_s);
    if (!lock.tryLock(kBusyTimeoutMs)) {
        if (lock.error() == QLockFile::LockFailedError)
            throw Error(
                ErrorKind::Storage,
                QCoreApplication::translate("core", "The database %1 is being opened by another program.").arg(m_file),
                QCoreApplication::translate("core", "Try again in a moment."));
        throw Error(ErrorKind::Storage,
                    QCoreApplication::translate("core", "The folder of the database %1 can't be written.").arg(m_file),
                    QCoreApplication::translate("core", "Make it writable, free some space on the disk, or choose "
                                                        "another folder for the program's data."));
    }
    try {
        examine();
        migrate();
    } catch (...) {
        closeThreadConnection();
        throw;
    }
}

Database::~Database()
{
    for (const QString& name : m_connections)
        QSqlDatabase::removeDatabase(name);
}

int Database::newestSchema()
{
    initSchemaResource();
    return int(schemaFiles().size());
}

int Database::schemaVersion() const
{
    return firstValue(connection(), m_file, u"PRAGMA user_version"_s).toInt();
}

/// Looks before anything is written, so that a file that is refused keeps every byte.
void Database::examine() const
{
    const QFileInfo info(m_file);
    if (!info.exists() || info.size() == 0)
        return;
    // A log that was left behind would be written into the file by the last writable connection that closes.
    const bool hasLog = QFileInfo(m_file + u"-wal"_s).size() > 0;
    const QString name = m_name + u"look"_s;
    const auto removeConnection = qScopeGuard([&name] { QSqlDatabase::removeDatabase(name); });
    const QSqlDatabase look =
        openConnection(name, m_file, busyTimeoutOption() + (hasLog ? u";QSQLITE_OPEN_READONLY"_s : QString()));
    const int version = firstValue(look, m_file, u"PRAGMA user_version"_s).toInt();
    if (version < 0)
        throw corruptError(m_file, QCoreApplication::translate("core", "its schema has the number %1").arg(version));
    if (version > newestSchema())
        throw Error(
            ErrorKind::Storage,
            QCoreApplication::translate("core", "The database %1 comes from a newer program (schema %2, this one "
                                                "knows %3).")
                .arg(m_file)
                .arg(version)
                .arg(newestSchema()),
            QCoreApplication::translate("core", "Update Lynceus, or choose another folder for the program's data. "
                                                "The file was left as it is."));
    if (version == 0 && firstValue(look, m_file, u"SELECT count(*) FROM sqlite_master"_s).toInt() > 0)
        throw Error(ErrorKind::Storage,
                    QCoreApplication::translate("core", "%1 is a database of another program.").arg(m_file),
                    QCoreApplication::translate("core", "Choose another folder for the program's data."));
    if (info.size() > kCheckedSize)
        return;
    const QString found = firstValue(look, m_file, u"PRAGMA quick_check(1)"_s).toString();
    if (found != u"ok")
        throw corruptError(m_file, found.simplified());
}

void Database::migrate()
{
    const int newest = newestSchema();
    if (schemaVersion() == newest)
        return;
    Transaction transaction(*this);
    const int found = schemaVersion();
    const QStringList files = schemaFiles();
    for (int version = found; version < newest; ++version) {
        for (const QString& statement : statements(files[version]))
            run(statement);
        run(u"PRAGMA user_version = %1"_s.arg(version + 1));
    }
    transaction.commit();
    if (found > 0)
        qCInfo(logStorage).noquote() << "Schema of" << m_file << "brought from version" << found << "to" << newest;
}

QSqlDatabase Database::connection() const
{
    const QString name = m_name + QString::number(threadNumber());
    if (QSqlDatabase open = QSqlDatabase::database(name, false); open.isValid())
        return open;
    QSqlDatabase connection = openConnection(name, m_file, busyTimeoutOption());
    {
        const QMutexLocker locker(&m_mutex);
        m_connections.append(name);
    }
    try {
        firstValue(connection, m_file, u"PRAGMA foreign_keys = ON"_s);
        firstValue(connection, m_file, u"PRAGMA synchronous = FULL"_s);
        const QString mode = firstValue(connection, m_file, u"PRAGMA journal_mode = WAL"_s).toString();
        if (mode != u"wal")
            qCWarning(logStorage).noquote() << "No write-ahead log for" << m_file << "here; journal mode is" << mode;
    } catch (...) {
        connection = QSqlDatabase();
        closeThreadConnection();
        throw;
    }
    return connection;
}

void Database::closeThreadConnection() const
{
    const QString name = m_name + QString::number(threadNumber());
    const QMutexLocker locker(&m_mutex);
    if (m_connections.removeOne(name))
        QSqlDatabase::removeDatabase(name);
}

QSqlQuery Database::prepare(const QString& sql) const
{
    QSqlQuery query(connection());
    query.setForwardOnly(true);
    if (!query.prepare(sql))
        throw sqlError(m_file, query.lastError());
    return query;
}

void Database::execute(QSqlQuery& query, const QVariantList& values) const
{
    for (qsizetype i = 0; i < values.size(); ++i)
        query.bindValue(int(i), values[i]);
    if (!query.exec())
        throw sqlError(m_file, query.lastError());
}

QSqlQuery Database::run(const QString& sql, const QVariantList& values) const
{
    QSqlQuery query = prepare(sql);
    execute(query, values);
    return query;
}

qint64 Database::insert(const QString& sql, const QVariantList& values) const
{
    return run(sql, values).lastInsertId().toLongLong();
}

QString Database::check() const
{
    QStringList found;
    QSqlQuery pages = run(u"PRAGMA integrity_check"_s);
    while (pages.next())
        found += pages.value(0).toString();
    QSqlQuery keys = run(u"PRAGMA foreign_key_check"_s);
    while (keys.next())
        found += u"row %1 of %2 points to a missing row of %3"_s.arg(keys.value(1).toString(), keys.value(0).toString(),
                                                                     keys.value(2).toString());
    if (found.size() > 1)
        found.removeAll(u"ok"_s);
    return found.join(u'\n');
}

void Database::backup(const QString& target) const
{
    if (QFileInfo(target).exists() && QFileInfo(target).canonicalFilePath() == QFileInfo(m_file).canonicalFilePath())
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "The backup %1 is the database itself.").arg(target),
                    QCoreApplication::translate("core", "Choose another file name."));
    const auto fail = [&target](const QString& why) {
        throw Error(ErrorKind::File,
                    QCoreApplication::translate("core", "The backup %1 can't be written: %2.").arg(target, why),
                    QCoreApplication::translate("core", "Check that its folder exists, can be written and has room."));
    };
    const QString partial = target + u".partial"_s;
    QFile::remove(partial);
    const auto removePartial = qScopeGuard([&partial] { QFile::remove(partial); });
    try {
        run(u"VACUUM INTO ?"_s, {partial});
    } catch (const Error& error) {
        fail(error.message());
    }
    QFile source(partial);
    QSaveFile file(target);
    if (!source.open(QIODevice::ReadOnly))
        fail(source.errorString());
    if (!file.open(QIODevice::WriteOnly))
        fail(file.errorString());
    while (!source.atEnd()) {
        const QByteArray block = source.read(1 << 20);
        if (block.isEmpty())
            fail(source.errorString());
        if (file.write(block) != block.size())
            fail(file.errorString());
    }
    if (!file.commit())
        fail(file.errorString());
}

Transaction::Transaction(const Database& database)
    : m_database(database)
{
    m_database.run(u"BEGIN IMMEDIATE"_s);
}

Transaction::~Transaction()
{
    if (!m_open)
        return;
    try {
        m_database.run(u"ROLLBACK"_s);
    } catch (const Error& error) {
        // SQLite itself rolls back after some errors (a full disk), then there is nothing left to undo.
        qCDebug(logStorage).noquote() << "Rollback:" << error.message();
    }
}

void Transaction::commit()
{
    m_database.run(u"COMMIT"_s);
    m_open = false;
}

} // namespace lynceus
