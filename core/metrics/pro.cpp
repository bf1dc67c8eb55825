// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#include "core/metrics/pro.h"

#include "core/base/error.h"
#include "core/metrics/pixel_scores.h"

#include <QtCore/QCoreApplication>

#include <algorithm>

namespace lynceus {

namespace {

PixelScores checkedScores(const std::vector<cv::Mat>& maps, const std::vector<cv::Mat>& masks,
                          const CancelToken& cancel)
{
    PixelScores scores = sortPixelScores(maps, masks, cancel);
    if (scores.regionAreas.empty())
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "The region overlap needs at least one marked defect."),
                    QCoreApplication::translate("core", "Add defective images with masks."));
    if (scores.good.empty())
        throw Error(ErrorKind::Input,
                    QCoreApplication::translate("core", "The region overlap needs at least one defect-free pixel."),
                    QCoreApplication::translate("core", "Check the masks: they mark everything as defective."));
    return scores;
}

/// Calls visit(fpr, pro) for every distinct score, largest first; stops when it returns false.
template <class Visit>
void sweep(const PixelScores& scores, const Visit& visit)
{
    const double regions = double(scores.regionAreas.size());
    std::size_t good = 0;
    std::size_t defective = 0;
    double overlap = 0.0; // sum over regions of the share that is found
    while (good < scores.good.size() || defective < scores.defective.size()) {
        std::uint32_t key = UINT32_MAX;
        if (good < scores.good.size())
            key = scores.good[good];
        if (defective < scores.defective.size())
            key = std::min(key, PixelScores::key(scores.defective[defective]));
        while (good < scores.good.size() && scores.good[good] == key)
            ++good;
        for (; defective < scores.defective.size() && PixelScores::key(scores.defective[defective]) == key; ++defective)
            overlap += 1.0 / scores.regionAreas[std::uint32_t(scores.defective[defective])];
        // The sum of shares ends a rounding error beside the number of regions; all found means exactly 1.
        const double pro = defective == scores.defective.size() ? 1.0 : std::min(overlap / regions, 1.0);
        if (!visit(double(good) / double(scores.good.size()), pro))
            return;
    }
}

void checkLimit(double limit)
{
    if (!(limit > 0.0 && limit <= 1.0))
        throw Error(ErrorKind::Input, QCoreApplication::translate(
                                          "core", "The limit of the false-positive rate is %1; it must be above 0 "
                                                  "and at most 1.")
                                          .arg(limit));
}

/// Area under a curve of growing fpr that starts at (0,0), up to a limit.
class AreaToLimit
{
public:
    explicit AreaToLimit(double limit)
        : m_limit(limit)
    {
    }

    /// False once the limit is reached.
    bool add(double fpr, double pro)
    {
        if (fpr < m_limit) {
            m_area += (fpr - m_fpr) * (pro + m_pro) / 2.0;
            m_fpr = fpr;
            m_pro = pro;
            return true;
        }
        if (m_fpr < m_limit) {
            const double atLimit = m_pro + (pro - m_pro) * (m_limit - m_fpr) / (fpr - m_fpr);
            m_area += (m_limit - m_fpr) * (atLimit + m_pro) / 2.0;
            m_fpr = m_limit;
        }
        return false;
    }
    double normalised() const { return m_area / m_limit; }

private:
    double m_limit;
    double m_area = 0.0;
    double m_fpr = 0.0;
    double m_pro = 0.0;
};

} // namespace

ProCurve proCurve(const std::vector<cv::Mat>& maps, const std::vector<cv::Mat>& masks, const CancelToken& cancel)
{
    ProCurve curve{{0.0}, {0.0}};
    sweep(checkedScores(maps, masks, cancel), [&curve](double fpr, double pro) {
        curve.fpr.push_back(fpr);
        curve.pro.push_back(pro);
        return true;
    });
    return curve;
}

double aupro(const ProCurve& curve, double limit)
{
    checkLimit(limit);
    AreaToLimit area(limit);
    for (std::size_t i = 0; i < curve.fpr.size() && area.add(curve.fpr[i], curve.pro[i]); ++i)
        continue;
    return area.normalised();
}

double aupro(const std::vector<cv::Mat>& maps, const std::vector<cv::Mat>& masks, double limit)
{
    checkLimit(limit);
    AreaToLimit area(limit);
    sweep(checkedScores(maps, masks, {}), [&area](double fpr, double pro) { return area.add(fpr, pro); });
    return area.normalised();
}

} // namespace lynceus
