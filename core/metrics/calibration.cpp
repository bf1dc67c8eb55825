// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/metrics/calibration.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace Qt::StringLiterals;

namespace lynceus {

namespace {

constexpr double kFarOut = 4.5;          ///< interquartile ranges above the upper quartile
constexpr std::size_t kLeastForOdd = 20; ///< images; of fewer, quartiles say nothing
constexpr double kLeastFence = 0.1;      ///< alike images have no odd ones by rounding
constexpr double kHighest = 1.0;         ///< score that a map can have

/// Walks through the terms of a binomial distribution. Logarithms, because (1-p)^n underflows for large n; the
/// coefficients by recurrence, because std::lgamma is not thread-safe.
class BinomialCdf
{
public:
    /// 0 < rate < 1
    BinomialCdf(int trials, double rate)
        : m_trials(trials)
        , m_logOdds(std::log(rate) - std::log1p(-rate))
        , m_logTerm(trials * std::log1p(-rate))
        , m_sum(std::exp(m_logTerm))
    {
    }

    /// P(X <= events) so far; starts at 0 events.
    double value() const { return m_sum; }
    void addNext()
    {
        m_logTerm += std::log(double(m_trials - m_events) / (m_events + 1)) + m_logOdds;
        ++m_events;
        m_sum += std::exp(m_logTerm);
    }

private:
    int m_trials;
    double m_logOdds;
    double m_logTerm;
    double m_sum;
    int m_events = 0;
};

double binomialCdf(int events, int trials, double rate)
{
    BinomialCdf cdf(trials, rate);
    for (int i = 0; i < events; ++i)
        cdf.addNext();
    return cdf.value();
}

void requireBetween0And1(double value, const QString& name)
{
    if (!(value > 0.0 && value < 1.0))
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "%1 is %2; it must lie between 0 and 1.").arg(name).arg(value));
}

/// Keeps a tolerated image clear of the threshold by more than the noise of float arithmetic.
double smallestMargin(double score)
{
    return std::max(0.01 * std::abs(score), 1e-6);
}

/// A value above `low` and at most `high`, half-way if floating point has one.
double between(double low, double high)
{
    const double middle = low + (high - low) / 2.0;
    return middle > low ? middle : high;
}

/// The scale of scores, which ends at 0 and 1, as one without ends: there a far score lies far.
double unfolded(double score)
{
    constexpr double kEnd = 1e6;
    const double t = 2.0 * score - 1.0;
    return std::clamp(t / std::max(1.0 - std::abs(t), 1.0 / kEnd), -kEnd, kEnd);
}

/// Unfolded scores above it are odd: far out by the quartiles, as box plots draw it. `sorted`: finite scores.
double oddFence(const std::vector<double>& sorted)
{
    if (sorted.size() < kLeastForOdd)
        return std::numeric_limits<double>::infinity();
    const double upper = unfolded(sorted[(sorted.size() - 1) * 3 / 4]);
    const double lower = unfolded(sorted[(sorted.size() - 1) / 4]);
    return upper + std::max(kFarOut * (upper - lower), kLeastFence);
}

/// The value at or above which the share `rate` of parts like these lies; see thresholdFromGood().
double upperLimit(const std::vector<double>& sorted, double rate)
{
    const auto count = double(sorted.size());
    const double position = std::clamp((count + 1.0) * (1.0 - rate), 1.0, count);
    const auto below = std::size_t(position);
    const double tolerated = sorted[below - 1];
    const auto next = std::upper_bound(sorted.begin(), sorted.end(), tolerated);
    double limit = tolerated + smallestMargin(tolerated);
    if (tolerated <= kHighest)
        limit = std::min(limit, between(tolerated, kHighest)); // else nothing could reach it
    if (next == sorted.end())
        return limit;
    limit = std::min(limit, between(tolerated, *next));
    const double share = position - double(below);
    const bool hasRoom = share > 0.0 && sorted[below] > tolerated;
    return hasRoom ? std::max(limit, tolerated + share * (sorted[below] - tolerated)) : limit;
}

std::vector<double> sortedFinite(const std::vector<double>& scores, const QString& which)
{
    if (scores.empty())
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "There are no scores of %1.").arg(which));
    std::vector<double> sorted = scores;
    for (const double score : sorted) {
        if (!std::isfinite(score))
            throw Error(ErrorKind::Input,
                        QCoreApplication::translate("core", "A score of %1 is not a finite number.").arg(which));
    }
    std::sort(sorted.begin(), sorted.end());
    return sorted;
}

} // namespace

GoodCalibration thresholdFromGood(const std::vector<double>& goodScores, double overkill, double confidence)
{
    requireBetween0And1(overkill, QCoreApplication::translate("core", "The overkill rate"));
    requireBetween0And1(confidence, QCoreApplication::translate("core", "The confidence"));
    // A score that is no number is a part that would be rejected.
    const auto height = [](double score) {
        return std::isfinite(score) ? score : std::numeric_limits<double>::infinity();
    };
    std::vector<double> sorted;
    for (const double score : goodScores)
        sorted.push_back(height(score));
    std::sort(sorted.begin(), sorted.end());
    const auto finiteEnd = std::lower_bound(sorted.begin(), sorted.end(), std::numeric_limits<double>::infinity());
    if (finiteEnd == sorted.begin())
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "A threshold needs the score of at least one good image."),
                    QCoreApplication::translate("core", "Add good images."));

    GoodCalibration result;
    result.overkill = overkill;
    result.confidence = confidence;
    const double fence = oddFence({sorted.begin(), finiteEnd});
    for (std::size_t i = 0; i < goodScores.size(); ++i) {
        if (!std::isfinite(goodScores[i]) || unfolded(goodScores[i]) > fence)
            result.odd.push_back(i);
    }
    std::stable_sort(result.odd.begin(), result.odd.end(),
                     [&](std::size_t a, std::size_t b) { return height(goodScores[a]) > height(goodScores[b]); });
    result.images = int(sorted.size());
    result.supported = overkill * (result.images + 1) >= 1.0;
    const std::size_t far = result.odd.size();
    // A few odd ones are part of what may be rejected. As more of them come, the others get that share to themselves.
    const double allowed = overkill * (result.images + 1);
    const bool othersDecide = double(far) > allowed - 1.0;
    const std::vector<double> deciding(sorted.begin(), sorted.end() - std::ptrdiff_t(othersDecide ? far : 0));
    const double ofOthers = std::min(allowed, double(far) - (allowed - 1.0));
    result.threshold = upperLimit(deciding, othersDecide ? ofOthers / (result.images + 1) : overkill);
    result.review = std::min(result.threshold, upperLimit(deciding, std::max(overkill, kReviewShare)));
    result.rejected = int(sorted.end() - std::lower_bound(sorted.begin(), sorted.end(), result.threshold));
    result.expected =
        std::max(overkill, (othersDecide ? double(far) + std::max(1.0, ofOthers) : 1.0) / (result.images + 1));
    result.upperBound = rateUpperBound(result.rejected, result.images, confidence);
    return result;
}

QJsonObject GoodCalibration::toJson() const
{
    return {{u"kind"_s, u"good"_s},      {u"images"_s, images},          {u"overkill"_s, overkill},
            {u"expected"_s, expected},   {u"upper_bound"_s, upperBound}, {u"confidence"_s, confidence},
            {u"supported"_s, supported}, {u"rejected"_s, rejected}};
}

QString overkillPromise(const QJsonObject& calibration)
{
    if (calibration[u"kind"_s].toString() != "good"_L1)
        return {};
    const auto percent = [&](const QString& key) {
        return QString::number(100.0 * calibration[key].toDouble(), 'g', 2);
    };
    const int images = calibration[u"images"_s].toInt();
    const QString promise =
        QCoreApplication::translate("core", "about %1 % of good parts are rejected, at most %2 % (%3 % confidence, %4 "
                                            "good images)")
            .arg(percent(u"expected"_s), percent(u"upper_bound"_s), percent(u"confidence"_s))
            .arg(images);
    if (calibration[u"supported"_s].toBool(true))
        return promise;
    return QCoreApplication::translate("core", "%1; for %2 % at least %3 good images are needed")
        .arg(promise, percent(u"overkill"_s))
        .arg(int(std::ceil(1.0 / calibration[u"overkill"_s].toDouble(1.0))) - 1);
}

void keepGoodScores(QJsonObject& calibration, const QJsonObject& before)
{
    for (const QString& key : {u"good_scores"_s, u"odd"_s}) {
        if (before.contains(key))
            calibration.insert(key, before[key]);
    }
}

CostCalibration thresholdFromCosts(const std::vector<double>& goodScores, const std::vector<double>& defectiveScores,
                                   double costOverkill, double costEscape, double defectiveShare)
{
    if (!(costOverkill >= 0.0 && costEscape >= 0.0 && std::isfinite(costOverkill + costEscape)))
        throw Error(ErrorKind::Input, QCoreApplication::translate("core", "Costs must be numbers of at least 0."));
    if (!(defectiveShare >= 0.0 && defectiveShare <= 1.0))
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "The share of defective parts is %1; it must lie in 0 to 1.")
                        .arg(defectiveShare));
    const auto good = sortedFinite(goodScores, QCoreApplication::translate("core", "good images"));
    const auto defective = sortedFinite(defectiveScores, QCoreApplication::translate("core", "defective images"));

    std::vector<double> all;
    std::merge(good.begin(), good.end(), defective.begin(), defective.end(), std::back_inserter(all));
    all.erase(std::unique(all.begin(), all.end()), all.end());

    const auto at = [&](double threshold) {
        const auto passed = [threshold](const std::vector<double>& sorted) {
            const auto first = std::lower_bound(sorted.begin(), sorted.end(), threshold);
            return double(first - sorted.begin()) / double(sorted.size());
        };
        CostCalibration point;
        point.threshold = threshold;
        point.overkill = 1.0 - passed(good);
        point.escape = passed(defective);
        point.expectedCost =
            (1.0 - defectiveShare) * point.overkill * costOverkill + defectiveShare * point.escape * costEscape;
        return point;
    };

    // Reject all and pass all are choices too; they have no gap and so win only when they are cheaper.
    CostCalibration best = at(all.front() - smallestMargin(all.front()));
    double widest = 0.0;
    const auto consider = [&](double threshold, double gap) {
        const CostCalibration point = at(threshold);
        const double same = 1e-12 * (costOverkill + costEscape);
        const bool cheaper = point.expectedCost < best.expectedCost - same;
        if (!cheaper && (point.expectedCost > best.expectedCost + same || gap <= widest))
            return;
        best = point;
        widest = gap;
    };
    for (std::size_t i = 1; i < all.size(); ++i)
        consider(between(all[i - 1], all[i]), all[i] - all[i - 1]);
    consider(all.back() + smallestMargin(all.back()), 0.0);
    return best;
}

double rateUpperBound(int events, int trials, double confidence)
{
    if (trials <= 0 || events >= trials)
        return 1.0;
    // The rate at which as few events as these would be seen with probability 1 - confidence.
    double low = 0.0;
    double high = 1.0;
    for (int i = 0; i < 60; ++i) {
        const double middle = (low + high) / 2.0;
        (binomialCdf(std::max(events, 0), trials, middle) > 1.0 - confidence ? low : high) = middle;
    }
    return high;
}

double quantile(std::vector<double> values, double q)
{
    if (values.empty())
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "There are no values to take a quantile of."));
    std::sort(values.begin(), values.end());
    const double position = std::clamp(q, 0.0, 1.0) * double(values.size() - 1);
    const auto below = std::size_t(position);
    if (below + 1 == values.size())
        return values.back();
    return values[below] + (position - double(below)) * (values[below + 1] - values[below]);
}

} // namespace lynceus
