// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"
#include "core/base/random.h"
#include "core/data/textures.h"

#include <QtCore/QString>

#include <opencv2/core/mat.hpp>

#include <memory>
#include <vector>

namespace lynceus {

/// Pictures to learn an encoder from: procedural scenes (textures, and lit shapes laid over each other) and, where a
/// folder is given, random pieces of its pictures; in changing size, light, sharpness, noise and colour, a quarter
/// grey. draw() may run on any thread.
class TrainingPictures
{
public:
    /// `folder` empty: procedural only. Its pictures are kept in memory, reduced to kLongSide pixels; those below
    /// `leastSide` pixels are left out, unreadable ones are named in the log. Throws Error when none is left.
    TrainingPictures(const QString& folder, int leastSide, const TaskContext& context = {});

    std::size_t photographs() const { return m_pictures.size(); }
    /// CV_32FC3 RGB 0..255, side x side.
    cv::Mat draw(int side, Random& random) const;

    static constexpr int kLongSide = 640;

private:
    cv::Mat piece(int side, Random& random) const;
    cv::Mat scene(int side, Random& random) const;

    std::vector<cv::Mat> m_pictures; ///< CV_8UC3 RGB
    std::unique_ptr<TextureSource> m_textures = proceduralTextures();
};

} // namespace lynceus
