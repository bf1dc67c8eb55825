// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <opencv2/core/mat.hpp>

#include <vector>

namespace lynceus {

/// A receiver operating characteristic: one point for each distinct score, from (0,0) to (1,1), ties merged.
struct RocCurve
{
    std::vector<double> threshold; ///< score >= threshold counts as positive; first entry is +infinity
    std::vector<double> fpr;       ///< false-positive rate (overkill), 0..1
    std::vector<double> tpr;       ///< true-positive rate, 0..1
};

/// `labels[i]` true = defective. Sizes must agree and both classes must occur, else throws Error(Input).
RocCurve rocCurve(const std::vector<double>& scores, const std::vector<bool>& labels);

/// Area under the ROC curve; ties count half. Same conditions as rocCurve.
double auroc(const std::vector<double>& scores, const std::vector<bool>& labels);

/// Pixel AUROC over all pixels of all maps (CV_32F) and masks (CV_8U, not 0 = defective), pairwise of one size.
/// An empty mask Mat means "no defect".
double pixelAuroc(const std::vector<cv::Mat>& maps, const std::vector<cv::Mat>& masks);

/// Average precision (area under the precision-recall curve as the step sum that scikit-learn uses).
double averagePrecision(const std::vector<double>& scores, const std::vector<bool>& labels);

} // namespace lynceus
