// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include <QtCore/QDirIterator>
#include <QtCore/QFile>
#include <QtCore/QHash>
#include <QtCore/QMap>
#include <QtCore/QRegularExpression>
#include <QtCore/QSet>
#include <QtTest/QtTest>

using namespace Qt::StringLiterals;

namespace {

/// Path from the root of the sources, and text.
using Sources = QMap<QString, QString>;

struct Include
{
    int line = 0;
    QString target;
};

/// What each room of core may include besides itself.
const QHash<QString, QStringList>& allowedRooms()
{
    static const QStringList low{u"base"_s, u"image"_s};
    static const QStringList data{u"data"_s, u"metrics"_s, u"storage"_s, u"report"_s};
    static const QStringList method = low + data + QStringList{u"weights"_s, u"nn"_s, u"engines"_s, u"training"_s};
    static const QHash<QString, QStringList> table{
        {u"base"_s, {}},
        {u"image"_s, {u"base"_s}},
        {u"data"_s, low},
        {u"metrics"_s, low},
        {u"storage"_s, low},
        {u"report"_s, low + QStringList{u"storage"_s}},
        {u"weights"_s, low},
        {u"nn"_s, low + QStringList{u"weights"_s}},
        {u"engines"_s, low + QStringList{u"weights"_s, u"nn"_s}},
        {u"training"_s, low + QStringList{u"data"_s, u"weights"_s, u"nn"_s}},
        {u"memseg"_s, method},
        {u"encoder"_s, method},
        {u"u2net"_s, method},
        {u"raft"_s, method},
        {u"jobs"_s, method + QStringList{u"memseg"_s}},
    };
    return table;
}

QList<Include> includesOf(const QString& text)
{
    static const QRegularExpression pattern(u"^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"]"_s);
    QList<Include> includes;
    int line = 0;
    for (const QString& content : text.split(u'\n')) {
        ++line;
        if (const auto match = pattern.match(content); match.hasMatch())
            includes.append({line, match.captured(1)});
    }
    return includes;
}

QString part(const QString& path, int index)
{
    return path.section(u'/', index, index);
}

bool isCode(const QString& path)
{
    return path.endsWith(u".h") || path.endsWith(u".cpp");
}

bool isTorch(const QString& include)
{
    static const QRegularExpression pattern(u"^(torch|ATen|c10|caffe2)(/|$)"_s);
    return pattern.match(include).hasMatch();
}

/// Why a file must not include this one; empty when it may.
QString wrongDirection(const QString& path, const QString& target)
{
    const QString area = part(path, 0);
    const QString targetArea = part(target, 0);
    if (area == u"core" && (targetArea == u"ui" || targetArea == u"app"))
        return u"core must not know %1"_s.arg(targetArea);
    if (area == u"ui" && targetArea == u"app")
        return u"ui must not know app"_s;
    if (area != u"core" || targetArea != u"core")
        return {};
    const QString room = part(path, 1);
    const QString targetRoom = part(target, 1);
    if (!allowedRooms().contains(room))
        return u"room %1 has no place in the layer table"_s.arg(room);
    if (room != targetRoom && !allowedRooms().value(room).contains(targetRoom))
        return u"room %1 must not include room %2"_s.arg(room, targetRoom);
    return {};
}

/// Why a file must not include this outside header; empty when it may.
QString wrongLibrary(const QString& path, const QString& target)
{
    const QString area = part(path, 0);
    static const QRegularExpression shortQtHeader(u"^Q[A-Za-z0-9]+$"_s);
    if (area == u"core" && (target.startsWith(u"QtWidgets") || target == u"QWidget"))
        return u"core is free of Widgets"_s;
    if (area == u"core" && shortQtHeader.match(target).hasMatch())
        return u"core names the Qt module of a header, so that this test can see it"_s;
    if (target.startsWith(u"QtSql") && !path.startsWith(u"core/storage/") && area != u"tests")
        return u"SQL is spoken in core/storage only"_s;
    if (target.section(u'/', -1) == u"qcustomplot.h" && path != u"ui/curve_plot.cpp")
        return u"qcustomplot.h belongs to ui/curve_plot.cpp"_s;
    const QStringList torchRooms{u"nn"_s,      u"engines"_s, u"training"_s, u"memseg"_s,
                                 u"encoder"_s, u"u2net"_s,   u"raft"_s};
    if (isTorch(target) && area == u"core" && !torchRooms.contains(part(path, 1)))
        return u"torch belongs to nn, engines, training and the methods' rooms"_s;
    const QStringList openVino{u"core/nn/arranging_operators.cpp"_s, u"core/nn/computing_operators.cpp"_s,
                               u"core/nn/graph_operators.h"_s,       u"core/nn/graph_translator.cpp"_s,
                               u"core/nn/openvino_network.cpp"_s,    u"core/nn/operator_call.cpp"_s,
                               u"core/nn/operator_call.h"_s,         u"core/nn/quantisation.cpp"_s};
    const bool speaksOpenVino = part(target, 0) == u"openvino" || (target.endsWith(u".h") && openVino.contains(target));
    if (speaksOpenVino && !openVino.contains(path))
        return u"OpenVINO belongs to the translator and the runner of core/nn"_s;
    return {};
}

/// The chain of includes by which a file reaches torch; empty when it doesn't.
QStringList wayToTorch(const Sources& sources, const QString& path, QSet<QString>& seen)
{
    if (seen.contains(path))
        return {};
    seen.insert(path);
    for (const Include& include : includesOf(sources.value(path))) {
        if (isTorch(include.target))
            return {path, include.target};
        if (!sources.contains(include.target))
            continue;
        const QStringList way = wayToTorch(sources, include.target, seen);
        if (!way.isEmpty())
            return QStringList{path} + way;
    }
    return {};
}

/// Everything that breaks a rule of the house, one line each.
QStringList layeringFaults(const Sources& sources)
{
    QStringList faults;
    for (auto source = sources.cbegin(); source != sources.cend(); ++source) {
        const QString& path = source.key();
        const QString head = source.value().left(400);
        for (const QString& tag : {u"SPDX-FileCopyrightText:"_s, u"SPDX-License-Identifier:"_s}) {
            if (!head.contains(tag))
                faults += u"%1: the line %2 is missing"_s.arg(path, tag);
        }
        if (!isCode(path))
            continue;
        for (const Include& include : includesOf(source.value())) {
            for (const QString& why : {wrongDirection(path, include.target), wrongLibrary(path, include.target)}) {
                if (!why.isEmpty())
                    faults += u"%1:%2: includes %3: %4"_s.arg(path).arg(include.line).arg(include.target, why);
            }
        }
        if (path.startsWith(u"ui/")) {
            QSet<QString> seen;
            const QStringList way = wayToTorch(sources, path, seen);
            if (!way.isEmpty())
                faults += u"%1: reaches torch: %2"_s.arg(path, way.join(u" -> "));
        }
    }
    return faults;
}

Sources readSources(const QString& root)
{
    Sources sources;
    for (const QString& area : {u"core"_s, u"ui"_s, u"app"_s, u"tests"_s, u"benchmarks"_s, u"cmake"_s}) {
        QDirIterator files(root + u'/' + area,
                           {u"*.h"_s, u"*.cpp"_s, u"*.cmake"_s, u"CMakeLists.txt"_s, u"*.sql"_s, u"*.qrc"_s},
                           QDir::Files, QDirIterator::Subdirectories);
        while (files.hasNext()) {
            QFile file(files.next());
            if (file.open(QIODevice::ReadOnly))
                sources.insert(file.fileName().mid(root.size() + 1), QString::fromUtf8(file.readAll()));
        }
    }
    return sources;
}

/// A made-up source with the two lines on top.
QString code(const QString& includes)
{
    return u"// SPDX-FileCopyrightText: 2026 X\n// SPDX-License-Identifier: GPL-3.0-or-later\n"_s + includes;
}

} // namespace

class TestLayering : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void theHouseIsInOrder();
    void faultsAreFound_data();
    void faultsAreFound();
    void allowedIncludesPass();
};

void TestLayering::theHouseIsInOrder()
{
    const Sources sources = readSources(QStringLiteral(LYNCEUS_SOURCE_DIR));
    QVERIFY(sources.contains(u"core/base/error.h"_s));
    QVERIFY(sources.contains(u"ui/CMakeLists.txt"_s));
    QVERIFY(sources.size() > 80);
    const QStringList faults = layeringFaults(sources);
    for (const QString& fault : faults) // one by one, because Qt Test cuts long messages
        qWarning().noquote() << fault;
    QCOMPARE(faults.size(), 0);
}

void TestLayering::faultsAreFound_data()
{
    QTest::addColumn<Sources>("sources");
    QTest::addColumn<QString>("fault");
    const auto row = [](const char* name, const Sources& sources, const QString& fault) {
        QTest::newRow(name) << sources << fault;
    };
    const auto one = [](const QString& path, const QString& include) { return Sources{{path, code(include)}}; };
    row("up", one(u"core/base/a.h"_s, u"#include \"core/image/b.h\""_s), u"core/base/a.h:3: includes"_s);
    row("spaced out", one(u"core/image/a.cpp"_s, u"\n  #  include <core/jobs/b.h>"_s), u"core/image/a.cpp:4:"_s);
    row("sideways", one(u"core/data/a.h"_s, u"#include \"core/metrics/b.h\""_s), u"room data must not include"_s);
    row("storage to report", one(u"core/storage/a.h"_s, u"#include \"core/report/b.h\""_s), u"room storage"_s);
    row("weights to nn", one(u"core/weights/a.h"_s, u"#include \"core/nn/b.h\""_s), u"room weights"_s);
    row("nn to data", one(u"core/nn/a.h"_s, u"#include \"core/data/b.h\""_s), u"room nn"_s);
    row("nn to engines", one(u"core/nn/a.h"_s, u"#include \"core/engines/b.h\""_s), u"room nn"_s);
    row("engines to a method", one(u"core/engines/a.h"_s, u"#include \"core/memseg/b.h\""_s), u"room engines"_s);
    row("engines to data", one(u"core/engines/a.h"_s, u"#include \"core/data/b.h\""_s), u"room engines"_s);
    row("engines to training", one(u"core/engines/a.h"_s, u"#include \"core/training/b.h\""_s), u"room engines"_s);
    row("training to engines", one(u"core/training/a.h"_s, u"#include \"core/engines/b.h\""_s), u"room training"_s);
    row("training to a method", one(u"core/training/a.h"_s, u"#include \"core/memseg/b.h\""_s), u"room training"_s);
    row("training to storage", one(u"core/training/a.h"_s, u"#include \"core/storage/b.h\""_s), u"room training"_s);
    row("nn to training", one(u"core/nn/a.h"_s, u"#include \"core/training/b.h\""_s), u"room nn"_s);
    row("method to method", one(u"core/raft/a.h"_s, u"#include \"core/u2net/b.h\""_s), u"room raft"_s);
    row("method to jobs", one(u"core/memseg/a.h"_s, u"#include \"core/jobs/b.h\""_s), u"room memseg"_s);
    row("unknown room", one(u"core/attic/a.h"_s, u"#include \"core/base/b.h\""_s), u"attic has no place"_s);
    row("core to ui", one(u"core/jobs/a.h"_s, u"#include \"ui/b.h\""_s), u"core must not know ui"_s);
    row("core to app", one(u"core/jobs/a.h"_s, u"#include \"app/b.h\""_s), u"core must not know app"_s);
    row("ui to app", one(u"ui/a.h"_s, u"#include \"app/b.h\""_s), u"ui must not know app"_s);
    row("Widgets", one(u"core/jobs/a.h"_s, u"#include <QtWidgets/QLabel>"_s), u"free of Widgets"_s);
    row("QWidget", one(u"core/jobs/a.h"_s, u"#include <QWidget>"_s), u"free of Widgets"_s);
    row("short Qt header", one(u"core/jobs/a.h"_s, u"#include <QPushButton>"_s), u"names the Qt module"_s);
    row("SQL", one(u"ui/a.h"_s, u"#include <QtSql/QSqlQuery>"_s), u"SQL is spoken"_s);
    row("QCustomPlot", one(u"ui/page.cpp"_s, u"#include <qcustomplot.h>"_s), u"qcustomplot.h belongs"_s);
    row("QCustomPlot by folder", one(u"ui/curve_plot.h"_s, u"#include \"x/qcustomplot.h\""_s), u"qcustomplot.h"_s);
    row("torch in ui", one(u"ui/a.cpp"_s, u"#include <torch/torch.h>"_s), u"ui/a.cpp: reaches torch"_s);
    row("ATen in ui", one(u"ui/a.cpp"_s, u"#include <ATen/ATen.h>"_s), u"reaches torch"_s);
    row("c10 in ui", one(u"ui/a.cpp"_s, u"#include <c10/util/Exception.h>"_s), u"reaches torch"_s);
    row("torch in a wrong room", one(u"core/jobs/a.cpp"_s, u"#include <torch/torch.h>"_s), u"torch belongs"_s);
    row("OpenVINO by a header", one(u"core/nn/quant.cpp"_s, u"#include \"core/nn/operator_call.h\""_s),
        u"OpenVINO belongs"_s);
    row("OpenVINO in engines", one(u"core/engines/a.cpp"_s, u"#include <openvino/openvino.hpp>"_s),
        u"OpenVINO belongs"_s);
    row("OpenVINO", one(u"core/nn/engine.h"_s, u"#include <openvino/openvino.hpp>"_s), u"OpenVINO belongs"_s);
    row("torch behind two headers",
        {{u"ui/a.cpp"_s, code(u"#include \"ui/b.h\""_s)},
         {u"ui/b.h"_s, code(u"#include \"core/memseg/c.h\""_s)},
         {u"core/memseg/c.h"_s, code(u"#include \"core/memseg/d.h\"\n#include \"core/nn/e.h\""_s)},
         {u"core/memseg/d.h"_s, code(u"#include \"core/memseg/c.h\""_s)}, // a circle
         {u"core/nn/e.h"_s, code(u"#include <torch/nn.h>"_s)}},
        u"ui/a.cpp: reaches torch: ui/a.cpp -> ui/b.h -> core/memseg/c.h -> core/nn/e.h -> torch/nn.h"_s);
    row("no copyright", {{u"ui/a.h"_s, u"// SPDX-License-Identifier: GPL-3.0-or-later\n"_s}},
        u"ui/a.h: the line SPDX-FileCopyrightText: is missing"_s);
    row("no licence", {{u"cmake/a.cmake"_s, u"# SPDX-FileCopyrightText: 2026 X\n"_s}},
        u"the line SPDX-License-Identifier: is missing"_s);
}

void TestLayering::faultsAreFound()
{
    QFETCH(Sources, sources);
    QFETCH(QString, fault);
    const QStringList faults = layeringFaults(sources);
    QVERIFY2(!faults.filter(fault).isEmpty(), qPrintable(faults.join(u'\n')));
}

void TestLayering::allowedIncludesPass()
{
    const Sources sources{
        {u"core/report/a.cpp"_s, code(u"#include \"core/storage/b.h\"\n#include \"core/report/c.h\"\n"_s)},
        {u"core/nn/a.h"_s, code(u"#include \"core/weights/b.h\"\n#include <torch/torch.h>\n"_s)},
        {u"core/nn/openvino_network.cpp"_s, code(u"#include <openvino/openvino.hpp>\n"_s)},
        {u"core/memseg/a.h"_s, code(u"#include \"core/nn/a.h\"\n#include \"core/data/b.h\"\n#include <vector>\n"_s)},
        {u"core/engines/a.h"_s,
         code(u"#include \"core/nn/a.h\"\n#include \"core/weights/b.h\"\n#include <torch/types.h>\n"_s)},
        {u"core/raft/a.h"_s, code(u"#include \"core/engines/a.h\"\n"_s)},
        {u"core/memseg/session.h"_s, code(u"#include \"core/image/b.h\"\n#include <QtCore/QString>\n"_s)},
        {u"core/memseg/session.cpp"_s, code(u"#include \"core/memseg/session.h\"\n#include <torch/torch.h>\n"_s)},
        {u"core/jobs/a.h"_s, code(u"#include \"core/memseg/a.h\"\n"_s)},
        {u"core/storage/a.h"_s, code(u"#include <QtSql/QSqlQuery>\n"_s)},
        {u"ui/curve_plot.cpp"_s, code(u"#include <qcustomplot.h>\n"_s)},
        {u"ui/page.cpp"_s, code(u"#include \"core/memseg/session.h\"\n#include <QtWidgets/QLabel>\n"_s)},
        {u"app/main.cpp"_s, code(u"#include \"ui/page.h\"\n#include \"core/memseg/a.h\"\n"_s)},
    };
    const QStringList faults = layeringFaults(sources);
    QVERIFY2(faults.isEmpty(), qPrintable(faults.join(u'\n')));
}

QTEST_APPLESS_MAIN(TestLayering)
#include "tst_layering.moc"
