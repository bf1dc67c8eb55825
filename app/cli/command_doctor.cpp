// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "app/cli/command.h"
#include "core/base/error.h"
#include "core/data/folder_doctor.h"
#include "core/image/image_io.h"
#include "core/memseg/align_strip.h"
#include "core/memseg/odd_images.h"
#include "core/weights/model_store.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QJsonArray>

#include <algorithm>

namespace lynceus {

using namespace Qt::StringLiterals;

namespace {

QString severityName(Finding::Severity severity)
{
    switch (severity) {
    case Finding::Severity::Error:
        return QCoreApplication::translate("cli", "error");
    case Finding::Severity::Warning:
        return QCoreApplication::translate("cli", "warning");
    case Finding::Severity::Info:
        break;
    }
    return QCoreApplication::translate("cli", "note");
}

QJsonArray showOddImages(CommandContext& context, const AnomalyFolder& folder)
{
    const auto most = std::size_t(context.arguments.number(u"odd"_s, 10, 1, 1'000'000));
    const MemSegOptions options = trainingOptions(context.arguments);
    const QString encoder = context.app().modelStore().encoderFile(options.encoder, options.backbone);
    const auto ranked =
        rankByOddness(folder, options, encoder, context.task(QCoreApplication::translate("cli", "Comparing")));
    context.console.endProgress();
    context.console.print(QCoreApplication::translate(
        "cli", "Good images that look least like the others, in standard deviations of what is usual:"));
    QJsonArray json;
    for (std::size_t i = 0; i < std::min(most, ranked.size()); ++i) {
        const OddImage& image = ranked[i];
        if (!image.problem.isEmpty()) {
            context.console.print(u"       -  %1  %2"_s.arg(image.sample.name, image.problem));
            json.append(QJsonObject{{u"image"_s, image.sample.name}, {u"problem"_s, image.problem}});
            continue;
        }
        const QString mark =
            image.oddness > kSuspicious ? QCoreApplication::translate("cli", "worth a look") : QString();
        context.console.print(u"  %1  %2  %3"_s.arg(image.oddness, 6, 'f', 1).arg(image.sample.name, mark).trimmed());
        json.append(QJsonObject{{u"image"_s, image.sample.name}, {u"oddness"_s, image.oddness}});
    }
    return json;
}

/// What a training of the folder would do about how the parts lie.
QJsonObject showAlignment(CommandContext& context, const FolderReport& report)
{
    const QString file = context.arguments.value(u"align-strip"_s);
    if (!report.canTrain()) {
        if (!file.isEmpty()) {
            throw Error(ErrorKind::Input,
                        QCoreApplication::translate("cli", "There is no picture strip of a folder that no model can be "
                                                           "trained on."),
                        QCoreApplication::translate("cli", "Mend what the doctor found first."));
        }
        return {};
    }
    const AlignStrip strip = makeAlignStrip(report.folder.train, trainingOptions(context.arguments),
                                            context.task(QCoreApplication::translate("cli", "Looking for parts")));
    const Console& console = context.console;
    console.endProgress();
    console.print(strip.text);
    QJsonObject json{{u"upright"_s, strip.isUpright},
                     {u"text"_s, strip.text},
                     {u"not_found"_s, QJsonArray::fromStringList(strip.notFound)}};
    if (file.isEmpty())
        return json;
    if (strip.pictures.empty()) {
        console.print(QCoreApplication::translate("cli", "%1 was not written: there is nothing to show.").arg(file));
        return json;
    }
    writePng(file, strip.picture());
    console.print(QCoreApplication::translate("cli", "Before and after: %1").arg(file));
    json.insert(u"strip"_s, file);
    return json;
}

} // namespace

int runDoctor(CommandContext& context)
{
    if (context.arguments.positional().size() != 1)
        throw UsageError(QCoreApplication::translate("cli", "doctor needs one folder."));
    const FolderReport report = examineFolder(context.arguments.positional().first(),
                                              context.task(QCoreApplication::translate("cli", "Examining")));
    const Console& console = context.console;
    console.endProgress();
    console.print(report.folder.root);
    console.print(QCoreApplication::translate("cli", "%1 good for training, %2 good and %3 defective to test, %4 masks")
                      .arg(report.trainGood)
                      .arg(report.testGood)
                      .arg(report.testDefective)
                      .arg(report.masks));
    for (const Finding& finding : report.findings) {
        console.print(severityName(finding.severity) + u": "_s + finding.message);
        if (!finding.remedy.isEmpty())
            console.print(u"    "_s + finding.remedy);
    }
    if (report.findings.empty())
        console.print(QCoreApplication::translate("cli", "Nothing wrong was found."));
    QJsonObject json = report.toJson();
    if (const QJsonObject align = showAlignment(context, report); !align.isEmpty())
        json.insert(u"align"_s, align);
    if (context.arguments.isSet(u"odd"_s))
        json.insert(u"odd"_s, showOddImages(context, report.folder));
    console.writeJson(json);
    return report.isReadable() ? kDone : kFailed;
}

} // namespace lynceus
