// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QJsonObject>
#include <QtCore/QString>
#include <QtCore/QStringList>

#include <optional>

namespace lynceus {

struct EvaluationReport;
struct ModelInfo;

/// Whether a MemSeg model is fit for use, in words that need no knowledge of statistics.
struct ModelVerdict
{
    enum class Grade { Usable, UsableWithReview, NotUsable };

    Grade grade = Grade::UsableWithReview;
    QString headline;    ///< one sentence
    QStringList reasons; ///< what it rests on, the weightiest first
    QStringList advice;  ///< what would help most, first things first; may be empty
    /// A threshold that judges the measured images clearly better than the model's; none where there is none.
    std::optional<double> betterThreshold;

    /// grade ("usable", "usable_with_review", "not_usable"), headline, reasons, advice, better_threshold if there is
    /// one.
    QJsonObject toJson() const;
};

/// "Usable", "Usable with review", "Not usable", for people.
QString gradeName(ModelVerdict::Grade grade);

/// From what the model file says: the simulated defects that would pass at its threshold, and what its good images
/// promise. Simulated defects are small and hard on purpose. Of models that find all real defects of their parts up to
/// half of the simulated ones pass, so that many say nothing against a model; where nine of ten pass, good images
/// differ from each other as much as nearly all of them do, and the model is not usable. In between, and where the
/// good images are too few for the overkill that was asked for, somebody has to look at what it passes.
ModelVerdict verdictOn(const ModelInfo& info);

/// The same where real, labelled images were measured: these stand above simulated defects. Usable: at most one in
/// twenty escapes, at most one in twenty good ones is rejected, and there were enough defective ones to show that most
/// are found. Not usable: one of the two is half or more. `measured` is judged at the model's threshold, whichever it
/// was measured at. Kinds that it does not hold, and good images that the model learnt from, count for nothing: then
/// the model file says what it can.
ModelVerdict verdictOn(const ModelInfo& info, const EvaluationReport& measured);

} // namespace lynceus
