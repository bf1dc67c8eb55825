// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/progress.h"
#include "core/data/anomaly_folder.h"
#include "tests/support/test_images.h"

#include <QtCore/QTemporaryDir>
#include <QtTest/QTest>

#include <memory>

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace lynceus;
using namespace lynceus::test;
using namespace Qt::StringLiterals;
using Purpose = AnomalyFolder::Purpose;
using Kind = LeftOut::Kind;

namespace {

QStringList names(const std::vector<Sample>& samples)
{
    QStringList result;
    for (const Sample& sample : samples)
        result += sample.name;
    return result;
}

QStringList defects(const std::vector<Sample>& samples)
{
    QStringList result;
    for (const Sample& sample : samples)
        result += sample.defect;
    return result;
}

QStringList leftOut(const AnomalyFolder& folder, Kind kind)
{
    for (const LeftOut& part : folder.leftOut) {
        if (part.kind == kind)
            return part.names;
    }
    return {};
}

} // namespace

class TestAnomalyFolder : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }

    void mvTec()
    {
        for (const char* name : {"train/good/10.png", "train/good/2.png", "train/good/notes.txt", "test/good/0.png",
                                 "test/broken_large/1.PNG", "test/broken_large/2.jpg", "test/broken_large/3.png",
                                 "test/a type/1.png", "ground_truth/broken_large/1_mask.png",
                                 "ground_truth/broken_large/2.png", "ground_truth/a type/1_mask.png", "license.txt"})
            add(QString::fromLatin1(name));
        for (const Purpose purpose : {Purpose::Training, Purpose::Inspection}) {
            const AnomalyFolder folder = AnomalyFolder::open(root(), purpose);
            QCOMPARE(folder.layout, AnomalyFolder::Layout::MvTec);
            QCOMPARE(names(folder.train), (QStringList{u"train/good/2.png"_s, u"train/good/10.png"_s}));
            QCOMPARE(names(folder.test),
                     (QStringList{u"test/a type/1.png"_s, u"test/broken_large/1.PNG"_s, u"test/broken_large/2.jpg"_s,
                                  u"test/broken_large/3.png"_s, u"test/good/0.png"_s}));
            QCOMPARE(defects(folder.test),
                     (QStringList{u"a type"_s, u"broken_large"_s, u"broken_large"_s, u"broken_large"_s, u"good"_s}));
            QCOMPARE(folder.test[0].maskPath, root() + u"/ground_truth/a type/1_mask.png"_s);
            QCOMPARE(folder.test[1].maskPath, root() + u"/ground_truth/broken_large/1_mask.png"_s);
            QCOMPARE(folder.test[2].maskPath, root() + u"/ground_truth/broken_large/2.png"_s);
            QVERIFY(folder.test[3].maskPath.isEmpty());
            QCOMPARE(folder.test[3].truth, Truth::Defective);
            QCOMPARE(folder.test[4].truth, Truth::Good);
            QCOMPARE(folder.train[0].truth, Truth::Good);
            QCOMPARE(folder.all().size(), std::size_t(7));
            QVERIFY(QFileInfo(folder.train[0].path).isAbsolute());
        }
    }

    void onlyTestOrOnlyTrain()
    {
        add(u"test/crack/1.png"_s);
        const AnomalyFolder onlyTest = AnomalyFolder::open(root(), Purpose::Training);
        QVERIFY(onlyTest.train.empty());
        QCOMPARE(defects(onlyTest.test), QStringList{u"crack"_s});
        init();
        add(u"train/good/1.png"_s);
        QCOMPARE(AnomalyFolder::open(root(), Purpose::Training).train.size(), std::size_t(1));
    }

    void plainUnsorted()
    {
        for (const char* name : {"b.png", "A.png", "img10.png", "img2.png", "sub/x.png"})
            add(QString::fromLatin1(name));
        const QStringList all{u"A.png"_s, u"b.png"_s, u"img2.png"_s, u"img10.png"_s};
        const AnomalyFolder inspection = AnomalyFolder::open(root(), Purpose::Inspection);
        QCOMPARE(inspection.layout, AnomalyFolder::Layout::Plain);
        QVERIFY(inspection.train.empty());
        QCOMPARE(names(inspection.test), all + QStringList{u"sub/x.png"_s});
        QVERIFY(inspection.leftOut.empty());
        QCOMPARE(inspection.test[0].truth, Truth::Unknown);
        QVERIFY(inspection.test[0].defect.isEmpty());
        const AnomalyFolder training = AnomalyFolder::open(root(), Purpose::Training);
        QCOMPARE(names(training.train), all);
        QCOMPARE(training.train[0].truth, Truth::Good);
        QCOMPARE(training.train[0].defect, u"good"_s);
        QVERIFY(training.test.empty());
        QCOMPARE(leftOut(training, Kind::UnknownPart), QStringList{u"sub/x.png"_s});
    }

    void everyImageIsInspected()
    {
        for (const char* name : {"good/1.png", "line 3/2.png", "line 3/shift/3.png", "bad/4.png", "masks/4.png",
                                 "train/5.png", "5.png", "a/ground_truth/6.png", ".thumbnails/deep/7.png", ".8.png"})
            add(QString::fromLatin1(name));
        const AnomalyFolder inspection = AnomalyFolder::open(root(), Purpose::Inspection);
        QCOMPARE(names(inspection.toInspect()),
                 (QStringList{u"5.png"_s, u"good/1.png"_s, u"bad/4.png"_s, u"line 3/2.png"_s, u"line 3/shift/3.png"_s,
                              u"train/5.png"_s}));
        QCOMPARE(inspection.test[1].truth, Truth::Good);
        QCOMPARE(inspection.test[2].truth, Truth::Defective);
        for (const int unknown : {3, 4, 5})
            QCOMPARE(inspection.test[std::size_t(unknown)].truth, Truth::Unknown);
        QCOMPARE(leftOut(inspection, Kind::Masks), (QStringList{u"a/ground_truth/6.png"_s, u"masks/4.png"_s}));
        QCOMPARE(leftOut(inspection, Kind::Hidden), (QStringList{u".8.png"_s, u".thumbnails/deep/7.png"_s}));
        QCOMPARE(inspection.leftOut.size(), std::size_t(2));
        QVERIFY(!inspection.leftOut[0].isFault() && !inspection.leftOut[1].isFault());
        const AnomalyFolder training = AnomalyFolder::open(root(), Purpose::Training);
        QCOMPARE(names(training.train), (QStringList{u"5.png"_s, u"good/1.png"_s}));
        QCOMPARE(leftOut(training, Kind::UnknownPart),
                 (QStringList{u"line 3/2.png"_s, u"line 3/shift/3.png"_s, u"train/5.png"_s}));
    }

    void masksFolderOfUnsortedImages()
    {
        add(u"masks/1.png"_s); // parts that are masks, for all we know
        QCOMPARE(names(AnomalyFolder::open(root(), Purpose::Inspection).toInspect()), QStringList{u"masks/1.png"_s});
        QCOMPARE(names(AnomalyFolder::open(root() + u"/masks"_s, Purpose::Inspection).toInspect()),
                 QStringList{u"1.png"_s});
    }

    void testPartByItself()
    {
        for (const char* name : {"test/good/0.png", "test/crack/1.png", "test/crack/2.png", "test/odd.png"})
            add(QString::fromLatin1(name));
        const QString test = root() + u"/test"_s;
        const QStringList all{u"crack/1.png"_s, u"crack/2.png"_s, u"good/0.png"_s, u"odd.png"_s};
        // Alone, the other folders might be anything.
        const AnomalyFolder alone = AnomalyFolder::open(test, Purpose::Inspection);
        QStringList found = names(alone.toInspect());
        found.sort();
        QCOMPARE(found, all);
        for (const Sample& sample : alone.test)
            QCOMPARE(sample.truth == Truth::Unknown, sample.name.startsWith(u"crack/"));

        add(u"ground_truth/crack/1_mask.png"_s);
        const AnomalyFolder part = AnomalyFolder::open(test, Purpose::Inspection);
        QCOMPARE(names(part.toInspect()), all);
        QCOMPARE(part.test[0].truth, Truth::Defective);
        QCOMPARE(part.test[0].defect, u"crack"_s);
        QCOMPARE(part.test[0].maskPath, root() + u"/ground_truth/crack/1_mask.png"_s);
        QCOMPARE(part.test[2].truth, Truth::Good);
        QCOMPARE(part.test[3].truth, Truth::Unknown);
        QCOMPARE(part.layout, AnomalyFolder::Layout::MvTec);
    }

    void trainingImagesOfASetWithTestAreNotInspected()
    {
        add(u"train/good/1.png"_s);
        add(u"train/odd/2.png"_s);
        add(u"3.png"_s);
        const AnomalyFolder withoutTest = AnomalyFolder::open(root(), Purpose::Inspection);
        QCOMPARE(names(withoutTest.toInspect()),
                 (QStringList{u"train/good/1.png"_s, u"3.png"_s, u"train/odd/2.png"_s}));
        QVERIFY(withoutTest.leftOut.empty());
        add(u"test/good/4.png"_s);
        const AnomalyFolder withTest = AnomalyFolder::open(root(), Purpose::Inspection);
        QCOMPARE(names(withTest.toInspect()), (QStringList{u"test/good/4.png"_s, u"3.png"_s, u"train/odd/2.png"_s}));
        QCOMPARE(leftOut(withTest, Kind::ToLearnFrom), QStringList{u"train/good/1.png"_s});
        QCOMPARE(leftOut(AnomalyFolder::open(root(), Purpose::Training), Kind::UnknownPart),
                 (QStringList{u"3.png"_s, u"train/odd/2.png"_s}));
    }

    void whatCantBeLookedAtIsNamed()
    {
        add(u"good/1.png"_s);
        add(u"closed/2.png"_s);
        add(u"listed only/deep/3.png"_s);
        for (const QByteArray& name : {QByteArray("good/\xFF\xFE.png"), QByteArray("caf\xE9.txt")}) {
            const QByteArray path = QFile::encodeName(root()) + '/' + name;
            const int file = ::open(path.constData(), O_CREAT | O_WRONLY, 0600);
            QVERIFY(file >= 0);
            ::close(file);
        }
        QCOMPARE(::mkdir((QFile::encodeName(root()) + "/t\xFCr").constData(), 0700), 0);
        QVERIFY(QFile::link(root() + u"/gone"_s, root() + u"/good/nowhere.png"_s));
        QVERIFY(QFile::link(root() + u"/self"_s, root() + u"/self"_s));
        QVERIFY(QFile::link(root() + u"/good/1.png"_s, root() + u"/good/link.png"_s));
        const auto reading = QFileDevice::ReadOwner | QFileDevice::ReadGroup;
        const auto entering = QFileDevice::ExeOwner | QFileDevice::ExeGroup;
        QVERIFY(QFile::setPermissions(root(), reading | entering | QFileDevice::WriteOwner));
        QVERIFY(QFile::setPermissions(root() + u"/good"_s, reading | entering));
        QVERIFY(QFile::setPermissions(root() + u"/closed"_s, {}));
        QVERIFY(QFile::setPermissions(root() + u"/listed only"_s, reading));
        setfsuid(65534); // root may read everything; the group stays
        const AnomalyFolder found = AnomalyFolder::open(root(), Purpose::Inspection);
        setfsuid(geteuid());
        for (const char* name : {"/closed", "/listed only"})
            QVERIFY(QFile::setPermissions(root() + QString::fromLatin1(name),
                                          reading | entering | QFileDevice::WriteOwner));

        QCOMPARE(names(found.toInspect()), (QStringList{u"good/1.png"_s, u"good/link.png"_s}));
        QCOMPARE(leftOut(found, Kind::Undecodable), (QStringList{u"t\\xfcr"_s, u"good/\\xff\\xfe.png"_s}));
        QCOMPARE(leftOut(found, Kind::Dangling), (QStringList{u"self"_s, u"good/nowhere.png"_s}));
        QStringList unreadable = leftOut(found, Kind::Unreadable);
        unreadable.sort();
        QCOMPARE(unreadable, (QStringList{u"closed"_s, u"listed only/deep"_s}));
        for (const LeftOut& part : found.leftOut) {
            QVERIFY(part.isFault() && !part.remedy().isEmpty());
            QVERIFY2(part.text().contains(part.example()) && part.text().contains(QString::number(part.count())),
                     qPrintable(part.text()));
        }
    }

    void plainSorted_data()
    {
        QTest::addColumn<QString>("bad");
        QTest::addColumn<QString>("masks");
        QTest::newRow("bad") << u"bad"_s << u"masks"_s;
        QTest::newRow("ng") << u"ng"_s << u"mask"_s;
        QTest::newRow("defect") << u"defect"_s << u"ground_truth"_s;
        QTest::newRow("defective") << u"defective"_s << u"masks"_s;
        QTest::newRow("other case") << u"NG"_s << u"Masks"_s;
    }

    void plainSorted()
    {
        QFETCH(QString, bad);
        QFETCH(QString, masks);
        for (const QString& name :
             {u"good/1.png"_s, u"top.png"_s, bad + u"/1.png"_s, bad + u"/2.tif"_s, bad + u"/rost/3.png"_s,
              masks + u"/1_mask.png"_s, masks + u"/2.png"_s, masks + u"/rost/3.png"_s})
            add(name);
        const AnomalyFolder training = AnomalyFolder::open(root(), Purpose::Training);
        QCOMPARE(names(training.train), (QStringList{u"top.png"_s, u"good/1.png"_s}));
        QCOMPARE(names(training.test), (QStringList{bad + u"/1.png"_s, bad + u"/2.tif"_s, bad + u"/rost/3.png"_s}));
        QCOMPARE(defects(training.test), (QStringList{bad, bad, u"rost"_s}));
        QCOMPARE(training.test[0].maskPath, root() + u'/' + masks + u"/1_mask.png"_s);
        QCOMPARE(training.test[1].maskPath, root() + u'/' + masks + u"/2.png"_s);
        QCOMPARE(training.test[2].maskPath, root() + u'/' + masks + u"/rost/3.png"_s);
        QCOMPARE(training.maskRoot, root() + u'/' + masks);

        const AnomalyFolder inspection = AnomalyFolder::open(root(), Purpose::Inspection);
        QCOMPARE(inspection.test.size(), std::size_t(5));
        QCOMPARE(inspection.test[0].truth, Truth::Good);
        QCOMPARE(inspection.test[4].truth, Truth::Defective);
    }

    void nonAsciiAndLongPaths()
    {
        QString deep = u"Prüfteile 部品"_s;
        for (int i = 0; i < 8; ++i)
            deep += u'/' + QString(100, u'ö');
        add(deep + u"/Bild ß.png"_s);
        const AnomalyFolder folder = AnomalyFolder::open(root() + u'/' + deep + u'/', Purpose::Inspection);
        QCOMPARE(names(folder.test), QStringList{u"Bild ß.png"_s});
        QVERIFY(QFile::exists(folder.test[0].path));
    }

    void emptyMissingAndFile()
    {
        QVERIFY(AnomalyFolder::open(root(), Purpose::Training).all().empty());
        add(u"file.png"_s);
        for (const QString& path : {root() + u"/none"_s, root() + u"/file.png"_s, QString()}) {
            const auto error = errorOf([&] { AnomalyFolder::open(path, Purpose::Training); });
            QVERIFY(error);
            QCOMPARE(error->kind(), ErrorKind::File);
            QVERIFY(error->message().contains(path) && !error->remedy().isEmpty());
        }
    }

    void naturalOrder()
    {
        const QStringList expected{u"1.png"_s,
                                   u"01.png"_s,
                                   u"2.png"_s,
                                   u"010.png"_s,
                                   u"a1b2.png"_s,
                                   u"a1b10.png"_s,
                                   u"A2.png"_s,
                                   u"b.png"_s,
                                   u"B1.png"_s,
                                   u"b99999999999999999999.png"_s,
                                   u"b100000000000000000000.png"_s};
        for (const QString& name : expected)
            add(name);
        QStringList found;
        for (const QString& path : findImages(root()))
            found += path.sliced(root().size() + 1);
        found.removeOne(u"01.png"_s); // equal to 1.png but for its zeros: either may come first
        QStringList rest = expected;
        rest.removeOne(u"01.png"_s);
        QCOMPARE(found, rest);
    }

    void linksThatLoop()
    {
        add(u"a/1.png"_s);
        add(u"a/b/2.png"_s);
        QVERIFY(QFile::link(root(), root() + u"/a/b/up"_s));
        QVERIFY(QFile::link(root() + u"/a"_s, root() + u"/a/self"_s));
        QVERIFY(QFile::link(root() + u"/gone"_s, root() + u"/a/broken.png"_s));
        QVERIFY(QFile::link(root() + u"/a/1.png"_s, root() + u"/a/link.png"_s));
        QCOMPARE(findImages(root()).size(), std::size_t(3));
        QDir(root()).mkpath(u"good"_s);
        QVERIFY(QFile::link(root(), root() + u"/good/loop"_s));
        QVERIFY(QFile::link(root() + u"/a"_s, root() + u"/good/a of others"_s));
        const AnomalyFolder folder = AnomalyFolder::open(root(), Purpose::Inspection);
        QCOMPARE(names(folder.test), (QStringList{u"a/1.png"_s, u"a/link.png"_s, u"a/b/2.png"_s}));
        QCOMPARE(folder.test[0].truth, Truth::Unknown); // a link in good/ does not make them good
        QCOMPARE(leftOut(folder, Kind::Dangling), QStringList{u"a/broken.png"_s});
    }

    void cancels()
    {
        add(u"1.png"_s);
        CancelToken cancel;
        cancel.cancel();
        QVERIFY_THROWS_EXCEPTION(Cancelled, AnomalyFolder::open(root(), Purpose::Training, cancel));
        QVERIFY_THROWS_EXCEPTION(Cancelled, findImages(root(), cancel));
    }

    void twentyThousandFiles()
    {
        QDir(root()).mkpath(u"train/good"_s);
        for (int i = 0; i < 20000; ++i) {
            QFile file(root() + u"/train/good/part_%1.png"_s.arg(i));
            QVERIFY(file.open(QIODevice::WriteOnly));
        }
        const Stopwatch watch;
        const AnomalyFolder folder = AnomalyFolder::open(root(), Purpose::Training);
        const double ms = watch.ms();
        qInfo("20,000 files listed in %.0f ms", ms);
        QCOMPARE(folder.train.size(), std::size_t(20000));
        QVERIFY(folder.train[999].name.endsWith(u"part_999.png"_s));
        // Ten times what it takes, for slow machines and sanitizers.
        QVERIFY(ms < 3000.0);
    }

private:
    QString root() const { return m_dir->path(); }
    void add(const QString& name) { writeFile(root() + u'/' + name, "x"); }

    std::unique_ptr<QTemporaryDir> m_dir;
};

QTEST_GUILESS_MAIN(TestAnomalyFolder)
#include "tst_anomaly_folder.moc"
