// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/data/anomaly_folder.h"
#include "core/data/demo_part.h"

#include <QtCore/QString>
#include <QtCore/QStringList>

#include <opencv2/core/mat.hpp>

#include <cstdint>

namespace lynceus {

/// The demo product: a procedural machined part (brushed metal, holes, lighting, jittered or free pose) with exact
/// defect masks. The same seed and index give the same picture on every machine.
struct DemoOptions
{
    int size = 512; ///< square picture, 256..1024 px
    std::uint64_t seed = 1;
    DemoShape shape = DemoShape::Flange;
    DemoPose pose = DemoPose::Filling;
    int trainGood = 80;
    int testGood = 20;
    int testDefective = 40; ///< spread evenly over the defect kinds

    void validate() const; ///< throws Error(Input)
};

struct DemoImage
{
    cv::Mat image;      ///< CV_8UC3 BGR
    cv::Mat mask;       ///< CV_8U, 255 where the defect is; all 0 for a good part
    double angle = 0.0; ///< degrees from x towards y by which the part is turned
    cv::Point2d centre; ///< of the part, pixels; the first pixel's centre is 0
};

/// "scratch", "dent", ... at least six kinds.
const QStringList& demoDefectKinds(DemoShape shape = DemoShape::Flange);

/// "flange", "bracket" and "fixed", "free", as the command line has them; throw Error(Input) on other names.
DemoShape demoShapeFromName(const QString& name);
DemoPose demoPoseFromName(const QString& name);

/// Picture `index` of the product; `defect` empty for a good part.
DemoImage renderDemoPart(const DemoOptions& options, std::uint64_t index, const QString& defect = {});

/// Writes the data set in MVTec layout. Files that exist are overwritten; progress and cancel honoured.
void writeDemoProduct(const QString& folder, const DemoOptions& options, const TaskContext& context = {});

} // namespace lynceus
