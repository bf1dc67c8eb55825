// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"

#include <opencv2/core/mat.hpp>

#include <vector>

namespace lynceus {

/// Per-region overlap against false-positive rate (methods.md 1.3, Metrics): ground-truth regions are the 8-connected
/// components of the masks; one point for each distinct score, from (0,0) to (1,1).
struct ProCurve
{
    std::vector<double> fpr;
    std::vector<double> pro;
};

/// Maps CV_32F and masks CV_8U pairwise of one size (an empty mask Mat means "no defect").
/// Throws Error(Input) when sizes differ, no region exists, or no defect-free pixel exists.
ProCurve proCurve(const std::vector<cv::Mat>& maps, const std::vector<cv::Mat>& masks, const CancelToken& cancel = {});

/// (1/limit) * integral of PRO over FPR from 0 to `limit` (trapezoids, linear interpolation at the limit).
double aupro(const ProCurve& curve, double limit = 0.3);
double aupro(const std::vector<cv::Mat>& maps, const std::vector<cv::Mat>& masks, double limit = 0.3);

} // namespace lynceus
