// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/storage/database.h"
#include "core/storage/inspection_store.h"
#include "core/storage/product_store.h"
#include "core/storage/run_store.h"

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>
#include <QtCore/QUuid>
#include <QtSql/QSqlDatabase>
#include <QtSql/QSqlError>
#include <QtTest/QtTest>

#include <limits>
#include <thread>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

QByteArray bytes(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void write(const QString& path, const QByteArray& content)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(content), content.size());
}

/// Runs statements on a file without our code; returns the first error.
QString rawSql(const QString& path, const QStringList& statements)
{
    const QString name = QUuid::createUuid().toString();
    QString error;
    {
        QSqlDatabase raw = QSqlDatabase::addDatabase(u"QSQLITE"_s, name);
        raw.setDatabaseName(path);
        if (!raw.open())
            error = raw.lastError().text();
        for (const QString& statement : statements) {
            QSqlQuery query(raw);
            if (error.isEmpty() && !query.exec(statement))
                error = statement + query.lastError().text();
        }
    }
    QSqlDatabase::removeDatabase(name);
    return error;
}

/// The statements of a schema file as it was released.
QStringList released(const QString& schemaFile)
{
    QFile schema(QStringLiteral(LYNCEUS_SOURCE_DIR "/core/storage/schema/") + schemaFile);
    if (!schema.open(QIODevice::ReadOnly))
        return {};
    QString sql;
    for (const QString& line : QString::fromUtf8(schema.readAll()).split(u'\n'))
        sql += line.startsWith(u"--") ? QString() : line + u'\n';
    QStringList statements = sql.split(u";\n"_s, Qt::SkipEmptyParts);
    statements.removeAll(u"\n"_s);
    return statements;
}

/// The text of the Error(Storage) that opening throws; empty when it opens.
QString openingError(const QString& path)
{
    try {
        const Database database(path);
    } catch (const Error& error) {
        return error.kind() == ErrorKind::Storage ? error.text() : u"wrong kind: "_s + error.text();
    }
    return {};
}

} // namespace

class TestDatabase : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void newFileHasTheNewestSchema();
    void settingsOfAConnection();
    void olderSchemaIsBroughtForward();
    void runsOfAnOlderSchemaAreKept();
    void inspectionsOfAnOlderSchemaAreKept();
    void newerSchemaIsRefused_data();
    void newerSchemaIsRefused();
    void negativeSchemaIsRefused();
    void foreignDatabaseIsRefused();
    void damagedFileIsRefused_data();
    void damagedFileIsRefused();
    void folderThatIsNone();
    void readOnlyFolder();
    void fullDiskLosesNothing();
    void transactionRollsBack();
    void writersInThreadsTakeTurns();
    void closedConnectionsAreGone();
    void wrongStatementNamesTheFile();
    void checkFindsBrokenKeys();
    void backupIsACopy();
    void backupErrors();

private:
    std::unique_ptr<QTemporaryDir> m_dir;
    QString m_file;
};

void TestDatabase::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    m_file = m_dir->filePath(u"Prüfung 检测/lynceus.sqlite"_s);
    QVERIFY(QDir().mkpath(QFileInfo(m_file).path()));
}

void TestDatabase::newFileHasTheNewestSchema()
{
    const Database database(m_dir->filePath(u"made/too/lynceus.sqlite"_s));
    QVERIFY(Database::newestSchema() >= 4);
    QCOMPARE(database.schemaVersion(), Database::newestSchema());
    QCOMPARE(database.check(), u"ok"_s);
    QStringList tables;
    QSqlQuery query = database.run(u"SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"_s);
    while (query.next())
        tables += query.value(0).toString();
    tables.removeAll(u"sqlite_sequence"_s);
    QCOMPARE(tables, (QStringList{u"inspections"_s, u"models"_s, u"products"_s, u"regions"_s, u"results"_s,
                                  u"run_events"_s, u"run_metrics"_s, u"run_samples"_s, u"runs"_s}));
    QVERIFY(!QFile::exists(database.file() + u".lock"_s));
}

void TestDatabase::settingsOfAConnection()
{
    const Database database(m_file);
    const auto pragma = [&](const QString& name) {
        QSqlQuery query = database.run(u"PRAGMA "_s + name);
        query.next();
        return query.value(0).toString();
    };
    const auto check = [&] {
        QCOMPARE(pragma(u"journal_mode"_s), u"wal"_s);
        QCOMPARE(pragma(u"synchronous"_s), u"2"_s);
        QCOMPARE(pragma(u"foreign_keys"_s), u"1"_s);
        QVERIFY(pragma(u"busy_timeout"_s).toInt() >= 5000);
    };
    check();
    std::thread other([&] {
        check();
        database.closeThreadConnection();
    });
    other.join();
}

void TestDatabase::olderSchemaIsBroughtForward()
{
    // The first schema, with a row in it.
    QStringList statements = released(u"0001_training.sql"_s);
    statements += u"INSERT INTO products (name, folder, model_path, notes) VALUES ('Flasche', '/f', '', 'n')"_s;
    statements += u"PRAGMA user_version = 1"_s;
    QCOMPARE(rawSql(m_file, statements), QString());

    const Database database(m_file);
    QCOMPARE(database.schemaVersion(), Database::newestSchema());
    const auto products = ProductStore(database).list();
    QCOMPARE(products.size(), std::size_t(1));
    QCOMPARE(products[0].name, u"Flasche"_s);
    QSqlQuery query = database.run(u"SELECT count(*) FROM results"_s);
    QVERIFY(query.next());
    QCOMPARE(database.check(), u"ok"_s);
}

void TestDatabase::runsOfAnOlderSchemaAreKept()
{
    QStringList statements = released(u"0001_training.sql"_s) + released(u"0002_inspection.sql"_s);
    statements += u"INSERT INTO models (path, sha256) VALUES ('/m.safetensors', 'beef')"_s;
    const QString run = u"INSERT INTO runs (name, method, data_folder, data_hash, options, seed, machine, "
                        "program_version, state, message, model_id, final, started) VALUES ('%1', 'memseg', '/Öse', "
                        "'d00d', '{\"steps\":5}', -3, 'm', '0.1', '%2', '', %3, '{\"aupro\":0.5}', 1790000000123)"_s;
    statements += run.arg(u"alt"_s, u"finished"_s, u"1"_s);
    statements += run.arg(u"abgestürzt"_s, u"running"_s, u"NULL"_s);
    statements += u"INSERT INTO run_metrics (run_id, name, step, value) VALUES (1, 'loss', 5, 0.25)"_s;
    statements += u"PRAGMA user_version = 2"_s;
    QCOMPARE(rawSql(m_file, statements), QString());

    const Database database(m_file);
    RunStore store(database);
    QCOMPARE(store.list().size(), std::size_t(2));
    const RunRecord old = store.get(1);
    QCOMPARE(old.name, u"alt"_s);
    QCOMPARE(old.state, RunRecord::State::Finished);
    QCOMPARE(old.seed, quint64(-3));
    QCOMPARE(old.options.value(u"steps"_s).toInt(), 5);
    QCOMPARE(old.final.value(u"aupro"_s).toDouble(), 0.5);
    QCOMPARE(old.modelHash, u"beef"_s);
    QCOMPARE(old.lastStep, 5);
    QVERIFY(old.tags.isEmpty() && old.notes.isEmpty() && old.checkpoint.isEmpty() && old.libraries.isEmpty());
    QCOMPARE(store.metrics(1).at(0).value, 0.25);
    QVERIFY(store.events(1).empty());
    QCOMPARE(store.get(2).state, RunRecord::State::Interrupted); // nobody is at work on it any more
    QVERIFY(!store.get(2).canResume());
    store.setTags(1, {u"neu"_s});
    store.addEvent(1, u"resumed"_s);
    QCOMPARE(database.check(), u"ok"_s);
}

void TestDatabase::inspectionsOfAnOlderSchemaAreKept()
{
    QStringList statements =
        released(u"0001_training.sql"_s) + released(u"0002_inspection.sql"_s) + released(u"0003_history.sql"_s);
    statements += u"INSERT INTO inspections (folder, threshold, review_threshold, pixel_threshold, min_region_area, "
                  "started, program_version) VALUES ('/Öse', 0.5, 0.25, 0.125, 16, 1790000000123, '0.1')"_s;
    statements += u"INSERT INTO results (inspection_id, image, image_hash, error, score, verdict, threshold, "
                  "review_threshold, pixel_threshold, min_region_area, nearest_good, load_ms, prepare_ms, infer_ms, "
                  "post_ms) VALUES (1, 'a.png', 'ab', '', 0.75, 'NG', 0.5, 0.25, 0.125, 16, 3, 1, 2, 30.5, 0.5)"_s;
    statements += u"PRAGMA user_version = 3"_s;
    QCOMPARE(rawSql(m_file, statements), QString());

    const Database database(m_file);
    InspectionStore store(database);
    const auto list = store.list();
    QCOMPARE(list.size(), std::size_t(1));
    QCOMPARE(list[0].folder, u"/Öse"_s);
    QCOMPARE(list[0].thresholds.review, 0.25);
    QCOMPARE(list[0].engine, QString()); // nobody knows any more
    const auto results = store.results(1);
    QCOMPARE(results.size(), std::size_t(1));
    QCOMPARE(results[0].result.times.total(), 34.0); // nobody aligned, or nobody knows any more
    QCOMPARE(results[0].result.times.align, 0.0);
    InspectionRecord record;
    record.engine = u"libtorch"_s;
    QCOMPARE(store.find(store.begin(record))->engine, u"libtorch"_s);
    QCOMPARE(database.check(), u"ok"_s);
}

void TestDatabase::newerSchemaIsRefused_data()
{
    QTest::addColumn<bool>("log");
    QTest::newRow("closed cleanly") << false;
    QTest::newRow("log left behind") << true;
}

void TestDatabase::newerSchemaIsRefused()
{
    QFETCH(bool, log);
    {
        const Database database(m_file);
        database.run(u"INSERT INTO products (name, folder, model_path, notes) VALUES ('a', '', '', '')"_s);
        database.run(u"PRAGMA wal_checkpoint(TRUNCATE)"_s);
        database.run(u"PRAGMA user_version = 9999"_s);
        if (log) { // copied while open: the version is in the log only
            QVERIFY(QFile::copy(m_file, m_file + u".copy"_s));
            QVERIFY(QFile::copy(m_file + u"-wal"_s, m_file + u".copy-wal"_s));
        }
    }
    const QString file = log ? m_file + u".copy"_s : m_file;
    const QByteArray before = bytes(file);
    const QByteArray logBefore = bytes(file + u"-wal"_s);
    QCOMPARE(logBefore.isEmpty(), !log);

    const QString error = openingError(file);
    QVERIFY2(error.contains(file) && error.contains(u"9999") && error.contains(u"newer"), qPrintable(error));
    QCOMPARE(bytes(file), before);
    QCOMPARE(bytes(file + u"-wal"_s), logBefore);
}

void TestDatabase::negativeSchemaIsRefused()
{
    for (const int version : {-1, std::numeric_limits<int>::min()}) {
        QCOMPARE(rawSql(m_file, {u"PRAGMA user_version = %1"_s.arg(version)}), QString());
        const QString error = openingError(m_file);
        QVERIFY2(error.contains(m_file) && error.contains(QString::number(version)), qPrintable(error));
    }
}

void TestDatabase::foreignDatabaseIsRefused()
{
    QCOMPARE(rawSql(m_file, {u"CREATE TABLE other (x)"_s}), QString());
    const QByteArray before = bytes(m_file);
    const QString error = openingError(m_file);
    QVERIFY2(error.contains(m_file) && error.contains(u"another program"), qPrintable(error));
    QCOMPARE(bytes(m_file), before);
}

void TestDatabase::damagedFileIsRefused_data()
{
    QTest::addColumn<QString>("damage");
    for (const char* damage : {"text", "header", "truncated", "page"})
        QTest::newRow(damage) << QString::fromLatin1(damage);
}

void TestDatabase::damagedFileIsRefused()
{
    QFETCH(QString, damage);
    {
        const Database database(m_file);
        const Transaction transaction(database);
    }
    QByteArray content = bytes(m_file);
    QVERIFY(content.size() > 3 * 4096);
    if (damage == u"text")
        content = QByteArray("this is no database\n").repeated(1000);
    else if (damage == u"header")
        content.replace(0, 50, QByteArray(50, 'x'));
    else if (damage == u"truncated")
        content.truncate(2 * 4096 + 100);
    else
        content.replace(2 * 4096, 4096, QByteArray(4096, '\xA5'));
    write(m_file, content);

    const QString error = openingError(m_file);
    QVERIFY2(error.contains(m_file) && error.contains(u"damaged") && error.contains(u"backup"), qPrintable(error));
    QCOMPARE(bytes(m_file), content);
}

void TestDatabase::folderThatIsNone()
{
    const QString file = m_dir->filePath(u"file"_s);
    write(file, "x");
    const QString error = openingError(file + u"/lynceus.sqlite"_s);
    QVERIFY2(error.contains(file) && error.contains(u"folder"), qPrintable(error));
    QVERIFY(!openingError(m_dir->path()).isEmpty()); // a folder in place of the file
}

void TestDatabase::readOnlyFolder()
{
    {
        const Database database(m_file);
    }
    const QString folder = QFileInfo(m_file).path();
    const QByteArray before = bytes(m_file);
    QVERIFY(QFile::setPermissions(folder, QFile::ReadOwner | QFile::ExeOwner));
    const auto restore =
        qScopeGuard([&] { QFile::setPermissions(folder, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner); });
    if (QFileInfo(folder).isWritable())
        QSKIP("this user may write everywhere");
    const QString error = openingError(m_file);
    QVERIFY2(error.contains(m_file) && error.contains(u"writ"), qPrintable(error));
    QCOMPARE(bytes(m_file), before);
}

void TestDatabase::fullDiskLosesNothing()
{
    const Database database(m_file);
    ProductStore products(database);
    products.add({0, u"before"_s, {}, {}, {}});
    // As many pages as there are now: SQLite then fails as it does on a full disk.
    database.run(u"PRAGMA max_page_count = 1"_s);
    QString error;
    try {
        Transaction transaction(database);
        database.run(u"UPDATE products SET folder = 'changed'"_s);
        database.insert(u"INSERT INTO products (name, folder, model_path, notes) VALUES ('after', '', '', ?)"_s,
                        {QString(1 << 20, u'x')});
        transaction.commit();
    } catch (const Error& caught) {
        QCOMPARE(caught.kind(), ErrorKind::Storage);
        error = caught.text();
    }
    QVERIFY2(error.contains(m_file) && error.contains(u"room") && error.contains(u"space"), qPrintable(error));
    const auto kept = products.list();
    QCOMPARE(kept.size(), std::size_t(1));
    QCOMPARE(kept[0].name, u"before"_s);
    QCOMPARE(kept[0].folder, QString());

    database.run(u"PRAGMA max_page_count = 1000000"_s); // space again
    products.add({0, u"after"_s, {}, {}, {}});
    QCOMPARE(products.list().size(), std::size_t(2));
    QCOMPARE(database.check(), u"ok"_s);
}

void TestDatabase::transactionRollsBack()
{
    const Database database(m_file);
    const QString add = u"INSERT INTO products (name, folder, model_path, notes) VALUES (?, '', '', '')"_s;
    {
        const Transaction transaction(database);
        database.insert(add, {u"lost"_s});
    }
    {
        Transaction transaction(database);
        database.insert(add, {u"kept"_s});
        transaction.commit();
    }
    const auto products = ProductStore(database).list();
    QCOMPARE(products.size(), std::size_t(1));
    QCOMPARE(products[0].name, u"kept"_s);
}

void TestDatabase::writersInThreadsTakeTurns()
{
    const Database database(m_file);
    database.run(u"INSERT INTO products (name, folder, model_path, notes) VALUES ('counter', '0', '', '')"_s);
    std::atomic<int> failed{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            try {
                for (int i = 0; i < 25; ++i) {
                    Transaction transaction(database);
                    QSqlQuery query = database.run(u"SELECT folder FROM products"_s);
                    query.next();
                    const int value = query.value(0).toInt();
                    query.finish();
                    database.run(u"UPDATE products SET folder = ?"_s, {QString::number(value + 1)});
                    transaction.commit();
                }
            } catch (const std::exception&) {
                ++failed;
            }
            database.closeThreadConnection();
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    QCOMPARE(failed.load(), 0);
    QCOMPARE(ProductStore(database).list()[0].folder, u"100"_s);
}

void TestDatabase::closedConnectionsAreGone()
{
    const QStringList before = QSqlDatabase::connectionNames();
    {
        const Database database(m_file);
        const auto open = QSqlDatabase::connectionNames().size();
        std::thread([&] {
            database.schemaVersion();
            database.closeThreadConnection();
        }).join();
        QCOMPARE(QSqlDatabase::connectionNames().size(), open);
        std::thread([&] { database.schemaVersion(); }).join(); // forgot to close: the database does
        QCOMPARE(QSqlDatabase::connectionNames().size(), open + 1);
    }
    QCOMPARE(QSqlDatabase::connectionNames(), before);
    QVERIFY(!QFile::exists(m_file + u"-wal"_s)); // the last connection has tidied up
}

void TestDatabase::wrongStatementNamesTheFile()
{
    const Database database(m_file);
    try {
        database.run(u"SELECT x FROM nowhere"_s);
        QFAIL("no error");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Storage);
        QVERIFY(error.message().contains(m_file));
        QVERIFY2(error.message().contains(u"nowhere"), qPrintable(error.message()));
    }
}

void TestDatabase::checkFindsBrokenKeys()
{
    const Database database(m_file);
    database.run(u"PRAGMA foreign_keys = OFF"_s);
    database.run(u"INSERT INTO run_metrics (run_id, name, step, value) VALUES (77, 'loss', 1, 0.5)"_s);
    QVERIFY(database.check().contains(u"run_metrics"));
}

void TestDatabase::backupIsACopy()
{
    const Database database(m_file);
    ProductStore(database).add({0, u"Flansch"_s, {}, {}, {}});
    const QString target = m_dir->filePath(u"Sicherung ü.sqlite"_s);
    write(target, "an older backup");
    database.backup(target);
    QVERIFY(!QFile::exists(target + u".partial"_s));
    const Database copy(target);
    QCOMPARE(copy.check(), u"ok"_s);
    QCOMPARE(ProductStore(copy).list().at(0).name, u"Flansch"_s);
}

void TestDatabase::backupErrors()
{
    const Database database(m_file);
    QVERIFY_THROWS_EXCEPTION(Error, database.backup(m_file));
    QVERIFY_THROWS_EXCEPTION(Error, database.backup(m_dir->filePath(u"missing/folder/x.sqlite"_s)));
    QCOMPARE(database.check(), u"ok"_s);
}

QTEST_GUILESS_MAIN(TestDatabase)
#include "tst_database.moc"
