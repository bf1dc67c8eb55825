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
#include <utility>

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

/// Of the images that can be read; the others are named and taken out of `paths`.
std::vector<double> scoresOf(CommandContext& context, MemSegSession& session, std::vector<QString>& paths,
                             const QString& title)
{
    std::vector<double> scores;
    std::vector<QString> read;
    inspectImages(
        paths, session,
        [&](InspectedImage&& image) {
            if (image.error.isEmpty()) {
                scores.push_back(image.result.score);
                read.push_back(image.path);
            } else {
                context.console.warn(image.path + u": "_s + image.error);
            }
        },
        context.task(title));
    paths = std::move(read);
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
    const double overkill = arguments.number(u"overkill"_s, kDefaultOverkill, 1e-6, 0.5);
    const QString modelFile = context.modelFile();

    const AnomalyFolder folder = context.folder(data, AnomalyFolder::Purpose::Training);
    std::vector<QString> good = pathsOf(folder.test, Truth::Good);
    if (good.empty()) {
        good = pathsOf(folder.train, Truth::Good);
        context.console.warn(tr("The good images are those of the training part. If the model was trained on them, "
                                "their scores are too low and the threshold will reject too many parts."));
    }
    std::vector<QString> defective = fromCosts ? pathsOf(folder.test, Truth::Defective) : std::vector<QString>();
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
        thresholds.review = found.threshold;
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
        thresholds.review = found.review;
        calibration = found.toJson();
        for (const std::size_t i : found.odd)
            context.console.warn(tr("%1 looks unlike all other good images; look at it.").arg(good[i]));
        line = tr("Threshold %1: %2").arg(figure(found.threshold), overkillPromise(calibration));
    }
    keepGoodScores(calibration, session->info().calibration);
    thresholds.pixel = thresholds.score;
    updateModelThresholds(modelFile, thresholds, calibration);

    context.console.endProgress();
    context.console.print(line);
    QJsonObject json = calibration;
    json.remove(u"good_scores"_s);
    json.insert(u"model"_s, modelFile);
    json.insert(u"threshold"_s, thresholds.score);
    context.console.writeJson(json);
    return kDone;
}

} // namespace lynceus
