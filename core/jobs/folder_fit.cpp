// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/jobs/folder_fit.h"

#include "core/weights/model_file.h"

#include <QtCore/QCoreApplication>
#include <QtCore/QJsonArray>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr int kLeast = 8;           ///< pictures that can say something
constexpr int kEnough = 20;         ///< that do, of a larger folder: its first ones may be the defective ones
constexpr double kNearlyAll = 0.95; ///< of them are foreign
constexpr double kLeastApart = 1.0; ///< a deviation of good pixels; good pictures that are all alike lie no closer

/// Scores lie between 0 and 1 as 1/2 + 1/2 u / (1 + |u|) and crowd near the ends; u is a distance.
double unfolded(double score)
{
    const double t = 2.0 * score - 1.0;
    return std::abs(t) < 1.0 ? t / (1.0 - std::abs(t)) : std::copysign(std::numeric_limits<double>::infinity(), t);
}

} // namespace

FolderFit::FolderFit(const ModelInfo& info, int pictures)
    : m_enough(std::clamp(pictures, kLeast, kEnough))
{
    std::vector<double> good;
    for (const QJsonValue& score : info.calibration[u"good_scores"_s].toArray())
        good.push_back(unfolded(score.toDouble()));
    std::sort(good.begin(), good.end());
    const auto odd = std::size_t(info.calibration[u"odd"_s].toArray().size());
    good.resize(good.size() - std::min(odd, good.size()));
    if (good.size() < 2 || !std::isfinite(good.front()) || !std::isfinite(good.back()))
        return;
    m_limit =
        std::max(good.back() + std::max(good.back() - good.front(), kLeastApart), unfolded(info.thresholds.score));
}

void FolderFit::add(double score)
{
    ++m_pictures;
    if (m_limit && !(unfolded(score) < *m_limit)) // one that is no number is foreign
        ++m_foreign;
}

std::optional<bool> FolderFit::fits() const
{
    if (!m_limit || m_pictures < m_enough)
        return std::nullopt;
    return m_foreign < kNearlyAll * m_pictures;
}

QString FolderFit::reason() const
{
    if (fits().value_or(true))
        return {};
    return QCoreApplication::translate("core",
                                       "Nearly every picture is NG and lies far from everything that this model "
                                       "calls good (%1 of %2).")
        .arg(m_foreign)
        .arg(m_pictures);
}

QString FolderFit::remedy() const
{
    if (fits().value_or(true))
        return {};
    return QCoreApplication::translate(
        "core",
        "Is it another part, other light, another position or focus of the camera? Choose the model of this part, "
        "take the pictures as those of its training were taken, or train a model on good pictures of this "
        "folder. Only a folder of nothing but badly damaged parts looks like this, too.");
}

QJsonObject FolderFit::toJson() const
{
    const std::optional<bool> known = fits();
    return {{u"fits"_s, known ? QJsonValue(*known) : QJsonValue()}, {u"reason"_s, reason()}};
}

} // namespace lynceus
