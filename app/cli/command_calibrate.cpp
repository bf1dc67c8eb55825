// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/command.h"
#include "core/base/error.h"
#include "core/data/anomaly_folder.h"
#include "core/jobs/inspection_pipeline.h"
#include "core/memseg/session.h"
#include "core/metrics/calibration.h"

#include <QtCore/QCoreApplication>

#include <limits>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QString tr(const char* text)
{
    return QCoreApplication::translate("cli", text);
}

std::vector<QString> pathsOf(const std::vector<Sample>& samples, Truth truth)
{
    std::vector<QString> paths;
    for (const Sample& sample : samples) {
        if (sample.truth == truth)
            paths.push_back(sample.path);
    }
    return paths;
}

std::vector<double> scoresOf(CommandContext& context, MemSegSession& session, const std::vector<QString>& paths,
                             const QString& title)
{
    std::vector<double> scores;
    inspectImages(
        paths, session,
        [&](InspectedImage&& image) {
            if (image.error.isEmpty())
                scores.push_back(image.result.score);
            else
                context.console.warn(image.path + u": "_s + image.error);
        },
        context.task(title));
    return scores;
}

} // namespace

int runCalibrate(CommandContext& context)
{
    const Arguments& arguments = context.arguments;
    const QString data = arguments.required(u"data"_s);
    const bool fromCosts = arguments.isSet(u"cost-escape"_s) || arguments.isSet(u"cost-overkill"_s);
    constexpr double kMaxCost = std::numeric_limits<double>::max();
    const double costEscape = arguments.number(u"cost-escape"_s, 1.0, 0.0, kMaxCost);
    const double costOverkill = arguments.number(u"cost-overkill"_s, 1.0, 0.0, kMaxCost);
    const double share = arguments.number(u"defective-share"_s, 0.01, 0.0, 1.0);
    const double overkill = arguments.number(u"overkill"_s, 0.01, 1e-6, 0.5);
    const QString modelFile = context.modelFile();

    const AnomalyFolder folder = context.folder(data, AnomalyFolder::Purpose::Training);
    std::vector<QString> good = pathsOf(folder.test, Truth::Good);
    if (good.empty()) {
        good = pathsOf(folder.train, Truth::Good);
        context.console.warn(tr("The good images are those of the training part. If the model was trained on them, "
                                "their scores are too low and the threshold will reject too many parts."));
    }
    const std::vector<QString> defective = fromCosts ? pathsOf(folder.test, Truth::Defective) : std::vector<QString>();
    if (good.empty() || (fromCosts && defective.empty())) {
        throw Error(ErrorKind::Input,
                    tr("%1 holds %2 good and %3 defective images.")
                        .arg(folder.root)
                        .arg(good.size())
                        .arg(pathsOf(folder.test, Truth::Defective).size()),
                    tr("A threshold needs good images; one from costs needs defective images too."));
    }

    const auto session = context.session(modelFile, context.sessionOptions());
    const std::vector<double> goodScores = scoresOf(context, *session, good, tr("Good images"));
    Thresholds thresholds = session->thresholds();
    QJsonObject calibration{{u"images"_s, int(goodScores.size())}};
    QString line;
    if (fromCosts) {
        const auto defectiveScores = scoresOf(context, *session, defective, tr("Defective images"));
        const CostCalibration found = thresholdFromCosts(goodScores, defectiveScores, costOverkill, costEscape, share);
        thresholds.score = found.threshold;
        calibration.insert(u"kind"_s, u"cost"_s);
        calibration.insert(u"defective_images"_s, int(defectiveScores.size()));
        calibration.insert(u"cost_escape"_s, costEscape);
        calibration.insert(u"cost_overkill"_s, costOverkill);
        calibration.insert(u"defective_share"_s, share);
        calibration.insert(u"expected_cost"_s, found.expectedCost);
        calibration.insert(u"overkill"_s, found.overkill);
        calibration.insert(u"escape"_s, found.escape);
        line = tr("Threshold %1: overkill %2, escapes %3, expected cost %4 a part")
                   .arg(figure(found.threshold), figure(found.overkill), figure(found.escape),
                        figure(found.expectedCost, 6));
    } else {
        const GoodCalibration found = thresholdFromGood(goodScores, overkill);
        thresholds.score = found.threshold;
        calibration.insert(u"kind"_s, u"good"_s);
        calibration.insert(u"overkill"_s, found.overkill);
        calibration.insert(u"upper_bound"_s, found.upperBound);
        calibration.insert(u"confidence"_s, found.confidence);
        calibration.insert(u"extrapolated"_s, found.extrapolated);
        line = tr("Threshold %1 from %2 good images: overkill below %3 % at 95 % confidence")
                   .arg(figure(found.threshold))
                   .arg(found.images)
                   .arg(figure(100.0 * found.upperBound, 1));
    }
    thresholds.review = thresholds.score;
    updateModelThresholds(modelFile, thresholds, calibration);

    context.console.endProgress();
    context.console.print(line);
    QJsonObject json = calibration;
    json.insert(u"model"_s, modelFile);
    json.insert(u"threshold"_s, thresholds.score);
    context.console.writeJson(json);
    return kDone;
}

} // namespace lynceus
