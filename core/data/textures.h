// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/random.h"

#include <QtCore/QString>

#include <opencv2/core/mat.hpp>

#include <memory>

namespace lynceus {

/// Where texture pictures come from: for simulated defects and for learning an encoder. draw() may run on any thread.
class TextureSource
{
public:
    virtual ~TextureSource() = default;
    /// RGB CV_32FC3 0..255 of the given size.
    virtual cv::Mat draw(cv::Size size, Random& random) const = 0;
};

/// Procedural textures of many kinds: noise of several spectra, stripes, checks, cells, speckle, brushed, gradients.
std::unique_ptr<TextureSource> proceduralTextures();
/// Pictures of a folder; throws Error(File | Input) when there are none.
std::unique_ptr<TextureSource> folderTextures(const QString& folder);

} // namespace lynceus
