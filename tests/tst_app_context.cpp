// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/app_context.h"
#include "core/base/error.h"
#include "core/base/settings.h"
#include "core/storage/database.h"
#include "core/storage/product_store.h"
#include "core/weights/model_store.h"

#include <QtCore/QDir>
#include <QtCore/QFile>
#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

using namespace lynceus;
using namespace Qt::StringLiterals;

class TestAppContext : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void makesItsFolderAndServices();
    void keepsWhatWasStored();
    void twoContextsShareOneFolder();
    void folderThatCannotBeMadeIsNamed();
    void corruptDatabaseIsRefusedAndLeftAlone();
};

void TestAppContext::makesItsFolderAndServices()
{
    const QTemporaryDir dir;
    const QString home = dir.path() + u"/Daten 数据/tief/er"_s;
    AppContext context(home);
    QVERIFY(QDir(home).exists());
    QCOMPARE(QDir(context.dataHome()), QDir(home));
    QVERIFY(context.modelFolder().startsWith(context.dataHome()));
    QCOMPARE(context.database().check(), u"ok"_s);
    QVERIFY(context.jobs().isIdle());
    QVERIFY(context.settings().recentFolders().isEmpty());
    for (const ModelEntry& entry : context.modelStore().list())
        QVERIFY2(entry.builtIn, qPrintable(entry.id));
}

void TestAppContext::keepsWhatWasStored()
{
    const QTemporaryDir dir;
    {
        AppContext context(dir.path());
        context.settings().setThreads(3);
        ProductStore(context.database()).add({0, u"Flansch"_s, u"/daten"_s, {}, {}});
    }
    AppContext context(dir.path());
    QCOMPARE(context.settings().threads(), 3);
    QVERIFY(ProductStore(context.database()).findByName(u"Flansch"_s).has_value());
}

void TestAppContext::twoContextsShareOneFolder()
{
    const QTemporaryDir dir;
    AppContext first(dir.path());
    AppContext second(dir.path());
    ProductStore(first.database()).add({0, u"A"_s, {}, {}, {}});
    ProductStore(second.database()).add({0, u"B"_s, {}, {}, {}});
    QCOMPARE(ProductStore(first.database()).list().size(), std::size_t(2));
}

void TestAppContext::folderThatCannotBeMadeIsNamed()
{
    const QTemporaryDir dir;
    QFile file(dir.path() + u"/datei"_s);
    QVERIFY(file.open(QIODevice::WriteOnly));
    const QString home = file.fileName() + u"/home"_s; // below a file: nobody may, not even root
    try {
        AppContext context(home);
        QFAIL("the folder can't be made");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::File);
        QVERIFY2(error.message().contains(home), qPrintable(error.message()));
        QVERIFY(!error.remedy().isEmpty());
    }
}

void TestAppContext::corruptDatabaseIsRefusedAndLeftAlone()
{
    const QTemporaryDir dir;
    QString path;
    {
        AppContext context(dir.path());
        path = context.database().file();
    }
    const QByteArray garbage = QByteArray("this is no database ").repeated(500);
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
    file.write(garbage);
    file.close();
    try {
        AppContext context(dir.path());
        QFAIL("the database is garbage");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Storage);
        QVERIFY2(error.text().contains(QFileInfo(path).fileName()), qPrintable(error.text()));
        QVERIFY(!error.remedy().isEmpty());
    }
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readAll(), garbage);
}

QTEST_GUILESS_MAIN(TestAppContext)
#include "tst_app_context.moc"
