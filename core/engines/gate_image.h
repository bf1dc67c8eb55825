// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <QtCore/QString>

#include <opencv2/core/mat.hpp>

namespace lynceus {

/// An image that engines are compared on.
struct GateImage
{
    QString name;
    cv::Mat picture;   ///< CV_8U at network size: RGB, and as many more channels as further pictures are looked at
    bool good = false; ///< it shows a good part, as it is: a method that rejects parts must not reject it more easily
};

} // namespace lynceus
