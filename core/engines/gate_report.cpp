// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/engines/gate_report.h"

#include "core/base/error.h"
#include "core/image/json_fields.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QJsonArray>

#include <algorithm>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

constexpr int kMostImages = 1'000'000;
constexpr double kClearlyFaster = 1.05;

QString tr(const char* text)
{
    return QCoreApplication::translate("core", text);
}

/// "score", "mask", "flow".
QString measureName(GateMeasure measure)
{
    switch (measure) {
    case GateMeasure::Score:
        return u"score"_s;
    case GateMeasure::Mask:
        return u"mask"_s;
    case GateMeasure::Flow:
        return u"flow"_s;
    }
    return {};
}

GateMeasure measureFrom(const QJsonValue& name)
{
    if (name.isUndefined()) // once there was nothing but scores
        return GateMeasure::Score;
    for (const GateMeasure measure : {GateMeasure::Score, GateMeasure::Mask, GateMeasure::Flow}) {
        if (name == measureName(measure))
            return measure;
    }
    throw Error(ErrorKind::Format, tr("There is no measure \"%1\".").arg(name.toString()));
}

QString comparedText(const GateReport& report)
{
    const auto text = [&](const QString& pattern) { return pattern.arg(report.images).arg(report.shift, 0, 'f', 4); };
    switch (report.measure) {
    case GateMeasure::Score:
        return text(tr("%1 images, scores within %2"));
    case GateMeasure::Mask:
        return text(tr("%1 images, masks apart by %2 at most"));
    case GateMeasure::Flow:
        return text(tr("%1 images, flows within %2 pixels"));
    }
    return {};
}

QString tooFarText(const GateReport& report)
{
    switch (report.measure) {
    case GateMeasure::Score:
        return tr("a score moved by more than %1").arg(report.limit);
    case GateMeasure::Mask:
        return tr("masks are apart by more than %1").arg(report.limit);
    case GateMeasure::Flow:
        return tr("a flow moved by more than %1 pixels").arg(report.limit);
    }
    return {};
}

QStringList strings(const QJsonValue& value)
{
    QStringList list;
    const QJsonArray array = value.toArray();
    for (const QJsonValue& one : array)
        list.append(one.toString());
    return list;
}

} // namespace

bool GateReport::passed() const
{
    return failure.isEmpty() && images > 0 && verdictsChanged == 0 && shift <= limit && goodRise <= margin;
}

QString GateReport::summary() const
{
    if (!failure.isEmpty())
        return tr("blocked: %1").arg(failure);
    const QString compared = comparedText(*this);
    if (passed())
        return tr("passed: %1, %2 times as fast as libtorch").arg(compared).arg(ratio(), 0, 'f', 2);
    if (verdictsChanged > 0)
        return tr("blocked: changed verdicts: %1 (%2)").arg(verdictsChanged).arg(compared);
    if (shift <= limit)
        return tr("blocked: a good part's score rose by %1, and only %2 lie between them and the threshold (%3)")
            .arg(goodRise, 0, 'f', 4)
            .arg(margin, 0, 'f', 4)
            .arg(compared);
    return tr("blocked: %1 (%2)").arg(tooFarText(*this), compared);
}

QJsonObject GateReport::toJson() const
{
    return {{u"engine"_s, engineName(engine)},
            {u"passed"_s, passed()},
            {u"measure"_s, measureName(measure)},
            {u"limit"_s, limit},
            {u"images"_s, images},
            {u"verdicts_changed"_s, verdictsChanged},
            {u"regions_changed"_s, regionsChanged},
            {u"score_shift"_s, shift},
            {u"good_rise"_s, goodRise},
            {u"margin"_s, margin},
            {u"map_shift"_s, mapShift},
            {u"mean_map_shift"_s, meanMapShift},
            {u"worst"_s, QJsonArray::fromStringList(worst)},
            {u"float_layers"_s, QJsonArray::fromStringList(floatLayers)},
            {u"ms"_s, ms},
            {u"libtorch_ms"_s, libTorchMs},
            {u"failure"_s, failure}};
}

GateReport GateReport::fromJson(const QJsonObject& json)
{
    GateReport report;
    report.engine = engineFromName(json[u"engine"_s].toString());
    report.measure = measureFrom(json[u"measure"_s]);
    report.limit = json.contains(u"limit"_s) ? jsonNumber(json, u"limit"_s) : kMostScoreShift;
    report.images = jsonInteger(json, u"images"_s, 0, kMostImages);
    report.verdictsChanged = jsonInteger(json, u"verdicts_changed"_s, 0, kMostImages);
    report.regionsChanged = jsonInteger(json, u"regions_changed"_s, 0, kMostImages);
    report.shift = jsonNumber(json, u"score_shift"_s);
    report.goodRise = jsonNumber(json, u"good_rise"_s);
    report.margin = jsonNumber(json, u"margin"_s);
    report.mapShift = jsonNumber(json, u"map_shift"_s);
    report.meanMapShift = jsonNumber(json, u"mean_map_shift"_s);
    report.worst = strings(json[u"worst"_s]);
    report.floatLayers = strings(json[u"float_layers"_s]);
    report.ms = jsonNumber(json, u"ms"_s);
    report.libTorchMs = jsonNumber(json, u"libtorch_ms"_s);
    report.failure = json[u"failure"_s].toString();
    return report;
}

Engine fastestPassed(const std::vector<GateReport>& reports)
{
    Engine fastest = Engine::LibTorch;
    double ratio = kClearlyFaster;
    for (const GateReport& report : reports) {
        if (report.passed() && report.ratio() > ratio) {
            fastest = report.engine;
            ratio = report.ratio();
        }
    }
    return fastest;
}

Engine engineThatRuns(Engine wanted, const std::vector<GateReport>& reports)
{
    if (wanted == Engine::Auto)
        return fastestPassed(reports);
    const bool passed = std::any_of(reports.begin(), reports.end(), [&](const GateReport& report) {
        return report.engine == wanted && report.passed();
    });
    return passed ? wanted : Engine::LibTorch;
}

} // namespace lynceus
