// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/base/error.h"
#include "core/report/report_writer.h"
#include "core/report/run_export.h"

#include <QtCore/QFile>
#include <QtCore/QJsonArray>
#include <QtCore/QJsonDocument>
#include <QtCore/QTemporaryDir>
#include <QtCore/QXmlStreamReader>
#include <QtTest/QtTest>

#include <cmath>

using namespace lynceus;
using namespace Qt::StringLiterals;

namespace {

ReportItem item(const QString& image, Verdict verdict, double score)
{
    ReportItem result;
    result.image = image;
    result.result.score = score;
    result.result.verdict = verdict;
    result.result.thresholds.score = 0.6;
    result.result.times = {1.0, 0.0, 2.0, 30.5, 0.5};
    return result;
}

ReportData sample()
{
    ReportData data;
    data.title = u"Schicht <früh> & \"spät\""_s;
    data.modelPath = u"/modelle/flansch.safetensors"_s;
    data.modelHash = u"cafe"_s;
    data.programVersion = u"0.1.0"_s;
    data.started = QDateTime(QDate(2026, 5, 6), QTime(7, 8, 9), Qt::UTC);
    data.finished = data.started.addSecs(60);
    data.items.push_back(item(u"bilder/teil 1.png"_s, Verdict::Ok, 0.1 + 0.2));
    data.items.push_back(item(u"=cmd|' /C calc'!A0"_s, Verdict::Ng, 0.9));
    Region region;
    region.box = {1, 2, 30, 40};
    region.area = 600;
    region.peak = 0.75F;
    data.items.back().result.regions = {region, region};
    data.items.front().result.times.align = 7.25; // of a model that turns parts upright
    data.items.push_back(item(u"<script>alert(1)</script> %1 \"x\", y.png"_s, Verdict::Review, 0.5));
    ReportItem failed;
    failed.image = u"kaputt.png"_s;
    failed.error = u"can't be read,\n\"truncated\""_s;
    data.items.push_back(failed);
    data.items[2].warnings = QStringList{u"3 <pages>"_s, u"no map"_s};
    return data;
}

/// A reader of RFC 4180, of its own.
QList<QStringList> parseCsv(const QString& text)
{
    QList<QStringList> rows{{QString()}};
    bool quoted = false;
    for (qsizetype i = 0; i < text.size(); ++i) {
        QString& cell = rows.last().last();
        const QChar c = text[i];
        if (quoted && c == u'"' && i + 1 < text.size() && text[i + 1] == u'"') {
            cell += c;
            ++i;
        } else if (c == u'"') {
            quoted = !quoted;
        } else if (!quoted && c == u',') {
            rows.last().append(QString());
        } else if (!quoted && c == u'\r' && i + 1 < text.size() && text[i + 1] == u'\n') {
            rows.append(QStringList{QString()});
            ++i;
        } else {
            cell += c;
        }
    }
    rows.removeLast();
    return rows;
}

} // namespace

class TestReportWriter : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void jsonHasTheKeysOfTheContract();
    void csvReadsBack();
    void formulasAreDefused_data();
    void formulasAreDefused();
    void htmlIsSelfContainedAndEscaped();
    void htmlLinksPicturesRelatively();
    void nothingToReport_data();
    void nothingToReport();
    void errorsKeepTheOldFile();
    void runsReadBack();
    void curvesReadBack();

private:
    QByteArray written(const QString& name, const ReportData& data)
    {
        writeReport(m_dir.filePath(name), data);
        QFile file(m_dir.filePath(name));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

    QTemporaryDir m_dir;
};

void TestReportWriter::jsonHasTheKeysOfTheContract()
{
    const QJsonObject report = QJsonDocument::fromJson(written(u"bericht ü.json"_s, sample())).object();
    QCOMPARE(report, reportToJson(sample()));
    const QJsonObject counts = report.value(u"counts"_s).toObject();
    QCOMPARE(counts, (QJsonObject{{u"total"_s, 4}, {u"ok"_s, 1}, {u"ng"_s, 1}, {u"review"_s, 1}, {u"failed"_s, 1}}));
    const QJsonObject inspection = report.value(u"inspection"_s).toObject();
    QCOMPARE(inspection.value(u"model"_s).toString(), u"/modelle/flansch.safetensors"_s);
    QCOMPARE(inspection.value(u"started"_s).toString(), u"2026-05-06T07:08:09.000Z"_s);

    const QJsonArray results = report.value(u"results"_s).toArray();
    QCOMPARE(results.size(), 4);
    QVERIFY(results[0].toObject().value(u"score"_s).toDouble() == 0.1 + 0.2); // every bit
    QCOMPARE(results[0].toObject()[u"latency_ms"_s].toObject()[u"align"_s].toDouble(), 7.25);
    const QJsonObject ng = results[1].toObject();
    QCOMPARE(ng.keys(),
             (QStringList{u"image"_s, u"latency_ms"_s, u"regions"_s, u"score"_s, u"threshold"_s, u"verdict"_s}));
    QCOMPARE(ng.value(u"verdict"_s).toString(), u"NG"_s);
    QCOMPARE(ng.value(u"threshold"_s).toDouble(), 0.6);
    QCOMPARE(ng.value(u"latency_ms"_s).toObject(),
             (QJsonObject{{u"load"_s, 1}, {u"prepare"_s, 2}, {u"infer"_s, 30.5}, {u"post"_s, 0.5}}));
    QCOMPARE(ng.value(u"regions"_s).toArray().size(), 2);
    QCOMPARE(ng.value(u"regions"_s).toArray()[0].toObject(),
             (QJsonObject{
                 {u"x"_s, 1}, {u"y"_s, 2}, {u"width"_s, 30}, {u"height"_s, 40}, {u"area"_s, 600}, {u"peak"_s, 0.75}}));
    QCOMPARE(results[2].toObject().value(u"warnings"_s).toArray(), (QJsonArray{u"3 <pages>"_s, u"no map"_s}));
    QCOMPARE(results[3].toObject().keys(), (QStringList{u"error"_s, u"image"_s}));
}

void TestReportWriter::csvReadsBack()
{
    const QString text = QString::fromUtf8(written(u"bericht.csv"_s, sample()));
    const auto rows = parseCsv(text);
    QCOMPARE(rows.size(), 5);
    for (const QStringList& row : rows)
        QCOMPARE(row.size(), 15);
    const auto cell = [&rows](int row, const QString& column) { return rows[row][rows[0].indexOf(column)]; };
    QCOMPARE(cell(1, u"image"_s), u"bilder/teil 1.png"_s);
    QCOMPARE(cell(1, u"verdict"_s), u"OK"_s);
    QVERIFY(cell(1, u"score"_s).toDouble() == 0.1 + 0.2);
    QCOMPARE(cell(2, u"regions"_s), u"2"_s);
    QCOMPARE(cell(2, u"region_area"_s), u"1200"_s);
    QCOMPARE(cell(2, u"peak"_s), u"0.75"_s);
    QCOMPARE(cell(3, u"image"_s), sample().items[2].image);
    QCOMPARE(cell(3, u"warnings"_s), u"3 <pages> no map"_s);
    QCOMPARE(cell(4, u"error"_s), sample().items[3].error);
    QCOMPARE(cell(4, u"score"_s), QString());
    QCOMPARE(cell(1, u"align_ms"_s), u"7.25"_s);
    QCOMPARE(cell(2, u"align_ms"_s), QString());
}

void TestReportWriter::formulasAreDefused_data()
{
    QTest::addColumn<QString>("image");
    QTest::addColumn<QString>("cell");
    for (const QString& text : {u"=1+1"_s, u"+1"_s, u"-1"_s, u"@SUM(A1)"_s, u"\tx"_s, u"\rx"_s})
        QTest::newRow(qPrintable(text)) << text << u'\'' + text;
    QTest::newRow("plain") << u"a=b.png"_s << u"a=b.png"_s;
    QTest::newRow("Chinese") << u"图像.png"_s << u"图像.png"_s;
}

void TestReportWriter::formulasAreDefused()
{
    QFETCH(QString, image);
    QFETCH(QString, cell);
    ReportData data;
    data.items.push_back(item(image, Verdict::Ok, -0.25));
    ReportItem failed;
    failed.image = image;
    failed.error = image;
    data.items.push_back(failed);
    const auto rows = parseCsv(QString::fromUtf8(written(u"f.csv"_s, data)));
    QCOMPARE(rows[1][0], cell);
    QCOMPARE(rows[1][2], u"-0.25"_s); // a number stays a number
    QCOMPARE(rows[2][0], cell);
    QCOMPARE(rows[2].value(rows[0].indexOf(u"error"_s)), cell);
}

void TestReportWriter::htmlIsSelfContainedAndEscaped()
{
    const QString html = QString::fromUtf8(written(u"bericht.HTML"_s, sample()));
    QVERIFY(!html.contains(u"<script"));
    QVERIFY(html.contains(u"&lt;script&gt;alert(1)&lt;/script&gt; %1 &quot;x&quot;, y.png"));
    QVERIFY(html.contains(u"Schicht &lt;früh&gt; &amp; &quot;spät&quot;"));
    QVERIFY(html.contains(u"&quot;truncated&quot;"));
    QVERIFY(html.contains(u"3 &lt;pages&gt;"));
    QVERIFY(!html.contains(u"http:") && !html.contains(u"https:") && !html.contains(u"@import"));
    for (const QString& word : {u"OK"_s, u"NG"_s, u"Review"_s, u"Failed"_s})
        QVERIFY2(html.count(word + u"</span>"_s) >= 2, qPrintable(word)); // count and row
    QVERIFY(html.contains(u"width:90.0%"));
    QVERIFY(html.contains(u"left:60.0%"));
    QVERIFY(html.contains(u"0.30000000000000004")); // the whole score as a tip

    // The body is well-formed: what is open is closed in order.
    QString body = html.mid(html.indexOf(u"<body>"));
    body = body.left(body.indexOf(u"</body>") + 7);
    body.replace(QRegularExpression(u"<img([^>]*)>"_s), u"<img\\1/>"_s);
    QXmlStreamReader reader(body);
    while (!reader.atEnd())
        reader.readNext();
    QVERIFY2(!reader.hasError(), qPrintable(reader.errorString()));
}

void TestReportWriter::htmlLinksPicturesRelatively()
{
    ReportData data;
    data.items.push_back(item(u"a.png"_s, Verdict::Ok, 0.1));
    data.items.back().overlayPath = m_dir.filePath(u"karten/ü #1?\"><b>.png"_s);
    const QString html = QString::fromUtf8(written(u"bericht.html"_s, data));
    QVERIFY(html.contains(u"src=\"./karten/%C3%BC%20%231%3F%22%3E%3Cb%3E.png\""));
    QVERIFY(!html.contains(m_dir.path()));
}

void TestReportWriter::nothingToReport_data()
{
    QTest::addColumn<QString>("name");
    for (const QString& name : {u"leer.csv"_s, u"leer.json"_s, u"leer.html"_s})
        QTest::newRow(qPrintable(name)) << name;
}

void TestReportWriter::nothingToReport()
{
    QFETCH(QString, name);
    ReportData data;
    data.items.push_back(item(u"n.png"_s, Verdict::Ng, std::nan("")));
    QVERIFY(!written(name, {}).isEmpty());
    QVERIFY(!written(name, data).isEmpty());
}

void TestReportWriter::errorsKeepTheOldFile()
{
    const QString folder = m_dir.filePath(u"fehlt"_s);
    try {
        writeReport(folder + u"/bericht.html"_s, sample());
        QFAIL("no error");
    } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::File);
        QVERIFY(error.message().contains(folder));
    }
    for (const QString& name : {u"bericht.pdf"_s, u"bericht"_s, u"csv"_s}) {
        try {
            writeReport(m_dir.filePath(name), sample());
            QFAIL("no error");
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Input);
            QVERIFY(error.message().contains(name));
        }
        QVERIFY(!QFile::exists(m_dir.filePath(name)));
    }
}

void TestReportWriter::runsReadBack()
{
    RunRecord run;
    run.id = 7;
    run.name = u"=Flansch, \"neu\""_s;
    run.state = RunRecord::State::Interrupted;
    run.started = QDateTime(QDate(2026, 5, 6), QTime(7, 8, 9), Qt::UTC);
    run.seed = 0xFFFFFFFFFFFFFFF1u;
    run.final = {{u"image_auroc"_s, 0.1 + 0.2}};
    run.tags = QStringList{u"Linie 3"_s, u"heiß"_s};
    run.notes = u"zwei\nZeilen"_s;
    run.options = {{u"steps"_s, 5}};
    const QString path = m_dir.filePath(u"Läufe.csv"_s);
    writeRunsCsv(path, {run, RunRecord()});
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QList<QStringList> rows = parseCsv(QString::fromUtf8(file.readAll()));
    QCOMPARE(rows.size(), 3);
    QCOMPARE(rows[1].size(), rows[0].size());
    QCOMPARE(rows[2].size(), rows[0].size());
    const auto cell = [&](const QString& column) { return rows[1].value(rows[0].indexOf(column)); };
    QCOMPARE(cell(u"run"_s), u"7"_s);
    QCOMPARE(cell(u"name"_s), u"'=Flansch, \"neu\""_s);
    QCOMPARE(cell(u"state"_s), u"interrupted"_s);
    QCOMPARE(cell(u"started"_s), u"2026-05-06T07:08:09Z"_s);
    QCOMPARE(cell(u"seed"_s), u"18446744073709551601"_s);
    QVERIFY(cell(u"image_auroc"_s).toDouble() == 0.1 + 0.2);
    QCOMPARE(cell(u"aupro"_s), QString());
    QCOMPARE(cell(u"tags"_s), u"Linie 3; heiß"_s);
    QCOMPARE(cell(u"notes"_s), u"zwei\nZeilen"_s);
    QCOMPARE(cell(u"options"_s), u"{\"steps\":5}"_s);
    QVERIFY_THROWS_EXCEPTION(Error, writeRunsCsv(m_dir.filePath(u"missing/x.csv"_s), {run}));
}

void TestReportWriter::curvesReadBack()
{
    const QString path = m_dir.filePath(u"Kurven.csv"_s);
    writeCurvesCsv(path, {{u"loss"_s, 10, 1.0 / 3.0},
                          {u"loss"_s, 20, std::nan("")},
                          {u"validation_auroc"_s, 0, 0.5},
                          {u"validation_auroc"_s, 20, 0.75}});
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QList<QStringList> rows = parseCsv(QString::fromUtf8(file.readAll()));
    QCOMPARE(rows.size(), 4);
    QCOMPARE(rows[0], (QStringList{u"step"_s, u"loss"_s, u"validation_auroc"_s}));
    QCOMPARE(rows[1], (QStringList{u"0"_s, QString(), u"0.5"_s}));
    QVERIFY(rows[2][1].toDouble() == 1.0 / 3.0);
    QCOMPARE(rows[3], (QStringList{u"20"_s, QString(), u"0.75"_s}));
}

QTEST_GUILESS_MAIN(TestReportWriter)
#include "tst_report_writer.moc"
