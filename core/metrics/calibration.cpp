// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/metrics/calibration.h"

#include "core/base/error.h"

#include <QtCore/QCoreApplication>

#include <algorithm>
#include <cmath>
#include <limits>

namespace lynceus {

namespace {

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

/// How many of `images` good parts may be rejected so that, at the confidence, the rate on the line is at most
/// `overkill`; -1 when there are too few images to say so even with none rejected.
int supportedRejects(int images, double overkill, double confidence)
{
    // The lowest score is never the limit, so one image more than the rejected has to stay below it.
    const int most = std::max(images - 2, 0);
    int rejects = -1;
    for (BinomialCdf cdf(images, overkill); rejects < most && cdf.value() <= 1.0 - confidence; cdf.addNext())
        ++rejects;
    return rejects;
}

/// Distance over which the number of good parts falls by the factor e, in the upper quarter of the scores (at least
/// four of them). Taken from the median of their excess, which one odd image can't move; 0 when it can't be known.
double tailScale(const std::vector<double>& sorted)
{
    const std::size_t count = sorted.size();
    if (count < 2)
        return 0.0;
    const std::size_t upper = std::min(std::max<std::size_t>(count / 4, 4), count - 1);
    const double base = sorted[count - upper - 1];
    std::vector<double> excess;
    for (std::size_t i = count - upper; i < count; ++i)
        excess.push_back(sorted[i] - base);
    return quantile(std::move(excess), 0.5) / std::log(2.0);
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

GoodCalibration thresholdFromGood(std::vector<double> goodScores, double overkill, double confidence)
{
    requireBetween0And1(overkill, QCoreApplication::translate("core", "The overkill rate"));
    requireBetween0And1(confidence, QCoreApplication::translate("core", "The confidence"));
    goodScores.erase(std::remove_if(goodScores.begin(), goodScores.end(), [](double s) { return !std::isfinite(s); }),
                     goodScores.end());
    if (goodScores.empty())
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "A threshold needs the score of at least one good image."),
                    QCoreApplication::translate("core", "Add good images."));
    std::sort(goodScores.begin(), goodScores.end());

    GoodCalibration result;
    result.overkill = overkill;
    result.confidence = confidence;
    result.images = int(goodScores.size());
    const int supported = supportedRejects(result.images, overkill, confidence);
    result.extrapolated = supported < 0;
    // Where no number of rejects can be promised, what was asked for is taken at its word: of 150 good images one may
    // be odd, or mislabelled, and must not set the limit for all.
    const int allowed = std::min(int(overkill * result.images), std::max(result.images - 2, 0));
    const int rejects = result.extrapolated ? allowed : supported;
    result.upperBound = rateUpperBound(rejects, result.images, confidence);

    const double tolerated = goodScores[std::size_t(result.images - 1 - rejects)];
    double margin = smallestMargin(tolerated);
    if (result.extrapolated) {
        // Above the largest score only `upperBound` can be promised. With an exponential tail each `scale` further up
        // lets the rate fall by the factor e. One image alone tells no scale: take its distance from a perfect 0.
        const double scale = result.images > 1 ? tailScale(goodScores) : std::abs(tolerated);
        margin = std::max(margin, scale * std::log(result.upperBound / overkill));
    }
    const auto next = std::upper_bound(goodScores.begin(), goodScores.end(), tolerated);
    result.threshold = tolerated + margin;
    if (next != goodScores.end())
        result.threshold = std::min(result.threshold, between(tolerated, *next));
    return result;
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
