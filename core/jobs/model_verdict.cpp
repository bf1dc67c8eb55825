// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/jobs/model_verdict.h"

#include "core/image/input_size.h"
#include "core/jobs/evaluation.h"
#include "core/metrics/calibration.h"
#include "core/metrics/confusion.h"
#include "core/weights/model_file.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QJsonArray>

#include <algorithm>
#include <cmath>
#include <vector>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

using Grade = ModelVerdict::Grade;

constexpr double kFewSimulated = 0.5; ///< of them may pass without a word against the model
constexpr double kNearlyAllSimulated = 0.9;
constexpr double kFewReal = 0.05; ///< escapes, and overkill, of real images
constexpr double kHalf = 0.5;
constexpr double kMuchOverkill = 0.1;   ///< to be expected of good parts
constexpr double kClearlyBetter = 0.02; ///< balanced error that another threshold must save
constexpr double kSameThreshold = 1e-6;
constexpr qsizetype kMostNames = 5;

QString tr(const char* text, int n = -1)
{
    return QCoreApplication::translate("core", text, nullptr, n);
}

QString percent(double share)
{
    return QString::number(100.0 * share, 'g', 2);
}

QString threshold(double value)
{
    return QString::number(value, 'f', 3);
}

/// The first of them, and how many more there are.
QString listed(const QStringList& names)
{
    const QString first = names.mid(0, kMostNames).join(u", "_s);
    return names.size() <= kMostNames ? first : tr("%1 and %2 more").arg(first).arg(names.size() - kMostNames);
}

void gradeAtMost(ModelVerdict& verdict, Grade grade)
{
    verdict.grade = std::max(verdict.grade, grade);
}

QString headlineOf(Grade grade, bool realDefects)
{
    switch (grade) {
    case Grade::Usable:
        return realDefects ? tr("It finds the real defects it was shown and lets good parts pass.")
                           : tr("As far as simulated defects can tell, it tells defects from good parts.");
    case Grade::UsableWithReview:
        return realDefects ? tr("It tells some real defects from good parts; look at what it passes and rejects.")
                           : tr("It can't be relied on alone: let somebody look at what it passes.");
    case Grade::NotUsable:
        break;
    }
    return realDefects
               ? tr("At its threshold it does not tell defects from good parts.")
               : tr("To this model good parts differ from each other as much as nearly all simulated defects do.");
}

/// What the simulated defects say. They can't say it of a threshold that was moved since.
void judgeSimulated(const ModelInfo& info, ModelVerdict& verdict)
{
    const QJsonObject& metrics = info.metrics;
    if (!metrics[u"escape"_s].isDouble()) {
        gradeAtMost(verdict, Grade::UsableWithReview);
        verdict.reasons << tr("The model file does not say what it makes of simulated defects.");
        return;
    }
    const double escape = metrics[u"escape"_s].toDouble();
    const int defective = metrics[u"defective"_s].toInt();
    const double measuredAt = metrics[u"threshold"_s].toDouble(info.thresholds.score);
    const bool moved = std::abs(measuredAt - info.thresholds.score) > kSameThreshold;
    const bool raised = moved && info.thresholds.score > measuredAt;
    gradeAtMost(verdict, escape >= kNearlyAllSimulated      ? Grade::NotUsable
                         : escape > kFewSimulated || raised ? Grade::UsableWithReview
                                                            : Grade::Usable);
    QString line =
        defective > 0
            ? tr("%1 of %2 simulated small defects would pass.").arg(std::lround(escape * defective)).arg(defective)
            : tr("%1 % of the simulated small defects would pass.").arg(percent(escape));
    if (moved) {
        line += u' ' + (raised ? tr("That was at the threshold %1; at %2, as it is now, more would.")
                               : tr("That was at the threshold %1; at %2, as it is now, fewer would."))
                           .arg(threshold(measuredAt), threshold(info.thresholds.score));
    } else if (info.thresholds.review < info.thresholds.score && escape > 0.0) {
        line += u' ' + tr("Those nearest to the threshold come up for review.");
    }
    verdict.reasons << line;
}

/// What may be expected of good parts.
void judgeGood(const ModelInfo& info, ModelVerdict& verdict)
{
    const QJsonObject& calibration = info.calibration;
    if (calibration[u"kind"_s].toString() == "good"_L1 && calibration.contains(u"expected"_s)) {
        QString promise = overkillPromise(calibration);
        promise[0] = promise[0].toUpper();
        verdict.reasons << promise + u'.';
        if (!calibration[u"supported"_s].toBool(true) || calibration[u"expected"_s].toDouble() > kMuchOverkill)
            gradeAtMost(verdict, Grade::UsableWithReview);
        return;
    }
    const QJsonArray scores = calibration[u"good_scores"_s].toArray();
    const auto above = std::count_if(scores.begin(), scores.end(), [&](const QJsonValue& score) {
        return score.toDouble() >= info.thresholds.score;
    });
    if (scores.isEmpty()) {
        gradeAtMost(verdict, Grade::UsableWithReview);
        verdict.reasons << tr("The model file does not say how many good parts to expect above the threshold.");
        return;
    }
    verdict.reasons << tr("%1 of the %2 good images of the training lie above the threshold, which was set later.")
                           .arg(above)
                           .arg(scores.size());
    if (double(above) > kMuchOverkill * double(scores.size()))
        gradeAtMost(verdict, Grade::UsableWithReview);
}

/// What its input shows of the pictures; models from before that was kept say nothing.
void judgeSight(const ModelInfo& info, ModelVerdict& verdict)
{
    const auto length = Length::fromText(info.options[u"smallest_defect"_s].toString());
    const Preprocessing& how = info.preprocessing;
    Sight sight;
    sight.picture = {info.metrics[u"picture_width"_s].toInt(), info.metrics[u"picture_height"_s].toInt()};
    sight.input = how.resizeTo > 0 ? cv::Size(how.resizeTo, how.resizeTo) : cv::Size(how.width, how.height);
    sight.pixelsPerMm = info.options[u"pixels_per_mm"_s].toDouble();
    sight.smallest = length ? length->pixels(sight.pixelsPerMm) : 0.0;
    if (sight.picture.empty())
        return;
    if (const QString text = sight.text(); !text.isEmpty())
        verdict.reasons << text;
    if (const QString advice = sight.advice(); !advice.isEmpty())
        verdict.advice << advice;
    if (sight.isTooCoarse())
        gradeAtMost(verdict, Grade::UsableWithReview);
}

/// Good images that may not be good, and what became of the decoder: true of a model whatever was measured.
void addFacts(const ModelInfo& info, ModelVerdict& verdict)
{
    QStringList odd;
    for (const QJsonValue& name : info.calibration[u"odd"_s].toArray())
        odd << name.toString();
    if (!odd.isEmpty()) {
        verdict.reasons << tr("%n good image(s) lie far from all others: %1.", int(odd.size())).arg(listed(odd));
        verdict.advice << tr("Look at the odd images. Leave out what shows a defect or another part, and train again.");
    }
    const QJsonValue weight = info.options[u"fusion"_s].toObject()[u"weight"_s];
    const QString decoder = info.options[u"decoder"_s].toString();
    if (!weight.isDouble() || decoder.isEmpty() || decoder == "none"_L1)
        return;
    verdict.reasons << (weight.toDouble() > 0.0
                            ? tr("The decoder finds defects that the comparison with good parts misses; both are used.")
                            : tr("The decoder found no more than the comparison with good parts; it is not used."));
}

void adviseOnGood(const ModelInfo& info, ModelVerdict& verdict)
{
    const QJsonObject& calibration = info.calibration;
    if (!calibration[u"supported"_s].toBool(true))
        verdict.advice << tr("Train with more good images: %1 or more.")
                              .arg(int(std::ceil(1.0 / calibration[u"overkill"_s].toDouble(1.0))) - 1);
}

QString alikeAdvice()
{
    return tr("Make good pictures more alike: the same light, focus and position of the part, nothing else in view.");
}

/// Half-way between the scores that it separates: the best one itself is the score of a defective image.
double betterThreshold(const EvaluationReport& report)
{
    double below = 0.0;
    for (const double score : report.scores) {
        if (score < report.bestThreshold)
            below = std::max(below, score);
    }
    const double middle = (below + report.bestThreshold) / 2.0;
    const double rounded = std::round(middle * 1e3) / 1e3;
    return rounded > below && rounded <= report.bestThreshold ? rounded : middle;
}

QString withBound(const QString& line, int events, int trials)
{
    return tr("%1 (at most %2 %, with 95 % confidence).").arg(line, percent(rateUpperBound(events, trials)));
}

QStringList passingByType(const EvaluationReport& report)
{
    std::vector<DefectFigures> passing;
    std::copy_if(report.perDefect.begin(), report.perDefect.end(), std::back_inserter(passing),
                 [](const DefectFigures& defect) { return defect.escape > 0.0 && !defect.name.isEmpty(); });
    std::stable_sort(passing.begin(), passing.end(),
                     [](const DefectFigures& a, const DefectFigures& b) { return a.escape > b.escape; });
    QStringList lines;
    for (const DefectFigures& defect : passing)
        lines << tr("%1 %2 of %3").arg(defect.name).arg(std::lround(defect.escape * defect.images)).arg(defect.images);
    return lines;
}

void suggestThreshold(const ModelInfo& info, const EvaluationReport& report, ModelVerdict& verdict)
{
    if (report.learntFromGood || !(report.balancedError - report.bestBalancedError >= kClearlyBetter))
        return;
    const double better = betterThreshold(report);
    const Confusion then = confusionAt(better, report.scores, report.labels);
    QString advice =
        tr("Use the threshold %1: there %2 of %3 defective and %4 of %5 good test images are judged wrongly.")
            .arg(threshold(better))
            .arg(then.falseNegative)
            .arg(then.falseNegative + then.truePositive)
            .arg(then.falsePositive)
            .arg(then.falsePositive + then.trueNegative);
    const QJsonArray good = info.calibration[u"good_scores"_s].toArray();
    if (!good.isEmpty()) {
        const auto above = std::count_if(good.begin(), good.end(),
                                         [&](const QJsonValue& score) { return score.toDouble() >= better; });
        advice += u' ' + tr("%1 of the %2 good images of the training lie above it.").arg(above).arg(good.size());
    }
    verdict.betterThreshold = better;
    verdict.advice.prepend(advice);
}

} // namespace

QJsonObject ModelVerdict::toJson() const
{
    const QString names[] = {u"usable"_s, u"usable_with_review"_s, u"not_usable"_s};
    QJsonObject json{{u"grade"_s, names[int(grade)]},
                     {u"headline"_s, headline},
                     {u"reasons"_s, QJsonArray::fromStringList(reasons)},
                     {u"advice"_s, QJsonArray::fromStringList(advice)}};
    if (betterThreshold)
        json.insert(u"better_threshold"_s, *betterThreshold);
    return json;
}

QString gradeName(Grade grade)
{
    return grade == Grade::Usable             ? tr("Usable")
           : grade == Grade::UsableWithReview ? tr("Usable with review")
                                              : tr("Not usable");
}

ModelVerdict verdictOn(const ModelInfo& info)
{
    ModelVerdict verdict;
    verdict.grade = Grade::Usable;
    judgeSimulated(info, verdict);
    judgeGood(info, verdict);
    addFacts(info, verdict);
    judgeSight(info, verdict);
    verdict.headline = headlineOf(verdict.grade, false);
    adviseOnGood(info, verdict);
    if (verdict.grade != Grade::Usable)
        verdict.advice << alikeAdvice();
    verdict.advice << tr("Measure it on pictures of real defects: put them into test/, a folder for each type.");
    return verdict;
}

ModelVerdict verdictOn(const ModelInfo& info, const EvaluationReport& measured)
{
    EvaluationReport report = measured;
    report.judgeAt(info.thresholds.score);
    const Confusion counts = confusionAt(report.threshold, report.scores, report.labels);
    const int defective = counts.truePositive + counts.falseNegative;
    const int good = report.learntFromGood ? 0 : counts.trueNegative + counts.falsePositive;
    if (defective == 0 && good == 0)
        return verdictOn(info);

    ModelVerdict verdict;
    verdict.grade = Grade::Usable;
    if (defective > 0) {
        verdict.reasons << withBound(tr("%1 of %2 defective test images pass").arg(counts.falseNegative).arg(defective),
                                     counts.falseNegative, defective);
        if (const QStringList types = passingByType(report); !types.isEmpty())
            verdict.reasons << tr("By type: %1 pass.").arg(listed(types));
        const bool proven = rateUpperBound(counts.falseNegative, defective) < kHalf;
        gradeAtMost(verdict, report.escape >= kHalf                ? Grade::NotUsable
                             : report.escape > kFewReal || !proven ? Grade::UsableWithReview
                                                                   : Grade::Usable);
        if (!proven && report.escape < kHalf)
            verdict.advice << tr("Measure it on more pictures of real defects: so few prove little.");
    } else {
        judgeSimulated(info, verdict);
    }
    if (good > 0) {
        const double overkill = double(counts.falsePositive) / good;
        verdict.reasons << withBound(tr("%1 of %2 good test images are rejected").arg(counts.falsePositive).arg(good),
                                     counts.falsePositive, good);
        gradeAtMost(verdict, overkill >= kHalf     ? Grade::NotUsable
                             : overkill > kFewReal ? Grade::UsableWithReview
                                                   : Grade::Usable);
    } else {
        judgeGood(info, verdict);
        adviseOnGood(info, verdict);
    }
    addFacts(info, verdict);
    judgeSight(info, verdict);
    verdict.headline = headlineOf(verdict.grade, defective > 0 || verdict.grade == Grade::NotUsable);
    if (verdict.grade != Grade::Usable)
        verdict.advice << alikeAdvice();
    suggestThreshold(info, report, verdict);
    return verdict;
}

} // namespace lynceus
