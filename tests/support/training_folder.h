// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/image/image_io.h"
#include "core/memseg/options.h"

#include <QtCore/QDir>
#include <QtCore/QString>

#include <opencv2/imgproc.hpp>

namespace lynceus::test {

/// A folder of small pictures of one "part" with some noise; with `scratched` each has a bright line across.
inline void writeParts(const QString& folder, int count, bool scratched = false)
{
    QDir().mkpath(folder);
    cv::RNG random(7);
    for (int i = 0; i < count; ++i) {
        cv::Mat image(64, 64, CV_8UC3, cv::Scalar(60, 60, 60));
        cv::circle(image, {32 + random.uniform(-2, 3), 32 + random.uniform(-2, 3)}, 20, {170, 180, 190}, cv::FILLED);
        if (scratched)
            cv::line(image, {18, 20 + i}, {46, 40 - i}, {20, 20, 250}, 3);
        cv::Mat noise(image.size(), CV_8UC3);
        random.fill(noise, cv::RNG::UNIFORM, 0, 12);
        writePng(folder + QStringLiteral("/part%1.png").arg(i), image + noise);
    }
}

/// Options of the smallest training there is.
inline MemSegOptions tinyOptions(int steps)
{
    MemSegOptions options;
    options.decoder = QStringLiteral("light");
    options.autoSize = false;
    options.preprocessing.width = 64;
    options.preprocessing.height = 64;
    options.memoryImages = 2;
    options.batch = 2;
    options.steps = steps;
    options.threads = 1; // tests share the machine with others
    return options;
}

} // namespace lynceus::test
