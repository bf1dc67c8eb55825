// SPDX-FileCopyrightText: 2026 The Lynceus authors
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include "core/base/progress.h"

#include <QtCore/QString>

#include <cstdint>

namespace lynceus {

/// How an encoder of our own is learnt from a teacher's features (docs/encoder.md).
struct EncoderOptions
{
    QString architecture = QStringLiteral("mobilenetv2"); ///< or "resnet18" (stem to layer3)
    QString teacherFile;                                  ///< MobileNetV2, batch norms folded, torchvision's keys
    QString pictureFolder; ///< photographs to look at beside the procedural scenes; empty: none
    QString startFile;     ///< weights to go on from; empty: random ones
    double minutes = 60.0; ///< the learning rate is planned for it
    int batch = 24;
    int side = 128; ///< of the pieces, pixels, a multiple of 32
    std::uint64_t seed = 1;

    void validate() const; ///< throws Error(Input)
};

/// What is left of each level's variance after the student explained what it could: 0 is a perfect copy.
struct EncoderOutcome
{
    int steps = 0;
    double seconds = 0.0;
    double unexplained[3] = {1.0, 1.0, 1.0}; ///< strides 4, 8, 16, means over the last steps
};

/// Learns the encoder and writes it as F16 safetensors, anew every two minutes while it learns, so that little is lost
/// when it ends early. Throws Error, Cancelled (what was written last stays).
EncoderOutcome trainEncoder(const EncoderOptions& options, const QString& out, const TaskContext& context = {});

} // namespace lynceus
