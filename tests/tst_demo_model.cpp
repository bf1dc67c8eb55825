// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/data/demo_product.h"
#include "core/memseg/session.h"
#include "core/weights/model_store.h"

#include <QtCore/QFile>
#include <QtCore/QFileInfo>
#include <QtCore/QJsonArray>
#include <QtCore/QRegularExpression>
#include <QtTest/QTest>

#include <cmath>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

const QString kModels = QStringLiteral(LYNCEUS_SOURCE_DIR "/models");

/// A row of the card's table of scores.
struct Row
{
    QString part; ///< "good" or a defect kind
    std::uint64_t index = 0;
    double score = 0.0;
    Verdict verdict = Verdict::Ok;
};

std::vector<Row> cardRows()
{
    QFile card(kModels + u"/demo_memseg.md"_s);
    std::vector<Row> rows;
    if (!card.open(QIODevice::ReadOnly))
        return rows;
    static const QRegularExpression line(u"^\\| (\\w+) \\| (\\d+) \\| ([0-9.]+) \\| (OK|NG|Review) \\|$"_s,
                                         QRegularExpression::MultilineOption);
    auto matches = line.globalMatch(QString::fromUtf8(card.readAll()));
    while (matches.hasNext()) {
        const auto match = matches.next();
        rows.push_back({match.captured(1), match.captured(2).toULongLong(), match.captured(3).toDouble(),
                        verdictFromName(match.captured(4))});
    }
    return rows;
}

} // namespace

class TestDemoModel : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void manifestNamesTheFile();
    void fileIsSmall();
    void scoresAreThoseOfTheCard_data();
    void scoresAreThoseOfTheCard();
};

void TestDemoModel::manifestNamesTheFile()
{
    const ModelStore store(kModels, {});
    const auto entry = store.find(u"demo-memseg"_s);
    QVERIFY(entry);
    QVERIFY(entry->builtIn);
    QVERIFY(store.verify(*entry));
    const ModelInfo info = readModelInfo(entry->path, u"memseg"_s);
    QCOMPARE(info.architecture, entry->architecture);
    QVERIFY(!entry->licence.isEmpty() && !entry->origin.isEmpty());
    QVERIFY(!info.calibration[u"good_scores"_s].toArray().isEmpty()); // by which a folder is known not to fit
}

void TestDemoModel::fileIsSmall()
{
    QVERIFY(QFileInfo(kModels + u"/demo_memseg.safetensors"_s).size() < 8'000'000);
}

void TestDemoModel::scoresAreThoseOfTheCard_data()
{
    QTest::addColumn<QString>("part");
    QTest::addColumn<quint64>("index");
    QTest::addColumn<double>("score");
    QTest::addColumn<Verdict>("verdict");
    const std::vector<Row> rows = cardRows();
    QVERIFY2(rows.size() >= 8, "the card has no table of scores");
    for (const Row& row : rows)
        QTest::addRow("%s %d", qPrintable(row.part), int(row.index))
            << row.part << quint64(row.index) << row.score << row.verdict;
}

void TestDemoModel::scoresAreThoseOfTheCard()
{
    QFETCH(QString, part);
    QFETCH(quint64, index);
    QFETCH(double, score);
    QFETCH(Verdict, verdict);
    const DemoImage image = renderDemoPart(DemoOptions(), index, part == u"good"_s ? QString() : part);
    const auto session = MemSegSession::load(kModels + u"/demo_memseg.safetensors"_s);
    const AnomalyResult result = session->inspect(image.image);
    QVERIFY2(std::abs(result.score - score) < 1e-3, qPrintable(QString::number(result.score)));
    QCOMPARE(result.verdict, verdict);
}

QTEST_GUILESS_MAIN(TestDemoModel)
#include "tst_demo_model.moc"
